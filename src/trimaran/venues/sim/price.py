"""The price that everybody guesses: one efficient price per asset, seen by its markets with lag and error.

Theory, all in log price and in bps from the start, on a fixed time grid:

    efficient price   dx = -x/anchor dt + s dW + jumps        jump diffusion (Merton 1976, J. Fin. Econ. 3)
    volatility        log s is Ornstein-Uhlenbeck             volatility clusters (Scott 1987, JFQA 22)
    market            x(t - lag(t)), lag wandering            lead and lag of futures over spot
                                                              (Stoll, Whaley 1990, JFQA 25)
    basis             Ornstein-Uhlenbeck, one for all perpetuals and one of each
    shock             one market leaves the price and comes back exponentially

All markets of an asset are drawn whether anybody looks at them or not, so that the price of one does not
depend on which others are simulated. Lag moves by at most half a grid step per step, so that a follower never
sees time run backwards.
Ornstein-Uhlenbeck steps are exact: x' = x e^-k + sd sqrt(1 - e^-2k) N (Gillespie 1996, Phys. Rev. E 54).
Pure: time and randomness are arguments. Floats, because this is a model; orders are made of integers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from trimaran.domain.ports import Rng
from trimaran.venues.sim.markets import SimMarket
from trimaran.venues.sim.parameters import FlowParameters


class AssetPrice:
    """The efficient price of one asset and what each of its markets believes."""

    def __init__(
        self, parameters: FlowParameters, rng: Rng, start_ns: int, markets: Sequence[SimMarket]
    ) -> None:
        self._parameters = parameters
        self._rng = rng
        self._now_ns = start_ns
        self._log_volatility = 0.0
        self._basis_bps = 0.0
        self._views = [_View(parameters, rng, market) for market in markets]
        kept = max(view.lag_max_ns for view in self._views) // parameters.grid_ns + 2
        self._history_bps: deque[float] = deque([0.0] * kept, maxlen=kept)  # newest last
        step_s = parameters.grid_ns / 1e9
        self._step_s = step_s
        self._anchor_keep = math.exp(-step_s / parameters.anchor_relaxation_s)
        self._volatility_keep, self._volatility_kick = _ou(step_s, parameters.volatility_relaxation_s)
        self._basis_keep, self._basis_kick = _ou(step_s, parameters.basis_relaxation_s)

    def advance(self, until_ns: int) -> None:
        """Runs every whole grid step up to `until_ns`."""
        while self._now_ns + self._parameters.grid_ns <= until_ns:
            self._now_ns += self._parameters.grid_ns
            self._step()

    def seen_bps(self, market: int) -> float:
        """What the market believes at the last grid step: log price over the start price, in bps."""
        view = self._views[market]
        back = view.lag_ns / self._parameters.grid_ns
        whole = int(back)
        newest = len(self._history_bps) - 1
        late, early = self._history_bps[newest - whole], self._history_bps[newest - whole - 1]
        basis_bps = self._basis_bps + view.basis_bps if view.perpetual else 0.0
        return late + (early - late) * (back - whole) + basis_bps + view.shock_bps

    @property
    def efficient_bps(self) -> float:
        """The efficient log price over the start price, in bps."""
        return self._history_bps[-1]

    def _step(self) -> None:
        parameters, rng = self._parameters, self._rng
        self._log_volatility = (
            self._log_volatility * self._volatility_keep
            + parameters.volatility_spread * self._volatility_kick * rng.gauss(0.0, 1.0)
        )
        volatility_bps = parameters.volatility_bps * math.exp(self._log_volatility)
        price_bps = self._history_bps[-1] * self._anchor_keep
        price_bps += volatility_bps * math.sqrt(self._step_s) * rng.gauss(0.0, 1.0)
        if rng.random() < parameters.jumps_per_s * self._step_s:
            price_bps += _jump(rng, parameters.jump_floor_bps, parameters.jump_mean_excess_bps)
        self._history_bps.append(price_bps)
        self._basis_bps = (
            self._basis_bps * self._basis_keep + parameters.basis_bps * self._basis_kick * rng.gauss(0.0, 1.0)
        )
        for view in self._views:
            view.step()


class _View:
    """Lag, basis and shock of one market."""

    def __init__(self, parameters: FlowParameters, rng: Rng, market: SimMarket) -> None:
        self.perpetual = market.perpetual
        self.basis_bps = 0.0
        self.shock_bps = 0.0
        self._parameters = parameters
        self._rng = rng
        step_s = parameters.grid_ns / 1e9
        self._shock_keep = math.exp(-step_s / parameters.shock_relaxation_s)
        self._shock_chance = parameters.shocks_per_s * step_s
        self._redraw_chance = parameters.lag_redraw_per_s * step_s
        self._basis_keep, kick = _ou(step_s, parameters.basis_relaxation_s)
        self._basis_kick_bps = parameters.venue_basis_bps * kick
        self._lag_min_ns, self.lag_max_ns = (round(each * parameters.lag_scale) for each in market.lag_ns)
        self.lag_ns = self._target_ns = self._draw_lag_ns()

    def step(self) -> None:
        parameters, rng = self._parameters, self._rng
        self.shock_bps *= self._shock_keep
        dice = rng.random()
        if dice < self._shock_chance:
            self.shock_bps += _jump(rng, parameters.shock_floor_bps, parameters.shock_mean_excess_bps)
        elif dice >= 1.0 - self._redraw_chance:
            self._target_ns = self._draw_lag_ns()
        if self.perpetual:
            self.basis_bps = self.basis_bps * self._basis_keep + self._basis_kick_bps * rng.gauss(0.0, 1.0)
        if self.lag_ns != self._target_ns:
            limit_ns = parameters.grid_ns // 2
            self.lag_ns += max(-limit_ns, min(limit_ns, self._target_ns - self.lag_ns))

    def _draw_lag_ns(self) -> int:
        return self._rng.randrange(self._lag_min_ns, self.lag_max_ns + 1)


def _ou(step_s: float, relaxation_s: float) -> tuple[float, float]:
    keep = math.exp(-step_s / relaxation_s)
    return keep, math.sqrt(1.0 - keep * keep)


def _jump(rng: Rng, floor_bps: float, mean_excess_bps: float) -> float:
    size_bps = floor_bps + (rng.expovariate(1.0 / mean_excess_bps) if mean_excess_bps > 0 else 0.0)
    return size_bps if rng.random() < 0.5 else -size_bps
