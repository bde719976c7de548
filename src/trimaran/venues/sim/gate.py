"""Faults of the private side: what becomes of a request, and of a push, when a venue has a bad day.

A protocol asks twice:

    verdict = stage.gate.judge(market, Request.ORDER)   # before anything else of a request
        status is not None and not processed: answer that status now (with Retry-After), do nothing
        processed:                            do it, as always
        delay_s > 0:                          wait so long before the answer is written
        not answered:                         write nothing, and end the connection of REST after `delay_s`
        status is not None and processed:     do it, and answer that status instead of the outcome
    for payload, delay_s in stage.gate.pushes(market, account_id, payload): ...
                                                        # instead of sending a private push once, at once

Refusals at random, forced partial fills and orders that queries do not find yet are faults too; the exchange
commits them by itself. Pure and seeded: every market has dice of its own, and time is given by the maker.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName
from trimaran.domain.ports import Rng

Payload = TypeVar("Payload")

BAD_GATEWAY: Final = 502
UNAVAILABLE: Final = 503
TOO_MANY: Final = 429
BANNED: Final = 418
MS_PER_S: Final = 1_000


class Request(enum.Enum):
    """What a request asks for."""

    ORDER = "order"
    CANCEL = "cancel"
    AMEND = "amend"
    QUERY = "query"
    OTHER = "other"


class TradingFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong from now on. One fault at most per request, and per push."""

    # of a request; `requests` names those that it may hit
    lost_request: float = 0.0  # never processed, never answered
    lost_answer: float = 0.0  # processed, never answered
    error_before: float = 0.0  # 502, not processed
    error_after: float = 0.0  # 503, processed all the same
    too_many: float = 0.0  # 429 with Retry-After, not processed
    ban: float = 0.0  # 418, and so for every request of the market within `ban_s`
    ban_s: float = 1.0
    requests: tuple[Request, ...] = (Request.ORDER, Request.CANCEL, Request.AMEND)
    answer_ms: int = 0  # every answer comes so late
    answer_jitter_ms: int = 0  # and up to so much later
    # of an order
    reject: float = 0.0  # refused without a reason of its own
    partial: float = 0.0  # takes a part of what it could; the rest rests, or ends with an IOC
    hidden_ms: int = 0  # accepted, and not found by queries for so long
    clearing_ms: int = 0  # what a fill has brought is locked for so long, see `clearing.py`
    # of a private push
    push_first: float = 0.0  # its answer is held back by `push_first_ms`, so that the push comes first
    push_first_ms: int = 20
    push_drop: float = 0.0
    push_duplicate: float = 0.0
    push_delay: float = 0.0
    push_delay_ms: int = 100
    push_reorder: float = 0.0  # sent after the next push of its account, or never if there is none
    private_half_open: bool = False  # private connections stay open and say nothing

    def __post_init__(self) -> None:
        alone = (self.reject,), (self.partial,), (self.push_first,)
        for chances in (self.request_chances, self.push_chances, *alone):
            if not all(0 <= chance <= 1 for chance in chances) or sum(chances) > 1 + 1e-9:
                raise ConfigError(f"faults: expected probabilities that add up to at most 1, found {chances}")
        times = (
            self.ban_s, self.answer_ms, self.answer_jitter_ms, self.hidden_ms, self.push_first_ms,
            self.push_delay_ms, self.clearing_ms,
        )  # fmt: skip
        if not all(0 <= each <= 86_400_000 for each in times):
            raise ConfigError(f"faults: expected times of 0 to a day, found {times}")

    @property
    def request_chances(self) -> tuple[float, ...]:
        """The probabilities per request."""
        return (
            self.lost_request, self.lost_answer, self.error_before, self.error_after, self.too_many, self.ban
        )  # fmt: skip

    @property
    def push_chances(self) -> tuple[float, ...]:
        """The probabilities per push."""
        return self.push_drop, self.push_duplicate, self.push_delay, self.push_reorder


