"""Measuring: from the scan's integers to an opportunity in quote and base, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from trimaran.arbitrage.opportunity import Leg, measure
from trimaran.domain.instrument import Fees, Grid, Instrument
from trimaran.domain.opportunity import Opportunity, Pair

# Common units of the pair below: prices of 0.01, sizes of 0.00001.
UNITS = {0: (-2, -5, 1, 1), 1: (-2, -5, 10, 100)}


class Scan:
    """A scan that says what it is told, and remembers how far it was asked to walk."""

    def __init__(self, walk: tuple[int, int, int, int, int], ask_ticks: int = 6_000_000) -> None:
        self._walk, self._ask_ticks = walk, ask_ticks
        self.caps: list[int] = []

    def walk(self, buy: int, sell: int, size_cap: int) -> tuple[int, int, int, int, int]:
        assert (buy, sell) == (0, 1)
        self.caps.append(size_cap)
        return self._walk

    def units(self, book: int) -> tuple[int, int, int, int]:
        return UNITS[book]

    def top(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        tops = ((5_999_900, 1, self._ask_ticks, 1, 9, 0, 940), (600_500, 1, 600_600, 1, 9, 0, 900))
        return tops[book]


def measured(scan: Scan, spot: Instrument, perpetual: Instrument, notional: str) -> Opportunity | None:
    return measure(scan, Leg(0, spot), Leg(1, perpetual), 77, Decimal(notional), 1_000)


# Half a coin: bought at 60,000.00 and 60,001.00, sold at 60,050.0.
WALK = (50_000, 30_000_250_000 * 10, 30_025_000_000 * 10, 6_000_100, 600_500)


def test_an_opportunity_is_exact(spot: Instrument, perpetual: Instrument) -> None:
    found = measured(Scan(WALK), spot, perpetual, "100000")
    assert found == Opportunity(
        pair=Pair(spot.key, perpetual.key),
        edge_e8=77,
        size=Decimal("0.5"),
        buy_lots=50_000,
        sell_lots=500,
        buy_limit_ticks=6_000_100,
        sell_limit_ticks=600_500,
        cost=Decimal("30000.25"),
        proceeds=Decimal("30025"),
        fees=Decimal("30000.25") * Decimal("0.001") + Decimal("30025") * Decimal("0.0005"),
        buy_age_ns=60,
        sell_age_ns=100,
        local_ns=1_000,
    )
    assert found.net == Decimal("30025") - Decimal("30000.25") - Decimal("45.01275")
    assert found.age_ns == 100
    assert str(found.pair) == "binance.spot:BTCUSDT>binance.usdm:BTCUSDT"


def test_rebates_are_negative_fees(spot: Instrument, perpetual: Instrument) -> None:
    found = measured(Scan(WALK), replace(spot, fees=Fees(0, -50_000)), perpetual, "100000")
    assert found is not None
    assert found.fees == Decimal("15.0125") - Decimal("15.000125")


@pytest.mark.parametrize(
    ("notional", "cap"),
    [("60000", 100_000), ("59999.99", 99_999), ("0.6", 1), ("0.59", 0), ("1e30", 2**62)],
)
def test_the_walk_is_capped_by_the_notional_at_the_top(
    spot: Instrument, perpetual: Instrument, notional: str, cap: int
) -> None:
    scan = Scan(WALK)
    measured(scan, spot, perpetual, notional)
    assert scan.caps == [cap]


def test_nothing_is_there_without_a_whole_step(spot: Instrument, perpetual: Instrument) -> None:
    assert measured(Scan((0, 0, 0, 0, 0)), spot, perpetual, "100000") is None


def test_nothing_is_there_without_an_ask(spot: Instrument, perpetual: Instrument) -> None:
    scan = Scan(WALK, ask_ticks=0)
    assert measured(scan, spot, perpetual, "100000") is None
    assert scan.caps == []


def test_contracts_count_in_lots_of_their_own(spot: Instrument, perpetual: Instrument) -> None:
    """A contract of 0.01 coins, in whole contracts, is the same base grid of 1000 common units a lot."""
    contract = replace(perpetual, size_grid=Grid(1, 0), contract_size=Decimal("0.01"))
    scan = Scan(WALK)
    scan.units = lambda book: (-2, -5, 1, 1) if book == 0 else (-2, -5, 10, 1_000)  # type: ignore[method-assign]
    found = measured(scan, spot, contract, "100000")
    assert found is not None
    assert contract.size(found.sell_lots) == found.size == spot.size(found.buy_lots)
