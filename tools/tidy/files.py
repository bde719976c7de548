"""Which files the rules look at, and the finding that they all return."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = (".py",)
CPP: Final = (".hpp", ".h", ".cpp")
_LIST: Final = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of one rule. `line` is 0 where the whole file is meant."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def project_files(root: Path = ROOT) -> list[str]:
    """Paths below `root` of everything that is, or would be, committed; sorted, with forward slashes.

    Raises CalledProcessError or FileNotFoundError where git or its repository is missing.
    """
    listed = subprocess.run(_LIST, cwd=root, check=True, capture_output=True).stdout
    names = {name for name in listed.decode().split("\0") if name}
    return sorted(name for name in names if (root / name).is_file())


def read_text(path: Path) -> str | None:
    """The text of a file, or None if it is not UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
