"""Each rule at its border, on both cores: the last order that passes, the first that does not, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.risk_core import (
    ATTO,
    BTC,
    CORES,
    FAR,
    NOW_NS,
    PERPETUAL,
    SPOT,
    USDT,
    ask,
    furnish,
    limit,
    limit_scope,
)
from trimaran.domain.orders import OrderType, TimeInForce
from trimaran.risk.ask import Ask, whole
from trimaran.risk.core import RiskCore
from trimaran.risk.rules.catalogue import RULES
from trimaran.risk.tables import ACCOUNT, ALL, STRATEGY, VENUE, Tables
from trimaran.risk.twin import TwinCore

Change = dict[str, Any]
Prepare = Callable[[RiskCore], object]


def nothing(core: RiskCore) -> None: ...


def both(*steps: Prepare) -> Prepare:
    return lambda core: [step(core) for step in steps]


def opened(number: int, lots: int = 100, **changes: Any) -> Prepare:
    """An open order of ours: a purchase at 5,000 on spot that does not rest."""
    plain = {"instrument": SPOT, "strategy": 1, "side": 0, "price": 5_000, "rests": False, "reduces": False}
    row = plain | changes
    return lambda core: core.open(
        row["instrument"], row["strategy"], number * 16, row["side"], row["price"], lots, row["rests"],
        row["reduces"], False,
    )  # fmt: skip


def made(number: int, age_ns: int, attempt: int = 0, **changes: Any) -> Prepare:
    row = {"instrument": SPOT, "strategy": 0, "side": 0, "price": 5_000, "lots": 100} | changes
    return lambda core: core.count_order(
        row["instrument"], row["strategy"], number * 16 + attempt, row["side"], row["price"], row["lots"],
        NOW_NS - age_ns,
    )  # fmt: skip


def limited(instrument: int = SPOT, **changes: Any) -> Prepare:
    return lambda core: limit(core, instrument, **changes)


def scoped(kind: int, index: int = 0, **changes: Any) -> Prepare:
    return lambda core: limit_scope(core, kind, index, **changes)


def held(lots: int, cost: int = 0, instrument: int = PERPETUAL) -> Prepare:
    return lambda core: core.set_position(instrument, lots, cost, cost)


SELL: Change = {"side": 1}
SWAP: Change = {"instrument": PERPETUAL}
REDUCE: Change = SWAP | SELL | {"reduce_only": 1}
# 100 lots at 5,000 ticks are 0.5 USDT and 0.001 BTC; with the fee of 10 bps 0.5005 USDT.
CASES: list[tuple[str, Prepare, Change, Change]] = [
    ("well_formed", nothing, {"price_ticks": 5_000}, {"price_ticks": 0}),
    ("well_formed", nothing, {}, {"price_ticks": 2**50 + 1}),
    ("well_formed", nothing, {}, {"lots": -100}),
    ("well_formed", nothing, {}, {"lots": float("nan")}),
    ("well_formed", nothing, {}, {"price_ticks": float("inf")}),
    ("well_formed", nothing, {"created_ns": NOW_NS}, {"created_ns": NOW_NS + 1}),
    ("well_formed", nothing, {}, {"instrument": 4}),
    ("well_formed", nothing, {}, {"strategy": -1}),
    ("well_formed", nothing, {}, {"client_order_id": 0}),
    ("well_formed", nothing, {}, {"trigger_ticks": 1}),
    ("well_formed", nothing, {"order_type": OrderType.STOP_LIMIT, "trigger_ticks": 1}, {"order_type": 3}),
    ("well_formed", nothing, {"tif": TimeInForce.GTC, "display_lots": 99}, {"display_lots": 99}),
    ("well_formed", nothing, {"tif": TimeInForce.POST_ONLY}, {"tif": 3, "order_type": OrderType.MARKET}),
    ("kill", lambda core: core.set_kill(STRATEGY, 1, 2), {"strategy": 0}, {"strategy": 1}),
    ("kill", lambda core: core.set_kill(VENUE, 1, 2), {}, {"instrument": FAR}),
    ("kill", both(held(200), lambda core: core.set_kill(ALL, 0, 1)), REDUCE, SWAP),
    ("not_ready", lambda core: core.set_ready(1, False), {}, SWAP),
    ("frozen", lambda core: core.set_frozen(PERPETUAL, True), {}, SWAP),
    ("restricted", limited(restriction=1), SELL, {}),
    ("restricted", limited(restriction=2), {}, SELL),
    ("restricted", both(held(200), limited(PERPETUAL, restriction=4)), REDUCE, SWAP | SELL),
    ("stale_book", nothing, {"status": 2}, {"status": 3}),
    ("stale_book", nothing, {}, {"bid_ticks": 5_001}),
    ("stale_book", nothing, {}, {"ask_ticks": 0}),
    ("quote_age", nothing, {"quote_ns": NOW_NS - 10**9}, {"quote_ns": NOW_NS - 10**9 - 1}),
    ("quote_age", nothing, {"quote_ns": NOW_NS}, {"quote_ns": NOW_NS + 1}),
    ("max_lots", limited(lots_max=100), {"lots": 100}, {"lots": 101}),
    ("open_orders", both(limited(open_orders_max=1), opened(2)), SWAP, {}),
    ("open_orders", both(scoped(STRATEGY, 1, open_orders_max=1), opened(2)), {}, {"strategy": 1}),
    ("open_orders", both(scoped(ACCOUNT, 0, open_orders_max=1), opened(2)), SWAP, {}),
    ("order_rate", both(limited(rate_orders_max=1), made(2, 10**9)), {},
     {"now_ns": NOW_NS - 1, "created_ns": 0, "quote_ns": NOW_NS - 1}),
    ("order_rate", both(scoped(ALL, rate_orders_max=2, rate_window_ns=10), made(2, 9), made(3, 8)),
     {"amend": 1}, {}),
    ("message_rate", both(scoped(ACCOUNT, messages_max=1, messages_window_ns=10), made(2, 9)), SWAP,
     {"amend": 1}),
    ("duplicate", made(1, 10**10), {"client_order_id": 32}, {"client_order_id": 16}),
    ("duplicate", made(1, 10**10), {"client_order_id": 17, "prior_sequence": 1}, {"client_order_id": 17}),
    ("duplicate", both(made(1, 9), opened(1)), {"client_order_id": 32}, {"client_order_id": 17,
     "prior_sequence": 1}),
    ("duplicate", made(2, 9), {"prior_sequence": 1}, {"prior_sequence": 2}),
    ("duplicate", both(limited(duplicate_window_ns=10), made(2, 9)), {"lots": 101}, {"lots": 100}),
    ("duplicate", both(limited(duplicate_window_ns=9), made(2, 9)), {}, {"now_ns": NOW_NS - 1,
     "created_ns": 0,
     "quote_ns": NOW_NS - 1}),
    ("price_collar", limited(collar_bps_max=100), {"price_ticks": 5_050}, {"price_ticks": 5_051}),
    ("price_collar", limited(collar_bps_max=100), {"price_ticks": 4_950}, {"price_ticks": 4_949}),
    ("price_collar", nothing, {"fair_numerator": 10_000, "fair_denominator": 2}, {"fair_numerator": 0}),
    ("price_collar", nothing, {}, {"fair_numerator": float("nan")}),
    ("max_notional", limited(tick_lots_max=500_000), {"lots": 100}, {"lots": 101}),
    ("min_notional", nothing, {"lots": 10}, {"lots": 9}),
    ("min_notional", held(200), REDUCE | {"lots": 9}, SWAP | SELL | {"lots": 9}),
    ("reduce_only", held(100), REDUCE | {"lots": 100}, REDUCE | {"lots": 101}),
    ("reduce_only", nothing, {}, {"reduce_only": 1}),
    ("reduce_only", both(held(200), opened(2, 100, instrument=PERPETUAL, side=1, reduces=True)), REDUCE,
     REDUCE | {"lots": 101}),
    ("self_cross", opened(2, side=1, price=5_010, rests=True), {"price_ticks": 5_009},
     {"price_ticks": 5_010}),
    ("self_cross", opened(2, price=4_990, rests=True), SELL | {"price_ticks": 4_991},
     SELL | {"price_ticks": 4_990}),
    ("max_position", both(limited(position_lots_max=300), opened(2)), {"lots": 200}, {"lots": 201}),
    ("max_position", both(limited(position_lots_max=300), held(-100, 0, SPOT)), {"lots": 400},
     SELL | {"lots": 201}),
    ("asset_exposure", lambda core: core.limit_asset(BTC, ATTO // 1_000), {"lots": 100}, {"lots": 101}),
    ("asset_exposure", both(lambda core: core.limit_asset(BTC, ATTO // 1_000),
     lambda core: core.set_exposure(BTC, 0, 1)), SELL, {}),
    ("exposure", scoped(VENUE, 0, exposure_max=5_001 * 100 * 10**12), {}, {"lots": 101}),
    ("exposure", both(scoped(ACCOUNT, 0, exposure_max=1), held(100, 0, SPOT)), SELL, {}),
    ("exposure", both(scoped(STRATEGY, 1, exposure_max=5_001 * 100 * 10**12), opened(2, 50)), {"strategy": 1,
     "lots": 50}, {"strategy": 1, "lots": 51}),
    ("daily_loss", both(scoped(ALL, daily_loss_max=5), lambda core: core.set_equity(ALL, 0, 10, 1),
     lambda core: core.set_equity(ALL, 0, 4, 1), held(100, 0, SPOT)), SELL, {}),
    ("daily_loss", scoped(STRATEGY, 1, daily_loss_max=5), {}, {"strategy": 1}),
    ("drawdown", both(scoped(ACCOUNT, 1, drawdown_max=5), lambda core: core.set_equity(ACCOUNT, 1, 10, 1),
     lambda core: core.set_equity(ACCOUNT, 1, 4, 2)), {}, SWAP),
    ("leverage", both(scoped(ACCOUNT, 1, leverage_max=2), lambda core: core.set_wallet(1, USDT, ATTO)),
     SWAP | {"lots": 399}, SWAP | {"lots": 400}),
    ("liquidation", both(scoped(ACCOUNT, 1, liquidation_bps=5_000), lambda core: core.set_wallet(1, USDT,
     ATTO)),
     SWAP | {"lots": 399}, SWAP | {"lots": 400}),
    ("balance", lambda core: core.set_wallet(0, USDT, 5_005 * ATTO // 10_000), {}, {"lots": 101}),
    ("balance", lambda core: core.set_wallet(0, BTC, ATTO // 1_000), SELL, SELL | {"lots": 101}),
    ("balance", both(opened(2), lambda core: core.set_wallet(0, USDT, 10_010 * ATTO // 10_000)), {},
     {"lots": 101}),
    # Perpetual: a fifth of 0.5 USDT, and 5 bps of it.
    ("balance", lambda core: core.set_wallet(1, USDT, 10_025 * ATTO // 100_000), SWAP, SWAP | {"lots": 101}),
    ("balance", both(held(100, 6 * ATTO // 10), lambda core: core.set_wallet(1, USDT, ATTO)),
     SWAP | {"lots": 700},
     SWAP | {"lots": 800}),
]  # fmt: skip


@pytest.mark.parametrize("core_name", CORES)
@pytest.mark.parametrize(("rule", "prepare", "passes", "fails"), CASES)
def test_border(core_name: str, rule: str, prepare: Prepare, passes: Change, fails: Change) -> None:
    core = furnish(CORES[core_name]())
    prepare(core)
    assert name_of(core.judge(*ask(**passes))) == "none"
    assert name_of(core.judge(*ask(**fails))) == rule


def test_every_rule_is_tried() -> None:
    assert {rule.name for rule in RULES} == {case[0] for case in CASES} | {"journal"}


@pytest.mark.parametrize("core_name", CORES)
def test_a_journal_without_room(core_name: str) -> None:
    core = furnish(CORES[core_name]())
    core.set_takes_risk(False)
    assert name_of(core.judge(*ask())) == "journal"


@pytest.mark.parametrize(("rule", "prepare", "passes", "fails"), CASES)
def test_a_refusal_says_limit_and_value(rule: str, prepare: Prepare, passes: Change, fails: Change) -> None:
    core: TwinCore = TwinCore()
    furnish(core)
    prepare(core)
    number = core.judge(*ask(**fails))
    tables: Tables = core
    finding = RULES[number - 1].check(Ask(*map(whole, ask(**fails))), core, tables)
    assert finding is not None
    assert finding.limit
    assert finding.value
    assert finding.limit != finding.value
    assert finding.what


def name_of(number: int) -> str:
    return RULES[number - 1].name if number else "none"
