"""The synthetic market by its statistics, in virtual time and by seed."""

from __future__ import annotations

import itertools
import random
import statistics
from collections import Counter

import msgspec
import pytest

from trimaran.base.errors import ConfigError
from trimaran.native._matching import Matching
from trimaran.venues.sim.book import Engine
from trimaran.venues.sim.hawkes import Hawkes
from trimaran.venues.sim.instruments import ASSETS, instruments_of
from trimaran.venues.sim.markets import MARKETS, SimMarket, markets_of
from trimaran.venues.sim.matching import Matching as Twin
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.price import AssetPrice
from trimaran.venues.sim.world import World

STEP_NS = 5_000_000
PAIR = ("BTC", "ETH")
FEES_BPS = {market.name: market.fees.taker_e8 / 1e4 for market in MARKETS}
BINANCE = markets_of(("binance",))


def world(
    seed: int,
    symbols: tuple[str, ...] = PAIR,
    engine: type[Engine] = Matching,
    markets: tuple[SimMarket, ...] = BINANCE,
    **flow: float,
) -> World:
    parameters = msgspec.structs.replace(FlowParameters(), **flow)
    listings = instruments_of(symbols, markets)
    return World(parameters, listings, lambda use: random.Random(f"{seed}:{use}"), engine, 0)


