"""Book integrity: three venues, six markets, and everything goes wrong. What is shown as live is never wrong.

All three simulators run with seeded drops, duplicates, reorders, truncations, garbage, gzip bombs,
sequence resets, disconnects, planned switches, frozen connections, maintenance, old snapshots and HTML
instead of one; the real feeds of all markets fill one hot state. After every frame each book that is live
is compared with the simulator's own (`tests/support/book_truth.py`), and whenever the market pauses each
level: to the depth that the venue maintains, on Binance as deep as the last snapshot reached. The figures
are printed: `pytest -s`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from functools import partial

import pytest
from msgspec.structs import asdict, replace

from tests.support.book_truth import Findings, WatchedSink
from tests.support.market_stage import QUICK, MarketStage, staged
from trimaran.domain.answer import BookStatus
from trimaran.native._hot import Hot
from trimaran.venues.binance.simulator.venue import BinanceRules
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.faults import FaultCounts, FaultPlan
from trimaran.venues.simulators import SimulatorOptions, simulating

SYMBOLS = ("BTC", "ETH", "XRP", "DOGE")
PLAN = FaultPlan(drop=0.01, duplicate=0.04, reorder=0.01, truncate=0.01, garbage=0.004, bomb=0.004)
CONFIG = replace(QUICK, snapshot_weight_share=1.0)
MISCHIEF_EVERY_S = 0.7  # see `Run.mischief`
NOTICE_S = 2.0  # two connections feed the same books meanwhile
PAUSE_EVERY_S = 5.0
LIVE_SHARE_MIN = 0.6
COMPARED_PER_S_MIN = 20  # of a market; a hundred and more on an idle machine


class Run:
    """The stages of all markets, and what was done to them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.hot = Hot()
        self.findings = Findings()
        self.stages: list[MarketStage] = []
        self.books = 0
        self.done: Counter[str] = Counter()
        self.whole_books = 0
        self.samples: Counter[str] = Counter()
        self.live_samples: Counter[str] = Counter()

    def sink(self, simulator, entry, instruments):
        """The watched books of one market."""
        first, self.books = self.books, self.books + len(instruments)
        return WatchedSink(entry, instruments, self.hot, first, simulator, self.findings)

    def statuses(self):
        """(market, is live) of every book."""
        for stage in self.stages:
            for book in stage.sink.index.values():
                yield stage.entry.name, self.hot.status(book) == BookStatus.LIVE

    async def sample(self):
        """How much of the time books are live."""
        while True:
            await asyncio.sleep(0.02)
            for market, live in self.statuses():
                self.samples[market] += 1
                self.live_samples[market] += live

    def mischief(self, simulator):
        """One thing that goes wrong; a market that was frozen goes on."""
        stage = self.rng.choice(self.stages)
        market = stage.entry.name
        simulator.set_faults(PLAN)
        match self.rng.choices(range(6), (3, 4, 1, 1, 1, 3))[0]:
            case 0:
                self.done["disconnects"] += simulator.end_connections(market)
            case 1:
                symbol = self.rng.choice(list(stage.sink.index))
                self.done["resets"] += simulator.reset_sequences(market, symbol)
                stage.sink.restarted(symbol)
            case 2:
                self.done["maintenance"] += simulator.maintain(market, 0.3) > 0
            case 3:
                simulator.set_faults(replace(PLAN, half_open=True), market)
                self.done["frozen"] += 1
            case 4:
                simulator.set_faults(replace(PLAN, stale_snapshots=2, html_answers=1), market)
                self.done["disconnects"] += simulator.end_connections(market)
            case 5:
                self.done["notices"] += simulator.end_connections(market, NOTICE_S)

    async def compare_whole_books(self, simulator):
        """The market stands still: every level of every book."""
        simulator.set_faults(FaultPlan())
        for stage in self.stages:
            await stage.recovered()
            await stage.books_agree()
            self.whole_books += len(stage.sink.index)
        simulator.set_faults(PLAN)

    def figures(self, seconds, counts: FaultCounts):
        """What is printed."""
        hot = self.hot
        books = [(stage, book) for stage in self.stages for book in stage.sink.index.values()]
        return {
            "seconds": seconds,
            "books": self.books,
            "frames": sum(stage.feed.counters.messages for stage in self.stages),
            "compared": dict(self.findings.compared),
            "quotes_compared": self.findings.quotes_compared,
            "whole_books_compared": self.whole_books,
            "wrong": self.findings.wrong_count,
            "faults": {name: count for name, count in asdict(counts).items() if count},
            "mischief": dict(self.done),
            "gaps": sum(hot.counters(book)[2] for _, book in books),
            "duplicates": sum(hot.counters(book)[1] for _, book in books),
            "crossings": sum(hot.counters(book)[3] for _, book in books),
            "resyncs": sum(stage.session.counters.resyncs for stage in self.stages),
            "switches": sum(stage.session.counters.switches for stage in self.stages),
            "reconnects": sum(stage.session.counters.reconnects for stage in self.stages),
            "live_share": {
                market: round(self.live_samples[market] / count, 3) for market, count in self.samples.items()
            },
        }


@pytest.mark.parametrize("seconds", [pytest.param(60, marks=pytest.mark.long), 7])
async def test_no_book_that_is_shown_as_live_is_wrong(seconds):
    """Every comparison of the run agrees, whatever goes wrong; and books are live most of the time."""
    run = Run(seed=seconds)
    options = SimulatorOptions(
        seed=seconds, symbols=SYMBOLS, tops_kept=20_000, binance=BinanceRules(weight_limits=False)
    )
    async with simulating(options) as simulator, contextlib.AsyncExitStack() as stack:
        for entry in MARKETS.values():
            stage = staged(simulator, entry, CONFIG, make_sink=partial(run.sink, simulator))
            run.stages.append(await stack.enter_async_context(stage))
        for stage in run.stages:
            await stage.until(stage.sink.live, 30.0)
        loop = asyncio.get_running_loop()
        sampling = loop.create_task(run.sample())
        simulator.set_faults(PLAN)
        end_s, pause_s = loop.time() + seconds, loop.time() + PAUSE_EVERY_S
        while loop.time() < end_s:
            await asyncio.sleep(MISCHIEF_EVERY_S * 2 * run.rng.random())
            run.mischief(simulator)
            if loop.time() >= pause_s:
                await run.compare_whole_books(simulator)
                pause_s = loop.time() + PAUSE_EVERY_S
        sampling.cancel()
        await run.compare_whole_books(simulator)
        counts = sum((faults.counts for faults in simulator.faults.values()), FaultCounts())
        figures = run.figures(seconds, counts)
    print("\n" + json.dumps(figures))
    assert run.findings.wrong == []
    assert min(run.findings.compared[market] for market in MARKETS) >= COMPARED_PER_S_MIN * seconds
    assert run.whole_books >= run.books
    assert min(run.live_samples[market] / run.samples[market] for market in MARKETS) >= LIVE_SHARE_MIN
    assert min(counts.dropped, counts.duplicated, counts.reordered, counts.truncated, counts.garbage) > 0
    assert figures["gaps"] > 0
    assert figures["crossings"] == 0
