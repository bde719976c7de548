"""How long a request may wait for its leave and for its answer."""

from __future__ import annotations

from typing import Final

import msgspec

SECOND: Final = 1_000_000_000


class Patience(msgspec.Struct, frozen=True):
    """How long to wait, in seconds, and how long the venue may take a request for good."""

    wait_s_max: float = 10.0  # for the governor
    answer_s_max: float = 5.0  # from the departure on
    valid_ns: int = 2 * SECOND


def departure_ns_max(patience: Patience) -> int:
    """An order leaves at most so long after it was asked for: after its wait, or a refusal for its time."""
    return patience.valid_ns + round(patience.wait_s_max * SECOND)


ASK: Final = Patience()
ORDER: Final = Patience(wait_s_max=0.3, answer_s_max=3.0)
