"""Ports: what the pure floors ask of the world. One to four methods each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trimaran.domain.account import AccountEvent
from trimaran.domain.commands import Command
from trimaran.domain.events import ShellEvent
from trimaran.domain.records import Durability, JournalRecord


class Clock(Protocol):
    """Reads time. Only runners and I/O shells hold one; pure code receives `now_ns`."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never jumps."""


class Rng(Protocol):
    """Randomness as an argument. `random.Random(seed)` is one."""

    def random(self) -> float:
        """Uniform in [0, 1)."""

    def gauss(self, mu: float, sigma: float) -> float:
        """Normal."""

    def expovariate(self, lambd: float) -> float:
        """Exponential with rate `lambd`."""

    def randrange(self, start: int, stop: int) -> int:
        """Uniform integer in [start, stop)."""


class OrderVenue(Protocol):
    """Where commands go. What becomes of them comes back as events, and only so."""

    @property
    def next_due_ns(self) -> int | None:
        """When the next event is ready; None when nothing is under way."""

    def carry_out(self, command: Command, now_ns: int, /) -> None:
        """Takes one command, once, without waiting. `now_ns` is the time of the step that made it."""

    def due(self, now_ns: int, /) -> Sequence[AccountEvent | ShellEvent]:
        """The events that are ready by `now_ns`, in their order."""


class Record(Protocol):
    """The record of intents: what a process is to know again after it has ended, in its order."""

    @property
    def takes_risk(self) -> bool:
        """Whether there is room for new intents; facts and cancels are taken for longer."""

    def append(self, record: JournalRecord, /) -> None:
        """Takes a record, in memory."""

    def commit(self, durability: Durability | None, then: Callable[[], None] | None = None, /) -> None:
        """Writes what was appended; calls `then` once it is as safe as `durability` says.

        FAST and None: written, `then` is called before this returns. DURABLE: synced, `then` is called later,
        from the event loop, in the order of the commits.
        """


class Disk(Protocol):
    """Files of one folder, by name. Raises OSError as the operating system does; never retries a sync."""

    def names(self) -> Sequence[str]:
        """The files that exist, sorted."""

    def read(self, name: str, /) -> bytes:
        """A whole file."""

    def open(self, name: str, size: int, /) -> DiskFile:
        """A new file of `size` bytes of zeros, allocated and made durable together with its name."""

    def replace(self, name: str, content: bytes, /) -> None:
        """A whole file, all or nothing, durable when this returns."""

    def cut(self, name: str, size: int, /) -> None:
        """Shortens a file, durable when this returns."""

    def remove(self, name: str, /) -> None:
        """Removes a file."""


class DiskFile(Protocol):
    """One file that is written from its beginning to its end."""

    def write(self, offset: int, data: bytes, /) -> None:
        """Hands bytes to the operating system: they survive the process, not a power cut."""

    def sync(self) -> None:
        """Makes everything that was written durable. May take long; one call at a time; thread-safe to
        `write`. An OSError is final: nobody knows what is on the disk."""

    def close(self) -> None:
        """Closes it."""
