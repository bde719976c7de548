"""Faults that a simulated venue commits on purpose, so that an adapter can be shown to survive them.

    drop, duplicate, reorder, truncate   probability per frame of a sequenced book stream
    garbage                              the same; the frame is not JSON, or does not inflate to any
    bomb                                 the same; a compressed frame inflates to megabytes; text is spared
    stale_snapshots                      that many snapshot answers are older than the stream
    html_answers                         that many REST answers are a web page with status 200
    half_open                            connections that exist stay open and say nothing any more
    trading                              those of the private side, see `gate.py`

One fault at most per frame. A truncated frame is cut as it is on the wire, compressed or not. A reordered
frame is sent after the next one of its stream. Pure and seeded: the same frames meet the same faults.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.ports import Rng
from trimaran.venues.sim.compress import BOMB_MEMBER, GARBAGE_MEMBER, GARBAGE_TEXT
from trimaran.venues.sim.gate import TradingFaults

Payload = TypeVar("Payload", str, bytes)

WHOLE = 1.0  # of a frame that is not truncated


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong from now on. Probabilities are 0..1 and add up to at most 1."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    truncate: float = 0.0
    garbage: float = 0.0
    bomb: float = 0.0
    stale_snapshots: int = 0
    html_answers: int = 0
    half_open: bool = False
    trading: TradingFaults = TradingFaults()

    def __post_init__(self) -> None:
        chances = self.chances
        if not all(0 <= chance <= 1 for chance in chances) or sum(chances) > 1 + 1e-9:
            raise ConfigError(f"faults: expected probabilities that add up to at most 1, found {chances}")
        if self.stale_snapshots < 0 or self.html_answers < 0:
            raise ConfigError("faults: expected counts of 0 or more")

    @property
    def chances(self) -> tuple[float, ...]:
        """The probabilities per frame."""
        return self.drop, self.duplicate, self.reorder, self.truncate, self.garbage, self.bomb


class FaultCounts(msgspec.Struct):
    """How often each fault was committed."""

    dropped: int = 0
    duplicated: int = 0
    reordered: int = 0
    truncated: int = 0
    garbage: int = 0
    bombs: int = 0
    stale_snapshots: int = 0
    html_answers: int = 0

    def __add__(self, other: FaultCounts) -> FaultCounts:
        return FaultCounts(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


class Faults:
    """The plan in force, and what became of it."""

    def __init__(self, rng: Rng, plan: FaultPlan | None = None) -> None:
        self.plan = plan or FaultPlan()
        self.counts = FaultCounts()
        self._rng = rng
        self._held: dict[str, Any] = {}
        self._frames = any(self.plan.chances)
        self._stale_left = self.plan.stale_snapshots
        self._html_left = self.plan.html_answers

    def set(self, plan: FaultPlan) -> None:
        """Replaces the plan. Frames held back for reordering still go out after the next one."""
        self.plan = plan
        self._frames = any(plan.chances)
        self._stale_left = plan.stale_snapshots
        self._html_left = plan.html_answers

    def frames(self, stream: str, payload: Payload) -> list[tuple[Payload, float]]:
        """What is sent instead of one frame: payloads, each with the fraction of it that is sent."""
        sent = [(payload, WHOLE)]
        if self._frames:
            sent = self._disturb(stream, payload, self._rng.random())
        if sent and stream in self._held:
            sent.append((self._held.pop(stream), WHOLE))
        return sent

    def forget(self, stream: str) -> None:
        """The stream has ended: what was held back of it is never sent."""
        self._held.pop(stream, None)

    def take_stale(self) -> bool:
        """Whether this snapshot is to be an old one."""
        if self._stale_left == 0:
            return False
        self._stale_left -= 1
        self.counts.stale_snapshots += 1
        return True

    def take_html(self) -> bool:
        """Whether this REST answer is to be a web page."""
        if self._html_left == 0:
            return False
        self._html_left -= 1
        self.counts.html_answers += 1
        return True

    def _disturb(self, stream: str, payload: Payload, dice: float) -> list[tuple[Payload, float]]:
        plan, counts = self.plan, self.counts
        if dice < plan.drop:
            counts.dropped += 1
            return []
        dice -= plan.drop
        if dice < plan.duplicate:
            counts.duplicated += 1
            return [(payload, WHOLE), (payload, WHOLE)]
        dice -= plan.duplicate
        if dice < plan.reorder and stream not in self._held:
            counts.reordered += 1
            self._held[stream] = payload
            return []
        dice -= plan.reorder
        if 0 <= dice < plan.truncate:
            counts.truncated += 1
            return [(payload, 0.05 + 0.9 * self._rng.random())]
        dice -= plan.truncate
        if 0 <= dice < plan.garbage:
            counts.garbage += 1
            return [(GARBAGE_TEXT if isinstance(payload, str) else GARBAGE_MEMBER, WHOLE)]
        dice -= plan.garbage
        if 0 <= dice < plan.bomb and isinstance(payload, bytes):
            counts.bombs += 1
            return [(BOMB_MEMBER, WHOLE)]
        return [(payload, WHOLE)]
