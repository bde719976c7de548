"""The risk desk: facts in, judgements out, in words; a desk that is built anew is the same one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from tests.support.risk_core import CORES
from tests.support.risk_room import (
    BOOK,
    IMAGE,
    LIMITS,
    NOW_NS,
    QUOTE,
    USDT,
    desk,
    group,
    judged,
    moved,
    order,
    swap,
)
from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState, Refused
from trimaran.domain.facts import (
    InstrumentFrozen,
    InstrumentReleased,
    KillChanged,
    MarketReady,
    OrderTermsChanged,
)
from trimaran.domain.instrument import Side
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import (
    IntentId,
    OrderEvent,
    OrderState,
    TimeInForce,
)
from trimaran.domain.records import AmendOpened, CancelOpened, OrderReissued
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import EquityMark, Marks
from trimaran.risk.limits import LimitsBook, ScopeLimits


@pytest.mark.parametrize("core", CORES)
def test_a_refusal_names_rule_limit_value_and_place(core: str) -> None:
    answer = desk(core=core).judge((order(lots=30_000),), (QUOTE,), NOW_NS)
    assert isinstance(answer, Refused)
    assert (answer.rule, answer.limit, answer.value) == ("max_notional", "at most 10000", "15000")
    assert answer.text == (
        "max_notional: notional in quote: expected at most 10000, found 15000 (binance.spot:BTCUSDT)"
    )
    risk = desk(
        replace(BOOK, scopes={KillScope(ScopeKind.STRATEGY, "cross"): ScopeLimits(open_orders_max=1)}),
        core=core,
    )
    risk.open(order(9))
    answer = risk.judge((order(),), (QUOTE,), NOW_NS)
    assert isinstance(answer, Refused)
    assert "open orders of strategy:cross: expected at most 1, found 2" in answer.text


def test_an_instrument_of_another_desk_is_no_order() -> None:
    assert judged(desk(), order(instrument_key="kraken.spot:X")) == "well_formed"


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), "5", 10**400, -1])
@pytest.mark.parametrize("field", ["price_ticks", "lots", "created_ns", "client_order_id"])
def test_nonsense_is_refused(core: str, field: str, bad: Any) -> None:
    assert judged(desk(core=core), replace(order(), **{field: bad})) == "well_formed"


def test_legs_that_fit_one_by_one_and_not_together() -> None:
    half = {"lots": 12_000}  # 6,000 USDT of 10,000
    risk = desk()
    assert judged(risk, order(1, **half)) == judged(risk, order(2, **half)) == ""
    assert judged(risk, order(1, **half), order(2, **half)) == "balance"
    assert judged(risk, order(1, **half), swap(2)) == ""
    assert judged(risk, order(1), order(1)) == "duplicate"
    assert judged(risk, order(1), order(2, intent_id=IntentId("intent-1"))) == "duplicate"
    assert judged(risk, order(1, **half)) == "", "a judgement changes nothing"


def test_an_order_counts_from_its_record_to_its_end() -> None:
    risk = desk()
    risk.record(group(order(1, lots=15_000)))
    assert judged(risk, order(2, lots=10_000)) == "balance"
    risk.take(moved(1, OrderState.UNKNOWN))
    assert judged(risk, order(2, lots=10_000)) == "balance"
    risk.take(moved(1, OrderState.PARTIALLY_FILLED, 10_000, OrderEvent.PARTIAL_FILL))
    assert judged(risk, order(2, lots=10_000)) == ""
    assert judged(risk, order(2, lots=15_000)) == "balance"
    risk.take(moved(1, OrderState.CANCELED, 10_000, OrderEvent.CANCEL))
    assert judged(risk, order(2, lots=15_000)) == ""
    assert judged(risk, order(1)) == "duplicate"


def test_the_next_attempt_replaces_the_one_that_is_proved_absent() -> None:
    risk, first = desk(), order(1, lots=15_000)
    risk.record(group(first))
    anew = replace(first, client_order_id=ClientOrderId(17))
    assert judged(risk, anew) == "duplicate"
    assert judged(risk, anew, instead_of=first.client_order_id) == ""
    assert judged(risk, order(2, lots=10_000)) == "balance", (
        "the first one counts until its record says otherwise"
    )
    risk.record(OrderReissued(anew, first.client_order_id, NOW_NS))
    risk.take(moved(1, OrderState.NOT_PLACED))
    assert judged(risk, order(2, lots=10_000)) == "balance"
    assert judged(risk, order(2, lots=4_000)) == ""


def test_the_worse_of_both_terms_counts_while_a_change_is_under_way() -> None:
    risk, resting = desk(), order(1, tif=TimeInForce.GTC, lots=2_000)
    risk.record(group(resting))
    asked = replace(resting, lots=12_000)
    assert isinstance(risk.judge_amend(asked, QUOTE, NOW_NS), tuple)
    refused = risk.judge_amend(replace(resting, lots=19_999), QUOTE, NOW_NS)
    assert isinstance(refused, Refused)
    assert refused.rule == "balance"
    risk.record(AmendOpened(asked, NOW_NS))
    risk.take(
        OrderTermsChanged(ClientOrderId(16), SPOT.key, 5_000_000, 2_000, 5_000_000, 12_000, 0, "", NOW_NS)
    )
    assert judged(risk, order(2, lots=10_000)) == "balance"
    risk.take(OrderTermsChanged(ClientOrderId(16), SPOT.key, 5_000_000, 2_000, 0, 0, 0, "", NOW_NS))
    assert judged(risk, order(2, lots=10_000)) == ""


def test_a_change_of_an_order_that_is_not_of_this_desk_is_refused() -> None:
    strange = order(5, instrument_key="kraken.spot:X")
    refused = desk().judge_amend(strange, QUOTE, NOW_NS)
    assert isinstance(refused, Refused)
    assert refused.rule == "well_formed"


def test_switches_readiness_and_frozen_instruments() -> None:
    risk = desk()
    account = KillScope(ScopeKind.ACCOUNT, PERPETUAL.market)
    risk.take(KillChanged(account, KillState.RUNNING, KillState.KILLED, "me", "", NOW_NS))
    assert (judged(risk, order()), judged(risk, swap())) == ("", "kill")
    risk.take(KillChanged(account, KillState.KILLED, KillState.RUNNING, "me", "", NOW_NS))
    risk.take(InstrumentFrozen(PERPETUAL.key, "why", NOW_NS))
    assert (judged(risk, order()), judged(risk, swap())) == ("", "frozen")
    risk.take(InstrumentReleased(PERPETUAL.key, "me", NOW_NS))
    risk.take(MarketReady(SPOT.market, False, "why", NOW_NS))
    assert (judged(risk, order()), judged(risk, swap())) == ("not_ready", "")
    risk.set_takes_risk(False)
    assert judged(risk, swap()) == "journal"


def test_losses_of_a_day_stop_what_grows_and_a_restart_forgives_none() -> None:
    scopes = {ALL: ScopeLimits(daily_loss_max=Decimal(100))}
    risk = desk(replace(BOOK, scopes=scopes))
    assert judged(risk, order()) == "daily_loss", "an equity that nobody knows is no equity"
    risk.on_tick(NOW_NS, Marks(equities={ALL: Decimal(-50)}))
    assert judged(risk, order()) == ""
    risk.on_tick(NOW_NS + 1, Marks(equities={ALL: Decimal("-150.01")}))
    assert judged(risk, order()) == "daily_loss"
    again = desk(replace(BOOK, scopes=scopes))
    again.restore_equities(risk.equity_marks())
    again.on_tick(NOW_NS + 2, Marks(equities={ALL: Decimal("-150.01")}))
    assert judged(again, order()) == "daily_loss"
    again.on_tick(NOW_NS + 86_400 * 10**9, Marks(equities={ALL: Decimal("-151")}))
    assert judged(again, order()) == "", "another day"
    again.on_tick(NOW_NS + 86_400 * 10**9, Marks(equities={ALL: Decimal("NaN")}))
    assert judged(again, order()) == "daily_loss"
    assert again.equity_marks()[ALL] == EquityMark(19_676, Decimal("-150.01"), Decimal(-50), Decimal(-151))


def test_limits_are_changed_while_orders_are_open_and_as_a_whole() -> None:
    risk = desk()
    risk.record(group(swap(3, lots=100, side=Side.BUY)))  # 5,000 USDT, a half of it held
    assert judged(risk, swap(4, lots=200)) == ""
    risk.set_limits(replace(BOOK, default=replace(LIMITS, leverage_max=1)))
    assert judged(risk, swap(4, lots=200)) == "balance"
    with pytest.raises(ConfigError):
        risk.set_limits(LimitsBook(default=LIMITS))
    assert judged(risk, swap(4, lots=200)) == "balance"


def test_cancels_are_counted_as_messages_and_never_asked_about() -> None:
    scopes = {ALL: ScopeLimits(messages_max=2)}
    risk = desk(replace(BOOK, scopes=scopes))
    risk.record(group(order(1)))
    assert judged(risk, order(2)) == ""
    risk.record(CancelOpened(ClientOrderId(16), "", NOW_NS))
    assert judged(risk, order(2)) == "message_rate"


@pytest.mark.parametrize(("exposure", "rule"), [(1, ""), (2, "asset_exposure")])
def test_exposures_are_the_ledgers(exposure: int, rule: str) -> None:
    assert judged(desk(exposure=exposure), order()) == rule


def test_money_of_a_shared_wallet_is_there_for_both_markets_and_once() -> None:
    both = frozenset((SPOT.market, PERPETUAL.market))
    risk = RiskDesk((SPOT, PERPETUAL), BOOK, CORES["native"], lambda _: Decimal(0), dict.fromkeys(both, both))
    risk.rebuild(replace(IMAGE, balances={(SPOT.market, USDT): Decimal(8_000)}))
    assert judged(risk, swap(lots=100)) == ""
    risk.record(group(order(3, lots=12_000)))
    assert judged(risk, swap(lots=100)) == "balance"
