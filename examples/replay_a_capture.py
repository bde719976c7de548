"""How far apart are spot and perpetual? Replays two captures and prints the best edge of each second.

    python examples/replay_a_capture.py SPOT.gz USDM.gz

The captures are one frame a line, `<local receive ns> <raw frame>`, as `trimaran replay` takes them.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator

from trimaran.backtest.tape import open_tapes
from trimaran.backtest.tape_line import AnyTape, TapeLine
from trimaran.domain.answer import Flag, flags_of
from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Hot

SECOND = 1_000_000_000
DIALECTS = {"binance.spot": Dialect.BINANCE_SPOT, "binance.usdm": Dialect.BINANCE_USDM}


def main(files: list[str]) -> None:
    """Feeds every frame to the native core and looks at the scan after each change of a top."""
    tapes = open_tapes(files)
    hot = Hot()
    books = [add_book(hot, tape) for tape in tapes]
    second, best = 0, None
    for number, line in merged(tapes):
        if line.local_ns // SECOND != second:
            show(second, best)
            second, best = line.local_ns // SECOND, None
        answer = hot.on_frame(number, line.payload, line.local_ns)
        if b'"lastUpdateId"' in line.payload:
            answer = hot.on_snapshot(books[number], line.payload, line.local_ns)
        if flags_of(answer) & Flag.TOP:
            edges = [hot.edge(books[a], books[b]) for a, b in ((0, 1), (1, 0))]
            best = max([edge for edge in (*edges, best) if edge is not None], default=None)
    show(second, best)


def add_book(hot: Hot, tape: AnyTape) -> int:
    """A market with one book, in the one scan group."""
    market = hot.add_market(DIALECTS[tape.market])
    instrument = tape.instruments()[0]
    price, size = instrument.price_grid, instrument.size_grid
    book = hot.add_instrument(
        market,
        instrument.symbol,
        price.units,
        price.exponent,
        size.units,
        size.exponent,
        base_units=size.units,
        base_exponent=size.exponent,
        order_step=1,
        group=0,
        taker_fee_e8=instrument.fees.taker_e8,
    )
    hot.mark_up(market)
    return book


def show(second: int, best: int | None) -> None:
    """One line a second; edges are in 1e-8."""
    if best is not None:
        print(f"{second}  best edge after fees {best / 10_000:+.3f} bps")


def merged(tapes: list[AnyTape]) -> Iterator[tuple[int, TapeLine]]:
    """Lines of all tapes by their time."""
    streams = [numbered(number, tape) for number, tape in enumerate(tapes)]
    for _, number, line in heapq.merge(*streams, key=lambda row: row[:2]):
        yield number, line


def numbered(number: int, tape: AnyTape) -> Iterator[tuple[int, int, TapeLine]]:
    """The good lines of one tape, with what they are sorted by."""
    for line in tape.lines():
        if isinstance(line, TapeLine):
            yield line.local_ns, number, line


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
