"""Replay gives the state as it was, from nothing and from any snapshot; and a run begins with a new epoch."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import NAME, USDT, OrderDesk, an_order
from trimaran.base.errors import JournalError
from trimaran.base.limits import ENDED_ORDERS_MAX
from trimaran.domain.account import (
    AmendLost,
    AmendRefused,
    Fill,
    FillId,
    Liquidity,
    OrderAbsent,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderLost,
    OrderRejected,
    Transfer,
    TransferId,
    VenueOrderId,
)
from trimaran.domain.client_id import next_attempt, unpack_client_id
from trimaran.domain.decision import KillState
from trimaran.domain.facts import Purpose
from trimaran.domain.instrument import Grid, Side
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import GroupId, OrderState, TimeInForce
from trimaran.domain.records import (
    AmendOpened,
    CancelOpened,
    Durability,
    EquityMarked,
    FreezeMoved,
    GroupOpened,
    Heard,
    InstrumentsListed,
    JournalRecord,
    KillMoved,
    LimitsSet,
    OrderAdopted,
    OrderReissued,
    RunOpened,
)
from trimaran.domain.venue_law import SECOND
from trimaran.engine.durable import Durable
from trimaran.engine.durable_state import ENDED_KEPT_NS
from trimaran.engine.image import decode, encode
from trimaran.engine.recovery import recovered

SCOPES = ("all", "venue:binance", "account:binance.spot", "strategy:asked")


class Story:
    """A stream of records that could be a journal: choices are drawn, what is legal is made of them."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.now_ns = SECOND
        self.records: list[JournalRecord] = []
        self.durable = Durable({}, recovered(None, ()).counter)
        self.sequence = 0
        self.put(RunOpened(3, 7, 1, "a", "1", self.now_ns))
        self.put(InstrumentsListed((SPOT, PERPETUAL), self.now_ns))

    def put(self, record: JournalRecord) -> None:
        self.records.append(record)
        self.durable.apply(record)

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def go_on(self) -> None:
        self.now_ns += self.pick(1, SECOND, 100 * SECOND, ENDED_KEPT_NS // 2, -SECOND)
        known = list(self.durable.orders)
        choices = [self.group, self.group, self.money, self.switch, self.run]
        self.pick(*choices, *([self.word] * 8 if known else []))()

    def group(self) -> None:
        name = GroupId(f"g-{self.sequence}")
        orders = []
        for key in self.pick((SPOT.key,), (PERPETUAL.key,), (SPOT.key, PERPETUAL.key)):
            self.sequence += 1
            side, tif = self.pick(*Side), self.pick(TimeInForce.IOC, TimeInForce.GTC)
            epoch = self.durable.counter.epoch
            order = an_order(self.sequence, instrument_key=key, side=side, tif=tif, group=name, lots=10)
            number = type(order.client_order_id)(order.client_order_id + ((epoch - 1) << 34))
            orders.append(replace(order, client_order_id=number))
        self.put(GroupOpened(name, NAME, self.pick(*Purpose), tuple(orders), Durability.DURABLE, self.now_ns))

    def word(self) -> None:
        number = self.pick(*self.durable.orders)
        entry, now_ns = self.durable.orders[number], self.now_ns
        order = entry.order
        fill = Fill(
            FillId(str(self.pick(*range(99)))), number, order.instrument_key, order.side, 100,
            self.pick(1, 3, 10), Liquidity.TAKER, Decimal("0.1"), self.pick(USDT, SPOT.base), now_ns, now_ns,
        )  # fmt: skip
        end = self.pick(OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED)
        said = self.pick(
            OrderAcked(number, VenueOrderId("v"), now_ns, now_ns),
            OrderRejected(number, "1", "no", now_ns, now_ns),
            OrderLost(number, "timeout", now_ns),
            OrderAbsent(number, 3, now_ns),
            OrderDone(number, end, "", now_ns, now_ns),
            OrderAmended(number, self.pick(100, 200), self.pick(10, 20), now_ns, now_ns),
            AmendRefused(number, "1", "no", now_ns),
            AmendLost(number, "timeout", now_ns),
            fill,
            fill,
            CancelOpened(number, "enough", now_ns),
            AmendOpened(replace(order, price_ticks=200, lots=20), now_ns),
            OrderReissued(replace(order, client_order_id=next_attempt(number)), number, now_ns),
        )
        if isinstance(said, AmendOpened) and (not entry.is_open or entry.amendment is not None):
            return
        if isinstance(said, OrderReissued):
            last = unpack_client_id(number).attempt >= 3
            if (
                entry.state is not OrderState.UNKNOWN
                or last
                or said.order.client_order_id in self.durable.orders
            ):
                return
        self.put(said if isinstance(said, JournalRecord) else Heard(said))

    def money(self) -> None:
        transfer = TransferId(str(self.pick(*range(9))))
        market = self.pick(SPOT.market, PERPETUAL.market)
        self.put(Heard(Transfer(transfer, market, USDT, Decimal(5), self.now_ns, self.now_ns)))

    def switch(self) -> None:
        scope = KillScope.parse(self.pick(*SCOPES))
        key, now_ns = self.pick(SPOT.key, PERPETUAL.key), self.now_ns
        self.sequence += 1
        adopted = an_order(self.sequence, instrument_key=key, group=None)
        self.put(
            self.pick(
                KillMoved(scope, self.pick(*KillState), "me", "drill", now_ns),
                FreezeMoved(key, self.pick("", "why"), "me", now_ns),
                LimitsSet(self.pick(1, 2), "digest", "text", "me", now_ns),
                OrderAdopted(adopted, VenueOrderId("a"), now_ns),
                EquityMarked(scope, 1, Decimal(1), Decimal(self.pick(2, 3)), Decimal(-1), now_ns),
            )
        )

    def run(self) -> None:
        self.put(RunOpened(3, 7, self.durable.counter.epoch + 1, "b", "1", self.now_ns))


@st.composite
def journals(draw: Any) -> list[JournalRecord]:
    story = Story(draw)
    for _ in range(draw(st.integers(0, 40))):
        story.go_on()
    return story.records


@settings(max_examples=150, deadline=None)
@given(journals(), st.data())
def test_a_snapshot_and_its_tail_give_what_the_whole_journal_gives(
    records: list[JournalRecord], data: st.DataObject
) -> None:
    whole = recovered(None, records)
    cut = data.draw(st.integers(0, len(records)))
    told = decode(encode(recovered(None, records[:cut]).image()))
    behind = recovered(told, records[cut:])
    assert behind.image() == whole.image()
    assert behind.state_hash() == whole.state_hash()


@settings(max_examples=50, deadline=None)
@given(journals())
def test_a_journal_that_was_encoded_gives_the_same(records: list[JournalRecord]) -> None:
    content = msgspec.msgpack.encode(records)
    again = msgspec.msgpack.decode(content, type=list[JournalRecord])
    assert recovered(None, again).state_hash() == recovered(None, records).state_hash()


@settings(max_examples=50, deadline=None)
@given(journals())
def test_what_is_open_and_what_is_counted_agree(records: list[JournalRecord]) -> None:
    durable = recovered(None, records)
    counted: dict[Any, int] = {}
    for entry in durable.working.values():
        counted[entry.order.instrument_key] = counted.get(entry.order.instrument_key, 0) + 1
    assert durable.book.at_work == counted
    for group in durable.groups.open.values():
        assert any(each in durable.working for each in group.orders)
    durable.ledger.check()


CHILD = """
from tests.engine.test_recovery import fixed_story
print(fixed_story().state_hash())
"""


def fixed_story() -> Durable:
    """A state with several of everything that is kept in sets and dictionaries."""
    desk = OrderDesk()
    desk.ready()
    for scope in SCOPES:
        desk.desk.durable.apply(KillMoved(KillScope.parse(scope), KillState.KILLED, "me", "drill", 1))
    for key in (SPOT.key, PERPETUAL.key):
        desk.desk.durable.apply(FreezeMoved(key, "why", "me", 1))
    return desk.desk.durable


def test_the_hash_does_not_depend_on_the_seed_of_hashes() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", CHILD], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{fixed_story().state_hash()}\n".encode()}


