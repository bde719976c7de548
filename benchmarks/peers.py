"""Builds the interpreters of the peers: `make bench-peers`.

Each peer lives in an environment of its own under `.peers/` (never committed), because their pins contradict
ours and each other's; what goes in is pinned line by line in `locks/`. An environment that a lock cannot give
on this machine is left out, and its rows say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".peers"
LOCKS = HERE / "locks"
BUILD_SECONDS_MAX = 900
PYENV_VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"


class Build(msgspec.Struct, frozen=True):
    """One way to an environment: a version of Python and a lock."""

    python: str
    lock: str


class Peer(msgspec.Struct, frozen=True):
    """A peer, and the ways to install it, best first."""

    title: str
    builds: tuple[Build, ...]


PEERS = {
    "ccxt": Peer("ccxt.pro", (Build("3.11", "ccxt.lock"),)),
    "flox": Peer("FLOX", (Build("3.11", "flox.lock"),)),
    # The 2.4 line runs on the interpreter that we run on, and is the faster of the two on these frames, so it
    # is the harder peer; it is compiled from source in one or two minutes. The 3.0 line has wheels for 3.13.
    "cryptofeed": Peer(
        "cryptofeed", (Build("3.11", "cryptofeed_2.lock"), Build("3.13", "cryptofeed_3.lock"))
    ),
}


def main() -> int:
    """Builds what is missing; 0 when every peer is there."""
    return 1 if [name for name in PEERS if not build(name)] else 0


def build(name: str) -> bool:
    """Builds one peer by the first way that works."""
    if peer_python(name).exists():
        print(f"{name}: present")
        return True
    for way in PEERS[name].builds:
        python = find_python(way.python)
        if python and install(name, python, LOCKS / way.lock):
            print(f"{name}: built from {way.lock} with Python {way.python}")
            return True
    print(f"{name}: not built; its rows will be without a peer")
    return False


def install(name: str, python: Path, lock: Path) -> bool:
    """A virtual environment with exactly what the lock says; nothing is left behind on failure."""
    uv = find_uv()
    target = ENVIRONMENTS / name
    steps = (
        [uv, "venv", "--quiet", "--python", str(python), str(target)],
        [uv, "pip", "sync", "--quiet", "--python", str(peer_python(name)), str(lock)],
    )
    ENVIRONMENTS.mkdir(exist_ok=True)
    for step in steps:
        try:
            done = subprocess.run(step, check=False, timeout=BUILD_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            done = None
        if done is None or done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            return False
    return True


def peer_python(name: str) -> Path:
    """Where the interpreter of a peer is, once built."""
    return ENVIRONMENTS / name / "bin" / "python"


def find_uv() -> str:
    """The `uv` beside this interpreter, or the one on the path.

    Raises:
        FileNotFoundError: neither is there.
    """
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise FileNotFoundError("expected uv beside the interpreter or on the path, found neither")
    return found


def find_python(version: str) -> Path | None:
    """An interpreter of that version that runs: this one, one on the path, or one that pyenv keeps."""
    named = shutil.which(f"python{version}")
    kept = sorted(PYENV_VERSIONS.glob(f"{version}.*/bin/python3"))
    for candidate in (Path(sys.executable), Path(named) if named else None, *kept):
        if candidate and version_of(candidate) == version:
            return candidate
    return None


def version_of(python: Path) -> str | None:
    """The version of an interpreter, as "3.11"; None where it does not run (a shim without a version)."""
    question = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    try:
        answer = subprocess.run(
            [str(python), "-c", question], check=True, capture_output=True, text=True, timeout=30
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
