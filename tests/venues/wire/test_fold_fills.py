"""Fills in the fold: none is lost for want of an owner, and what the grid cuts off adds up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.account_stage import OURS, fill, order
from trimaran.domain.account import Fill, OrderAcked
from trimaran.domain.orders import OrderState
from trimaran.domain.reports import ForeignFill
from trimaran.venues.wire.account_fold import AccountFold
from trimaran.venues.wire.fold_fills import FEELESS_MAX, WAIT_NS, WAIT_NS_MAX
from trimaran.venues.wire.fold_port import FeeMissing, OwnerMissing

SECOND = 1_000_000_000
_S = OrderState


def kinds(events: list[object]) -> list[type]:
    return [type(event) for event in events]


@given(st.lists(st.integers(1000, 4_000), min_size=1, max_size=30), st.data())
def test_fills_that_are_cut_to_the_grid_add_up(thousandths, data):
    """Who buys by value takes fractions of a lot: what was filled is the floor of the sum, not of each."""
    fold = AccountFold()
    fold.report(order(_S.ACKED), 0)
    fills = [
        fill(number, size // 1000, rest=Decimal(size % 1000) / 1000)
        for number, size in enumerate(thousandths)
    ]
    booked = [fold.report(each, 1)[0].lots for each in data.draw(st.permutations(fills))]
    assert sum(booked) == fold._orders[OURS].seen_lots == sum(thousandths) // 1000
    assert fold.report(fills[0], 2) == []


def test_dust_is_a_lot_until_others_make_up_for_it():
    fold = AccountFold()
    fold.report(order(_S.ACKED), 0)
    sizes = [("0.4", 1), ("0.3", 1), ("2.3", 2)]  # two lots for dust, and one less for what follows
    booked = []
    for number, (size, lots) in enumerate(sizes):
        cut = fill(number, lots, rest=Decimal(size) - lots)
        booked.append(fold.report(cut, 1)[0].lots)
    assert booked == [1, 1, 1]


@pytest.mark.parametrize("told", ["the order", "the fill"])
def test_a_fill_that_went_out_as_foreign_is_ours_once_somebody_says_so(told):
    """The question whose it is may fail for longer than anybody waits: the fill must not be lost by that."""
    fold = AccountFold()
    early = fill(1, client_order_id=None)
    fold.report(early, 0)
    assert fold.on_tick(WAIT_NS_MAX) == [ForeignFill(early)]
    if told == "the order":
        assert kinds(fold.report(order(_S.PARTIALLY_FILLED, 3), WAIT_NS_MAX + 1)) == [OrderAcked, Fill]
    else:
        assert kinds(fold.report(fill(1), WAIT_NS_MAX + 1)) == [Fill]
        fold.report(order(_S.PARTIALLY_FILLED, 3), WAIT_NS_MAX + 2)
    assert fold.report(fill(1), WAIT_NS_MAX + 3) == []
    assert fold.on_tick(WAIT_NS_MAX + 100 * SECOND) == [], "nothing is missing"


def test_a_question_that_may_have_failed_is_asked_again():
    fold = AccountFold()
    early = fill(1, client_order_id=None)
    fold.report(early, 0)
    asked = [at for at in range(0, WAIT_NS_MAX, WAIT_NS // 5) if fold.on_tick(at) == [OwnerMissing(early)]]
    assert asked == [WAIT_NS, 2 * WAIT_NS, 4 * WAIT_NS, 8 * WAIT_NS, 16 * WAIT_NS]


def test_a_fill_waits_for_its_fee_through_an_outage():
    fold = AccountFold()
    fold.report(fill(1, fee=None), 0)
    fold.on_tick(10 * WAIT_NS_MAX)
    (event,) = fold.report(fill(1), 20 * WAIT_NS_MAX)
    assert (type(event), event.fee) == (Fill, fill(1).fee)


def test_a_venue_that_leaves_a_fee_out_of_its_answers_does_not_know_it():
    fold = AccountFold()
    bare = fill(1, fee=None)
    fold.report(bare, 0)
    for asked in range(FEELESS_MAX):
        assert fold.on_tick(WAIT_NS << asked) == [FeeMissing(bare, booked=False)]
        assert fold.report(bare, WAIT_NS << asked) == []
    alarm, booked = fold.on_tick(WAIT_NS_MAX)
    assert alarm == FeeMissing(bare, booked=True)
    assert (type(booked), booked.fee) == (Fill, Decimal(0))
