"""The last point before the market: what may leave, leaves once; what may not, is told as refused."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.account_stage import KEY, OURS, PLACED, V1, Stage, approved, order, refusal
from tests.support.private_venue import HANG, PrivateVenue
from trimaran.domain.account import (
    AmendRefused,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderLost,
    OrderRejected,
    ProbeAbsent,
)
from trimaran.domain.commands import AmendOrder, CancelOrder, CompareAccount, ProbeOrder, SendOrder
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.orders import OrderState
from trimaran.live.executor import Executor
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import Balances, CancelTaken, Placed, Positions
from trimaran.venues.wire.client_port import LineNews
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.message import Stamp
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.rest import RestClient, RestOptions

TOY = MarketName("toy.spot")


class Switch:
    """A kill switch and the Knight counters, as a test sets them."""

    def __init__(self) -> None:
        self.killed = False
        self.lets = True
        self.writes = True
        self.asked: list[object] = []
        self.counted: list[tuple[str, int]] = []

    def stops(self, market, strategy, reduce_only):
        self.asked.append((market, strategy, reduce_only))
        return self.killed

    def on_sent(self, client_order_id):
        self.counted.append(("sent", client_order_id))
        return self.lets

    def on_dropped(self, client_order_id):
        self.counted.append(("dropped", client_order_id))

    def on_wire(self, client_order_id):
        self.counted.append(("wire", client_order_id))
        return self.writes

    def on_undone(self, client_order_id):
        self.counted.append(("undone", client_order_id))


class JumpingClock(SystemClock):
    """Clocks that can be set, and a process that can have been halted."""

    wall_ahead_ns = 0
    halted_ns = 0

    def wall_ns(self):
        return super().wall_ns() + self.wall_ahead_ns + self.halted_ns

    def monotonic_ns(self):
        return super().monotonic_ns() + self.halted_ns


async def until(condition):
    """Waits until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(0.005)


@pytest.fixture
async def stage():
    venue = PrivateVenue()
    await venue.start()
    async with RestClient(SystemClock(), RestOptions(total_s_max=1.0)) as rest:
        made = Stage(venue, rest, until)
        yield made
        for client in made.clients:
            await client.stop()
    await venue.stop()


@pytest.fixture
async def desk(stage):
    made = Desk(stage)
    yield made
    await made.executor.stop()


