"""Carries out commands on real accounts: the last point before the market.

    SendOrder, AmendOrder -> kill flags -> age -> Knight's counters -> account of the market, once
    CancelOrder, ProbeOrder, CompareAccount -> account of the market

An order that may not leave ends here: `OrderRejected` (or `AmendRefused`) with a code of `TEXTS`, which says
that nothing has left. An order that has to wait in its account, for room in the venue's limits or for the
venue's time or for a connection, is looked at once more when it is about to leave (`Asker.still`); it counts
as sent by then. The counters hear of its bytes from who writes them (`Asker.writes`).

The age of an order counts from its step by two clocks: the wall clock, and the monotonic one from where the
wall clock stood when it was last looked at. The older age counts, so neither a process that was halted nor a
clock that was set lets an old order pass.

Everything is in the thread of the event loop. Events of accounts go to `push` as they come; what ends here
goes there from the next turn of the loop, never from within a command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, get_args

from trimaran.base.buggify import hooks, point
from trimaran.domain.account import AccountEvent, AmendRefused, OrderRejected, ProbeAnswer
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import AmendOrder, CancelOrder, Command, ProbeOrder, SendOrder
from trimaran.domain.decision import Approved
from trimaran.domain.events import AccountSnapshot, AccountUncertain, ShellEvent
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.kill import market_in
from trimaran.domain.orders import StrategyName
from trimaran.domain.ports import Clock
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asker import STALE, UNCOUNTED
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.client_port import ClientEvent
from trimaran.venues.wire.law import SEND_AGE_NS_MAX
from trimaran.venues.wire.tasks import Tasks, done

ENGINE_EVENTS: Final = frozenset(
    (*get_args(AccountEvent), *get_args(ProbeAnswer), AccountSnapshot, AccountUncertain)
)
KILLED: Final = "LOCAL_KILLED"
NO_ACCOUNT: Final = "LOCAL_NO_ACCOUNT"
TEXTS: Final[Mapping[str, str]] = {
    KILLED: "not sent: a kill switch stands",
    STALE: "not sent: too long after it was decided",
    UNCOUNTED: "not sent: it would be one more than was intended",
    NO_ACCOUNT: "not sent: no account takes it",
}

BEFORE: Final = {
    SendOrder: "order.before_send",
    AmendOrder: "amend.before_send",
    CancelOrder: "cancel.before_send",
    ProbeOrder: "probe.before_send",
}
AFTER: Final = {
    SendOrder: "order.after_send",
    AmendOrder: "amend.after_send",
    CancelOrder: "cancel.after_send",
    ProbeOrder: "probe.after_send",
}

EngineEvent = AccountEvent | ShellEvent
Push = Callable[[EngineEvent], object]
Notices = Callable[[MarketName, ClientEvent], object]


class Stops(Protocol):
    """The kill flags in memory."""

    def stops(self, market: MarketName, strategy: StrategyName, reduce_only: bool) -> bool:
        """Whether an order may not leave."""


class Departures(Protocol):
    """The counters of the Knight check."""

    def on_sent(self, client_order_id: ClientOrderId) -> bool:
        """An order is about to leave; False: it must not."""

    def on_dropped(self, client_order_id: ClientOrderId) -> None:
        """An order that was decided does not leave."""

    def on_wire(self, client_order_id: ClientOrderId) -> bool:
        """The bytes of an order are about to be written; False: they must not."""

    def on_undone(self, client_order_id: ClientOrderId) -> None:
        """They were not written after all, or are proved to have done nothing."""


class Executor:
    """An `OrderVenue` of real accounts. `add` them before the first command; `stop` before they are stopped.

    `push` takes what the engine must know, `notices` everything else of an account, by its market.
    """

    def __init__(
        self,
        kill: Stops,
        departures: Departures,
        clock: Clock,
        push: Push,
        notices: Notices,
        send_age_ns_max: int = SEND_AGE_NS_MAX,
    ) -> None:
        self.sent = 0  # orders and amendments that left, or wait to leave
        self.dropped = 0  # that ended here
        self._kill = kill
        self._departures = departures
        self._clock = clock
        self._push = push
        self._notices = notices
        self._send_age_ns_max = send_age_ns_max
        self._accounts: dict[MarketName, AccountClient] = {}
        self._market_of: dict[InstrumentKey, MarketName] = {}
        self._offset_ns = clock.wall_ns() - clock.monotonic_ns()
        self._ended: list[EngineEvent] = []
        self._stopped = False
        self._failure: BaseException | None = None
        self._failed = asyncio.Event()
        self._tasks = Tasks(self._fail)

    @property
    def next_due_ns(self) -> int | None:
        """Nothing is ever ready here: events come by `push`."""
        return None

    def due(self, now_ns: int) -> Sequence[EngineEvent]:
        """None, as `next_due_ns` says."""
        return ()

    def add(self, market: MarketName, account: AccountClient) -> None:
        """An account takes the orders of a market; it is not started yet, and was made with `listener`."""
        assert market not in self._accounts, market
        self._accounts[market] = account
        account.asker.still = self._still
        account.asker.writes = self._writes
        account.asker.undone = self._undone

    def listener(self, market: MarketName) -> Callable[[ClientEvent], None]:
        """What an account of a market is to be told to."""
        push, notices = self._push, self._notices

        def hear(event: ClientEvent) -> None:
            if type(event) in ENGINE_EVENTS:
                push(event)  # type: ignore[arg-type]  # by its type
            else:
                notices(market, event)

        return hear

    def carry_out(self, command: Command, now_ns: int) -> None:
        """Takes one command, once, without waiting. `now_ns` (wall) is the time of the step that made it.

        After `stop` nothing leaves any more, and nothing is told of it: the next start asks about it.
        """
        if self._stopped:
            self._drop(command)
            return
        if hooks:
            point(BEFORE.get(type(command), "compare.before_send"))
        if isinstance(command, SendOrder):
            self._send(command.approved, now_ns)
        elif isinstance(command, CancelOrder):
            self._cancel(command)
        elif isinstance(command, AmendOrder):
            self._amend(command.approved, now_ns)
        elif isinstance(command, ProbeOrder):
            self._probe(command)
        elif command.market in self._accounts:
            self._accounts[command.market].reconcile_again(command.reason)
        if hooks:
            point(AFTER.get(type(command), "compare.after_send"))

    def on_tick(self) -> None:
        """Looks at the clocks; to be called at least once a minute."""
        self._offset_ns = self._clock.wall_ns() - self._clock.monotonic_ns()

    async def wait(self) -> None:
        """Returns never; raises the bug that a task has met."""
        await self._failed.wait()
        assert self._failure is not None
        raise self._failure

    async def stop(self) -> None:
        """Ends what waits; its outcomes are told as lost. Nothing leaves after it has been called.

        A journal that is closed after it still carries out what had waited for its sync.
        """
        self._stopped = True
        await self._tasks.end()

    # --- orders ---------------------------------------------------------------------------------------

    def _send(self, approved: Approved, now_ns: int) -> None:
        order = approved.order
        account = self._leaves(approved, now_ns)
        if isinstance(account, str):
            self._end(OrderRejected(order.client_order_id, account, TEXTS[account], 0, self._clock.wall_ns()))
            return
        if not account.send_now(approved):
            self._aside(partial(account.place, approved, self._clock.monotonic_ns()))

    def _amend(self, approved: Approved, now_ns: int) -> None:
        order = approved.order
        account = self._leaves(approved, now_ns)
        if isinstance(account, str):
            self._end(AmendRefused(order.client_order_id, account, TEXTS[account], self._clock.wall_ns()))
            return
        venue_order_id = account.fold.venue_order_id(order.client_order_id)
        if not account.amend_now(approved, venue_order_id):
            self._aside(partial(account.amend, approved, venue_order_id, self._clock.monotonic_ns()))

    def _leaves(self, approved: Approved, now_ns: int) -> AccountClient | str:
        """The account that takes an order now, or the code of why it does not leave."""
        order = approved.order
        market = self._market(order.instrument_key)
        account = self._accounts.get(market)
        why = NO_ACCOUNT if account is None or not account.knows(order.instrument_key) else ""
        if self._kill.stops(market, order.strategy, order.reduce_only):
            why = KILLED
        elif self._age_ns(now_ns) > self._send_age_ns_max:
            why = STALE
        if why:
            self.dropped += 1
            self._departures.on_dropped(order.client_order_id)
            return why
        if not self._departures.on_sent(order.client_order_id):
            self.dropped += 1
            return UNCOUNTED
        assert account is not None
        self.sent += 1
        return account

    def _drop(self, command: Command) -> None:
        if isinstance(command, SendOrder | AmendOrder):
            self.dropped += 1
            self._departures.on_dropped(command.approved.order.client_order_id)

    def _still(self, approved: Approved) -> str:
        """The look at an order that has waited in its account: why it may not leave any more, or nothing."""
        order = approved.order
        if self._kill.stops(self._market(order.instrument_key), order.strategy, order.reduce_only):
            return KILLED
        return ""

    def _writes(self, approved: Approved) -> bool:
        return self._departures.on_wire(approved.order.client_order_id)

    def _undone(self, approved: Approved) -> None:
        self._departures.on_undone(approved.order.client_order_id)

    def _age_ns(self, step_ns: int) -> int:
        """How long ago a step was, by the clock that says longer."""
        wall_ns, monotonic_ns = self._clock.wall_ns(), self._clock.monotonic_ns()
        before_ns, self._offset_ns = self._offset_ns, wall_ns - monotonic_ns
        return max(wall_ns - step_ns, monotonic_ns + before_ns - step_ns)

    # --- cancels and probes ---------------------------------------------------------------------------

    def _cancel(self, command: CancelOrder) -> None:
        account = self._accounts.get(self._market(command.instrument_key))
        if account is None:
            return  # nothing of it can be open there
        ref = account.ref_of(command.client_order_id, command.instrument_key)
        if not account.cancel_now(ref):
            self._aside(partial(account.cancel, ref))

    def _probe(self, command: ProbeOrder) -> None:
        account = self._accounts.get(self._market(command.instrument_key))
        if account is not None:
            ref: OrderRef = account.ref_of(command.client_order_id, command.instrument_key)
            self._aside(partial(account.probe, ref, command.since_ns))

    # --- helpers --------------------------------------------------------------------------------------

    def _market(self, key: InstrumentKey) -> MarketName:
        market = self._market_of.get(key)
        if market is None:
            market = self._market_of[key] = market_in(key)
        return market

    def _end(self, event: EngineEvent) -> None:
        """Told from the next turn: whoever gives commands is in the middle of a step."""
        if not self._ended:
            asyncio.get_running_loop().call_soon(self._tell_ended)
        self._ended.append(event)

    def _tell_ended(self) -> None:
        ended, self._ended = self._ended, []
        for event in ended:
            try:
                self._push(event)
            except Exception as error:
                self._fail(error)

    def _aside(self, work: Callable[[], Awaitable[object]]) -> None:
        self._tasks.spawn(done(work))

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self._failed.set()
