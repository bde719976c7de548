"""Where recorded captures are, and a replay that tells everything it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.recordings import recording
from trimaran.backtest.replay import Replay, ReplayReport
from trimaran.backtest.tape import MARKETS, open_tapes
from trimaran.books.sequencing import Law
from trimaran.domain.account import AccountEvent
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import Approved
from trimaran.domain.dialect import Dialect
from trimaran.domain.facts import Fact
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot_twin import TwinHot
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot as NativeHot
from trimaran.risk.limits import LimitsBook, RiskLimits
from trimaran.venues.binance.parse import BinanceDecoder

OPEN = RiskLimits(
    order_notional_max=Decimal(10_000),
    quote_age_ns_max=10**9,
    collar_bps_max=100,
    leverage_max=5,
    open_orders_max=10,
    rate_orders_max=100,
    rate_window_ns=10**9,
)


class NoVenue:
    """Takes no order: a replay without strategies only measures."""

    next_due_ns: int | None = None

    def send(self, approved: Approved, now_ns: int) -> None:
        raise AssertionError(approved)

    def due(self, now_ns: int) -> Sequence[AccountEvent]:
        return ()


class Run:
    """A replay of captures, its facts, and every packed answer of the hot state."""

    def __init__(self, files: Sequence[str], make_hot: Callable[[], Any]) -> None:
        tapes = open_tapes(files)
        dialects = dict(zip(MARKETS, (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM), strict=True))
        markets = tuple(MarketSetup(t.market, dialects[t.market], t.instruments()) for t in tapes)
        limits = LimitsBook(default=OPEN, exposure=Decimal(10))
        self.desk = Desk(
            DeskSetup(markets, limits, 0, Decimal(10_000)), make_hot(), (), ClientIdCounter(0, 0, 1)
        )
        self.facts: list[Fact] = []
        self.answers: list[int] = []
        self.progress: list[int] = []
        loop = Loop(self.desk, NoVenue(), self.facts.extend)
        push = loop.push

        def told(event: Any) -> int:
            self.answers.append(push(event))
            return self.answers[-1]

        loop.push = told  # type: ignore[method-assign]
        self.report: ReplayReport = Replay(loop, tapes, make_hot, self.progress.append).run()


def make_twin() -> TwinHot:
    return TwinHot({0: lambda: BinanceDecoder(Law.OVERLAP), 1: lambda: BinanceDecoder(Law.CHAIN)})


@pytest.fixture(scope="session")
def replay() -> Callable[..., Run]:
    """`replay(FILE, ...)`, on the twin with `twin=True`."""
    return lambda *files, twin=False: Run([str(file) for file in files], make_twin if twin else NativeHot)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The recorded captures; skips where they are not."""
    return recording("hftbacktest/spot/btcusdt_20240808.gz").parents[1]
