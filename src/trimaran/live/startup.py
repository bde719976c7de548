"""The first question to a venue, asked again with patience while nobody answers it properly.

A venue under maintenance answers 503 or a page of HTML, a simulator may not listen yet. Both are over in
seconds. A refusal (4xx) is not, nor is an order to stop that outlasts the patience: those fail at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from trimaran.base.limits import EXCHANGE_INFO_BYTES_MAX
from trimaran.domain.ports import Clock, Rng
from trimaran.live.notices import local_time, shortened
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.rest import RestClient, RestError

SECOND: Final = 1_000_000_000
BACKOFF: Final = Backoff(base_ns=SECOND, cap_ns=8 * SECOND)
PAUSE_NS_MIN: Final = 100_000_000  # the jitter may be 0, and insisting helps nobody


async def get_patiently(
    rest: RestClient, url: str, clock: Clock, rng: Rng, patience_s: float, tell: Callable[[str], None]
) -> bytes:
    """The body of a GET, tried for up to `patience_s`. Raises RestError, that of the last attempt."""
    deadline_ns = clock.monotonic_ns() + int(patience_s * SECOND)
    attempt = 0
    while True:
        try:
            return (await rest.get(url, EXCHANGE_INFO_BYTES_MAX)).body
        except RestError as error:
            pause_ns = max(BACKOFF.delay_ns(attempt, rng), PAUSE_NS_MIN, error.retry_after_ns)
            if not may_pass(error) or clock.monotonic_ns() + pause_ns > deadline_ns:
                raise
            attempt += 1
            at = local_time(clock.wall_ns())
            tell(f"{at} attempt {attempt}: {shortened(str(error))}; again in {pause_ns / SECOND:.1f} s")
        await asyncio.sleep(pause_ns / SECOND)


def may_pass(error: RestError) -> bool:
    """Whether the same question may be answered a little later."""
    return not 400 <= error.status < 500 or error.retry_after_ns > 0 or error.status == 408