class Watch:
    """Looks at every book each 5 ms: spreads, crossed books, and edges between two markets of an asset."""

    def __init__(self, seen: World, seconds: int) -> None:
        self.spreads = {key: [] for key in seen.books}  # type: ignore[var-annotated]
        self.edges_bps: list[float] = []  # the best of each asset, after the takers' fees
        self.lifetimes_ms: list[int] = []  # of a positive best edge of an asset
        self.pairs: Counter[tuple[str, str]] = Counter()  # markets bought in and sold in
        since: dict[str, int] = {}
        for turn in range(1, seconds * 1_000_000_000 // STEP_NS + 1):
            seen.advance(turn * STEP_NS)
            tops: dict[str, dict[str, tuple[float, float]]] = {}
            for key, book in seen.books.items():
                assert 0 < book.best[0] < book.best[2]
                self.spreads[key].append(book.best[2] - book.best[0])
                book.drain()
                instrument = book.listing.instrument
                tick = float(instrument.price_grid.step)
                tops.setdefault(instrument.base, {})[key[0]] = book.best[0] * tick, book.best[2] * tick
            for base, quotes in tops.items():
                edges = {
                    (bought, sold): 1e4 * (quotes[sold][0] / quotes[bought][1] - 1)
                    - FEES_BPS[bought]
                    - FEES_BPS[sold]
                    for bought, sold in itertools.permutations(quotes, 2)
                }
                best = max(edges, key=lambda pair: edges[pair])
                self.edges_bps.append(edges[best])
                if edges[best] > 0:
                    if base not in since:
                        self.pairs[best] += 1
                    since.setdefault(base, turn)
                elif base in since:
                    begun = since.pop(base)
                    self.lifetimes_ms.append((turn - begun) * STEP_NS // 1_000_000)


@pytest.mark.parametrize("seed", [1, 2])
def test_statistics(seed: int) -> None:
    """Spot and perpetual of one venue."""
    seconds = 90
    market = world(seed)
    watch = Watch(market, seconds)
    for key, spreads in watch.spreads.items():
        ordered = sorted(spreads)
        assert ordered[len(ordered) // 2] <= 3, key
        assert ordered[len(ordered) * 3 // 4] <= 6, key
    per_minute = len(watch.lifetimes_ms) / len(PAIR) / seconds * 60
    assert 1 <= per_minute <= 15
    assert 30 <= statistics.median(watch.lifetimes_ms) <= 1500
    assert max(watch.lifetimes_ms) <= 6000
    ordered_bps = sorted(watch.edges_bps)
    assert abs(ordered_bps[len(ordered_bps) // 2] + 15) < 4
    assert ordered_bps[len(ordered_bps) * 9 // 10] < -5
    for book in market.books.values():
        assert min(book.engine.level_count(0), book.engine.level_count(1)) > 150
        assert 1_000 < book.engine.order_count() < 2_200
        assert book.trade_count() > 200


@pytest.mark.parametrize("seed", [1, 2])
def test_edges_between_venues_come_and_go(seed: int) -> None:
    """All six markets: several edges a minute above the fees, most of them gone within a second."""
    seconds = 60
    watch = Watch(world(seed, markets=MARKETS), seconds)
    per_minute = len(watch.lifetimes_ms) / len(PAIR) / seconds * 60
    assert 3 <= per_minute <= 25
    assert 80 <= statistics.median(watch.lifetimes_ms) <= 900
    assert max(watch.lifetimes_ms) <= 8000
    assert sum(edge > 0 for edge in watch.edges_bps) < 0.2 * len(watch.edges_bps)
    assert len({market for pair in watch.pairs for market in pair}) >= 4


def test_a_venue_sees_the_same_market_whichever_others_run() -> None:
    alone, together = world(4, ("BTC",), markets=markets_of(("okx",))), world(4, ("BTC",), markets=MARKETS)
    for each in (alone, together):
        each.advance(3_000_000_000)
    for key, book in alone.books.items():
        assert book.engine.state_hash() == together.books[key].engine.state_hash()
        assert book.last_update_id == together.books[key].last_update_id


@pytest.mark.parametrize("symbol", ASSETS)
def test_every_symbol_has_tight_deep_books(symbol: str) -> None:
    market = world(3, (symbol,), markets=MARKETS)
    watch = Watch(market, 8)
    for key, book in market.books.items():
        spreads = sorted(watch.spreads[key])
        assert spreads[len(spreads) // 2] <= 4, key
        assert min(book.engine.level_count(0), book.engine.level_count(1)) > 60, key


@pytest.mark.parametrize(
    ("market", "symbol"),
    [
        (0, "BTCUSDT"),
        (1, "BTCUSDT"),
        (2, "BTC-USDT"),
        (3, "BTC-USDT-SWAP"),
        (4, "btcusdt"),
        (5, "BTC-USDT"),
    ],
)
def test_symbols_are_in_the_venue_s_own_spelling(market: int, symbol: str) -> None:
    for asked in ("BTC", "BTCUSDT", "BTC-USDT", "btc"):
        assert instruments_of((asked,), (MARKETS[market],))[0].instrument.symbol == symbol


@pytest.mark.parametrize("symbol", PAIR)
def test_depth_has_a_hump_away_from_the_touch(symbol: str) -> None:
    market = world(3, (symbol,))
    lots_by_bps = [0] * 24
    for turn in range(1, 61):
        market.advance(turn * 500_000_000)
        for book in market.books.values():
            book.drain()
            (best, _), *_ = levels = book.engine.depth(0, 10_000)
            for ticks, lots in levels:
                lots_by_bps[min(23, int((best - ticks) / best * 1e4))] += lots
    hump = max(lots_by_bps[1:10])
    assert hump > 1.2 * lots_by_bps[0]
    assert hump > 3 * statistics.mean(lots_by_bps[18:23])


def test_same_seed_same_world_however_it_is_advanced() -> None:
    one, many, other = world(7), world(7), world(8)
    one.advance(3_000_000_000)
    rng = random.Random(0)
    now_ns = 0
    while now_ns < 3_000_000_000:
        now_ns = min(3_000_000_000, now_ns + rng.randrange(1, 80_000_000))
        many.advance(now_ns)
    other.advance(3_000_000_000)
    assert one.state_hash() == many.state_hash() != other.state_hash()


def test_native_and_twin_engines_make_the_same_world() -> None:
    native, twin = world(5, ("XRP",)), world(5, ("XRP",), Twin)
    for market in (native, twin):
        market.advance(4_000_000_000)
    assert native.state_hash() == twin.state_hash()


def test_rate_multiplies_events() -> None:
    slow, fast = world(1, rate=0.5), world(1, rate=2.0)
    ratio = fast.advance(10_000_000_000) / slow.advance(10_000_000_000)
    assert 3.5 < ratio < 4.5


def test_hawkes_mean_rate_and_clustering() -> None:
    process = Hawkes(1.0, 3.0, 6.0, random.Random(1))
    waits_s = [process.wait_s() for _ in range(20_000)]
    assert 1.85 < len(waits_s) / sum(waits_s) < 2.15  # base / (1 - 1/2)
    assert statistics.stdev(waits_s) / statistics.mean(waits_s) > 1.15  # more than Poisson


def test_followers_are_late_and_never_see_time_run_backwards() -> None:
    parameters = FlowParameters(
        basis_bps=0.0, venue_basis_bps=0.0, shocks_per_s=0.0, volatility_bps=0.0, jumps_per_s=0.2
    )
    price = AssetPrice(parameters, random.Random(2), 0, MARKETS)
    behind: dict[str, list[int]] = {market.name: [] for market in MARKETS}
    away = dict.fromkeys(behind, 0)
    for step in range(1, 12_000):
        price.advance(step * parameters.grid_ns)
        for index, market in enumerate(MARKETS):
            if abs(price.seen_bps(index) - price.efficient_bps) > 5:
                away[market.name] += 1
            elif away[market.name]:
                behind[market.name].append(away[market.name])
                away[market.name] = 0
    assert behind.pop("binance.usdm") == []
    for market in MARKETS:
        for steps in behind.get(market.name, []):
            shortest, longest = (lag / parameters.grid_ns for lag in market.lag_ns)
            assert shortest / 2 <= steps <= 2 * longest + 2
    mean = {name: statistics.mean(steps) for name, steps in behind.items()}
    assert mean["okx.swap"] < mean["okx.spot"] < mean["htx.spot"]
    assert mean["htx.swap"] < mean["htx.spot"]


def test_parameters_are_checked() -> None:
    with pytest.raises(ConfigError, match="rate"):
        FlowParameters(rate=0.0)
    with pytest.raises(ConfigError, match="stationarity"):
        FlowParameters(taker_excitation_per_s=6.0)
    with pytest.raises(ConfigError, match="lag"):
        FlowParameters(lag_scale=3.0)
    for symbols in (("NOPEUSDT",), (), ("BTC", "BTC-USDT")):
        with pytest.raises(ConfigError, match="symbols"):
            instruments_of(symbols)
