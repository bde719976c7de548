"""Rules for every text file: no unfinished work, no path of one machine, no host of a package registry.

A registry is reached through its ordinary client as the machine has it configured; a name in a file
would break the build behind a mirror. The patterns are put together here so that this file obeys them.
"""

from __future__ import annotations

import re
from typing import Final

from tools.tidy.files import Finding

_UNFINISHED: Final = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
_FOLDERS: Final = ("wo" + "rk", "ro" + "ot", "op" + "t", "ho" + "me", "Us" + "ers")
# Not after a word, a dot or another slash: those are parts of relative paths and of addresses.
_MACHINE_PATH: Final = re.compile(r"(?<![\w./\-}\])])/(?:" + "|".join(_FOLDERS) + r")(?:/|\b(?![\w\-]))")
_HOSTS: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("proxy", "golang", "org"),
        ("static", "crates", "io"),
    )
)
_HOST: Final = re.compile("|".join(re.escape(host) for host in _HOSTS))

_RULES: Final = (
    (_UNFINISHED, "unfinished work; finish it or take it out"),
    (_MACHINE_PATH, "a path of one machine; use one relative to the project"),
    (_HOST, "the host of a package registry; leave it to the client's configuration"),
)


def check_words(path: str, text: str) -> list[Finding]:
    """Breaches of the rules for words."""
    return [
        Finding(path, number, f"{match.group()}: {reason}")
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, reason in _RULES
        for match in pattern.finditer(line)
    ]
