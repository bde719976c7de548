"""Which markets may take new orders, and what the others wait for.

A market that is real (it has a `VenueLaw`) is ready after its account was compared with the venue and nothing
of that is in question; after every order of before the start has a known fate there; and until something may
have been missed. A market without a law is paper, and always ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from trimaran.domain.instrument import MarketName
from trimaran.domain.venue_law import SECOND, VenueLaw
from trimaran.ledger.compare import Doubt
from trimaran.ledger.difference import DifferenceKind

AGAIN_NS: Final = 5 * SECOND  # a round that was asked for and did not come is asked for again
AGAIN_NS_MAX: Final = 60 * SECOND  # a round that is wanted later than this was wanted by another clock
FIRST: Final = "its account has not been compared yet"
Identity = tuple[DifferenceKind, str, str, str]


class MarketState(msgspec.Struct):
    """How far one market is."""

    law: VenueLaw
    missing: str = FIRST  # what it waits for; empty when it is ready
    told: str | None = None  # the last that was told about it
    compared: bool = False
    sound: bool = False  # a round has come since something may have been missed
    doubts: tuple[Doubt, ...] = ()
    reported: frozenset[Identity] = frozenset()  # differences that nothing corrects, told once
    again_ns: int = 0  # when another round is wanted; 0: none is
    heard_ns: int = 0  # the last account event of the market


class Readiness:
    """The markets of a desk that are real."""

    def __init__(self, laws: Mapping[MarketName, VenueLaw]) -> None:
        self.markets = {name: MarketState(law) for name, law in laws.items()}

    def missing(self, market: MarketName) -> str | None:
        """What a market waits for; None when it is ready."""
        state = self.markets.get(market)
        return None if state is None or not state.missing else state.missing

    def heard(self, market: MarketName, now_ns: int) -> None:
        """An account event of a market."""
        state = self.markets.get(market)
        if state is not None:
            state.heard_ns = now_ns

    def all(self) -> Iterable[tuple[MarketName, MarketState]]:
        """Every market that is real."""
        return self.markets.items()
