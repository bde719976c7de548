"""What each venue says, for a venue that lives in memory: the frames of `venue_frames`, and all around them.

A speaker knows the words of one market and nothing else: how a request is read, how it is answered or
refused, what a heartbeat looks like, and which frames cannot be read. When something is said is the venue's
decision (`memory_venue`). Nothing is shared with the adapters.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.support.venue_frames import Frames, Ids, Rows
from trimaran.domain.answer import Kind
from trimaran.domain.dialect import Dialect

Best = tuple[str, str]  # price, size
NOTHING: Rows = ()


@cache
def bomb() -> bytes:
    """40 MB of zeros in 40 kB."""
    return gzip.compress(bytes(40_000_000), 9)


@cache
def too_large() -> bytes:
    """JSON above every limit."""
    return b'{"x":"' + b"x" * 20_000_000 + b'"}'


class Ask(msgspec.Struct, frozen=True):
    """One message of the desk. `operation` is subscribe, unsubscribe, whole, ping or pong."""

    operation: str
    request_id: Any = None
    names: tuple[str, ...] = ()


class Speaker:
    """The words of one market."""

    rest_books = False  # whole books come over REST
    whole_first = False  # a subscription to a book begins with the whole of it
    refuses_strangers = True  # False: what does not exist is taken, and stays silent
    websocket_pings = False  # False: heartbeats are messages, and pings of WebSocket are nobody's business
    has_notice = False
    never_silent = False  # books say ten times a second that nothing has changed

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def read(self, text: str) -> Ask:
        """What the desk wants."""
        raise NotImplementedError

    def stream(self, name: str) -> tuple[str, Kind]:
        """Symbol and kind of a stream."""
        raise NotImplementedError

    def accept(self, ask: Ask, name: str) -> bytes:
        """The answer to one name of a request, or to all of it."""
        raise NotImplementedError

    def refuse(self, ask: Ask, name: str) -> bytes:
        """There is no such stream."""
        raise NotImplementedError

    def slow_down(self, ask: Ask) -> bytes:
        """Too many requests."""
        raise NotImplementedError

    def answers_as_a_whole(self) -> bool:
        """Whether a request has one answer, however many streams it names."""
        return False

    def pong(self) -> bytes:
        """The answer to a ping that is a message."""
        raise NotImplementedError

    def ping(self, number: int) -> bytes | None:
        """The server's own ping in the data; None where it has none."""
        return None

    def notice(self) -> bytes:
        """The server says that it will close."""
        raise NotImplementedError

    def delta(self, symbol: str, ids: Ids, ms: int, bids: Rows, asks: Rows) -> bytes:
        """A change of the book."""
        return Frames(self.dialect, symbol).delta(ids, ms, bids, asks)

    def whole(self, symbol: str, last: int, ms: int, bids: Rows, asks: Rows, ask: Ask | None) -> bytes:
        """A whole book; `ask` is what it answers, when it was asked for by message."""
        return Frames(self.dialect, symbol).snapshot(last, ms, bids, asks)

    def other(self, kind: Kind, symbol: str, number: int, ms: int, bid: Best, ask: Best) -> bytes:
        """A frame that is no book: ticker, trade, mark price, funding rate."""
        frames = Frames(self.dialect, symbol)
        if kind is Kind.TICKER:
            return frames.ticker(number, ms, bid, ask)
        return frames.trade(number, ms, *bid, True)

    def rest_symbol(self, url: str) -> str:
        """Whose whole book a URL asks for."""
        raise NotImplementedError

    def strange(self, symbol: str) -> bytes:
        """A well-formed frame of a channel that nobody knows."""
        raise NotImplementedError

    def unreadable(self, symbol: str) -> dict[str, bytes]:
        """Frames that must be refused, by what is wrong with them."""
        frames = Frames(self.dialect, symbol)
        delta = frames.delta((7, 7, 6), 1, [("100.00", "1.000")], NOTHING)
        return {
            "not json": frames.packed(b"}{ what is this"),
            "a page of html": frames.packed(b"<html><body>403 Forbidden</body></html>"),
            "not utf-8": frames.packed(b'{"a":"\xff\xfe"}'),
            "an array": frames.packed(b"[1,2,3]"),
            "truncated": delta[: len(delta) * 2 // 3],
            "a wrong type": frames.mangled(
                delta, lambda text: text.replace(b'[["', b'[[{"').replace(b"[[1", b"[[{1")
            ),
            "a side that is a number": frames.mangled(delta, _without_sides),
            "off the grid": frames.delta((7, 7, 6), 1, [("100.001", "1.000")], NOTHING),
            "another symbol": Frames(self.dialect, f"X{symbol}").delta((7, 7, 6), 1, NOTHING, NOTHING),
            "too large": frames.packed(too_large()),
            "nested without end": frames.packed(b"[" * 5_000),
        }


class BinanceSpeaker(Speaker):
    """Binance: JSON, one answer a request, books over REST."""

    rest_books = True
    refuses_strangers = False
    websocket_pings = True
    has_notice = True

    def read(self, text: str) -> Ask:
        request = json.loads(text)
        operation = {"SUBSCRIBE": "subscribe", "UNSUBSCRIBE": "unsubscribe"}[request["method"]]
        return Ask(operation, request["id"], tuple(request["params"]))

    def stream(self, name: str) -> tuple[str, Kind]:
        symbol, kind, *_ = name.split("@")
        kinds = {
            "depth": Kind.DEPTH,
            "bookTicker": Kind.TICKER,
            "trade": Kind.TRADE,
            "aggTrade": Kind.AGG_TRADE,
        }
        return symbol.upper(), kinds[kind]

    def accept(self, ask: Ask, name: str) -> bytes:
        return _json({"result": None, "id": ask.request_id})

    def answers_as_a_whole(self) -> bool:
        return True

    def slow_down(self, ask: Ask) -> bytes:
        return _json({"code": -1003, "msg": "Too many requests", "id": ask.request_id})

    def notice(self) -> bytes:
        return _json({"e": "serverShutdown", "E": 1})

    def other(self, kind: Kind, symbol: str, number: int, ms: int, bid: Best, ask: Best) -> bytes:
        frame = super().other(kind, symbol, number, ms, bid, ask)
        if kind is not Kind.AGG_TRADE:
            return frame
        return frame.replace(b'"e":"trade"', b'"e":"aggTrade"').replace(b'"t":', b'"a":')

    def rest_symbol(self, url: str) -> str:
        return parse_qs(urlsplit(url).query)["symbol"][0]

    def strange(self, symbol: str) -> bytes:
        return _json({"e": "kline", "E": 1, "s": symbol, "k": {"t": 1}})


class OkxSpeaker(Speaker):
    """OKX: JSON, one answer for every argument, `ping` and `pong`, books begin with a snapshot."""

    whole_first = True
    has_notice = True

    def read(self, text: str) -> Ask:
        if text == "ping":
            return Ask("ping")
        request = json.loads(text)
        names = tuple(f"{each['channel']}:{each['instId']}" for each in request["args"])
        return Ask(request["op"], request["id"], names)

    def stream(self, name: str) -> tuple[str, Kind]:
        channel, _, symbol = name.partition(":")
        kinds = {
            "books": Kind.DEPTH, "bbo-tbt": Kind.TICKER, "trades": Kind.TRADE,
            "mark-price": Kind.MARK, "funding-rate": Kind.FUNDING,
        }  # fmt: skip
        return symbol, kinds[channel]

    def accept(self, ask: Ask, name: str) -> bytes:
        channel, _, symbol = name.partition(":")
        return _json(
            {"id": ask.request_id, "event": ask.operation, "arg": _argument(channel, symbol), "connId": "a4"}
        )

    def refuse(self, ask: Ask, name: str) -> bytes:
        channel, _, symbol = name.partition(":")
        return self._error(ask, "60018", f"Wrong URL or channel:{channel},instId:{symbol} doesn't exist.")

    def slow_down(self, ask: Ask) -> bytes:
        return self._error(ask, "60014", "Requests too frequent")

    def pong(self) -> bytes:
        return b"pong"

    def notice(self) -> bytes:
        text = "The connection will soon be closed for a service upgrade. Please reconnect."
        return _json({"event": "notice", "code": "64008", "msg": text, "connId": "a4"})

    def other(self, kind: Kind, symbol: str, number: int, ms: int, bid: Best, ask: Best) -> bytes:
        head = {"instId": symbol, "instType": "SWAP", "ts": str(ms)}
        if kind is Kind.MARK:
            return _json({"arg": _argument("mark-price", symbol), "data": [{**head, "markPx": bid[0]}]})
        if kind is Kind.FUNDING:
            item = {**head, "fundingRate": "0.0001", "fundingTime": str(ms + 1000)}
            return _json({"arg": _argument("funding-rate", symbol), "data": [item]})
        return super().other(kind, symbol, number, ms, bid, ask)

    def strange(self, symbol: str) -> bytes:
        return _json({"arg": _argument("price-limit", symbol), "data": [{"instId": symbol, "ts": "1"}]})

    def _error(self, ask: Ask, code: str, text: str) -> bytes:
        return _json({"id": ask.request_id, "event": "error", "code": code, "msg": text, "connId": "a4"})


class HtxSpeaker(Speaker):
    """HTX: gzip, one topic a request, pings in the data; spot is asked for books, swaps begin with them."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self.whole_first = dialect is Dialect.HTX_SWAP
        self.never_silent = dialect is Dialect.HTX_SPOT

    def read(self, text: str) -> Ask:
        request = json.loads(text)
        if "pong" in request:
            return Ask("pong", request["pong"])
        words = {"sub": "subscribe", "unsub": "unsubscribe", "req": "whole"}
        key = next(each for each in words if each in request)
        return Ask(words[key], request["id"], (request[key],))

    def stream(self, name: str) -> tuple[str, Kind]:
        _, symbol, kind = name.split(".", 2)
        kinds = {"mbp": Kind.DEPTH, "depth": Kind.DEPTH, "bbo": Kind.TICKER, "trade": Kind.TRADE}
        return symbol, kinds[kind.partition(".")[0]]

    def accept(self, ask: Ask, name: str) -> bytes:
        word = "subbed" if ask.operation == "subscribe" else "unsubbed"
        return self._pack({"id": ask.request_id, "status": "ok", word: name, "ts": 1})

    def refuse(self, ask: Ask, name: str) -> bytes:
        return self._error(ask, f"invalid symbol {name}")

    def slow_down(self, ask: Ask) -> bytes:
        return self._error(ask, "429 too many request")

    def ping(self, number: int) -> bytes | None:
        return self._pack({"ping": number})

    def whole(self, symbol: str, last: int, ms: int, bids: Rows, asks: Rows, ask: Ask | None) -> bytes:
        frames = Frames(self.dialect, symbol)
        book = frames.snapshot(last, ms, bids, asks)
        if ask is None:
            return book
        return frames.mangled(book, lambda text: _json({**json.loads(text), "id": ask.request_id}))

    def strange(self, symbol: str) -> bytes:
        return self._pack({"ch": f"market.{symbol}.kline.1min", "ts": 1, "tick": {"id": 1}})

    def unreadable(self, symbol: str) -> dict[str, bytes]:
        more = {
            "plain text that is no json": b"what is this",
            "a broken gzip": b"\x1f\x8b\x08\x00 what is this",
            "a bomb": bomb(),
            "two members": self._pack({"ping": 1}) * 2,
            "nothing": b"",
        }
        return {**super().unreadable(symbol), **more}

    def _error(self, ask: Ask, text: str) -> bytes:
        error = {"status": "error", "ts": 1, "err-code": "bad-request", "err-msg": text}
        return self._pack({"id": ask.request_id, **error})

    def _pack(self, frame: dict[str, Any]) -> bytes:
        return gzip.compress(_json(frame), 1, mtime=0)


SPEAKERS: dict[str, type[Speaker]] = {"binance": BinanceSpeaker, "okx": OkxSpeaker, "htx": HtxSpeaker}


def speaker_of(market: str, dialect: Dialect) -> Speaker:
    """The words of a market."""
    return SPEAKERS[market.partition(".")[0]](dialect)


def _argument(channel: str, symbol: str) -> dict[str, str]:
    return {"channel": channel, "instId": symbol}


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _without_sides(text: bytes) -> bytes:
    for name in (b'"b":', b'"bids":'):
        text = text.replace(name, name + b'17,"was":')
    return text
