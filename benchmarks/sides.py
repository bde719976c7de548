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

from tools.peers import PEERS, peer_python

SCRIPTS = Path(__file__).parent / "peer_scripts"
SOURCES = Path(__file__).parents[1] / "src"
OURS = "trimaran"
LENT = {"numpy": "flox"}  # a side that runs in the environment of another
PROOF_TOLERANCE = 1e-9

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
        self._about: dict[tuple[str, str | None], str] = {}

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
            return not_built(name)
        try:
            self.about(name)
        except SideFailedError as error:
            return f"no {title(name)}: {error}"
        return None

    def start(self, name: str) -> SideProcess:
        """A fresh process of a side; the caller closes it."""
        return SideProcess(interpreter(name), f"side_{name}.py")

    def about(self, name: str, channel: str | None = None) -> str:
        """What this side is and what it runs."""
        if (name, channel) not in self._about:
            reply = self.process(name).ask(task="about", **channelled(channel))
            self._about[name, channel] = reply["about"]
        return self._about[name, channel]

    def interleaved(
        self, names: Sequence[str], task: str, path: Path, channel: str | None = None
    ) -> dict[str, list[Figures]]:
        """Asks the sides in turn, round after round; the first round warms up and is dropped."""
        request = {"task": task, "path": str(path)} | channelled(channel)
        figures = in_turns(names, self.rounds, lambda name: self.process(name).ask(**request))
        assert_same_proof(figures)
        return figures

    def process(self, name: str) -> SideProcess:
        """The process of a side, started when it is first asked."""
        if name not in self._running:
            self._running[name] = self.start(name)
        return self._running[name]


def in_turns(
    names: Sequence[str], rounds: int, turn: Callable[[str], Figures], warm_up: int = 1
) -> dict[str, list[Figures]]:
    """One turn for each name in each round, after the rounds that warm up and do not count."""
    figures: dict[str, list[Figures]] = {name: [] for name in names}
    for number in range(rounds + warm_up):
        for name in names:
            reply = turn(name)
            if number >= warm_up:
                figures[name].append(reply)
    return figures


def assert_same_proof(figures: Mapping[str, Sequence[Figures]]) -> None:
    """Every side must have arrived at the same best bid and offer, or trade, or it did other work.

    Raises:
        ValueError: it did not.
    """
    proofs = {name: repeats[-1]["proof"] for name, repeats in figures.items()}
    for name, proof in proofs.items():
        pairs = zip(proof, proofs[OURS], strict=True)
        gaps = [abs(theirs - ours) for theirs, ours in pairs if theirs is not None]
        if not gaps or max(gaps) > PROOF_TOLERANCE:
            raise ValueError(f"expected every side at {proofs[OURS]}, found {name} at {proof}")


def channelled(channel: str | None) -> dict[str, str]:
    """The part of a request that names a channel."""
    return {} if channel is None else {"channel": channel}


def not_built(name: str) -> str:
    """Why a side without an environment cannot run."""
    return f"no {title(name)}: its environment is not built, run `make bench-peers`"


def title(name: str) -> str:
    """How a side is called in a row."""
    return PEERS[name].title if name in PEERS else name


def interpreter(name: str) -> Path:
    """The Python of a side; ours is the one that runs this."""
    return Path(sys.executable) if name == OURS else peer_python(LENT.get(name, name))


def environment(python: Path) -> dict[str, str]:
    """Our side finds the source tree; a peer finds nothing but its own environment."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if python == Path(sys.executable):
        inherited["PYTHONPATH"] = str(SOURCES)
    return inherited
