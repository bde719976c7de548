"""Stubs of the native modules: written by `make stubs`, compared by `make check`.

mypy and editors read the committed `.pyi`, the interpreter loads the compiled module. The two say the
same only because this comparison runs with the tests.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

MODULES: Final = ("_hot", "_matching", "_risk")
FOLDER: Final = Path(__file__).parents[1] / "src" / "trimaran" / "native"


def main(arguments: list[str]) -> int:
    """Writes the stubs, or with `--check` only says how they differ. Returns the exit code."""
    if arguments not in ([], ["--check"]):
        print(f"stubs: expected nothing or --check, found {' '.join(arguments)}", file=sys.stderr)
        return 2
    differences: list[str] = []
    for module in MODULES:
        target = FOLDER / f"{module}.pyi"
        fresh = stub(module)
        if not arguments:
            target.write_text(fresh, encoding="utf-8")
            continue
        differences += compare(target, fresh)
    if differences:
        print("\n".join(differences), file=sys.stderr)
        print(
            'stubs: the committed ones are not those of the built modules; run "make stubs"', file=sys.stderr
        )
    return int(bool(differences))


def stub(module: str) -> str:
    """The stub of a native module as nanobind writes it. Raises CalledProcessError if it is not built."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{module}.pyi"
        command = (
            sys.executable,
            "-m",
            "nanobind.stubgen",
            "-q",
            "-m",
            f"trimaran.native.{module}",
            "-o",
            target,
        )
        subprocess.run(command, check=True)
        return target.read_text(encoding="utf-8")


def compare(target: Path, fresh: str) -> list[str]:
    """The lines of a unified diff from the committed stub to the fresh one; empty if they agree."""
    committed = target.read_text(encoding="utf-8") if target.exists() else ""
    names = (f"{target.name} (committed)", f"{target.name} (built)")
    return list(difflib.unified_diff(committed.splitlines(), fresh.splitlines(), *names, lineterm=""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
