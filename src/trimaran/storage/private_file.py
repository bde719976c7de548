"""Files that are nobody else's: mode 0600, written whole or not at all, refused when others can read them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trimaran.base.errors import ConfigError

MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
BYTES_MAX: Final = 1024 * 1024


def read_private(path: Path) -> bytes:
    """The bytes of a private file. Raises ConfigError where it is missing, open to others, or too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file, found: {error.strerror}") from None
    with open(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path}: expected a regular file, found something else")
        if found.st_mode & 0o077:
            raise ConfigError(
                f"{path}: expected mode 0600, found {stat.S_IMODE(found.st_mode):04o}; others can read it"
            )
        if found.st_uid != os.geteuid():
            raise ConfigError(f"{path}: expected a file of this user, found user id {found.st_uid}")
        data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise ConfigError(f"{path}: expected at most {BYTES_MAX} bytes, found more")
    return data


def write_private(path: Path, data: bytes) -> None:
    """Replaces a file as a whole, durably. Raises ConfigError where it cannot be written."""
    # A random name: what a killed process left behind must not stand in the way of the next one, which may
    # have its number.
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"{path}: expected a file that can be written, found: {error.strerror}") from None


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Nobody else changes the folder's files meanwhile, where all ask for it. Raises ConfigError."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{folder}: expected a folder, found: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
