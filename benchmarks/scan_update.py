"""Rows `scan_update`: what one change of a best bid or offer costs; three venues, 200 instruments on each.

The figure is that of a whole call: the frame that brings the change is decoded, and every pair of the book's
group is looked at. Beside it stand the twin in plain Python, which does the same, and a rescan of everything
in NumPy, which decodes nothing. The conditions tell the scan alone: the difference to the same frame once
more, which changes nothing.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text, without_peer
from benchmarks.sides import OURS, Figures, Sides, in_turns, title
from benchmarks.streams import binance, htx, okx
from benchmarks.streams.capture import write_lines
from benchmarks.streams.market import Shape

NAME = "scan_update"
UNIT = "us/change, median"
TWIN = "plain Python twin"
NUMPY = "numpy"
TWIN_PAIRS_MAX = 1_000
SPOTS = ("binance.spot", "okx.spot", "htx.spot")
PERPETUALS = ("binance.usdm", "okx.swap", "htx.swap")
LEVELS = 20  # a side of each book
STEP_NS = 10_000
Venue = binance.Spot | okx.Spot | htx.Spot


class Layout(msgspec.Struct, frozen=True):
    """How 200 instruments a venue fall into groups."""

    assets: int
    markets: tuple[str, ...]

    @property
    def bases(self) -> list[str]:
        """Names of the assets."""
        return [f"A{number:03}" for number in range(self.assets)]

    @property
    def text(self) -> str:
        """What the row is called."""
        return f"{self.assets} assets x {len(self.markets)} books"


LAYOUTS = (Layout(100, SPOTS + PERPETUALS), Layout(200, SPOTS))


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """Two rows a layout."""
    rows: list[Row] = []
    for layout in LAYOUTS:
        path = write_lines(folder / "scan.txt", lines(layout, plan.seed, plan.scan_pairs), STEP_NS)
        reason = sides.missing(NUMPY)
        names = [OURS, TWIN] if reason else [OURS, TWIN, NUMPY]
        requests = {name: request(name, layout, plan, path) for name in names}
        figures = in_turns(names, plan.rounds, functools.partial(turn, sides, requests))
        rows += [row(sides, layout, figures, TWIN, None), row(sides, layout, figures, NUMPY, reason)]
    return rows


def turn(sides: Sides, requests: Mapping[str, Mapping[str, object]], name: str) -> Figures:
    """One measurement; the twin lives in our own process."""
    return sides.process(OURS if name == TWIN else name).ask(task="scan", **requests[name])


def request(name: str, layout: Layout, plan: Plan, path: Path) -> dict[str, object]:
    """What a side is asked for."""
    if name == NUMPY:
        return {"groups": layout.assets, "members": len(layout.markets), "changes": plan.scan_pairs}
    pairs = min(plan.scan_pairs, TWIN_PAIRS_MAX) if name == TWIN else plan.scan_pairs
    shape = {"bases": layout.bases, "markets": layout.markets, "capture": str(path)}
    return shape | {"pairs": pairs, "twin": name == TWIN}


def row(
    sides: Sides, layout: Layout, figures: dict[str, list[Figures]], rival: str, reason: str | None
) -> Row:
    """Medians of the rounds; percentiles of changing and unchanging frames are in the conditions."""
    ours = figures[OURS]
    name, value = f"{NAME} {layout.text}", median_of(ours, "p50")
    parts = [
        f"ours: {percentiles_text(ours)} us, the same frame without a change "
        f"{percentiles_text(ours, '_same')} us, so the scan {median_of(ours, 'scan'):.2f} us",
        f"{ours[0]['books']} books of {LEVELS}+{LEVELS} levels, {ours[0]['pairs']} changes by bookTicker "
        "frames of random books, no edge above the threshold, whole call of Hot.on_frame from Python",
        f"{len(ours)} interleaved rounds, medians, cost of the clock taken off",
    ]
    if reason:
        return without_peer(name, value, UNIT, reason, joined(*parts, sides.about(OURS)))
    theirs = figures[rival]
    parts.insert(1, f"peer: {percentiles_text(theirs)} us")
    about = sides.about(NUMPY) if rival == NUMPY else "peer: the same calls on the hot state in plain Python"
    conditions = joined(*parts, sides.about(OURS), about)
    return lower_is_better(name, value, UNIT, title(rival), median_of(theirs, "p50"), conditions)


PROVED_BY_DELTA = ("binance.usdm", "htx.spot")  # a snapshot by itself is no live book there


def lines(layout: Layout, seed: int, pairs: int) -> Iterator[tuple[str, str, bytes]]:
    """Snapshots market by market; then tickers in pairs, of which only the first changes a top."""
    tickers: list[tuple[str, binance.Spot]] = []
    for market in layout.markets:
        for number, base in enumerate(layout.bases):
            venue = make(market, base, seed + number)
            yield "snapshot", market, venue.snapshot()
            if market in PROVED_BY_DELTA:
                yield "early", market, venue.depth()
            if isinstance(venue, binance.Spot):
                tickers.append((market, venue))
    order = random.Random(seed)
    for _ in range(pairs):
        market, venue = order.choice(tickers)
        venue.market.ask_ticks += order.choice((-1, 1))
        payload = venue.ticker()
        yield "frame", market, payload
        previous = venue.update_id
        venue.update_id += 1
        yield "frame", market, payload.replace(b'"u":%d' % previous, b'"u":%d' % venue.update_id, 1)


def make(market: str, base: str, seed: int) -> Venue:
    """A small market of an asset."""
    makers: dict[str, tuple[type[Venue], str, Shape]] = {
        "binance.spot": (binance.Spot, f"{base}USDT", binance.SPOT),
        "binance.usdm": (binance.UsdM, f"{base}USDT", binance.USDM),
        "okx.spot": (okx.Spot, f"{base}-USDT", okx.SPOT),
        "okx.swap": (okx.Spot, f"{base}-USDT-SWAP", okx.SPOT),
        "htx.spot": (htx.Spot, f"{base}usdt".lower(), htx.SPOT),
        "htx.swap": (htx.Swap, f"{base}-USDT", htx.SWAP),
    }
    venue, symbol, shape = makers[market]
    small = msgspec.structs.replace(shape, levels=LEVELS, changes_min=2, changes_max=2, touched=LEVELS)
    return venue(seed, symbol, small)
