"""Plants each bug of `planted/` into a copy of the sources, and plays seeds until one fails.

    python -m simulation.plant --seeds 1..2000 --workers 2
    python -m simulation.plant --only "an epoch is used twice"

The last line is `N found, N missed`. A seed that fails without the bug counts for nothing.

A bug is a file: its name, the file below src/trimaran that it is in, and between <<<<, ==== and >>>> the
lines that are there and those that take their place. Each is one that others have shipped, or a rule of the
protocol left out. Lines that are not found exactly once are an error: the code has changed, and the bug must
be planted anew.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

import trimaran.native._hot as native
from simulation.run import USAGE, parse_seeds

ROOT: Final = Path(__file__).resolve().parents[1]
PLANTED: Final = Path(__file__).resolve().parent / "planted"
SECONDS_MAX: Final = 1_800
IGNORED: Final = shutil.ignore_patterns("__pycache__")
FOUND: Final = 1  # exit code of a process that has met a failing seed


class Plant(msgspec.Struct, frozen=True):
    """One bug: in `path` (below src/trimaran), `old` becomes `new`."""

    name: str
    path: str
    old: str
    new: str


class Found(msgspec.Struct, frozen=True):
    """What became of a plant; `seed` is None where it was missed."""

    plant: Plant
    seed: int | None
    text: str


def read_plants(folder: Path = PLANTED) -> list[Plant]:
    """Every bug of the folder, in the order of its files. Raises ValueError for another form."""
    return [_parsed(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.bug"))]


def _parsed(text: str) -> Plant:
    head, begun, rest = text.partition("\n<<<<\n")
    old, turned, rest = rest.partition("====\n")
    new, ended, _ = rest.partition(">>>>\n")
    name, _, path = head.partition("\n")
    if not (begun and turned and ended and name and path):
        raise ValueError(f"expected a bug, found {text[:80]!r}")
    return Plant(name, path, old, new)


def check_plant(plant: Plant, sources: Path = ROOT / "src" / "trimaran") -> str:
    """The text of the file with the bug in it. Raises ValueError where its lines are not there once."""
    text = (sources / plant.path).read_text(encoding="utf-8")
    count = text.count(plant.old)
    if count != 1:
        raise ValueError(f"{plant.name}: expected its lines once in {plant.path}, found them {count} times")
    return text.replace(plant.old, plant.new)


def copied(folder: Path) -> Path:
    """The sources as they are now, with the native modules that are installed."""
    target = folder / "src" / "trimaran"
    shutil.copytree(ROOT / "src" / "trimaran", target, ignore=IGNORED)
    for library in Path(native.__file__).parent.glob("*.so"):
        shutil.copy(library, target / "native" / library.name)
    shutil.copytree(ROOT / "simulation", folder / "simulation", ignore=IGNORED)
    return folder


def hunt(plant: Plant, seeds: range, sound: Path) -> Found:
    """Plays seeds with the bug until one fails that passes without it, in the copy `sound`."""
    with tempfile.TemporaryDirectory(prefix="planted-") as name:
        folder = Path(name)
        for part in ("src", "simulation"):
            shutil.copytree(sound / part, folder / part, ignore=IGNORED)
        try:
            text = check_plant(plant, sound / "src" / "trimaran")
        except ValueError as error:
            return Found(plant, None, str(error))
        (folder / "src" / "trimaran" / plant.path).write_text(text, encoding="utf-8")
        first = seeds.start
        while first < seeds.stop:
            seed, why = _first_failure(folder, range(first, seeds.stop))
            if seed is None:
                break
            if _first_failure(sound, range(seed, seed + 1))[0] is None:
                return Found(plant, seed, why)
            first = seed + 1
    return Found(plant, None, "")


def _first_failure(folder: Path, seeds: range) -> tuple[int | None, str]:
    command = [sys.executable, str(folder / "simulation" / "alone.py"), str(seeds.start), str(seeds.stop)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
    if done.returncode == 0:
        return None, ""
    seed, _, text = done.stdout.partition("\n")
    if done.returncode != FOUND or not seed.isdecimal():
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return int(seed), text


def hunt_all(plants: Iterable[Plant], seeds: range, workers: int) -> Iterable[Found]:
    """All of them, side by side, on the sources as they are now."""
    with tempfile.TemporaryDirectory(prefix="sound-") as name, ThreadPoolExecutor(workers) as pool:
        sound = copied(Path(name))
        yield from pool.map(lambda plant: hunt(plant, seeds, sound), plants)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="simulation.plant", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=parse_seeds, default=range(1, 2001), help=USAGE)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="plants whose name has this in it")
    options = parser.parse_args(arguments)
    chosen = [plant for plant in read_plants() if options.only in plant.name]
    found = missed = 0
    for each in hunt_all(chosen, options.seeds, options.workers):
        if each.seed is None:
            missed += 1
            print(f"missed: {each.plant.name} {each.text}".rstrip(), flush=True)
        else:
            found += 1
            first = each.text.strip().split("\n")[0]
            print(f"found by seed {each.seed}: {each.plant.name}: {first[:120]}", flush=True)
    print(f"{found} found, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