class Desk:
    """An executor on the client of a stage; `told` is what the engine hears."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.switch = Switch()
        self.clock = JumpingClock()
        self.told: list[object] = []
        self.notices: list[object] = []
        self.executor = Executor(
            self.switch, self.switch, self.clock, self.told.append, lambda *told: self.notices.append(told)
        )
        stage.hear = self.executor.listener(TOY)

    async def up(self, **options: object) -> AccountClient:
        client = await self.stage.up(**options)
        self.executor.add(TOY, client)
        return client

    def send(self, age_ns: int = 0) -> None:
        self.executor.carry_out(SendOrder(approved()), self.clock.wall_ns() - age_ns)

    def of(self, *kinds: type) -> list[object]:
        return [event for event in self.told if isinstance(event, kinds)]

    async def rejected(self) -> str:
        assert not self.told or isinstance(self.told[-1], AccountSnapshot)  # never from within the command
        await self.stage.until(lambda: self.of(OrderRejected))
        assert self.stage.venue.count("line PlaceOrder") + self.stage.venue.count("PlaceOrder") == 0
        return self.of(OrderRejected)[0].code


async def test_an_order_leaves_once_and_its_events_go_to_the_engine_and_notices_elsewhere(desk):
    desk.stage.venue.answers["line PlaceOrder"] = [PLACED]
    await desk.up()
    desk.send()
    await desk.stage.until(lambda: desk.of(OrderAcked))
    assert desk.switch.counted == [("sent", OURS), ("wire", OURS)]
    assert desk.switch.asked == [(TOY, "s", False)]
    assert desk.stage.venue.count("line PlaceOrder") == 1
    assert any(isinstance(event, LineNews) for _, event in desk.notices)
    assert not any(isinstance(event, LineNews) for event in desk.told)


async def test_a_market_without_a_line_takes_orders_patiently(desk):
    desk.stage.venue.answers["PlaceOrder"] = [PLACED]
    await desk.up(line=None)
    desk.send()
    await desk.stage.until(lambda: desk.of(OrderAcked))
    assert desk.stage.venue.count("PlaceOrder") == 1


async def test_nothing_leaves_under_a_kill_switch(desk):
    await desk.up()
    desk.switch.killed = True
    desk.send()
    assert await desk.rejected() == "LOCAL_KILLED"
    assert desk.switch.counted == [("dropped", OURS)]


async def test_what_nobody_intended_does_not_leave(desk):
    await desk.up()
    desk.switch.lets = False
    desk.send()
    assert await desk.rejected() == "LOCAL_KNIGHT"


async def test_an_order_for_an_instrument_without_an_account_does_not_leave(desk):
    await desk.up()
    desk.executor._accounts.clear()
    desk.send()
    assert await desk.rejected() == "LOCAL_NO_ACCOUNT"


@pytest.mark.parametrize(
    ("age_ns", "wall_ahead_ns", "halted_ns"),
    [
        (2 * SECOND, 0, 0),  # it is old by every clock
        (0, 0, 2 * SECOND),  # the process was halted behind the step
        (0, -60 * SECOND, 2 * SECOND),  # and the wall clock was set back meanwhile
        (0, 60 * SECOND, 0),  # the wall clock was set forward: nobody knows
    ],
)
async def test_an_order_that_was_decided_too_long_ago_does_not_leave(desk, age_ns, wall_ahead_ns, halted_ns):
    await desk.up()
    desk.executor.on_tick()
    step_ns = desk.clock.wall_ns() - age_ns
    desk.clock.wall_ahead_ns, desk.clock.halted_ns = wall_ahead_ns, halted_ns
    desk.executor.carry_out(SendOrder(approved()), step_ns)
    assert await desk.rejected() == "LOCAL_STALE"


async def test_a_wall_clock_that_was_set_back_lets_young_orders_leave(desk):
    desk.stage.venue.answers["line PlaceOrder"] = [PLACED]
    await desk.up()
    desk.executor.on_tick()
    desk.clock.wall_ahead_ns = -60 * SECOND
    desk.executor.on_tick()
    desk.send()
    await desk.stage.until(lambda: desk.of(OrderAcked))


async def test_an_order_that_waited_for_room_is_looked_at_again_before_it_leaves(desk):
    await desk.up()
    client, governor = desk.stage.clients[0], desk.stage.governor
    question = governor.cost_of(client.asker._dialect.write(Balances(), Stamp(1)))
    now = client.venue_clock.at(client._clock.monotonic_ns())
    tickets = []
    while (ticket := governor.admit_now(question, now)) is not None:
        tickets.append(ticket)
    desk.send()
    await asyncio.sleep(0.02)
    desk.switch.killed = True
    for ticket in tickets:
        governor.give_back(ticket)
    client.asker._gate.changed()
    assert await desk.rejected() == "LOCAL_KILLED"
    assert desk.switch.counted == [("sent", OURS)]


@pytest.mark.parametrize(
    ("killed", "halted_ns", "code"), [(True, 0, "LOCAL_KILLED"), (False, 9 * SECOND, "LOCAL_STALE")]
)
async def test_an_order_that_waited_for_a_connection_is_looked_at_again(desk, killed, halted_ns, code):
    """All connections of REST are busy: it has been admitted and stamped, and not a byte of it has left."""
    async with RestClient(SystemClock(), RestOptions(connections_max=1)) as narrow:
        desk.stage.rest = narrow
        client = await desk.up(line=None, order=Patience(0.2, 5.0))
        client.asker._clock = desk.clock
        busy, over = asyncio.Event(), asyncio.Event()

        async def slow() -> object:
            busy.set()
            await over.wait()
            return ()

        desk.stage.venue.answers["Positions"] = [lambda ask: slow()]
        question = asyncio.create_task(client.ask(Positions(), Patience(1.0, 5.0)))
        await busy.wait()
        desk.executor.on_tick()
        desk.send()
        await asyncio.sleep(0.05)
        desk.switch.killed, desk.clock.halted_ns = killed, halted_ns
        over.set()
        assert await desk.rejected() == code
        assert desk.switch.counted == [("sent", OURS)]  # and not written
        await question


async def test_an_order_waits_since_its_look_and_not_since_its_task_began(desk):
    """The process is halted between the two."""
    client = await desk.up(line=None)
    client.asker._clock = desk.clock
    desk.executor.on_tick()
    desk.send()
    desk.clock.halted_ns = 9 * SECOND
    assert await desk.rejected() == "LOCAL_STALE"


@pytest.mark.parametrize("line", [True, False])
async def test_what_would_be_written_more_often_than_it_was_sent_is_not_written(desk, line):
    await desk.up(**({} if line else {"line": None}))
    desk.switch.writes = False
    desk.send()
    await desk.stage.until(lambda: desk.of(OrderLost))  # it may have been written before
    assert "LOCAL_KNIGHT" in desk.of(OrderLost)[0].cause
    assert desk.stage.venue.count("line PlaceOrder") + desk.stage.venue.count("PlaceOrder") == 0


@pytest.mark.parametrize("line", [True, False])
async def test_a_second_departure_after_a_refusal_for_the_time_is_counted_as_one(desk, line):
    name = "line PlaceOrder" if line else "PlaceOrder"
    desk.stage.venue.answers[name] = [refusal(FaultKind.CLOCK), PLACED]
    await desk.up(**({} if line else {"line": None}))
    desk.send()
    await desk.stage.until(lambda: desk.of(OrderAcked))
    assert desk.switch.counted == [("sent", OURS), ("wire", OURS), ("undone", OURS), ("wire", OURS)]


async def test_amendments_pass_the_same_way(desk):
    changed = order(OrderState.ACKED, 0, 9)
    desk.stage.venue.answers["line AmendOrder"] = [Placed(OURS, V1, changed)]
    await desk.up()
    await desk.stage.venue.say(order(OrderState.ACKED))
    await desk.stage.until(lambda: desk.of(OrderAcked))
    desk.executor.carry_out(AmendOrder(approved()), desk.clock.wall_ns())
    await desk.stage.until(lambda: desk.of(OrderAmended))
    name, ask, _ = desk.stage.venue.asked[-1]
    assert (name, ask.venue_order_id) == ("line AmendOrder", V1)
    desk.switch.killed = True
    desk.executor.carry_out(AmendOrder(approved()), desk.clock.wall_ns())
    await desk.stage.until(lambda: desk.of(AmendRefused))
    assert desk.of(AmendRefused)[0].code == "LOCAL_KILLED"


async def test_cancels_and_probes_pass_under_a_kill_switch(desk):
    desk.stage.venue.answers["line CancelOrder"] = [CancelTaken(order(OrderState.CANCELED, 0, 5))]
    await desk.up()
    desk.switch.killed = True
    desk.executor.carry_out(CancelOrder(OURS, KEY, "kill"), 0)
    await desk.stage.until(lambda: desk.of(OrderDone))
    desk.stage.venue.answers["QueryOrder"] = [refusal(FaultKind.NO_SUCH_ORDER)]
    desk.stage.venue.answers["OrderHistory"] = [()]
    desk.executor.carry_out(ProbeOrder(OURS, KEY, time.time_ns()), 0)
    await desk.stage.until(lambda: desk.of(ProbeAbsent))
    rounds = len(desk.of(AccountSnapshot))
    desk.executor.carry_out(CompareAccount(TOY, "a difference"), 0)
    await desk.stage.until(lambda: len(desk.of(AccountSnapshot)) > rounds)
    other = InstrumentKey("other.spot:BTC")
    desk.executor.carry_out(CancelOrder(OURS, other, "nowhere"), 0)
    desk.executor.carry_out(ProbeOrder(OURS, other, 0), 0)
    assert desk.switch.counted == []


async def test_an_order_that_waits_when_the_executor_stops_is_lost(desk):
    desk.stage.venue.answers["PlaceOrder"] = [HANG]
    await desk.up(line=None)
    desk.send()
    await desk.stage.until(lambda: desk.stage.venue.count("PlaceOrder"))
    await desk.executor.stop()
    assert len(desk.of(OrderLost)) == 1


async def test_a_bug_of_who_listens_is_heard(desk):
    await desk.up()
    desk.switch.killed = True
    desk.executor._push = lambda event: 1 // 0
    desk.send()
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(desk.executor.wait(), 5)


async def test_nothing_leaves_after_a_stop(desk):
    """A journal that is closed then still carries out what had waited for its sync."""
    await desk.up()
    told = len(desk.told)
    await desk.executor.stop()
    desk.send()
    desk.executor.carry_out(CancelOrder(OURS, KEY, "late"), desk.clock.wall_ns())
    await asyncio.sleep(0.05)
    assert desk.stage.venue.count("line PlaceOrder") + desk.stage.venue.count("PlaceOrder") == 0
    assert desk.stage.venue.count("line CancelOrder") + desk.stage.venue.count("CancelOrder") == 0
    assert desk.switch.counted == [("dropped", OURS)]
    assert (desk.executor.sent, desk.executor.dropped) == (0, 1)
    assert not any(isinstance(event, OrderRejected | OrderLost) for event in desk.told[told:])
