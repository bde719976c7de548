"""In steady state a frame allocates nothing in the native core; and the counter does count."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from tests.support.venue_frames import Frames
from trimaran.domain.answer import BookStatus, Flag, Kind, flags_of, kind_of
from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Book, Hot, allocations

SYMBOLS = ("BTCUSDT", "ETHUSDT")
MIDDLE = 6_000_000  # ticks of 0.01
SNAPSHOT_LEVELS = 1_000
WARM_UP = 2_000
MEASURED = 6_000


def level(ticks: int, lots: int) -> list[str]:
    return [f"{ticks // 100}.{ticks % 100:02}000000", f"{lots // 1000}.{lots % 1000:03}00000"]


def frames(dialect: Dialect, symbol: str, rng: random.Random) -> Iterator[bytes]:
    """An endless stream of depth events of 10 + 10 levels, tickers and trades, around one price."""
    last = 100
    for number in range(1_000_000):
        first, previous = last + 1, last
        last += 7
        side = [[level(MIDDLE + sign * rng.randrange(1, 400), rng.choice([0, 0, 5, 700])) for _ in range(10)]
                for sign in (-1, 1)]  # fmt: skip
        depth: dict[str, object] = {"e": "depthUpdate", "E": number, "s": symbol, "U": first, "u": last}
        if dialect is Dialect.BINANCE_USDM:
            depth["pu"] = previous
        yield wrapped(symbol, {**depth, "b": side[0], "a": side[1]})
        (b, b_lots), (a, a_lots) = (
            level(MIDDLE - rng.randrange(1, 9), 5),
            level(MIDDLE + rng.randrange(1, 9), 5),
        )
        yield wrapped(
            symbol, {"u": last + rng.randrange(3), "s": symbol, "b": b, "B": b_lots, "a": a, "A": a_lots}
        )
        price, lots = level(MIDDLE, rng.randrange(1, 999))
        trade = {"e": "trade", "E": number, "s": symbol, "t": number, "p": price, "q": lots, "T": number}
        yield wrapped(symbol, {**trade, "m": bool(rng.randrange(2)), "M": True})


def wrapped(symbol: str, event: dict[str, object]) -> bytes:
    stream = f"{symbol.lower()}@depth@100ms"
    return json.dumps({"stream": stream, "data": event}, separators=(",", ":")).encode()


def live_desk() -> tuple[Hot, list[Iterator[bytes]]]:
    """Two markets of two symbols, all books live; and one stream of frames for each book."""
    hot, streams = Hot(), []
    hot.set_threshold(-1_000_000)  # every pair is above it: the scan works at every change
    sides = {
        name: [level(MIDDLE + sign * n, 1_000) for n in range(1, SNAPSHOT_LEVELS + 1)]
        for name, sign in (("bids", -1), ("asks", 1))
    }
    snapshot = json.dumps({"lastUpdateId": 100, **sides}).encode()
    for dialect in (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM):
        market = hot.add_market(dialect)
        books = [
            hot.add_instrument(market, symbol, 1, -2, 1, -3, 1, -3, 1, group, 10_000)
            for group, symbol in enumerate(SYMBOLS)
        ]
        hot.mark_up(market)
        for book, symbol in zip(books, SYMBOLS, strict=True):
            hot.on_snapshot(book, snapshot, 1)
            streams.append(frames(dialect, symbol, random.Random(book)))
    return hot, streams


def play(hot: Hot, streams: list[Iterator[bytes]], count: int) -> list[int]:
    """Takes `count` frames, each stream in turn; the answers."""
    payloads = [(number % 4 // 2, next(streams[number % 4])) for number in range(count)]
    answers = [0] * count
    before = allocations()
    for number, (market, payload) in enumerate(payloads):
        answers[number] = hot.on_frame(market, payload, number)
    play.allocated = allocations() - before  # type: ignore[attr-defined]
    return answers


def test_a_frame_allocates_nothing_in_steady_state() -> None:
    hot, streams = live_desk()
    play(hot, streams, WARM_UP)
    answers = play(hot, streams, MEASURED)
    assert play.allocated == 0  # type: ignore[attr-defined]
    kinds = [kind_of(answer) for answer in answers]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        Kind.DEPTH: MEASURED // 3,
        Kind.TICKER: MEASURED // 3,
        Kind.TRADE: MEASURED // 3,
    }
    assert all(flags_of(answer) & Flag.APPLIED for answer in answers if kind_of(answer) == Kind.DEPTH)
    assert sum(bool(flags_of(answer) & Flag.WAKE) for answer in answers) > MEASURED // 3
    assert [hot.status(book) for book in range(4)] == [BookStatus.LIVE] * 4


STREAMED = (Dialect.OKX, Dialect.HTX_SPOT, Dialect.HTX_SWAP)
SHOWN_LEVELS = 150


def streamed(frames: Frames, rng: random.Random) -> Iterator[bytes]:
    """A whole book and what follows it, without end; at times an event is lost and a whole book heals it."""
    sides = [[plain(MIDDLE + sign * n, 1_000) for n in range(1, SHOWN_LEVELS + 1)] for sign in (-1, 1)]
    last = 100
    yield frames.snapshot(last, last, sides[0], sides[1])
    for number in range(1_000_000):
        last += 1 + (number % 50 == 49)  # a hole
        rows = [[plain(MIDDLE + sign * rng.randrange(1, 400), rng.choice([0, 0, 5, 700])) for _ in range(10)]
                for sign in (-1, 1)]  # fmt: skip
        yield frames.delta((last, last, last - 1), number, rows[0], rows[1])
        if number % 50 == 49:
            yield frames.snapshot(last, last, sides[0], sides[1])
        best = [plain(MIDDLE + sign * rng.randrange(1, 9), 5) for sign in (-1, 1)]
        yield frames.ticker(last + rng.randrange(2), number, best[0], best[1])
        price, lots = plain(MIDDLE, rng.randrange(1, 999))
        yield frames.trade(number, number, price, lots, sold=bool(rng.randrange(2)))
        if frames.dialect is Dialect.OKX:
            yield okx_mark(frames.symbol, number)


def plain(ticks: int, lots: int) -> tuple[str, str]:
    return f"{ticks // 100}.{ticks % 100:02}", f"{lots // 1000}.{lots % 1000:03}"


def okx_mark(symbol: str, number: int) -> bytes:
    item = {"instId": symbol, "markPx": f"60000.{number}", "ts": str(number)}
    return json.dumps({"arg": {"channel": "mark-price", "instId": symbol}, "data": [item]}).encode()


@pytest.mark.parametrize("dialect", STREAMED)
def test_streams_allocate_nothing_in_steady_state(dialect: Dialect) -> None:
    """Whole books in the stream, gaps and gzip as well."""
    hot, symbol = Hot(), "BTC-USDT"
    market = hot.add_market(dialect)
    book = hot.add_instrument(market, symbol, 1, -2, 1, -3, 1, -3, 1, 0, 10_000)
    stream = streamed(Frames(dialect, symbol), random.Random(1))
    payloads = [next(stream) for _ in range(WARM_UP + MEASURED)]
    answers = [0] * MEASURED
    for number, payload in enumerate(payloads[:WARM_UP]):
        hot.on_frame(market, payload, number)
    before = allocations()
    for number, payload in enumerate(payloads[WARM_UP:]):
        answers[number] = hot.on_frame(market, payload, WARM_UP + number)
    assert allocations() == before
    kinds = {kind_of(answer) for answer in answers}
    assert {Kind.DEPTH, Kind.SNAPSHOT, Kind.TICKER, Kind.TRADE} <= kinds
    assert Kind.ERROR not in kinds
    assert hot.counters(book)[2] > MEASURED // 50 // 5
    assert sum(hot.faults(market)) == 0


def test_refused_frames_allocate_nothing() -> None:
    hot, streams = live_desk()
    play(hot, streams, WARM_UP)
    depth = next(payload for payload in streams[0] if b"depthUpdate" in payload)
    wrong = [
        b"",
        b"[]",
        b"<html>",
        depth[:-9],
        depth.replace(b"BTCUSDT", b"NOPE"),
        depth.replace(b'"U":', b'"V":'),
    ]
    before = allocations()
    for payload in wrong * 100:
        assert kind_of(hot.on_frame(0, payload, 1)) == Kind.ERROR
    assert allocations() == before


def test_borrowed_buffers_allocate_nothing() -> None:
    hot, streams = live_desk()
    play(hot, streams, WARM_UP)
    payloads = [kind(next(streams[0])) for kind in (bytearray, memoryview) for _ in range(300)]
    before = allocations()
    for payload in payloads:
        hot.on_frame(0, payload, 1)
    assert allocations() == before


def test_the_counter_counts() -> None:
    before = allocations()
    hot = Hot()
    market = hot.add_market(Dialect.BINANCE_SPOT)
    with_market = allocations()
    assert with_market > before
    book = hot.add_instrument(market, "BTCUSDT", 1, -2, 1, -3, 1, -3, 1, 0, 0)
    with_book = allocations()
    assert with_book > with_market
    body = b'{"lastUpdateId":1,"bids":[["1","1"]],"asks":[]}'
    hot.on_snapshot(book, body, 1)  # it is down: decoded into the pool, and dropped
    with_pool = allocations()
    assert with_pool > with_book
    hot.on_snapshot(book, body, 1)
    assert allocations() == with_pool
    hot.mark_up(market)
    hot.on_snapshot(book, body, 1)
    assert allocations() > with_pool


@pytest.mark.parametrize("levels", [1, 2_000])
def test_a_growing_book_is_seen(levels: int) -> None:
    book = Book()
    before = allocations()
    book.apply([(n, 1) for n in range(1, levels + 1)], [])
    assert allocations() > before
