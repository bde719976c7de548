"""Ports: what the pure floors ask of the world. One to four methods each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trimaran.domain.account import AccountEvent
from trimaran.domain.decision import Approved


class Clock(Protocol):
    """Reads time. Only runners and I/O shells hold one; pure code receives `now_ns`."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never jumps."""


class Rng(Protocol):
    """Randomness as an argument. `random.Random(seed)` is one."""

    def random(self) -> float:
        """Uniform in [0, 1)."""

    def gauss(self, mu: float, sigma: float) -> float:
        """Normal."""

    def expovariate(self, lambd: float) -> float:
        """Exponential with rate `lambd`."""

    def randrange(self, start: int, stop: int) -> int:
        """Uniform integer in [start, stop)."""


class OrderVenue(Protocol):
    """Where approved orders go. What becomes of them comes back as account events, and only so."""

    @property
    def next_due_ns(self) -> int | None:
        """When the next event is ready; None when nothing is under way."""

    def send(self, approved: Approved, now_ns: int, /) -> None:
        """Sends an order once."""

    def due(self, now_ns: int, /) -> Sequence[AccountEvent]:
        """The events that are ready by `now_ns`, in their order."""
