"""Every dependency has a written reason: a row of a table in docs/decisions that begins with its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.tidy.files import Finding

_ROW: Final = re.compile(r"^\|\s*`([A-Za-z0-9._-]+)`\s*\|\s*([^|]*?)\s*\|", re.MULTILINE)
REASON_CHARACTERS_MIN: Final = 20


def check_reasons(requirements: Iterable[Requirement], decisions: Iterable[str]) -> list[Finding]:
    """Dependencies without a row, and rows whose reason is too short to be one."""
    written = {canonicalize_name(name): reason for text in decisions for name, reason in _ROW.findall(text)}
    names = sorted({canonicalize_name(requirement.name) for requirement in requirements})
    return [
        Finding("pyproject.toml", 0, f"{name}: expected its reason in a table of docs/decisions, found none")
        for name in names
        if len(written.get(name, "")) < REASON_CHARACTERS_MIN
    ]
