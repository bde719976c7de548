"""What OKX's answers about orders and fills are read as, over REST and over the order line alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.okx_desk import (
    CLIENT_ID,
    CLIENT_TEXT,
    LOCAL_NS,
    approved,
    dialect,
    reply,
)
from trimaran.domain.account import Liquidity, VenueOrderId
from trimaran.domain.instrument import Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.venues.wire.asks import (
    AmendOrder,
    CancelledAll,
    CancelMany,
    CancelOrder,
    CancelTaken,
    FillHistory,
    OpenOrders,
    OrderHistory,
    OrderRef,
    Placed,
    PlaceOrder,
    QueryOrder,
)
from trimaran.venues.wire.fault import VenueFault

SYMBOL = Symbol("BTC-USDT")
MINE = OrderRef(SYMBOL, CLIENT_ID)
THEIRS = OrderRef(SYMBOL, CLIENT_ID, VenueOrderId("312269865356374016"))
ALGO = OrderRef(SYMBOL, CLIENT_ID, VenueOrderId("algo:681096944655273984"))
WAITING = OrderRef(SYMBOL, CLIENT_ID, triggered=True)

ACK = {"clOrdId": CLIENT_TEXT, "ordId": "312269865356374016", "sCode": "0", "sMsg": "", "ts": "1695190491421"}
ORDER = {
    "instId": "BTC-USDT", "ordId": "312269865356374016", "clOrdId": CLIENT_TEXT, "side": "buy",
    "ordType": "post_only", "px": "60400.5", "sz": "0.015", "accFillSz": "0.005", "avgPx": "60400.5",
    "state": "partially_filled", "reduceOnly": "false", "cTime": "1695190491421", "uTime": "1695190491999",
}  # fmt: skip


def test_many_cancels_are_taken_or_some_of_them_failed() -> None:
    ask = CancelMany((MINE, THEIRS))
    assert dialect().read(ask, reply(ACK, ACK), LOCAL_NS) == CancelledAll(2)
    with pytest.raises(VenueFault):
        dialect().read(ask, reply(ACK, {**ACK, "sCode": "51400", "sMsg": "it has ended"}), LOCAL_NS)


def test_an_accepted_order_is_no_fill() -> None:
    assert dialect().read(PlaceOrder(approved()), reply(ACK), LOCAL_NS) == Placed(
        CLIENT_ID, VenueOrderId("312269865356374016")
    )
    amended = dialect().read(AmendOrder(approved()), reply({**ACK, "clOrdId": ""}), LOCAL_NS)
    assert amended == Placed(CLIENT_ID, VenueOrderId("312269865356374016"))
    assert dialect().read(CancelOrder(MINE), reply(ACK), LOCAL_NS) == CancelTaken()


def test_an_accepted_algo_order_has_an_id_of_another_kind() -> None:
    ask = PlaceOrder(approved(order_type=OrderType.STOP_MARKET, trigger_ticks=1))
    row = {"algoId": "12345689", "clOrdId": "", "algoClOrdId": CLIENT_TEXT, "sCode": "0", "sMsg": ""}
    assert dialect().read(ask, reply(row), LOCAL_NS) == Placed(CLIENT_ID, VenueOrderId("algo:12345689"))


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"state": "live", "accFillSz": "0", "avgPx": ""}, OrderState.ACKED, ""),
        ({"state": "live"}, OrderState.PARTIALLY_FILLED, ""),
        ({}, OrderState.PARTIALLY_FILLED, ""),
        ({"state": "filled"}, OrderState.FILLED, ""),
        ({"state": "canceled", "cancelSource": "1"}, OrderState.CANCELED, "cancelled by the user"),
        ({"state": "canceled", "cancelSource": ""}, OrderState.CANCELED, ""),
        ({"state": "canceled", "cancelSource": "20"}, OrderState.CANCELED, "dead-man switch"),
        ({"state": "canceled", "cancelSource": "13"}, OrderState.EXPIRED, "fill-or-kill could not be filled"),
        ({"state": "canceled", "cancelSource": "14"}, OrderState.EXPIRED, "remainder of immediate-or-cancel"),
        ({"state": "canceled", "cancelSource": "31"}, OrderState.EXPIRED, "post-only would take"),
        ({"state": "canceled", "cancelSource": "32"}, OrderState.EXPIRED, "self-trade prevention"),
        ({"state": "canceled", "cancelSource": "77"}, OrderState.EXPIRED, "cancelSource 77"),
        ({"state": "mmp_canceled"}, OrderState.EXPIRED, "market-maker protection"),
    ],
)
def test_states(changes: dict[str, str], state: OrderState, reason: str) -> None:
    report = dialect().read(QueryOrder(MINE), reply({**ORDER, **changes}), LOCAL_NS)
    assert (report.state, report.reason) == (state, reason)
    assert report.average_price == (Decimal("60400.5") if report.filled_lots else None)


def test_an_order_is_read_whole() -> None:
    report = dialect().read(QueryOrder(MINE), reply(ORDER), LOCAL_NS)
    assert (report.instrument_key, report.venue_order_id) == ("okx.spot:BTC-USDT", "312269865356374016")
    assert (report.client_order_id, report.client_text) == (CLIENT_ID, CLIENT_TEXT)
    assert (report.side, report.order_type, report.tif) == (Side.BUY, OrderType.LIMIT, TimeInForce.POST_ONLY)
    assert (report.price_ticks, report.lots, report.filled_lots) == (604_005, 1_500_000, 500_000)
    assert (report.created_ns, report.venue_ns) == (1_695_190_491_421_000_000, 1_695_190_491_999_000_000)
    assert report.local_ns == LOCAL_NS


def test_a_strangers_order_keeps_its_text() -> None:
    report = dialect().read(QueryOrder(THEIRS), reply({**ORDER, "clOrdId": "oktswap6"}), LOCAL_NS)
    assert (report.client_order_id, report.client_text) == (None, "oktswap6")


def test_an_order_by_value_has_no_lots() -> None:
    row = {**ORDER, "ordType": "market", "px": "", "sz": "100.123456789", "tgtCcy": "quote_ccy"}
    report = dialect().read(QueryOrder(MINE), reply(row), LOCAL_NS)
    assert (report.order_type, report.lots, report.price_ticks) == (OrderType.MARKET, 0, 0)
    by_size = dialect().read(QueryOrder(MINE), reply({**row, "sz": "1", "tgtCcy": "base_ccy"}), LOCAL_NS)
    assert by_size.lots == 100_000_000


def test_the_answer_must_be_of_the_order_that_was_asked_for() -> None:
    for ask, row in (
        (QueryOrder(MINE), {**ORDER, "clOrdId": "082001G000030"}),
        (QueryOrder(THEIRS), {**ORDER, "ordId": "1"}),
        (QueryOrder(MINE), {**ORDER, "instId": "XRP-USDT"}),
    ):
        with pytest.raises(VenueFault, match="expected order"):
            dialect().read(ask, reply(row), LOCAL_NS)


ALGO_ROW = {
    "instId": "BTC-USDT", "algoId": "681096944655273984", "algoClOrdId": CLIENT_TEXT, "side": "sell",
    "ordType": "conditional", "state": "live", "sz": "0.015", "slTriggerPx": "59000", "slOrdPx": "-1",
    "tpTriggerPx": "", "tpOrdPx": "", "cTime": "1708658165774", "uTime": "1708679675245", "failCode": "",
    "ordId": "", "ordIdList": [], "reduceOnly": "true",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "order_type", "trigger", "price"),
    [
        ({}, OrderType.STOP_MARKET, 590_000, 0),
        ({"slOrdPx": "58999.9"}, OrderType.STOP_LIMIT, 590_000, 589_999),
        ({"slTriggerPx": "", "tpTriggerPx": "61000", "tpOrdPx": "-1"},
         OrderType.TAKE_PROFIT_MARKET, 610_000, 0),
        ({"slTriggerPx": "", "tpTriggerPx": "61000", "tpOrdPx": "61001"},
         OrderType.TAKE_PROFIT_LIMIT, 610_000, 610_010),
        ({"slTriggerPx": "", "slOrdPx": "", "triggerPx": "100", "ordPx": "-1"},
         OrderType.STOP_MARKET, 1_000, 0),
    ],
)  # fmt: skip
def test_waiting_orders(changes: dict[str, str], order_type: OrderType, trigger: int, price: int) -> None:
    (report,) = dialect().read(OpenOrders(None, triggered=True), reply({**ALGO_ROW, **changes}), LOCAL_NS)
    assert (report.order_type, report.trigger_ticks, report.price_ticks) == (order_type, trigger, price)
    assert (report.state, report.venue_order_id) == (OrderState.ACKED, "algo:681096944655273984")
    assert (report.client_order_id, report.lots, report.reduce_only) == (CLIENT_ID, 1_500_000, True)


def test_a_triggered_order_is_told_by_the_id_of_what_came_of_it() -> None:
    row = {**ALGO_ROW, "state": "effective", "ordIdList": ["98192973880283"]}
    for ref in (ALGO, WAITING):
        report = dialect().read(QueryOrder(ref), reply(row), LOCAL_NS)
        assert (report.state, report.venue_order_id) == (OrderState.ACKED, "98192973880283")


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"state": "canceled"}, OrderState.CANCELED, ""),
        ({"state": "order_failed", "failCode": "51008"}, OrderState.EXPIRED, "not placed: 51008"),
    ],
)
def test_algo_orders_end(changes: dict[str, str], state: OrderState, reason: str) -> None:
    report = dialect().read(QueryOrder(ALGO), reply({**ALGO_ROW, **changes}), LOCAL_NS)
    assert (report.state, report.reason) == (state, reason)


def test_lists_leave_out_what_the_desk_does_not_know_and_are_oldest_first() -> None:
    rows = [{**ORDER, "ordId": "3"}, {**ORDER, "instId": "XRP-USDT"}, {**ORDER, "ordId": "1"}]
    opened = dialect().read(OpenOrders(None), reply(*rows), LOCAL_NS)
    ended = dialect().read(OrderHistory(SYMBOL), reply(*rows), LOCAL_NS)
    assert [each.venue_order_id for each in opened] == ["3", "1"]
    assert [each.venue_order_id for each in ended] == ["1", "3"]


def test_a_full_page_of_open_orders_is_not_taken_for_the_whole() -> None:
    rows = [{**ORDER, "ordId": str(number)} for number in range(1, 101)]
    assert len(dialect().read(OpenOrders(SYMBOL), reply(*rows[:99]), LOCAL_NS)) == 99
    assert len(dialect().read(OpenOrders(SYMBOL, page=1), reply(*rows), LOCAL_NS)) == 100
    with pytest.raises(VenueFault, match="less than a page of 100"):
        dialect().read(OpenOrders(SYMBOL), reply(*rows), LOCAL_NS)


FILL = {
    "instId": "BTC-USDT", "ordId": "680800019749904384", "clOrdId": CLIENT_TEXT, "tradeId": "744876980",
    "side": "sell", "fillPx": "51858", "fillSz": "0.00192834", "execType": "M", "fee": "-0.0799",
    "feeCcy": "USDT", "fillTime": "1708587373361", "ts": "1708587373362",
}  # fmt: skip


@pytest.mark.parametrize(("told", "fee"), [("-0.0799", "0.0799"), ("0.0012", "-0.0012"), ("0", "0")])
def test_charges_are_positive_and_rebates_negative(told: str, fee: str) -> None:
    (fill,) = dialect().read(FillHistory(SYMBOL), reply({**FILL, "fee": told}), LOCAL_NS)
    assert fill.fee == Decimal(fee)
    assert (fill.fee_asset, fill.liquidity, fill.side) == ("USDT", Liquidity.MAKER, Side.SELL)
    assert (fill.fill_id, fill.price_ticks, fill.lots) == ("744876980", 518_580, 192_834)
    assert fill.venue_ns == 1_708_587_373_361_000_000


def test_a_fill_without_a_fee_says_so() -> None:
    (fill,) = dialect().read(FillHistory(SYMBOL), reply({**FILL, "fee": "", "feeCcy": ""}), LOCAL_NS)
    assert (fill.fee, fill.fee_asset) == (None, "USDT")


def test_a_fill_of_spot_earns_nothing_by_itself() -> None:
    (fill,) = dialect().read(FillHistory(SYMBOL), reply({**FILL, "fillPnl": "0"}), LOCAL_NS)
    assert fill.realised is None


def test_fills_of_one_order_are_found_by_our_id_too() -> None:
    rows = reply({**FILL, "tradeId": "3"}, {**FILL, "clOrdId": "", "tradeId": "2"}, {**FILL, "tradeId": "1"})
    found = dialect().read(FillHistory(SYMBOL, ref=MINE), rows, LOCAL_NS)
    assert [each.fill_id for each in found] == ["1", "3"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"fillPx": ""}, "RANGE: fillPx"),
        ({"fillSz": "0"}, "RANGE: fillSz"),
        ({"fillPx": "51858.01"}, "OFF_GRID: fillPx"),
        ({"tradeId": ""}, "SCHEMA: tradeId"),
        ({"side": "hold"}, "SCHEMA: side"),
        ({"fee": "cheap"}, "SCHEMA: fee"),
        ({"fee": "NaN"}, "SCHEMA: fee"),
        ({"fee": "1e99"}, "RANGE: fee"),
        ({"feeCcy": ""}, "SCHEMA: feeCcy"),
        ({"fillTime": "yesterday"}, "SCHEMA: fillTime"),
        ({"fillSz": 1}, r"SCHEMA: data\[1\].fillSz"),
        ({"ordId": None}, r"SCHEMA: data\[1\].ordId"),
    ],
)
def test_one_bad_row_refuses_the_list_and_is_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(VenueFault, match=text) as caught:
        dialect().read(FillHistory(SYMBOL), reply(FILL, {**FILL, **changes}), LOCAL_NS)
    assert caught.value.fault.code == ""
