"""Puts a replay together: tapes, desk, and, when it is to trade, strategies and paper money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.backtest.replay import Replay
from trimaran.backtest.tape import open_tapes
from trimaran.domain.account import Transfer, TransferId
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.instrument import Asset, ContractKind, MarketName
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot import Hot
from trimaran.engine.hot_twin import TwinHot
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot as NativeHot
from trimaran.risk.limits import LimitsBook, RiskLimits
from trimaran.strategies.catalogue import STRATEGIES
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.paper import PaperVenue
from trimaran.venues.wire.market_entry import MarketEntry

PAPER_QUOTE: Final = Decimal(200_000)  # in every market, when a replay trades
PAPER_BASE: Final = Decimal(1)  # in every spot market
PAPER_LATENCY_NS: Final = 3_000_000

LIMITS: Final = RiskLimits(
    order_notional_max=Decimal(20_000),
    quote_age_ns_max=2_000_000_000,
    collar_bps_max=100,
    leverage_max=5,
    open_orders_max=20,
    rate_orders_max=100,
    rate_window_ns=1_000_000_000,
)
BOOK: Final = LimitsBook(default=LIMITS, exposure=Decimal(1_000))


class ReplayOptions(msgspec.Struct, frozen=True):
    """What to replay."""

    files: tuple[str, ...]
    twin: bool = False  # the plain Python core
    trade: bool = False  # the strategies of the catalogue, on paper
    markets: Mapping[MarketName, MarketEntry] = msgspec.field(default_factory=lambda: MARKETS)


def prepare(options: ReplayOptions, on_progress: Callable[[int], None]) -> Replay:
    """A replay that is ready to run. Raises TapeError."""
    tapes = open_tapes(options.files, options.markets)
    markets = tuple(
        MarketSetup(tape.market, options.markets[tape.market].dialect, tape.instruments()) for tape in tapes
    )
    setup = DeskSetup(markets, BOOK, threshold_e8=0, notional_max=LIMITS.order_notional_max)
    make_hot: Callable[[], Hot] = _twin if options.twin else NativeHot
    strategies = [make() for make in STRATEGIES.values()] if options.trade else []
    desk = Desk(setup, make_hot(), strategies, ClientIdCounter(0, 0, 1))
    balances = _balances(desk) if options.trade else {}
    venue = PaperVenue(desk.instruments, desk, PAPER_LATENCY_NS, balances)
    loop = Loop(desk, venue, lambda facts: None)
    for (market, asset), amount in balances.items():
        loop.push(Transfer(TransferId(f"opening-{asset}"), market, asset, amount, 0, 0))
    return Replay(loop, tapes, make_hot, on_progress)


def _balances(desk: Desk) -> dict[tuple[MarketName, Asset], Decimal]:
    balances: dict[tuple[MarketName, Asset], Decimal] = {}
    for instrument in desk.instruments.values():
        balances[instrument.market, instrument.quote] = PAPER_QUOTE
        if instrument.kind is ContractKind.SPOT:
            balances[instrument.market, instrument.base] = PAPER_BASE
    return balances


def _twin() -> TwinHot:
    return TwinHot({entry.dialect: entry.make_decoder for entry in MARKETS.values()})
