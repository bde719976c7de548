"""The simulated venues as a process: the command that users start, without limits of requests.

A venue of the benchmarks is always another process, as a real one would be; it runs on another core where
there is one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.sides import SideFailedError, environment

QUIET = 0.01  # of the market's usual rate: nothing but orders of ours to do
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Simulated:
    """A running simulator."""

    def __init__(self, process: subprocess.Popen[bytes], told: dict[str, Any]) -> None:
        self.told = told  # base URLs and keys, as the command prints them
        self._process = process

    def cpu_s(self) -> float:
        """Processor time that its process has used so far, in seconds."""
        status = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        user, system = status.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS_A_SECOND


@contextlib.contextmanager
def simulator(venues: Sequence[str], assets: Sequence[str], rate: float = QUIET) -> Iterator[Simulated]:
    """A simulator for the length of a block.

    Raises:
        SideFailedError: it did not start.
    """
    python = Path(sys.executable)
    arguments = ["--venues", ",".join(venues), "--symbols", ",".join(assets), "--rate", str(rate)]
    process = subprocess.Popen(
        [python, "-m", "trimaran.ops.cli", "simulate", *arguments, "--limits", "off", "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(python),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise SideFailedError(f"the simulator has ended with status {process.wait(timeout=10)}")
        yield Simulated(process, msgspec.json.decode(line, type=dict[str, Any]))
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
