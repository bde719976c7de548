"""The slow path: what a translator writes is what the decoder reads, and garbage is refused, never raised."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.answer import BookStatus, Kind, error_of, kind_of
from trimaran.native._hot import Hot
from trimaran.venues.wire.translated import (
    CONTROL,
    DIALECT,
    IGNORED,
    NOTHING_BEFORE,
    PublicTrade,
    TranslatedSink,
    book_frame,
    decode,
    last_price_frame,
    total,
    trades_frame,
)

SYMBOL = "BTC/USDT"


class _Message(msgspec.Struct):
    say: str


class Spoken:
    """A market that says in one word what comes next."""

    levels_max = 10
    words = {  # noqa: RUF012
        "whole": book_frame(SYMBOL, 1, 5, NOTHING_BEFORE, [("100.00", "1.5")], [("100.10", "2")]),
        "change": book_frame(SYMBOL, 2, 6, 5, [("100.00", "0"), ("99.99", "1")], []),
        "gap": book_frame(SYMBOL, 3, 9, 8, [], []),
        "trade": trades_frame(SYMBOL, [PublicTrade("7", "100.00", "0.5", "buy", "1")]),
        "last": last_price_frame(SYMBOL, 1, "100.05"),
        "news": CONTROL,
        "nothing": IGNORED,
    }

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Message)

    def frame(self, payload):
        message = decode(self._decoder, payload)
        if message.say not in self.words:
            raise DecodeError(DecodeKind.SCHEMA, "say", "a known word", message.say)
        return self.words[message.say]


class HotSink:
    """One book."""

    def __init__(self) -> None:
        self.hot = Hot()
        self.market = self.hot.add_market(DIALECT)
        self.book = self.hot.add_instrument(self.market, SYMBOL, 1, -2, 1, -3, 1, -3, 1, 0, 0)
        self.downs: list[str] = []

    def on_frame(self, payload, local_ns):
        return self.hot.on_frame(self.market, payload, local_ns)

    def on_snapshot(self, symbol, payload, local_ns):
        raise AssertionError

    def on_down(self, reason, symbols):
        self.downs.append(reason)


@pytest.fixture
def sinks():
    behind = HotSink()
    return TranslatedSink(Spoken(), behind), behind


def say(sink, word):
    return sink.on_frame(memoryview(b'{"say":"%s"}' % word.encode()), 1)


def test_a_book_its_changes_and_a_gap(sinks):
    sink, behind = sinks
    assert kind_of(say(sink, "whole")) == Kind.SNAPSHOT
    assert kind_of(say(sink, "change")) == Kind.DEPTH
    hot, book = behind.hot, behind.book
    assert (hot.status(book), hot.last_id(book)) == (BookStatus.LIVE, 6)
    assert hot.depth(book, 0, 9) == [(9_999, 1_000)]
    assert hot.depth(book, 1, 9) == [(10_010, 2_000)]
    say(sink, "gap")
    assert hot.status(book) == BookStatus.STALE


@pytest.mark.parametrize(
    ("word", "kind"),
    [("trade", Kind.TRADE), ("last", Kind.STATS), ("news", Kind.CONTROL), ("nothing", Kind.IGNORED)],
)
def test_what_is_no_book(sinks, word, kind):
    assert kind_of(say(sinks[0], word)) == kind


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"}{", DecodeKind.MALFORMED),
        (b"<html>", DecodeKind.MALFORMED),
        (b'{"say":"\xff"}', DecodeKind.MALFORMED),
        (b"[" * 5_000, DecodeKind.SCHEMA),  # at its first byte it is no object
        (b"[1]", DecodeKind.SCHEMA),
        (b'{"say":1}', DecodeKind.SCHEMA),
        (b'{"say":"what"}', DecodeKind.SCHEMA),
        (b'{"say":"' + b"x" * FRAME_BYTES_MAX + b'"}', DecodeKind.OVERSIZE),
    ],
)
def test_what_cannot_be_read_is_refused_and_counted(sinks, payload, kind):
    sink, behind = sinks
    answer = sink.on_frame(memoryview(payload), 1)
    assert (kind_of(answer), error_of(answer)) == (Kind.ERROR, kind)
    assert behind.hot.faults(behind.market)[kind] == 1


@given(st.binary(max_size=60))
def test_nothing_is_raised(payload):
    total(Spoken())(memoryview(payload))


def test_a_lost_feed_is_passed_on(sinks):
    sink, behind = sinks
    sink.on_down("dropped", ())
    assert behind.downs == ["dropped"]
