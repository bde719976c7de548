"""What Binance's account events say of orders, fills, balances and positions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.binance_account import (
    NOW_NS,
    OURS,
    OURS_TEXT,
)
from tests.support.binance_events import ALGO, EXECUTION, MS, ORDER, TIME, reply, spot, usdm
from trimaran.domain.account import Liquidity
from trimaran.domain.orders import OrderState
from trimaran.domain.reports import BalanceReport, FillReport, MarginMode, OrderReport, PositionReport
from trimaran.venues.wire.lines import (
    LineUnknown,
    Stale,
)

STATE = OrderState

# --- spot events --------------------------------------------------------------------------------------


def test_a_spot_order_is_taken() -> None:
    (report,) = spot()
    assert report == OrderReport(
        instrument_key=report.instrument_key, venue_order_id=report.venue_order_id, client_order_id=OURS,
        client_text=OURS_TEXT, state=STATE.ACKED, side=report.side, order_type=report.order_type,
        tif=report.tif, price_ticks=5_000_000, lots=1000, filled_lots=0, created_ns=(TIME - 5) * MS,
        venue_ns=TIME * MS, local_ns=NOW_NS,
    )  # fmt: skip
    assert (report.instrument_key, report.venue_order_id) == ("binance.spot:BTCUSDT", "77")


def test_a_spot_fill_comes_before_its_order() -> None:
    changes = {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.004", "z": "0.006", "L": "49999.99",
               "n": "0.0000004", "N": "BNB", "t": 5, "m": True, "Z": "300.00"}  # fmt: skip
    fill, report = spot(**changes)
    assert isinstance(fill, FillReport)
    assert (fill.fill_id, fill.lots, fill.price_ticks) == ("5", 400, 4_999_999)
    assert (fill.fee, fill.fee_asset, fill.liquidity) == (Decimal("4e-7"), "BNB", Liquidity.MAKER)
    assert (report.state, report.filled_lots, report.average_price) == (STATE.PARTIALLY_FILLED, 600, 50_000)
    free, _ = spot(**(changes | {"n": "0", "N": None}))
    assert (free.fee, free.fee_asset) == (0, "USDT")
    (unknown,) = reply(EXECUTION | changes | {"n": "1", "N": None})  # a fee of nobody knows what
    assert isinstance(unknown, LineUnknown)


ENDS = [
    ({"x": "CANCELED", "X": "CANCELED", "c": "web_123", "C": OURS_TEXT}, STATE.CANCELED, OURS, OURS_TEXT, ""),
    ({"x": "CANCELED", "X": "CANCELED", "c": OURS_TEXT, "C": "web_9"}, STATE.CANCELED, None, "web_9", ""),
    ({"x": "REPLACED", "c": "random", "C": OURS_TEXT, "q": "0.005"}, STATE.ACKED, OURS, OURS_TEXT, ""),
    ({"x": "REPLACED", "C": OURS_TEXT, "z": "0.001"}, STATE.PARTIALLY_FILLED, OURS, OURS_TEXT, ""),
    (
        {"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"},
        STATE.REJECTED, OURS, OURS_TEXT, "INSUFFICIENT_BALANCES",
    ),
    (
        {"x": "REJECTED", "X": "REJECTED", "o": "STOP_LOSS_LIMIT", "P": "49000", "r": "NO_FUNDS"},
        STATE.EXPIRED, OURS, OURS_TEXT, "NO_FUNDS",  # it had been taken before it was triggered
    ),
    (
        {"x": "EXPIRED", "X": "EXPIRED", "f": "IOC", "eR": "UNFILLED_IOC_QUANTITY_EXPIRED"},
        STATE.EXPIRED, OURS, OURS_TEXT, "UNFILLED_IOC_QUANTITY_EXPIRED",
    ),
    ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH", "v": 3}, STATE.EXPIRED, OURS, OURS_TEXT, ""),
    ({"X": "PENDING_NEW"}, STATE.ACKED, OURS, OURS_TEXT, ""),
    ({"c": "web_123", "C": ""}, STATE.ACKED, None, "web_123", ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "state", "ours", "text", "reason"), ENDS)
def test_what_becomes_of_a_spot_order(
    changes: dict[str, Any], state: OrderState, ours: int | None, text: str, reason: str
) -> None:
    (report,) = spot(**changes)
    assert isinstance(report, OrderReport)
    assert (report.state, report.client_order_id, report.client_text, report.reason) == (
        state,
        ours,
        text,
        reason,
    )


def test_spot_money() -> None:
    held = [{"a": "BTC", "f": "0.10000000", "l": "0.02000000"}, {"a": "USDT", "f": "0", "l": "0"}]
    btc, usdt = reply({"event": {"e": "outboundAccountPosition", "E": TIME, "u": TIME - 1, "B": held}})
    assert btc == BalanceReport(
        market=btc.market, asset=btc.asset, total=Decimal("0.12"), free=Decimal("0.1"),
        venue_ns=(TIME - 1) * MS, local_ns=NOW_NS,
    )  # fmt: skip
    assert (btc.market, btc.asset, usdt.total) == ("binance.spot", "BTC", 0)
    assert reply({"e": "balanceUpdate", "E": TIME, "a": "BTC", "d": "-1", "T": TIME}) == ()
    assert reply({"e": "listStatus", "E": TIME, "s": "BTCUSDT"}) == ()
    (stale,) = reply({"e": "externalLockUpdate", "E": TIME, "a": "BTC", "d": "-1", "T": TIME})
    assert isinstance(stale, Stale)


def test_instruments_of_others_say_nothing() -> None:
    assert spot(s="ETHUSDT") == ()
    assert usdm("ORDER_TRADE_UPDATE", o=ORDER | {"s": "ETHUSDT"}) == ()
    assert usdm("ALGO_UPDATE", o=ALGO | {"s": "ETHUSDT"}) == ()
    position = {"s": "ETHUSDT", "pa": "1", "ep": "1", "up": "0", "mt": "cross", "ps": "BOTH"}
    assert usdm("ACCOUNT_UPDATE", a={"m": "ORDER", "B": [], "P": [position]}) == ()


# --- USD-M events -------------------------------------------------------------------------------------


def test_a_usdm_order_and_its_fill() -> None:
    (report,) = usdm("ORDER_TRADE_UPDATE", o=ORDER)
    assert (report.state, report.client_order_id, report.venue_order_id) == (STATE.ACKED, OURS, "88")
    assert (report.price_ticks, report.lots, report.reduce_only) == (500_000, 10, True)
    traded = ORDER | {"x": "TRADE", "X": "FILLED", "l": "0.010", "z": "0.010", "L": "50000.1",
                      "ap": "50000.10", "n": "0.25", "N": "USDT", "t": 31, "rp": "-1.25"}  # fmt: skip
    fill, report = usdm("ORDER_TRADE_UPDATE", o=traded, fs="UM")
    assert (fill.fill_id, fill.lots, fill.price_ticks) == ("31", 10, 500_001)
    assert (fill.fee, fill.fee_asset, fill.client_order_id) == (Decimal("0.25"), "USDT", OURS)
    assert fill.realised == Decimal("-1.25")
    assert (report.state, report.average_price) == (STATE.FILLED, Decimal("50000.1"))
    liquidated = traded | {"x": "CALCULATED", "c": "autoclose-1568", "o": "LIQUIDATION", "ot": "LIQUIDATION"}
    fill, report = usdm("ORDER_TRADE_UPDATE", o=liquidated)
    assert (fill.client_order_id, report.client_text) == (None, "autoclose-1568")
    (amended,) = usdm("ORDER_TRADE_UPDATE", o=ORDER | {"x": "AMENDMENT", "p": "49999.5", "q": "0.02"})
    assert (amended.state, amended.price_ticks, amended.lots) == (STATE.ACKED, 499_995, 20)
    (expired,) = usdm("ORDER_TRADE_UPDATE", o=ORDER | {"x": "EXPIRED", "X": "EXPIRED", "f": "GTX"})
    assert expired.state is STATE.EXPIRED


def test_a_lite_fill_has_no_fee_yet() -> None:
    (fill,) = usdm("TRADE_LITE", s="BTCUSDT", q="0.010", p="50000", m=True, c=OURS_TEXT, S="BUY", L="50000.0",
                   l="0.004", t=31, i=88)  # fmt: skip
    assert (fill.fill_id, fill.fee, fill.fee_asset, fill.lots) == ("31", None, "", 4)
    assert fill.realised is None
    assert (fill.liquidity, fill.client_order_id) == (Liquidity.MAKER, OURS)


def test_usdm_money_and_positions() -> None:
    changes = {
        "m": "ORDER",
        "B": [{"a": "USDT", "wb": "122624.12345678", "cw": "100.12345678", "bc": "50.1"}],
        "P": [
            {"s": "BTCUSDT", "pa": "-0.020", "ep": "50000.0", "cr": "200", "up": "-1.5", "mt": "isolated",
             "iw": "0", "ps": "BOTH"},
        ],
    }  # fmt: skip
    balance, position = usdm("ACCOUNT_UPDATE", a=changes)
    assert (balance.total, balance.free) == (Decimal("122624.12345678"), None)
    assert isinstance(position, PositionReport)
    assert (position.lots, position.entry_price) == (-20, Decimal(50_000))
    assert position.unrealised == Decimal("-1.5")
    assert (position.margin_mode, position.venue_ns) == (MarginMode.ISOLATED, TIME * MS)
    closed = {"s": "BTCUSDT", "pa": "0", "ep": "0", "up": "0", "mt": "cross", "iw": "0", "ps": "BOTH"}
    (position,) = usdm("ACCOUNT_UPDATE", a={"m": "ORDER", "P": [closed]})
    assert position.lots == 0
    assert position.entry_price is position.unrealised is None
    (stale,) = usdm("ACCOUNT_UPDATE", a={"m": "ORDER", "P": [closed | {"ps": "LONG"}]})
    assert isinstance(stale, Stale)
    (stale,) = usdm("MARGIN_CALL", cw="3", p=[])
    assert isinstance(stale, Stale)
    assert usdm("ACCOUNT_CONFIG_UPDATE", ac={"s": "BTCUSDT", "l": 25}) == ()


ALGO_STATES = [
    ({"X": "NEW"}, STATE.ACKED),
    ({"X": "TRIGGERING"}, STATE.ACKED),
    ({"X": "TRIGGERED", "ai": "99"}, STATE.ACKED),
    ({"X": "TRIGGERED", "ai": "99", "aq": "0.004", "ap": "48999"}, STATE.PARTIALLY_FILLED),
    ({"X": "FINISHED", "ai": "99", "aq": "0.010", "ap": "48999"}, STATE.FILLED),
    ({"X": "FINISHED", "ai": "99", "aq": "0.004", "ap": "48999"}, STATE.CANCELED),
    ({"X": "CANCELED"}, STATE.CANCELED),
    ({"X": "EXPIRED"}, STATE.EXPIRED),
    ({"X": "REJECTED", "rm": "Reduce Only reject"}, STATE.EXPIRED),  # it had been taken before
]


@pytest.mark.parametrize(("changes", "state"), ALGO_STATES)
def test_what_becomes_of_an_order_that_waits(changes: dict[str, Any], state: OrderState) -> None:
    (report,) = usdm("ALGO_UPDATE", o=ALGO | changes)
    number = changes.get("ai") or "algo:2148719"
    assert (report.state, report.client_order_id, report.venue_order_id) == (state, OURS, number)
    assert (report.trigger_ticks, report.reduce_only) == (490_000, True)
    assert report.reason == changes.get("rm", "")


def test_the_order_that_comes_of_one_is_known_by_its_own_number() -> None:
    (waiting,) = usdm("ALGO_UPDATE", o=ALGO)
    (triggered,) = usdm("ALGO_UPDATE", o=ALGO | {"X": "TRIGGERED", "ai": "99"})
    child = ORDER | {"c": "x-venue-made", "i": 99, "o": "MARKET", "ot": "STOP_MARKET", "p": "0"}
    (order,) = usdm("ORDER_TRADE_UPDATE", o=child)
    assert waiting.venue_order_id == "algo:2148719"
    assert triggered.venue_order_id == order.venue_order_id == "99"
    assert (triggered.client_order_id, order.client_order_id) == (OURS, None)
