"""The native decoder against its msgspec twin: tables of cases, and structure-aware fuzzing.

The law of fuzzing: garbage gives the documented error or nothing, and both twins say the same.
"""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.decoding import Row, Twins, edited, edits, spell
from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.books.sequencing import Law
from trimaran.domain.answer import Kind
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Grid
from trimaran.domain.market import BookGrid, DepthSnapshot
from trimaran.venues.binance.parse import BinanceDecoder

GRIDS = {
    "BTCUSDT": BookGrid("BTCUSDT", Grid(1, -2), Grid(1, -8)),
    "ODDUSDT": BookGrid("ODDUSDT", Grid(5, -3), Grid(25, -1)),
}


TWINS = {
    Law.OVERLAP: Twins(Dialect.BINANCE_SPOT, BinanceDecoder(Law.OVERLAP), GRIDS),
    Law.CHAIN: Twins(Dialect.BINANCE_USDM, BinanceDecoder(Law.CHAIN), GRIDS),
}


def assert_twins_agree(law: Law, *payloads: bytes) -> Row:
    return TWINS[law].agree(*payloads)


DEPTH = {
    "e": "depthUpdate",
    "E": 1723161255208,
    "s": "BTCUSDT",
    "U": 157,
    "u": 160,
    "pu": 149,
    "b": [["61737.63000000", "0.00000000"], ["61730.17", "1.5"]],
    "a": [["61837.64000000", "1.54698000"]],
}
BOOK_TICKER = {"u": 400900217, "s": "BTCUSDT", "b": "25.35", "B": "31.21", "a": "25.36", "A": "40.66"}
TRADE = {"e": "trade", "E": 5, "s": "BTCUSDT", "t": 12345, "p": "61837.63", "q": "0.02", "T": 4, "m": True}
AGG_TRADE = {"e": "aggTrade", "E": 5, "s": "BTCUSDT", "a": 26129, "p": "0.01", "q": "4.7", "m": False}
REPLY = {"result": None, "id": 1}
SHUTDOWN = {"e": "serverShutdown", "E": 1770123456789}
SEEDS = [DEPTH, BOOK_TICKER, TRADE, AGG_TRADE, REPLY, SHUTDOWN]


def combined(event: object, stream: str = "btcusdt@depth@100ms") -> dict[str, object]:
    return {"stream": stream, "data": event}


@pytest.mark.parametrize("law", TWINS)
@pytest.mark.parametrize("event", [*SEEDS, *map(combined, SEEDS)])
def test_documented_frames(law: Law, event: dict[str, object]) -> None:
    row = assert_twins_agree(law, json.dumps(event).encode())
    assert row[0] != Kind.ERROR
    assert row == assert_twins_agree(law, json.dumps(event, separators=(",", ":")).encode())


def test_depth_is_exact() -> None:
    row = assert_twins_agree(Law.CHAIN, json.dumps(DEPTH).encode())
    assert row[4:8] == (157, 160, 149, 1723161255208_000_000)
    assert row[8] == [(6173763, 0), (6173017, 150_000_000)]
    assert row[9] == [(6183764, 154_698_000)]


NUMBERS = [
    ("61837.63", None, 6183763),
    ("6.183763e4", None, 6183763),
    ("6183763E-2", None, 6183763),
    ("61837.6300000000000000000000000000000", None, 6183763),
    ("0.6183763e+5", None, 6183763),
    ("1e2", None, 10000),
    ("61837.635", DecodeKind.OFF_GRID, 0),
    ("1e-3", DecodeKind.OFF_GRID, 0),
    ("0", DecodeKind.RANGE, 0),
    ("0e9", DecodeKind.RANGE, 0),
    ("-1", DecodeKind.RANGE, 0),
    ("123456789012345678901234567890", DecodeKind.RANGE, 0),
    ("1e400", DecodeKind.RANGE, 0),
    ("1e99999999999999999999", DecodeKind.RANGE, 0),
    ("1e-99999999999999999999", DecodeKind.OFF_GRID, 0),
    ("11258999068426.24", None, 2**50),
    ("11258999068426.25", DecodeKind.RANGE, 0),
]


@pytest.mark.parametrize(("text", "fault", "ticks"), NUMBERS)
@pytest.mark.parametrize("quoted", [True, False])
def test_numbers_are_exact_or_refused(text: str, fault: DecodeKind | None, ticks: int, quoted: bool) -> None:
    number = f'"{text}"' if quoted else text
    frame = f'{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":1,"b":[[{number},"1"]],"a":[]}}'.encode()
    row = assert_twins_agree(Law.OVERLAP, frame)
    if ticks:
        assert row[8] == [(ticks, 100_000_000)]
    else:
        assert row[:4] == (Kind.ERROR, fault, 0, True)


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "1.", ".5", "01", "0x1", "NaN", "1_0", "١", "1e", "--1"]
)
def test_strings_that_are_no_numbers(text: str) -> None:
    frame = json.dumps({**DEPTH, "b": [[text, "1"]]}).encode()
    assert assert_twins_agree(Law.OVERLAP, frame)[:2] == (Kind.ERROR, DecodeKind.SCHEMA)


