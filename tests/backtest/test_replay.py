"""Real captures: known figures, exactly; and what one lost, swapped or repeated event does to a book.

BTCUSDT on spot and USD-M, 2024-08-08 23:54 to 00:05 UTC. A bookTicker may skip a change: two of 6,493
spot comparisons differ, and that is the venue's.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trimaran.backtest.tape import GRID, PEEK_LINES
from trimaran.domain.answer import BookStatus, Flag, Kind, flags_of, kind_of
from trimaran.domain.facts import BookChanged

ALL = 1 << 20
FILES = {
    "spot": ("spot/btcusdt_20240808.gz", "spot/btcusdt_20240809.gz"),
    "usdm": ("usdm/btcusdt_20240808.gz",),
}
SLICE_LINES = {"spot": 6_000, "usdm": 8_000}
Replayed = Callable[..., Any]


@pytest.fixture(scope="module")
def whole(replay: Replayed, captures: Path) -> Any:
    return replay(*(captures / name for names in FILES.values() for name in names))


def test_nothing_is_missing(whole: Any) -> None:
    for market, frames in (("binance.spot", 99_574), ("binance.usdm", 93_954)):
        report = whole.report.markets[market]
        assert (report.frames, report.book, report.errors) == (frames, "live", {})
        assert (report.gaps, report.crossings, report.duplicates) == (0, 0, 0)
        assert (report.broken_lines, report.snapshots_unplaced) == (0, 0)
    assert whole.progress == list(range(20_000, 99_574 + 93_954, 20_000))


def test_books_agree_with_the_tickers(whole: Any) -> None:
    spot, usdm = whole.report.markets["binance.spot"], whole.report.markets["binance.usdm"]
    assert (spot.top_equal, spot.top_checked) == (6_491, 6_493)
    assert (usdm.top_equal, usdm.top_checked) == (6_547, 6_547)


def test_the_clocks_are_apart(whole: Any) -> None:
    for report in whole.report.markets.values():
        assert report.clock_offset_ms == pytest.approx(-1_270, abs=10)


def test_edges_between_spot_and_perpetual(whole: Any) -> None:
    edge = whole.report.edge
    assert (edge.states, edge.buy_spot_positive) == (93_838, 100)
    assert edge.sell_spot_mean_bps == pytest.approx(3.733, abs=0.0005)
    assert edge.sell_spot_max_bps == pytest.approx(11.041, abs=0.0005)


def test_the_last_books(whole: Any) -> None:
    last = {
        market: (book.update_id, book.bid, book.bid_size, book.ask, book.ask_size)
        for market, report in whole.report.markets.items()
        for book in report.final.values()
    }
    assert last == {
        "binance.spot": (50_093_696_318, "61602.01", "1.67177", "61602.02", "2.66795"),
        "binance.usdm": (5_123_135_475_514, "61659.7", "1.486", "61659.8", "0.981"),
    }


class Slice(NamedTuple):
    """The beginning of a capture, and where its depth events behind the snapshot stand."""

    market: str
    lines: tuple[bytes, ...]
    depths: tuple[int, ...]


@pytest.fixture(scope="module", params=FILES)
def part(request: pytest.FixtureRequest, captures: Path) -> Slice:
    with gzip.open(captures / FILES[request.param][0]) as file:
        lines = tuple(islice(file, SLICE_LINES[request.param]))
    snapshot = next(n for n, line in enumerate(lines) if b"lastUpdateId" in line)
    depths = (n for n, line in enumerate(lines) if n > snapshot and b"depthUpdate" in line)
    return Slice(request.param, lines, tuple(depths))


class Broken(NamedTuple):
    """A replay of a changed slice."""

    run: Any
    report: Any

    @property
    def changes(self) -> list[tuple[int, BookStatus, BookStatus]]:
        facts = (fact for fact in self.run.facts if isinstance(fact, BookChanged))
        return [(fact.local_ns, fact.before, fact.after) for fact in facts]

    @property
    def state_hash(self) -> int:
        return int(self.run.desk.hot.state_hash(0))


def replayed(replay: Replayed, part: Slice, folder: Path, lines: Sequence[bytes]) -> Broken:
    path = folder / "capture"
    path.write_bytes(b"".join(lines))
    run = replay(f"binance.{part.market}:{path}")
    (report,) = run.report.markets.values()
    return Broken(run, report)


def stamp(line: bytes) -> int:
    return int(line.split(b" ", 1)[0])


def swapped(lines: list[bytes], one: int, other: int) -> None:
    """Exchanges two payloads; the times stay."""
    (first_ns, first), (second_ns, second) = (lines[n].split(b" ", 1) for n in (one, other))
    lines[one], lines[other] = first_ns + b" " + second, second_ns + b" " + first


def true_snapshot(replay: Replayed, part: Slice, folder: Path, end: int) -> bytes:
    """What the venue would answer behind line `end`, from a run that nothing has disturbed."""
    hot = replayed(replay, part, folder, part.lines[: end + 1]).run.desk.hot
    sides = {
        name: [
            (format(GRID.decimal(p), "f"), format(GRID.decimal(s), "f")) for p, s in hot.depth(0, side, ALL)
        ]
        for side, name in enumerate(("bids", "asks"))
    }
    return json.dumps({"lastUpdateId": hot.last_id(0), **sides}).encode()


@pytest.fixture
def unbroken(replay: Replayed, part: Slice, tmp_path: Path) -> Broken:
    found = replayed(replay, part, tmp_path, part.lines)
    assert [after for _, _, after in found.changes] == [BookStatus.SYNCING, BookStatus.LIVE]
    assert found.report.gaps == 0
    return found


@pytest.mark.parametrize("damage", ["deleted", "swapped"])
@pytest.mark.parametrize("place", [0, 30, 100])
def test_a_damaged_stream_is_stale_at_once_and_converges(
    replay: Replayed, part: Slice, unbroken: Broken, tmp_path: Path, damage: str, place: int
) -> None:
    here, following = part.depths[place : place + 2]
    lines = list(part.lines)
    if damage == "deleted":
        lines[here] = b""
        noticed_ns = stamp(part.lines[following])
    else:
        swapped(lines, here, following)
        noticed_ns = stamp(part.lines[here])
    stale = replayed(replay, part, tmp_path, lines)
    assert stale.changes[2:] == [(noticed_ns, BookStatus.LIVE, BookStatus.STALE)]
    assert (stale.report.gaps, stale.report.book) == (1, "stale")
    assert stale.run.desk.hot.top(0)[:4] == (0, 0, 0, 0)
    went = [n for n, answer in enumerate(stale.run.answers) if flags_of(answer) & Flag.WENT_STALE]
    assert len(went) == 1

    snapshot = true_snapshot(replay, part, tmp_path, part.depths[place + 6])
    late = part.depths[place + 9]  # the answer has been on its way while events went on
    lines.insert(late, b"%d %s\n" % (stamp(part.lines[late]), snapshot))
    healed = replayed(replay, part, tmp_path, lines)
    assert [change[2] for change in healed.changes[2:]] == [BookStatus.STALE, BookStatus.LIVE]
    assert healed.changes[-1][0] == stamp(part.lines[late])
    assert (healed.report.gaps, healed.report.book) == (1, "live")
    assert healed.state_hash == unbroken.state_hash
    assert healed.run.desk.hot.last_id(0) == unbroken.run.desk.hot.last_id(0)


def test_a_repeated_event_is_ignored(replay: Replayed, part: Slice, unbroken: Broken, tmp_path: Path) -> None:
    lines = list(part.lines)
    lines.insert(part.depths[40] + 1, lines[part.depths[40]])
    lines.insert(part.depths[60], part.lines[part.depths[50]])
    repeated = replayed(replay, part, tmp_path, lines)
    assert (repeated.report.duplicates, repeated.report.gaps, repeated.report.book) == (2, 0, "live")
    assert repeated.changes == unbroken.changes
    assert repeated.state_hash == unbroken.state_hash


def test_a_cut_line_is_suspect_until_the_next_event(replay: Replayed, part: Slice, tmp_path: Path) -> None:
    ticker = next(
        n for n, line in enumerate(part.lines) if n > part.depths[20] and b"depthUpdate" not in line
    )
    lines = list(part.lines)
    lines[ticker] = lines[ticker][:60] + b"\n"
    found = replayed(replay, part, tmp_path, lines)
    assert [change[2] for change in found.changes[2:]] == [BookStatus.SUSPECT, BookStatus.LIVE]
    assert (found.report.gaps, found.report.errors) == (0, {"MALFORMED": 1})


def test_the_twin_says_the_same(replay: Replayed, part: Slice, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(b"".join(part.lines[:5_000]))
    assert len(part.lines) > 5_000 > PEEK_LINES
    native, twin = (replay(f"binance.{part.market}:{path}", twin=twin) for twin in (False, True))
    assert native.answers == twin.answers
    assert native.report == twin.report
    assert native.facts == twin.facts
    hot, other = native.desk.hot, twin.desk.hot
    for name in ("state_hash", "top", "ticker", "last_trade", "counters", "status", "edges", "units"):
        assert getattr(hot, name)(0) == getattr(other, name)(0), name
    kinds = {kind_of(answer) for answer in native.answers}
    assert kinds > {Kind.DEPTH, Kind.TICKER, Kind.TRADE, Kind.SNAPSHOT}
