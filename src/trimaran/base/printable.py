"""Text from outside on its way to people: bounded, and without what moves a cursor or hides a line."""

from __future__ import annotations

from typing import Final

CHARACTERS_MAX: Final = 200


def printable(text: str, characters_max: int = CHARACTERS_MAX) -> str:
    """The first characters of a text; those that cannot be printed become blanks."""
    return "".join(each if each.isprintable() else " " for each in text[:characters_max])
