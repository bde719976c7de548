"""Trimaran: one native call a frame, from Python.

`Hot.on_frame` decodes, checks the sequence, applies and scans. The payload is `bytes` here; in the socket
benchmark it is the `memoryview` of the receive buffer, as in live trading.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version

import picows
import uvloop
from measuring import Feed, Frame, PlainReplay, Recording, Reply, memory, serve

from trimaran.backtest.run import LIMITS
from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.dialect import Dialect
from trimaran.domain.events import FeedUp, SnapshotBody
from trimaran.domain.events import Frame as FrameEvent
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Symbol
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot
from trimaran.strategies.catalogue import STRATEGIES
from trimaran.venues.sim.paper import PaperVenue

BINANCE_SPOT = 0
TICK, LOT = 1e-2, 1e-8
REPLY = b"decided."


class TrimaranSide(PlainReplay):
    """One hot state: a book that the frames go to, and a still one of the same asset to scan it against."""

    def __init__(self) -> None:
        self.hot = Hot()
        self.book = 0

    def about(self) -> str:
        """Versions and what is run."""
        python = ".".join(map(str, sys.version_info[:3]))
        return f"Trimaran {own_version()} (Python {python}): hot state with gap check and scan of 2 books"

    def payload(self, raw: bytes) -> bytes:
        """Bytes."""
        return raw

    def begin(self, early: Sequence[Frame], snapshot: bytes, local_ns: int) -> Feed:
        """A new hot state with two live books in one scan group."""
        self.hot = hot = Hot()
        still_market, market = hot.add_market(BINANCE_SPOT), hot.add_market(BINANCE_SPOT)
        still, self.book = (add_book(hot, of, "BTCUSDT", group=0) for of in (still_market, market))
        hot.mark_up(still_market)
        hot.mark_up(market)
        for payload, early_ns in early:
            hot.on_frame(market, payload, early_ns)
        hot.on_snapshot(still, snapshot, local_ns)
        hot.on_snapshot(self.book, snapshot, local_ns)
        return functools.partial(hot.on_frame, market)

    def top(self) -> list[float]:
        """Best bid and ask of the sequenced book, without what newer tickers add.

        Raises:
            RuntimeError: the book is not live, so the run did not measure what it says.
        """
        status = self.hot.status(self.book)
        if status != BookStatus.LIVE:
            raise RuntimeError(f"expected a live book after the run, found status {status}")
        bid_ticks, bid_lots, ask_ticks, ask_lots = self.hot.book_top(self.book)[:4]
        return [bid_ticks * TICK, bid_lots * LOT, ask_ticks * TICK, ask_lots * LOT]

    def hold_books(self, snapshot: bytes, frames: Sequence[Frame], count: int) -> object:
        """Books of as many symbols in one hot state."""
        hot = Hot()
        market = hot.add_market(BINANCE_SPOT)
        symbols = [f"BTC{number}USDT" for number in range(count)]
        books = [add_book(hot, market, symbol, group) for group, symbol in enumerate(symbols)]
        hot.mark_up(market)
        for symbol, book in zip(symbols, books, strict=True):
            hot.on_snapshot(book, snapshot, 0)
            for payload, local_ns in frames:
                hot.on_frame(market, payload.replace(b'"BTCUSDT"', f'"{symbol}"'.encode()), local_ns)
            assert hot.status(book) == BookStatus.LIVE
        return hot


def add_book(hot: Hot, market: int, symbol: str, group: int) -> int:
    """A Binance spot book: tick 0.01, sizes in 1e-8 of the base asset, orders in 0.00001, taker fee 0.1 %."""
    return hot.add_instrument(
        market=market,
        symbol=symbol,
        price_units=1,
        price_exponent=-2,
        size_units=1,
        size_exponent=-8,
        order_step=1_000,
        group=group,
        taker_fee_e8=100_000,
    )


def own_version() -> str:
    """Version of the installed package, or a word for a source tree that is not installed."""
    try:
        return version("trimaran")
    except PackageNotFoundError:
        return "(source tree)"


class Decider(picows.WSListener):
    """Answers each frame: text after the decision of our hot state, binary at once."""

    def __init__(self, on_frame: Feed) -> None:
        self.on_frame = on_frame
        self.transport: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Keeps the transport for the replies."""
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """The payload is a borrowed view of the receive buffer; the hot state keeps nothing of it."""
        if frame.msg_type == picows.WSMsgType.TEXT:
            self.on_frame(frame.get_payload_as_memoryview(), time.time_ns())
        transport.send(picows.WSMsgType.BINARY, REPLY)


def step_feed(side: TrimaranSide, recording: Recording) -> Feed:
    """The whole step around the same two books, as a live desk pushes it: loop, step, strategy, paper venue.

    The threshold is out of reach, so what is timed is the usual frame, after which nothing is to be done.
    """
    markets = tuple(
        MarketSetup(MarketName(name), Dialect.BINANCE_SPOT, (instrument_of(name),))
        for name in ("still", "moving")
    )
    limits = {market.instruments[0].key: LIMITS for market in markets}
    setup = DeskSetup(markets, limits, threshold_e8=FEE_E8_ONE, notional_max=LIMITS.order_notional_max)
    desk = Desk(setup, side.hot, [make() for make in STRATEGIES.values()], ClientIdCounter(0, 0, 1))
    loop = Loop(desk, PaperVenue(desk.instruments, desk, 0, {}), lambda facts: None)
    still, moving = (desk.markets[market.name] for market in markets)
    for market in (still, moving):
        loop.push(FeedUp(market, 0))
    for payload, early_ns in recording.early:
        loop.push(FrameEvent(moving, payload, early_ns))
    for book in desk.books.values():
        loop.push(SnapshotBody(book, recording.snapshot, recording.snapshot_ns))
    side.book = desk.books[markets[1].instruments[0].key]
    return lambda payload, local_ns: loop.push(FrameEvent(moving, payload, local_ns))


def instrument_of(market: str) -> Instrument:
    """The instrument of `add_book`."""
    return Instrument(
        market=MarketName(market),
        symbol=Symbol("BTCUSDT"),
        base=Asset("BTC"),
        quote=Asset("USDT"),
        kind=ContractKind.SPOT,
        price_grid=Grid(1, -2),
        size_grid=Grid(1, -8),
        order_step=1_000,
        min_notional=Decimal(5),
        fees=Fees(maker_e8=100_000, taker_e8=100_000),
    )


def decide(side: TrimaranSide, recording: Recording, port: int) -> Reply:
    """Connects to the frame server and answers until it closes; returns the top of the book, as proof."""
    side.hot = Hot()
    feed = step_feed(side, recording)

    async def session() -> None:
        transport, _ = await picows.ws_connect(lambda: Decider(feed), f"ws://127.0.0.1:{port}/")
        await transport.wait_disconnected()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(session())
    return {"top": side.top()}


if __name__ == "__main__":
    serve(TrimaranSide(), {"decide": decide, "memory": memory})
