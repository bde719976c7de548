"""The instruments of the simulated OKX as requests name them: `instId`, `instIdCode`, type and family.

A code is an integer of the instrument list; WebSocket orders name instruments by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trimaran.domain.instrument import Asset, Instrument, MarketName, Symbol
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.okx.simulator.text import OkxText, instrument_text

FIRST_CODE: Final = 10_459
KINDS: Final = ("SPOT", "SWAP", "MARGIN", "FUTURES", "OPTION")


class Listed:
    """One instrument with everything that is written about it."""

    __slots__ = ("code", "family", "feed", "instrument", "kind", "market", "symbol", "text")

    def __init__(self, feed: OkxFeed, code: int) -> None:
        self.feed = feed
        self.code = code
        self.instrument: Instrument = feed.book.listing.instrument
        self.market: MarketName = self.instrument.market
        self.symbol: Symbol = self.instrument.symbol
        self.text: OkxText = feed.text
        self.kind = feed.text.kind
        self.family = f"{self.instrument.base}-{self.instrument.quote}"

    @property
    def settle(self) -> Asset:
        """What a swap settles in, or a spot pair is quoted in."""
        return self.instrument.quote

    def row(self) -> str:
        """The instrument's row of the list."""
        book = self.feed.book
        live = self.feed.listed and book.rules.trading
        return instrument_text(book, self.code, "live" if live else "suspend")


class Catalogue:
    """All instruments. Those that were delisted are not found any more."""

    def __init__(self, feeds: Mapping[str, OkxFeed]) -> None:
        self.all = [Listed(feed, FIRST_CODE + number) for number, feed in enumerate(feeds.values())]
        self._by_symbol: dict[str, Listed] = {each.symbol: each for each in self.all}
        self._by_code = {each.code: each for each in self.all}

    def named(self, symbol: str) -> Listed | None:
        """The instrument with that `instId`."""
        found = self._by_symbol.get(symbol)
        return found if found is not None and found.feed.listed else None

    def coded(self, code: str | int) -> Listed | None:
        """The instrument with that `instIdCode`, which may be written as text."""
        if isinstance(code, str):
            code = int(code) if code.isascii() and code.isdigit() and len(code) < 10 else 0
        found = self._by_code.get(code)
        return found if found is not None and found.feed.listed else None

    def ever(self, symbol: Symbol) -> Listed:
        """The instrument, even after it was delisted."""
        return self._by_symbol[symbol]

    def of_kind(self, kind: str) -> list[Listed]:
        """Those of an instrument type."""
        return [each for each in self.all if each.kind == kind and each.feed.listed]
