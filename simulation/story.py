"""What a seed draws: the market, its crowd, what goes wrong when. A story is data; `world.py` lives it."""

from __future__ import annotations

import random
from typing import Final

import msgspec

from simulation.connection import NetworkFaults
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import ScopeKind
from trimaran.domain.records import Durability
from trimaran.venues.sim.gate import Request, TradingFaults
from trimaran.venues.sim.parameters import FlowParameters

MARKETS: Final = tuple(
    MarketName(name)
    for name in ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
)
QUIET_MARKET: Final = FlowParameters(
    volatility_bps=0.3,
    jumps_per_s=0.02,
    shocks_per_s=0.0,
    takers_per_s=0.8,
    requotes_per_s=1.5,
    crowd_per_s=3.0,
    crowd_orders=60,
    taker_excitation_per_s=1.0,
)
POINTS: Final = (
    "record.before_append",
    "record.before_commit",
    "record.after_commit",
    "order.before_send",
    "line.before_write",
    "line.after_write",
    "order.after_send",
    "line.before_answer",
    "amend.before_send",
    "amend.after_send",
    "cancel.before_send",
    "cancel.after_send",
    "probe.before_send",
    "journal.after_write",
    "journal.after_sync",
    "segment.rotated",
    "snapshot.kept",
    "open.removed",
    "open.cut",
    "disk.before_write",
    "disk.in_write",
    "disk.after_write",
    "disk.before_sync",
    "disk.after_sync",
    "disk.before_open",
    "disk.after_open",
)


class Crash(msgspec.Struct, frozen=True):
    """The desk's process ends: at a moment, or the next time that it comes to a point of its code."""

    at_s: float
    point: str  # empty: at the moment
    power: bool  # the machine loses power with it
    down_s: float  # until the next process starts


class Weather(msgspec.Struct, frozen=True):
    """Faults in force from a moment on."""

    at_s: float
    network: NetworkFaults
    trading: TradingFaults
    half_open: bool = False


class Bump(msgspec.Struct, frozen=True):
    """The desk does not run for a while, or its clock is set."""

    at_s: float
    stall_s: float = 0.0
    step_s: float = 0.0
    hang_up: bool = False  # the venue drops every connection


class KillMove(msgspec.Struct, frozen=True):
    """Somebody moves a kill switch, and lifts what stands some time later."""

    at_s: float
    kind: ScopeKind
    state: KillState
    by_file: bool  # a request file; else by the desk's own socket, while it runs
    lifted_s: float  # after that time; 0: when the faults have ended


class NewLimits(msgspec.Struct, frozen=True):
    """Somebody puts other limits in force."""

    at_s: float
    units: int  # of a position


class Story(msgspec.Struct, frozen=True):
    """One seed."""

    seed: int
    market: MarketName
    partner: MarketName | None  # a second market, for orders that belong together
    durability: Durability
    orders_per_s: float
    weather: tuple[Weather, ...]
    crashes: tuple[Crash, ...]
    bumps: tuple[Bump, ...]
    faulty_s: float  # until then things go wrong
    sync_s: float  # mean time of a sync
    sync_error: bool  # one sync fails some time
    full_disk: bool  # there is no room for the second segment for a while
    clock_offset_ms: int  # of the venue
    snapshot_s: float  # between snapshots of the journal; 0: none
    dead_man: bool  # the venues' dead-man switches are armed while something is open
    kills: tuple[KillMove, ...]
    limits: tuple[NewLimits, ...]
    heaps: bool  # orders that rest far away, and few that are taken back: as many as risk lets be open

    @property
    def markets(self) -> tuple[MarketName, ...]:
        """One or two."""
        return (self.market,) if self.partner is None else (self.market, self.partner)


def draw(seed: int) -> Story:
    """The story of a seed."""
    rng, more = random.Random(f"{seed}:story"), random.Random(f"{seed}:more")
    faulty_s = rng.uniform(8.0, 25.0)
    market = rng.choice(MARKETS)
    bumps = _bumps(rng, faulty_s)
    dead_man = more.random() < 0.2
    if dead_man and more.random() < 0.5:
        long = Bump(more.uniform(3.0, faulty_s), stall_s=more.uniform(8.0, 16.0))
        bumps = sorted([*bumps, long], key=lambda bump: bump.at_s)
    return Story(
        seed=seed,
        market=market,
        partner=_partner(more, market),
        durability=rng.choice((Durability.DURABLE, Durability.DURABLE, Durability.FAST)),
        orders_per_s=rng.choice((2.0, 5.0, 10.0)),
        weather=tuple(_weathers(rng, faulty_s)),
        crashes=tuple(_crashes(rng, faulty_s)),
        bumps=tuple(bumps),
        faulty_s=faulty_s,
        sync_s=rng.choice((0.0002, 0.002, 0.02)),
        sync_error=rng.random() < 0.05,
        full_disk=rng.random() < 0.05,
        clock_offset_ms=rng.choice((0, 0, 120, -120, 400)),
        snapshot_s=more.choice((0.0, 0.0, 0.7, 2.0, 5.0)),
        dead_man=dead_man,
        kills=tuple(_kills(more, faulty_s)),
        limits=tuple(_limits(more, faulty_s)),
        heaps=more.random() < 0.12,
    )


def _partner(rng: random.Random, market: MarketName) -> MarketName | None:
    """Another market, in the same venue as often as in another one."""
    if rng.random() < 0.7:
        return None
    venue = market.partition(".")[0]
    others = [each for each in MARKETS if each != market]
    same = [each for each in others if each.startswith(venue)]
    return rng.choice(same if rng.random() < 0.5 else others)


