"""Keeps a child process that brings the journal into tables, and starts it again when it has ended.

The desk never waits for it, and reads nothing of what it writes. Its standard input is a pipe from here:
should the desk be killed, the kernel closes it, and the child ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from typing import Final

PAUSE_S: Final = 5.0
PAUSE_S_MAX: Final = 300.0
STOP_S_MAX: Final = 3.0
TEXT_MAX: Final = 2_000


async def keep_projecting(command: Sequence[str], say: Callable[[str], None]) -> None:
    """Runs until it is cancelled. `say` is told why a child has ended."""
    pause_s = PAUSE_S
    while True:
        try:
            child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
        except OSError as error:
            say(f"the tables cannot be kept: {error.strerror}")
        else:
            say(f"the tables are not kept, again in {pause_s:.0f} s: {await _ended(child)}")
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, PAUSE_S_MAX)


async def _ended(child: Process) -> str:
    """Waits for the end of a child; its last words. A cancelled wait ends the child."""
    assert child.stderr is not None
    assert child.stdin is not None
    try:
        words = await child.stderr.read(TEXT_MAX)
        code = await child.wait()
    except asyncio.CancelledError:
        child.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), STOP_S_MAX)
        if child.returncode is None:
            child.kill()
            await child.wait()
        raise
    lines = words.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"it ended with {code}"
