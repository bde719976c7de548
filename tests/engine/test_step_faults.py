"""What the step does when something contradicts, fails, or has to wait: nothing is lost, and it goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.desk import ETHER, GONE, OPENS, PERPETUAL_BOOK, QUIET, Rig, depth, names, only
from tests.support.instruments import PERPETUAL, SPOT
from trimaran.domain.account import Fill, FillId, Liquidity, OrderRejected, Transfer, TransferId
from trimaran.domain.answer import BookStatus
from trimaran.domain.events import FeedDown, Frame
from trimaran.domain.facts import (
    FillBooked,
    GroupClosed,
    InstrumentFrozen,
    OpportunitySeen,
    OrderApproved,
    OrderRefused,
    Purpose,
)
from trimaran.domain.instrument import Asset, Side
from trimaran.engine.durable_state import ENDED_KEPT_NS
from trimaran.strategies.cross_market import NAME

SECOND = 1_000_000_000


def sent_order(rig: Rig) -> Any:
    """Plays until both legs have ended; the spot order."""
    rig.play(*QUIET, OPENS)
    rig.settle()
    return next(r.order for r in rig.desk.durable.orders.values() if r.order.instrument_key == SPOT.key)


def test_a_contradiction_freezes_the_instrument_and_the_desk_goes_on() -> None:
    rig = Rig()
    order = sent_order(rig)
    facts = rig.play(OrderRejected(order.client_order_id, "-2010", "late", 0, 3 * SECOND))
    assert names(facts) == ["InstrumentFrozen"]
    facts = rig.play(
        Frame(1, depth(13, [("60200.0", "0")], [], previous=12, venue_ms=4_000), 4 * SECOND),
        Frame(0, depth(11, [], [("60000.00", "2")], venue_ms=4_000), 4 * SECOND),
        Frame(1, depth(14, [("60205.0", "1")], [], previous=13, venue_ms=4_000), 4 * SECOND),
    )
    assert only(facts, OpportunitySeen)
    assert only(facts, OrderApproved) + only(facts, OrderRefused) == []
    episode = next(iter(rig.desk.episodes.open.values()))
    assert episode.missed_because == "halted"


def test_a_fill_beyond_the_order_is_booked_and_freezes() -> None:
    rig = Rig()
    order = sent_order(rig)
    before = rig.desk.durable.ledger.balances[SPOT.market, SPOT.base]
    extra = Fill(
        FillId("extra"), order.client_order_id, SPOT.key, Side.BUY, 6_000_000, 5, Liquidity.TAKER,
        Decimal(0), Asset("USDT"), 0, 3 * SECOND,
    )  # fmt: skip
    facts = rig.play(extra)
    assert only(facts, FillBooked)
    assert (
        "more" in only(facts, InstrumentFrozen)[0].text or "at most" in only(facts, InstrumentFrozen)[0].text
    )
    assert rig.desk.durable.ledger.balances[SPOT.market, SPOT.base] == before + SPOT.size(5)
    assert set(rig.desk.durable.frozen) == {SPOT.key}


def test_an_overfilled_leg_ends_its_group_with_what_was_really_filled() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    orders = {r.order.instrument_key: r.order for r in rig.desk.durable.orders.values()}
    fills = [
        Fill(
            FillId(key), order.client_order_id, key, order.side, order.price_ticks, lots, Liquidity.TAKER,
            Decimal(0), Asset("USDT"), 0, 30,
        )
        for (key, order), lots in zip(orders.items(), (16_600, 167), strict=True)
    ]  # fmt: skip
    facts = rig.play(*fills)
    (closed,) = only(facts, GroupClosed)
    assert closed.residual == Decimal("-0.001")
    assert rig.desk.durable.working == {}
    assert rig.desk.durable.owed(NAME) == {PERPETUAL.key: Decimal("-0.001")}


def test_a_perpetual_is_unwound_without_margin() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    orders = {r.order.instrument_key: r.order for r in rig.desk.durable.orders.values()}
    short = orders[PERPETUAL.key]
    fill = Fill(
        FillId("1"), short.client_order_id, PERPETUAL.key, Side.SELL, 602_000, 166, Liquidity.TAKER,
        Decimal(0), Asset("USDT"), 0, 30,
    )  # fmt: skip
    spot = orders[SPOT.key].client_order_id
    facts = rig.play(fill, OrderRejected(spot, "-2010", "no", 0, 31))
    (approved,) = only(facts, OrderApproved)
    assert approved.approved.order.reduce_only
    assert (approved.approved.order.side, approved.approved.order.lots) == (
        Side.BUY,
        165,
    )  # up to the largest order


def test_what_the_venue_has_told_survives_an_error_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS)
    due_ns = rig.loop.next_due_ns
    assert due_ns is not None
    real, calls = rig.loop._carry_out, [0]

    def fails_once(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise RuntimeError("a bug in a listener")
        real(*arguments)

    monkeypatch.setattr(rig.loop, "_carry_out", fails_once)
    with pytest.raises(RuntimeError):
        rig.loop.settle(due_ns)
    rig.loop.settle(due_ns)
    assert rig.desk.durable.working == {}
    assert rig.desk.durable.ledger.positions[PERPETUAL.key].lots == -166


def test_a_residual_whose_unwinding_does_not_fill_is_given_back_later() -> None:
    rig = Rig()
    rig.play(*QUIET, OPENS, GONE)
    rig.play(Frame(0, depth(11, [("59990.00", "0"), ("58000.00", "3")], []), 22))  # the bid runs away
    facts = rig.settle()
    assert [f.purpose for f in only(facts, GroupClosed)] == [Purpose.OPEN]
    assert (
        only(facts, OrderRefused)[0].refused.rule == "price_collar"
    )  # 180 bps from the fair price: it waits
    assert rig.desk.durable.owed(NAME) == {SPOT.key: Decimal("0.165834")}
    rig.play(Frame(0, depth(12, [("59995.00", "1")], [], venue_ms=500), SECOND // 2))
    assert rig.settle() == []
    rig.play(Frame(0, depth(13, [("59996.00", "1")], [], venue_ms=1_200), SECOND * 12 // 10))
    facts = rig.settle()
    assert [f.purpose for f in only(facts, GroupClosed)] == [Purpose.UNWIND]
    assert rig.desk.durable.owed(NAME) == {SPOT.key: Decimal("0.000004")}  # below a lot


def test_ended_orders_are_forgotten_by_the_times_of_the_records() -> None:
    rig, other = Rig(), Rig()
    for each in (rig, other):
        sent_order(each)
    later = ENDED_KEPT_NS + 2 * SECOND
    rig.play(Frame(0, depth(11, [("59000.00", "1")], []), later))
    assert len(rig.desk.durable.orders) == 2
    assert rig.desk.durable.state_hash() == other.desk.durable.state_hash()
    rig.play(Transfer(TransferId("later"), SPOT.market, Asset("USDT"), Decimal(1), 0, later))
    assert rig.desk.durable.orders == {}


def test_one_shard_of_a_market_is_lost() -> None:
    rig = Rig()
    rig.play(*QUIET)
    rig.play(FeedDown(0, "reset", 30, books=(rig.desk.books[ETHER.key],)))
    assert rig.desk.status(SPOT.key) is BookStatus.LIVE
    rig.play(FeedDown(1, "reset", 31, books=(PERPETUAL_BOOK,)))
    assert rig.desk.status(PERPETUAL.key) is BookStatus.DOWN
    assert rig.desk.status(SPOT.key) is BookStatus.LIVE
