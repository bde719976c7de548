"""Fixtures of the shared shells."""

from __future__ import annotations

import pytest

from tests.support.account_stage import Stage
from tests.support.private_venue import PrivateVenue
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.rest import RestClient, RestOptions


@pytest.fixture(params=["patient", "quick"])
def place(request, stage):
    """Places an order by either way; the events that came of it."""
    patient = request.param == "patient"
    return (lambda client, order: client.place(order)) if patient else stage.quickly


@pytest.fixture
async def stage(until):
    venue = PrivateVenue()
    await venue.start()
    async with RestClient(SystemClock(), RestOptions(total_s_max=1.0)) as rest:
        made = Stage(venue, rest, until)
        yield made
        for client in made.clients:
            await client.stop()
    await venue.stop()
