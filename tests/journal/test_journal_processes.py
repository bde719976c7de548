"""Real processes on real files: killed, out of power, out of room, and with a disk that fails."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.journal_child import FAILED, SEGMENT_BYTES
from tests.support.journal_records import number_of, numbered
from tests.support.loop_disk import LoopDisk
from tests.support.small_disk import mounted
from tools.tidy.files import ROOT
from trimaran.domain.records import Durability, RunOpened
from trimaran.journal.disk import RealDisk
from trimaran.journal.journal import Journal
from trimaran.journal.open import open_journal, verify_journal
from trimaran.journal.settings import EXIT_CODE, Hooks, JournalOptions

BOTH = [Durability.DURABLE, Durability.FAST]


def seeds(few: int, many: int) -> list[object]:
    """Some for every run, many for the long one."""
    return [*range(few), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(few, many))]


class Child:
    """A process that appends, and what it has acknowledged."""

    def __init__(self, folder: Path, durability: Durability, seed: int, *more: str) -> None:
        command = (
            sys.executable,
            "-m",
            "tests.support.journal_child",
            str(folder),
            durability.value,
            str(seed),
        )
        self.process = subprocess.Popen(
            (*command, *more), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.told: list[int] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while len(data := self.process.stdout.read(8)) == 8:
            self.told.append(int.from_bytes(data, "little"))

    def wait_for(self, count: int) -> None:
        """So many acknowledgements."""
        ends = time.monotonic() + 60
        while len(self.told) < count and self.process.poll() is None and time.monotonic() < ends:
            time.sleep(0.001)
        if len(self.told) < count:
            raise AssertionError((len(self.told), count, self.end()))

    def stop(self) -> None:
        """Stops it where it is, and waits until everything that it told is read."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        count = -1
        while count != len(self.told):
            count = len(self.told)
            time.sleep(0.02)

    def end(self) -> tuple[int, bytes]:
        """Waits for its end: code and errors."""
        code = self.process.wait(60)
        self._reader.join()
        assert self.process.stderr is not None
        assert self.process.stdout is not None
        errors = self.process.stderr.read()
        self.process.stderr.close()
        self.process.stdout.close()
        return code, errors

    def kill(self) -> None:
        self.process.kill()
        self.end()


def survivors(folder: Path) -> list[int]:
    """The records that start-up finds."""
    disk = RealDisk(folder)
    opened = open_journal(disk, JournalOptions(segment_bytes=SEGMENT_BYTES))
    found = [number_of(record) for record in opened.records if not isinstance(record, RunOpened)]
    opened.journal.close()
    disk.close()
    assert verify_journal(RealDisk.reading(folder)).torn == ""
    return found


@pytest.mark.parametrize("durability", BOTH)
@pytest.mark.parametrize("seed", seeds(2, 40))
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, durability: Durability, seed: int) -> None:
    acked = 0
    for round_number in range(2):
        child = Child(tmp_path, durability, 100 * seed + round_number)
        child.wait_for(100 + 331 * seed % 2_000)
        child.kill()
        acked = max(acked, *child.told)
        found = survivors(tmp_path)
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= acked


@pytest.mark.parametrize("durability", BOTH)
def test_a_failed_sync_ends_the_process_and_nothing_is_acknowledged_after(
    tmp_path: Path, durability: Durability
) -> None:
    child = Child(tmp_path, durability, 1, "30")
    code, errors = child.end()
    assert code == EXIT_CODE
    assert errors.decode().startswith("trimaran: journal: 0000000")
    assert errors.decode().endswith("sync: [Errno 5] Input/output error\n")
    assert errors.count(b"\n") == 1
    assert FAILED in child.told
    if durability is Durability.DURABLE:
        assert child.told[-1] == FAILED
    acked = [number for number in child.told if number != FAILED]
    assert len(survivors(tmp_path)) >= acked[-1]


@pytest.fixture
def loop_disk(tmp_path: Path) -> Iterator[LoopDisk]:
    disk = LoopDisk(tmp_path)
    yield disk
    disk.close()


@pytest.mark.parametrize("durability", BOTH)
@pytest.mark.parametrize("seed", seeds(1, 30))
def test_what_was_acknowledged_survives_a_power_cut(
    loop_disk: LoopDisk, durability: Durability, seed: int
) -> None:
    child = Child(loop_disk.root / "journal", durability, seed)
    try:
        for cut in range(3):
            child.wait_for(len(child.told) + 200 + 71 * seed % 400)
            child.stop()
            acked = max(child.told)
            found = survivors(loop_disk.cut(cut) / "journal")
            assert found == list(range(1, len(found) + 1))
            if durability is Durability.DURABLE:
                assert len(found) >= acked
            child.process.send_signal(signal.SIGCONT)
    finally:
        child.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, 4) as point:
        yield point


async def test_a_full_disk_refuses_risk_takes_facts_and_heals(small_disk: Path) -> None:
    disk = RealDisk(small_disk / "journal")
    risk: list[bool] = []
    hooks = Hooks(on_risk=lambda takes, text: risk.append(takes))
    options = JournalOptions(segment_bytes=1024 * 1024, space_retry_ms=5)
    journal = open_journal(disk, options, hooks=hooks).journal
    other = small_disk / "other"
    other.write_bytes(bytes(1_500_000))
    count = 0
    while not risk:
        count = await append(journal, count)
    assert not journal.takes_risk
    for _ in range(50):
        count = await append(journal, count)
    other.unlink()
    for _ in range(2_000):
        await asyncio.sleep(0.002)
        if journal.takes_risk:
            break
    assert risk == [False, True]
    journal.close()
    disk.close()
    assert verify_journal(RealDisk.reading(small_disk / "journal")).last_sequence == count


async def append(journal: Journal, count: int) -> int:
    """One durable record more."""
    done = asyncio.get_running_loop().create_future()
    journal.append(numbered(count + 1, 8_000))
    journal.commit(Durability.DURABLE, lambda: done.set_result(None))
    await done
    return count + 1