def test_memory_is_bounded_by_the_times_of_the_records() -> None:
    durable = recovered(None, [RunOpened(3, 7, 1, "a", "1", 0), InstrumentsListed((SPOT,), 0)])
    sizes = []
    for number in range(1, 5_000):
        now_ns = number * SECOND
        order = an_order(number, group=GroupId(f"g-{number}"))
        durable.apply(GroupOpened(order.group, NAME, Purpose.OPEN, (order,), Durability.FAST, now_ns))  # type: ignore[arg-type]
        durable.apply(Heard(OrderRejected(order.client_order_id, "1", "no", 0, now_ns)))
        sizes.append(len(durable.orders))
    assert max(sizes) == sizes[-1] == ENDED_KEPT_NS // SECOND + 1
    assert len(durable.ended) == len(durable.orders)
    assert durable.counter.sequence == 4_999


def test_memory_is_bounded_by_number_when_orders_come_fast() -> None:
    durable = recovered(None, [RunOpened(3, 7, 1, "a", "1", 0), InstrumentsListed((SPOT,), 0)])
    sizes = set()
    for number in range(1, ENDED_ORDERS_MAX + 2_000):
        order, now_ns = an_order(number), number * 1_000
        durable.apply(OrderAdopted(order, VenueOrderId("a"), now_ns))
        durable.apply(Heard(OrderDone(order.client_order_id, OrderState.CANCELED, "", 0, now_ns)))
        sizes.add(len(durable.orders))
    assert max(sizes) <= ENDED_ORDERS_MAX + 1


