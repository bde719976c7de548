"""A desk that lost its journal, or the end of it: it repeats no id, and knows its orders and their fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.engine.test_reconcile import report
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import USDT, OrderDesk, an_order
from trimaran.base.limits import ENDED_ORDERS_MAX
from trimaran.domain.account import Adjusted, Fill, FillId, Liquidity, OrderDone, VenueOrderId
from trimaran.domain.client_id import (
    ClientIdCounter,
    ClientIdParts,
    ClientOrderId,
    pack_client_id,
    unpack_client_id,
)
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.facts import FillBooked, FillRepeated
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState
from trimaran.domain.records import Heard, InstrumentsListed, OrderAdopted, RunOpened
from trimaran.domain.reports import PositionReport
from trimaran.domain.venue_law import SECOND
from trimaran.engine.desk import Desk
from trimaran.engine.image import decode, encode
from trimaran.engine.orders import STRAYS_MAX
from trimaran.engine.recovery import begun, recovered
from trimaran.ledger.compare import DifferenceKind, OurView, compare
from trimaran.ledger.compare_orders import ADOPTED
from trimaran.native._hot import Hot

NOW_NS = 1_796_132_000 * SECOND


def test_a_desk_that_has_lost_its_journal_repeats_no_id() -> None:
    hour_ns = 3_600 * SECOND
    given: set[ClientOrderId] = set()
    for began_ns in (0, SECOND, 10 * SECOND, hour_ns, hour_ns + SECOND, 30 * hour_ns):
        counter = ClientIdCounter(3, 7, 0)  # nothing is known of those before
        for restart in range(3):
            counter = counter.of_owner(NOW_NS + began_ns + restart * SECOND // 10)
            for _ in range(1_000):
                number, counter = counter.take()
                assert number not in given
                given.add(number)
    assert ClientIdCounter(3, 7, 5).of_owner(10**21).epoch < 1 << 16


def test_ids_go_on_behind_the_first_record() -> None:
    run = RunOpened(3, 7, 9, "a", "1", 1, 77)
    assert unpack_client_id(recovered(None, [run]).counter.take()[0]).sequence == 78


def test_orders_of_a_desk_that_has_lost_its_journal_are_its_own() -> None:
    number, _ = ClientIdCounter(3, 7, 0).of_owner(NOW_NS).take()
    desk = Desk(OrderDesk().desk.setup, Hot(), [], ClientIdCounter(3, 7, 0))
    begun(desk, recovered(None, ()), "later", "1", NOW_NS + SECOND)
    view = OurView(
        market=SPOT.market,
        counter=desk.durable.counter,
        margin_ns=0,
        instruments=desk.durable.instruments,
        orders={},
        balances={},
        positions={},
    )
    row = report(number, NOW_NS)
    found = compare(view, AccountSnapshot(SPOT.market, (row,), (), (), NOW_NS, NOW_NS))
    assert [each.kind for each in found.differences] == [DifferenceKind.ORDER_UNTRACKED]


def test_memory_is_bounded_while_a_clock_that_was_set_back_catches_up() -> None:
    ahead_ns = 86_400 * SECOND
    durable = recovered(None, [RunOpened(3, 7, 1, "a", "1", ahead_ns), InstrumentsListed((SPOT,), ahead_ns)])
    for number in range(1, ENDED_ORDERS_MAX + 200):
        order = an_order(number)
        durable.apply(OrderAdopted(order, VenueOrderId("a"), number))
        durable.apply(Heard(OrderDone(order.client_order_id, OrderState.CANCELED, "", 0, number)))
    assert len(durable.orders) <= ENDED_ORDERS_MAX + 1


def test_fills_without_an_order_survive_a_snapshot_and_are_bounded() -> None:
    durable = recovered(None, [RunOpened(3, 7, 1, "a", "1", 1), InstrumentsListed((SPOT,), 1)])
    for number in range(1, STRAYS_MAX + 10):
        durable.apply(
            Heard(
                Fill(
                    FillId(str(number)), an_order(number).client_order_id, SPOT.key, Side.BUY, 6_000_000, 1,
                    Liquidity.MAKER, Decimal(0), USDT, number, number,
                )
            )
        )  # fmt: skip
    again = recovered(decode(encode(durable.image())), ())
    assert list(again.book.strays.items()) == list(durable.book.strays.items())
    assert len(again.book.strays) == STRAYS_MAX
    assert again.state_hash() == durable.state_hash()


def a_fill(number: int, venue_ns: int, local_ns: int, **changes: Any) -> Fill:
    """A fill of 10 lots of an order of the last epoch, which this journal has never heard of."""
    fields: dict[str, Any] = {
        "fill_id": FillId(str(number)),
        "client_order_id": pack_client_id(ClientIdParts(3, 7, 0, 5)),
        "instrument_key": SPOT.key,
        "side": Side.BUY,
        "price_ticks": 6_000_000,
        "lots": 10,
        "liquidity": Liquidity.MAKER,
        "fee": Decimal(1),
        "fee_asset": USDT,
        "venue_ns": venue_ns,
        "local_ns": local_ns,
    }
    return Fill(**{**fields, **changes})


def test_fills_of_before_the_opening_are_in_it_and_are_not_booked_again() -> None:
    desk = OrderDesk()
    early = a_fill(1, desk.now_ns - 60 * SECOND, desk.now_ns)
    late = a_fill(2, desk.now_ns - 50 * SECOND, desk.now_ns)
    swap = a_fill(3, desk.now_ns - 50 * SECOND, desk.now_ns, instrument_key=PERPETUAL.key)
    desk.play(early, swap)
    ledger = desk.desk.durable.ledger
    assert not ledger.balances
    assert not ledger.positions
    assert desk.desk.durable.book.strays
    desk.pass_ns(2 * SECOND)
    position = PositionReport(
        instrument_key=PERPETUAL.key,
        lots=10,
        entry_price=Decimal(60_000),
        venue_ns=desk.now_ns - 40 * SECOND,
        local_ns=desk.now_ns,
    )
    held = {USDT: "500", SPOT.base: "0.5"}
    for _ in range(2):
        desk.play(desk.snapshot(SPOT.market, held))
        desk.play(desk.snapshot(PERPETUAL.market, {USDT: "70"}, positions=[position]))
        told = desk.play(early, late, swap)
        assert all(isinstance(each, FillRepeated) and not each.conflict for each in told)
        desk.pass_ns(3 * SECOND)
    assert ledger.balances[SPOT.market, USDT] == 500
    assert ledger.balances[SPOT.market, SPOT.base] == Decimal("0.5")
    assert ledger.balances[PERPETUAL.market, USDT] == 70
    assert ledger.positions[PERPETUAL.key].lots == 10
    events = [each.event for each in desk.takes.records if isinstance(each, Heard)]
    assert not any(isinstance(each, Adjusted) for each in events)
    assert desk.desk.readiness.missing(SPOT.market) is None
    assert desk.desk.readiness.missing(PERPETUAL.market) is None
    again = recovered(decode(encode(desk.desk.durable.image())), ())
    assert again.opened == desk.desk.durable.opened
    assert again.state_hash() == desk.desk.durable.state_hash()


def test_what_an_unknown_order_fills_after_the_opening_is_booked() -> None:
    desk = OrderDesk()
    desk.ready()
    facts = desk.play(a_fill(1, desk.now_ns, desk.now_ns))
    assert any(isinstance(each, FillBooked) for each in facts)


def test_an_order_that_was_adopted_counts_its_fills_of_before_the_opening_and_books_none() -> None:
    desk = OrderDesk()
    order = an_order(5, lots=30, strategy=ADOPTED)
    number, durable = order.client_order_id, desk.desk.durable
    desk.pass_ns(2 * SECOND)
    desk.play(a_fill(1, desk.now_ns - 60 * SECOND, desk.now_ns, client_order_id=number))
    durable.apply(OrderAdopted(order, VenueOrderId("9"), desk.now_ns))
    desk.play(a_fill(2, desk.now_ns - 60 * SECOND, desk.now_ns, client_order_id=number))
    assert durable.orders[number].filled_lots == 20
    assert not durable.ledger.balances
    desk.pass_ns(2 * SECOND)
    terms: dict[str, Any] = {"lots": 30, "filled_lots": 20, "state": OrderState.PARTIALLY_FILLED}
    row = report(number, desk.now_ns, venue_order_id=VenueOrderId("9"), **terms)
    desk.play(desk.snapshot(SPOT.market, {USDT: "500"}, orders=[row]))
    desk.play(a_fill(3, desk.now_ns - 60 * SECOND, desk.now_ns, client_order_id=number))
    assert durable.orders[number].state is OrderState.FILLED
    assert dict(durable.ledger.balances) == {(SPOT.market, USDT): 500}


@pytest.mark.parametrize(
    ("changes", "frozen"),
    [({}, False), ({"lots": 11}, False), ({"lots": 12}, True), ({"price_ticks": 1}, True)],
)
def test_a_fill_that_is_told_again_with_other_terms_freezes_its_instrument(
    changes: dict[str, int], frozen: bool
) -> None:
    desk = OrderDesk()
    desk.ready()
    fill = a_fill(1, desk.now_ns, desk.now_ns)
    desk.play(fill)
    before = dict(desk.desk.durable.ledger.balances)
    desk.play(replace(fill, **changes))
    assert (SPOT.key in desk.desk.durable.frozen) is frozen
    assert dict(desk.desk.durable.ledger.balances) == before
