"""One book of a hot state, driven by real frames; and stories, which say what must come of them.

A story is steps of `operation flags status`. Operations: `up`, `down`; `s 7` a whole book with id 7 (over
REST on Binance, elsewhere in the stream); `d 5-7` a depth event of ids 5..7, `d 5-7<4` with 4 before it,
`d 7<4` where events have one id; `k 7` one that says nothing new; `x 8-8` one that crosses the book; `cut` a
frame that cannot be read at all, `lost` a depth event with a price off the grid, `lost-s` a whole book like
it. Flags: Applied, went Live, went Stale, Need snapshot, Duplicate, X crossed. The rig checks TOP at every
step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.support.venue_frames import Frames
from trimaran.books.sequencing import Law
from trimaran.domain.answer import BookStatus, Flag, Kind, book_of, flags_of, kind_of
from trimaran.domain.dialect import Dialect
from trimaran.engine.hot_twin import TwinHot
from trimaran.venues.binance.parse import BinanceDecoder
from trimaran.venues.htx.parse import HtxSpotDecoder, HtxSwapDecoder
from trimaran.venues.okx.parse import OkxDecoder

Levels = Sequence[tuple[int, int]]
BINANCE: Final = (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM)
SYMBOL: Final = "BTCUSDT"
SYMBOLS: Final = {
    Dialect.BINANCE_SPOT: SYMBOL,
    Dialect.BINANCE_USDM: SYMBOL,
    Dialect.OKX: "BTC-USDT",
    Dialect.HTX_SPOT: "btcusdt",
    Dialect.HTX_SWAP: "BTC-USDT",
}
BID, ASK = 10_000, 10_100
OFF_GRID: Final = ("0.001", "1")
LETTERS: Final = {
    "A": Flag.APPLIED,
    "L": Flag.WENT_LIVE,
    "S": Flag.WENT_STALE,
    "N": Flag.NEED_SNAPSHOT,
    "D": Flag.DUPLICATE,
    "X": Flag.CROSSED,
}
STEP: Final = re.compile(r"(.+?)(?: ([ALSNDX]+))? (\w+)")
IDS: Final = re.compile(r"(?:(\d+)-)?(\d+)(?:<(\d+))?")


def new_twin() -> TwinHot:
    return TwinHot(
        {
            Dialect.BINANCE_SPOT: lambda: BinanceDecoder(Law.OVERLAP),
            Dialect.BINANCE_USDM: lambda: BinanceDecoder(Law.CHAIN),
            Dialect.OKX: OkxDecoder,
            Dialect.HTX_SPOT: HtxSpotDecoder,
            Dialect.HTX_SWAP: HtxSwapDecoder,
        }
    )


class Rig:
    """One book (ticks of 0.01, lots of 0.001); ids are the venue's milliseconds too."""

    def __init__(self, hot: Any, dialect: Dialect) -> None:
        self.hot, self.dialect = hot, dialect
        self.market = hot.add_market(dialect)
        self.frames = Frames(dialect, SYMBOLS[dialect])
        self.book = hot.add_instrument(self.market, SYMBOLS[dialect], 1, -2, 1, -3, 1, -3, 1, 0, 0)
        self.now_ns = 0

    @property
    def status(self) -> int:
        return int(self.hot.status(self.book))

    def frame(self, payload: bytes) -> int:
        """Pushes a frame; the packed answer."""
        return self._told(lambda: self.hot.on_frame(self.market, payload, self._tick()))

    def delta(self, first: int, last: int, bids: Levels, asks: Levels, previous: int = -1) -> int:
        """Flags of a depth event."""
        answer = self.frame(self.frames.delta((first, last, previous), last, text(bids), text(asks)))
        assert (kind_of(answer), book_of(answer)) == (Kind.DEPTH, self.book)
        return flags_of(answer)

    def snapshot(self, last_id: int, bids: Levels, asks: Levels) -> int:
        """Flags of a whole book."""
        body = self.frames.snapshot(last_id, last_id, text(bids), text(asks))
        if self.dialect in BINANCE:
            answer = self._told(lambda: self.hot.on_snapshot(self.book, body, self._tick()))
        else:
            answer = self.frame(body)
        assert (kind_of(answer), book_of(answer)) == (Kind.SNAPSHOT, self.book)
        return flags_of(answer)

    def ticker(self, update_id: int, bid: tuple[int, int], ask: tuple[int, int]) -> int:
        """Flags of a best bid and offer; a price of 0 is an empty side."""
        best = [text([level])[0] if level[0] else None for level in (bid, ask)]
        return flags_of(self.frame(self.frames.ticker(update_id, update_id, *best)))

    def lost(self) -> int:
        """Flags of a depth event that cannot be read."""
        return flags_of(self.frame(self.frames.delta((1, 2, 1), 1, [OFF_GRID], [])))

    def lost_snapshot(self) -> int:
        """Flags of a whole book in the stream that cannot be read."""
        return flags_of(self.frame(self.frames.snapshot(1, 1, [OFF_GRID], [])))

    def cut(self) -> int:
        """Flags of a frame that is broken off."""
        return flags_of(self.frame(self.frames.delta((1, 2, 1), 1, [], [])[:-9]))

    def announce(self, last_id: int) -> None:
        """The event that a whole book of this id belongs to, on a venue where it must be asked for."""
        if self.dialect is Dialect.HTX_SPOT:
            self.delta(last_id, last_id, [], [], last_id)

    def up(self) -> int:
        self.hot.mark_up(self.market)
        return 0

    def down(self) -> int:
        return self._told(lambda: self.hot.mark_down(self.market) << 8) >> 8

    def _tick(self) -> int:
        self.now_ns += 1
        return self.now_ns

    def _told(self, call: Callable[[], int]) -> int:
        before = self.hot.top(self.book)[:4]
        answer = call()
        changed = self.hot.top(self.book)[:4] != before
        assert bool(flags_of(answer) & Flag.TOP) is changed
        return answer