class TradingCounts(msgspec.Struct):
    """How often each fault was committed."""

    lost_requests: int = 0
    lost_answers: int = 0
    errors_before: int = 0
    errors_after: int = 0
    too_many: int = 0
    bans: int = 0
    rejects: int = 0
    partials: int = 0
    hidden: int = 0
    answers_held: int = 0
    pushes_dropped: int = 0
    pushes_duplicated: int = 0
    pushes_delayed: int = 0
    pushes_reordered: int = 0

    def __add__(self, other: TradingCounts) -> TradingCounts:
        names = self.__struct_fields__
        return TradingCounts(*(getattr(self, name) + getattr(other, name) for name in names))


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a request. `retry_after_s` belongs to 429 and 418."""

    processed: bool = True
    answered: bool = True
    status: int | None = None
    delay_s: float = 0.0
    retry_after_s: int = 0


PASS: Final = Verdict()


class MarketGate:
    """The plan of one market and what became of it."""

    def __init__(self, rng: Rng, plan: TradingFaults | None = None) -> None:
        self.plan = plan or TradingFaults()
        self.counts = TradingCounts()
        self._rng = rng
        self._banned_until_s = 0.0
        self._held: dict[int, list[object]] = {}

    def set(self, plan: TradingFaults) -> None:
        """Replaces the plan; a ban ends, pushes held back go out after the next one of their account."""
        self.plan = plan
        self._banned_until_s = 0.0

    def judge(self, request: Request, now_s: float) -> Verdict:
        """What becomes of a request."""
        plan, counts = self.plan, self.counts
        if now_s < self._banned_until_s:
            counts.bans += 1
            return Verdict(False, True, BANNED, 0.0, int(self._banned_until_s - now_s) + 1)
        delay_s = self._delay_s()
        if request not in plan.requests:
            return Verdict(delay_s=delay_s) if delay_s else PASS
        dice = self._rng.random() if any(plan.request_chances) else 1.0
        for chance, name, verdict in _outcomes(plan, delay_s):
            if dice < chance:
                setattr(counts, name, getattr(counts, name) + 1)
                if verdict.status == BANNED:
                    self._banned_until_s = now_s + plan.ban_s
                return verdict
            dice -= chance
        if request is not Request.QUERY and plan.push_first and self._rng.random() < plan.push_first:
            counts.answers_held += 1
            delay_s += plan.push_first_ms / MS_PER_S
        return Verdict(delay_s=delay_s) if delay_s else PASS

    def pushes(self, account_id: int, payload: Payload) -> list[tuple[Payload, float]]:
        """What is sent instead of one push, each with the seconds to wait."""
        plan = self.plan
        if plan.private_half_open:
            return []
        sent = [(payload, 0.0)]
        if any(plan.push_chances):
            sent = self._disturb(account_id, payload, self._rng.random())
        if sent and account_id in self._held:
            sent += [(held, 0.0) for held in self._held.pop(account_id)]  # type: ignore[misc]
        return sent

    def rejects(self) -> bool:
        """Whether this order is refused without a reason."""
        if self.plan.reject and self._rng.random() < self.plan.reject:
            self.counts.rejects += 1
            return True
        return False

    def takes(self, lots: int) -> int:
        """How many of the lots that an order could take at once it takes."""
        if lots > 1 and self.plan.partial and self._rng.random() < self.plan.partial:
            self.counts.partials += 1
            return self._rng.randrange(1, lots)
        return lots

    def hides_ns(self) -> int:
        """For how long queries do not find this order."""
        self.counts.hidden += self.plan.hidden_ms > 0
        return self.plan.hidden_ms * 1_000_000

    def _delay_s(self) -> float:
        plan = self.plan
        jitter = self._rng.random() * plan.answer_jitter_ms if plan.answer_jitter_ms else 0.0
        return (plan.answer_ms + jitter) / MS_PER_S

    def _disturb(self, account_id: int, payload: Payload, dice: float) -> list[tuple[Payload, float]]:
        plan, counts = self.plan, self.counts
        if dice < plan.push_drop:
            counts.pushes_dropped += 1
            return []
        dice -= plan.push_drop
        if dice < plan.push_duplicate:
            counts.pushes_duplicated += 1
            return [(payload, 0.0), (payload, 0.0)]
        dice -= plan.push_duplicate
        if dice < plan.push_delay:
            counts.pushes_delayed += 1
            return [(payload, plan.push_delay_ms / MS_PER_S)]
        dice -= plan.push_delay
        if dice < plan.push_reorder and account_id not in self._held:
            counts.pushes_reordered += 1
            self._held[account_id] = [payload]
            return []
        return [(payload, 0.0)]


class Gate:
    """The gates of all markets."""

    def __init__(self, markets: Mapping[MarketName, MarketGate], clock_s: Callable[[], float]) -> None:
        """`clock_s` never jumps; bans are measured by it."""
        self.markets = markets
        self._clock_s = clock_s

    def judge(self, market: MarketName, request: Request) -> Verdict:
        """What becomes of a request; see the top of this module."""
        return self.markets[market].judge(request, self._clock_s())

    def pushes(self, market: MarketName, account_id: int, payload: Payload) -> list[tuple[Payload, float]]:
        """What is sent instead of one private push, each with the seconds to wait."""
        return self.markets[market].pushes(account_id, payload)


def _outcomes(plan: TradingFaults, delay_s: float) -> tuple[tuple[float, str, Verdict], ...]:
    return (
        (plan.lost_request, "lost_requests", Verdict(False, False, None, delay_s)),
        (plan.lost_answer, "lost_answers", Verdict(True, False, None, delay_s)),
        (plan.error_before, "errors_before", Verdict(False, True, BAD_GATEWAY, delay_s)),
        (plan.error_after, "errors_after", Verdict(True, True, UNAVAILABLE, delay_s)),
        (plan.too_many, "too_many", Verdict(False, True, TOO_MANY, delay_s, 1)),
        (plan.ban, "bans", Verdict(False, True, BANNED, delay_s, int(plan.ban_s) + 1)),
    )
