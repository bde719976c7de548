"""The measuring loop that every side runs, ours and the peers' alike.

Standard library only: it is executed by the interpreter of each peer, from CPython 3.11 up. A side is a
process that answers one JSON object a line; the parent asks one side at a time, so that sides never compete
for a core. Garbage collection stays on, as it would be in a trading process; the objects of the harness
itself are frozen out of it, so that no side pays for them.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

SNAPSHOT_MARK = b'{"lastUpdateId"'
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CHANNEL = "binance.spot depth"  # where a request names none; it takes tickers and trades as well

Frame = tuple[Any, int]  # payload in the form this side takes it, local receive time in ns
Feed = Callable[[Any, int], object]
Reply = dict[str, Any]  # one JSON object


class Side(Protocol):
    """What a peer, or Trimaran, provides to be measured."""

    def about(self) -> str:
        """Name, versions and what exactly is run, in one line."""
        ...

    def payload(self, raw: bytes) -> Any:
        """The frame as the socket library of this side would hand it over; not timed."""
        ...

    def begin(self, early: Sequence[Frame], snapshot: Frame) -> Feed:
        """A new book from the snapshot, in raw bytes, and the frames that arrived before it; not timed.

        Returns the function that takes one frame.
        """
        ...

    def replay(self, feed: Feed, frames: Sequence[Frame]) -> None:
        """Feeds all frames, as a tight loop of this side would."""
        ...

    def proof(self, last: Frame) -> list[float | None]:
        """Proof that the work was done: price and size of the best bid and the best ask, or of a trade.

        None where this side keeps no such number. A side that keeps nothing may look at the last frame again.
        """
        ...


class Holder(Side, Protocol):
    """A side whose memory is measured as well."""

    def hold_books(self, snapshot: bytes, frames: Sequence[Frame], count: int) -> object:
        """That many books, each filled from the snapshot and taken through the frames; the caller holds them.

        A book that has lived through some frames has the slack of a book in use.
        """
        ...


class PlainReplay:
    """`replay` of a side whose feed is an ordinary function."""

    def replay(self, feed: Feed, frames: Sequence[Frame]) -> None:
        """Feeds all frames."""
        for payload, local_ns in frames:
            feed(payload, local_ns)


class Line(NamedTuple):
    """One line of a capture."""

    local_ns: int
    what: str  # early (before the snapshot), snapshot or frame; "" where the line does not say
    market: str
    raw: bytes


def lines_of(path: str) -> Iterator[Line]:
    """The lines of a capture, in either form: `<ns> <JSON>`, or as `streams/capture.py` writes them."""
    with open(path, "rb") as lines:
        for line in lines:
            stamp, _, rest = line.rstrip(b"\n").partition(b" ")
            if rest.startswith(b"{"):
                yield Line(int(stamp), "", "", rest)
                continue
            what, market, raw = rest.split(b" ", 2)
            payload = raw if raw.startswith(b"{") else base64.b64decode(raw)
            yield Line(int(stamp), what.decode(), market.decode(), payload)


class Recording:
    """A capture of one market in memory: the frames before the snapshot, the snapshot, and what follows."""

    def __init__(self, path: str, payload_of: Callable[[bytes], Any]) -> None:
        """Reads it; payloads take the form that a side wants."""
        self.snapshot: Frame = (b"", 0)
        self.early: list[Frame] = []
        self.frames: list[Frame] = []
        self.payload_bytes = 0
        for line in lines_of(path):
            if line.what == "snapshot" or (not line.what and line.raw.startswith(SNAPSHOT_MARK)):
                self.snapshot = (line.raw, line.local_ns)
            elif self.snapshot[0]:
                self.frames.append((payload_of(line.raw), line.local_ns))
                self.payload_bytes += len(line.raw)
            else:
                self.early.append((payload_of(line.raw), line.local_ns))


def serve(make_side: Callable[[str], Side], more: Mapping[str, Callable[..., Reply]] | None = None) -> None:
    """Answers requests on standard input until it closes; prints of libraries go to standard error.

    A request names a task and a channel, and most of them the path of a capture of it. `more` adds tasks that
    only this side has: each takes the side, the recording if there is a path, and the request's arguments.
    """
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = sys.stderr
    tasks: dict[str, Callable[..., Reply]] = {"about": about, "latency": latency, "throughput": throughput}
    tasks |= more or {}
    sides: dict[str, Side] = {}
    recordings: dict[tuple[str, str], Recording] = {}
    for line in sys.stdin:
        request = json.loads(line)
        task, channel = tasks[request.pop("task")], request.pop("channel", CHANNEL)
        if channel not in sides:
            sides[channel] = make_side(channel)
        captures = [recorded(recordings, sides[channel], channel, request)] if "path" in request else []
        replies.write(json.dumps(task(sides[channel], *captures, **request)) + "\n")


def recorded(
    recordings: dict[tuple[str, str], Recording], side: Side, channel: str, request: Reply
) -> Recording:
    """The capture that the request names, read unless it is the one in memory."""
    key = channel, request.pop("path")
    if key not in recordings:
        recordings.clear()  # one capture at a time
        recordings[key] = Recording(key[1], side.payload)
    return recordings[key]


def about(side: Side) -> Reply:
    """What this side is."""
    return {"about": side.about()}


def latency(side: Side, recording: Recording) -> Reply:
    """Microseconds of each call, less the cost of the clock; and processor time a frame, in a second pass."""
    feed = side.begin(recording.early, recording.snapshot)
    costs = array("q", bytes(8 * len(recording.frames)))
    settle()
    clock = time.perf_counter_ns
    for index, (payload, local_ns) in enumerate(recording.frames):
        start = clock()
        feed(payload, local_ns)
        costs[index] = clock() - start
    proof = side.proof(recording.frames[-1])
    figures = percentiles_us(costs, clock_cost_ns())
    return figures | throughput(side, recording) | {"proof": proof}


def throughput(side: Side, recording: Recording) -> Reply:
    """Frames a second by the wall clock, and microseconds of processor time a frame, over a tight loop."""
    feed = side.begin(recording.early, recording.snapshot)
    settle()
    wall, processor = time.perf_counter_ns(), time.process_time_ns()
    side.replay(feed, recording.frames)
    processor, wall = time.process_time_ns() - processor, time.perf_counter_ns() - wall
    count = len(recording.frames)
    return {
        "frames": count,
        "frame_bytes": recording.payload_bytes / count,
        "frames_per_second": count * 1e9 / wall,
        "cpu_us": processor / count / 1e3,
        "proof": side.proof(recording.frames[-1]),
    }


def memory(side: Holder, recording: Recording, books: int) -> Reply:
    """Growth of the resident set, in bytes a book. Ask it of a process that has done nothing else yet."""
    warm = side.hold_books(recording.snapshot[0], recording.frames, 2)  # loads what is loaded once
    settle()
    before = resident_bytes()
    held = side.hold_books(recording.snapshot[0], recording.frames, books)
    gc.collect()
    growth = resident_bytes() - before
    del held, warm
    return {"bytes_per_book": growth / books}


def settle() -> None:
    """Collects garbage, then takes what is left out of the collector's sight."""
    gc.collect()
    gc.freeze()


def resident_bytes() -> int:
    """Resident set of this process."""
    with open("/proc/self/statm", encoding="ascii") as status:
        return int(status.read().split()[1]) * PAGE_BYTES


def clock_cost_ns(samples: int = 20_001) -> int:
    """Median of two readings of the clock with nothing between them."""
    clock = time.perf_counter_ns
    costs = array("q", bytes(8 * samples))
    for index in range(samples):
        start = clock()
        costs[index] = clock() - start
    return percentile(sorted(costs), 50)


def percentiles_us(costs_ns: Sequence[int], clock_ns: int) -> dict[str, float]:
    """p50, p99 and p99.9 in microseconds, the cost of the clock taken off; never below zero."""
    ordered = sorted(costs_ns)
    return {
        f"p{rank:g}": max(0, percentile(ordered, rank) - clock_ns) / 1e3
        for rank in (50, 99, 99.9)
    }  # fmt: skip


def percentile(ordered: Sequence[int], rank: float) -> int:
    """The smallest value that at least `rank` per cent of the sorted values do not exceed (nearest rank)."""
    if not ordered:
        raise ValueError("expected at least one value, found none")
    index = -(-len(ordered) * round(rank * 1000) // 100_000) - 1
    return ordered[max(0, index)]
