"""Corrections lead a ledger to the books of its venue, and the round after them finds nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.domain.account import Fill, Transfer
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, MarketName
from trimaran.domain.records import Heard
from trimaran.domain.reports import BalanceReport, PositionReport
from trimaran.ledger.compare import Comparison, compare
from trimaran.ledger.difference import DifferenceKind
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.our_view import OurView, positions_of, wallet_of

SECOND = 1_000_000_000
BEGAN = 1_000 * SECOND
USDM, SPOT = MarketName("usdm"), MarketName("spot")
KEYS = {USDM: "usdm:BTCUSDT", SPOT: "spot:BTCUSDT"}
Instruments = dict[InstrumentKey, Instrument]


def snapshot_of(
    venue: Ledger, markets: frozenset[MarketName], market: MarketName, at_ns: int
) -> AccountSnapshot:
    """What a venue that keeps its books like this ledger would say."""
    balances = tuple(
        BalanceReport(
            market=market, asset=asset, total=held.total, free=None, venue_ns=held.venue_ns, local_ns=1
        )
        for asset, held in wallet_of(venue, markets).items()
    )
    positions = []
    for key, held in positions_of(venue, market).items():
        size = venue.instruments[key].size(held.lots)
        entry = (held.cost / size).quantize(Decimal("1e-8")) if held.lots else None
        row = PositionReport(
            instrument_key=key, lots=held.lots, entry_price=entry, venue_ns=held.venue_ns, local_ns=1
        )
        positions.append(row)
    return AccountSnapshot(market, (), balances, tuple(positions), at_ns, at_ns + SECOND)


def view_of(ledger: Ledger, markets: frozenset[MarketName], market: MarketName, opening: bool) -> OurView:
    return OurView(
        market=market,
        counter=ClientIdCounter(0, 0, 1),
        margin_ns=SECOND,
        instruments=ledger.instruments,
        orders={},
        balances=wallet_of(ledger, markets),
        positions=positions_of(ledger, market),
        opening=opening,
    )


def reconcile(
    ledger: Ledger, venue: Ledger, market: MarketName, shared: frozenset[MarketName], opening: bool = False
) -> tuple[Comparison, Comparison]:
    """Two rounds, corrections, and another round after them."""
    doubts = compare(
        view_of(ledger, shared, market, opening), snapshot_of(venue, shared, market, BEGAN)
    ).doubts
    later = snapshot_of(venue, shared, market, BEGAN + 10 * SECOND)
    found = compare(view_of(ledger, shared, market, opening), later, doubts=doubts)
    for difference in found.differences:
        for record in difference.corrections:
            assert isinstance(record, Heard)
            ledger.apply(record.event)
    after = compare(
        view_of(ledger, shared, market, False), snapshot_of(venue, shared, market, BEGAN + 30 * SECOND)
    )
    return found, after


@pytest.mark.parametrize("opening", [False, True])
@settings(max_examples=80, deadline=None)
@given(rng=st.randoms(use_true_random=False), market=st.sampled_from([USDM, SPOT]))
def test_a_ledger_is_led_to_the_venues_books(
    instruments: Instruments,
    make_fill: Callable[..., Fill],
    opening: bool,
    market: MarketName,
    rng: random.Random,
) -> None:
    ledger, venue = Ledger(instruments), Ledger(instruments)
    for number in range(rng.randrange(1, 12)):
        fill = make_fill(
            str(number), KEYS[market], rng.choice(["BUY", "SELL"]), rng.randrange(50, 150),
            rng.randrange(1, 30), str(Decimal(rng.randrange(-9, 90)) / 100), rng.choice(["USDT", "BNB"]),
        )  # fmt: skip
        fill = msgspec.structs.replace(fill, venue_ns=SECOND * (1 + number))
        venue.apply(fill)
        if not opening and rng.random() < 0.7:
            ledger.apply(fill)
    shared = frozenset({market})
    found, after = reconcile(ledger, venue, market, shared, opening)
    ledger.check()
    assert not found.doubts
    assert {difference.kind for difference in after.differences} <= {DifferenceKind.POSITION_ENTRY}
    for asset, held in wallet_of(venue, shared).items():
        ours = ledger.balances.get((market, asset), Decimal(0))
        assert abs(EXACT.subtract(held.total, ours)) < Decimal("1e-8")
    for key, position in positions_of(venue, market).items():
        assert positions_of(ledger, market).get(key, position).lots == position.lots


def test_a_wallet_that_two_markets_share_is_compared_as_one(
    instruments: Instruments,
    make_fill: Callable[..., Fill],
    make_transfer: Callable[..., Transfer],
) -> None:
    ledger, venue = Ledger(instruments), Ledger(instruments)
    events = [
        make_transfer("a", "spot", "USDT", 1_000),
        make_fill("1", "spot:BTCUSDT", "BUY", 100, 20),
        make_fill("1", "usdm:BTCUSDT", "BUY", 100, 20, "3"),
    ]
    for event in events:
        venue.apply(event)
        ledger.apply(event)
    shared = frozenset({USDM, SPOT})
    for market in (USDM, SPOT):
        found, _ = reconcile(ledger, venue, market, shared)
        assert found == Comparison(())
    alone, _ = reconcile(ledger, venue, USDM, frozenset({USDM}))
    assert alone == Comparison(())
    assert wallet_of(ledger, shared)[Asset("USDT")].total == 797
