"""A real projector that is killed over and over: its tables are those of one that never was."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from tests.support.projected import contents, write_journal
from tests.support.record_story import story
from tools.tidy.files import ROOT
from trimaran.live.projector import run_projector
from trimaran.storage.projection.tables import PROJECTED


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
def test_killed_and_started_again_it_has_everything_once(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder, url = tmp_path / "journal", f"sqlite:///{tmp_path / 'desk.db'}"
    write_journal(folder, story(seed, 12_000))
    command = (sys.executable, "-m", "tests.support.projected", str(folder), url)
    for _ in range(3 if seed else 1):
        process = subprocess.Popen(command, cwd=ROOT)
        before = reached(url)
        ends = time.monotonic() + 30
        while reached(url) == before and process.poll() is None and time.monotonic() < ends:
            time.sleep(0.01)
        time.sleep(rng.random() * 0.3)
        assert process.poll() is None
        process.kill()
        process.wait()
    stop = threading.Event()
    assert run_projector(folder, url, stop, once=True, niceness=0) == 12_000
    again = f"sqlite:///{tmp_path / 'again.db'}"
    run_projector(folder, again, stop, once=True, niceness=0)
    assert tables(url) == tables(again)


def reached(url: str) -> int:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(select(PROJECTED.c.sequence)).scalar_one_or_none() or 0
    except Exception:
        return 0
    finally:
        engine.dispose()


def tables(url: str) -> dict[str, list[object]]:
    engine = create_engine(url)
    found = contents(engine)
    engine.dispose()
    return found
