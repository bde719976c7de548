"""Row `socket_to_decision 3 venues`: from a frame's arrival to our decision, at 20,000 frames a second.

One server process sends prepared frames over three WebSocket connections, evenly paced; our process takes
them through the connection shell of live trading into one desk (`Loop.push` of `engine.step`). The figure is
our own part, from the moment the frame is handed to us. The ratio looks at the whole way: from sending to the
end of our work, beside the same frames at the same pace into nothing. Both ends stamp with one monotonic
clock, so there a frame which has to wait for those before it is counted with its wait. That needs a machine
with nothing else to do: the conditions tell how late the server itself was.
"""

from __future__ import annotations

import random
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from benchmarks.conditions import joined
from benchmarks.peer_scripts.measuring import percentiles_us
from benchmarks.plan import Plan
from benchmarks.rows import Row, median_of, percentiles_text, ratio
from benchmarks.sides import OURS, Figures, SideProcess, Sides, in_turns
from benchmarks.streams import binance, htx, okx
from benchmarks.streams.capture import START_MS, write_lines

NAME = "socket_at_rate"
ROW = "socket_to_decision 3 venues"
UNIT = "us received to decided, median"
BARE = "bare picows sockets"
RATE = 20_000  # frames a second, all venues together
BASES = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LINK", "AVAX")
SHARES = {"binance.spot": 10, "okx.spot": 6, "htx.spot": 4}  # of 20 frames
MIXES: Mapping[str, tuple[str, ...]] = {
    "binance.spot": binance.MIX,
    "okx.spot": ("ticker",) * 7 + ("trade",) * 3 + ("depth",) * 2,
    "htx.spot": ("ticker",) * 6 + ("trade",) * 2 + ("depth",) * 2,
}


class Script(msgspec.Struct, frozen=True):
    """What is sent, where it lies, and whom it is sent by."""

    capture: Path
    frames: int
    folder: Path


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row; its ratio is bare / with decision, so one would be free of cost."""
    frames = plan.rate_seconds * RATE
    path = write_lines(folder / "rate.txt", lines(plan.seed, frames))
    script = Script(path, frames, folder)
    server, client = SideProcess(Path(sys.executable), "rate_server.py"), sides.start(OURS)
    try:
        phases = {name: name != BARE for name in (BARE, OURS)}
        rounds = in_turns(
            list(phases), plan.rounds, lambda name: one_round(server, client, script, phases[name])
        )
    finally:
        client.close()
        server.close()
    bare, ours = rounds[BARE], rounds[OURS]
    own = median_of(ours, "p50_own")
    own_cpu, bare_cpu = median_of(ours, "cpu_us"), median_of(bare, "cpu_us")
    shares = ", ".join(f"{share / 20:.0%} {market}" for market, share in SHARES.items())
    conditions = joined(
        f"sent to received, bare: {percentiles_text(bare)} us, cpu {bare_cpu:.2f} us/message",
        f"sent to decided: {percentiles_text(ours)} us, cpu {own_cpu:.2f} us/message, "
        f"{own_cpu - bare_cpu:.2f} more than bare",
        f"received to decided: {percentiles_text(ours, '_own')} us",
        f"{frames} frames of {ours[0]['frame_bytes']:.0f} B at {median_of(ours, 'rate'):,.0f}/s "
        f"({RATE:,}/s asked), three sockets ({shares}), {len(BASES)} instruments each, "
        "depth, tickers and trades, HTX in gzip",
        f"{len(ours)} interleaved rounds, medians; server and desk are two processes on the same cores, "
        f"99 % of frames sent at most {median_of(ours, 'late_p99'):.0f} us late",
        "ours: Loop.push of engine.step behind venues/wire/websocket",
        sides.about(OURS),
    )
    return [
        Row(
            ROW,
            own,
            UNIT,
            BARE,
            median_of(bare, "p50"),
            ratio(median_of(bare, "p50"), median_of(ours, "p50")),
            conditions,
        )
    ]


def one_round(server: SideProcess, client: SideProcess, script: Script, decided: bool) -> Figures:
    """The server listens, the client connects and takes every frame; times come back in files."""
    sent, taken = script.folder / "sent.bin", script.folder / "taken.bin"
    server.tell(capture=str(script.capture), rate=RATE, connections=len(SHARES), output=str(sent))
    port = server.answer()["port"]
    figures = client.ask(
        task="follow",
        capture=str(script.capture),
        bases=BASES,
        markets=tuple(SHARES),
        port=port,
        decided=decided,
        output=str(taken),
    )
    served = server.answer()
    return figures | served | times(stamps(sent), stamps(taken), script.frames)


def times(sent: array[int], taken: array[int], count: int) -> dict[str, float]:
    """Percentiles in us, from sending to the end of our work and, as `_own`, of our work alone.

    The first tenth warms up.
    """
    received, done = taken[:count], taken[count:]
    first = count // 10
    whole = [after - before for before, after in zip(sent[first:], done[first:], strict=True)]
    own = [after - before for before, after in zip(received[first:], done[first:], strict=True)]
    return percentiles_us(whole, 0) | {f"{name}_own": cost for name, cost in percentiles_us(own, 0).items()}


def stamps(path: Path) -> array[int]:
    """Nanoseconds of the monotonic clock."""
    read = array("q")
    read.frombytes(path.read_bytes())
    return read


def lines(seed: int, count: int) -> Iterator[tuple[str, str, bytes]]:
    """Snapshots market by market, instrument by instrument; then frames in their proportions."""
    makers: dict[str, Callable[[int, str], binance.Spot | okx.Spot | htx.Spot]] = {
        "binance.spot": lambda number, base: binance.Spot(number, f"{base}USDT"),
        "okx.spot": lambda number, base: okx.Spot(number, f"{base}-USDT"),
        "htx.spot": lambda number, base: htx.Spot(number, f"{base}usdt".lower()),
    }
    venues = {
        market: [make(seed + number, base) for number, base in enumerate(BASES)]
        for market, make in makers.items()
    }
    for market, each in venues.items():
        for venue in each:
            if isinstance(venue, htx.Spot):
                yield "early", market, venue.depth()
            yield "snapshot", market, venue.snapshot()
    order = random.Random(seed)
    markets = [market for market, share in SHARES.items() for _ in range(share)]
    for number in range(count):
        market = order.choice(markets)
        venue = order.choice(venues[market])
        venue.venue_ms = START_MS + number * 1_000 // RATE
        kind = order.choice(MIXES[market])
        yield "frame", market, getattr(venue, kind)()
