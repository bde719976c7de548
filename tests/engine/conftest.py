"""Both hot states as one fixture, and a rig that writes frames of one book as JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from trimaran.books.sequencing import Law
from trimaran.domain.answer import Flag, Kind, book_of, flags_of, kind_of
from trimaran.domain.dialect import Dialect
from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot as NativeHot
from trimaran.venues.binance.parse import BinanceDecoder

Levels = Sequence[tuple[int, int]]
SYMBOL = "BTCUSDT"


def new_twin() -> TwinHot:
    return TwinHot({0: lambda: BinanceDecoder(Law.OVERLAP), 1: lambda: BinanceDecoder(Law.CHAIN)})


class Rig:
    """One book (ticks of 0.01, lots of 0.001), driven by frames; every answer is checked for its TOP flag."""

    def __init__(self, hot: Any, dialect: Dialect) -> None:
        self.hot, self.dialect = hot, dialect
        self.market = hot.add_market(dialect)
        self.book = hot.add_instrument(self.market, SYMBOL, 1, -2, 1, -3, 1, 0, 0)
        self.now_ns = 0

    @property
    def status(self) -> int:
        return int(self.hot.status(self.book))

    def frame(self, payload: bytes) -> int:
        """Pushes a frame; the packed answer."""
        return self._told(lambda: self.hot.on_frame(self.market, payload, self._tick()))

    def delta(self, first: int, last: int, bids: Levels, asks: Levels, previous: int = -1) -> int:
        """Flags of a depth event."""
        answer = self.frame(self.depth_json(first, last, bids, asks, previous))
        assert (kind_of(answer), book_of(answer)) == (Kind.DEPTH, self.book)
        return flags_of(answer)

    def depth_json(self, first: int, last: int, bids: Levels, asks: Levels, previous: int = -1) -> bytes:
        fields: dict[str, object] = {"e": "depthUpdate", "E": last, "s": SYMBOL, "U": first, "u": last}
        if self.dialect is Dialect.BINANCE_USDM:
            fields["pu"] = max(previous, 0)
        return json.dumps({**fields, "b": text(bids), "a": text(asks)}).encode()

    def snapshot(self, last_id: int, bids: Levels, asks: Levels) -> int:
        """Flags of a REST depth answer."""
        body = json.dumps({"lastUpdateId": last_id, "bids": text(bids), "asks": text(asks)}).encode()
        answer = self._told(lambda: self.hot.on_snapshot(self.book, body, self._tick()))
        assert (kind_of(answer), book_of(answer)) == (Kind.SNAPSHOT, self.book)
        return flags_of(answer)

    def ticker(self, update_id: int, bid: tuple[int, int], ask: tuple[int, int]) -> int:
        """Flags of a bookTicker."""
        (b, b_lots), (a, a_lots) = text([bid])[0], text([ask])[0]
        fields: dict[str, object] = {"u": update_id, "s": SYMBOL, "b": b, "B": b_lots, "a": a, "A": a_lots}
        if self.dialect is Dialect.BINANCE_USDM:
            fields |= {"e": "bookTicker", "E": update_id}
        return flags_of(self.frame(json.dumps(fields).encode()))

    def up(self) -> int:
        self.hot.mark_up(self.market)
        return 0

    def down(self) -> int:
        return self._told(lambda: self.hot.mark_down(self.market) << 8) >> 8

    def _tick(self) -> int:
        self.now_ns += 1
        return self.now_ns

    def _told(self, call: Callable[[], int]) -> int:
        before = self.hot.top(self.book)[:4]
        answer = call()
        changed = self.hot.top(self.book)[:4] != before
        assert bool(flags_of(answer) & Flag.TOP) is changed
        return answer


def text(levels: Levels) -> list[tuple[str, str]]:
    return [(f"{p // 100}.{p % 100:02}", f"{s // 1000}.{s % 1000:03}") for p, s in levels]


@pytest.fixture(params=[NativeHot, new_twin], ids=["native", "twin"])
def make_hot(request: pytest.FixtureRequest) -> Callable[[], Any]:
    make: Callable[[], Any] = request.param
    return make


@pytest.fixture
def make_rig(make_hot: Callable[[], Any]) -> Callable[[Dialect], Rig]:
    return lambda dialect: Rig(make_hot(), dialect)


@pytest.fixture
def make_twin() -> Callable[[], Any]:
    return new_twin
