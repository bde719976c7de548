"""The error tree of Trimaran.

    TrimaranError
    +- DecodeError      text from outside is not what its schema says (kind, field, expected, found)
    +- GridError        a decimal does not lie on an instrument's tick or lot grid, or is out of range
    +- ConfigError      a setting, option or file given by the user is wrong
    +- VenueError       a venue answered with an error or with something that is not its protocol
    +- IllegalTransition  an order event that the state table does not allow
    +- JournalError     the record of intents cannot be read, or belongs to another process

Programmer errors are assertions, never members of this tree.
"""

from __future__ import annotations

import enum


class TrimaranError(Exception):
    """Root of every error that comes from outside and is handled."""


class DecodeKind(enum.IntEnum):
    """Why a frame was refused. The native core and its twin use the same numbers."""

    MALFORMED = 1  # not JSON: cut, HTML, bad escape, bad UTF-8, nested too deeply
    SCHEMA = 2  # JSON, but a field is missing or of the wrong type
    RANGE = 3  # a number outside of the limits (negative, zero price, too large)
    OFF_GRID = 4  # a price between ticks or a size between lots
    UNKNOWN_SYMBOL = 5  # a symbol that nobody subscribed to
    OVERSIZE = 6  # the frame, or a side of it, is larger than the limit


class DecodeError(TrimaranError):
    """A frame that does not follow its schema; nothing of it was applied."""

    def __init__(self, kind: DecodeKind, field: str, expected: str, found: object) -> None:
        self.kind = kind
        self.field = field
        shown = repr(found)
        super().__init__(f"{kind.name}: {field}: expected {expected}, found {shown[:80]}")


class GridError(TrimaranError):
    """A decimal that is not on the grid of its instrument."""


class ConfigError(TrimaranError):
    """A setting that cannot be used; the text says which, what was expected and what was found."""


class VenueError(TrimaranError):
    """A venue's answer that is an error, or is not the venue's protocol at all."""


class IllegalTransition(TrimaranError):
    """An order event that is not in the state table."""


class JournalError(TrimaranError):
    """The record of intents cannot be used; the text says which file, where in it, and what was found."""
