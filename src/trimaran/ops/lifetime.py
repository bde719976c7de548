"""When a process of ours has to end: the signals that ask for it, and a parent that is no more.

A parent that was killed (SIGKILL) tells nobody. But the kernel closes its end of the pipe that is the
child's standard input, and the child takes that for the same request.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ending_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask this process to end; without those that it was started to ignore (`nohup`)."""
    return tuple(each for each in ENDING if signal.getsignal(each) is not signal.SIG_IGN)


def end_when_stdin_closes() -> None:
    """Sends this process SIGTERM when its standard input ends."""
    threading.Thread(target=_read_to_the_end, name="stdin", daemon=True).start()


def _read_to_the_end() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Raises KeyboardInterrupt in the block on the first of the ending signals; further ones are ignored,
    so that they do not interrupt the clearing up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in ending_signals()}
    for each in before:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
