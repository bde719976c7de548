"""Our end of the benchmark at a fixed rate: three sockets into one desk, or into nothing.

A connection is the one that live trading uses (`venues/wire/websocket.py`). When a frame reached us, and when
it was decided, is written down by the clock that the server stamps its sending with.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence

import uvloop
from measuring import Line, Reply, Side, lines_of, settle
from trimaran_markets import MARKETS, make_loop

from trimaran.domain.answer import BookStatus
from trimaran.domain.dialect import Dialect
from trimaran.domain.events import FeedUp, Frame, SnapshotBody
from trimaran.domain.instrument import MarketName
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.websocket import WebSocket, WebSocketCounters, WebSocketOptions, open_websocket

SECONDS_MAX = 120
Take = Callable[[memoryview, int], object]


class Times:
    """By the number of a frame: when it was handed to us, and when we were done with it."""

    def __init__(self, count: int) -> None:
        self.received_ns = array("q", bytes(8 * count))
        self.done_ns = array("q", bytes(8 * count))


class Handler:
    """Takes the frames of one connection."""

    def __init__(self, numbers: Sequence[int], take: Take | None, times: Times) -> None:
        self.numbers = iter(numbers)
        self.take = take
        self.times = times
        self.closed = asyncio.Event()

    def on_opened(self, socket: WebSocket) -> None:
        """The server begins when all are connected."""

    def on_message(self, payload: memoryview, local_ns: int) -> None:
        """One frame."""
        number = next(self.numbers)
        self.times.received_ns[number] = time.perf_counter_ns()
        if self.take is not None:
            self.take(payload, local_ns)
        self.times.done_ns[number] = time.perf_counter_ns()

    def on_alive(self) -> None:
        """Nothing to count."""

    def on_closed(self, reason: str) -> None:
        """The server has had enough."""
        self.closed.set()


def follow(
    side: Side,
    capture: str,
    bases: Sequence[str],
    markets: Sequence[str],
    port: int,
    decided: bool,
    output: str,
) -> Reply:
    """Takes all frames, with the step or without; the times go to `output`, first the received ones.

    Raises:
        RuntimeError: a book is not live or a frame was refused, so the run did not measure what it says.
    """
    lines = list(lines_of(capture))
    hot = Hot()
    loop = make_loop(hot, [(name, MARKETS[name]) for name in markets], bases)
    fill(loop, [line for line in lines if line.what != "frame"], SystemClock().wall_ns())
    frames = [line.market for line in lines if line.what == "frame"]
    del lines
    times = Times(len(frames))
    handlers = {
        name: Handler(
            [number for number, market in enumerate(frames) if market == name],
            taker(loop, number) if decided else None,
            times,
        )
        for number, name in enumerate(markets)
    }
    settle()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        processor_ns = runner.run(session(handlers, port))
    with open(output, "wb") as file:
        times.received_ns.tofile(file)
        times.done_ns.tofile(file)
    if decided:
        check(loop, len(markets))
    return {"cpu_us": processor_ns / len(frames) / 1e3, "frames": len(frames)}


def taker(loop: Loop, market: int) -> Take:
    """Pushes a frame of a market as live trading does."""
    return lambda payload, local_ns: loop.push(Frame(market, payload, local_ns))


async def session(handlers: dict[str, Handler], port: int) -> int:
    """Connects all, waits until all are closed; nanoseconds of processor time in between."""
    clock, options, counters = SystemClock(), WebSocketOptions(), WebSocketCounters()
    for name, handler in handlers.items():
        await open_websocket(f"ws://127.0.0.1:{port}/{name}", handler, clock, options, counters)
    began_ns = time.process_time_ns()
    async with asyncio.timeout(SECONDS_MAX):
        for handler in handlers.values():
            await handler.closed.wait()
    return time.process_time_ns() - began_ns


def fill(loop: Loop, lines: Sequence[Line], now_ns: int) -> None:
    """All books live, before the first frame comes."""
    desk = loop.desk
    for market in desk.markets.values():
        loop.push(FeedUp(market, now_ns))
    books = {name: iter(books_of(loop, name)) for name in desk.markets}
    for line in lines:
        name = MarketName(line.market)
        if line.what == "snapshot" and MARKETS[name].dialect is Dialect.BINANCE_SPOT:
            loop.push(SnapshotBody(next(books[name]), line.raw, now_ns))
        else:
            loop.push(Frame(desk.markets[name], line.raw, now_ns))


def books_of(loop: Loop, market: str) -> list[int]:
    """The books of a market, in the order of their snapshots."""
    desk = loop.desk
    return [desk.books[key] for key, instrument in desk.instruments.items() if instrument.market == market]


def check(loop: Loop, markets: int) -> None:
    """All books live, no frame refused."""
    hot = loop.desk.hot
    wrong = [key for key, book in loop.desk.books.items() if hot.status(book) != BookStatus.LIVE]
    refused = [sum(hot.faults(market)) for market in range(markets)]
    if wrong or any(refused):
        raise RuntimeError(f"expected live books and no refused frame, found {wrong} and {refused}")
