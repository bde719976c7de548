"""Reports of one millisecond, which the venue's time does not put in order."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from tests.support.account_stage import OURS, approved, order
from trimaran.domain.account import OrderAmended
from trimaran.domain.orders import OrderState
from trimaran.venues.wire.account_fold import AccountFold

_S = OrderState
FILLED = order(_S.PARTIALLY_FILLED, 3, at=5)
AMENDED = msgspec.structs.replace(order(_S.PARTIALLY_FILLED, 3, at=5), price_ticks=99, lots=8)


@pytest.mark.parametrize("reports", list(permutations([FILLED, AMENDED, FILLED])))
def test_what_was_asked_for_is_newer_than_what_was_before(reports):
    fold = AccountFold()
    fold.expect(approved().order)
    fold.report(order(_S.ACKED, at=4), 1)
    fold.expect_amended(msgspec.structs.replace(approved().order, price_ticks=99, lots=8))
    told = [event for report in reports for event in fold.report(report, 2)]
    assert [event for event in told if isinstance(event, OrderAmended)] == [OrderAmended(OURS, 99, 8, 5, 5)]


def test_what_nobody_asked_for_does_not_change_within_a_millisecond():
    fold = AccountFold()
    fold.report(FILLED, 1)
    assert fold.report(AMENDED, 2) == []
