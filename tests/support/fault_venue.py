"""A real `trimaran simulate`, its admin handles, and a real desk beside it: for tests of real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.support.fault_dealer import QUIET
from tests.support.run_room import LIMITS, write_settings
from tools.tidy.files import ROOT

ARCHIVE: Final = "archive"
SIMULATE: Final = (
    *(sys.executable, "-m", "trimaran.ops.cli", "simulate"),
    *("--symbols", "BTC", "--limits", "off", "--until-stdin-closes"),
)
SECONDS_MAX: Final = 60.0  # for what takes two on a machine with nothing else to do


class Venue:
    """A simulator as a process of its own."""

    def __init__(self, venues: str = "binance,okx,htx", rate: float = 2.0, seed: int = 5) -> None:
        self._process = subprocess.Popen(
            (*SIMULATE, "--venues", venues, "--seed", str(seed), "--rate", str(rate)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.addresses: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._admin: str = self.addresses["admin"]
        self._shard = 0

    def get(self, path: str, **query: object) -> Any:
        """An admin handle."""
        return self._ask("GET", path, None, query)

    def post(self, path: str, body: object = None, **query: object) -> Any:
        """Turns one."""
        return self._ask("POST", path, json.dumps(body or {}).encode(), query)

    def trading(self, **faults: object) -> None:
        """Faults of the private side; none without arguments."""
        self.post("faults", {"trading": faults} if faults else {})

    def next_shard(self) -> int:
        """A shard of which the venue has no order yet."""
        self._shard += 1
        return self._shard

    def stop(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, method: str, path: str, body: bytes | None, query: Mapping[str, object]) -> Any:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        request = urllib.request.Request(f"{self._admin}/{path}?{asked}", body, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
            return json.loads(answer.read())


class DeskProcess:
    """One life of a desk."""

    def __init__(self, path: Path, **environment: object) -> None:
        more = {name.upper(): str(value) for name, value in environment.items()}
        more["ARCHIVE"] = str(path.parent / ARCHIVE)
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            (sys.executable, "-m", "tests.support.fault_process", str(path)),
            cwd=ROOT,
            env={**os.environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream,))
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for each in self._readers:
            each.start()

    def said(self, word: str) -> str:
        """The last line that begins with a word; empty where none does."""
        return next((line for line in reversed(self.lines) if line.startswith(word)), "")

    def news(self) -> list[str]:
        """The last lines, without refusals."""
        return [line for line in self.lines if not line.startswith(("refused", " - leaked"))][-12:]

    def halted(self) -> bool:
        """Whether it does not run."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] in "Tt"

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        self.process.send_signal(number)

    def end(self, seconds: float = SECONDS_MAX) -> int:
        """Waits until it has ended by itself, kills it where it does not; its code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL; its code."""
        self.process.kill()
        code = self.process.wait()
        for each in self._readers:
            each.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.lines.append(line.decode().rstrip())


@contextlib.contextmanager
def desk(path: Path, **environment: object) -> Iterator[DeskProcess]:
    """A desk that is killed at the end of the block, if it lives."""
    process = DeskProcess(path, **environment)
    try:
        yield process
    finally:
        process.kill()


def settings(
    venue: Venue, folder: Path, markets: Sequence[str], more: str = "", state: str = "state"
) -> tuple[Path, int]:
    """Settings of a new desk, and its shard."""
    shard = venue.next_shard()
    folder.mkdir(parents=True, exist_ok=True)
    path = write_settings(folder, venue.addresses, markets, ["BTC-USDT"], more, f"shard = {shard}")
    text = path.read_text().replace("segment_mib = 1", "segment_mib = 1\nprojection = false")
    text = text.replace('state = "state"', f'state = "{state}"')
    path.write_text(text)
    (folder / "limits.toml").write_text(LIMITS)
    return path, shard


def quiet(path: Path, wanted: bool = True) -> None:
    """Whether the desk of these settings trades."""
    file = path.parent / QUIET
    if wanted:
        file.touch()
    else:
        file.unlink(missing_ok=True)


def until(
    condition: Callable[[], object], process: DeskProcess | None = None, seconds: float = SECONDS_MAX
) -> None:
    """Waits for something, as long as the process lives."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, process.news() if process else "it did not come to pass"
        assert process is None or process.process.poll() is None, process.news()
        time.sleep(0.02)
