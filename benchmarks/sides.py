"""The sides of the comparison as processes, and the interleaving of their turns.

One process a side, alive for the whole run, asked in turn: while one measures, the others wait on a pipe.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from benchmarks.peers import PEERS, peer_python

SCRIPTS = Path(__file__).parent / "peer_scripts"
SOURCES = Path(__file__).parents[1] / "src"
OURS = "trimaran"
TOP_TOLERANCE = 1e-9

Figures = Mapping[str, Any]


class SideFailedError(Exception):
    """A side ended, or answered with something that is not an answer."""


class SideProcess:
    """A script of `peer_scripts` under the interpreter of its side. One JSON object a line, both ways."""

    def __init__(self, python: Path, script: str) -> None:
        self.script = script
        self._process = subprocess.Popen(
            [str(python), str(SCRIPTS / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(python),
        )

    def ask(self, **request: object) -> dict[str, Any]:
        """Sends a request and waits for its answer."""
        self.tell(**request)
        return self.answer()

    def tell(self, **request: object) -> None:
        """Sends a request.

        Raises:
            SideFailedError: the process has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def answer(self) -> dict[str, Any]:
        """Waits for the next answer.

        Raises:
            SideFailedError: the process has ended; its own words are on standard error.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return msgspec.json.decode(line, type=dict[str, Any])

    def _failure(self) -> SideFailedError:
        status = self._process.wait(timeout=10)
        return SideFailedError(
            f"{self.script} has ended with status {status}; its own words, if any, are above"
        )

    def close(self) -> None:
        """Ends the process by closing its input."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Sides:
    """Every side that can run on this machine, and why the others cannot."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self._running: dict[str, SideProcess] = {}
        self._about: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            process.close()

    def missing(self, name: str) -> str | None:
        """Why this side cannot run, or None where it can."""
        if not interpreter(name).exists():
            return f"no {PEERS[name].title}: its environment is not built, run `make bench-peers`"
        try:
            self.about(name)
        except SideFailedError as error:
            return f"no {PEERS[name].title}: {error}"
        return None

    def start(self, name: str) -> SideProcess:
        """A fresh process of a side; the caller closes it."""
        return SideProcess(interpreter(name), f"side_{name}.py")

    def about(self, name: str) -> str:
        """What this side is and what it runs."""
        if name not in self._about:
            self._about[name] = self._process(name).ask(task="about")["about"]
        return self._about[name]

    def interleaved(self, names: Sequence[str], task: str, path: Path) -> dict[str, list[Figures]]:
        """Asks the sides in turn, round after round; the first round warms up and is dropped."""
        figures = in_turns(
            names, self.rounds, lambda name: self._process(name).ask(task=task, path=str(path))
        )
        assert_same_top(figures)
        return figures

    def _process(self, name: str) -> SideProcess:
        if name not in self._running:
            self._running[name] = self.start(name)
        return self._running[name]


def in_turns(names: Sequence[str], rounds: int, turn: Callable[[str], Figures]) -> dict[str, list[Figures]]:
    """One turn for each name in each round, after one round that does not count."""
    figures: dict[str, list[Figures]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in names:
            reply = turn(name)
            if number:
                figures[name].append(reply)
    return figures


def assert_same_top(figures: Mapping[str, Sequence[Figures]]) -> None:
    """Every side must have arrived at the same best bid and offer, or it did other work.

    Raises:
        ValueError: it did not.
    """
    tops = {name: repeats[-1]["top"] for name, repeats in figures.items()}
    for name, top in tops.items():
        gaps = [abs(left - right) for left, right in zip(top, tops[OURS], strict=True)]
        if max(gaps) > TOP_TOLERANCE:
            raise ValueError(f"expected every side at {tops[OURS]}, found {name} at {top}")


def interpreter(name: str) -> Path:
    """The Python of a side; ours is the one that runs this."""
    return Path(sys.executable) if name == OURS else peer_python(name)


def environment(python: Path) -> dict[str, str]:
    """Our side finds the source tree; a peer finds nothing but its own environment."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if python == Path(sys.executable):
        inherited["PYTHONPATH"] = str(SOURCES)
    return inherited
