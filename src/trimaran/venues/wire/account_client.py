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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlsplit

from trimaran.domain.account import ProbeAnswer, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import InstrumentKey, MarketName, Symbol, symbol_in
from trimaran.domain.ports import Clock, Rng
from trimaran.domain.reports import (
    BalanceReport,
    FillReport,
    ForeignFill,
    OrderReport,
    PositionReport,
    Report,
)
from trimaran.venues.wire.account_fold import AccountFold
from trimaran.venues.wire.asker import Asker, Gate
from trimaran.venues.wire.asks import Ask, OrderRef
from trimaran.venues.wire.breaker import Breaker
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.clearance import clear
from trimaran.venues.wire.client_port import (
    ClientEvent,
    ClientOptions,
    LineNews,
    RequestFailed,
)
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.dialect import MarketDialect
from trimaran.venues.wire.ending import Ending
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.fold_port import FeeKnown, FeeMissing, FillsMissing, OpenOrder, OwnerMissing, key_of
from trimaran.venues.wire.line_feed import LineFeed, LineOutput
from trimaran.venues.wire.line_port import (
    Gap,
    LineDown,
    LineNotice,
    LineUp,
    RepliesLost,
)
from trimaran.venues.wire.line_session import LineSession, connects_of
from trimaran.venues.wire.lines import LineDialogue, LineReply, LineSpec
from trimaran.venues.wire.message import Sender
from trimaran.venues.wire.order_desk import OrderDesk
from trimaran.venues.wire.order_line import OrderLine
from trimaran.venues.wire.outcomes import Outcomes
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.private_spec import PrivateSpec
from trimaran.venues.wire.prober import Prober
from trimaran.venues.wire.questions import Questions
from trimaran.venues.wire.quick_orders import QuickOrders
from trimaran.venues.wire.reconciler import Held, Reconciler
from trimaran.venues.wire.rounds import Rounds
from trimaran.venues.wire.shared import Shared
from trimaran.venues.wire.tasks import Tasks, done
from trimaran.venues.wire.upkeep import Upkeep
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
        self._keys = {InstrumentKey(f"{spec.market}:{symbol}") for symbol in symbols}
        self._clock, self._rng, self._on_event = clock, rng, on_event
        shared = Shared(spec, self.options, clock, self.asker, self.fold, self._tell, self._hear, self._hears)
        self._upkeep = Upkeep(shared)
        self._order_line: OrderLine | None = None
        for line in spec.lines:
            if line.name in dialogues:
                session = self._session(line, bases[line.base], dialogues[line.name], gate)
                hear = partial(self.on_output, line.name)
                feed = LineFeed(session, clock, self._upkeep.answer, hear, websocket=websocket)
                self.feeds[line.name] = feed
                if line.takes_orders and self._order_line is None:
                    self._order_line = OrderLine(dialect, feed, self.asker)
        self._breaker = Breaker()
        outcomes = Outcomes(self.fold, clock, self.venue_clock, self._tell, self._judged)
        self.orders = OrderDesk(shared, outcomes, self._order_line)
        self.quick: QuickOrders | None = None
        if self._order_line is not None:
            of_orders = self._order_line.feed
            self.quick = QuickOrders(shared, outcomes, dialect, of_orders, self.orders, self._aside)
        self._reconciler = Reconciler(
            self.asker,
            self.options,
            symbols,
            spec,
            self._hear,
            self._gone,
            self._earliest_venue_ns,
            self._listed,
        )
        self._prober = Prober(shared, self._reconciler, self._found)
        self._ending = Ending(shared, self._reconciler, self.orders, symbols)
        self._rounds = Rounds(shared, self._reconciler, rng, self._certain)
        self._tasks = Tasks(self._fail)
        self._questions = Questions(shared, self._reconciler, self._tasks)
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    @property
    def market(self) -> MarketName:
        """Whose account it is."""
        return self._spec.market

    @property
    def visibility_lag_ns(self) -> int:
        """How late the venue may show what it has accepted."""
        return self._spec.visibility_lag_ns

    def knows(self, key: InstrumentKey) -> bool:
        """Whether it was made for an instrument."""
        return key in self._keys

    @property
    def is_up(self) -> bool:
        """Whether every private line is up."""
        return all(feed.session.is_up for feed in self.feeds.values())

    async def start(self) -> None:
        """Asks for the time, begins to connect, and to reconcile; returns when the first answer is there."""
        await self._upkeep.sync_clock()
        self._tasks.spawn(self._upkeep.keep_clock())
        self._tasks.spawn(self._tick())
        self._tasks.spawn(self._rounds.run())
        self._tasks.spawn(self._rounds.poll_while_deaf())
        for feed in self.feeds.values():
            await feed.start()
            self._tasks.spawn(feed.wait())
        if not any(feed.session.spec.pushes for feed in self.feeds.values()):
            self._rounds.first(self.venue_clock.at(self._clock.monotonic_ns()).venue_ns)

    async def wait(self) -> None:
        """Returns when it has been stopped; raises what made it fail."""
        await self._ended.wait()
        if self._failure is not None:
            await self.stop()
            raise self._failure

    async def stop(self) -> None:
        """Closes every line and ends every task. Orders stay as they are."""
        await asyncio.gather(*(feed.stop() for feed in self.feeds.values()))
        if self.quick is not None:
            self.quick.end()
        await self._tasks.end()
        self._ended.set()

    async def ask(self, ask: Ask[T], patience: Patience | None = None) -> T | Unsupported:
        """The answer to any ask that is no order, over REST. Raises VenueFault."""
        return await self.asker.ask(ask, patience if patience is not None else self.options.ask)

    async def place(self, approved: Approved, began_ns: int = 0) -> Sequence[ClientEvent]:
        """Sends an order once; the events of its answer, which `on_event` has been told as well.

        `began_ns` (monotonic): since when it waits, where that was before this call.
        """
        return await self.orders.place(approved, began_ns)

    async def amend(
        self, approved: Approved, venue_order_id: VenueOrderId | None = None, began_ns: int = 0
    ) -> Sequence[ClientEvent]:
        """Changes an open order."""
        return await self.orders.amend(approved, venue_order_id, began_ns)

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

    async def cancel_all_fast(self, symbol: Symbol | None = None) -> Sequence[OrderReport]:
        """One round of the same without a pause (of everything where no instrument is named), as `ending.py`
        says: what the venue shows late may be missing in the answer. Raises VenueFault."""
        return await self._ending.end_all(symbol)

    async def cancel_some(self, refs: Sequence[OrderRef]) -> None:
        """Asks for the end of some orders, in as few requests as the venue has for it; faults are told."""
        await self._ending.end(refs)

    # --- at once --------------------------------------------------------------------------------------

    def send_now(self, approved: Approved) -> bool:
        """Sends an order once, at once; False when nothing has left: `place` takes it then.

        Raises ConfigError for an instrument that the client does not have.
        """
        return self.quick is not None and self.quick.place(approved)

    def amend_now(self, approved: Approved, venue_order_id: VenueOrderId | None = None) -> bool:
        """Changes an open order, at once; False when nothing has left: `amend` takes it then."""
        return self.quick is not None and self.quick.amend(approved, venue_order_id)

    def cancel_now(self, ref: OrderRef) -> bool:
        """Asks for an order's end, at once; False when nothing has left: `cancel` takes it then."""
        return self.quick is not None and self.quick.cancel(ref)

    def ref_of(self, client_order_id: ClientOrderId, key: InstrumentKey) -> OrderRef:
        """How to name an order of ours: by the venue's id too, where it has told it."""
        return OrderRef(symbol_in(key), client_order_id, self.fold.venue_order_id(client_order_id))

    async def probe(self, ref: OrderRef, since_ns: int) -> ProbeAnswer | None:
        """Asks by every channel for an order that is not older than `since_ns` (local clock, wall).

        What is found is told; None then. Otherwise `ProbeAbsent` or `ProbeFailed`, which is told as well.
        """
        answer = await self._prober.probe(ref, since_ns)
        if answer is not None:
            self._tell([answer])
        return answer

    def reconcile_again(self, reason: str) -> None:
        """Another round soon, which ends with an `AccountSnapshot`."""
        self._rounds.again(reason)

    async def reconcile(self, since_ns: int, reason: str = "asked for") -> None:
        """One round now: orders, fills since then (venue's clock), balances, positions. Raises VenueFault."""
        await self._rounds.reconcile(since_ns, reason)

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
        if isinstance(output, LineReply):
            assert self.quick is not None
            assert self._order_line is not None
            if not self.quick.on_reply(output):
                self._order_line.on_reply(output)
            return
        match output:
            case OrderReport() | FillReport() | BalanceReport() | PositionReport():
                self._hear(output)
            case RepliesLost():
                assert self.quick is not None
                assert self._order_line is not None
                self.quick.on_lost(output)
                self._order_line.on_lost(output)
            case _:
                self._tell([LineNews(line, output)])
                self._on_notice(line, output)

    def _on_notice(self, line: str, notice: LineNotice) -> None:
        match notice:
            case Gap(since_ns, _, reason):
                self._rounds.soon(since_ns, reason)
                self._rounds.uncertain(reason)
            case LineDown(reason) if self._pushes(line):
                self._rounds.uncertain(reason)
            case LineUp(since_ns) if self._pushes(line):
                self._rounds.first(since_ns)

    def _pushes(self, line: str) -> bool:
        return line in self.feeds and self.feeds[line].session.spec.pushes

    # --- events ---------------------------------------------------------------------------------------

    def _hears(self) -> bool:
        """Whether the venue pushes changes of orders to us now."""
        pushing = [feed.session for feed in self.feeds.values() if feed.session.spec.pushes]
        return bool(pushing) and all(session.is_up for session in pushing)

    def _certain(self) -> bool:
        """Whether nothing is missed that the venue pushes, and orders may be tried."""
        silent = not any(feed.session.spec.pushes for feed in self.feeds.values())
        return (silent or self._hears()) and not self._breaker.is_open

    def _judged(self, definitive: bool) -> None:
        """An order met a definitive answer, or none."""
        if definitive:
            self._breaker.answered()
        elif self._breaker.lost(self._clock.monotonic_ns()):
            self._rounds.uncertain("too many orders without a definitive answer")

    def _found(self, report: OrderReport) -> None:
        self._tell(self.fold.retell(report, self._clock.monotonic_ns()))

    def _aside(self, work: Callable[[], Awaitable[object]]) -> None:
        """Something of the quick way that needs time; its outcome is told."""
        self._tasks.spawn(done(work))

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
                self._questions.look_into(event)
            elif isinstance(event, ForeignFill | FeeKnown):  # no order of ours books it: the comparison does
                self._rounds.again("money that no order explains")

    # --- timers ---------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.options.tick_s)
            now_ns = self._clock.monotonic_ns()
            if self.quick is not None:
                self.quick.on_tick(now_ns)
            self._tell(self.fold.on_tick(now_ns, self._clock.wall_ns()))
            if self._breaker.ends(now_ns):
                self._rounds.again("orders may be tried again")

    def _fail(self, error: BaseException) -> None:
        """A bug: the first one is kept for `wait`."""
        if self._failure is None:
            self._failure = error
            self._ended.set()
