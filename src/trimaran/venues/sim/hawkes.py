"""Self-exciting arrivals: every event makes the next one more likely for a while.

    intensity(t) = base + sum over past events of excitation * exp(-decay * (t - t_i))

(Hawkes 1971, Biometrika 58; for trades see Bacry, Mastromatteo, Muzy 2015, arXiv:1502.04592.) With this
kernel the sum is one number that decays, and simulation by thinning is exact: between events the
intensity only falls, so its value now bounds what comes (Ogata 1981, IEEE Trans. Inf. Theory 27).
The mean rate is base / (1 - excitation / decay).
"""

from __future__ import annotations

import math

from trimaran.domain.ports import Rng


class Hawkes:
    """One self-exciting stream of events. Rates are events per second."""

    def __init__(self, base_per_s: float, excitation_per_s: float, decay_per_s: float, rng: Rng) -> None:
        assert base_per_s > 0
        assert 0 <= excitation_per_s < decay_per_s
        self._base = base_per_s
        self._excitation = excitation_per_s
        self._decay = decay_per_s
        self._excited = 0.0
        self._rng = rng

    def wait_s(self) -> float:
        """Seconds from the previous event (or the start) to the next; the state moves on to it."""
        waited_s = 0.0
        while True:
            bound = self._base + self._excited
            step_s = self._rng.expovariate(bound)
            waited_s += step_s
            self._excited *= math.exp(-self._decay * step_s)
            if self._rng.random() * bound <= self._base + self._excited:
                self._excited += self._excitation
                return waited_s
