"""The native OKX decoder against its msgspec twin: tables of cases. Numbers and fuzzing stand beside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.decoding import Row
from tests.support.okx_frames import (
    BBO,
    BOOKS5,
    CONTROL,
    FUNDING,
    FUNDING_ITEM,
    GRIDS,
    KEEP_ALIVE,
    MARK,
    MARK_ITEM,
    RESET,
    SEEDS,
    SHORT_ITEM,
    SNAPSHOT,
    SNAPSHOT_ITEM,
    SPOT,
    SWAP,
    TICKER_ITEM,
    TICKERS,
    TRADE,
    TRADE_ITEM,
    TWINS,
    UPDATE,
    UPDATE_ITEM,
    agree,
    push,
    update,
    without,
)
from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import LEVELS_PER_SIDE_MAX, TIME_MS_MAX, UPDATE_ID_MAX
from trimaran.domain.answer import NO_BOOK, Kind
from trimaran.venues.okx.parse import OkxDecoder

NO_TICKS, NO_REFERENCE = (0, 0, 0, 0), (0, 0)
ASKS = [(847698, 41_500_000_000), (847700, 700_000_000)]
BIDS = [(847697, 25_600_000_000), (847555, 10_150_000_000)]


def row(kind: Kind, book: int, ids: tuple[int, int, int], ms: int, **said: Any) -> Row:
    """The answer to a frame without a fault."""
    body = {"bids": [], "asks": [], "ticks": NO_TICKS, "sold": False, "reference": NO_REFERENCE, **said}
    return (kind, 0, book, False, *ids, ms * 1_000_000, *body.values())


NO_ID = (0, 0, -1)
BEST = (1278268, 1, 1278270, 3495)
DOCUMENTED: list[tuple[str, object, Row]] = [
    ("snapshot", SNAPSHOT, row(Kind.SNAPSHOT, 0, (0, 123456, -1), 1597026383085, bids=BIDS, asks=ASKS)),
    ("update", UPDATE, row(Kind.DEPTH, 0, (123457, 123457, 123456), 1597026383185, asks=[(847700, 0)])),
    ("keep-alive", KEEP_ALIVE, row(Kind.DEPTH, 0, (123457, 123457, 123457), 1597026383185)),
    ("reset", RESET, row(Kind.DEPTH, 0, (3, 3, 123457), 1597026383185, asks=[(847700, 0)])),
    ("books5", BOOKS5, row(Kind.TICKER, 1, (0, 333794734980, -1), 1786540436090, ticks=BEST)),
    ("bbo-tbt", BBO, row(Kind.TICKER, 1, (0, 333794734980, -1), 1786540436090, ticks=BEST)),
    ("trades", TRADE, row(Kind.TRADE, 0, (0, 1040968613, -1), 1786538760218, ticks=(6404020, 240857, 0, 0))),
    ("tickers", TICKERS, row(Kind.STATS, 0, NO_ID, 1786538760218, ticks=(6404020, 0, 0, 0))),
    ("mark-price", MARK, row(Kind.MARK, 1, NO_ID, 1786538760218, reference=(64_040_123 * 10**9, 0))),
    ("funding-rate", FUNDING,
     row(Kind.FUNDING, 1, NO_ID, 1786538760218, reference=(151_500_000, 1786550400000))),
    *((f"control {n}", frame, (Kind.CONTROL, 0, NO_BOOK, False)) for n, frame in enumerate(CONTROL)),
    ("pong", b"pong", (Kind.CONTROL, 0, NO_BOOK, False)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "expected"), [case[1:] for case in DOCUMENTED], ids=[c[0] for c in DOCUMENTED]
)
def test_documented_frames(frame: object, expected: Row) -> None:
    assert agree(frame) == expected
    if isinstance(frame, dict):
        assert agree(json.dumps(frame, separators=(",", ":")).encode()) == expected
        backwards = dict(reversed(frame.items()))  # `data` before `arg`
        assert agree(backwards) == expected
        strange = {**frame, "data2": [], "data": frame.get("data", [])} if "data" in frame else frame
        assert agree(strange) == expected


@pytest.mark.parametrize("channel", ["books-l2-tbt", "books50-l2-tbt"])
def test_every_book_channel_is_a_book(channel: str) -> None:
    assert agree(push(channel, UPDATE_ITEM, action="update")) == agree(UPDATE)


@pytest.mark.parametrize("checksum", [0, -855196043, "wrong", None, 1.5, [], True])
def test_the_checksum_never_matters(checksum: object) -> None:
    assert agree(update(checksum=checksum)) == agree(UPDATE)
    assert agree(push("books", without(UPDATE_ITEM, "checksum"), action="update")) == agree(UPDATE)


S, R, G, M = DecodeKind.SCHEMA, DecodeKind.RANGE, DecodeKind.OFF_GRID, DecodeKind.MALFORMED
U = DecodeKind.UNKNOWN_SYMBOL
IGNORED = 0
# (what, frame, fault or IGNORED, book, whether a depth event is lost)
CASES: list[tuple[str, object, int, int, bool]] = [
    ("no arg", without(UPDATE, "arg"), IGNORED, NO_BOOK, False),
    ("arg is no object", {**UPDATE, "arg": []}, S, NO_BOOK, False),
    ("arg is null", {**UPDATE, "arg": None}, S, NO_BOOK, False),
    ("arg is empty", {**UPDATE, "arg": {}}, S, NO_BOOK, False),
    ("the channel is a number", {**UPDATE, "arg": {"channel": 1, "instId": SPOT}}, S, NO_BOOK, False),
    ("the channel is a fraction", b'{"arg":{"channel":1.5,"instId":"BTC-USDT"}}', S, NO_BOOK, False),
    ("an unknown channel", push("candle1m", {}), IGNORED, NO_BOOK, False),
    ("an unknown channel of nothing", {"arg": {"channel": "price-limit"}}, IGNORED, NO_BOOK, False),
    ("an unknown channel with a long name", push("books" * 9, {}), IGNORED, NO_BOOK, False),
    ("no instrument", {**UPDATE, "arg": {"channel": "books"}}, S, NO_BOOK, False),
    ("the instrument is a number", {**UPDATE, "arg": {"channel": "books", "instId": 5}}, S, NO_BOOK, False),
    ("an unknown instrument", push("books", UPDATE_ITEM, "NO-USDT", action="update"), U, NO_BOOK, False),
    ("no instrument's name", push("books", UPDATE_ITEM, "", action="update"), U, NO_BOOK, False),
    ("no action", without(UPDATE, "action"), S, 0, True),
    ("an unknown action", {**UPDATE, "action": "upsert"}, S, 0, True),
    ("the action is null", {**UPDATE, "action": None}, S, 0, True),
    ("no data", without(UPDATE, "data"), S, 0, True),
    ("data is null", {**UPDATE, "data": None}, S, 0, True),
    ("data is an object", {**UPDATE, "data": UPDATE_ITEM}, S, 0, True),
    ("empty data", {**UPDATE, "data": []}, S, 0, True),
    ("empty data of trades", {**TRADE, "data": []}, S, 0, False),
    ("two books", {**UPDATE, "data": [UPDATE_ITEM, UPDATE_ITEM]}, S, 0, True),
    ("two books of which the first is wrong", {**UPDATE, "data": [{"ts": "-1"}, UPDATE_ITEM]}, S, 0, True),
    ("two short books", {**BOOKS5, "data": [SHORT_ITEM, SHORT_ITEM]}, S, 1, False),
    ("two mark prices", {**MARK, "data": [MARK_ITEM, MARK_ITEM]}, S, 1, False),
    ("the element is no object", {**UPDATE, "data": [[]]}, S, 0, True),
    ("the element is null", {**TRADE, "data": [None]}, S, 0, False),
    ("no time", push("books", without(UPDATE_ITEM, "ts"), action="update"), S, 0, True),
    ("the time is empty", update(ts=""), S, 0, True),
    ("the time is null", update(ts=None), S, 0, True),
    ("the time is true", update(ts=True), S, 0, True),
    ("the time is negative", update(ts="-1"), R, 0, True),
    ("the time is late", update(ts=str(TIME_MS_MAX + 1)), R, 0, True),
    ("the time is broken", update(ts="1.5"), S, 0, True),
    ("seqId is text", update(seqId="7"), S, 0, True),
    ("seqId is null", update(seqId=None), S, 0, True),
    ("seqId is negative", update(seqId=-1), R, 0, True),
    ("seqId is large", update(seqId=UPDATE_ID_MAX + 1), R, 0, True),
    ("seqId is broken", update(seqId=1.5), S, 0, True),
    ("prevSeqId is text", update(prevSeqId="-1"), S, 0, True),
    ("prevSeqId is null", update(prevSeqId=None), S, 0, True),
    ("prevSeqId is -2", update(prevSeqId=-2), R, 0, True),
    ("an update after nothing", update(prevSeqId=-1), R, 0, True),
    ("-1, spelt otherwise", json.dumps(UPDATE).replace(": 123456,", ": -1.0,").encode(), R, 0, True),
    ("no bids", push("books", without(UPDATE_ITEM, "bids"), action="update"), S, 0, True),
    ("no asks of a snapshot", push("books", without(SNAPSHOT_ITEM, "asks"), action="snapshot"), S, 0, True),
    ("no asks of a short book", push("books5", without(SHORT_ITEM, "asks"), SWAP), S, 1, False),
    ("bids are null", update(bids=None), S, 0, True),
    ("a level is null", update(bids=[None]), S, 0, True),
    ("a level is empty", update(bids=[[]]), S, 0, True),
    ("a level is short", update(bids=[["1"]]), S, 0, True),
    ("a price is null", update(bids=[[None, "1"]]), S, 0, True),
    ("a price is empty", update(bids=[["", "1", "0", "1"]]), S, 0, True),
    ("a price is 0", update(bids=[["0", "1", "0", "1"]]), R, 0, True),
    ("a price is off the grid", update(bids=[["1.001", "1", "0", "1"]]), G, 0, True),
    ("a size is negative", update(bids=[["1", "-1", "0", "1"]]), R, 0, True),
    ("a size is off the grid", update(bids=[["1", "1e-9", "0", "1"]]), G, 0, True),
    ("bids are looked at first", update(bids=[["1.001", "1"]], asks=[["0", "1"]]), G, 0, True),
    ("ids before sides", update(seqId=-5, bids=[["1.001", "1"]]), R, 0, True),
    ("too many levels", update(asks=[["1", "1"]] * (LEVELS_PER_SIDE_MAX + 1)), DecodeKind.OVERSIZE, 0, True),
    ("a trade without an id", push("trades", {**TRADE_ITEM, "tradeId": ""}), S, 0, False),
    ("a trade with no side", push("trades", without(TRADE_ITEM, "side")), S, 0, False),
    ("a trade with a strange side", push("trades", {**TRADE_ITEM, "side": "Buy"}), S, 0, False),
    ("a trade off the grid", push("trades", {**TRADE_ITEM, "px": "0.001"}), G, 0, False),
    ("the second trade is wrong", {**TRADE, "data": [TRADE_ITEM, {**TRADE_ITEM, "px": "x"}]}, S, 0, False),
    ("statistics without a price", push("tickers", without(TICKER_ITEM, "last")), S, 0, False),
    ("a mark price that is a number", push("mark-price", {**MARK_ITEM, "markPx": 5}, SWAP), S, 1, False),
    ("a mark price that is empty", push("mark-price", {**MARK_ITEM, "markPx": ""}, SWAP), S, 1, False),
    ("no rate", push("funding-rate", without(FUNDING_ITEM, "fundingRate"), SWAP), S, 1, False),
    ("no funding time", push("funding-rate", without(FUNDING_ITEM, "fundingTime"), SWAP), S, 1, False),
    ("an empty funding time", push("funding-rate", {**FUNDING_ITEM, "fundingTime": ""}, SWAP), S, 1, False),
    ("nothing", b"", M, NO_BOOK, False),
    ("an array", b"[]", S, NO_BOOK, False),
    ("almost pong", b"pong ", M, NO_BOOK, False),
    ("pong in quotes", b'"pong"', S, NO_BOOK, False),
    ("a page", b"<html><body>502 Bad Gateway</body></html>", M, NO_BOOK, False),
    ("bad UTF-8", b'{"x":"\xff"}', M, NO_BOOK, False),
    ("two texts", json.dumps(UPDATE).encode() * 2, M, NO_BOOK, False),
    ("too large", b" " * (4 * 1024 * 1024 + 1), DecodeKind.OVERSIZE, NO_BOOK, False),
]


@pytest.mark.parametrize(
    ("frame", "fault", "book", "lost"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_wrong_frames_are_typed(frame: object, fault: int, book: int, lost: bool) -> None:
    kind = Kind.ERROR if fault else Kind.IGNORED
    assert agree(frame) == (kind, fault, book, lost)
    if isinstance(frame, dict):
        assert agree(dict(reversed(frame.items()))) == (kind, fault, book, lost)


def test_ids_are_optional() -> None:
    """Recordings from before 2023 have none."""
    old = without(UPDATE_ITEM, "seqId", "prevSeqId")
    assert agree(push("books", old, action="update"))[4:7] == (0, 0, 0)
    assert agree(push("books", old, action="snapshot"))[4:7] == (0, 0, -1)
    assert agree(push("books5", old))[:6] == (Kind.TICKER, 0, 0, False, 0, 0)


def test_the_last_trade_of_several_counts() -> None:
    later = {**TRADE_ITEM, "tradeId": 1040968614, "side": "sell", "sz": 3}
    found = agree({**TRADE, "data": [TRADE_ITEM, later]})
    assert (found[5], found[10], found[11]) == (1040968614, (6404020, 300_000_000, 0, 0), True)


def test_an_empty_side_of_a_short_book_is_no_price() -> None:
    assert agree(push("bbo-tbt", {**SHORT_ITEM, "bids": []}, SWAP))[10] == (0, 0, 1278270, 3495)
    assert agree(push("bbo-tbt", {**SHORT_ITEM, "asks": [], "bids": []}, SWAP))[10] == NO_TICKS


def test_nothing_was_traded_yet() -> None:
    assert agree(push("tickers", {**TICKER_ITEM, "last": ""}))[10] == NO_TICKS


REPEATED = [
    (b'{"arg":{"channel":"trades","instId":"BTC-USDT"},%s,"arg":%s}', Kind.DEPTH, 0),
    (b'{"arg":%s,"data":[7],"data":null,%s}', Kind.ERROR, 1),
    (b'{"arg":%s,%s,"data":[]}', Kind.ERROR, 1),
    (b'{"arg":%s,"arg":{"channel":"books","instId":"NO"},%s}', Kind.ERROR, 1),
    (b'{"arg":%s,%s,"arg":7}', Kind.ERROR, 1),
    (b'{"arg":{"channel":"books","channel":"trades","instId":"NO"},"arg":%s,%s}', Kind.DEPTH, 1),
]


@pytest.mark.parametrize(("shape", "kind", "order"), REPEATED, ids=range(len(REPEATED)))
def test_of_a_repeated_key_the_last_one_counts(shape: bytes, kind: Kind, order: int) -> None:
    arg = json.dumps(UPDATE["arg"]).encode()
    rest = json.dumps({"action": "update", "data": UPDATE["data"]}).encode()[1:-1]
    found = agree(shape % ((arg, rest) if order else (rest, arg)))
    if b'"data":null' in shape:
        kind = Kind.DEPTH  # the last `data` is the good one
    assert found[0] == kind
    if kind is Kind.DEPTH:
        assert found == agree(UPDATE)


def test_levels_of_an_earlier_frame_or_key_do_not_come_back() -> None:
    head = '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":['
    sides = '"bids":[["1","1"]],"bids":[],"asks":[["2","1"]],"asks":[["3","0"]]'
    item = f'{{{sides},"ts":"1","prevSeqId":1,"seqId":2}}'
    found = agree(SNAPSHOT, f"{head}{item}]}}".encode())
    assert found[8:10] == ([], [(300, 0)])


@pytest.mark.parametrize("frame", SEEDS, ids=range(len(SEEDS)))
def test_cut_frames(frame: dict[str, Any]) -> None:
    text = json.dumps(frame).encode()
    for end in range(1, len(text), 7):
        assert agree(text[:end])[:2] == (Kind.ERROR, M)


def test_there_are_no_snapshots_beside_the_stream() -> None:
    body = json.dumps(SNAPSHOT).encode()
    with pytest.raises(DecodeError, match="snapshot"):
        OkxDecoder().snapshot(body, GRIDS[SPOT])
    assert TWINS.native().snapshot(body, 0)[:2] == (Kind.ERROR, S)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_buffer(wrap: type) -> None:
    assert TWINS.agree(wrap(json.dumps(UPDATE).encode()))[0] == Kind.DEPTH
    assert TWINS.agree(wrap(b"pong"))[0] == Kind.CONTROL
