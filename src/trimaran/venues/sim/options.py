"""What to simulate and where to listen, as far as it concerns all venues."""

from __future__ import annotations

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.venues.sim.book import TOPS_KEPT
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.sim.instruments import ASSETS
from trimaran.venues.sim.markets import VENUES, SimMarket
from trimaran.venues.sim.parameters import FlowParameters


class ServerOptions(msgspec.Struct, frozen=True):
    """Settings of the server; those of each venue's protocol are the venue's own."""

    seed: int = 1
    venues: tuple[str, ...] = VENUES
    symbols: tuple[str, ...] = ASSETS  # as BTC, BTCUSDT or BTC-USDT
    rate: float = 1.0  # multiplies the order flow's event rates
    port_base: int = 0  # of the admin handles; the listeners of the venues follow. 0: any free ports
    seconds: float | None = None  # `serve` ends after this
    clock_offset_ms: int = 0  # of the server's clock to this machine's
    turn_s: float = 0.004  # pause between two turns of the market
    tops_kept: int = TOPS_KEPT  # of each book, for the handle `history`; about 320 bytes each
    limits: bool = True  # whether the venues' limits of requests are enforced
    funding_period_s: int = 28_800  # between two payments of funding
    faults: FaultPlan = FaultPlan()  # in force from the start
    flow: FlowParameters = FlowParameters()
    further_markets: tuple[SimMarket, ...] = ()  # of venues that are not Trimaran's own

    def __post_init__(self) -> None:
        known = (*VENUES, *dict.fromkeys(market.venue for market in self.further_markets))
        if not self.venues or len(set(self.venues)) < len(self.venues) or not set(self.venues) <= set(known):
            raise ConfigError(
                f"venues: expected some of {', '.join(known)}, each once, found {', '.join(self.venues)!r}"
            )
        if self.funding_period_s < 1:
            raise ConfigError(f"funding_period_s: expected 1 or more, found {self.funding_period_s}")
        if self.tops_kept < 1:
            raise ConfigError(f"tops_kept: expected 1 or more, found {self.tops_kept}")
        if self.faults.half_open or self.faults.trading.private_half_open:
            raise ConfigError("faults: expected half_open later, when there are connections to hold")
