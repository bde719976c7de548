"""What a desk of the stories is told: limits, patience, what the venues guarantee on this network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from simulation.dealer import lots_of
from trimaran.domain.instrument import Instrument, MarketName
from trimaran.domain.venue_law import VenueLaw
from trimaran.live.run_accounts import ONE_WALLET
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.client_port import ClientOptions
from trimaran.venues.wire.law import law_of
from trimaran.venues.wire.line_port import LineConfig
from trimaran.venues.wire.market_spec import MS, SECOND
from trimaran.venues.wire.patience import Patience

OPTIONS: Final = ClientOptions(
    ask=Patience(2.0, 1.0),
    order=Patience(0.3, 0.8, SECOND),
    line=LineConfig(reconnect=Backoff(20 * MS, 400 * MS), overlap_ns=50 * MS, connects_share=100.0),
    tick_s=0.05,
    retry=Backoff(50 * MS, 800 * MS),
    poll_s=1.0,
)
LINGER_NS: Final = 12 * SECOND  # the simulated network delivers nothing later than that
POSITION_UNITS_MAX: Final = 12
OPEN_ORDERS_MAX: Final = 6
LIMITS: Final = f"""\
version = {{version}}
quote = "USDT"

[default]
order_notional_max = 20_000
quote_age_ms_max = 3_000
collar_bps_max = 100
leverage_max = 5
open_orders_max = {OPEN_ORDERS_MAX}
rate_orders_max = 20
rate_window_ms = 1_000

[asset.BTC]
exposure_base_max = 1
"""


def law_here(market: MarketName) -> VenueLaw:
    """What a market guarantees, on this network and with this patience."""
    spec = MARKETS[market].private.spec
    law = law_of(spec, OPTIONS.order)
    return law if spec.request_expiry else replace(law, validity_ns=LINGER_NS)


def wallet(market: MarketName, markets: Sequence[MarketName]) -> frozenset[MarketName]:
    """The markets that share a wallet with one, itself included."""
    venue = market.partition(".")[0]
    return frozenset(
        each for each in markets if each == market or (venue in ONE_WALLET and each.startswith(venue))
    )


def limits_text(version: int, instruments: Sequence[Instrument], units: int) -> str:
    """Narrow limits, so that they are met; `units` is the largest position."""
    text = LIMITS.format(version=version)
    for each in instruments:
        text += f'[instrument."{each.key}"]\n'
        text += f"order_lots_max = {lots_of(each, 5)}\nposition_lots_max = {lots_of(each, units)}\n"
    return text
