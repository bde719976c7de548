"""The real disk: one folder of one owner.

The folder has mode 0700, its files 0600; nothing is inherited by children. The owner holds an advisory lock
on a file of its own for as long as it lives, so two processes can never write one journal. The size is
allocated at once (posix_fallocate): a full disk shows when a file is opened and not when a record is written,
and a sync has no size to write. No sync is ever repeated: after a failed one the kernel may have thrown the
pages away, and say the next time that all is well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trimaran.base.errors import JournalError

_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_LOCK: Final = "owner.lock"
_HALF: Final = ".half"  # a file that is being written, not there yet
_PID_BYTES_MAX: Final = 20


class RealDisk:
    """Port `Disk` over a folder. `RealDisk.reading` for tools that look at somebody else's journal."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder and becomes its owner. Raises JournalError where it has one."""
        self.folder = folder
        try:
            _make(folder)
            self._lock: int | None = _own(folder)
        except OSError as error:
            raise JournalError(
                f"{folder}: expected a folder for the journal, found: {error.strerror}"
            ) from None
        for name in os.listdir(folder):
            if name.endswith(_HALF):
                self.remove(name)

    @classmethod
    def reading(cls, folder: Path) -> RealDisk:
        """Without owning it: only `names` and `read` may be called. Raises JournalError."""
        if not folder.is_dir():
            raise JournalError(f"{folder}: expected the folder of a journal, found none")
        disk = cls.__new__(cls)
        disk.folder, disk._lock = folder, None
        return disk

    def close(self) -> None:
        """Gives the ownership back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def names(self) -> Sequence[str]:
        """The files that exist, sorted; those of the disk itself are not among them."""
        found = os.listdir(self.folder)
        return sorted(name for name in found if name != _LOCK and not name.endswith(_HALF))

    def read(self, name: str, /) -> bytes:
        """A whole file."""
        return (self.folder / name).read_bytes()

    def open(self, name: str, size: int, /) -> RealFile:
        """A new file of zeros, allocated. Leaves nothing behind where that fails."""
        assert self._lock is not None, "only the owner writes"
        path = self.folder / name
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, _FILE_MODE)
        try:
            os.posix_fallocate(descriptor, 0, size)
            os.fsync(descriptor)
            sync_folder(self.folder)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return RealFile(descriptor)

    def replace(self, name: str, content: bytes, /) -> None:
        """A whole file, all or nothing, durable."""
        assert self._lock is not None, "only the owner writes"
        half = self.folder / f"{name}{_HALF}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(half, flags, _FILE_MODE)
        try:
            with open(descriptor, "wb", closefd=True) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, self.folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                half.unlink()
            raise
        sync_folder(self.folder)

    def cut(self, name: str, size: int, /) -> None:
        """Shortens a file; what is left of it is durable, whoever wrote it."""
        assert self._lock is not None, "only the owner writes"
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, name: str, /) -> None:
        """Removes a file."""
        assert self._lock is not None, "only the owner writes"
        (self.folder / name).unlink()


class RealFile:
    """Port `DiskFile` over a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, offset: int, data: bytes, /) -> None:
        """Hands bytes to the operating system."""
        done = os.pwrite(self._descriptor, data, offset)
        while done < len(data):  # a signal, or a limit of the system for one call
            done += os.pwrite(self._descriptor, data[done:], offset + done)

    def sync(self) -> None:
        """Makes them durable."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Closes it."""
        os.close(self._descriptor)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    """The folder and those above it, each durable in the one above: what is synced in it is found again."""
    if not folder.parent.exists():
        _make(folder.parent)
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    sync_folder(folder.parent)


def _own(folder: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(folder / _LOCK, flags, _FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, _PID_BYTES_MAX, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise JournalError(f"{folder}: expected no owner, found process {holder}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
