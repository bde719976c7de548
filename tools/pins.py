"""Says whether constraints.txt is in step with pyproject.toml, without asking any server.

In step means: every line is an exact pin, everything that pyproject.toml names is pinned at a version
that it allows, and so is everything that those packages need in turn, as the installed ones say.
"""

from __future__ import annotations

import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).parents[1]


def main() -> int:
    """Prints every problem. Returns the exit code."""
    pins, problems = read_pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    problems += check(asked(project), pins, needs_of_installed)
    for problem in problems:
        print(f"pins: {problem}", file=sys.stderr)
    if problems:
        print('pins: run "make lock", then "make setup"', file=sys.stderr)
    return int(bool(problems))


def read_pins(text: str) -> tuple[dict[str, Version], list[str]]:
    """The version of each package by canonical name, and what is not an exact pin."""
    pins: dict[str, Version] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        wanted = line.partition("#")[0].strip()
        if not wanted:
            continue
        name, exact, version = wanted.partition("==")
        if exact:
            pins[canonicalize_name(name)] = Version(version)
        else:
            problems.append(f"constraints.txt:{number}: expected name==version, found {wanted}")
    return pins, problems


def asked(project: dict[str, Any]) -> list[Requirement]:
    """Every requirement of a pyproject.toml: to build, to run, to develop."""
    table = project["project"]
    texts = [*project["build-system"]["requires"], *table["dependencies"]]
    for extra in table.get("optional-dependencies", {}).values():
        texts += extra
    return [Requirement(text) for text in texts]


def check(wanted: list[Requirement], pins: dict[str, Version], needs_of: Any) -> list[str]:
    """Follows the requirements through `needs_of(name, extras)` and lists what is not pinned right."""
    problems: list[str] = []
    seen: set[str] = set()
    waiting = [(requirement, "pyproject.toml") for requirement in wanted]
    while waiting:
        requirement, asker = waiting.pop()
        name = canonicalize_name(requirement.name)
        pinned = pins.get(name)
        if pinned is None:
            problems.append(f"{asker} asks for {requirement}, found no pin of it")
        elif not requirement.specifier.contains(pinned, prereleases=True):
            problems.append(f"{asker} asks for {requirement}, found the pin {pinned}")
        key = f"{name}{sorted(requirement.extras)}"
        if key in seen:
            continue
        seen.add(key)
        waiting += [(need, name) for need in needs_of(name, requirement.extras)]
    return problems


def needs_of_installed(name: str, extras: set[str]) -> list[Requirement]:
    """What an installed package asks for on this machine; nothing if it is not installed."""
    try:
        texts = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    needs = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""})):
            needs.append(requirement)
    return needs


if __name__ == "__main__":
    sys.exit(main())
