"""The real disk: modes, allocation, ownership, whole files."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trimaran.base.errors import JournalError
from trimaran.journal.disk import RealDisk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_only_the_owner_may_look(folder: Path) -> None:
    disk = RealDisk(folder)
    disk.open("a", 4096).close()
    disk.replace("b", b"text")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    disk.close()


def test_every_new_folder_is_durable_in_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("trimaran.journal.disk.sync_folder", synced.append)
    RealDisk(tmp_path / "state" / "desk" / "journal").close()
    assert synced == [tmp_path, tmp_path / "state", tmp_path / "state" / "desk"]


def test_a_new_file_is_zeros_allocated_and_written_from_any_offset(folder: Path) -> None:
    disk = RealDisk(folder)
    file = disk.open("a", 8192)
    assert disk.read("a") == bytes(8192)
    assert (folder / "a").stat().st_blocks * 512 >= 8192
    file.write(0, b"one")
    file.write(3, b"two")
    file.sync()
    file.close()
    assert disk.read("a")[:7] == b"onetwo\0"
    disk.cut("a", 6)
    assert disk.read("a") == b"onetwo"
    with pytest.raises(FileExistsError):
        disk.open("a", 10)
    disk.remove("a")
    assert disk.names() == []
    disk.close()


def test_a_file_that_cannot_be_allocated_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = RealDisk(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        disk.open("a", 4096)
    assert disk.names() == []
    disk.close()


def test_a_replaced_file_is_the_old_one_or_the_new_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = RealDisk(folder)
    disk.replace("a", b"old")

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", broken)
        with pytest.raises(OSError, match="Input/output"):
            disk.replace("a", b"new")
    assert (disk.names(), disk.read("a")) == (["a"], b"old")
    disk.replace("a", b"new")
    assert disk.read("a") == b"new"
    disk.close()


def test_half_a_file_of_a_killed_process_is_swept(folder: Path) -> None:
    RealDisk(folder).close()
    (folder / "a.snapshot.half").write_bytes(b"half")
    disk = RealDisk(folder)
    assert not (folder / "a.snapshot.half").exists()
    disk.close()


def test_a_second_owner_is_refused_and_told_whose_it_is(folder: Path) -> None:
    disk = RealDisk(folder)
    with pytest.raises(JournalError, match=f"expected no owner, found process {os.getpid()}"):
        RealDisk(folder)
    disk.close()
    RealDisk(folder).close()


def test_the_ownership_ends_with_the_process_and_no_child_inherits_it(folder: Path) -> None:
    code = (
        "import subprocess, sys; from pathlib import Path; from trimaran.journal.disk import RealDisk;"
        "disk = RealDisk(Path(sys.argv[1]));"
        "null = subprocess.DEVNULL;"
        "child = subprocess.Popen(['sleep', '60'], close_fds=False, stdout=null, stderr=null);"
        "print(child.pid, flush=True)"
    )
    done = subprocess.run(
        (sys.executable, "-c", code, str(folder)), capture_output=True, text=True, check=True
    )
    try:
        RealDisk(folder).close()
    finally:
        os.kill(int(done.stdout), 9)


def test_a_reader_needs_no_ownership_and_changes_nothing(folder: Path) -> None:
    owner = RealDisk(folder)
    owner.replace("a", b"text")
    reader = RealDisk.reading(folder)
    assert (reader.names(), reader.read("a")) == (["a"], b"text")
    with pytest.raises(AssertionError):
        reader.remove("a")
    reader.close()
    owner.close()
    with pytest.raises(JournalError, match="expected the folder of a journal"):
        RealDisk.reading(folder / "none")


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="expected a folder for the journal"):
        RealDisk(tmp_path / "file")
