"""The step as one piece: frames wake, opportunities become orders, paper fills them, groups end.

Spot asks 60,000 and the perpetual bids 60,200: 110 of 200 are left after both taker fees. The desk buys
0.166 coins and sells them, unless a rule of risk says no; what fills on one leg only is given back.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.desk import (
    ETHER,
    GONE,
    OPENS,
    QUIET,
    Rig,
    depth,
    names,
    only,
)
from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.account import OrderAcked, OrderRejected, VenueOrderId
from trimaran.domain.answer import BookStatus, Kind, kind_of
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import SendOrder
from trimaran.domain.decision import KillState
from trimaran.domain.events import FeedDown, Frame, KillRequested
from trimaran.domain.facts import (
    BookChanged,
    Fact,
    FillBooked,
    FrameRefused,
    GroupClosed,
    OpportunityEnded,
    OpportunitySeen,
    OrderApproved,
    OrderRefused,
    OrderStateChanged,
    Purpose,
)
from trimaran.domain.instrument import (
    Side,
)
from trimaran.domain.kill import ALL
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import OrderState, StrategyName
from trimaran.engine.step import step
from trimaran.risk.limits import ScopeLimits
from trimaran.strategies.port import DeskView, LegDraft, Proposal


def test_a_frame_that_wakes_sends_both_legs_in_the_written_order() -> None:
    rig = Rig()
    assert [f.after for f in only(rig.play(*QUIET), BookChanged)] == [
        BookStatus.SYNCING, BookStatus.SYNCING, BookStatus.SYNCING, BookStatus.LIVE,
    ]  # fmt: skip
    output = step(rig.desk, OPENS)
    assert names(output.facts) == [
        "BookChanged", "OpportunitySeen",
        "OrderApproved", "OrderApproved", "OrderStateChanged", "OrderStateChanged",
    ]  # fmt: skip
    opportunity = output.facts[1].opportunity  # type: ignore[union-attr]
    assert (opportunity.size, opportunity.cost) == (Decimal("0.166"), Decimal(9_960))
    assert opportunity.net == Decimal("33.2") - Decimal("9.96") - Decimal("4.9966")
    assert all(isinstance(command, SendOrder) for command in output.commands)
    orders = [command.approved.order for command in output.commands]
    assert [(o.instrument_key, o.side, o.price_ticks, o.lots) for o in orders] == [
        (SPOT.key, Side.BUY, 6_000_000, 16_600),
        (PERPETUAL.key, Side.SELL, 602_000, 166),
    ]
    assert {o.group for o in orders} == {"cross_market-1-1"}
    assert [rig.desk.durable.orders[o.client_order_id].state for o in orders] == [OrderState.SENDING] * 2


def test_fills_close_the_group_and_both_accounts_agree() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    facts = rig.settle()
    moves = [(f.before.name, f.after.name) for f in only(facts, OrderStateChanged)]
    assert moves == [("SENDING", "ACKED"), ("ACKED", "FILLED")] * 2
    (closed,) = only(facts, GroupClosed)
    assert (closed.purpose, closed.residual) == (
        Purpose.OPEN,
        Decimal("-0.000166"),
    )  # the fee, taken from the coins
    assert [leg.filled_lots for leg in closed.legs] == [16_600, 166]
    fill = names(facts).index("FillBooked")
    assert "BalanceChanged" in names(facts)[fill:]
    assert names(facts).index("GroupClosed") > fill
    wallet = rig.desk.durable.ledger.balances
    assert {key: amount for key, amount in wallet.items() if amount} == rig.venue.account.balances()
    assert wallet[SPOT.market, SPOT.base] == Decimal("0.166") * Decimal("0.999")
    assert rig.desk.durable.ledger.positions[PERPETUAL.key].lots == -166
    assert rig.venue.account.position_lots(PERPETUAL.key) == -166
    assert rig.desk.durable.working == {}


def test_a_leg_that_missed_is_unwound() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS, GONE)
    facts = rig.settle()
    opening, unwinding = only(facts, GroupClosed)
    assert (opening.purpose, opening.residual) == (Purpose.OPEN, Decimal("0.165834"))  # less the fee in coins
    assert (unwinding.purpose, unwinding.residual) == (Purpose.UNWIND, Decimal("-0.16583"))
    (approved,) = only(facts, OrderApproved)
    order = approved.approved.order
    assert (order.instrument_key, order.side, order.lots) == (SPOT.key, Side.SELL, 16_583)
    assert rig.desk.durable.ledger.balances[SPOT.market, SPOT.base] == Decimal("0.000004")  # below a lot
    assert only(facts, OrderRefused) == []


def test_an_episode_is_told_from_its_start_to_its_end() -> None:
    rig = Rig()
    facts = rig.play(*QUIET, OPENS, GONE)
    (seen,), (ended,) = only(facts, OpportunitySeen), only(facts, OpportunityEnded)
    assert (ended.pair, ended.lifetime_ns) == (seen.opportunity.pair, 1)
    assert (ended.taken, ended.missed_because) == ("cross_market-1-1", None)


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        ("max_notional", {"order_notional_max": Decimal(9_959)}),
        ("price_collar", {"collar_bps_max": 1}),
        ("max_lots", {"order_lots_max": 16_599}),
        ("asset_exposure", {"exposure_base_max": Decimal("0.1")}),
        ("open_orders", {"scopes": {ALL: ScopeLimits(open_orders_max=1)}}),
    ],
)
def test_risk_refuses_both_legs(rule: str, limits: dict[str, Any]) -> None:
    rig = Rig(**limits)
    facts = rig.play(*QUIET, OPENS)
    (refused,) = only(facts, OrderRefused)
    assert refused.refused.rule == rule
    assert only(facts, OrderApproved) == []
    assert (rig.desk.durable.orders, rig.loop.next_due_ns) == ({}, None)
    (ended,) = only(rig.play(GONE), OpportunityEnded)
    assert (ended.taken, ended.missed_because) == (None, f"refused by {rule}")


def test_the_kill_switch_stops_everything() -> None:
    rig = Rig()
    rig.play(KillRequested(ALL, KillState.KILLED, "me", "a drill", 1))
    facts = rig.play(*QUIET, OPENS)
    assert only(facts, OpportunitySeen)
    assert only(facts, OrderApproved) == []
    assert next(iter(rig.desk.episodes.open.values())).missed_because == "halted"


def test_risk_refuses_what_does_not_reduce() -> None:
    rig = Rig()
    rig.play(KillRequested(ALL, KillState.REDUCE_ONLY, "me", "a drill", 1))
    (refused,) = only(rig.play(*QUIET, OPENS), OrderRefused)
    assert refused.refused.rule == "kill"


class Stubborn:
    """Wants a book that is not live, beside one that is."""

    name = StrategyName("stubborn")

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal:
        legs = (
            LegDraft(SPOT.key, Side.BUY, opportunity.buy_limit_ticks, opportunity.buy_lots),
            LegDraft(ETHER.key, Side.SELL, 250_000, 100),
        )
        return Proposal(self.name, Purpose.OPEN, legs, opportunity.pair)

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> None:
        return None

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        self.refused_by = rule


def test_a_stale_book_refuses_the_whole_group() -> None:
    stubborn = Stubborn()
    rig = Rig([stubborn])
    (refused,) = only(rig.play(*QUIET, OPENS), OrderRefused)
    assert (refused.refused.rule, stubborn.refused_by) == ("stale_book", "stale_book")
    assert refused.refused.order.instrument_key == ETHER.key
    assert rig.desk.durable.orders == {}


@pytest.mark.parametrize(
    "event",
    [
        Frame(0, b"{", 19),
        Frame(0, depth(15, [], []), 19),
        Frame(0, depth(11, [("60000.00", "1")], []), 19),
        FeedDown(0, "reset", 19),
    ],
    ids=["unreadable", "gap", "crossed", "down"],
)
def test_a_book_that_is_not_live_offers_nothing(event: Any) -> None:
    rig = Rig()
    facts = rig.play(*QUIET, event, OPENS)
    assert only(facts, OpportunitySeen) == []
    assert rig.desk.status(SPOT.key) is not BookStatus.LIVE
    (changed,) = [f for f in only(facts, BookChanged) if f.before is BookStatus.LIVE]
    assert changed.instrument_key == SPOT.key


def test_a_connection_that_breaks_ends_the_episode() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    facts = rig.play(FeedDown(1, "reset", 30))
    assert names(facts) == ["BookChanged", "OpportunityEnded"]
    facts = rig.settle()
    assert [f.after for f in only(facts, OrderStateChanged)][-1] is not OrderState.SENDING
    assert only(facts, GroupClosed)[0].residual == Decimal(
        "0.165834"
    )  # the other leg met a book that is down


def test_refused_frames_are_facts() -> None:
    rig = Rig()
    (refused,) = only(rig.play(*QUIET, Frame(0, b"[]", 12)), FrameRefused)
    assert (refused.market, refused.instrument_key, refused.kind.name) == (SPOT.market, None, "SCHEMA")


def test_a_frame_that_changes_nothing_ends_after_the_native_call() -> None:
    rig = Rig()
    rig.play(*QUIET)
    output = step(rig.desk, Frame(0, depth(11, [("59000.00", "1")], []), 12))
    assert (kind_of(output.answer), output.commands, output.facts) == (Kind.DEPTH, (), ())
    assert rig.desk.now_ns == 12


def test_strangers_change_nothing() -> None:
    rig = Rig()
    rig.play(*QUIET)
    before = rig.desk.durable.state_hash()
    stranger = ClientOrderId(77)
    assert (
        rig.play(OrderAcked(stranger, VenueOrderId("x"), 0, 30), OrderRejected(stranger, "1", "", 0, 31))
        == []
    )
    assert rig.desk.durable.state_hash() == before


def test_a_rejected_order_closes_the_group_and_the_other_leg_is_unwound() -> None:
    rig = Rig()
    rig.play(*QUIET)
    output = step(rig.desk, OPENS)
    spot, perpetual = (command.approved for command in output.commands)
    rig.venue.send(spot, 20)
    facts = rig.play(
        OrderRejected(perpetual.order.client_order_id, "-2019", "Margin is insufficient.", 0, 25)
    )
    assert only(facts, OrderStateChanged)[0].after is OrderState.REJECTED
    facts = rig.settle()
    assert [f.purpose for f in only(facts, GroupClosed)] == [Purpose.OPEN, Purpose.UNWIND]


def run() -> tuple[int, list[Fact]]:
    rig = Rig()
    rig.play(*QUIET, OPENS, GONE)
    rig.settle()
    return rig.desk.durable.state_hash(), rig.facts


def test_the_same_events_give_the_same_state() -> None:
    (one, facts), (other, again) = run(), run()
    assert one == other
    assert facts == again
    assert only(facts, FillBooked)


def test_the_state_hash_is_about_orders_and_money_not_books() -> None:
    rig, other = Rig(), Rig()
    rig.play(*QUIET)
    other.play(*QUIET, Frame(0, depth(11, [("59000.00", "1")], []), 12))
    assert rig.desk.durable.state_hash() == other.desk.durable.state_hash()
    other.play(OPENS)
    assert rig.desk.durable.state_hash() != other.desk.durable.state_hash()
    sent = other.desk.durable.state_hash()
    other.settle()
    assert other.desk.durable.state_hash() != sent
