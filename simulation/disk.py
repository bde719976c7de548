"""A simulated disk: port `domain.ports.Disk`. It outlives processes, and power cuts as far as it was synced.

    write    survives the process; a power cut keeps, loses or tears each page of 4 KiB that was not synced
    sync     makes what was written durable; its time is the worker's (`journal.worker.DelayedWorker`)
    names    of new files and of replaced ones are durable at once, as the port demands; a removed file may be
             there again after a power cut
    faults   no space, an error of a sync (what was not synced may be lost for good, and a later sync says
             that all is well, as Linux does), a process that dies in the middle of a write

A process that is dead writes nothing (`process.check_alive`).
"""

from __future__ import annotations

import errno
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from simulation.process import check_alive
from trimaran.base.buggify import point
from trimaran.journal.frame import SUFFIX

PAGE: Final = 4096
SECTOR: Final = 512


class DiskFaults(msgspec.Struct, frozen=True):
    """What goes wrong from now on."""

    bytes_max: int = 1 << 40  # of all files together: then ENOSPC
    sync_error: float = 0.0  # probability of each sync


class Inode:
    """The bytes of a file, as the operating system has them and as they are on the platter."""

    def __init__(self, size: int) -> None:
        self.bytes = bytearray(size)
        self.durable = bytes(size)
        self.dirty: dict[int, None] = {}  # pages

    def sync(self) -> None:
        """Brings every page onto the platter."""
        if self.dirty:
            self.durable = bytes(self.bytes)
            self.dirty.clear()

    def lose_power(self, rng: random.Random) -> Counter[str]:
        """What is left of it."""
        counts: Counter[str] = Counter()
        left = bytearray(self.durable)
        if len(left) < len(self.bytes):
            left += bytes(len(self.bytes) - len(left))
        for page in self.dirty:
            start, end = page * PAGE, min((page + 1) * PAGE, len(self.bytes))
            fate = rng.choice(("kept", "lost", "torn"))
            counts[fate] += 1
            if fate == "kept":
                left[start:end] = self.bytes[start:end]
            elif fate == "torn":
                for sector in range(start, end, SECTOR):
                    if rng.random() < 0.5:
                        stop = min(sector + SECTOR, end)
                        left[sector:stop] = self.bytes[sector:stop]
        self.bytes, self.durable = left, bytes(left)
        self.dirty.clear()
        return counts


class SimDisk:
    """One folder."""

    def __init__(self, rng: random.Random, die_writing: Callable[[], bool] = lambda: False) -> None:
        """`die_writing` is asked at each write whether the process dies in the middle of it."""
        self.faults = DiskFaults()
        self.counts: Counter[str] = Counter()
        self.rng = rng
        self._files: dict[str, Inode] = {}
        self._removed: dict[str, Inode] = {}  # not durably
        self.retired: dict[str, Inode] = {}  # all that was ever removed, as it was, for who judges
        self._die_writing = die_writing

    # --- port -----------------------------------------------------------------------------------------------

    def names(self) -> Sequence[str]:
        """The files that exist, sorted."""
        return sorted(self._files)

    def read(self, name: str, /) -> bytes:
        """A whole file."""
        return bytes(self._inode(name).bytes)

    def open(self, name: str, size: int, /) -> SimFile:
        """A new file of zeros."""
        check_alive()
        point("disk.before_open")
        if name in self._files:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        self._take_room(size)
        inode = self._files[name] = Inode(size)
        self._removed.clear()  # the folder was synced
        point("disk.after_open")
        return SimFile(self, inode)

    def replace(self, name: str, content: bytes, /) -> None:
        """A whole file, all or nothing, durable."""
        check_alive()
        self._take_room(len(content))
        self._fail_sync()
        inode = Inode(len(content))
        inode.bytes[:] = content
        inode.durable = bytes(content)
        self._files[name] = inode
        self._removed.clear()

    def cut(self, name: str, size: int, /) -> None:
        """Shortens a file; what is left of it is durable."""
        check_alive()
        inode = self._inode(name)
        del inode.bytes[size:]
        self._fail_sync()
        inode.durable = bytes(inode.bytes)
        inode.dirty.clear()

    def remove(self, name: str, /) -> None:
        """Removes a file."""
        check_alive()
        self._removed[name] = self.retired[name] = self._inode(name)
        del self._files[name]

    # --- what happens to it ---------------------------------------------------------------------------------

    def lose_power(self) -> None:
        """Only what was synced is sure to be there; call it when the processes are dead."""
        self.counts["power_cuts"] += 1
        for name, inode in self._removed.items():
            if name not in self._files and self.rng.random() < 0.5:
                self.counts["removed_again_there"] += 1
                self._files[name] = inode
        self._removed.clear()
        for inode in self._files.values():
            self.counts.update({f"pages_{fate}": n for fate, n in inode.lose_power(self.rng).items()})

    def whole(self) -> SimDisk:
        """All segments that there ever were, and no snapshots: to be read only."""
        found = SimDisk(self.rng)
        segments = [name for name in self._files if name.endswith(SUFFIX)]
        found._files = {name: inode for name, inode in self.retired.items() if name < max(segments)}
        found._files.update({name: self._files[name] for name in segments})
        found._files = {name: inode for name, inode in found._files.items() if name.endswith(SUFFIX)}
        return found

    def flip(self, name: str, byte: int) -> None:
        """Turns one bit of a durable byte around."""
        inode = self._inode(name)
        inode.bytes[byte] ^= 1 << self.rng.randrange(8)
        inode.durable = bytes(inode.bytes)

    def write(self, inode: Inode, offset: int, data: bytes) -> None:
        """A write of one of its files."""
        check_alive()
        point("disk.before_write")
        if self._die_writing():
            self.counts["died_writing"] += 1
            data = data[: self.rng.randrange(len(data) + 1)]
        end = offset + len(data)
        if end > len(inode.bytes):
            inode.bytes += bytes(end - len(inode.bytes))
        inode.bytes[offset:end] = data
        if data:
            inode.dirty.update(dict.fromkeys(range(offset // PAGE, (end - 1) // PAGE + 1)))
        check_alive()
        point("disk.after_write")

    def sync(self, inode: Inode) -> None:
        """A sync of one of its files."""
        check_alive()
        point("disk.before_sync")
        self.counts["syncs"] += 1
        self._fail_sync(inode)
        inode.sync()
        point("disk.after_sync")

    def _fail_sync(self, inode: Inode | None = None) -> None:
        if self.faults.sync_error and self.rng.random() < self.faults.sync_error:
            self.counts["sync_errors"] += 1
            if inode is not None:
                inode.dirty.clear()  # the kernel has forgotten that these pages are not on the platter
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _take_room(self, size: int) -> None:
        if sum(len(inode.bytes) for inode in self._files.values()) + size > self.faults.bytes_max:
            self.counts["no_space"] += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _inode(self, name: str) -> Inode:
        if name not in self._files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return self._files[name]


class SimFile:
    """Port `DiskFile`."""

    def __init__(self, disk: SimDisk, inode: Inode) -> None:
        self._disk = disk
        self._inode = inode

    def write(self, offset: int, data: bytes, /) -> None:
        """Hands bytes over."""
        self._disk.write(self._inode, offset, data)

    def sync(self) -> None:
        """Makes them durable."""
        self._disk.sync(self._inode)

    def close(self) -> None:
        """Nothing to give back."""
