"""constraints.txt is in step with pyproject.toml, and the check that says so sees what it should."""

from __future__ import annotations

from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from tools.pins import asked, check, main, read_pins
from tools.stubs import compare


def nothing(name: str, extras: set[str]) -> list[Requirement]:
    return []


def test_the_house_is_in_step() -> None:
    assert main() == 0


def test_pins_are_exact() -> None:
    pins, problems = read_pins("A_b==1.0\n# why\nc>=2\n")
    assert pins == {"a-b": Version("1.0")}
    assert problems == ["constraints.txt:3: expected name==version, found c>=2"]


def test_every_table_of_a_project_counts() -> None:
    project = {
        "build-system": {"requires": ["builder"]},
        "project": {"dependencies": ["runner>=1"], "optional-dependencies": {"dev": ["linter"]}},
    }
    assert [requirement.name for requirement in asked(project)] == ["builder", "runner", "linter"]


def test_missing_and_old_pins_are_found() -> None:
    wanted = [Requirement("a>=2"), Requirement("b"), Requirement("c>=1")]
    problems = check(wanted, {"a": Version("1.0"), "c": Version("1.0")}, nothing)
    assert sorted(problems) == [
        "pyproject.toml asks for a>=2, found the pin 1.0",
        "pyproject.toml asks for b, found no pin of it",
    ]


def test_needs_of_needs_are_followed_once() -> None:
    tree = {"a": [Requirement("b[fast]")], "b": [Requirement("a"), Requirement("c")]}
    problems = check(
        [Requirement("a")], {"a": Version("1"), "b": Version("1")}, lambda name, extras: tree.get(name, [])
    )
    assert problems == ["b asks for c, found no pin of it"]


def test_stale_stubs_are_found(tmp_path: Path) -> None:
    stub = tmp_path / "_hot.pyi"
    assert compare(stub, "x: int\n")
    stub.write_text("x: int\n", encoding="utf-8")
    assert compare(stub, "x: int\n") == []
    assert "+x: str" in compare(stub, "x: str\n")
