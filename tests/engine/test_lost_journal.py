"""A desk that lost its journal, or the end of it: it repeats no id, and knows its orders and their fills."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.test_reconcile import report
from tests.support.instruments import SPOT
from tests.support.order_desk import USDT, OrderDesk, an_order
from trimaran.base.limits import ENDED_ORDERS_MAX
from trimaran.domain.account import Fill, FillId, Liquidity, OrderDone, VenueOrderId
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId, unpack_client_id
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState
from trimaran.domain.records import Heard, InstrumentsListed, OrderAdopted, RunOpened
from trimaran.domain.venue_law import SECOND
from trimaran.engine.desk import Desk
from trimaran.engine.image import decode, encode
from trimaran.engine.orders import STRAYS_MAX
from trimaran.engine.recovery import begun, recovered
from trimaran.ledger.compare import DifferenceKind, OurView, compare
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
