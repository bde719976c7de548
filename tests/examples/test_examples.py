"""The examples run as their first lines say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from trimaran.live.config import read_config

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_desk_settings_are_valid() -> None:
    assert read_config((EXAMPLES / "desk.json").read_bytes()).symbols == ("BTCUSDT", "ETHUSDT")


def test_replaying_two_captures(tmp_path: Path) -> None:
    start = 1_723_161_600_000_000_000
    spot = [
        '{"u":1,"s":"BTCUSDT","b":"100.0","B":"1","a":"100.1","A":"1"}',
        '{"lastUpdateId":1,"bids":[["100.0","1"]],"asks":[["100.1","1"]]}',
    ]
    usdm = [
        '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["101.0","1"]],"a":[["101.1","1"]]}',
        '{"lastUpdateId":2,"bids":[["101.0","1"]],"asks":[["101.1","1"]]}',
        '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":3,"u":3,"pu":2,"b":[["101.2","1"]],"a":[["101.1","0"]]}',
        '{"e":"bookTicker","E":1,"u":3,"s":"BTCUSDT","b":"101.2","B":"1","a":"101.3","A":"1"}',
    ]
    files = []
    for name, frames in (("spot", spot), ("usdm", usdm)):
        path = tmp_path / name
        stamps = (start + index * 600_000_000 for index in range(len(frames)))
        path.write_text("".join(f"{stamp} {frame}\n" for stamp, frame in zip(stamps, frames, strict=True)))
        files.append(str(path))
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "replay_a_capture.py"), *files],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "best edge after fees +94" in done.stdout
