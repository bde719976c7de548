"""Captures: lines, what is broken in them, and whose they are."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimaran.backtest.tape import open_tapes, read_lines
from trimaran.backtest.tape_line import BrokenLine, TapeError, TapeLine
from trimaran.domain.instrument import ContractKind, Grid

SPOT = b'{"stream":"x","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}}'
USDM = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[],"a":[]}'
SPOT_TICKER = b'{"u":1,"s":"ETHBTC","b":"1","B":"1","a":"2","A":"1"}'
USDM_TICKER = b'{"e":"bookTicker","u":1,"E":1,"s":"ETHUSDT","b":"1","B":"1","a":"2","A":"1"}'


def write(path: Path, *payloads: bytes, start_ns: int = 1_000) -> str:
    path.write_bytes(b"".join(b"%d %s\n" % (start_ns + n, each) for n, each in enumerate(payloads)))
    return str(path)


def test_plain_and_packed_are_read_alike(tmp_path: Path) -> None:
    plain = Path(write(tmp_path / "plain.txt", SPOT, SPOT_TICKER))
    packed = tmp_path / "packed.any"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_lines(plain)) == [TapeLine(1_000, SPOT), TapeLine(1_001, SPOT_TICKER)]
    assert list(read_lines(packed)) == list(read_lines(plain))


@pytest.mark.parametrize(
    "line",
    [b"nonsense", b"12x {}", b"{}", b"-5 {}", b"12345678901234567890 {}", b"\xff\xfe {}", "١ {}".encode()],
)
def test_a_broken_line_is_told_and_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "capture"
    path.write_bytes(b"1 {}\n\n" + line + b"\n  \n4 {}\r\n5 {}")
    first, broken, *rest = read_lines(path)
    assert first == TapeLine(1, b"{}")
    assert isinstance(broken, BrokenLine)
    assert (broken.path, broken.number) == (path, 3)
    assert rest == [TapeLine(4, b"{}"), TapeLine(5, b"{}")]


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damaged_gzip_ends_in_a_broken_line(tmp_path: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(b"".join(b"%d %s\n" % (n, SPOT) for n in range(3_000))))
    if damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "capture.gz"
    path.write_bytes(packed)
    *good, last = read_lines(path)
    assert isinstance(last, BrokenLine)
    assert isinstance(good[0], TapeLine)


def test_a_file_cut_in_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(b"1 {}\n17231")
    assert [type(line) for line in read_lines(path)] == [TapeLine, BrokenLine]


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(TapeError, match="expected a readable capture"):
        list(read_lines(tmp_path / name))
    with pytest.raises(TapeError, match=r"expected (a readable capture|recordings)"):
        open_tapes([str(tmp_path / name)])


def test_an_empty_capture(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="expected lines of `<ns> <frame>`, found none"):
        open_tapes([write(tmp_path / "empty")])


@pytest.mark.parametrize("payload", [b"<html>", b'{"channel":"books","arg":{}}', b"[1,2]", b"42"])
def test_a_capture_of_something_else(tmp_path: Path, payload: bytes) -> None:
    with pytest.raises(TapeError, match="found no frame with a symbol"):
        open_tapes([write(tmp_path / "other", payload)])


@pytest.mark.parametrize(
    ("payload", "market"),
    [
        (SPOT, "binance.spot"),
        (SPOT_TICKER, "binance.spot"),
        (USDM, "binance.usdm"),
        (USDM_TICKER, "binance.usdm"),
        (b'{"e":"trade","E":1,"s":"BTCUSDT"}', "binance.spot"),
    ],
)
def test_the_market_is_recognised(tmp_path: Path, payload: bytes, market: str) -> None:
    (tape,) = open_tapes([write(tmp_path / "capture", b"<html>", payload)])
    assert tape.market == market


def test_the_market_can_be_told(tmp_path: Path) -> None:
    file = write(tmp_path / "capture", SPOT)
    assert open_tapes([f"binance.usdm:{file}"])[0].market == "binance.usdm"
    with pytest.raises(TapeError, match="readable"):
        open_tapes([f"binance.coinm:{file}"])  # no market of ours: part of a file name


def test_captures_of_one_market_follow_each_other(tmp_path: Path) -> None:
    late = write(tmp_path / "a_late", SPOT_TICKER, start_ns=9_000)
    early = write(tmp_path / "b_early", SPOT, start_ns=1_000)
    other = write(tmp_path / "other", USDM, start_ns=5_000)
    spot, usdm = open_tapes([late, other, early])
    assert [path.name for path in spot.paths] == ["b_early", "a_late"]
    assert spot.symbols == ("BTCUSDT", "ETHBTC")
    assert [line.local_ns for line in spot.lines() if isinstance(line, TapeLine)] == [1_000, 9_000]
    assert (usdm.market, usdm.symbols) == ("binance.usdm", ("BTCUSDT",))


def test_instruments_stand_on_the_finest_grid(tmp_path: Path) -> None:
    (tape,) = open_tapes(["binance.usdm:" + write(tmp_path / "x", SPOT, b'{"e":"trade","s":"ODDPAIR"}')])
    bitcoin, odd = tape.instruments()
    assert (bitcoin.base, bitcoin.quote, bitcoin.kind) == ("BTC", "USDT", ContractKind.PERPETUAL)
    assert bitcoin.price_grid == bitcoin.size_grid == Grid(1, -8)
    assert odd.key == "binance.usdm:ODDPAIR"


def small(*changes: tuple[int, bytes]) -> list[bytes]:
    """A spot capture: a snapshot, then events 11, 12, ..; `changes` replace lines by their number."""
    body = {"lastUpdateId": 10, "bids": [["1.00", "1"]], "asks": [["2.00", "1"]]}
    depth = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "a": []}
    lines = [json.dumps({**depth, "U": 10, "u": 10, "b": []}).encode(), json.dumps(body).encode()]
    lines += [json.dumps({**depth, "U": n, "u": n, "b": [["1.00", str(n)]]}).encode() for n in range(11, 16)]
    for number, line in changes:
        lines[number] = line
    return lines


def test_a_small_replay(tmp_path: Path, replay: Callable[..., Any]) -> None:
    run = replay(write(tmp_path / "capture", *small()))
    market = run.report.markets["binance.spot"]
    assert (market.frames, market.gaps, market.book, market.errors) == (7, 0, "live", {})
    assert run.desk.hot.last_id(0) == 15


def test_broken_lines_and_frames_in_a_replay(tmp_path: Path, replay: Callable[..., Any]) -> None:
    """A line that cannot be read casts suspicion; the next event shows whether it was one."""
    path = tmp_path / "capture"
    write(path, *small((4, b"<html>")))
    lost = replay(path).report.markets["binance.spot"]
    assert (lost.book, lost.gaps, lost.errors) == ("stale", 1, {"MALFORMED": 1})
    write(path, *small())
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:4], b"not a line", *lines[4:]]))
    found = replay(path).report.markets["binance.spot"]
    assert (found.book, found.gaps, found.broken_lines, found.frames) == ("live", 0, 1, 7)


def test_a_snapshot_of_two_symbols_has_no_place(tmp_path: Path, replay: Callable[..., Any]) -> None:
    report = replay(write(tmp_path / "capture", *small(), SPOT_TICKER)).report.markets["binance.spot"]
    assert (report.snapshots_unplaced, report.book) == (1, "stale")
