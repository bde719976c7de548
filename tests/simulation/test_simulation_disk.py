"""Laws of the simulated disk, and the real journal on it."""

from __future__ import annotations

import random

import pytest

from simulation.disk import PAGE, DiskFaults, SimDisk
from simulation.process import Crashed, Process


def disk_of(seed: int = 1) -> SimDisk:
    return SimDisk(random.Random(seed))


def test_what_was_synced_survives_everything() -> None:
    disk = disk_of()
    file = disk.open("a", 4 * PAGE)
    file.write(0, b"first")
    file.sync()
    disk.lose_power()
    assert disk.read("a")[:5] == b"first"


def test_what_was_only_written_is_kept_lost_or_torn_page_by_page() -> None:
    fates = set()
    for seed in range(60):
        disk = disk_of(seed)
        file = disk.open("a", 2 * PAGE)
        file.write(0, b"x" * PAGE)
        file.write(PAGE, b"y" * PAGE)
        assert disk.read("a") == b"x" * PAGE + b"y" * PAGE
        disk.lose_power()
        left = disk.read("a")
        for page, letter in ((left[:PAGE], b"x"), (left[PAGE:], b"y")):
            count = page.count(letter)
            assert count + page.count(b"\0") == PAGE
            fates.add((letter, "kept" if count == PAGE else "torn" if count else "lost"))
    assert len(fates) == 6


def test_a_replaced_file_is_the_old_or_the_new_one() -> None:
    disk = disk_of()
    disk.replace("a", b"old")
    disk.replace("a", b"newer")
    disk.lose_power()
    assert disk.read("a") == b"newer"


def test_a_removed_file_may_be_there_again() -> None:
    found = set()
    for seed in range(20):
        disk = disk_of(seed)
        disk.replace("a", b"1")
        disk.remove("a")
        assert disk.names() == []
        disk.lose_power()
        found.add(tuple(disk.names()))
    assert found == {(), ("a",)}


def test_a_full_disk_refuses_new_files() -> None:
    disk = disk_of()
    disk.faults = DiskFaults(bytes_max=PAGE)
    disk.open("a", PAGE)
    with pytest.raises(OSError, match="space"):
        disk.open("b", 1)
    assert disk.names() == ["a"]


def test_a_failed_sync_loses_what_it_should_have_kept_and_the_next_one_hides_it() -> None:
    disk = disk_of()
    file = disk.open("a", PAGE)
    file.write(0, b"first")
    disk.faults = DiskFaults(sync_error=1.0)
    with pytest.raises(OSError, match="Input/output"):
        file.sync()
    disk.faults = DiskFaults()
    file.sync()
    disk.lose_power()
    assert disk.read("a")[:5] == bytes(5)


def test_a_dead_process_writes_nothing() -> None:
    disk = disk_of()
    desk = Process("desk")
    file = desk.call(disk.open, "a", PAGE)
    desk.kill()
    for deed in (lambda: file.write(0, b"ghost"), file.sync, lambda: disk.replace("b", b"ghost")):
        with pytest.raises(Crashed):
            desk.call(deed)
    assert disk.read("a")[:5] == bytes(5)
    assert disk.names() == ["a"]


def test_a_process_may_die_in_the_middle_of_a_write() -> None:
    desk = Process("desk")

    def die() -> bool:
        desk.kill()
        return True

    disk = SimDisk(random.Random(3), die)
    file = desk.call(disk.open, "a", PAGE)
    with pytest.raises(Crashed):
        desk.call(file.write, 0, b"x" * 100)
    assert 0 < disk.read("a").count(b"x") < 100
