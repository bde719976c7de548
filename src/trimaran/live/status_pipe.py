"""Writes lines to a pipe, file or terminal without waiting for whoever reads it.

A reader that is slow loses lines; the desk loses nothing. The descriptor is not made non-blocking: that flag
belongs to the open file, which a terminal shares with the shell and with every other process on it. Instead
a terminal is opened once more, for us alone; and on a pipe each write is asked for before (`poll`), and no
longer than what a pipe takes at once when it has any room.
"""

from __future__ import annotations

import os
import select
from collections.abc import Mapping
from typing import Any

import msgspec


class StatusPipe:
    """One line a status. A line that was begun is finished before another one starts.

    `gone` becomes true when the reader has closed its end; every other error is counted, and tried again.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = _terminal_of_our_own(descriptor)
        self._rest = b""
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLOUT)
        self.dropped = 0
        self.errors = 0
        self.gone = False

    def write(self, status: Mapping[str, Any]) -> None:
        """Writes a status as JSON, or drops it when the reader has not taken the last one yet."""
        self._line(msgspec.json.encode(status))

    def say(self, text: str) -> None:
        """Writes a line of text, or drops it."""
        self._line(text.encode())

    def _line(self, line: bytes) -> None:
        self._flush()
        if self._rest:
            self.dropped += 1
            return
        self._rest = line + b"\n"
        self._flush()

    def _flush(self) -> None:
        try:
            while self._rest and not self.gone and self._poll.poll(0):
                written = os.write(self._descriptor, self._rest[: select.PIPE_BUF])
                self._rest = self._rest[written:]
        except BlockingIOError:
            return  # a terminal, or a pipe that somebody else has made non-blocking
        except BrokenPipeError:
            self.gone = True
        except OSError:
            self.errors += 1


def _terminal_of_our_own(descriptor: int) -> int:
    """A non-blocking descriptor of the same terminal; `descriptor` where it is none, or cannot be opened."""
    try:
        if os.isatty(descriptor):
            return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        pass  # a terminal of another container, say: then its reader may make us wait
    return descriptor
