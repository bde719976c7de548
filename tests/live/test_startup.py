"""What is worth asking a venue again, and what is not."""

from __future__ import annotations

import pytest

from trimaran.live.startup import may_pass
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
