"""Every number of the synthetic market, in one frozen struct with its unit.

The defaults describe a *time-compressed* market: volatility, jumps and dislocations of hours happen
within minutes, so that two books of one asset drift apart by more than both taker fees several times a
minute. Nothing here says how often that happens on a real venue.
"""

from __future__ import annotations

import msgspec

from trimaran.base.errors import ConfigError


class FlowParameters(msgspec.Struct, frozen=True):
    """Units are in the names: `_bps` 1e-4 of the price, `_quote` quote asset, `_per_s` events a second."""

    # The efficient price of an asset, in log price.
    grid_ns: int = 10_000_000  # step of every price process
    volatility_bps: float = 0.8  # per square root of a second, at the median of the volatility
    volatility_spread: float = 0.45  # standard deviation of the log volatility
    volatility_relaxation_s: float = 30.0
    jumps_per_s: float = 5.0 / 60.0
    jump_floor_bps: float = 18.0  # smallest jump; the rest is exponential
    jump_mean_excess_bps: float = 8.0
    anchor_relaxation_s: float = 1800.0  # pull back to the start price, so that days stay in range

    # How a market sees it. The lags of each market are in `markets.py`.
    lag_scale: float = 1.0  # multiplies them
    lag_redraw_per_s: float = 1.0
    basis_bps: float = 1.4  # standard deviation of what all perpetuals have in common over spot
    venue_basis_bps: float = 1.1  # and of what each perpetual adds
    basis_relaxation_s: float = 20.0
    shocks_per_s: float = 0.8 / 60.0  # dislocations of one market alone
    shock_floor_bps: float = 18.0
    shock_mean_excess_bps: float = 8.0
    shock_relaxation_s: float = 2.0

    # Market orders: a Hawkes process, intensity = base + sum excitation * exp(-decay * age).
    takers_per_s: float = 1.2
    taker_excitation_per_s: float = 3.0
    taker_decay_per_s: float = 6.0  # excitation / decay = branching ratio 0.5
    taker_same_side: float = 0.65  # probability of the side of the one before
    taker_quote: float = 900.0  # median notional
    taker_spread: float = 1.1  # standard deviation of the log notional

    # Market makers, who follow the price this market sees, and those who pick off stale quotes.
    requotes_per_s: float = 25.0
    quote_quote: float = 6_000.0
    quote_spread: float = 0.6
    quotes_kept: int = 24  # a side's older quotes are cancelled
    tight: float = 0.75  # probability of quoting at the very touch; else a few ticks away
    pick_off_quote: float = 150_000.0  # median of what is taken from stale quotes at once
    pick_off_spread: float = 0.7

    # The crowd of passive orders: distance from the price is log-normal, hence a hump.
    crowd_per_s: float = 70.0
    crowd_orders: int = 1_600  # both sides together, kept by balancing arrivals and cancels
    crowd_quote: float = 2_500.0
    crowd_spread: float = 1.0
    dust: float = 0.03  # probability of a very small order
    dust_quote: float = 15.0
    crowd_distance_bps: float = 4.0  # median distance, but never below
    crowd_distance_ticks: float = 20.0
    crowd_distance_spread: float = 0.8
    crowd_batch_max: int = 8  # orders of one arrival when the book is depleted

    rate: float = 1.0  # multiplies every event rate of the order flow, not those of the price

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0 <= value < 1e12:
                raise ConfigError(f"flow.{name}: expected 0..1e12, found {value}")
        if not 0.001 <= self.rate <= 1000:
            raise ConfigError(f"flow.rate: expected 0.001..1000, found {self.rate}")
        if self.dust > 1:
            raise ConfigError(f"flow.dust: expected 0..1, found {self.dust}")
        if self.taker_excitation_per_s >= self.taker_decay_per_s:
            raise ConfigError("flow.taker_excitation_per_s: expected below taker_decay_per_s (stationarity)")
        if not (10**6 <= self.grid_ns <= 10**8 and self.lag_scale <= 2):
            raise ConfigError("flow: expected grid_ns of 1..100 ms and lag_scale of 0..2")
