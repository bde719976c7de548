"""What a desk asks of whoever records it; `recording.py` is one, and a desk without it loads none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trimaran.domain.instrument import MarketName, Symbol
from trimaran.venues.wire.session_port import FrameSink


class Recorder(Protocol):
    """Stands in front of the sinks of a desk."""

    def open(self, market: MarketName, symbols: Sequence[Symbol], body: bytes, now_ns: int) -> None:
        """A market begins, with its list of instruments as the venue sent it."""

    def sink(self, market: MarketName, sink: FrameSink, wall_ns: Callable[[], int]) -> FrameSink:
        """The sink of a market with the recorder in front of it."""
