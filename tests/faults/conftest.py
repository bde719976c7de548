"""What every test of real processes begins with: venues of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fault_venue import Venue


@pytest.fixture
def venue() -> Iterator[Venue]:
    simulator = Venue()
    yield simulator
    simulator.stop()
