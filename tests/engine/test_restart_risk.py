"""What risk remembers over a restart: a successor refuses what the killed process would have refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.desk import PERPETUAL_BOOK, SPOT_BOOK, body, depth
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import NAME, USDT, OrderDesk, an_order
from trimaran.domain.account import (
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    Transfer,
    TransferId,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientIdParts, pack_client_id
from trimaran.domain.decision import Refused
from trimaran.domain.events import FeedDown, FeedUp, Frame, SnapshotBody, Tick
from trimaran.domain.instrument import Grid, Instrument, Side
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import OrderState, TimeInForce
from trimaran.domain.records import EquityMarked, InstrumentsListed, JournalRecord
from trimaran.domain.venue_law import SECOND
from trimaran.engine import approval
from trimaran.engine.durable import Durable
from trimaran.engine.equity import MARK_NS
from trimaran.engine.image import DurableImage, decode, encode
from trimaran.engine.recovery import recovered
from trimaran.risk.limits import ScopeLimits
from trimaran.strategies.port import CancelDraft, LegDraft

DAY_NS = 86_400 * SECOND
STRATEGY = KillScope(ScopeKind.STRATEGY, NAME)
SCOPES = {
    ALL: ScopeLimits(daily_loss_max=Decimal(1), messages_max=6, messages_window_ns=60 * SECOND),
    STRATEGY: ScopeLimits(exposure_max=Decimal(900), drawdown_max=Decimal(1)),
    KillScope(ScopeKind.ACCOUNT, PERPETUAL.market): ScopeLimits(drawdown_max=Decimal("0.5")),
}
LIMITS: dict[str, Any] = {
    "scopes": SCOPES, "rate_orders_max": 5, "rate_window_ns": 10 * SECOND, "collar_bps_max": 500,
    "duplicate_window_ns": SECOND,
}  # fmt: skip
PRICES = {SPOT.key: 100, PERPETUAL.key: 10}  # ticks of a unit
LOTS = {SPOT.key: 100, PERPETUAL.key: 1}  # of a thousandth of a coin
STEPS = st.one_of(
    st.tuples(
        st.just("trade"), st.sampled_from((SPOT.key, PERPETUAL.key)), st.sampled_from(Side),
        st.integers(1, 5), st.integers(0, 5),
    ),
    st.tuples(st.just("rest"), st.sampled_from(Side)),
    st.tuples(st.just("mid"), st.integers(-20, 20)),
    st.tuples(st.just("wait"), st.sampled_from((1, 20, 300, 86_400))),
)  # fmt: skip


class Dark(OrderDesk):
    """An order desk whose books are not live yet."""

    def _books(self) -> None:
        pass


class Room:
    """A desk on paper, its prices and its journal."""

    def __init__(self, past: Durable | None = None, mid: int = 60_000, now_ns: int = 0) -> None:
        self.desk = Dark(laws={}, past=past, **LIMITS)
        self.desk.now_ns = max(self.desk.now_ns, now_ns)
        self.mid, self.number = mid, 0
        if past is None:
            for market in (SPOT.market, PERPETUAL.market):
                self.play(Transfer(TransferId("t"), market, USDT, Decimal(10**6), 0, self.desk.now_ns))
            self.play(Transfer(TransferId("b"), SPOT.market, SPOT.base, Decimal(10), 0, self.desk.now_ns))
        self.go(("mid", 0))

    def play(self, *events: Any) -> None:
        self.desk.play(*events)

    def go(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"_{step[0]}")(*step[1:])
        self.desk.pass_ns(100_000_000)

    def _mid(self, units: int) -> None:
        self.mid += 10 * units
        now_ns, mid = self.desk.now_ns, self.mid
        for market, book in ((0, SPOT_BOOK), (1, PERPETUAL_BOOK)):
            self.play(FeedDown(market, (), now_ns), FeedUp(market, now_ns))
            self.play(SnapshotBody(book, body(10, [(f"{mid - 5}.0", "9")], [(f"{mid + 5}.0", "9")]), now_ns))
        self.play(Frame(1, depth(12, [(f"{mid - 5}.0", "8")], [], previous=10), now_ns))

    def _wait(self, seconds: int) -> None:
        self.desk.now_ns += seconds * SECOND

    def _trade(self, key: Any, side: Side, size: int, filled: int) -> None:
        price = (self.mid + 5 * side.sign) * PRICES[key]
        for order in self.desk.send(LegDraft(key, side, price, size * LOTS[key])):
            now_ns, order_id = self.desk.now_ns, order.client_order_id
            self.play(OrderAcked(order_id, VenueOrderId("v"), now_ns, now_ns))
            lots = min(filled, size) * LOTS[key]
            if lots:
                self.number += 1
                name = FillId(f"{order_id}-{self.number}")
                fee = (Liquidity.TAKER, Decimal("0.01"), USDT)
                self.play(Fill(name, order_id, key, side, price, lots, *fee, now_ns, now_ns))
            end = OrderState.FILLED if lots == order.lots else OrderState.CANCELED
            self.play(OrderDone(order_id, end, "", now_ns, now_ns))

    def _rest(self, side: Side) -> None:
        price = (self.mid - 500 * side.sign) * 100
        for order in self.desk.send(LegDraft(SPOT.key, side, price, 100, TimeInForce.GTC)):
            now_ns, order_id = self.desk.now_ns, order.client_order_id
            self.play(OrderAcked(order_id, VenueOrderId("v"), now_ns, now_ns))
            self.desk.wish(CancelDraft(order_id, "enough"))
            self.play(OrderDone(order_id, OrderState.CANCELED, "", self.desk.now_ns, self.desk.now_ns))

    def answers(self) -> list[str]:
        """What would be said to orders of all kinds: a rule, or nothing."""
        said = []
        for key, unit in LOTS.items():
            for side in Side:
                for size in (1, 2, 3, 5, 8, 12, 15):
                    price = (self.mid + 5 * side.sign) * PRICES[key]
                    order = an_order(
                        1, instrument_key=key, side=side, lots=size * unit, price_ticks=price,
                        client_order_id=pack_client_id(ClientIdParts(3, 7, 9, 1)),
                        created_ns=self.desk.desk.now_ns,
                    )  # fmt: skip
                    answer = approval.judge(self.desk.desk, (order,))
                    said.append(answer.rule if isinstance(answer, Refused) else "")
        return said


def after_kill(room: Room, records: list[JournalRecord]) -> Room:
    """The next process, at the same prices and the same time."""
    content = msgspec.msgpack.encode(records)
    again = recovered(None, msgspec.msgpack.decode(content, type=list[JournalRecord]))
    next_room = Room(again, room.mid, room.desk.now_ns - 100_000_000)
    assert next_room.desk.now_ns == room.desk.now_ns
    return next_room


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_a_process_that_is_killed_has_a_successor_that_refuses_the_same(steps: list[Any]) -> None:
    room = Room()
    for step in steps:
        room.go(step)
        assert after_kill(room, room.desk.takes.records).answers() == room.answers(), step


def lossy(*, wait_s: int = 1) -> Room:
    """A desk that has bought, and lost what it may lose in a day."""
    room = Room()
    room.go(("trade", SPOT.key, Side.BUY, 5, 5))
    room.go(("mid", 4))
    room.go(("mid", -40))
    room.go(("wait", wait_s))
    return room


@pytest.mark.parametrize(("wait_s", "rule"), [(1, "daily_loss"), (86_400, "drawdown")])
def test_the_loss_of_a_day_and_the_peak_are_not_forgotten(wait_s: int, rule: str) -> None:
    room = lossy(wait_s=wait_s)
    assert rule in room.answers()
    records = room.desk.takes.records
    assert after_kill(room, records).answers() == room.answers()
    forgotten = [each for each in records if not isinstance(each, EquityMarked)]
    assert rule not in after_kill(room, forgotten).answers(), "an old journal is read all the same"


def test_a_day_that_begins_between_two_processes_begins_with_the_last_equity_on_record() -> None:
    room = lossy()
    told = recovered(None, room.desk.takes.records)
    before = told.equities[ALL]
    again = Room(told, room.mid, room.desk.now_ns + DAY_NS)
    mark = again.desk.desk.risk.equity_marks()[ALL]
    assert mark.day == before.day + 1
    assert mark.day_start == before.equity


def test_what_changes_little_is_recorded_within_a_minute_and_what_does_not_change_never() -> None:
    room = Room()
    room.go(("trade", SPOT.key, Side.BUY, 1, 1))
    desk, records = room.desk, room.desk.takes.records

    def peak() -> Any:
        return desk.desk.durable.equities[STRATEGY].peak

    wide = {STRATEGY: replace(SCOPES[STRATEGY], drawdown_max=Decimal(10**6))}
    desk.desk.risk.set_limits(replace(desk.desk.risk.book, scopes=wide))
    before, count = peak(), len(records)
    room.go(("mid", 30))
    assert peak() == before, "less than a thousandth of the limit"
    desk.pass_ns(MARK_NS)
    assert peak() > before
    room.go(("mid", -60))
    desk.pass_ns(3 * MARK_NS, SECOND)
    marks = [each for each in desk.takes.records[count:] if isinstance(each, EquityMarked)]
    mine = [each for each in marks if each.scope == STRATEGY]
    assert len(mine) == 2
    assert mine[1].equity < mine[0].equity


def test_what_a_strategy_traded_and_paid_is_in_the_state_and_its_hash() -> None:
    room = Room()
    room.go(("trade", SPOT.key, Side.BUY, 5, 3))
    durable = room.desk.desk.durable
    assert durable.trades.traded[NAME][SPOT.key].lots == 300
    told = decode(encode(durable.image()))
    again = recovered(told, ())
    assert again.state_hash() == durable.state_hash()
    bare = replace(told, traded=(), paid=())
    assert recovered(bare, ()).state_hash() != durable.state_hash()


def test_an_image_without_trades_and_marks_is_read() -> None:
    room = Room()
    plain = json.loads(msgspec.json.encode(room.desk.desk.durable.image()))
    for name in ("traded", "paid", "equities", "messages"):
        del plain[name]
    assert msgspec.json.decode(json.dumps(plain), type=DurableImage).traded == ()


def test_lots_on_another_grid_are_the_same_size_and_value() -> None:
    room = Room()
    room.go(("trade", SPOT.key, Side.BUY, 5, 3))
    durable = room.desk.desk.durable
    room.desk.pass_ns(SECOND)
    finer: Instrument = replace(SPOT, size_grid=Grid.of(Decimal("0.000001")), order_step=10)
    before = durable.trades.traded[NAME][SPOT.key]
    paid = SPOT.notional(1, 1) * before.tick_lots
    durable.apply(InstrumentsListed((finer,), room.desk.now_ns))
    after = durable.trades.traded[NAME][SPOT.key]
    assert (after.lots, after.tick_lots) == (before.lots * 10, 0)
    assert durable.trades.paid[NAME][USDT] == paid + Decimal("0.01")
    coarse: Instrument = replace(SPOT, size_grid=Grid.of(Decimal("0.001")), order_step=1)
    durable.apply(InstrumentsListed((coarse,), room.desk.now_ns))
    assert durable.trades.traded[NAME][SPOT.key].lots == 3


def test_ticks_alone_record_nothing_where_nothing_limits_losses() -> None:
    desk = OrderDesk(laws={})
    count = len(desk.takes.records)
    desk.play(Tick(desk.now_ns + DAY_NS))
    assert len(desk.takes.records) == count
