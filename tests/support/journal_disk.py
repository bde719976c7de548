"""A disk in memory that tells what a power cut would leave, and fails when it is told to."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence


class MemoryFile:
    """Port `DiskFile`. `synced` is what is certain to survive."""

    def __init__(self, disk: MemoryDisk, size: int) -> None:
        self.data = bytearray(size)
        self.synced = bytes(size)
        self.is_open = True
        self._disk = disk

    def write(self, offset: int, data: bytes, /) -> None:
        assert self.is_open
        assert offset + len(data) <= len(self.data), "a write beyond what was allocated"
        assert not any(self.data[offset:]), "a write over what was written"
        self._disk.fail("write")
        self._disk.log.append("write")
        self.data[offset : offset + len(data)] = data

    def sync(self) -> None:
        assert self.is_open
        self._disk.fail("sync")
        self._disk.log.append("sync")
        self.synced = bytes(self.data)

    def close(self) -> None:
        assert self.is_open
        self.is_open = False


class MemoryDisk:
    """Port `Disk`. `broken` maps an operation to the errno that it fails with."""

    def __init__(self) -> None:
        self.files: dict[str, MemoryFile] = {}
        self.log: list[str] = []
        self.broken: dict[str, int] = {}

    def fail(self, operation: str) -> None:
        """Raises where the operation is broken."""
        if (code := self.broken.get(operation)) is not None:
            raise OSError(code, os.strerror(code))

    def names(self) -> Sequence[str]:
        return sorted(self.files)

    def read(self, name: str, /) -> bytes:
        return bytes(self.files[name].data)

    def open(self, name: str, size: int, /) -> MemoryFile:
        self.fail("open")
        if name in self.files:
            raise FileExistsError(errno.EEXIST, name)
        self.files[name] = MemoryFile(self, size)
        return self.files[name]

    def replace(self, name: str, content: bytes, /) -> None:
        self.fail("replace")
        self.log.append(f"replace {name}")
        file = MemoryFile(self, len(content))
        file.data[:] = content
        file.synced = bytes(content)
        self.files[name] = file

    def cut(self, name: str, size: int, /) -> None:
        file = self.files[name]
        del file.data[size:]
        file.synced = bytes(file.data)

    def remove(self, name: str, /) -> None:
        del self.files[name]

    def copy(self, *, power_cut: bool = False) -> MemoryDisk:
        """Another disk with what a killed process leaves, or a power cut that takes all that it may."""
        other = MemoryDisk()
        for name, file in self.files.items():
            copied = other.files[name] = MemoryFile(other, len(file.data))
            copied.data[:] = file.synced if power_cut else file.data
            copied.synced = bytes(copied.data)
        return other

    def patch(self, name: str, at: int, mask: int = 1) -> None:
        """Flips bits of one byte."""
        self.files[name].data[at] ^= mask
