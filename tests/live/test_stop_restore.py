"""Protective stops that a dead-man switch took away come back; those that we or a fill ended do not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trimaran.domain.client_id import ClientIdParts, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.facts import OrderApproved, OrderStateChanged
from trimaran.domain.instrument import InstrumentKey, MarketName, Side, Symbol
from trimaran.domain.orders import (
    IntentId,
    OrderEvent,
    OrderRequest,
    OrderState,
    OrderType,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.records import CancelOpened
from trimaran.live.stop_restore import GIVE_UP_NS, SETTLE_NS, Lapsed, ProtectiveStops, Restoring
from trimaran.strategies.port import Proposal

ARB = StrategyName("arb")
USDM = MarketName("binance.usdm")
KEY = InstrumentKey("binance.usdm:BTCUSDT")
SECOND = 1_000_000_000
FIRES = 1_000 * SECOND
LAPSE = Lapsed((USDM,), Symbol("BTCUSDT"), FIRES, FIRES + 30 * SECOND)


def stop(number: int = 1, **fields: Any) -> OrderRequest:
    order = OrderRequest(
        IntentId(f"i{number}"), pack_client_id(ClientIdParts(0, 0, 1, number)), KEY, Side.SELL, 90, 10,
        TimeInForce.GTC, ARB, None, reduce_only=True, created_ns=0, order_type=OrderType.STOP_MARKET,
        trigger_ticks=95,
    )  # fmt: skip
    return msgspec.structs.replace(order, **fields)


def ended(order: OrderRequest, local_ns: int, **fields: Any) -> OrderStateChanged:
    fact = OrderStateChanged(
        order.client_order_id, order.instrument_key, OrderState.ACKED, OrderEvent.CANCEL,
        OrderState.CANCELED, 0, "", local_ns,
    )  # fmt: skip
    return msgspec.structs.replace(fact, **fields)


def stops_with(*orders: OrderRequest) -> ProtectiveStops:
    stops = ProtectiveStops()
    for order in orders:
        stops.on_fact(OrderApproved(Approved(order), 0))
    return stops


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_stop_that_ended_while_we_were_silent_is_proposed_as_it_was(heard_first: bool) -> None:
    order, now = stop(), FIRES + 31 * SECOND
    stops = stops_with(order)
    happens = [lambda: stops.on_fact(ended(order, now, filled_lots=4)), lambda: stops.on_lapse(LAPSE)]
    for each in happens if heard_first else reversed(happens):
        assert stops.take(ARB, now) == ()
        each()
    (proposal,) = stops.take(ARB, now)
    (leg,) = proposal.legs
    assert (leg.lots, leg.trigger_ticks, leg.price_ticks, leg.side) == (6, 95, 90, Side.SELL)
    assert (leg.order_type, leg.tif, leg.reduce_only) == (OrderType.STOP_MARKET, TimeInForce.GTC, True)
    assert proposal.strategy == ARB
    assert stops.take(ARB, now + SECOND) == []  # it was taken
    assert stops.take(StrategyName("other"), now) == ()


@pytest.mark.parametrize(
    ("order", "fields", "restored"),
    [
        (stop(), {}, True),
        (stop(order_type=OrderType.TAKE_PROFIT_LIMIT), {}, True),
        (stop(), {"after": OrderState.EXPIRED}, True),
        (stop(), {"local_ns": FIRES - 1}, False),  # before it could fire
        (stop(), {"local_ns": LAPSE.until_ns + SETTLE_NS + 1}, False),
        (stop(), {"after": OrderState.FILLED, "filled_lots": 10}, False),
        (stop(), {"after": OrderState.REJECTED}, False),
        (stop(), {"filled_lots": 10}, False),
        (stop(reduce_only=False), {}, False),
        (stop(order_type=OrderType.LIMIT), {}, False),
        (stop(instrument_key=InstrumentKey("binance.usdm:ETHUSDT")), {}, False),
        (stop(instrument_key=InstrumentKey("okx.swap:BTCUSDT")), {}, False),
        (stop(instrument_key=InstrumentKey("okx.swap:BTCUSDT")), {"reason": "dead-man switch"}, True),
        (stop(), {"local_ns": FIRES - 1, "reason": "Cancel all after triggered"}, True),
    ],
)
def test_only_what_the_switch_took(order: OrderRequest, fields: dict[str, Any], restored: bool) -> None:
    stops = stops_with(order)
    fact = ended(order, **{"local_ns": FIRES + SECOND, **fields})
    stops.on_fact(fact)
    stops.on_lapse(LAPSE)
    assert len(stops.take(ARB, FIRES + 31 * SECOND)) == restored


@pytest.mark.parametrize("after", [OrderState.REJECTED, OrderState.NOT_PLACED])
def test_a_stop_that_was_restored_and_did_not_come_to_rest_is_proposed_again(after: OrderState) -> None:
    """Risk has let it pass, and the venue (or the last look before it) has not."""
    order, now = stop(), FIRES + 31 * SECOND
    stops = stops_with(order)
    stops.on_lapse(LAPSE)
    stops.on_fact(ended(order, now))
    assert len(stops.take(ARB, now)) == 1
    anew = stop(2)
    stops.on_fact(OrderApproved(Approved(anew), now))
    reissued = msgspec.structs.replace(stop(4), intent_id=anew.intent_id)
    stops.on_fact(OrderApproved(Approved(reissued), now))
    stops.on_fact(ended(anew, now, after=after))
    assert stops.take(ARB, now + 2 * SECOND) == []  # the next attempt is on its way
    stops.on_fact(ended(reissued, now + SECOND // 2, after=after))
    assert stops.take(ARB, now + SECOND // 2) == []  # not at once
    assert len(stops.take(ARB, now + 2 * SECOND)) == 1
    stops.on_fact(OrderApproved(Approved(stop(3)), now))
    stops.on_fact(ended(stop(3), now + GIVE_UP_NS, after=after))
    assert not stops.take(ARB, now + GIVE_UP_NS + 2 * SECOND)
    assert stops.given_up == 1


def test_a_stop_that_we_cancelled_is_not_lost() -> None:
    order, stops = stop(), stops_with(stop())
    stops.on_record(CancelOpened(order.client_order_id, "moved", 0))
    stops.on_fact(ended(order, FIRES + SECOND))
    stops.on_lapse(LAPSE)
    assert not stops.take(ARB, FIRES + 31 * SECOND)


class Inner:
    """A strategy that remembers."""

    def __init__(self) -> None:
        self.name = ARB
        self.refused: list[Proposal] = []

    def on_opportunity(self, opportunity: Any, desk: Any) -> Any:
        return ("opportunity", opportunity)

    def on_group_closed(self, closed: Any, desk: Any) -> Any:
        return ("closed", closed)

    def on_tick(self, now_ns: int, desk: Any) -> Any:
        return ("own wish",)

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        self.refused.append(proposal)


def test_a_strategy_proposes_what_it_lost_until_risk_takes_it_or_time_is_over() -> None:
    desk: Any = None
    order, inner, now = stop(), Inner(), FIRES + 31 * SECOND
    stops = stops_with(order)
    strategy = Restoring(inner, stops)
    assert strategy.on_tick(now, desk) == ("own wish",)
    stops.on_fact(ended(order, now))
    stops.on_lapse(LAPSE)
    for _ in range(3):  # the account is not reconciled yet
        proposal, own = strategy.on_tick(now, desk)
        assert own == "own wish"
        strategy.on_refused(proposal, "market_ready", now)
        assert strategy.on_tick(now, desk) == ("own wish",)
        now += SECOND
    assert len(strategy.on_tick(now, desk)) == 2
    assert strategy.on_tick(now + 2 * SECOND, desk) == ("own wish",)
    assert inner.refused == []
    other: Any = Proposal(ARB, proposal.purpose, proposal.legs, None)
    strategy.on_refused(other, "size", now)
    assert inner.refused == [other]
    assert strategy.on_opportunity(1, desk) == ("opportunity", 1)
    assert strategy.on_group_closed(2, desk) == ("closed", 2)
    strategy.on_refused(proposal, "position", now)
    assert strategy.on_tick(now + GIVE_UP_NS, desk) == ("own wish",)
    assert stops.given_up == 1
