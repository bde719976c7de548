"""What one change of a best bid or offer costs: the frame that brings it, until its group is scanned.

Each change is followed by the same frame under the next id, which changes nothing: the difference of the two
is the scan.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from itertools import islice

from measuring import Line, Reply, Side, clock_cost_ns, lines_of, percentile, percentiles_us, settle
from trimaran_markets import MARKETS, add_book

from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.answer import BookStatus, Flag, flags_of
from trimaran.domain.dialect import Dialect
from trimaran.engine.hot import Hot
from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot as NativeHot
from trimaran.venues.registry import MARKETS as REGISTRY

BINANCE = (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM)
PROVED_BY_DELTA = (Dialect.BINANCE_USDM, Dialect.HTX_SPOT)  # a snapshot by itself is no live book there


def scan(
    side: Side, capture: str, bases: Sequence[str], markets: Sequence[str], pairs: int, twin: bool
) -> Reply:
    """Percentiles in us of frames that change a top, of those that do not, and between the medians."""
    lines = list(lines_of(capture))
    hot: Hot = (
        TwinHot({each.dialect: each.make_decoder for each in REGISTRY.values()}) if twin else NativeHot()
    )
    fill(hot, bases, markets, [line for line in lines if line.what != "frame"])
    numbers = {name: number for number, name in enumerate(markets)}
    frames = islice((line for line in lines if line.what == "frame"), 2 * pairs)
    changed, same = timed(hot.on_frame, [(numbers[line.market], line.raw, line.local_ns) for line in frames])
    clock_ns = clock_cost_ns()
    between_ns = percentile(sorted(changed), 50) - percentile(sorted(same), 50)
    unchanged = {f"{name}_same": cost for name, cost in percentiles_us(same, clock_ns).items()}
    counted = {"books": len(bases) * len(markets), "pairs": len(changed), "scan": between_ns / 1e3}
    return percentiles_us(changed, clock_ns) | unchanged | counted


def fill(hot: Hot, bases: Sequence[str], markets: Sequence[str], snapshots: Sequence[Line]) -> None:
    """All books live; those of one asset are a group. Snapshots come market by market, asset by asset."""
    lines = iter(snapshots)
    for name in markets:
        kind = MARKETS[name]
        market = hot.add_market(kind.dialect)
        books = [add_book(hot, market, kind, kind.symbol(base), group) for group, base in enumerate(bases)]
        hot.mark_up(market)
        for book in books:
            line = next(lines)
            if kind.dialect in BINANCE:
                hot.on_snapshot(book, line.raw, line.local_ns)
            else:
                hot.on_frame(market, line.raw, line.local_ns)
            if kind.dialect in PROVED_BY_DELTA:
                line = next(lines)
                hot.on_frame(market, line.raw, line.local_ns)
            assert hot.status(book) == BookStatus.LIVE, (name, book)
    hot.set_threshold(FEE_E8_ONE)


def timed(
    on_frame: Callable[[int, bytes, int], int], calls: Sequence[tuple[int, bytes, int]]
) -> tuple[array[int], array[int]]:
    """Nanoseconds of the calls that change a top, and of those that do not; they come in turns."""
    costs, answers = array("q", bytes(8 * len(calls))), array("q", bytes(8 * len(calls)))
    settle()
    clock = time.perf_counter_ns
    for index, (market, payload, local_ns) in enumerate(calls):
        start = clock()
        answer = on_frame(market, payload, local_ns)
        costs[index] = clock() - start
        answers[index] = answer
    for index, answer in enumerate(answers):
        assert bool(flags_of(answer) & Flag.TOP) == (index % 2 == 0), index
    return costs[::2], costs[1::2]
