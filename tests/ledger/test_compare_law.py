"""The law of comparison: it invents nothing, whatever is under way, and misses nothing for long."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.compare_truth import Truth
from tests.support.compare_world import BEGAN, MARGIN, SECOND, USDT
from trimaran.domain.instrument import ContractKind
from trimaran.ledger.compare import compare
from trimaran.ledger.difference import Comparison, DifferenceKind, Doubt


def rounds(truth: Truth, rng: random.Random, count: int) -> list[Comparison]:
    """Some rounds one after another; the next begins at once, or when doubts can be decided."""
    found: list[Comparison] = []
    doubts: tuple[Doubt, ...] = ()
    began_ns = BEGAN
    for _ in range(count):
        ended_ns = began_ns + rng.randrange(1, 2 * SECOND)
        comparison = compare(
            truth.view(ended_ns),
            truth.snapshot(began_ns, ended_ns),
            doubts=doubts,
            fills=truth.window(began_ns, ended_ns) if rng.random() < 0.5 else None,
        )
        found.append(comparison)
        doubts = comparison.doubts
        began_ns = max(ended_ns, comparison.again_ns if rng.random() < 0.7 else 0) + rng.randrange(1, SECOND)
    return found


@pytest.mark.parametrize("kind", ContractKind)
@settings(max_examples=300, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_nothing_is_invented(kind: ContractKind, rng: random.Random) -> None:
    truth = Truth(rng, kind)
    for comparison in rounds(truth, rng, 4):
        assert comparison.differences == ()


def test_there_is_much_under_way_in_these_worlds() -> None:
    doubts = quiet = 0
    for seed in range(200):
        rng = random.Random(seed)
        for comparison in rounds(Truth(rng, ContractKind.SPOT), rng, 3):
            doubts += bool(comparison.doubts)
            quiet += not comparison.doubts
    assert doubts > 60
    assert quiet > 60


@pytest.mark.parametrize("kind", ContractKind)
@settings(max_examples=60, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_what_is_planted_is_found_once_nothing_moves(kind: ContractKind, rng: random.Random) -> None:
    truth = Truth(rng, kind)
    lost = [event for event in truth.events if event.fill is not None and rng.random() < 0.3]
    quiet_ns = BEGAN + 40 * SECOND
    known = truth.events
    theirs = [
        truth.snapshot(quiet_ns, quiet_ns + SECOND),
        truth.snapshot(quiet_ns + 10 * SECOND, quiet_ns + 11 * SECOND),
    ]
    truth.events = [event for event in known if event not in lost]
    view = truth.view(quiet_ns)
    first = compare(view, theirs[0])
    second = compare(view, theirs[1], doubts=first.doubts)
    told = {difference.subject for difference in second.differences}
    told |= {doubt.difference.subject for doubt in second.doubts}  # held by orders nobody answers for
    balances, positions = truth.holdings(truth.events)
    true_balances, true_positions = truth.holdings(known)
    for asset, balance in true_balances.items():
        ours = balances[asset].total if asset in balances else Decimal(0)
        assert (abs(balance.total - ours) >= Decimal("1e-8")) <= (asset in told)
    for key, position in true_positions.items():
        lots = positions[key].lots if key in positions else 0
        assert (position.lots != lots) <= (key in told)


def test_a_doubt_that_comes_and_goes_never_becomes_sure() -> None:
    """Two fills of one size, each unheard in its own round, look like one difference that lasts."""
    truth = Truth(random.Random(1), ContractKind.SPOT)
    truth.events, truth.lives = [], {}
    view = truth.view(BEGAN)
    held = view.balances[USDT]
    doubts: tuple[Doubt, ...] = ()
    for number in range(4):
        began_ns = BEGAN + 3 * MARGIN * number
        ours = msgspec.structs.replace(held, total=held.total + number, venue_ns=began_ns - MARGIN)
        theirs = truth.snapshot(began_ns, began_ns + 2)
        row = msgspec.structs.replace(theirs.balances[0], total=held.total + number + 1, venue_ns=began_ns)
        comparison = compare(
            msgspec.structs.replace(view, balances={USDT: ours}),
            msgspec.structs.replace(theirs, balances=(row,)),
            doubts=doubts,
        )
        doubts = comparison.doubts
        assert comparison.differences == ()
        assert [doubt.difference.kind for doubt in doubts] == [DifferenceKind.BALANCE_HIGHER]
