"""The slow path: a market without a decoder of its own, whose frames are put into a dialect that has one.

    socket -> feed -> TranslatedSink -> translator (Python) -> frame of the dialect -> sink -> hot state

The dialect is `Dialect.OKX`: its law, STREAM, takes the whole book first and proves continuity by links
(`prevSeqId`, `seqId`), and its numbers are text, so that none is touched on the way. What is no book goes the
same way: trades, the last price. A control frame becomes one of the dialect, and the session still reads the
original. A frame that cannot be read becomes one that the decoder refuses for the same reason, so it is
counted there like any other.

It costs one decode and one encode in Python a frame, some six times what a native decoder takes. A recording
keeps the translated frames, so that a replay needs no translator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import Buffer
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.dialect import Dialect
from trimaran.venues.wire.session_port import FrameSink

DIALECT: Final = Dialect.OKX
CONTROL: Final = b"pong"  # a control frame of the dialect
IGNORED: Final = b"{}"  # a legal frame without news
NOTHING_BEFORE: Final = -1  # the link of a whole book
_REFUSED: Final[Mapping[DecodeKind, bytes]] = {DecodeKind.MALFORMED: b"}", DecodeKind.SCHEMA: b"[]"}
_MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encode: Final = msgspec.json.encode

T = TypeVar("T")
Rows = Sequence[Sequence[str]]  # (price, size) as text


class Translator(Protocol):
    """One market's frames in the words of the dialect."""

    levels_max: int  # a side that the market maintains

    def frame(self, payload: Buffer) -> bytes:
        """The frame in its place; `CONTROL` or `IGNORED` for one without data. Raises DecodeError for one
        that is not of the market's protocol."""


class TranslatedSink:
    """A sink with a translator in front of it. Whole books over REST are not translated: there are none."""

    def __init__(self, translator: Translator, sink: FrameSink) -> None:
        self._translate = total(translator)
        self._sink = sink
        self.on_snapshot = sink.on_snapshot
        self.on_down = sink.on_down

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """One frame, borrowed for the length of the call."""
        return self._sink.on_frame(memoryview(self._translate(payload)), local_ns)


def total(translator: Translator) -> Callable[[Buffer], Buffer]:
    """The translator, with a frame that the decoder refuses in the place of every error."""

    def translate(payload: Buffer) -> Buffer:
        if len(payload) > FRAME_BYTES_MAX:
            return payload
        try:
            return translator.frame(payload)
        except DecodeError as error:
            return _REFUSED.get(error.kind, _REFUSED[DecodeKind.SCHEMA])

    return translate


def decode(decoder: msgspec.json.Decoder[T], payload: Buffer) -> T:
    """A typed record of a frame. Raises DecodeError: MALFORMED or SCHEMA."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise DecodeError(DecodeKind.SCHEMA, "frame", "its documented form", str(error)) from None
    except _MALFORMED as error:
        raise DecodeError(DecodeKind.MALFORMED, "frame", "JSON", str(error)) from None


def book_frame(symbol: str, ms: int, last_id: int, previous_id: int, bids: Rows, asks: Rows) -> bytes:
    """A change of a book, or the whole of it when `previous_id` is `NOTHING_BEFORE`."""
    item = {"bids": bids, "asks": asks, "ts": str(ms), "seqId": last_id, "prevSeqId": previous_id}
    action = "snapshot" if previous_id == NOTHING_BEFORE else "update"
    return _encode({"arg": _argument("books", symbol), "action": action, "data": [item]})


class PublicTrade(msgspec.Struct, frozen=True, rename={"price": "px", "size": "sz", "trade_id": "tradeId"}):
    """A public trade; every member is text. `side` is the taker's, buy or sell; `ts` milliseconds."""

    trade_id: str
    price: str
    size: str
    side: str
    ts: str


def trades_frame(symbol: str, trades: Sequence[PublicTrade]) -> bytes:
    """Public trades, one at least."""
    return _encode({"arg": _argument("trades", symbol), "data": trades})


def last_price_frame(symbol: str, ms: int, last: str) -> bytes:
    """The last price; "" when nothing was traded."""
    return _encode({"arg": _argument("tickers", symbol), "data": [{"last": last, "ts": str(ms)}]})


def _argument(channel: str, symbol: str) -> dict[str, str]:
    return {"channel": channel, "instId": symbol}


def translated(make: Callable[[], Translator] | None, sink: FrameSink) -> FrameSink:
    """The sink of a market: behind a translator where it has one."""
    return sink if make is None else TranslatedSink(make(), sink)
