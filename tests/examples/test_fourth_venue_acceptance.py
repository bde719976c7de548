"""The acceptance numbers over the fourth venue: the tests of `tests/venues/acceptance`, as they are."""

from __future__ import annotations

from tests.venues.acceptance import test_acceptance_chaos as chaos
from tests.venues.acceptance import test_acceptance_deadlines as deadlines
from tests.venues.acceptance import test_acceptance_sockets as sockets

desk, stage = deadlines.desk, sockets.stage
for _suite in (deadlines, sockets, chaos):
    globals().update({name: each for name, each in vars(_suite).items() if name.startswith("test_")})
