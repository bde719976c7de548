"""A tiny run of our own side, without peers: the rows come out, and say why the peers are absent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks import peers, run
from benchmarks.peers import PEERS
from benchmarks.plan import Plan
from benchmarks.rows import Row
from benchmarks.sides import assert_same_top, in_turns

TINY = Plan(depth_frames=300, mixed_frames=300, socket_frames=2_200, books=2, rounds=1, memory_rounds=1)


@pytest.fixture
def no_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where nobody has built the peers, nor has the recorded data."""
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path / "none")
    monkeypatch.setenv("TRIMARAN_DATA", str(tmp_path))


@pytest.mark.usefixtures("no_peers")
def test_rows_without_peers_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "QUICK", TINY)
    output = tmp_path / "results.json"
    chosen = ["frame_to_book", "capture_replay", "socket_to_decision", "cpu_per_message"]
    assert run.main(["--quick", "--output", str(output), *(f"--only={name}" for name in chosen)]) == 0
    rows = msgspec.json.decode(output.read_bytes(), type=list[Row])
    assert [row.name for row in rows] == [
        "frame_to_book",
        "frame_to_book",
        "socket_to_decision",
        "cpu_per_message",
    ]
    for row in rows:
        assert "cores" in row.conditions
        if row.name != "socket_to_decision":
            assert (row.peer, row.peer_value, row.ratio) == (None, None, None)
            assert "make bench-peers" in row.conditions


def test_turns_alternate_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def turn(name: str) -> dict[str, int]:
        order.append(name)
        return {"turn": len(order)}

    figures = in_turns(["ours", "peer"], 2, turn)
    assert order == ["ours", "peer"] * 3
    assert figures == {"ours": [{"turn": 3}, {"turn": 5}], "peer": [{"turn": 4}, {"turn": 6}]}


def test_sides_that_disagree_about_the_book_are_refused() -> None:
    ours = [{"top": [1.0, 2.0, 3.0, 4.0]}]
    assert_same_top({"trimaran": ours, "ccxt": ours})
    with pytest.raises(ValueError, match="ccxt"):
        assert_same_top({"trimaran": ours, "ccxt": [{"top": [1.0, 2.0, 3.0, 4.5]}]})


def test_every_lock_pins_every_line() -> None:
    for peer in PEERS.values():
        for way in peer.builds:
            lines = (peers.LOCKS / way.lock).read_text(encoding="utf-8").split()
            assert lines
            assert all("==" in line for line in lines)
