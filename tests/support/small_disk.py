"""A file system that is soon full. Needs root."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of that size below `folder`. Skips the test where the machine does not allow it."""
    if os.geteuid() != 0:
        pytest.skip("a full disk needs root, to mount a small one")
    point = folder / "small"
    point.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(point))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a full disk needs mounts: {done.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(("umount", "-l", str(point)), check=True)
