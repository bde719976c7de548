"""The port of a decoder in Python: one dialect, as the twin of the hot state needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from trimaran.base.json_value import Buffer
from trimaran.books.sequencing import Law
from trimaran.domain.instrument import Symbol
from trimaran.domain.market import BookGrid, DepthSnapshot, MarketEvent


class Decoder(Protocol):
    """One dialect, as the twin needs it."""

    law: Law
    levels_max: int  # a side that the venue maintains
    ticker_joins: bool  # ids of tickers and of depth events are of one numbering

    def frame(self, payload: Buffer, grids: Mapping[Symbol, BookGrid]) -> MarketEvent:
        """Decodes one WebSocket message."""

    def snapshot(self, payload: Buffer, grid: BookGrid) -> DepthSnapshot:
        """Decodes a REST depth answer. Raises DecodeError."""
