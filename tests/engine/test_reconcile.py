"""A market is ready after its account was compared; what differs is told, corrected or asked about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.desk import only
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import BUY, LAW, SELL, USDT, OrderDesk, an_order
from trimaran.domain.account import (
    Adjusted,
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    PositionAdjusted,
    ProbeAbsent,
    Transfer,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientIdParts, ClientOrderId, pack_client_id
from trimaran.domain.commands import CompareAccount, ProbeOrder
from trimaran.domain.events import AccountUncertain
from trimaran.domain.facts import Discrepancy, InstrumentFrozen, MarketReady, OrderRefused, Purpose
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.records import Durability, GroupOpened, Heard, InstrumentsListed, OrderAdopted, RunOpened
from trimaran.domain.reports import OrderReport, PositionReport
from trimaran.domain.venue_law import SECOND
from trimaran.engine.recovery import recovered

MINE = pack_client_id(ClientIdParts(3, 7, 1, 5))
OTHER_SHARD = pack_client_id(ClientIdParts(3, 8, 1, 5))


def report(number: ClientOrderId | None, local_ns: int, **changes: Any) -> OrderReport:
    fields: dict[str, Any] = {
        "instrument_key": SPOT.key,
        "venue_order_id": VenueOrderId("77"),
        "client_order_id": number,
        "state": OrderState.ACKED,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "tif": TimeInForce.GTC,
        "price_ticks": 6_000_000,
        "lots": 1_000,
        "filled_lots": 0,
        "venue_ns": local_ns - 50 * SECOND,
        "local_ns": local_ns,
    }
    return OrderReport(**{**fields, **changes})


def money(desk: OrderDesk) -> list[Any]:
    return [each.event for each in desk.takes.records if isinstance(each, Heard)]


def test_nothing_is_sent_before_the_account_was_compared() -> None:
    desk = OrderDesk()
    assert desk.send(BUY) == []
    assert only(desk.facts, OrderRefused)[0].refused.rule == desk.asked.refusals[0]
    assert {fact.market: fact.ready for fact in only(desk.facts, MarketReady)} == {
        SPOT.market: False,
        PERPETUAL.market: False,
    }
    desk.ready()
    assert [fact.market for fact in only(desk.facts, MarketReady) if fact.ready] == [
        SPOT.market,
        PERPETUAL.market,
    ]
    assert desk.send(BUY) != []


def test_what_a_first_start_finds_is_brought_in() -> None:
    desk = OrderDesk()
    position = PositionReport(
        instrument_key=PERPETUAL.key,
        lots=-20,
        entry_price=Decimal(60_000),
        venue_ns=desk.now_ns - 50 * SECOND,
        local_ns=desk.now_ns,
    )
    desk.pass_ns(2 * SECOND)
    desk.play(desk.snapshot(PERPETUAL.market, {USDT: "500"}, positions=[position]))
    adjusted, opened = sorted(money(desk), key=lambda each: type(each).__name__)
    assert isinstance(opened, Transfer)
    assert opened.transfer_id.startswith("opening")
    assert isinstance(adjusted, PositionAdjusted)
    assert desk.desk.durable.ledger.positions[PERPETUAL.key].lots == -20
    assert desk.desk.durable.ledger.balances[PERPETUAL.market, USDT] == 500
    assert {fact.done for fact in only(desk.facts, Discrepancy)} == {
        "opened",
        "adjusted",
    }  # a position is worth an alarm


def test_a_second_comparison_finds_nothing() -> None:
    desk = OrderDesk()
    desk.ready()
    before = len(desk.takes.records)
    assert desk.ready() == []
    assert len(desk.takes.records) == before


def test_a_difference_of_money_is_booked_when_the_market_is_quiet_and_never_silently() -> None:
    desk = OrderDesk()
    desk.ready()
    desk.send(SELL)
    (sent,) = desk.desk.durable.working.values()
    facts = desk.play(desk.snapshot(PERPETUAL.market, {USDT: "100007"}))
    assert not any(isinstance(each, Adjusted) for each in money(desk))
    assert [fact.ready for fact in only(facts, MarketReady)] == [False]
    desk.play(OrderDone(sent.order.client_order_id, OrderState.EXPIRED, "", 0, desk.now_ns))
    before = len(desk.takes.commands)
    desk.pass_ns(LAW.quiet_ns + SECOND)
    assert any(isinstance(each, CompareAccount) for each in desk.takes.commands[before:])
    facts = desk.play(desk.snapshot(PERPETUAL.market, {USDT: "100007"}))
    (adjusted,) = [each for each in money(desk) if isinstance(each, Adjusted)]
    assert adjusted.amount == 7
    assert adjusted.evidence
    (told,) = only(facts, Discrepancy)
    assert (told.ours, told.theirs, told.done) == ("100000", "100007", "adjusted")
    assert [fact.ready for fact in only(facts, MarketReady)] == [True]


def test_an_order_of_ours_that_the_journal_lost_is_adopted() -> None:
    past = recovered(None, [RunOpened(3, 7, 1, "earlier", "1", 1)])
    desk = OrderDesk(past=past)
    rows = [report(MINE, desk.now_ns)]
    facts = desk.play(desk.snapshot(SPOT.market, {USDT: "0"}, rows))
    (adopted,) = [each for each in desk.takes.records if isinstance(each, OrderAdopted)]
    assert (adopted.order.client_order_id, adopted.order.group) == (MINE, None)
    assert desk.desk.durable.working[MINE].state is OrderState.ACKED
    assert [(f.kind, f.done) for f in only(facts, Discrepancy)] == [("order_untracked", "adopted")]
    fill = Fill(
        FillId("1"), MINE, SPOT.key, Side.BUY, 6_000_000, 1_000, Liquidity.MAKER, Decimal(0), USDT,
        desk.now_ns, desk.now_ns,
    )  # fmt: skip
    desk.play(fill)
    assert desk.desk.durable.orders[MINE].state is OrderState.FILLED


@pytest.mark.parametrize("number", [None, OTHER_SHARD])
def test_what_is_not_ours_is_told_once_and_left_alone(number: ClientOrderId | None) -> None:
    desk = OrderDesk()
    for _ in range(3):
        desk.pass_ns(2 * SECOND)
        desk.play(desk.snapshot(SPOT.market, {USDT: "0"}, [report(number, desk.now_ns)]))
    (told,) = only(desk.facts, Discrepancy)
    assert told.done == "reported"
    assert desk.desk.durable.orders == {}
    assert desk.desk.readiness.missing(SPOT.market) is None


def test_a_line_that_was_lost_stops_new_orders_until_the_next_comparison() -> None:
    desk = OrderDesk()
    desk.ready()
    facts = desk.play(AccountUncertain(SPOT.market, "the line was lost", desk.now_ns))
    assert [(f.market, f.ready, f.text) for f in only(facts, MarketReady)] == [
        (SPOT.market, False, "the line was lost")
    ]
    assert desk.send(BUY) == []
    assert desk.send(SELL) != []  # the other market is as it was
    desk.ready()
    assert desk.send(BUY) != []


def test_an_order_of_before_the_start_is_resolved_before_its_market_is_ready() -> None:
    order = an_order(group="g", lots=1_000)
    past = recovered(None, [RunOpened(3, 7, 1, "earlier", "1", 1), _listed(), _opened(order)])
    desk = OrderDesk(past=past)
    number = order.client_order_id
    desk.pass_ns(2 * SECOND)
    for market in (SPOT.market, PERPETUAL.market):
        desk.play(desk.snapshot(market, {USDT: "100000"}))
    assert desk.desk.readiness.missing(PERPETUAL.market) is None
    assert desk.desk.readiness.missing(SPOT.market) is not None
    assert desk.desk.durable.orders[number].state is OrderState.UNKNOWN
    for _ in range(400):
        asked = len(desk.takes.commands)
        desk.pass_ns(100_000_000)
        for command in desk.takes.commands[asked:]:
            if isinstance(command, ProbeOrder):
                desk.play(ProbeAbsent(number, desk.now_ns, desk.now_ns))
    assert desk.desk.durable.orders[number].state is OrderState.NOT_PLACED
    for _ in range(3):
        desk.pass_ns(2 * SECOND)
        desk.play(desk.snapshot(SPOT.market, {USDT: "100000"}))
    assert desk.desk.readiness.missing(SPOT.market) is None


def test_an_open_order_that_the_venue_does_not_list_is_asked_about() -> None:
    desk = OrderDesk()
    desk.ready()
    (order,) = desk.send(_resting())
    number = order.client_order_id
    desk.play(OrderAcked(number, VenueOrderId("1"), desk.now_ns, desk.now_ns))
    desk.pass_ns(20 * SECOND)
    for _ in range(3):
        desk.play(desk.snapshot(SPOT.market, {USDT: "100000"}))
        desk.pass_ns(3 * SECOND)
    assert any(isinstance(each, ProbeOrder) for each in desk.takes.commands)
    assert desk.send(BUY) == []
    desk.play(OrderDone(number, OrderState.CANCELED, "by hand", 0, desk.now_ns))
    desk.ready()
    assert only(desk.facts, InstrumentFrozen) == []
    assert desk.send(BUY) != []


def _resting() -> Any:
    return replace(BUY, tif=TimeInForce.GTC)


def _opened(order: Any) -> GroupOpened:
    return GroupOpened(order.group, order.strategy, Purpose.OPEN, (order,), Durability.DURABLE, 2)


def _listed() -> Any:
    return InstrumentsListed((SPOT, PERPETUAL), 1)
