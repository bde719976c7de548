"""The first questions to a venue, asked again with patience while nobody answers them properly.

A venue under maintenance answers 503 or a page of HTML, a simulator may not listen yet. Both are over in
seconds. A refusal (4xx) is not, nor is an order to stop that outlasts the patience: those fail at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from trimaran.base.errors import VenueError
from trimaran.base.limits import EXCHANGE_INFO_BYTES_MAX
from trimaran.domain.ports import Clock, Rng
from trimaran.live.notices import local_time, shortened
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.fault import FaultKind, VenueFault
from trimaran.venues.wire.rest import RestClient, RestError

T = TypeVar("T")

SECOND: Final = 1_000_000_000
BACKOFF: Final = Backoff(base_ns=SECOND, cap_ns=8 * SECOND)
PAUSE_NS_MIN: Final = 100_000_000  # the jitter may be 0, and insisting helps nobody
PASSING: Final = (  # what a venue says that is in trouble, and not what it says of us
    FaultKind.UNKNOWN,
    FaultKind.OVERLOADED,
    FaultKind.UNAVAILABLE,
    FaultKind.INTERNAL,
    FaultKind.EXPIRED,
)


async def get_patiently(
    rest: RestClient, url: str, clock: Clock, rng: Rng, patience_s: float, tell: Callable[[str], None]
) -> bytes:
    """The body of a GET, tried for up to `patience_s`. Raises RestError, that of the last attempt."""

    async def get() -> bytes:
        return (await rest.get(url, EXCHANGE_INFO_BYTES_MAX)).body

    return await patiently(get, clock, rng, patience_s, tell)


async def patiently(
    work: Callable[[], Awaitable[T]],
    clock: Clock,
    rng: Rng,
    patience_s: float,
    tell: Callable[[str], None],
) -> T:
    """Questions that change nothing, tried for up to `patience_s`. Raises what the last attempt raised."""
    deadline_ns = clock.monotonic_ns() + int(patience_s * SECOND)
    attempt = 0
    while True:
        try:
            return await work()
        except VenueError as error:
            pause_ns = max(BACKOFF.delay_ns(attempt, rng), PAUSE_NS_MIN, _stop_ns(error))
            if not may_pass(error) or clock.monotonic_ns() + pause_ns > deadline_ns:
                raise
            attempt += 1
            at = local_time(clock.wall_ns())
            tell(f"{at} attempt {attempt}: {shortened(str(error))}; again in {pause_ns / SECOND:.1f} s")
        await asyncio.sleep(pause_ns / SECOND)


def may_pass(error: VenueError) -> bool:
    """Whether the same question may be answered a little later."""
    if isinstance(error, RestError):
        return not 400 <= error.status < 500 or error.retry_after_ns > 0 or error.status == 408
    if isinstance(error, VenueFault):
        return error.fault.kind in PASSING or error.fault.retry_after_ns > 0
    return False


def _stop_ns(error: VenueError) -> int:
    """For how long the venue ordered to stop."""
    if isinstance(error, RestError):
        return error.retry_after_ns
    return error.fault.retry_after_ns if isinstance(error, VenueFault) else 0
