"""What people ask of a desk: switches of four scopes, cancels, releases; all of it on record."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.desk import names, only
from tests.support.instruments import PERPETUAL, SPOT
from tests.support.order_desk import BUY, SELL, OrderDesk
from trimaran.base.errors import ConfigError
from trimaran.domain.account import OrderAcked, OrderRejected, VenueOrderId
from trimaran.domain.commands import CancelOrder
from trimaran.domain.decision import KillState
from trimaran.domain.events import CancelRequested, KillRequested, ReleaseRequested
from trimaran.domain.facts import InstrumentReleased, KillChanged, OrderRefused
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.kill import ALL, KillScope, market_in
from trimaran.domain.orders import StrategyName, TimeInForce
from trimaran.domain.records import CancelOpened, FreezeMoved, KillMoved
from trimaran.engine.kill import KillSwitches
from trimaran.engine.recovery import recovered

GTC = replace(BUY, tif=TimeInForce.GTC)
OTHER = replace(SELL, tif=TimeInForce.GTC)
BOTH = {SPOT.key, PERPETUAL.key}


def resting() -> OrderDesk:
    """A desk with an order that rests on each of two markets."""
    desk = OrderDesk()
    desk.ready()
    for order in desk.send(GTC, OTHER):
        desk.play(OrderAcked(order.client_order_id, VenueOrderId("1"), 0, desk.now_ns))
    assert len(desk.desk.durable.working) == 2
    return desk


def cancelled(desk: OrderDesk, before: int) -> set[InstrumentKey]:
    return {each.instrument_key for each in desk.takes.commands[before:] if isinstance(each, CancelOrder)}


SCOPES = [
    ("all", BOTH),
    ("venue:binance", BOTH),
    ("venue:okx", set()),
    ("account:binance.spot", {SPOT.key}),
    ("account:binance.usdm", {PERPETUAL.key}),
    ("strategy:asked", BOTH),
    ("strategy:other", set()),
]


@pytest.mark.parametrize("state", [KillState.KILLED, KillState.REDUCE_ONLY])
@pytest.mark.parametrize(("text", "keys"), SCOPES)
def test_a_switch_stops_what_passes_under_it_and_nothing_else(
    text: str, keys: set[InstrumentKey], state: KillState
) -> None:
    desk = resting()
    before = len(desk.takes.commands)
    facts = desk.play(KillRequested(KillScope.parse(text), state, "me", "a drill", desk.now_ns))
    (changed,) = only(facts, KillChanged)
    assert (changed.scope.text, changed.before, changed.after) == (text, KillState.RUNNING, state)
    assert cancelled(desk, before) == keys
    for leg in (BUY, SELL):
        refused = desk.send(leg) == []
        assert refused == (leg.instrument_key in keys)
        if refused:
            assert only(desk.facts, OrderRefused)[-1].refused.rule == "kill"
    assert desk.desk.halted(SPOT.key, desk.asked.name) == (SPOT.key in keys and state is KillState.KILLED)


def test_a_switch_survives_a_restart_and_a_reset_is_a_record_too() -> None:
    desk = resting()
    desk.play(KillRequested(ALL, KillState.KILLED, "me", "a drill", desk.now_ns))
    again = recovered(None, desk.takes.records)
    assert again.kill.effective(SPOT.market, desk.asked.name) is KillState.KILLED
    desk.play(KillRequested(ALL, KillState.RUNNING, "you", "over", desk.now_ns))
    assert isinstance(desk.takes.records[-1], KillMoved)
    again = recovered(None, desk.takes.records)
    assert again.kill.effective(SPOT.market, desk.asked.name) is KillState.RUNNING
    assert again.kill.states == {}


def test_the_strictest_switch_counts() -> None:
    switches = KillSwitches()
    for text, state in (("all", KillState.REDUCE_ONLY), ("account:okx.swap", KillState.KILLED)):
        switches.move(KillMoved(KillScope.parse(text), state, "me", "", 1))
    one, other = StrategyName("one"), StrategyName("other")
    assert switches.effective(MarketName("okx.swap"), one) is KillState.KILLED
    assert switches.effective(MarketName("okx.spot"), other) is KillState.REDUCE_ONLY
    assert switches.move(KillMoved(ALL, KillState.REDUCE_ONLY, "me", "", 2)) is None


def test_a_switch_that_stands_already_changes_nothing_and_cancels_what_is_left() -> None:
    desk = resting()
    desk.play(KillRequested(ALL, KillState.KILLED, "me", "a drill", desk.now_ns))
    before = len(desk.takes.commands)
    assert desk.play(KillRequested(ALL, KillState.KILLED, "me", "again", desk.now_ns)) == []
    assert desk.takes.commands[before:] == []  # they are under way, and the resolver asks again


@pytest.mark.parametrize(
    ("market", "keys"),
    [(None, BOTH), (SPOT.market, {SPOT.key}), (MarketName("okx.spot"), set())],
)
def test_cancels_of_a_market_or_of_all(market: MarketName | None, keys: set[InstrumentKey]) -> None:
    desk = resting()
    before = len(desk.takes.commands)
    desk.play(CancelRequested(None, market, "me", desk.now_ns))
    assert cancelled(desk, before) == keys
    told = [each for each in desk.takes.records if isinstance(each, CancelOpened)]
    assert [each.reason for each in told] == ["asked by me"] * len(keys)


def test_one_order_is_cancelled_by_its_id() -> None:
    desk = resting()
    number = next(iter(desk.desk.durable.working))
    before = len(desk.takes.commands)
    desk.play(CancelRequested(number, None, "me", desk.now_ns))
    assert [each.client_order_id for each in desk.takes.commands[before:]] == [number]


def test_a_person_releases_what_a_contradiction_froze() -> None:
    desk = resting()
    number, entry = next(iter(desk.desk.durable.working.items()))
    key = entry.order.instrument_key
    assert names(desk.play(OrderRejected(number, "-1", "late", 0, desk.now_ns))) == ["InstrumentFrozen"]
    assert desk.desk.halted(key, desk.asked.name)
    facts = desk.play(ReleaseRequested(key, "me", desk.now_ns))
    assert [each.actor for each in only(facts, InstrumentReleased)] == ["me"]
    assert not desk.desk.halted(key, desk.asked.name)
    assert isinstance(desk.takes.records[-1], FreezeMoved)
    assert desk.play(ReleaseRequested(key, "me", desk.now_ns)) == []
    assert market_in(key) in desk.desk.setup.laws


@pytest.mark.parametrize("text", ["", "everything", "all:x", "venue", "venue:", "account"])
def test_a_scope_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="scope: expected"):
        KillScope.parse(text)
