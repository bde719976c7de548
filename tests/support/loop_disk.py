"""A file system in a file, whose power can be cut: the file is copied while it is mounted.

What the inner file system had not synced is not in the copy, as after a power cut. Needs root and loops.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


class LoopDisk:
    """An ext4 of its own. `cut` gives the mounted copy."""

    def __init__(self, folder: Path, mebibytes: int = 64) -> None:
        """Skips the test where the machine does not allow it."""
        if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
            pytest.skip("a power cut needs root and mkfs.ext4")
        self._folder = folder
        self._mounted: list[Path] = []
        self._image = folder / "disk.img"
        with self._image.open("wb") as file:
            file.truncate(mebibytes * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", str(self._image))
        self.root = self._mount(self._image, "disk")

    def cut(self, number: int = 0) -> Path:
        """The power goes: what is left, after the file system's own recovery."""
        copy = self._folder / f"cut{number}.img"
        _run("cp", "--sparse=always", str(self._image), str(copy))
        return self._mount(copy, f"cut{number}")

    def close(self) -> None:
        """Unmounts everything."""
        for point in reversed(self._mounted):
            subprocess.run(("umount", "-l", str(point)), check=False, capture_output=True)
        for image in self._folder.glob("*.img"):
            image.unlink()

    def _mount(self, image: Path, name: str) -> Path:
        point = self._folder / name
        point.mkdir()
        done = subprocess.run(
            ("mount", "-o", "loop", str(image), str(point)), check=False, capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"a power cut needs loop mounts: {done.stderr.strip()}")
        self._mounted.append(point)
        return point


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