def test_each_run_has_an_epoch_of_its_own() -> None:
    desk = OrderDesk()
    desk.ready()
    first = desk.send()[0].client_order_id
    again = OrderDesk(past=recovered(None, desk.takes.records))
    assert again.desk.durable.working.keys() == {first}
    again.play(OrderDone(first, OrderState.EXPIRED, "", 0, again.now_ns))
    again.ready()
    second = again.send()[0].client_order_id
    assert (unpack_client_id(first).epoch, unpack_client_id(second).epoch) == (1, 2)


def test_the_past_of_another_shard_is_refused() -> None:
    with pytest.raises(JournalError, match="shard"):
        OrderDesk(past=recovered(None, [RunOpened(3, 8, 1, "a", "1", 1)]))


def test_a_snapshot_that_is_none_is_refused() -> None:
    with pytest.raises(JournalError, match="snapshot"):
        decode(b"\x80")


def test_only_what_has_changed_is_listed_again() -> None:
    desk = OrderDesk()
    assert [type(each).__name__ for each in desk.takes.records] == ["RunOpened", "InstrumentsListed"]
    again = OrderDesk(past=recovered(None, desk.takes.records))
    assert [type(each).__name__ for each in again.takes.records] == ["RunOpened"]


@pytest.mark.parametrize(
    ("tick", "lot", "price_ticks", "lots", "is_frozen"),
    [
        ("0.1", "0.1", 10, 10, False),
        ("10", "1", 1, 1, False),
        ("1", "10", 1, 1, True),
        ("0.3", "1", 4, 1, True),
    ],
)
def test_an_open_order_is_what_it_was_on_another_grid_or_its_instrument_is_frozen(
    tick: str, lot: str, price_ticks: int, lots: int, is_frozen: bool
) -> None:
    """One lot at a price of one tick, both of them ten times (or a tenth) of what they were."""
    desk = OrderDesk()
    desk.ready()
    (sent, *_) = desk.send()
    durable = desk.desk.durable
    key = sent.instrument_key
    known = durable.instruments[key]
    entry = durable.working[sent.client_order_id]
    scale = 10 if tick == "10" else 1
    durable.book.entries[sent.client_order_id].order = replace(
        entry.order, price_ticks=scale, lots=1, trigger_ticks=0, display_lots=0
    )
    step, size = known.price_grid.step, known.size_grid.step
    listed = replace(
        known,
        price_grid=Grid.of(step * Decimal(tick)),
        size_grid=Grid.of(size * Decimal(lot)),
    )
    facts = durable.apply(InstrumentsListed((listed,), desk.now_ns))
    order = durable.working[sent.client_order_id].order
    assert (order.price_ticks, order.lots) == (price_ticks, lots)
    assert (key in durable.frozen) is is_frozen
    assert bool(facts) is is_frozen
    if not is_frozen:
        was = known.price_grid.step * scale, known.size_grid.step
        assert (listed.price_grid.step * price_ticks, listed.size_grid.step * lots) == was
