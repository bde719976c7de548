"""The limits of risk of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from trimaran.base.limits import SIZE_LOTS_MAX
from trimaran.domain.instrument import Instrument, InstrumentKey
from trimaran.risk.limits import RiskLimits

SECOND: Final = 1_000_000_000


def limits_of(text: str, instruments: Iterable[Instrument]) -> Mapping[InstrumentKey, RiskLimits]:
    """The limits of every instrument. Raises ConfigError."""
    limits = RiskLimits(
        order_notional_max=Decimal(20_000),
        order_lots_max=SIZE_LOTS_MAX,
        quote_age_ns_max=2 * SECOND,
        collar_bps_max=100,
        position_lots_max=SIZE_LOTS_MAX,
        exposure_base_max=Decimal(10**9),
        leverage_max=5,
        open_orders_max=20,
        rate_orders_max=100,
        rate_window_ns=SECOND,
        duplicate_window_ns=0,
    )
    return {instrument.key: limits for instrument in instruments}