def _kills(rng: random.Random, end_s: float) -> list[KillMove]:
    count = rng.choice((0, 0, 0, 1, 2))
    return [
        KillMove(
            at_s=rng.uniform(2.0, end_s),
            kind=rng.choice(tuple(ScopeKind)),
            state=rng.choice((KillState.KILLED, KillState.KILLED, KillState.REDUCE_ONLY)),
            by_file=rng.random() < 0.5,
            lifted_s=rng.choice((0.0, 0.5, 2.0, 5.0)),
        )
        for _ in range(count)
    ]


def _limits(rng: random.Random, end_s: float) -> list[NewLimits]:
    count = rng.choice((0, 0, 0, 1, 2))
    return [NewLimits(rng.uniform(2.0, end_s), rng.choice((4, 8, 20))) for _ in range(count)]


def _weathers(rng: random.Random, end_s: float) -> list[Weather]:
    at_s = rng.uniform(1.5, 4.0)
    found: list[Weather] = []
    while at_s < end_s:
        kind = rng.random()
        if kind < 0.1:
            found.append(Weather(at_s, NetworkFaults(), _outage(rng)))
            at_s += rng.uniform(6.0, 12.0)
        elif kind < 0.2:
            found.append(Weather(at_s, NetworkFaults(), _read_lag(rng)))
            at_s += rng.uniform(2.0, 5.0)
        else:
            found.append(Weather(at_s, _network(rng), _trading(rng), rng.random() < 0.05))
            at_s += rng.uniform(1.0, 5.0)
    return found


def _outage(rng: random.Random) -> TradingFaults:
    """Orders arrive and their answers do not; whoever asks for them gets errors, for a long time."""
    return TradingFaults(
        lost_answer=0.4,
        error_before=0.6,
        requests=(Request.ORDER, Request.QUERY, Request.OTHER),
        push_drop=rng.choice((0.0, 1.0)),
        answer_ms=rng.choice((0, 900)),
    )


def _read_lag(rng: random.Random) -> TradingFaults:
    """Orders are there, their answers are errors, and for a while nothing shows them."""
    return TradingFaults(error_after=0.5, hidden_ms=900, push_drop=rng.choice((0.5, 1.0)), partial=0.5)


def _network(rng: random.Random) -> NetworkFaults:
    latency_s = rng.choice((0.0003, 0.002, 0.02, 0.08))

    def some(chance: float, most: float) -> float:
        return rng.random() * most if rng.random() < chance else 0.0

    if rng.random() < 0.5:
        return NetworkFaults(latency_s, latency_s * rng.choice((0.1, 1.0, 3.0)))
    return NetworkFaults(
        latency_s=latency_s,
        jitter_s=latency_s * rng.choice((0.1, 1.0, 3.0)),
        split=some(0.3, 0.2),
        stall=some(0.25, 0.03),
        stall_s=rng.choice((0.3, 1.0, 3.0)),
        vanish=some(0.2, 0.02),
        reset=some(0.25, 0.03),
        refuse=some(0.2, 0.5),
        unanswered=some(0.1, 0.3),
        no_name=some(0.15, 0.5),
        late_close=some(0.2, 0.5),
    )


def _trading(rng: random.Random) -> TradingFaults:
    def some(chance: float, most: float) -> float:
        return rng.random() * most if rng.random() < chance else 0.0

    everything = rng.random() < 0.3
    return TradingFaults(
        lost_request=some(0.3, 0.15),
        lost_answer=some(0.35, 0.2),
        error_before=some(0.25, 0.15),
        error_after=some(0.3, 0.15),
        too_many=some(0.1, 0.05),
        ban=some(0.05, 0.02),
        ban_s=1.0,
        requests=tuple(Request) if everything else (Request.ORDER, Request.CANCEL, Request.AMEND),
        answer_ms=rng.choice((0, 0, 5, 50, 600)),
        answer_jitter_ms=rng.choice((0, 5, 50)),
        reject=some(0.2, 0.1),
        partial=some(0.3, 0.5),
        hidden_ms=rng.choice((0, 0, 0, 300, 900)),
        push_first=some(0.3, 0.5),
        push_drop=some(0.3, 0.2),
        push_duplicate=some(0.3, 0.3),
        push_delay=some(0.3, 0.3),
        push_delay_ms=rng.choice((20, 200, 800)),
        push_reorder=some(0.2, 0.1),
    )


def _crashes(rng: random.Random, end_s: float) -> list[Crash]:
    count = rng.choice((0, 1, 1, 2, 3))
    times = sorted(rng.uniform(2.0, end_s) for _ in range(count))
    return [
        Crash(at_s, rng.choice(("", *POINTS)), rng.random() < 0.35, rng.choice((0.2, 1.0, 3.0)))
        for at_s in times
    ]


def _bumps(rng: random.Random, end_s: float) -> list[Bump]:
    found: list[Bump] = []
    for _ in range(rng.choice((0, 0, 1, 2))):
        at_s = rng.uniform(2.0, end_s)
        kind = rng.randrange(3)
        if kind == 0:
            found.append(Bump(at_s, stall_s=rng.choice((0.3, 1.5, 4.0))))
        elif kind == 1:
            found.append(Bump(at_s, step_s=rng.choice((-3.0, -0.4, 0.4, 3.0))))
        else:
            found.append(Bump(at_s, hang_up=True))
    return sorted(found, key=lambda bump: bump.at_s)
