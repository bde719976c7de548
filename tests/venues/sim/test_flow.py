"""The synthetic market by its statistics, in virtual time and by seed."""

from __future__ import annotations

import random
import statistics

import msgspec
import pytest

from trimaran.base.errors import ConfigError
from trimaran.native._matching import Matching
from trimaran.venues.sim.book import Engine
from trimaran.venues.sim.hawkes import Hawkes
from trimaran.venues.sim.instruments import SPOT, SYMBOLS, USDM, instruments_of
from trimaran.venues.sim.matching import Matching as Twin
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.price import AssetPrice
from trimaran.venues.sim.world import World

STEP_NS = 5_000_000
TAKER_FEES_BPS = 15.0  # 10 spot, 5 USD-M
PAIR = ("BTCUSDT", "ETHUSDT")


def world(
    seed: int, symbols: tuple[str, ...] = PAIR, engine: type[Engine] = Matching, **flow: float
) -> World:
    parameters = msgspec.structs.replace(FlowParameters(), **flow)
    return World(parameters, instruments_of(symbols), lambda use: random.Random(f"{seed}:{use}"), engine, 0)


class Watch:
    """Looks at every book each 5 ms: spreads, crossed books, and edges between spot and perpetual."""

    def __init__(self, seen: World, symbols: tuple[str, ...], seconds: int) -> None:
        self.spreads = {key: [] for key in seen.books}  # type: ignore[var-annotated]
        self.edges_bps: list[float] = []
        self.lifetimes_ms: list[int] = []
        since: dict[str, int] = {}
        for turn in range(1, seconds * 1_000_000_000 // STEP_NS + 1):
            seen.advance(turn * STEP_NS)
            for key, book in seen.books.items():
                assert 0 < book.best[0] < book.best[2]
                self.spreads[key].append(book.best[2] - book.best[0])
                book.drain()
            for symbol in symbols:
                edge_bps = self._edge_bps(seen, symbol)
                self.edges_bps.append(edge_bps)
                if edge_bps > TAKER_FEES_BPS:
                    since.setdefault(symbol, turn)
                elif symbol in since:
                    self.lifetimes_ms.append((turn - since.pop(symbol)) * STEP_NS // 1_000_000)

    @staticmethod
    def _edge_bps(seen: World, symbol: str) -> float:
        """The better of buying spot and selling the perpetual, and the other way round; before fees."""
        bid, ask = {}, {}
        for (market, name), book in seen.books.items():
            if name == symbol:
                tick = float(book.listing.instrument.price_grid.step)
                bid[market], ask[market] = book.best[0] * tick, book.best[2] * tick
        return 1e4 * max(bid[USDM] / ask[SPOT] - 1, bid[SPOT] / ask[USDM] - 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_statistics(seed: int) -> None:
    seconds = 90
    market = world(seed)
    watch = Watch(market, PAIR, seconds)
    for key, spreads in watch.spreads.items():
        ordered = sorted(spreads)
        assert ordered[len(ordered) // 2] <= 3, key
        assert ordered[len(ordered) * 3 // 4] <= 6, key
    per_minute = len(watch.lifetimes_ms) / len(PAIR) / seconds * 60
    assert 2 <= per_minute <= 20
    assert 50 <= statistics.median(watch.lifetimes_ms) <= 1500
    assert max(watch.lifetimes_ms) <= 4000
    ordered_bps = sorted(watch.edges_bps)
    assert abs(ordered_bps[len(ordered_bps) // 2]) < 4
    assert ordered_bps[len(ordered_bps) * 9 // 10] < 10
    for book in market.books.values():
        assert min(book.engine.level_count(0), book.engine.level_count(1)) > 150
        assert 1_000 < book.engine.order_count() < 2_200
        assert book.trade_count() > 200


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_symbol_has_a_tight_deep_book(symbol: str) -> None:
    market = world(3, (symbol,))
    watch = Watch(market, (symbol,), 10)
    for key, book in market.books.items():
        spreads = sorted(watch.spreads[key])
        assert spreads[len(spreads) // 2] <= 4
        assert min(book.engine.level_count(0), book.engine.level_count(1)) > 60


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
    native, twin = world(5, ("XRPUSDT",)), world(5, ("XRPUSDT",), Twin)
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


def test_follower_is_late_and_never_sees_time_run_backwards() -> None:
    parameters = FlowParameters(basis_bps=0.0, shocks_per_s=0.0, volatility_bps=0.0, jumps_per_s=0.2)
    price = AssetPrice(parameters, random.Random(2), 0, (False, True))
    behind: list[int] = []
    away = 0
    for step in range(1, 6_000):
        price.advance(step * parameters.grid_ns)
        assert abs(price.seen_bps(1) - price.efficient_bps) < 1e-9
        if abs(price.seen_bps(0) - price.efficient_bps) > 5:
            away += 1
        elif away:
            behind.append(away)
            away = 0
    assert len(behind) >= 4
    assert all(3 <= steps <= 90 for steps in behind)


def test_parameters_are_checked() -> None:
    with pytest.raises(ConfigError, match="rate"):
        FlowParameters(rate=0.0)
    with pytest.raises(ConfigError, match="stationarity"):
        FlowParameters(taker_excitation_per_s=6.0)
    with pytest.raises(ConfigError, match="lag"):
        FlowParameters(lag_min_ns=500_000_000)
    with pytest.raises(ConfigError, match="symbols"):
        instruments_of(("NOPEUSDT",))
