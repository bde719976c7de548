"""What is worth asking a venue again, and what is not."""

from __future__ import annotations

import random

import pytest

from trimaran.base.errors import ConfigError, VenueError
from trimaran.live.startup import may_pass, patiently
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.rest import RestError


@pytest.mark.parametrize(
    ("status", "retry_after_ns", "wanted"),
    [
        (0, 0, True),  # nobody listens
        (200, 0, True),  # HTML
        (503, 0, True),
        (408, 0, True),
        (429, 1, True),  # as far as the patience goes
        (403, 0, False),
        (404, 0, False),
        (451, 0, False),
    ],
)
def test_what_may_pass(status: int, retry_after_ns: int, wanted: bool) -> None:
    assert may_pass(RestError("GET", status, retry_after_ns)) is wanted


def fault(kind: FaultKind, retry_after_ns: int = 0) -> VenueFault:
    return VenueFault(Fault(kind, Effect.UNKNOWN, "", "", retry_after_ns))


@pytest.mark.parametrize(
    ("kind", "retry_after_ns", "wanted"),
    [
        (FaultKind.UNKNOWN, 0, True),  # no answer
        (FaultKind.INTERNAL, 0, True),
        (FaultKind.UNAVAILABLE, 0, True),
        (FaultKind.RATE_LIMITED, 1, True),
        (FaultKind.KEY, 0, False),
        (FaultKind.PERMISSION, 0, False),
        (FaultKind.SIGNATURE, 0, False),
    ],
)
def test_which_answers_may_pass(kind: FaultKind, retry_after_ns: int, wanted: bool) -> None:
    assert may_pass(fault(kind, retry_after_ns)) is wanted


async def test_a_question_is_asked_again_as_long_as_the_trouble_may_pass() -> None:
    troubles: list[Exception] = [RestError("GET"), fault(FaultKind.UNKNOWN)]
    told: list[str] = []

    async def ask() -> str:
        if troubles:
            raise troubles.pop(0)
        return "answer"

    async def asked(patience_s: float) -> str:
        return await patiently(ask, SystemClock(), random.Random(1), patience_s, told.append)

    assert await asked(60) == "answer"
    assert len(told) == 2
    for final in (fault(FaultKind.KEY), ConfigError("a key that may withdraw"), VenueError("no protocol")):
        troubles.append(final)
        with pytest.raises(type(final)):
            await asked(60)
    troubles.append(RestError("GET"))
    with pytest.raises(RestError):
        await asked(0)
    assert len(told) == 2
