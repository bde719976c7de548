"""What stands on a tape, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from trimaran.base.errors import TrimaranError
from trimaran.domain.instrument import Instrument, MarketName, Symbol


class TapeError(TrimaranError):
    """A capture that cannot be read at all: missing, not recognised, no frame in it."""


class TapeLine(msgspec.Struct, frozen=True):
    """One frame."""

    local_ns: int
    payload: bytes


class TapeSnapshot(msgspec.Struct, frozen=True):
    """The body of a REST depth answer for one book."""

    local_ns: int
    symbol: Symbol
    payload: bytes


class TapeDown(msgspec.Struct, frozen=True):
    """The feed of one book was lost; of all books where `symbol` is empty."""

    local_ns: int
    symbol: Symbol
    reason: str


class BrokenLine(msgspec.Struct, frozen=True):
    """A line of a capture that is not `<ns> <frame>`; it is counted and passed over."""

    path: Path
    number: int
    found: str


Heard = TapeLine | TapeSnapshot | TapeDown


class AnyTape(Protocol):
    """What was heard of one market."""

    @property
    def market(self) -> MarketName:
        """`venue.kind`."""

    def lines(self) -> Iterator[Heard | BrokenLine]:
        """Everything, in the order of its time."""

    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments of its books."""
