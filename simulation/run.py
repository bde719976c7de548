"""Plays seeds and says which failed.

    python -m simulation.run --seeds 1..10000 --workers 2
    python -m simulation.run --seed 123 --trace

The last line is `N passed, N failed`; the exit code is 1 when one failed. A failure is printed with the
command that plays it again, the same in every detail.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from simulation.seed import Verdict, play

CHUNK: Final = 8
TOLD_EVERY: Final = 500
VIOLATIONS_SHOWN: Final = 6
USAGE: Final = "expected A..B or one number"


def replay(seed: int) -> str:
    """The command that plays a seed again and tells of everything."""
    return f"python -m simulation.run --seed {seed} --trace"


def report(verdict: Verdict) -> str:
    """What a person wants to know of a failed seed."""
    story = verdict.story
    lines = [f"seed {verdict.seed} failed on {story.market}; again: {replay(verdict.seed)}"]
    lines += [f"  {text.strip()}" for text in verdict.violations[:VIOLATIONS_SHOWN]]
    return "\n".join(lines)


def play_all(seeds: Iterable[int], workers: int) -> Iterator[Verdict]:
    """Verdicts in the order of the seeds, by several processes."""
    if workers <= 1:
        yield from map(play, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(play, seeds, CHUNK)


def parse_seeds(text: str) -> range:
    """`A..B`, both included, or one number. Raises ValueError."""
    first, dots, last = text.partition("..")
    found = range(int(first), int(last if dots else first) + 1)
    if not found:
        raise ValueError(text)
    return found


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="simulation.run", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=parse_seeds, default=range(1, 301), help=USAGE)
    parser.add_argument("--seed", type=int, help="plays one seed alone")
    parser.add_argument("--trace", action="store_true", help="tells what happens in it")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--coverage", action="store_true", help="how often each fault and point was met")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _one(options.seed, options.trace)
    return _many(options.seeds, options.workers, options.coverage)


def _one(seed: int, trace: bool) -> int:
    verdict = play(seed, trace)
    print("\n".join(verdict.trace))
    digest = verdict.digest & (1 << 64) - 1
    print(f"seed {seed}: {verdict.virtual_s:.3f} s of virtual time, digest {digest:016x}")
    _show("counts", verdict.counts)
    _show("points", verdict.points)
    if not verdict.passed:
        print(report(verdict))
    print(f"{int(verdict.passed)} passed, {int(not verdict.passed)} failed")
    return 0 if verdict.passed else 1


def _many(seeds: range, workers: int, coverage: bool) -> int:
    counts: Counter[str] = Counter()
    points: Counter[str] = Counter()
    began_s = time.monotonic()
    passed = failed = 0
    for verdict in play_all(seeds, workers):
        counts.update(verdict.counts)
        points.update(verdict.points)
        passed += verdict.passed
        failed += not verdict.passed
        if not verdict.passed:
            print(report(verdict), flush=True)
        if (passed + failed) % TOLD_EVERY == 0:
            each_s = (time.monotonic() - began_s) / (passed + failed)
            print(f"{passed + failed} of {len(seeds)}, {each_s:.3f} s each", file=sys.stderr, flush=True)
    if coverage:
        _show("counts", counts)
        _show("points", points)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _show(title: str, counts: Counter[str]) -> None:
    rows = [f"{name} {count}" for name, count in counts.most_common() if count]
    print(f"{title}: {', '.join(rows)}")


if __name__ == "__main__":
    sys.exit(main())
