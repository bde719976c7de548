"""Two markets that lose, repeat, swap and cut their frames: a live book is the true book, in both twins.

A `Truth` knows the book at every update id. What it says is delivered with faults; whenever a hot state
calls a book live, the book must be the true one at its last id, exactly, and both twins must have said
the same at every step.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.hot_both import Both, Row
from trimaran.domain.answer import BookStatus
from trimaran.domain.dialect import Dialect

BINANCE = (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM)
CENTRE = {Dialect.BINANCE_SPOT: 100_000, Dialect.BINANCE_USDM: 10_000}  # both are 1000.00
STEP = {Dialect.BINANCE_SPOT: 7, Dialect.BINANCE_USDM: 1}  # ticks between levels
PLACES = {Dialect.BINANCE_SPOT: 2, Dialect.BINANCE_USDM: 1}
FEE_E8 = {Dialect.BINANCE_SPOT: -30_000, Dialect.BINANCE_USDM: 10_000}  # a rebate, so that edges are common
SYMBOL = "BTCUSDT"
Side = dict[int, int]


def number(value: int, places: int) -> str:
    whole, rest = divmod(value, 10**places)
    return f"{whole}.{rest:0{places}}"


class Truth:
    """A market's own book, at every update id, and the events that tell of it."""

    def __init__(self, dialect: Dialect, rng: random.Random, count: int) -> None:
        self.dialect, self._rng = dialect, rng
        self.ids: list[int] = [10]
        self.books: list[tuple[Side, Side]] = [({}, {})]
        self.events: list[tuple[int, int, int, list[tuple[int, int]], list[tuple[int, int]]]] = []
        for _ in range(count):
            self._event()

    def at(self, update_id: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        bids, asks = self.books[bisect_right(self.ids, update_id) - 1]
        return sorted(bids.items(), reverse=True), sorted(asks.items())

    def snapshot(self, update_id: int) -> bytes:
        bids, asks = self.at(update_id)
        body = {"lastUpdateId": update_id, "bids": self._text(bids), "asks": self._text(asks)}
        return json.dumps(body).encode()

    def delta(self, index: int) -> bytes:
        first, last, previous, bids, asks = self.events[index]
        fields: dict[str, object] = {"e": "depthUpdate", "E": last, "s": SYMBOL, "U": first, "u": last}
        if self.dialect is Dialect.BINANCE_USDM:
            fields["pu"] = previous
        return json.dumps({**fields, "b": self._text(bids), "a": self._text(asks)}).encode()

    def ticker(self, index: int) -> bytes:
        last = self.events[index][1]
        bids, asks = self.at(last)
        (b, b_lots), (a, a_lots) = self._text([bids[0] if bids else (0, 0), asks[0] if asks else (0, 0)])
        head = {} if self.dialect is Dialect.BINANCE_SPOT else {"e": "bookTicker", "E": last}
        return json.dumps({**head, "u": last, "s": SYMBOL, "b": b, "B": b_lots, "a": a, "A": a_lots}).encode()

    def _event(self) -> None:
        previous = self.ids[-1]
        touched: tuple[set[int], set[int]] = (set(), set())
        shared = self.dialect is Dialect.BINANCE_USDM
        first = previous + (self._rng.randrange(1, 9) if shared else 1)
        for n in range(self._rng.randrange(1, 6)):
            step = self._rng.randrange(1, 4) if shared else 1
            self.ids.append(first if n == 0 else self.ids[-1] + step)
            self.books.append((dict(self.books[-1][0]), dict(self.books[-1][1])))
            self._change(touched)
        last, book = self.ids[-1], self.books[-1]
        bids, asks = (
            [(price, side.get(price, 0)) for price in seen] for side, seen in zip(book, touched, strict=True)
        )
        self.events.append((first, last, previous, bids, asks))

    def _change(self, touched: tuple[set[int], set[int]]) -> None:
        """The middle wanders, so that prices change their side; what would cross is taken away first."""
        side = self._rng.randrange(2)
        mid = CENTRE[self.dialect] + STEP[self.dialect] * self._rng.randrange(-8, 9)
        price = mid + (1 if side else -1) * STEP[self.dialect] * self._rng.randrange(12)
        own, other = self.books[-1][side], self.books[-1][1 - side]
        for crossed in [p for p in other if (p <= price if side == 0 else p >= price)]:
            del other[crossed]
            touched[1 - side].add(crossed)
        size = self._rng.choice([0, 0, 1, 250, 10**6])
        own.pop(price, None) if size == 0 else own.__setitem__(price, size)
        touched[side].add(price)

    def _text(self, levels: list[tuple[int, int]]) -> list[tuple[str, str]]:
        return [(number(p, PLACES[self.dialect]), number(s, 3)) for p, s in levels]


def check_truth(both: Both, truths: dict[Dialect, Truth]) -> None:
    """Whatever is live is true, and nothing is traded on that is not live."""
    hot = both.native
    for dialect, truth in truths.items():
        if hot.status(dialect) == BookStatus.LIVE:
            assert both.whole(dialect) == truth.at(hot.last_id(dialect))
        else:
            both.check_silence(dialect)


OPERATIONS = [
    *["next"] * 8, "drop", "repeat", "swap", "cut", "garbage", "lost", *["snapshot"] * 3, "snapshot now",
    "wrong snapshot", "down", "up", "ticker", "ticker", "trade",
]  # fmt: skip


class Delivery:
    """Carries events to the hot states, and fails in the ways that networks do."""

    def __init__(self, both: Both, truth: Truth) -> None:
        self.both, self.truth, self.at = both, truth, 0

    def do(self, operation: str, amount: int) -> None:
        truth, market = self.truth, self.truth.dialect
        if operation in ("down", "up"):
            self.both.tell(f"mark_{operation}", market)
        elif operation.startswith("snapshot"):
            back = 0 if operation == "snapshot now" else amount % 25
            known = truth.events[min(self.at, len(truth.events) - 1)][1]
            ids = truth.ids[: bisect_right(truth.ids, known) + 5]
            self.both.tell("on_snapshot", market, truth.snapshot(ids[-1 - min(back, len(ids) - 1)]), amount)
        elif operation == "wrong snapshot":
            self.both.tell("on_snapshot", market, truth.snapshot(truth.ids[-1])[: amount + 1], amount)
        else:
            for payload in self._frames(operation, amount):
                self.both.tell("on_frame", market, payload, amount)

    def _frames(self, operation: str, amount: int) -> list[bytes]:
        truth, at = self.truth, self.at
        if at + 2 > len(truth.events):
            return []
        if operation in ("next", "drop", "cut", "lost", "swap"):
            self.at += 2 if operation == "swap" else 1
        payload = truth.delta(at)
        frames = {
            "next": [payload],
            "repeat": [truth.delta(max(at - 1 - amount % 5, 0))] if at else [],
            "swap": [truth.delta(at + 1), payload],
            "cut": [payload[: amount % len(payload)]],
            "garbage": [b'{"e":"depthUpdate"', b"[]", b"null", b'{"e":"trade","s":"BTCUSDT"}'][amount % 4 :][
                :1
            ],
            "lost": [
                payload.replace(b'"b": [', b'"b": [["0.0001","1"]' + (b"" if b'"b": []' in payload else b","))
            ],
            "ticker": [truth.ticker(max(at - 2 + amount % 4, 0))] if at + 1 < len(truth.events) else [],
            "trade": [
                f'{{"e":"trade","E":1,"s":"{SYMBOL}","t":{amount},"p":"1","q":"2","m":false}}'.encode()
            ],
        }
        return frames.get(operation, [])


steps = st.lists(
    st.tuples(st.sampled_from(BINANCE), st.sampled_from(OPERATIONS), st.integers(0, 300)), max_size=90
)


def run(seed: int, script: list[tuple[Dialect, str, int]], twin: Any, events: int = 60) -> Both:
    truths = {dialect: Truth(dialect, random.Random(seed + dialect), events) for dialect in BINANCE}
    both = Both(twin, [Row(dialect, SYMBOL, PLACES[dialect], FEE_E8[dialect]) for dialect in BINANCE])
    deliveries = {dialect: Delivery(both, truth) for dialect, truth in truths.items()}
    for dialect, operation, amount in script:
        deliveries[dialect].do(operation, amount)
        check_truth(both, truths)
    return both


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), script=steps)
@example(seed=1, script=[(d, "snapshot" if n % 5 == 1 else "next", 3) for n in range(50) for d in BINANCE])
def test_a_live_book_is_the_true_book(
    make_twin: Callable[[], Any], seed: int, script: list[tuple[Dialect, str, int]]
) -> None:
    run(seed, script, make_twin())


@pytest.mark.parametrize("seed", range(4))
def test_long_lives(make_twin: Callable[[], Any], seed: int) -> None:
    """Mostly whole streams: books are live most of the time, and live again after every fault."""
    rng = random.Random(seed)
    script: list[tuple[Dialect, str, int]] = []
    for n in range(300):
        operation = rng.choice(OPERATIONS) if n % 6 == 0 else rng.choice(["next", "next", "ticker"])
        script += [
            (dialect, each, rng.randrange(300)) for dialect in BINANCE for each in (operation, "snapshot now")
        ]
    both = run(seed, script, make_twin(), events=220)
    for dialect in BINANCE:
        deltas, _, _, crossings, snapshots, overflows = both.native.counters(dialect)
        assert (crossings, overflows) == (0, 0)
        assert deltas > 100
        assert snapshots > 5
