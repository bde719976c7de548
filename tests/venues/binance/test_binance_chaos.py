"""The session against a venue that does anything, in virtual time; a failure is a seed.

Laws, at every moment: actions name open slots only, one snapshot in flight a symbol, limits are kept.
After the faults have ended: every stream is subscribed on exactly one connection, and no book waits.
"""

from __future__ import annotations

import random

import pytest

from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.binance.spec import SPOT, USDM
from trimaran.venues.wire.session import SessionConfig
from trimaran.venues.wire.session_port import (
    Close,
    FetchSnapshot,
    MarkDown,
    Open,
    SendPing,
    SendText,
    SnapshotApplied,
    SnapshotFailed,
)

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
SYMBOLS = [f"A{index}USDT" for index in range(5)]
GOOD = pack(Kind.SNAPSHOT, Flag.APPLIED | Flag.WENT_LIVE, 0)
BAD = (
    pack(Kind.SNAPSHOT, Flag.NEED_SNAPSHOT, 0),
    pack(Kind.ERROR, Flag.NEED_SNAPSHOT, 0, error=1),
)
NOTICES = ('{"e":"serverShutdown","E":1}', "nonsense", '{"code":2,"msg":"Invalid request","id":1}')


class Chaos:
    """Plays the venue by dice, and checks the laws on every action."""

    def __init__(self, driver, spec, seed):
        self.dice = random.Random(seed)
        config = SessionConfig(streams_per_connection=6, age_margin_ns=24 * HOUR - 300 * SECOND)
        self.run = driver(spec, SYMBOLS, config, seed)
        self.kinds = [stream.kind for stream in spec.session.streams]
        self.in_flight: list[str] = []
        self.used_slots: set[int] = set()
        self.mute: set[int] = set()
        self.checked = 0
        self.run.speaks = self.speak
        self.faulty = True

    def speak(self, slot):
        url = self.run.open[slot]
        kinds = [kind for kind in self.kinds if "/market" not in url or kind == Kind.AGG_TRADE]
        kinds = [kind for kind in kinds if "/public" not in url or kind != Kind.AGG_TRADE]
        if self.faulty and (slot in self.mute or self.dice.random() < 0.3):
            return []
        names = {name.split("@")[0].upper() for name in self.run.subscribed.get(slot, [])}
        books = [index for index, symbol in enumerate(SYMBOLS) if symbol in names]
        flags = Flag.NEED_SNAPSHOT if self.faulty and self.dice.random() < 0.05 else Flag.APPLIED
        return [pack(kind, flags, book) for kind in kinds for book in books]

    def step(self):
        dice, run = self.dice, self.run
        if self.faulty:
            run.accepts = dice.random() > 0.2
            run.replies = dice.random() > 0.1
            run.pongs = dice.random() > 0.2
            for slot in list(run.open):
                if dice.random() < 0.002:
                    run.drop(slot)
                elif dice.random() < 0.002:
                    self.mute.add(slot)
                elif dice.random() < 0.012:
                    run.control(slot, dice.choice(NOTICES))
        run.run(0.2)
        self.check()
        for symbol in list(self.in_flight):
            if dice.random() < 0.5:
                self.in_flight.remove(symbol)
                self.settle(symbol)
                self.check()

    def settle(self, symbol):
        roll = self.dice.random() if self.faulty else 0.0
        if roll < 0.5:
            self.run.event(SnapshotApplied(symbol, GOOD))
        elif roll < 0.8:
            self.run.event(SnapshotApplied(symbol, self.dice.choice(BAD)))
        else:
            self.run.event(SnapshotFailed(symbol, "HTTP 429", self.dice.choice((0, 5 * SECOND))))

    def check(self):
        for _, action in self.run.log[self.checked :]:
            match action:
                case Open(slot):
                    assert slot not in self.used_slots
                    self.used_slots.add(slot)
                case SendText(slot) | SendPing(slot) | Close(slot):
                    assert slot in self.used_slots
                case FetchSnapshot(symbol):
                    assert symbol not in self.in_flight
                    self.in_flight.append(symbol)
                case MarkDown(_, symbols):
                    assert 0 < len(symbols) < len(SYMBOLS)  # the books are on several shards
                    self.in_flight = [symbol for symbol in self.in_flight if symbol not in symbols]
                case _:
                    pass
        self.checked = len(self.run.log)


@pytest.mark.parametrize("spec", [SPOT, USDM], ids=["spot", "usdm"])
@pytest.mark.parametrize("seed", range(12))
def test_anything_may_happen_and_all_is_well_afterwards(driver, spec, seed):
    chaos = Chaos(driver, spec, seed)
    chaos.run.start()
    chaos.check()
    for _ in range(2_000):
        chaos.step()
    opens = chaos.run.times_of(Open)
    for index, at_ns in enumerate(opens[240:]):
        assert at_ns - opens[index] >= spec.session.connects_window_ns
    seen = chaos.run.counters
    assert min(seen.switches, seen.reconnects, seen.snapshots_too_old, seen.subscriptions_refused) > 0
    chaos.faulty = False
    chaos.run.accepts = chaos.run.replies = chaos.run.pongs = True
    for _ in range(1_200):
        chaos.step()
    calm = [name for slot in chaos.run.open for name in set(chaos.run.subscribed[slot])]
    assert sorted(calm) == sorted(
        stream.name(symbol) for stream in spec.session.streams for symbol in SYMBOLS
    )
    assert chaos.in_flight == []
    fetched = len(chaos.run.of(FetchSnapshot))
    for _ in range(100):
        chaos.step()
    assert len(chaos.run.of(FetchSnapshot)) == fetched  # nothing waits, nothing is repeated
