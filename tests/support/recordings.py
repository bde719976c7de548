"""Recorded venue sessions, which stand beside the project, not in it; a test skips where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.tidy.files import ROOT


def recording(name: str) -> Path:
    """A file under `venues` of the folder that TRIMARAN_DATA names."""
    path = Path(os.environ.get("TRIMARAN_DATA") or ROOT.parent / "shared/data") / "venues" / name
    if not path.exists():
        pytest.skip(f"no recording: expected venues/{name} in the folder that TRIMARAN_DATA names")
    return path
