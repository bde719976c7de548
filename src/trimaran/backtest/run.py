"""Puts a replay together: tapes, desk, strategies, paper venue."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.backtest.replay import Replay
from trimaran.backtest.tape import open_tapes
from trimaran.base.limits import GRID_VALUE_MAX
from trimaran.domain.client_id import ClientIdCounter
from trimaran.engine.desk import Desk, DeskSetup, MarketSetup
from trimaran.engine.hot import Hot
from trimaran.engine.hot_twin import TwinHot
from trimaran.engine.loop import Loop
from trimaran.native._hot import Hot as NativeHot
from trimaran.risk.limits import RiskLimits
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.paper import PaperVenue

# A replay measures; it trades nothing unless a strategy is given money, so the limits stand wide open.
LIMITS: Final = RiskLimits(
    order_notional_max=Decimal(20_000),
    order_lots_max=GRID_VALUE_MAX,
    quote_age_ns_max=2_000_000_000,
    collar_bps_max=100,
    position_lots_max=GRID_VALUE_MAX,
    exposure_base_max=Decimal(1_000),
    leverage_max=5,
    open_orders_max=20,
    rate_orders_max=100,
    rate_window_ns=1_000_000_000,
    duplicate_window_ns=0,
)


class ReplayOptions(msgspec.Struct, frozen=True):
    """What to replay."""

    files: tuple[str, ...]
    twin: bool = False


def prepare(options: ReplayOptions, on_progress: Callable[[int], None]) -> Replay:
    """A replay that is ready to run. Raises TapeError."""
    tapes = open_tapes(options.files)
    markets = tuple(
        MarketSetup(tape.market, MARKETS[tape.market].dialect, tape.instruments()) for tape in tapes
    )
    limits = {instrument.key: LIMITS for market in markets for instrument in market.instruments}
    setup = DeskSetup(markets, limits, threshold_e8=0, notional_max=LIMITS.order_notional_max)
    make_hot: Callable[[], Hot] = _twin if options.twin else NativeHot
    desk = Desk(setup, make_hot(), (), ClientIdCounter(0, 0, 1))
    venue = PaperVenue(desk.instruments, desk, 0, {})
    return Replay(Loop(desk, venue, lambda facts: None), tapes, make_hot, on_progress)


def _twin() -> TwinHot:
    return TwinHot({entry.dialect: entry.make_decoder for entry in MARKETS.values()})
