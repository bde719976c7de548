"""The measuring loop that every side runs, ours and the peers' alike.

Standard library only: it is executed by the interpreter of each peer, from CPython 3.11 up. A side is a
process that answers one JSON object a line; the parent asks one side at a time, so that sides never compete
for a core. Garbage collection stays on, as it would be in a trading process; the objects of the harness
itself are frozen out of it, so that no side pays for them.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

SNAPSHOT_MARK = b'{"lastUpdateId"'
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

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

    def begin(self, early: Sequence[Frame], snapshot: bytes, local_ns: int) -> Feed:
        """A new book from the REST snapshot and the frames that arrived before it; not timed.

        Returns the function that takes one frame.
        """
        ...

    def replay(self, feed: Feed, frames: Sequence[Frame]) -> None:
        """Feeds all frames, as a tight loop of this side would."""
        ...

    def top(self) -> list[float]:
        """Best bid price and size, best ask price and size: proof that the work was done."""
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


class Recording:
    """A capture in memory: the frames before the snapshot, the snapshot, and the frames after it."""

    def __init__(self, path: str, payload_of: Callable[[bytes], Any]) -> None:
        """Reads `<local ns> <JSON>` lines, with one snapshot among them."""
        self.snapshot = b""
        self.snapshot_ns = 0
        self.early: list[Frame] = []
        self.frames: list[Frame] = []
        self.payload_bytes = 0
        with open(path, "rb") as lines:
            for line in lines:
                stamp, _, raw = line.rstrip(b"\n").partition(b" ")
                self._keep(int(stamp), raw, payload_of)

    def _keep(self, local_ns: int, raw: bytes, payload_of: Callable[[bytes], Any]) -> None:
        if raw.startswith(SNAPSHOT_MARK):
            self.snapshot, self.snapshot_ns = raw, local_ns
        elif self.snapshot:
            self.frames.append((payload_of(raw), local_ns))
            self.payload_bytes += len(raw)
        else:
            self.early.append((payload_of(raw), local_ns))


def serve(side: Side, more: Mapping[str, Callable[..., Reply]] | None = None) -> None:
    """Answers requests on standard input until it closes; prints of libraries go to standard error.

    `more` adds tasks that only this side has: each takes the side, the recording and the request's arguments.
    """
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = sys.stderr
    tasks: dict[str, Callable[..., Reply]] = {"latency": latency, "throughput": throughput} | dict(more or {})
    recordings: dict[str, Recording] = {}
    for line in sys.stdin:
        request = json.loads(line)
        task = request.pop("task")
        reply = {"about": side.about()} if task == "about" else run(tasks[task], side, recordings, request)
        replies.write(json.dumps(reply) + "\n")


def run(task: Callable[..., Reply], side: Side, recordings: dict[str, Recording], request: Reply) -> Reply:
    """Loads the capture that the request names, unless it is the one in memory, and runs the task."""
    path = request.pop("path")
    if path not in recordings:
        recordings.clear()  # one capture at a time
        recordings[path] = Recording(path, side.payload)
    return task(side, recordings[path], **request)


def latency(side: Side, recording: Recording) -> Reply:
    """Microseconds of each call, less the cost of the clock; and processor time a frame, in a second pass."""
    feed = side.begin(recording.early, recording.snapshot, recording.snapshot_ns)
    costs = array("q", bytes(8 * len(recording.frames)))
    settle()
    clock = time.perf_counter_ns
    for index, (payload, local_ns) in enumerate(recording.frames):
        start = clock()
        feed(payload, local_ns)
        costs[index] = clock() - start
    top = side.top()
    figures = percentiles_us(costs, clock_cost_ns())
    return figures | throughput(side, recording) | {"top": top}


def throughput(side: Side, recording: Recording) -> Reply:
    """Frames a second by the wall clock, and microseconds of processor time a frame, over a tight loop."""
    feed = side.begin(recording.early, recording.snapshot, recording.snapshot_ns)
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
        "top": side.top(),
    }


def memory(side: Holder, recording: Recording, books: int) -> Reply:
    """Growth of the resident set, in bytes a book. Ask it of a process that has done nothing else yet."""
    warm = side.hold_books(recording.snapshot, recording.frames, 2)  # loads what is loaded once
    settle()
    before = resident_bytes()
    held = side.hold_books(recording.snapshot, recording.frames, books)
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
