"""Recorded OKX sessions: every frame decodes, and the books that come of them carry the venue's checksums.

The sum that OKX sent until June 2026 is taken over the original strings, so the test keeps those beside the
books: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel (checksum).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import pytest

from tests.support.decoding import Twins
from tests.support.recordings import recording
from trimaran.books.decimal_text import steps_of
from trimaran.domain.answer import BookStatus, Kind, kind_of
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Grid, Symbol
from trimaran.domain.market import BookGrid
from trimaran.engine.hot_twin import TwinHot
from trimaran.native._hot import Hot as NativeHot
from trimaran.venues.okx.parse import OkxDecoder

NAMES = [Symbol(name) for name in ("BTC-USD-220527", "BTC-USDT", "BTC-USDT-SWAP", "UNI-USD-SWAP")]
PRICE_GRID, SIZE_GRID = Grid(1, -4), Grid(1, -8)  # fine enough for any of them
BOOK_MESSAGES = 290
CHECKED_LEVELS = 25  # a side
Row = tuple[str, str]  # (price, size)


def session_of_2022() -> list[bytes]:
    """What was received, in its order; lines that begin with an address are what was sent."""
    with gzip.open(recording("cryptofeed/OKX.ws.1.0.gz"), "rt", encoding="utf-8") as lines:
        return [line.split(": ", 1)[1].strip().encode() for line in lines if not line.startswith("wss")]


def twins() -> Twins:
    return Twins(Dialect.OKX, OkxDecoder(), {name: BookGrid(name, PRICE_GRID, SIZE_GRID) for name in NAMES})


def checksum(bids: Sequence[Row], asks: Sequence[Row]) -> int:
    """CRC32, signed, over bid and ask in turn; where one side is shorter the rest of the other follows."""
    pairs = zip_longest(bids[:CHECKED_LEVELS], asks[:CHECKED_LEVELS])
    text = ":".join(":".join(row) for pair in pairs for row in pair if row is not None)
    value = zlib.crc32(text.encode())
    return value - 2**32 if value >= 2**31 else value


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        ([("3366.1", "7"), ("3366", "6")], [("3366.8", "9"), ("3368", "8")], -1881014294),
        ([("3366.1", "7")], [("3366.8", "9"), ("3368", "8"), ("3372", "8")], 831078360),
    ],
)
def test_vectors_of_the_checksum(bids: list[Row], asks: list[Row], expected: int) -> None:
    assert checksum(bids, asks) == expected


def test_a_session_decodes_whole() -> None:
    frames = session_of_2022()
    rows = twins().agree_on(frames)
    channels = {"books", "trades", "tickers"}
    told = [json.loads(frame) for frame in frames]
    wanted = Counter(
        "control" if "event" in each else f"{each['arg']['channel']} {each.get('action', '')}"
        for each in told
    )
    kinds = Counter(row[0] for row in rows)
    assert {name.split()[0] for name in wanted} == {*channels, "control"}
    assert kinds == {
        Kind.CONTROL: wanted["control"],
        Kind.SNAPSHOT: wanted["books snapshot"],
        Kind.DEPTH: wanted["books update"],
        Kind.TRADE: wanted["trades "],
        Kind.STATS: wanted["tickers "],
    }
    assert kinds[Kind.SNAPSHOT] + kinds[Kind.DEPTH] == BOOK_MESSAGES


def test_messages_of_2026_decode_whole() -> None:
    lines = recording("ccxt_ws/okx_ws_20260812.jsonl").read_text(encoding="utf-8").splitlines()
    told = [each["raw"] for each in map(json.loads, lines) if each.get("dir") != "sent"]
    rows = twins().agree_on(json.dumps(each).encode() for each in told)
    kinds = {"trades": Kind.TRADE, "books5": Kind.TICKER}
    assert [row[0] for row in rows] == [
        Kind.CONTROL if "event" in each else kinds[each["arg"]["channel"]] for each in told
    ]
    assert {*kinds.values()} < {row[0] for row in rows}


class Spelt:
    """The original strings of a book, by price in ticks. What the book has forgotten may stay here."""

    def __init__(self) -> None:
        self._sizes: tuple[dict[int, Row], dict[int, Row]] = ({}, {})

    def hear(self, item: dict[str, Any]) -> None:
        for side, name in zip(self._sizes, ("bids", "asks"), strict=True):
            for price, size, *_ in item[name]:
                side[steps_of(price, PRICE_GRID, 2**50, "price")] = (price, size)

    def rows(self, hot: Any, book: int, side: int) -> list[Row]:
        return [self._sizes[side][ticks] for ticks, _ in hot.depth(book, side, CHECKED_LEVELS)]


def checked(hot: Any, frames: list[bytes]) -> Iterator[bool]:
    """Plays a session; whether each of its book messages leaves a book with the checksum that it names."""
    market = hot.add_market(Dialect.OKX)
    grids = (PRICE_GRID.units, PRICE_GRID.exponent, SIZE_GRID.units, SIZE_GRID.exponent)
    books = {
        name: hot.add_instrument(market, name, *grids, 1, SIZE_GRID.exponent, 1, group, 0)
        for group, name in enumerate(NAMES)
    }
    spelt = {name: Spelt() for name in NAMES}
    for now_ns, frame in enumerate(frames):
        answer = hot.on_frame(market, frame, now_ns)
        assert kind_of(answer) != Kind.ERROR
        if kind_of(answer) not in (Kind.DEPTH, Kind.SNAPSHOT):
            continue
        told = json.loads(frame)
        name, item = told["arg"]["instId"], told["data"][0]
        assert hot.status(books[name]) == BookStatus.LIVE
        spelt[name].hear(item)
        bids, asks = (spelt[name].rows(hot, books[name], side) for side in (0, 1))
        yield checksum(bids, asks) == item["checksum"]
    assert sum(hot.faults(market)) == 0


@pytest.mark.parametrize(
    "make", [NativeHot, lambda: TwinHot({Dialect.OKX: OkxDecoder})], ids=["native", "twin"]
)
def test_the_books_carry_the_checksums_of_the_venue(make: Any) -> None:
    found = list(checked(make(), session_of_2022()))
    assert (sum(found), len(found)) == (BOOK_MESSAGES, BOOK_MESSAGES)