def text(levels: Levels) -> list[tuple[str, str]]:
    return [(f"{p // 100}.{p % 100:02}", f"{s // 1000}.{s % 1000:03}") for p, s in levels]


def do(rig: Rig, operation: str) -> int:
    """Carries out one operation; its flags. Sizes are the id, so that a book shows what it holds."""
    name, _, rest = operation.partition(" ")
    if name in ("up", "down", "cut", "lost"):
        return int(getattr(rig, name)())
    if name == "lost-s":
        return rig.lost_snapshot()
    if name == "s":
        return rig.snapshot(int(rest), [(BID, int(rest))], [(ASK, int(rest))])
    if name == "k":
        return rig.delta(int(rest), int(rest), [], [], int(rest))
    numbers = IDS.fullmatch(rest)
    assert numbers is not None, operation
    last = int(numbers[2])
    first, previous = int(numbers[1] or last), int(numbers[3] or -1)
    bid = ASK if name == "x" else BID
    return rig.delta(first, last, [(bid, last)], [(ASK, last)], previous)


def tell(rig: Rig, story: str) -> None:
    """Tells a story, and fails where it turns out otherwise."""
    for step in story.split("; "):
        parts = STEP.fullmatch(step)
        assert parts is not None, step
        operation, letters, status = parts.groups(default="")
        flags = do(rig, operation) & ~(Flag.TOP | Flag.WAKE)
        found = "".join(letter for letter, flag in LETTERS.items() if flags & flag)
        assert (found, BookStatus(rig.status).name.lower()) == (letters, status), step
        live = rig.status == BookStatus.LIVE
        assert (rig.hot.top(rig.book)[:4] != (0, 0, 0, 0)) is live
        if live:
            size = rig.hot.last_id(rig.book)
            assert rig.hot.book_top(rig.book) == (BID, size, ASK, size)
