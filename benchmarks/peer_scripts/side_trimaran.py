"""Trimaran: one native call a frame, from Python.

`Hot.on_frame` decodes, checks the sequence, applies and scans. The payload is `bytes` here; in the socket
benchmarks it is the `memoryview` of the receive buffer, as in live trading.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from measuring import Feed, Frame, PlainReplay, memory, serve
from trimaran_ledger import ledger_fill
from trimaran_life import order_life
from trimaran_load import load
from trimaran_markets import MARKETS, add_book
from trimaran_orders import order_entry, round_trip
from trimaran_rate import follow
from trimaran_risk import risk_gate
from trimaran_round_trip import decide
from trimaran_scan import scan
from trimaran_simulated import simulated_order

from trimaran.domain.answer import BookStatus
from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Hot

BINANCE = (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM)
TICKERS = ("bookTicker", "books5", "bbo-tbt", "bbo")
TRADES = ("trades", "trade.detail")


class TrimaranSide(PlainReplay):
    """One hot state: a book that the frames go to, and a still one of the same asset to scan it against."""

    def __init__(self, channel: str) -> None:
        market, _, self.channel = channel.partition(" ")
        self.kind = MARKETS[market]
        self.hot = Hot()
        self.book = 0

    def about(self) -> str:
        """Versions and what is run."""
        python = ".".join(map(str, sys.version_info[:3]))
        return f"Trimaran {own_version()} (Python {python}): hot state with gap check and scan"

    def payload(self, raw: bytes) -> bytes:
        """Bytes."""
        return raw

    def begin(self, early: Sequence[Frame], snapshot: Frame) -> Feed:
        """A new hot state with two live books in one scan group."""
        self.hot = hot = Hot()
        markets = [hot.add_market(self.kind.dialect) for _ in range(2)]
        books = [add_book(hot, market, self.kind, self.kind.symbol("BTC"), 0) for market in markets]
        for market, book in zip(markets, books, strict=True):
            hot.mark_up(market)
            for frame in early:
                hot.on_frame(market, *frame)
            if self.kind.dialect in BINANCE:
                hot.on_snapshot(book, *snapshot)
            else:
                hot.on_frame(market, *snapshot)
        self.book = books[1]
        return functools.partial(hot.on_frame, markets[1])

    def proof(self, last: Frame) -> list[float | None]:
        """What the channel told last; of books, the sequenced one, without what newer tickers add.

        Raises:
            RuntimeError: the book is not live, so the run did not measure what it says.
        """
        status = self.hot.status(self.book)
        if status != BookStatus.LIVE:
            raise RuntimeError(f"expected a live book after the run, found status {status}")
        tick, lot = float(self.kind.price_grid.step), float(self.kind.size_grid.step)
        if self.channel in TRADES:
            _, ticks, lots, *_ = self.hot.last_trade(self.book)
            return [ticks * tick, lots * lot]
        ticker = self.channel in TICKERS
        top = self.hot.ticker(self.book)[1:5] if ticker else self.hot.book_top(self.book)
        return [top[0] * tick, top[1] * lot, top[2] * tick, top[3] * lot]

    def hold_books(self, snapshot: bytes, frames: Sequence[Frame], count: int) -> object:
        """Books of as many symbols in one hot state."""
        hot = Hot()
        market = hot.add_market(self.kind.dialect)
        symbols = [f"BTC{number}USDT" for number in range(count)]
        books = [add_book(hot, market, self.kind, symbol, group) for group, symbol in enumerate(symbols)]
        hot.mark_up(market)
        for symbol, book in zip(symbols, books, strict=True):
            hot.on_snapshot(book, snapshot, 0)
            for payload, local_ns in frames:
                hot.on_frame(market, payload.replace(b'"BTCUSDT"', f'"{symbol}"'.encode()), local_ns)
            assert hot.status(book) == BookStatus.LIVE
        return hot


def own_version() -> str:
    """Version of the installed package, or a word for a source tree that is not installed."""
    try:
        return version("trimaran")
    except PackageNotFoundError:
        return "(source tree)"


if __name__ == "__main__":
    serve(
        TrimaranSide,
        {
            "decide": decide,
            "follow": follow,
            "ledger_fill": ledger_fill,
            "load": load,
            "memory": memory,
            "order_entry": order_entry,
            "order_life": order_life,
            "risk_gate": risk_gate,
            "round_trip": round_trip,
            "scan": scan,
            "simulated_order": simulated_order,
        },
    )
