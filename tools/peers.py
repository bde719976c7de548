"""Builds environments for other people's libraries: clients for the tests, peers for the benchmarks.

    python -m tools.peers [NAME ...]     all of them without a name

Each lives in an environment of its own under `.peers/` (never committed), because their pins contradict ours
and each other's; what goes in is pinned line by line in `locks/`. An environment that a lock cannot give on
this machine is left out; what needs it says so, and goes on without it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".peers"
LOCKS = HERE / "locks"
BUILD_SECONDS_MAX = 900
LOCK_COPY = "made_from.lock"
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
    "official": Peer("the venues' own Python clients", (Build("3.11", "official.lock"),)),
    "flox": Peer("FLOX", (Build("3.11", "flox.lock"),)),
    # It needs 3.12, and takes 930 MB.
    "nautilus": Peer("NautilusTrader", (Build("3.12", "nautilus.lock"),)),
    # The 2.4 line runs on the interpreter that we run on, and is the faster of the two on these frames, so it
    # is the harder peer; it is compiled from source in one or two minutes. The 3.0 line has wheels for 3.13.
    "cryptofeed": Peer(
        "cryptofeed", (Build("3.11", "cryptofeed_2.lock"), Build("3.13", "cryptofeed_3.lock"))
    ),
}


def main(names: Sequence[str] = ()) -> int:
    """Builds what is missing of `names`, or of all; 0 when every one is there."""
    unknown = set(names) - set(PEERS)
    if unknown:
        print(
            f"peers: expected some of {', '.join(PEERS)}, found {', '.join(sorted(unknown))}", file=sys.stderr
        )
        return 2
    return 1 if [name for name in names or PEERS if not build(name)] else 0


def build(name: str) -> bool:
    """Builds one peer by the first way that works; one that is there from the same lock is left alone."""
    if is_current(name):
        return True
    shutil.rmtree(ENVIRONMENTS / name, ignore_errors=True)
    for way in PEERS[name].builds:
        python = find_python(way.python)
        if python and install(name, python, LOCKS / way.lock):
            print(f"{name}: built from {way.lock} with Python {way.python}")
            return True
    print(f"{name}: not built; what needs it goes without")
    return False


def is_current(name: str) -> bool:
    """Whether the environment is there, made from one of its locks as they are now."""
    made_from = ENVIRONMENTS / name / LOCK_COPY
    if not (made_from.exists() and peer_python(name).exists()):
        return False
    return made_from.read_bytes() in [(LOCKS / way.lock).read_bytes() for way in PEERS[name].builds]


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
    shutil.copyfile(lock, target / LOCK_COPY)
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
    sys.exit(main(sys.argv[1:]))
