"""OKX and HTX that lose, repeat, swap and cut their frames: a live book is the true book, in both twins.

As `test_hot_property.py`, for the laws of streams and of links. A truth knows what the venue shows at every
id: the best levels of its book and no more, so a level that leaves that window is not told of, and one that
enters it is. OKX repeats ids and begins anew; each connection of an HTX swap counts for itself; the whole
book that HTX spot is asked for has any age.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.hot_both import Both, Row
from tests.support.hot_rig import OFF_GRID, SYMBOLS, text
from tests.support.venue_frames import Frames
from trimaran.base.limits import HTX_LEVELS, OKX_LEVELS
from trimaran.domain.answer import BookStatus
from trimaran.domain.dialect import Dialect

OKX, SPOT, SWAP = Dialect.OKX, Dialect.HTX_SPOT, Dialect.HTX_SWAP
DIALECTS = (OKX, SPOT, SWAP)
WINDOW = {OKX: OKX_LEVELS, SPOT: HTX_LEVELS, SWAP: HTX_LEVELS}
FEES_E8 = {OKX: -30_000, SPOT: 10_000, SWAP: 0}
ROWS = [Row(dialect, SYMBOLS[dialect], 2, FEES_E8[dialect]) for dialect in DIALECTS]
CENTRE, NOWHERE = 100_000, 77
CONNECTION = 1_000_000  # versions of one connection of a swap begin at a multiple of it
Side = dict[int, int]
Levels = list[tuple[int, int]]
View = tuple[Levels, Levels]


class Truth:
    """What a venue shows of one book at every id, and the events that tell of it.

    `ids` are unique but for events that say nothing new. Only a shallow book of HTX spot has ids between two
    events: of levels that leave and enter the window in between nobody tells.
    """

    def __init__(self, dialect: Dialect, rng: random.Random, count: int, deep: bool) -> None:
        self.dialect, self._rng = dialect, rng
        self._steps_max = 4 if dialect is SPOT and not deep else 1
        levels = WINDOW[dialect] + 20 if deep else rng.randrange(9)
        self._sides: tuple[Side, Side] = (
            {CENTRE - 20 - n: 5 for n in range(levels)},
            {CENTRE + 20 + n: 5 for n in range(levels)},
        )
        self._used = {1_000}
        self.ids = [1_000]
        self.views = [self._view()]
        self.events: list[tuple[int, int, Levels, Levels]] = []  # (previous, last, bids, asks)
        self.ends = [0]  # of each event, in `ids`: before the first, then behind each
        for _ in range(count):
            self._event()

    def at(self, known: int) -> View:
        return self.views[self.ids.index(known)]

    def _event(self) -> None:
        previous, before = self.ids[-1], self.views[-1]
        kind = self._rng.random()
        if kind < 0.1 and self.dialect is not SWAP:
            self.events.append((previous, previous, [], []))
        else:
            touched: tuple[set[int], set[int]] = (set(), set())
            for _ in range(self._rng.randrange(self._steps_max) + 1):
                self.ids.append(self._next_id(kind > 0.9))
                self._change(touched)
                self.views.append(self._view())
            told = [self._told(side, before[side], touched[side]) for side in (0, 1)]
            self.events.append((previous, self.ids[-1], told[0], told[1]))
        self.ends.append(len(self.ids) - 1)

    def _told(self, side: int, before: Levels, touched: set[int]) -> Levels:
        """What changed in the window or came into it; not that something has left it and is still there."""
        old, now = dict(before), self._sides[side]
        shown = [(p, size) for p, size in self.views[-1][side] if p in touched or p not in old]
        return [*shown, *((p, 0) for p in touched if p not in now)]

    def _next_id(self, anew: bool) -> int:
        if self.dialect is SWAP:
            return self.ids[-1] + 1
        last = self._rng.randrange(1, 1_000) if anew and self.dialect is OKX else self.ids[-1]
        while last in self._used:
            last += self._rng.randrange(1, 9)
        self._used.add(last)
        return last

    def _change(self, touched: tuple[set[int], set[int]]) -> None:
        """The middle wanders, so that prices change their side; what would cross is taken away first."""
        for _ in range(self._rng.randrange(1, 6)):
            side = self._rng.randrange(2)
            price = CENTRE + self._rng.randrange(-15, 16) + (1 if side else -1) * self._rng.randrange(25)
            own, other = self._sides[side], self._sides[1 - side]
            for crossed in [p for p in other if (p <= price if side == 0 else p >= price)]:
                del other[crossed]
                touched[1 - side].add(crossed)
            size = self._rng.choice([0, 0, 1, 250, 10**6])
            own.pop(price, None) if size == 0 else own.__setitem__(price, size)
            touched[side].add(price)

    def _view(self) -> View:
        bids, asks = self._sides
        count = WINDOW[self.dialect]
        return sorted(bids.items(), reverse=True)[:count], sorted(asks.items())[:count]


OPERATIONS = [
    *["next"] * 9, "drop", "repeat", "swap", "cut", "garbage", "lost", *["whole"] * 3, "whole now",
    "cut whole", "lost whole", "down", "up", "ticker", "trade", "other", "other",
]  # fmt: skip


class Delivery:
    """Carries events to the hot states, and fails in the ways that networks do."""

    def __init__(self, both: Both, market: int, truth: Truth) -> None:
        self.both, self.market, self.truth = both, market, truth
        self.frames = Frames(truth.dialect, SYMBOLS[truth.dialect])
        self.at = 0  # events before it were sent
        self.connection = 1

    def do(self, operation: str, amount: int) -> None:
        if operation in ("down", "up"):
            self.both.tell(f"mark_{operation}", self.market)
            self.connection += operation == "down"
            return
        for frame in self._sent(operation, amount):
            self.both.tell("on_frame", self.market, frame, amount)

    def check(self) -> None:
        """Live is true."""
        if self.both.native.status(self.market) != BookStatus.LIVE:
            self.both.check_silence(self.market)
            return
        known = self.both.native.last_id(self.market)
        own = known % CONNECTION if self.truth.dialect is SWAP else known
        assert self.both.whole(self.market) == self.truth.at(own)

    def _sent(self, operation: str, amount: int) -> Iterable[bytes]:
        at = self.at
        if operation.endswith("whole") or operation == "whole now":
            yield self._mangled(self._whole(0 if operation == "whole now" else amount), operation, amount)
            return
        if operation == "other":  # another connection
            self.connection += 1
            yield self._whole(amount) if amount % 3 else self._event(max(at - 1, 0))
            self.connection -= amount % 2
            return
        if at + 2 > len(self.truth.events):
            return
        self.at += {"next": 1, "drop": 1, "cut": 1, "lost": 1, "swap": 2}.get(operation, 0)
        if operation == "swap":
            yield from (self._event(at + 1), self._event(at))
        elif operation == "repeat":
            yield self._event(max(at - 1 - amount % 5, 0)) if at else b"{}"
        elif operation == "ticker":
            yield self._ticker(max(at - 1 + amount % 3, 0))
        elif operation == "trade":
            yield self.frames.trade(amount, amount, "1.00", "0.005", sold=False)
        elif operation == "garbage":
            yield (b'{"ch":', b"[]", b"\x1f\x8b\x08\x00")[amount % 3]
        elif operation != "drop":
            yield self._mangled(self._event(at), operation, amount)

    def _event(self, index: int) -> bytes:
        previous, last, bids, asks = self.truth.events[index]
        ids = (self._number(last), self._number(last), self._number(previous))
        return self.frames.delta(ids, index, text(bids), text(asks))

    def _whole(self, amount: int) -> bytes:
        """As a stream begins, or of any age where it is asked for."""
        end = self.truth.ends[self.at]
        if self.truth.dialect is SPOT:
            end = max(min(end + 3, len(self.truth.ids) - 1) - amount % 25, 0) if amount else end
        bids, asks = self.truth.views[end]
        if amount % 2:  # HTX has been seen to send levels of no size
            bids, asks = [*bids, (NOWHERE, 0)], [(NOWHERE, 0), *asks]
        levels = (text(bids), text(asks))
        return self.frames.snapshot(self._number(self.truth.ids[end]), amount, *levels)

    def _ticker(self, index: int) -> bytes:
        end = self.truth.ends[min(index + 1, len(self.truth.events))]
        best = [text(side[:1])[0] if side else None for side in self.truth.views[end]]
        return self.frames.ticker(self.truth.ids[end], index, *best)

    def _number(self, number: int) -> int:
        return number + CONNECTION * self.connection if self.truth.dialect is SWAP else number

    def _mangled(self, frame: bytes, operation: str, amount: int) -> bytes:
        if operation.startswith("cut"):
            return frame[: amount % len(frame)]
        if operation.startswith("lost"):
            wrong = f'"bids":[["{OFF_GRID[0]}","1"],'.encode()
            return self.frames.mangled(frame, lambda t: t.replace(b'"bids":[', wrong).replace(b",]", b"]"))
        return frame


steps = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(OPERATIONS), st.integers(0, 300)), max_size=80)


def run(seed: int, script: list[tuple[int, str, int]], twin: Any, events: int = 60, deep: int = 0) -> Both:
    """`deep`: bit n is set where the book of row n is deeper than its window."""
    both = Both(twin, ROWS)
    deliveries = [
        Delivery(both, n, Truth(row.dialect, random.Random(seed + n), events, bool(deep >> n & 1)))
        for n, row in enumerate(ROWS)
    ]
    for market, operation, amount in script:
        deliveries[market].do(operation, amount)
        for each in deliveries:
            each.check()
    return both


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), script=steps, deep=st.sampled_from([0, 0, 1, 2, 4]))
@example(
    seed=1, deep=0, script=[(m, "whole" if n % 7 == 1 else "next", 2) for n in range(40) for m in (0, 1, 2)]
)
def test_a_live_book_is_the_true_book(
    make_twin: Callable[[], Any], seed: int, script: list[tuple[int, str, int]], deep: int
) -> None:
    run(seed, script, make_twin(), deep=deep)


@pytest.mark.parametrize("seed", range(8))
def test_many_faults(make_twin: Callable[[], Any], seed: int) -> None:
    rng = random.Random(seed)
    script = [(rng.randrange(3), rng.choice(OPERATIONS), rng.randrange(300)) for _ in range(90)]
    run(seed, script, make_twin(), deep=rng.choice([0, 0, 1, 2, 4]))


@pytest.mark.parametrize(("seed", "deep"), [(0, 0), (1, 0), (2, 7)])
def test_long_lives(make_twin: Callable[[], Any], seed: int, deep: int) -> None:
    """Mostly whole streams: books are live most of the time, and live again after every fault."""
    rng = random.Random(seed)
    script: list[tuple[int, str, int]] = []
    for n in range(80 if deep else 200):
        operation = rng.choice(OPERATIONS) if n % 6 == 0 else rng.choice(["next", "next", "ticker"])
        script += [(m, each, rng.randrange(300)) for m in range(3) for each in (operation, "whole now")]
    both = run(seed, script, make_twin(), events=220, deep=deep)
    for book in range(3):
        deltas, _, _, crossings, snapshots, overflows = both.native.counters(book)
        assert (crossings, overflows) == (0, 0)
        assert deltas > 30
        assert snapshots > 3
