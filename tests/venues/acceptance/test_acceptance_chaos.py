"""Everything of the acceptance list in any order, in virtual time, on every market; a failure is a seed.

After every single event a live book equals the venue's own at its id and another one shows no top: the desk
of `tests/support/virtual_desk.py` sees to that. When the trouble is over everything is subscribed once, all
books are live, and nothing is asked for any more.
"""

from __future__ import annotations

import random

import pytest

from tests.support.virtual_desk import VirtualDesk
from trimaran.native._hot import Hot

STEPS = 150
SLOW_FRAMES = ("too large", "a bomb")
RECOVERED_S = 65.0  # a refused stream is asked for again at least every minute
CALM_S = 15.0


def disturb(desk, rng):
    """One thing that goes wrong, or is over."""
    venue, slots = desk.venue, sorted(desk.open)
    symbol, slot = rng.choice(desk.symbols), rng.choice(slots) if slots else None
    match rng.randrange(14), slot:
        case 0, int():
            desk.drop(slot)
        case 1, int():
            venue.frozen.add(slot)
        case ((2 | 3 | 4), _):
            venue.loses.add(symbol)
        case 5, int() if venue.speaker.has_notice:
            desk.deliver(slot, venue.speaker.notice())
        case 6, _:
            venue.slow_downs = rng.randrange(4)
        case 7, int():
            frames = venue.speaker.unreadable(symbol)
            desk.deliver(slot, frames[rng.choice([name for name in frames if name not in SLOW_FRAMES])])
        case 8, _:
            venue.gone.add(symbol)
        case 9, _:
            venue.gone.clear()
        case 10, _:
            venue.accepts = rng.random() < 0.6
        case 11, _:
            venue.quiet = rng.random() < 0.3
        case 12, int():
            desk.deliver(slot, venue.speaker.strange(symbol))
    desk.run(rng.choice((0.05, 0.1, 0.3, 1.0, 3.0)))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 30))])
def test_anything_may_happen_and_all_is_well_afterwards(entry, seed):
    rng = random.Random(f"{entry.name}:{seed}")
    desk = VirtualDesk(entry, Hot(), seed)
    for _ in range(STEPS):
        disturb(desk, rng)
    venue = desk.venue
    venue.accepts, venue.quiet, venue.slow_downs = True, False, 0
    venue.gone.clear()
    venue.loses.clear()
    desk.until(desk.live, RECOVERED_S)
    venue.pace = 5
    desk.run(RECOVERED_S)
    desk.forget()
    asked = desk.counters.snapshot_fetches
    desk.run(CALM_S)
    assert desk.left_live == []
    assert desk.counters.snapshot_fetches == asked
    said = sorted(name for names in venue.subscribed.values() for name in names)
    streams = entry.spec.session.streams
    assert said == sorted(stream.name(symbol) for stream in streams for symbol in desk.symbols)
