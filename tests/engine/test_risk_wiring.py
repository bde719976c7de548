"""What risk hears of a desk: limits that people set, marks of ticks, and its past after a restart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.desk import GONE, OPENS, QUIET, Rig, book_of, only
from tests.support.instruments import PERPETUAL, SPOT
from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId
from trimaran.domain.decision import Refused
from trimaran.domain.events import LimitsRequested, Tick
from trimaran.domain.facts import LimitsChanged, OrderApproved, OrderRefused
from trimaran.domain.kill import ALL, KillScope
from trimaran.domain.orders import IntentId
from trimaran.domain.records import LimitsSet
from trimaran.engine import approval
from trimaran.engine.desk import Desk
from trimaran.engine.durable import Durable
from trimaran.engine.quotes import marks_of, quote_of
from trimaran.engine.recovery import begun
from trimaran.engine.step import step
from trimaran.native._hot import Hot
from trimaran.risk.limits import ScopeLimits

NARROW = """
version = 3
[default]
order_notional_max = 10000
collar_bps_max = 50
quote_age_ms_max = 1000
leverage_max = 5
open_orders_max = 10
rate_orders_max = 100
rate_window_ms = 1000
order_lots_max = 10
exposure_base_max = 2
"""


def told(rig: Rig) -> tuple[int, list[str]]:
    facts = rig.facts
    return len(only(facts, OrderApproved)), [each.refused.rule for each in only(facts, OrderRefused)]


def test_limits_that_people_set_are_on_record_and_in_force_at_once() -> None:
    rig = Rig()
    (changed,) = only(rig.play(*QUIET, LimitsRequested(NARROW, "me", 12)), LimitsChanged)
    assert (changed.before_version, changed.version, changed.actor) == (0, 3, "me")
    assert rig.desk.durable.limits is not None
    assert rig.desk.durable.limits.text == NARROW
    rig.play(OPENS)
    assert told(rig) == (0, ["max_lots"])


@pytest.mark.parametrize(
    "text",
    [
        "version = 3",
        NARROW.replace("version = 3", "version = 2"),
        NARROW + "[venue.kraken]\nmessages_max = 1\n",
        NARROW.replace("10000", "nan"),
    ],
)
def test_limits_that_are_wrong_change_nothing(text: str) -> None:
    rig = Rig()
    rig.play(LimitsRequested(NARROW, "me", 12))
    before, book = rig.desk.durable.limits, rig.desk.risk.book
    with pytest.raises(ConfigError):
        approval.limits_of(rig.desk, text)
    assert rig.play(LimitsRequested(text, "me", 13)) == []
    assert (rig.desk.durable.limits, rig.desk.risk.book) == (before, book)


def test_after_a_restart_the_limits_of_the_journal_are_in_force_and_money_is_known() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    rig.settle()
    durable: Durable = rig.desk.durable
    durable.apply(LimitsSet(3, "d", NARROW, "me", 100))
    again = Desk(rig.desk.setup, Hot(), (), ClientIdCounter(0, 0, 1))
    begun(again, durable, "me", "1", 200)
    assert again.risk.book.of(SPOT.key).order_lots_max == 10
    assert durable.ledger.positions[SPOT.key].lots
    for key in (SPOT.key, PERPETUAL.key):
        at, market = again.risk.names.instrument(key), again.risk.names.account(again.instruments[key].market)
        position = durable.ledger.positions.get(key)
        assert again.risk.core.position(at) == (0 if position is None else position.lots)
        assert again.risk.core.position(at) == rig.desk.risk.core.position(at)
        for asset in (0, 1):
            assert again.risk.core.wallet(market, asset) == rig.desk.risk.core.wallet(market, asset)


def test_losses_stop_what_would_grow() -> None:
    scopes = {ALL: ScopeLimits(daily_loss_max=Decimal("0.01"))}
    rig = Rig(scopes=scopes)
    rig.play(*QUIET)
    step(rig.desk, Tick(12))
    rig.play(OPENS)
    assert told(rig) == (2, []), "nothing was lost yet"
    rig.play(GONE)
    rig.settle()
    step(rig.desk, Tick(13_000))
    assert rig.desk.risk.equity_marks()[ALL].day_start == 0
    order = next(iter(rig.desk.durable.orders.values())).order
    anew = replace(order, client_order_id=ClientOrderId(16 * 99), intent_id=IntentId("x"), created_ns=13_000)
    refused = approval.judge(rig.desk, (anew,))
    assert isinstance(refused, Refused)
    assert refused.rule == "daily_loss", "both legs have paid their fees"


@pytest.mark.parametrize("scope", ["all", "venue:binance", "account:binance.spot", "strategy:cross_market"])
def test_every_scope_has_an_equity_once_its_prices_are_known(scope: str) -> None:
    where = KillScope.parse(scope)
    rig = Rig(scopes={where: ScopeLimits(drawdown_max=Decimal(1))})
    assert marks_of(rig.desk).equities == {where: Decimal(0)}
    rig.play(*QUIET)
    step(rig.desk, Tick(12))
    rig.play(OPENS, GONE)
    rig.settle()
    equity: Any = marks_of(rig.desk).equities[where]
    assert equity is not None
    assert equity != 0


def test_a_quote_has_the_fair_price_in_ticks_of_its_own_grid() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    spot, perpetual = quote_of(rig.desk, SPOT.key), quote_of(rig.desk, PERPETUAL.key)
    mid = (Decimal(59_995) + Decimal(60_205)) / 2
    assert Decimal(spot.fair_numerator) / spot.fair_denominator == mid * 100
    assert Decimal(perpetual.fair_numerator) / perpetual.fair_denominator == mid * 10
    assert (spot.bid_ticks, spot.ask_ticks) == (5_999_000, 6_000_000)


def test_a_desk_without_limits_for_what_it_trades_is_none() -> None:
    setup = Rig().desk.setup
    bare = book_of().__class__()
    with pytest.raises(ConfigError, match="limits"):
        Desk(setup.__class__(setup.markets, bare, 0, Decimal(1)), Hot(), (), ClientIdCounter(0, 0, 1))
