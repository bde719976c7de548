"""The native HTX decoders against their twins: tables of cases."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.support.decoding import Twins
from tests.support.htx_frames import (
    CONTROLS,
    DELTA,
    MS,
    NOWHERE,
    QUOTE,
    REFRESH,
    REPLY,
    SPOT,
    SPOT_SEEDS,
    STEPS,
    SWAP_BOOK,
    SWAP_DELTA,
    SWAP_PAIR,
    SWAP_SEEDS,
    SWAP_STEPS,
    SWAP_TRADE,
    SWAPS,
    TRADE,
    TS,
    push,
    spot,
    swap,
    text_of,
    with_tick,
    without,
)
from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.answer import NO_BOOK, Kind


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("twins", "seed"), [(SPOT, s) for s in SPOT_SEEDS] + [(SWAPS, s) for s in SWAP_SEEDS]
)
def test_documented_frames(twins: Twins, seed: dict[str, object], packed: bool) -> None:
    row = twins.agree(text_of(seed))
    assert row[0] not in (Kind.ERROR, Kind.CONTROL, Kind.IGNORED)
    for spelling in (
        json.dumps(seed, separators=(",", ":")),
        json.dumps(seed, indent=1),
        json.dumps(dict(reversed(seed.items()))),  # tick before ts before ch
    ):
        payload = spelling.encode()
        assert twins.agree(gzip.compress(payload) if packed else payload) == row


def test_spot_frames_are_exact() -> None:
    ids = (100020146795, 100020146795, 100020146794, TS * MS)
    assert spot(DELTA)[4:10] == (*ids, [(64000, 0)], [(64514, 26_750_000)])
    assert spot(REPLY)[:8] == (Kind.SNAPSHOT, 0, 0, False, 0, 100020142010, -1, TS * MS)
    assert spot(REPLY)[8:10] == ([(61837, 71_594_000), (61830, 0)], [(161830, 1)])
    assert spot(REFRESH)[4:11] == (0, 7, -1, TS * MS, [], [], (61837, 71_594_000, 61900, 4_000_000))
    assert spot(STEPS)[5:8] == (136998124622, -1, (TS - 4) * MS)
    assert spot(QUOTE)[4:8] == (0, 137005210233, -1, 9 * MS)
    assert spot(QUOTE)[10] == (61924, 350, 61925, 500_000)
    assert spot(TRADE)[4:8] == (0, 103627281663, -1, 5 * MS)
    assert spot(TRADE)[10:12] == ((6334989, 5560, 0, 0), True)


def test_swap_frames_are_exact() -> None:
    assert swap(SWAP_BOOK)[:8] == (Kind.SNAPSHOT, 0, 0, False, 0, 1512467, -1, (TS - 1) * MS)
    assert swap(SWAP_BOOK)[8:10] == ([(130719, 38)], [(130819, 206)])
    assert swap(SWAP_DELTA)[:8] == (Kind.DEPTH, 0, 0, False, 1512468, 1512468, 1512467, TS * MS)
    assert swap(SWAP_STEPS)[4:11] == (0, 12, -1, TS * MS, [], [], (0, 0, 501, 206))
    assert swap(SWAP_PAIR)[4:11] == (0, 14, -1, TS * MS, [], [], (500, 38, 502, 6))
    assert swap(SWAP_TRADE)[4:8] == (0, 1000219512747480000, -1, 8 * MS)
    assert swap(SWAP_TRADE)[10:12] == ((22464, 196, 0, 0), False)


@pytest.mark.parametrize("frame", CONTROLS)
def test_control_frames(frame: dict[str, object]) -> None:
    for twins in (SPOT, SWAPS):
        assert twins.agree(text_of(frame)) == (Kind.CONTROL, 0, NO_BOOK, False)


IGNORED = [
    {},
    {"id": 1, "ts": 5},
    {"tick": {}, "data": {}},
    push("market.btcusdt.detail", {}),
    push("market.nobody.kline.1min", {}),
    push("market.btcusdt.mbp.", {}),
    push("market.btcusdt.mbp.15x", {}),
    push("market.btcusdt.mbp.refresh.", {}),
    push("market.btcusdt.depth.step", {}),
    push("market.btcusdt.depth.percent10", {}),
    push("market.btcusdt.depth.size_30.high_freq", {}),
    push("market.btcusdt.bbo.x", {}),
    push("market.btcusdt.", {}),
    push("market.btcusdt", {}),
    push("market.币usdt.bbo", {}),
    push("x.market.btcusdt.bbo", {}),
    push("", {}),
    push("market." + "x" * 86 + ".bbo", {}),
    {**REPLY, "rep": "market.btcusdt.kline.1min"},
    {**REPLY, "rep": "market.btcusdt.bbo"},
]


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("frame", IGNORED)
def test_other_frames_are_ignored(frame: dict[str, object], escaped: bool) -> None:
    text = json.dumps(frame, ensure_ascii=escaped)
    if escaped and isinstance(frame.get("ch"), str):
        text = text.replace("market", "\\u006darket")
    for twins in (SPOT, SWAPS):
        assert twins.agree(text.encode()) == (Kind.IGNORED, 0, NO_BOOK, False)


def test_topics_of_the_other_market_are_ignored() -> None:
    for topic in ("depth.size_150.high_freq", "depth.size_20.high_freq"):
        assert spot(push(f"market.btcusdt.{topic}", {}))[0] == Kind.IGNORED
    for topic in ("mbp.150", "mbp.refresh.20"):
        assert swap(push(f"market.BTC-USDT.{topic}", {}))[0] == Kind.IGNORED
    assert swap({**REPLY, "rep": "market.BTC-USDT.depth.step0"})[0] == Kind.IGNORED


def test_unknown_symbols() -> None:
    unknown = (Kind.ERROR, DecodeKind.UNKNOWN_SYMBOL, NO_BOOK, False)
    for symbol in ("nobody", "", "BTCUSDT", "btcusdt ", "x" * 40):
        assert spot(push(f"market.{symbol}.mbp.150", 5)) == unknown
        assert swap(push(f"market.{symbol}.bbo", None)) == unknown
    assert spot({**REPLY, "rep": "market.nobody.mbp.5"}) == unknown


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"seqNum": 100020146793}, DecodeKind.RANGE),
        ({"seqNum": 2**62 + 1}, DecodeKind.RANGE),
        ({"seqNum": -1}, DecodeKind.RANGE),
        ({"seqNum": 1.5}, DecodeKind.SCHEMA),
        ({"seqNum": "100020146795"}, DecodeKind.SCHEMA),
        ({"seqNum": None}, DecodeKind.SCHEMA),
        ({"prevSeqNum": True}, DecodeKind.SCHEMA),
        ({"bids": {}}, DecodeKind.SCHEMA),
        ({"asks": "[]"}, DecodeKind.SCHEMA),
        ({"asks": [[1]]}, DecodeKind.SCHEMA),
        ({"asks": [[1, -1]]}, DecodeKind.RANGE),
        ({"asks": [[1.001, 1]]}, DecodeKind.OFF_GRID),
        ({"asks": [[1, 1]] * 10_001}, DecodeKind.OVERSIZE),
        ({"ts": "5"}, DecodeKind.SCHEMA),
        ({"ts": 2**43 + 1}, DecodeKind.RANGE),
        ({"bids": [[1.001, 1]], "asks": 5}, DecodeKind.OFF_GRID),
        ({"bids": 5, "seqNum": -1}, DecodeKind.RANGE),
    ],
)
def test_unreadable_changes_lose_the_book(members: dict[str, object], fault: DecodeKind) -> None:
    assert spot(with_tick(DELTA, **members)) == (Kind.ERROR, fault, 0, True)


def test_what_may_be_missing() -> None:
    for side, at in (("bids", 8), ("asks", 9)):
        for frame in (without(DELTA, side), with_tick(DELTA, **{side: None}), with_tick(DELTA, **{side: []})):
            assert spot(frame)[at] == []
            assert spot(frame)[0] == Kind.DEPTH
    assert swap(without(SWAP_DELTA, "bids", "asks"))[8:10] == ([], [])
    assert spot(without(STEPS, "version"))[5] == 0
    assert spot(without(STEPS, "ts"))[7] == TS * MS
    assert spot(without(QUOTE, "quoteTime"))[7] == TS * MS
    assert swap(without(SWAP_BOOK, "ts"))[7] == TS * MS
    for frame in (without(REPLY, "bids"), with_tick(REPLY, asks=None)):
        assert spot(frame) == (Kind.ERROR, DecodeKind.SCHEMA, 0, True)
    assert spot(without(STEPS, "asks")) == (Kind.ERROR, DecodeKind.SCHEMA, 0, False)
    assert swap(without(SWAP_BOOK, "asks")) == (Kind.ERROR, DecodeKind.SCHEMA, 0, True)
    assert spot({name: DELTA[name] for name in ("ch", "tick")}) == (Kind.ERROR, DecodeKind.SCHEMA, 0, True)
    # The time of the frame is not read where the object has its own.
    assert spot({**STEPS, "ts": "x"})[7] == (TS - 4) * MS
    assert spot({**TRADE, "ts": None})[0] == Kind.TRADE


@pytest.mark.parametrize("tick", [None, [], 5, "x", {}])
def test_a_tick_that_is_none(tick: object) -> None:
    for seed in SPOT_SEEDS:
        row = spot({**seed, "data" if "rep" in seed else "tick": tick})
        assert row == (Kind.ERROR, DecodeKind.SCHEMA, 0, seed in (DELTA, REPLY))
    for seed in SWAP_SEEDS:
        row = swap({**seed, "tick": tick})
        assert row[:2] + row[3:] == (Kind.ERROR, DecodeKind.SCHEMA, seed in (SWAP_BOOK, SWAP_DELTA))


def test_empty_sides_of_quotes() -> None:
    for name, ticks in (("bid", (0, 0, 61925, 500_000)), ("ask", (61924, 350, 0, 0))):
        for frame in (without(QUOTE, name), with_tick(QUOTE, **{name: None, f"{name}Size": None})):
            assert spot(frame)[10] == ticks
        assert spot(without(QUOTE, f"{name}Size"))[:2] == (Kind.ERROR, DecodeKind.SCHEMA)
    for name, ticks in (("bid", (0, 0, 502, 6)), ("ask", (500, 38, 0, 0))):
        for frame in (without(SWAP_PAIR, name), with_tick(SWAP_PAIR, **{name: None})):
            assert swap(frame)[10] == ticks
        for wrong in ([], [5], 5, "x", {}):
            row = swap(with_tick(SWAP_PAIR, **{name: wrong}))
            assert row == (Kind.ERROR, DecodeKind.SCHEMA, 1, False)
        assert swap(with_tick(SWAP_PAIR, **{name: [0, 1]}))[1] == DecodeKind.RANGE
        assert swap(with_tick(SWAP_PAIR, **{name: [2.503, 1]}))[1] == DecodeKind.OFF_GRID
    assert spot(with_tick(REFRESH, bids=[], asks=[]))[10] == NOWHERE
    assert spot(with_tick(REFRESH, bids=[[1, 1], [0, 1]]))[1] == DecodeKind.RANGE


DEALS = TRADE["tick"]["data"]


@pytest.mark.parametrize(
    ("deals", "fault"),
    [
        ([], DecodeKind.SCHEMA),
        ({}, DecodeKind.SCHEMA),
        ([[]], DecodeKind.SCHEMA),
        ([*DEALS, 5], DecodeKind.SCHEMA),
        ([*DEALS, {**DEALS[1], "direction": "SELL"}], DecodeKind.SCHEMA),
        ([{**DEALS[1], "price": 1.001}, {}], DecodeKind.OFF_GRID),
        ([{**DEALS[1], "amount": -1, "ts": None}], DecodeKind.RANGE),
        ([{**DEALS[1], "tradeId": 192582254688166460792642281}], DecodeKind.RANGE),
        ([{**DEALS[1], "tradeId": "5"}], DecodeKind.SCHEMA),
        ([{**DEALS[1], "ts": None}], DecodeKind.SCHEMA),
        ([{key: value for key, value in DEALS[1].items() if key != "amount"}], DecodeKind.SCHEMA),
    ],
)
def test_unreadable_trades(deals: object, fault: DecodeKind) -> None:
    assert spot(with_tick(TRADE, data=deals)) == (Kind.ERROR, fault, 0, False)


def test_the_latest_trade_of_a_frame_counts() -> None:
    same = [{**DEALS[0], "tradeId": 7, "ts": when} for when in (1, 2, 3)]
    assert spot(with_tick(TRADE, data=same))[7] == 3 * MS
    assert spot(with_tick(TRADE, data=[*same, {**DEALS[0], "tradeId": 6}]))[7] == 3 * MS
    assert spot(with_tick(TRADE, data=[{**DEALS[0], "tradeId": 2**62}, *same]))[5] == 2**62
    swap_deal = SWAP_TRADE["tick"]["data"][0]
    assert swap(with_tick(SWAP_TRADE, data=[{**swap_deal, "id": 2**62 + 1}]))[1] == DecodeKind.RANGE
    assert swap(with_tick(SWAP_TRADE, data=[{**swap_deal, "amount": 1.5}]))[1] == DecodeKind.OFF_GRID


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"event": "change"}, DecodeKind.SCHEMA),
        ({"event": None}, DecodeKind.SCHEMA),
        ({"event": 5.5}, DecodeKind.SCHEMA),
        ({"version": 0, "event": "update"}, DecodeKind.RANGE),
        ({"version": None}, DecodeKind.SCHEMA),
        ({"bids": None}, DecodeKind.SCHEMA),
        ({"bids": [[13071.95, 1]]}, DecodeKind.OFF_GRID),
        ({"bids": [[13071.9, 1.5]]}, DecodeKind.OFF_GRID),
    ],
)
def test_unreadable_swap_books(members: dict[str, object], fault: DecodeKind) -> None:
    assert swap(with_tick(SWAP_BOOK, **members)) == (Kind.ERROR, fault, 0, True)


def test_of_a_repeated_key_the_last_counts() -> None:
    frame = json.dumps(DELTA)
    tick, other = json.dumps(DELTA["tick"]), '{"seqNum":9,"prevSeqNum":8,"bids":[[5,5]],"asks":[[6,6]]}'
    last = SPOT.agree(frame[:-1].encode() + f',"tick":{other}}}'.encode())
    assert last[5:10] == (9, 8, TS * MS, [(500, 5_000_000)], [(600, 6_000_000)])
    assert SPOT.agree(f'{{"tick":{other},{frame[1:]}'.encode()) == spot(DELTA)
    assert SPOT.agree(frame[:-1].encode() + b',"tick":5}')[1] == DecodeKind.SCHEMA
    assert SPOT.agree(frame[:-1].encode() + b',"ch":"market.trioeth.mbp.150"}')[2] == 1
    assert SPOT.agree(frame[:-1].encode() + b',"ch":5}') == (Kind.ERROR, DecodeKind.SCHEMA, NO_BOOK, False)
    assert SPOT.agree(f'{{"ch":5,{frame[1:]}'.encode()) == spot(DELTA)
    inner = SPOT.agree(frame.replace(tick, tick[:-1] + ',"bids":[]}').encode())
    assert inner[8:10] == ([], [(64514, 26_750_000)])
    both = {**DELTA, "rep": REPLY["rep"], "status": "ok", "data": REPLY["data"]}
    assert spot(both) == spot(REPLY) == spot(dict(reversed(both.items())))


WRONG = [
    (b"", DecodeKind.MALFORMED),
    (b"<html><body>502 Bad Gateway</body></html>", DecodeKind.MALFORMED),
    (b"[1,2]", DecodeKind.SCHEMA),
    (b'"ping"', DecodeKind.SCHEMA),
    (b'{"ch":1}', DecodeKind.SCHEMA),
    (b'{"rep":1,"status":"ok"}', DecodeKind.SCHEMA),
    (b'{"ping":1', DecodeKind.MALFORMED),
    (b'{"ping":1}x', DecodeKind.MALFORMED),
    (b'{"ping":' + b"1" * 1001 + b"}", DecodeKind.MALFORMED),
    (b'{"tick":{"bids":[' + b"[" * 40 + b"]" * 40 + b"]}}", DecodeKind.MALFORMED),
    (b'{"ch":"market.btcusdt.mbp.5","tick":{"bids":[' + b"[" * 40 + b"]" * 40 + b"]}}", DecodeKind.MALFORMED),
    (b'{"ch":"\xff"}', DecodeKind.MALFORMED),
    (b" " * (4 * 1024 * 1024 + 1), DecodeKind.OVERSIZE),
]


@pytest.mark.parametrize(("payload", "kind"), WRONG, ids=range(len(WRONG)))
def test_garbage_is_typed(payload: bytes, kind: DecodeKind) -> None:
    for twins in (SPOT, SWAPS):
        assert twins.agree(payload) == (Kind.ERROR, kind, NO_BOOK, False)
        assert twins.agree(gzip.compress(payload, 1)) == (Kind.ERROR, kind, NO_BOOK, False)


@pytest.mark.parametrize("cut", range(1, 160, 3))
def test_cut_frames(cut: int) -> None:
    frame = text_of(DELTA)
    assert SPOT.agree(frame[:-cut])[:2] == (Kind.ERROR, DecodeKind.MALFORMED)
    packed = gzip.compress(frame)
    assert SPOT.agree(packed[: -min(cut, len(packed) - 2)])[:2] == (Kind.ERROR, DecodeKind.MALFORMED)


def test_there_are_no_snapshots_beside_the_stream() -> None:
    for twins in (SPOT, SWAPS):
        assert twins.native().snapshot(text_of(REPLY), 0)[:2] == (Kind.ERROR, DecodeKind.SCHEMA)
        with pytest.raises(DecodeError) as refused:
            twins.twin.snapshot(text_of(REPLY), next(iter(twins.grids.values())))
        assert refused.value.kind is DecodeKind.SCHEMA


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_buffer(wrap: type) -> None:
    assert SPOT.agree(wrap(text_of(DELTA)))[0] == Kind.DEPTH
    assert SPOT.agree(wrap(gzip.compress(text_of(DELTA))))[0] == Kind.DEPTH
