"""Stories of a desk at a simulated venue: whatever goes wrong, no order twice, none lost, money right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.run import main, parse_seeds, report
from simulation.seed import play

ROOT = Path(__file__).parents[2]
CHUNK = 20
SEEDS = range(1, 301)
CHUNKS = [SEEDS[at : at + CHUNK] for at in range(0, len(SEEDS), CHUNK)]


@pytest.mark.parametrize("seeds", CHUNKS, ids=lambda seeds: f"{seeds[0]}..{seeds[-1]}")
def test_no_seed_fails(seeds: range) -> None:
    failed = [report(verdict) for seed in seeds if not (verdict := play(seed)).passed]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("seed", [3, 9, 14, 21, 26, 29])
def test_a_seed_is_the_same_story_in_any_process(seed: int) -> None:
    told = set()
    for hash_seed in ("0", "77"):
        done = subprocess.run(
            [sys.executable, "-m", "simulation.run", "--seed", str(seed), "--trace"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.endswith(("1 passed, 0 failed\n", "0 passed, 1 failed\n")), done.stderr
        told.add(done.stdout)
    assert len(told) == 1


def test_the_last_line_counts(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--seeds", "1..4", "--workers", "1", "--coverage"])
    assert capsys.readouterr().out.splitlines()[-1].endswith("failed")


@pytest.mark.parametrize("text", ["", "a", "3..1", "1.."])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_seeds(text)


def test_another_seed_is_another_story() -> None:
    assert play(1).digest != play(2).digest
    assert play(1).digest == play(1).digest


@pytest.mark.long
@pytest.mark.parametrize("first", range(301, 3301, 100))
def test_no_further_seed_fails(first: int) -> None:
    seeds = range(first, first + 100)
    failed = [report(verdict) for seed in seeds if not (verdict := play(seed)).passed]
    assert not failed, "\n".join(failed)
