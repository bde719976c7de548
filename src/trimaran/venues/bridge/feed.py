"""Market data of a bridged market: books and trades of the child into a sink, in the words of the slow path.

Every book comes whole: ccxt keeps it, and says it again at most every `every_ms`. So each frame stands for
itself, and a number of ours orders them; that ccxt has missed nothing is ccxt's word and not proved here. A
book whose stream fails, or says nothing for too long, is down until the next one comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from trimaran.domain.instrument import Symbol
from trimaran.domain.ports import Clock
from trimaran.venues.bridge.messages import MALFORMED, Line, TradeRow
from trimaran.venues.bridge.process import BridgeProcess
from trimaran.venues.bridge.spec import BridgeMarket
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.rest import RestError
from trimaran.venues.wire.session_port import ConnectionLost, FrameSink, Notice, SessionCounters, Slot
from trimaran.venues.wire.tasks import Tasks
from trimaran.venues.wire.translated import NOTHING_BEFORE, PublicTrade, book_frame, trades_frame
from trimaran.venues.wire.websocket import WebSocketCounters

WATCHED: Final = ("book", "trades")
LOOK_S: Final = 0.5  # between two looks at what is silent
_TRADES: Final = msgspec.json.Decoder(list[TradeRow])


class BridgeFeed:
    """`start`, then `wait` or `stop`; not to be started again. The process is somebody else's."""

    def __init__(
        self,
        process: BridgeProcess,
        market: BridgeMarket,
        symbols: Sequence[Symbol],
        sink: FrameSink,
        clock: Clock,
        on_notice: Callable[[Notice], None] | None = None,
    ) -> None:
        self.counters = WebSocketCounters()
        self.session_counters = SessionCounters()
        self._process = process
        self._market = market
        self._symbols = tuple(symbols)
        self._sink = sink
        self._clock = clock
        self._on_notice = on_notice
        self._number = 0
        self._heard_ns: dict[Symbol, int] = {}  # of books that are not down
        self._tasks = Tasks(self._fail)
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    async def start(self) -> None:
        """Begins to watch; returns at once."""
        self._process.listen(self)
        self._tasks.spawn(self._look())

    async def wait(self) -> None:
        """Returns when the feed has been stopped; raises what made it fail."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Ends every task, and marks the books down. Stopping twice is no error."""
        self._process.leave(self)
        await self._tasks.end()
        if not self._ended.is_set():
            self._sink.on_down("stopped", ())
        self._ended.set()

    def on_up(self) -> None:
        """Watches everything."""
        self.session_counters.opens += 1
        for symbol in self._symbols:
            for what in WATCHED:
                self._tasks.spawn(self._watch(what, symbol))

    def on_push(self, line: Line) -> None:
        """A book, trades, or the failure of one of their streams."""
        symbol = Symbol(line.symbol)
        if symbol not in self._symbols:
            return
        if line.push == "book":
            self._number += 1
            self._heard_ns[symbol] = self._clock.monotonic_ns()
            frame = book_frame(symbol, line.ms, self._number, NOTHING_BEFORE, line.bids, line.asks)
            self._pass(frame)
        elif line.push == "trades":
            self._trades(symbol, line.rows)
        elif line.push == "down" and line.what == "book":
            self._down(line.error.text if line.error is not None else "the stream failed", symbol)

    def on_down(self, reason: str) -> None:
        """All books have lost their feed."""
        self.session_counters.reconnects += 1
        self._heard_ns.clear()
        self._sink.on_down(reason, ())
        self._notice(f"the child of the bridge: {reason}")

    def _trades(self, symbol: Symbol, rows: msgspec.Raw) -> None:
        """Trades are numbered by us: ids of exchanges need not be numbers."""
        try:
            trades = _TRADES.decode(rows)
        except MALFORMED:
            self._pass(b"}")
            return
        told = []
        for trade in trades:
            self._number += 1
            told.append(PublicTrade(str(self._number), trade.price, trade.amount, trade.side, str(trade.ms)))
        if told:
            self._pass(trades_frame(symbol, told))

    def _pass(self, frame: bytes) -> None:
        self.counters.messages += 1
        self.counters.message_bytes += len(frame)
        answer = self._sink.on_frame(memoryview(frame), self._clock.wall_ns())
        self.session_counters.decode_errors += bool(answer >> 4 & 0xF)

    async def _watch(self, what: str, symbol: Symbol) -> None:
        params = {
            "what": what, "symbol": symbol, "depth": self._market.depth, "every_ms": self._market.every_ms
        }  # fmt: skip
        try:
            await self._process.ask("watch", msgspec.json.encode(params))
        except RestError as error:
            self._down(str(error), symbol)  # a child that died is followed by another, and by `on_up`

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            limit_ns = self._clock.monotonic_ns() - int(self._market.silence_s_max * SECOND)
            for symbol in [each for each, heard_ns in self._heard_ns.items() if heard_ns < limit_ns]:
                self.session_counters.books_silent += 1
                self._down("the book says nothing", symbol)

    def _down(self, reason: str, symbol: Symbol) -> None:
        self._heard_ns.pop(symbol, None)
        self._sink.on_down(reason, (symbol,))
        self._notice(f"{symbol}: {reason}")

    def _notice(self, text: str) -> None:
        if self._on_notice is not None:
            self._on_notice(ConnectionLost(Slot(self.session_counters.opens), text))

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._ended.set()
