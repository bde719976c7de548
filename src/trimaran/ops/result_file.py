"""The file behind `--json`: opened before a run, so that no run is spent on a file that refuses it."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from trimaran.base.errors import ConfigError


class ResultFile:
    """Use as a context manager. What the file held stays until `write`; one that stayed empty is removed."""

    def __init__(self, path: Path) -> None:
        """Opens the file. Raises ConfigError."""
        self._path = path
        self._created = not path.exists()
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise self._unusable(error) from None
        self._regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        empty = self._regular and os.fstat(self._file.fileno()).st_size == 0
        with contextlib.suppress(OSError):
            self._file.close()
            if self._created and empty:
                self._path.unlink()

    def write(self, value: object) -> None:
        """Replaces what the file held by a value, as JSON. Raises ConfigError."""
        text = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
        try:
            if self._regular:
                self._file.truncate(0)
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(f"json: expected a file that can be written, found {self._path}: {error.strerror}")


def result_file(path: Path | None) -> contextlib.AbstractContextManager[ResultFile | None]:
    """The file of a `--json` option that may not have been given. Raises ConfigError."""
    return contextlib.nullcontext(None) if path is None else ResultFile(path)
