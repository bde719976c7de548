"""What an account is asked for at the start, from what the journal knows."""

from __future__ import annotations

from decimal import Decimal

from tests.support.instruments import SPOT
from tests.support.order_desk import USDT, an_order
from trimaran.domain.account import Fill, FillId, Liquidity, VenueOrderId
from trimaran.domain.instrument import Side
from trimaran.domain.orders import TimeInForce
from trimaran.domain.records import Heard, InstrumentsListed, OrderAdopted, RunOpened
from trimaran.domain.venue_law import SECOND
from trimaran.engine.durable import Durable
from trimaran.engine.recovery import recovered
from trimaran.live.run_accounts import MARGIN_NS, asked_since_ns

DAY_NS = 86_400 * SECOND


def rested(days: int) -> Durable:
    """An order has rested since the first day, on an instrument that traded once an hour since."""
    order = an_order(1, tif=TimeInForce.GTC, created_ns=DAY_NS)
    durable = recovered(None, [RunOpened(3, 7, 1, "a", "1", DAY_NS), InstrumentsListed((SPOT,), DAY_NS)])
    durable.apply(OrderAdopted(order, VenueOrderId("a"), DAY_NS))
    for hour in range(24 * days):
        at_ns = DAY_NS + hour * 3_600 * SECOND
        durable.apply(
            Heard(
                Fill(
                    FillId(str(hour)), an_order(2).client_order_id, SPOT.key, Side.BUY, 6_000_000, 1,
                    Liquidity.MAKER, Decimal(0), USDT, at_ns, at_ns,
                )
            )
        )  # fmt: skip
    return durable


def test_fills_are_asked_for_since_the_oldest_open_order() -> None:
    assert asked_since_ns(rested(0)) == DAY_NS - MARGIN_NS
    assert asked_since_ns(rested(1)) == DAY_NS - MARGIN_NS


def test_fills_that_the_ledger_has_forgotten_are_not_asked_for() -> None:
    durable = rested(4)
    since_ns = asked_since_ns(durable)
    assert since_ns == durable.ledger.remembered_ns(SPOT.key) > DAY_NS
    assert since_ns < durable.now_ns - DAY_NS // 2


def test_a_desk_without_a_past_asks_for_nothing_in_particular() -> None:
    assert asked_since_ns(recovered(None, ())) == 0
