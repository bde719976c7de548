"""A tiny run of our own side, without peers: the rows come out, and say why the peers are absent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks import (
    kill_storm,
    order_entry,
    order_life,
    order_round_trip,
    run,
    simulator_throughput,
    soak,
    socket_at_rate,
    watch_books,
)
from benchmarks.channels import CHANNELS
from benchmarks.plan import Plan
from benchmarks.rows import Row, without_peer
from benchmarks.sides import assert_same_proof, in_turns
from tools import peers
from tools.peers import PEERS

TINY = Plan(
    channel_frames=200,
    mixed_frames=300,
    socket_frames=2_200,
    scan_pairs=100,
    rate_seconds=1,
    books=2,
    fills=60,
    lives=50,
    orders=50,
    order_trips=10,
    load_orders=56,
    ticks=20,
    flood_seconds=0.2,
    soak_seconds=1.0,
    simulated_orders=60,
    watched_assets=1,
    watch_seconds=0.3,
    rounds=1,
    order_rounds=1,
    memory_rounds=1,
)

WITH_VENUES = ("order_entry", "order_round_trip", "kill_storm", "simulator_throughput", "watch_books")
WITH_DESKS = ("tick_to_order", "orders_per_second", "desk_60", "soak")


@pytest.fixture
def no_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where nobody has built the peers, nor has the recorded data."""
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path / "none")
    monkeypatch.setenv("TRIMARAN_DATA", str(tmp_path))


@pytest.mark.usefixtures("no_peers")
def test_rows_without_peers_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "QUICK", TINY)
    output = tmp_path / "results.json"
    monkeypatch.setattr(socket_at_rate, "RATE", 500)
    others = ("memory_per_book", *WITH_VENUES, *WITH_DESKS)
    chosen = [name for name, _ in run.BENCHMARKS if name not in others]
    assert run.main(["--quick", "--output", str(output), *(f"--only={name}" for name in chosen)]) == 0
    rows = msgspec.json.decode(output.read_bytes(), type=list[Row])
    names = [row.name for row in rows]
    channels = [f"frame_to_book {channel.key}" for channel in CHANNELS]
    assert names[: names.index("frame_to_book okx.spot books")].count("frame_to_book binance.spot depth") == 3
    assert list(dict.fromkeys(names)) == [
        *channels,
        "scan_update 100 assets x 6 books",
        "scan_update 200 assets x 3 books",
        "ledger_fill spot",
        "ledger_fill perpetual",
        "risk_gate rules",
        "risk_gate order",
        "risk_gate life",
        "socket_to_decision",
        "socket_to_decision 3 venues",
        "cpu_per_message",
        "order_life",
        "simulated_order",
    ]
    for row in rows:
        assert "cores" in row.conditions
        if not row.name.startswith(("socket_to_decision", "scan_update", "ledger_fill", "risk_gate")):
            assert (row.peer, row.peer_value, row.ratio) == (None, None, None)
            told = row.conditions.startswith(order_life.NO_PEER)
            assert told or "make bench-peers" in row.conditions or "cryptofeed" in row.conditions


@pytest.mark.usefixtures("no_peers")
def test_rows_against_simulated_venues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "QUICK", TINY)
    monkeypatch.setattr(watch_books, "CASES", watch_books.CASES[:1])
    markets = ("binance.spot", "okx.swap", "htx.spot")
    for module in (order_round_trip, simulator_throughput):
        monkeypatch.setattr(module, "MARKETS", markets)
    for name, value in (("ROUNDS_EACH", 1), ("STORM_S", 0.6), ("KILL_AFTER_S", 0.3)):
        monkeypatch.setattr(kill_storm, name, value)
    output = tmp_path / "results.json"
    chosen = [f"--only={name}" for name in WITH_VENUES]
    assert run.main(["--quick", "--output", str(output), *chosen]) == 0
    rows = msgspec.json.decode(output.read_bytes(), type=list[Row])
    assert [row.name for row in rows] == [
        *(f"order_entry {way.market} {way.name}" for way in order_entry.ways()),
        *(f"order_round_trip {market}" for market in markets for _ in range(2)),
        *(f"kill_storm {what}" for what in ("last order", "all cancelled", "proved")),
        *(f"simulator_throughput {market}" for market in markets),
        *(f"{case.text(TINY)} {what}" for case in watch_books.CASES for what, *_ in watch_books.UNITS),
    ]
    for row in rows:
        assert row.value > 0
        assert row.peer in (None, order_round_trip.BARE, kill_storm.BOUND)
        assert "cores" in row.conditions


@pytest.mark.long
@pytest.mark.usefixtures("no_peers")
def test_rows_of_desks_that_trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "QUICK", TINY)
    monkeypatch.setattr(soak, "PARTS", 4)
    output = tmp_path / "results.json"
    assert run.main(["--quick", "--output", str(output), *(f"--only={name}" for name in WITH_DESKS)]) == 0
    rows = msgspec.json.decode(output.read_bytes(), type=list[Row])
    assert [row.name for row in rows] == [
        "tick_to_order fast",
        "tick_to_order fast, socket to socket",
        "tick_to_order durable",
        "orders_per_second scripted venue",
        "orders_per_second simulated venue",
        *(f"desk_60 {count} instruments {what}" for count in (6, 4) for what in ("cpu", "memory")),
        "soak memory",
        "soak p99",
    ]
    for row in rows:
        assert row.value > 0
        assert "cores" in row.conditions
        assert (row.peer is None) == row.name.startswith("desk_60")


def test_a_slope_is_that_of_the_line_that_fits_best() -> None:
    assert soak.slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)
    assert soak.slope([0, 1, 2], [4, 4, 4]) == pytest.approx(0)


def test_a_merge_keeps_the_rows_that_were_not_measured_anew(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    assert run.kept(output, []) == []
    rows = [without_peer(name, 1.0, "us", "no other", "then") for name in ("old", "both", "both")]
    output.write_bytes(run.encoded(rows))
    assert run.kept(output, [without_peer("both", 2.0, "us", "no other", "now")]) == rows[:1]


def test_turns_alternate_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def turn(name: str) -> dict[str, int]:
        order.append(name)
        return {"turn": len(order)}

    figures = in_turns(["ours", "peer"], 2, turn)
    assert order == ["ours", "peer"] * 3
    assert figures == {"ours": [{"turn": 3}, {"turn": 5}], "peer": [{"turn": 4}, {"turn": 6}]}
    assert in_turns(["ours"], 1, turn, warm_up=0) == {"ours": [{"turn": 7}]}


def test_sides_that_disagree_about_the_book_are_refused() -> None:
    ours = [{"proof": [1.0, 2.0, 3.0, 4.0]}]
    assert_same_proof({"trimaran": ours, "ccxt": ours, "cryptofeed": [{"proof": [1.0, None, 3.0, None]}]})
    for wrong in ([1.0, 2.0, 3.0, 4.5], [None] * 4, [1.0, 2.0]):
        with pytest.raises(ValueError, match=r"ccxt|longer|shorter"):
            assert_same_proof({"trimaran": ours, "ccxt": [{"proof": wrong}]})


def test_every_lock_pins_every_line() -> None:
    for peer in PEERS.values():
        for way in peer.builds:
            lines = (peers.LOCKS / way.lock).read_text(encoding="utf-8").split()
            assert lines
            assert all("==" in line for line in lines)