WRONG = [
    (b"", DecodeKind.MALFORMED),
    (b"<html><body>502 Bad Gateway</body></html>", DecodeKind.MALFORMED),
    (b"[1,2]", DecodeKind.SCHEMA),
    (b'"depthUpdate"', DecodeKind.SCHEMA),
    (b'{"e":1}', DecodeKind.SCHEMA),
    (b'{"e":"trade","s":5}', DecodeKind.SCHEMA),
    (b'{"e":"trade","s":"NOPE"}', DecodeKind.UNKNOWN_SYMBOL),
    (b'{"stream":1,"data":{}}', DecodeKind.SCHEMA),
    (b"[" * 40 + b"]" * 40, DecodeKind.MALFORMED),
    (b'{"x":' + b"1" * 1001 + b"}", DecodeKind.MALFORMED),
    (b'{"x":"\xff"}', DecodeKind.MALFORMED),
    (b'{"x":"\\ud800"}', DecodeKind.MALFORMED),
    (b" " * (4 * 1024 * 1024 + 1), DecodeKind.OVERSIZE),
]


@pytest.mark.parametrize(("payload", "kind"), WRONG, ids=range(len(WRONG)))
def test_garbage_is_typed(payload: bytes, kind: DecodeKind) -> None:
    assert assert_twins_agree(Law.OVERLAP, payload)[:2] == (Kind.ERROR, kind)


def test_too_many_levels() -> None:
    frame = json.dumps({**DEPTH, "b": [["1", "1"]] * 10_001}).encode()
    assert assert_twins_agree(Law.OVERLAP, frame)[:2] == (Kind.ERROR, DecodeKind.OVERSIZE)


def test_partial_depth_streams_are_not_diffs() -> None:
    frame = json.dumps(combined(DEPTH, "btcusdt@depth5@100ms")).encode()
    assert assert_twins_agree(Law.CHAIN, frame)[0] == Kind.IGNORED


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("x" * 110 + "@depth20", Kind.IGNORED),
        ("x" * 130 + "@depth20", Kind.DEPTH),
        ("币@depth20", Kind.DEPTH),
        ('"@depth20', Kind.IGNORED),
    ],
)
def test_strange_stream_names_are_the_same_to_both(stream: str, kind: Kind, ascii_only: bool) -> None:
    frame = json.dumps(combined(DEPTH, stream), ensure_ascii=ascii_only).encode()
    assert assert_twins_agree(Law.CHAIN, frame)[0] == kind


@pytest.mark.parametrize("cut", range(0, 180, 3))
def test_cut_frames(cut: int) -> None:
    frame = json.dumps(combined(DEPTH)).encode()[:-1]
    assert assert_twins_agree(Law.CHAIN, frame[: len(frame) - cut])[:2] == (Kind.ERROR, DecodeKind.MALFORMED)


def test_snapshot_twins_agree() -> None:
    native, twin = TWINS[Law.OVERLAP].native(), TWINS[Law.OVERLAP].twin
    body = b'{"lastUpdateId":160,"E":7,"bids":[["4.00","431"],["3.9","1e-8"]],"asks":[["4.02","12.1"]]}'
    snapshot = twin.snapshot(body, GRIDS["BTCUSDT"])
    row = native.snapshot(body, 0)
    assert isinstance(snapshot, DepthSnapshot)
    assert (row[5], row[7]) == (160, 7_000_000)
    assert (snapshot.last_id, list(snapshot.bids), list(snapshot.asks)) == (row[5], row[8], row[9])
    for wrong in (b"[]", b"{}", b"<html>", body.replace(b"4.00", b"4.001"), body.replace(b"asks", b"a")):
        with pytest.raises(DecodeError) as refused:
            twin.snapshot(wrong, GRIDS["BTCUSDT"])
        assert native.snapshot(wrong, 0)[:2] == (Kind.ERROR, refused.value.kind)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.sampled_from(
        ["61837.63", "0.00000000", "1e-8", "BTCUSDT", "ODDUSDT", "depthUpdate", "", "0.005", "2.5"]
    ),
    st.decimals(0, 10**6, places=3).map(str),
    st.text(max_size=8),
)
levels = st.lists(st.lists(scalars, max_size=3), max_size=4)
keys = st.sampled_from(
    ["e", "E", "s", "U", "u", "pu", "b", "a", "B", "A", "p", "q", "t", "m", "stream", "data", "id", "x"]
)


@settings(max_examples=600, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.dictionaries(keys, st.one_of(scalars, levels), max_size=3),
    dropped=st.sets(keys, max_size=1),
    wrap=st.booleans(),
    law=st.sampled_from(list(TWINS)),
    spelling=st.integers(0, 2**32),
)
def test_structured_fuzz(seed, changes, dropped, wrap, law, spelling) -> None:  # type: ignore[no-untyped-def]
    event = {key: value for key, value in {**seed, **changes}.items() if key not in dropped}
    text = spell(combined(event) if wrap else event, random.Random(spelling))
    assert_twins_agree(law, json.dumps(seed).encode(), text.encode("utf-8", "surrogatepass"))


@settings(max_examples=600, deadline=None)
@given(
    seed=st.sampled_from([combined(DEPTH), DEPTH, BOOK_TICKER, combined(TRADE)]),
    changes=edits,
)
def test_byte_fuzz(seed, changes) -> None:  # type: ignore[no-untyped-def]
    frame = json.dumps(seed).encode()
    assert_twins_agree(Law.CHAIN, frame, edited(frame, changes))


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_buffer(wrap: type) -> None:
    payload = json.dumps(DEPTH).encode()
    assert assert_twins_agree(Law.CHAIN, wrap(payload))[0] == Kind.DEPTH
