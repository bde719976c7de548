"""One account at one market: orders, questions and private lines behind one object, and one stream of events.

    place, amend, cancel -> order line while it is up, REST otherwise -> answer -> fold -> on_event
    private lines -> reports -> fold -> on_event
    after LineUp and Gap, and now and then without a line -> reconciliation over REST -> fold -> on_event

Everything that the venue says of orders and money comes out of `on_event`, once; the methods return the
events of their own answer as well, for callers that wait. The way of an order (line or REST) is chosen before
anything is sent. An order whose answer is not definitive is `OrderLost`: it is never sent again from here.
What the fold finds to be missing is asked for here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import urlsplit

from trimaran.domain.account import VenueOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Symbol, symbol_in
from trimaran.domain.ports import Clock, Rng
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport, PositionReport, Report
from trimaran.venues.wire.account_fold import AccountFold, key_of
from trimaran.venues.wire.asker import Asker, Gate
from trimaran.venues.wire.asks import Ask, OrderRef, QueryOrder, StreamToken
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.clearance import clear
from trimaran.venues.wire.client_port import (
    ClientEvent,
    ClientOptions,
    ClockFailed,
    LineNews,
    Reconciled,
    ReconcileFailed,
    RequestFailed,
)
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.fold_port import FeeMissing, FillsMissing, FoldQuestion, OpenOrder, OwnerMissing
from trimaran.venues.wire.line_feed import LineFeed, LineOutput
from trimaran.venues.wire.line_port import (
    AskForTime,
    AskForToken,
    Gap,
    LineEvent,
    LineUp,
    RepliesLost,
    TimeKnown,
    TokenFailed,
    TokenGot,
)
from trimaran.venues.wire.line_session import LineSession, connects_of
from trimaran.venues.wire.lines import LineDialogue, LineReply, LineSpec
from trimaran.venues.wire.message import Sender
from trimaran.venues.wire.order_desk import OrderDesk
from trimaran.venues.wire.order_line import OrderLine
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.private_spec import PrivateSpec
from trimaran.venues.wire.reconciler import Held, Reconciler
from trimaran.venues.wire.tasks import Tasks
from trimaran.venues.wire.websocket import WebSocketOptions

T = TypeVar("T")

SECOND: Final = 1_000_000_000


class AccountClient:
    """`start`, then `wait` or `stop`; not to be started again.

    `bases` are the URLs of the environment (`PrivateSpec.live`, `testnet`, or a simulator's), `dialogues` the
    wording of each line by its name; a line without one is not opened. `gate` is shared by all clients of the
    venue. `on_event` is called from the event loop, must not block, and its exception is a failure.
    """

    def __init__(
        self,
        spec: PrivateSpec,
        dialect: MarketDialect,
        dialogues: Mapping[str, LineDialogue],
        bases: Mapping[str, str],
        symbols: Sequence[Symbol],
        gate: Gate,
        rest: Sender,
        clock: Clock,
        rng: Rng,
        on_event: Callable[[ClientEvent], None],
        *,
        account: str = "",
        options: ClientOptions | None = None,
        websocket: WebSocketOptions | None = None,
    ) -> None:
        self.options = options if options is not None else ClientOptions()
        self.venue_clock = VenueClock(clock.monotonic_ns(), clock.wall_ns())
        self.fold = AccountFold()
        self.asker = Asker(dialect, gate, rest, clock, self.venue_clock, account)
        self.feeds: dict[str, LineFeed] = {}
        self._spec = spec
        self._clock = clock
        self._rng = rng
        self._on_event = on_event
        self._order_line: OrderLine | None = None
        for line in spec.lines:
            if line.name in dialogues:
                session = self._session(line, bases[line.base], dialogues[line.name], gate)
                hear = _Listener(self, line.name)
                feed = LineFeed(session, clock, self._answer, hear.on_output, websocket=websocket)
                self.feeds[line.name] = feed
                if line.takes_orders and self._order_line is None:
                    self._order_line = OrderLine(dialect, feed)
        self.orders = OrderDesk(
            self.asker, self.fold, self._order_line, clock, self.options, self._tell, self._hears
        )
        self._reconciler = Reconciler(
            self.asker,
            self.options,
            symbols,
            spec.triggers_apart,
            self._hear,
            self._gone,
            spec.fills_newest,
            spec.history_window_ns,
            self._earliest_venue_ns,
            self._listed,
            spec.open_page,
        )
        self._tasks = Tasks(self._fail)
        self._asking: set[object] = set()  # questions of the fold that are under way
        self._wanted: tuple[int, str] | None = None  # since when to reconcile, and why
        self._want = asyncio.Event()
        self._sound_ns = 0  # venue's clock: what happened before has been asked for
        self._met = False  # the first line has been up
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    @property
    def is_up(self) -> bool:
        """Whether every private line is up."""
        return all(feed.session.is_up for feed in self.feeds.values())

    async def start(self) -> None:
        """Asks for the time, begins to connect, and to reconcile; returns when the first answer is there."""
        await self._sync_clock()
        self._tasks.spawn(self._keep_clock())
        self._tasks.spawn(self._tick())
        self._tasks.spawn(self._reconcile_when_wanted())
        self._tasks.spawn(self._poll_while_deaf())
        for feed in self.feeds.values():
            await feed.start()
            self._tasks.spawn(feed.wait())
        if not any(feed.session.spec.pushes for feed in self.feeds.values()):
            self._first_round(self.venue_clock.at(self._clock.monotonic_ns()).venue_ns)

    async def wait(self) -> None:
        """Returns when it has been stopped; raises what made it fail."""
        await self._ended.wait()
        if self._failure is not None:
            await self.stop()
            raise self._failure

    async def stop(self) -> None:
        """Closes every line and ends every task. Orders stay as they are."""
        await asyncio.gather(*(feed.stop() for feed in self.feeds.values()))
        await self._tasks.end()
        self._ended.set()

    async def ask(self, ask: Ask[T], patience: Patience | None = None) -> T | Unsupported:
        """The answer to any ask that is no order, over REST. Raises VenueFault."""
        return await self.asker.ask(ask, patience if patience is not None else self.options.ask)

    async def place(self, approved: Approved) -> Sequence[ClientEvent]:
        """Sends an order once; the events of its answer, which `on_event` has been told as well."""
        return await self.orders.place(approved)

    async def amend(
        self, approved: Approved, venue_order_id: VenueOrderId | None = None
    ) -> Sequence[ClientEvent]:
        """Changes an open order."""
        return await self.orders.amend(approved, venue_order_id)

    async def cancel(self, ref: OrderRef) -> Sequence[ClientEvent]:
        """Asks for an order's end."""
        return await self.orders.cancel(ref)

    async def cancel_all(self, symbol: Symbol) -> Sequence[OrderReport]:
        """Ends every open order of an instrument, ours or not; those still open at the end.

        Raises VenueFault when it cannot be asked what is open.
        """
        pause_s = self._spec.visibility_lag_ns / SECOND
        listed, cancel, apart = self._reconciler.open_orders, self.orders.cancel, self._spec.triggers_apart
        return await clear(symbol, self.asker, self.options.order, listed, cancel, apart, pause_s)

    async def reconcile(self, since_ns: int, reason: str = "asked for") -> None:
        """One round now: orders, fills since then (venue's clock), balances, positions. Raises VenueFault."""
        began = self.venue_clock.at(self._clock.monotonic_ns())
        await self._reconciler.everything(self.fold.open_orders, since_ns)
        self._sound_ns = began.venue_ns - began.error_ns - self.options.line.gap_margin_ns
        self._tell([Reconciled(since_ns, reason)])

    def _session(self, line: LineSpec, base: str, words: LineDialogue, gate: Gate) -> LineSession:
        """A session that shares its host's limit on connections with all other lines of the venue."""
        host = urlsplit(base).netloc
        if host not in gate.connects:
            gate.connects[host] = connects_of(line, self.options.line)
        clock, config = self.venue_clock, self.options.line
        return LineSession(line, base, words, clock, self._rng, config, gate.connects[host])

    # --- what lines say -------------------------------------------------------------------------------

    def on_output(self, line: str, output: LineOutput) -> None:
        """Something of a private line."""
        match output:
            case OrderReport() | FillReport() | BalanceReport() | PositionReport():
                self._hear(output)
            case LineReply():
                assert self._order_line is not None
                self._order_line.on_reply(output)
            case RepliesLost():
                assert self._order_line is not None
                self._order_line.on_lost(output)
            case _:
                self._tell([LineNews(line, output)])
                if isinstance(output, Gap):
                    self._reconcile_soon(output.since_ns, output.reason)
                elif isinstance(output, LineUp) and self.feeds[line].session.spec.pushes:
                    self._first_round(output.since_ns)

    async def _answer(self, question: AskForToken | AskForTime) -> LineEvent:
        if isinstance(question, AskForTime):
            await self._sync_clock()
            return TimeKnown()
        action = question.action
        try:
            token = await self.asker.ask(StreamToken(action, question.token), self.options.ask)
        except VenueFault as error:
            return TokenFailed(action, f"the token: {error}", error.fault)
        if isinstance(token, Unsupported):
            return TokenFailed(action, token.reason)
        return TokenGot(action, token)

    # --- events ---------------------------------------------------------------------------------------

    def _hears(self) -> bool:
        """Whether the venue pushes changes of orders to us now."""
        pushing = [feed.session for feed in self.feeds.values() if feed.session.spec.pushes]
        return bool(pushing) and all(session.is_up for session in pushing)

    def _hear(self, report: Report) -> None:
        self._tell(self.fold.report(report, self._clock.monotonic_ns()))

    def _earliest_venue_ns(self) -> int:
        now = self.venue_clock.at(self._clock.monotonic_ns())
        return now.venue_ns - now.error_ns

    def _listed(self, kind: type[Held], rows: Sequence[Held], asked_ns: int) -> None:
        keys = {key_of(report) for report in rows}
        as_of_ns = asked_ns - self._spec.visibility_lag_ns
        self._tell(self.fold.listed(kind, keys, as_of_ns, self._clock.wall_ns()))

    def _gone(self, order: OpenOrder, error: VenueFault) -> None:
        self._tell([RequestFailed("query", order.client_order_id, error.fault)])

    def _tell(self, events: Sequence[ClientEvent]) -> None:
        for event in events:
            self._on_event(event)
            if isinstance(event, FillsMissing | OwnerMissing | FeeMissing):
                self._look_into(event)

    def _look_into(self, question: FoldQuestion) -> None:
        if isinstance(question, FillsMissing):
            about: object = question
        elif isinstance(question, FeeMissing) and question.booked:
            return
        else:  # one answer serves every fill of the order
            report = question.report
            about = (type(question), report.instrument_key, report.venue_order_id)
        if about not in self._asking:
            self._asking.add(about)
            self._tasks.spawn(self._find_out(question, about))

    async def _find_out(self, question: FoldQuestion, about: object) -> None:
        """Asks what the fold misses. A fault is no loss: it asks again, or has a deadline of its own."""
        try:
            if isinstance(question, FillsMissing):
                symbol = symbol_in(question.instrument_key)
                ref = OrderRef(symbol, question.client_order_id, question.venue_order_id or None)
                await self._reconciler.fills(symbol, 0, ref)
                return
            report = question.report
            symbol = symbol_in(report.instrument_key)
            ref = OrderRef(symbol, report.client_order_id, report.venue_order_id)
            if isinstance(question, FeeMissing):
                await self._reconciler.fills(symbol, 0, ref)
            else:
                found = await self.asker.ask(QueryOrder(ref), self.options.ask)
                if not isinstance(found, Unsupported):
                    self._hear(found)
        except VenueFault as error:
            self._tell([RequestFailed("query", None, error.fault)])
        finally:
            self._asking.discard(about)

    # --- rounds and timers ----------------------------------------------------------------------------

    def _first_round(self, up_ns: int) -> None:
        if not self._met:
            self._met = True
            lookback_ns = self.options.lookback_ns
            self._reconcile_soon(self.options.since_ns or up_ns - lookback_ns, "the start")

    def _reconcile_soon(self, since_ns: int, reason: str) -> None:
        wanted = self._wanted
        self._wanted = (since_ns, reason) if wanted is None else (min(since_ns, wanted[0]), reason)
        self._want.set()

    async def _reconcile_when_wanted(self) -> None:
        in_a_row = 0  # rounds that failed, or that were followed by another one at once
        while True:
            await self._want.wait()
            await asyncio.sleep(self._spec.visibility_lag_ns / SECOND)
            self._want.clear()  # what was wanted meanwhile is in this round
            assert self._wanted is not None
            (since_ns, reason), self._wanted = self._wanted, None
            try:
                await self.reconcile(since_ns, reason)
                least_ns = 0
            except VenueFault as error:
                self._tell([ReconcileFailed(reason, error.fault)])
                self._reconcile_soon(since_ns, reason)
                least_ns = error.fault.retry_after_ns
            if not self._want.is_set():
                in_a_row = 0
                continue
            pause_ns = self.options.retry.delay_ns(in_a_row, self._rng)
            in_a_row += 1
            await asyncio.sleep(max(pause_ns, least_ns) / SECOND)

    async def _poll_while_deaf(self) -> None:
        """Without a line that tells of them, open orders are looked at now and then."""
        while True:
            await asyncio.sleep(self.options.poll_s)
            if self._sound_ns and not self._hears() and self.fold.open_orders():
                self._reconcile_soon(self._sound_ns, "no line tells of open orders")

    async def _keep_clock(self) -> None:
        """Asks for the time now and then, and earlier when the bound has grown too wide."""
        asked_ns = self._clock.monotonic_ns()
        while True:
            await asyncio.sleep(min(1.0, self.options.clock_every_s))
            now_ns = self._clock.monotonic_ns()
            due = now_ns - asked_ns >= self.options.clock_every_s * SECOND
            if due or self.venue_clock.stale(now_ns, self.options.clock_error_ns_max):
                await self._sync_clock()
                asked_ns = self._clock.monotonic_ns()

    async def _sync_clock(self) -> None:
        try:
            await self.asker.sync_clock()
        except VenueFault as error:
            self._tell([ClockFailed(error.fault)])

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.options.tick_s)
            self._tell(self.fold.on_tick(self._clock.monotonic_ns()))

    def _fail(self, error: BaseException) -> None:
        """A bug: the first one is kept for `wait`."""
        if self._failure is None:
            self._failure = error
            self._ended.set()


class _Listener:
    """Knows which line it hears."""

    def __init__(self, client: AccountClient, line: str) -> None:
        self._client = client
        self._line = line

    def on_output(self, output: LineOutput) -> None:
        self._client.on_output(self._line, output)
