"""Each rule at its border: the last value that passes, the first that does not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, KillState, Refused
from trimaran.domain.instrument import Asset, Fees, Instrument, InstrumentKey, Side, Symbol
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName
from trimaran.risk.context import OpenOrder, RiskContext
from trimaran.risk.gate import gate
from trimaran.risk.limits import RiskLimits

Change = dict[str, Any]
Judge = Callable[..., str]
NOW_NS = 1_000_000_000_000
BTC, USDT = Asset("BTC"), Asset("USDT")
SELL: Change = {"side": Side.SELL}
LATER: Change = {"intent_id": IntentId("intent-2"), "client_order_id": ClientOrderId(32)}


@pytest.fixture
def judge(
    make_order: Callable[..., OrderRequest],
    make_context: Callable[..., RiskContext],
    make_limits: Callable[..., RiskLimits],
) -> Judge:
    """Asks the gate and answers "" or the name of the rule that refused."""

    def ask(order: Change = {}, context: Change = {}, limits: Change = {}) -> str:  # noqa: B006
        answer = gate(make_order(**order), make_context(**context), make_limits(**limits))
        if isinstance(answer, Approved):
            return ""
        assert isinstance(answer, Refused)
        assert answer.rule in answer.text
        return answer.rule

    return ask


@pytest.fixture
def on_perpetual(perpetual: Instrument) -> tuple[Change, Change]:
    """Changes that move the plain order (0.01 BTC) and its context to the perpetual."""
    order: Change = {"instrument_key": perpetual.key, "price_ticks": 500_000, "lots": 10}
    context: Change = {"instrument": perpetual, "bid_ticks": 499_990, "ask_ticks": 500_010}
    return order, context


# rule, changes of the order, of the context, of the limits, whether it passes
BORDERS: list[tuple[str, Change, Change, Change, bool]] = [
    ("well_formed", {"lots": 0}, {}, {}, False),
    ("well_formed", {"lots": -1_000}, {}, {}, False),
    ("well_formed", {"lots": SIZE_LOTS_MAX + 1}, {}, {}, False),
    ("max_lots", {"lots": SIZE_LOTS_MAX}, {}, {}, False),  # well formed: a cheap coin has many lots
    ("well_formed", {"price_ticks": PRICE_TICKS_MAX + 1}, {}, {}, False),
    ("well_formed", {"price_ticks": 0}, {}, {}, False),
    ("well_formed", {"price_ticks": -5_000_000}, {}, {}, False),
    ("well_formed", {"price_ticks": 10**40}, {}, {}, False),
    ("well_formed", {"instrument_key": InstrumentKey("binance.spot:ETHUSDT")}, {}, {}, False),
    ("well_formed", {"created_ns": NOW_NS + 1}, {}, {}, False),
    ("kill", {}, {"kill": KillState.KILLED}, {}, False),
    ("kill", {}, {"kill": KillState.REDUCE_ONLY}, {}, False),
    ("kill", {"reduce_only": True}, {"kill": KillState.KILLED}, {}, False),
    *(("stale_book", {}, {"book_status": status}, {}, False) for status in BookStatus if status != 2),
    ("stale_book", {}, {"bid_ticks": None}, {}, False),
    ("stale_book", {}, {"ask_ticks": None}, {}, False),
    ("stale_book", {}, {"bid_ticks": 5_000_100}, {}, False),
    ("stale_book", {}, {"bid_ticks": 5_000_099}, {}, True),
    ("quote_age", {}, {"quote_local_ns": NOW_NS - 1_000_000_000}, {}, True),
    ("quote_age", {}, {"quote_local_ns": NOW_NS - 1_000_000_001}, {}, False),
    ("quote_age", {}, {"quote_local_ns": NOW_NS + 1}, {}, False),
    ("price_collar", {"price_ticks": 5_025_000}, {}, {}, True),
    ("price_collar", {"price_ticks": 5_025_001}, {}, {}, False),
    ("price_collar", {"price_ticks": 4_975_000}, {}, {}, True),
    ("price_collar", {"price_ticks": 4_974_999}, {}, {}, False),
    ("price_collar", {}, {"fair_price": None}, {}, False),
    ("price_collar", {}, {"fair_price": Decimal(0)}, {}, False),
    ("price_collar", {}, {"fair_price": Decimal("NaN")}, {}, False),
    ("price_collar", {}, {"fair_price": Decimal("Infinity")}, {}, False),
    ("max_notional", {}, {}, {"order_notional_max": Decimal(500)}, True),
    ("max_notional", {}, {}, {"order_notional_max": Decimal("499.99")}, False),
    ("min_notional", {"lots": 10}, {}, {}, True),
    ("min_notional", {"lots": 9}, {}, {}, False),
    ("max_lots", {}, {}, {"order_lots_max": 1_000}, True),
    ("max_lots", {}, {}, {"order_lots_max": 999}, False),
    ("max_position", {}, {"position_lots": 199_000}, {}, True),
    ("max_position", {}, {"position_lots": 199_001}, {}, False),
    ("max_position", SELL, {"position_lots": -199_000}, {}, True),
    ("max_position", SELL, {"position_lots": -199_001}, {}, False),
    ("max_position", SELL, {"position_lots": 900_000}, {}, True),
    ("max_position", {}, {"exposure_base": Decimal("1.99")}, {}, True),
    ("max_position", {}, {"exposure_base": Decimal("1.990000001")}, {}, False),
    ("max_position", SELL, {"exposure_base": Decimal("-1.99")}, {}, True),
    ("max_position", SELL, {"exposure_base": Decimal("-1.990000001")}, {}, False),
    ("max_position", SELL, {"exposure_base": Decimal(50)}, {}, True),
    ("balance", {}, {"balances": {USDT: Decimal("500.5")}}, {}, True),
    ("balance", {}, {"balances": {USDT: Decimal("500.49999999")}}, {}, False),
    ("balance", {}, {"balances": {}}, {}, False),
    ("balance", {}, {"balances": {USDT: Decimal(-1)}}, {}, False),
    ("balance", SELL, {"balances": {BTC: Decimal("0.01")}}, {}, True),
    ("balance", SELL, {"balances": {BTC: Decimal("0.00999")}}, {}, False),
    ("reduce_only", {"reduce_only": True}, {}, {}, False),
]


@pytest.mark.parametrize(("rule", "order", "context", "limits", "passes"), BORDERS)
def test_borders(
    judge: Judge, rule: str, order: Change, context: Change, limits: Change, passes: bool
) -> None:
    assert judge(order, context, limits) == ("" if passes else rule)


def test_the_smallest_order_of_the_venue(
    judge: Judge,
    make_order: Callable[..., OrderRequest],
    make_context: Callable[..., RiskContext],
    make_limits: Callable[..., RiskLimits],
    spot: Instrument,
) -> None:
    picky = replace(spot, order_step=100, order_lots_min=1_000)
    assert judge({"lots": 1_000}, {"instrument": picky}) == ""
    assert judge({"lots": 900}, {"instrument": picky}) == "well_formed"
    refused = gate(make_order(lots=900), make_context(instrument=picky), make_limits())
    assert isinstance(refused, Refused)
    assert (refused.limit, refused.value) == ("at least 1000", "900")


def test_sizes_off_the_order_step(judge: Judge, spot: Instrument) -> None:
    coarse: Change = {"instrument": replace(spot, order_step=300)}
    assert judge({}, coarse) == "well_formed"
    assert judge({"lots": 900}, coarse) == ""


def test_open_orders_are_counted(judge: Judge, make_open: Callable[..., OpenOrder]) -> None:
    assert judge({}, {"open_orders": (make_open(),) * 4}) == ""
    assert judge({}, {"open_orders": (make_open(),) * 5}) == "open_orders"


def test_the_rate_counts_the_window_only(judge: Judge, make_order: Callable[..., OrderRequest]) -> None:
    def recent(age_ns: int) -> tuple[OrderRequest, ...]:
        changes = {"strategy": StrategyName("other"), "created_ns": NOW_NS - age_ns}
        return (make_order(**LATER, **changes),) * 3

    assert judge({}, {"recent_orders": recent(999_999_999)}) == "order_rate"
    assert judge({}, {"recent_orders": recent(1_000_000_000)}) == ""


def test_an_equal_order_within_the_window(judge: Judge, make_order: Callable[..., OrderRequest]) -> None:
    def recent(age_ns: int, **changes: Any) -> Change:
        return {"recent_orders": (make_order(created_ns=NOW_NS - age_ns, **LATER, **changes),)}

    assert judge({}, recent(499_999_999)) == "duplicate"
    assert judge({}, recent(500_000_000)) == ""
    assert judge({}, recent(0, price_ticks=5_000_001)) == ""
    assert judge({}, recent(0, strategy=StrategyName("other"))) == ""
    assert judge({}, recent(0), {"duplicate_window_ns": 0}) == ""


def test_a_repeated_id_at_any_time(judge: Judge, make_order: Callable[..., OrderRequest]) -> None:
    same_id = make_order(intent_id=IntentId("other"), price_ticks=1, created_ns=0)
    same_intent = make_order(client_order_id=ClientOrderId(32), price_ticks=1, created_ns=0)
    assert judge({}, {"recent_orders": (same_id,)}) == "duplicate"
    assert judge({}, {"recent_orders": (same_intent,)}) == "duplicate"


def test_the_next_attempt_of_an_order_that_was_not_placed(
    judge: Judge, make_order: Callable[..., OrderRequest], make_open: Callable[..., OpenOrder]
) -> None:
    first = make_order()
    second: Change = {"client_order_id": ClientOrderId(17)}
    assert judge(second, {"recent_orders": (first,)}) == ""
    assert judge({}, {"recent_orders": (make_order(**second),)}) == "duplicate"
    still_open = make_open(intent_id=first.intent_id, client_order_id=first.client_order_id)
    assert judge(second, {"open_orders": (still_open,)}) == "duplicate"


def test_open_orders_reserve_balances(judge: Judge, make_open: Callable[..., OpenOrder]) -> None:
    buying, selling = make_open(), make_open(side=Side.SELL)
    assert judge({}, {"open_orders": (buying,), "balances": {USDT: Decimal(1_001)}}) == ""
    assert judge({}, {"open_orders": (buying,), "balances": {USDT: Decimal("1000.99")}}) == "balance"
    assert judge({}, {"open_orders": (selling,), "balances": {USDT: Decimal("500.5")}}) == ""
    assert judge(SELL, {"open_orders": (selling,), "balances": {BTC: Decimal("0.02")}}) == ""
    assert judge(SELL, {"open_orders": (selling,), "balances": {BTC: Decimal("0.01999")}}) == "balance"


def test_the_dearer_fee_is_reserved_and_no_rebate_is_counted_on(judge: Judge, spot: Instrument) -> None:
    def with_fees(maker_e8: int, taker_e8: int, usdt: str) -> Change:
        return {
            "instrument": replace(spot, fees=Fees(maker_e8, taker_e8)),
            "balances": {USDT: Decimal(usdt)},
        }

    assert judge({}, with_fees(100_000, 0, "500.5")) == ""
    assert judge({}, with_fees(100_000, 0, "500.49")) == "balance"
    assert judge({}, with_fees(-10_000, -10_000, "500")) == ""
    assert judge({}, with_fees(-10_000, -10_000, "499.99")) == "balance"


def test_an_asset_is_base_here_and_quote_there(
    judge: Judge, make_open: Callable[..., OpenOrder], spot: Instrument
) -> None:
    ether = replace(spot, symbol=Symbol("ETHBTC"), base=Asset("ETH"), quote=BTC, fees=Fees(0, 0))
    buying_with_btc = make_open(instrument=ether, price_ticks=5, lots=10_000_000)  # 0.05 * 100 = 5 BTC
    assert judge(SELL, {"open_orders": (buying_with_btc,), "balances": {BTC: Decimal("5.01")}}) == ""
    assert judge(SELL, {"open_orders": (buying_with_btc,), "balances": {BTC: Decimal(5)}}) == "balance"


def test_other_markets_do_not_reserve(
    judge: Judge, make_open: Callable[..., OpenOrder], perpetual: Instrument
) -> None:
    elsewhere = make_open(instrument=perpetual, price_ticks=500_000, lots=10)
    assert judge({}, {"open_orders": (elsewhere,), "balances": {USDT: Decimal("500.5")}}) == ""


def test_open_orders_count_towards_positions(
    judge: Judge, make_open: Callable[..., OpenOrder], perpetual: Instrument
) -> None:
    buying, selling = make_open(), make_open(side=Side.SELL)
    at_limit: Change = {"position_lots": 198_000}
    assert judge({}, at_limit | {"open_orders": (buying,)}) == ""
    assert judge({}, {"position_lots": 198_001, "open_orders": (buying,)}) == "max_position"
    assert judge({}, {"position_lots": 199_001, "open_orders": (selling,)}) == "max_position"
    elsewhere = make_open(instrument=perpetual, price_ticks=500_000, lots=10)  # 0.01 BTC
    assert judge({}, {"exposure_base": Decimal("1.98"), "open_orders": (elsewhere,)}) == ""
    assert judge({}, {"exposure_base": Decimal("1.981"), "open_orders": (elsewhere,)}) == "max_position"


def test_margin(
    judge: Judge, on_perpetual: tuple[Change, Change], make_open: Callable[..., OpenOrder]
) -> None:
    order, context = on_perpetual  # notional 500, leverage 2, fee 0.25: 250.25
    assert judge(order, context | {"balances": {USDT: Decimal("250.25")}}) == ""
    assert judge(order, context | {"balances": {USDT: Decimal("250.24")}}) == "balance"
    waiting = make_open(instrument=context["instrument"], price_ticks=500_000, lots=10)
    both = context | {"open_orders": (waiting,)}
    assert judge(order, both | {"balances": {USDT: Decimal("500.5")}}) == ""
    assert judge(order, both | {"balances": {USDT: Decimal("500.49")}}) == "balance"


def test_reduce_only(
    judge: Judge, on_perpetual: tuple[Change, Change], make_open: Callable[..., OpenOrder]
) -> None:
    order, context = on_perpetual[0] | {"reduce_only": True} | SELL, on_perpetual[1] | {"balances": {}}
    assert judge(order, context | {"position_lots": 10}) == ""
    assert judge(order, context | {"position_lots": 9}) == "reduce_only"
    assert judge(order, context | {"position_lots": -10}) == "reduce_only"
    assert judge(order, context | {"position_lots": 10, "kill": KillState.REDUCE_ONLY}) == ""
    assert judge(order | {"lots": 1, "price_ticks": 500_000}, context | {"position_lots": 10}) == ""
    waiting = make_open(instrument=context["instrument"], price_ticks=500_000, lots=1, side=Side.SELL)
    assert judge(order, context | {"position_lots": 10, "open_orders": (waiting,)}) == "reduce_only"
    assert judge(order, context | {"position_lots": 11, "open_orders": (waiting,)}) == ""


def test_dust_of_a_perpetual_may_be_reduced_below_the_minimum(
    judge: Judge, on_perpetual: tuple[Change, Change]
) -> None:
    small: Change = {"instrument": replace(on_perpetual[1]["instrument"], min_notional=Decimal(100))}
    order, context = on_perpetual[0] | {"lots": 1} | SELL, on_perpetual[1] | small | {"position_lots": 1}
    assert judge(order, context) == "min_notional"
    assert judge(order | {"reduce_only": True}, context) == ""
