"""Depth frames of every dialect as the venues write them, from prices and sizes that are text already.

Ids are (first, last, previous); a dialect takes those that it has. Milliseconds are the venue's time.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence

import msgspec

from trimaran.domain.dialect import Dialect

Rows = Sequence[tuple[str, str]]  # (price, size)
Ids = tuple[int, int, int]
NO_ROW = ("0", "0")
OKX_FIRST = -1  # prevSeqId of a snapshot


class Frames(msgspec.Struct, frozen=True):
    """The frames of one instrument. HTX frames are gzip; `plain` shows what is inside."""

    dialect: Dialect
    symbol: str
    compress: bool = True

    def delta(self, ids: Ids, ms: int, bids: Rows, asks: Rows) -> bytes:
        """A change of the book."""
        first, last, previous = ids
        if self.dialect is Dialect.BINANCE_SPOT:
            return self._binance({"U": first, "u": last}, ms, bids, asks)
        if self.dialect is Dialect.BINANCE_USDM:
            return self._binance({"U": first, "u": last, "pu": max(previous, 0)}, ms, bids, asks)
        if self.dialect is Dialect.OKX:
            return self._okx("update", previous, last, ms, bids, asks)
        if self.dialect is Dialect.HTX_SPOT:
            tick: dict[str, object] = {"seqNum": last, "prevSeqNum": previous, **_numbers(bids, asks)}
            return self._gzip({"ch": self._topic("mbp.150"), "ts": ms, "tick": tick})
        return self._swap("update", last, ms, bids, asks)

    def snapshot(self, last: int, ms: int, bids: Rows, asks: Rows) -> bytes:
        """A whole book: a REST body on Binance, elsewhere a frame."""
        if self.dialect in (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM):
            return _text({"lastUpdateId": last, "bids": bids, "asks": asks})
        if self.dialect is Dialect.OKX:
            return self._okx("snapshot", OKX_FIRST, last, ms, bids, asks)
        if self.dialect is Dialect.HTX_SPOT:
            data = {"seqNum": last, **_numbers(bids, asks)}
            topic = self._topic("mbp.150")
            return self._gzip({"id": "1", "rep": topic, "status": "ok", "ts": ms, "data": data})
        return self._swap("snapshot", last, ms, bids, asks)

    def ticker(self, last: int, ms: int, bid: tuple[str, str] | None, ask: tuple[str, str] | None) -> bytes:
        """The best prices, None where a side is empty."""
        if self.dialect in (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM):
            (b, b_size), (a, a_size) = bid or NO_ROW, ask or NO_ROW
            head = {} if self.dialect is Dialect.BINANCE_SPOT else {"e": "bookTicker", "E": ms}
            body = {"b": b, "B": b_size, "a": a, "A": a_size}
            return _text({**head, "u": last, "s": self.symbol, **body})
        if self.dialect is Dialect.OKX:
            sides = {"asks": _okx_rows([ask] if ask else []), "bids": _okx_rows([bid] if bid else [])}
            item = {**sides, "instId": self.symbol, "ts": str(ms), "seqId": last}
            return _text({"arg": {"channel": "bbo-tbt", "instId": self.symbol}, "data": [item]})
        quotes: dict[str, object] = {}
        for name, row in (("bid", bid), ("ask", ask)):
            price, size = (_Number(text) for text in row or NO_ROW)
            if self.dialect is Dialect.HTX_SPOT:
                quotes |= {name: price if row else None, f"{name}Size": size if row else None}
            else:
                quotes[name] = [price, size] if row else None
        number = "seqId" if self.dialect is Dialect.HTX_SPOT else "version"
        return self._gzip({"ch": self._topic("bbo"), "ts": ms, "tick": {number: last, **quotes}})

    def trade(self, trade_id: int, ms: int, price: str, size: str, sold: bool) -> bytes:
        """A public trade."""
        side = "sell" if sold else "buy"
        if self.dialect in (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM):
            body = {"t": trade_id, "p": price, "q": size, "T": ms, "m": sold, "M": True}
            return _text({"e": "trade", "E": ms, "s": self.symbol, **body})
        if self.dialect is Dialect.OKX:
            item = {"instId": self.symbol, "tradeId": str(trade_id), "px": price, "sz": size, "side": side}
            more = {"ts": str(ms), "count": "1", "source": "0", "seqId": trade_id}
            return _text({"arg": {"channel": "trades", "instId": self.symbol}, "data": [{**item, **more}]})
        name = "tradeId" if self.dialect is Dialect.HTX_SPOT else "id"
        deal = {name: trade_id, "ts": ms, "amount": _Number(size), "price": _Number(price), "direction": side}
        tick = {"id": trade_id, "ts": ms, "data": [deal]}
        return self._gzip({"ch": self._topic("trade.detail"), "ts": ms, "tick": tick})

    def plain(self, frame: bytes) -> bytes:
        """The text of a frame."""
        return gzip.decompress(frame) if frame.startswith(b"\x1f\x8b") else frame

    def packed(self, text: bytes) -> bytes:
        """Text as this venue would send it."""
        htx = self.dialect in (Dialect.HTX_SPOT, Dialect.HTX_SWAP)
        return gzip.compress(text, 1, mtime=0) if htx and self.compress else text

    def mangled(self, frame: bytes, change: Callable[[bytes], bytes]) -> bytes:
        """A frame whose text was changed."""
        return self.packed(change(self.plain(frame)))

    def _binance(self, ids: dict[str, object], ms: int, bids: Rows, asks: Rows) -> bytes:
        event = {"e": "depthUpdate", "E": ms, "s": self.symbol, **ids, "b": bids, "a": asks}
        return _text({"stream": f"{self.symbol.lower()}@depth@100ms", "data": event})

    def _okx(self, action: str, previous: int, last: int, ms: int, bids: Rows, asks: Rows) -> bytes:
        body = {"asks": _okx_rows(asks), "bids": _okx_rows(bids), "ts": str(ms), "checksum": 0}
        item = {**body, "prevSeqId": previous, "seqId": last}
        arg = {"channel": "books", "instId": self.symbol}
        return _text({"arg": arg, "action": action, "data": [item]})

    def _swap(self, event: str, version: int, ms: int, bids: Rows, asks: Rows) -> bytes:
        topic = self._topic("depth.size_150.high_freq")
        body = {**_numbers(bids, asks), "ts": ms, "version": version, "ch": topic, "event": event}
        return self._gzip({"ch": topic, "ts": ms, "tick": {"mrid": version, "id": version, **body}})

    def _topic(self, rest: str) -> str:
        return f"market.{self.symbol}.{rest}"

    def _gzip(self, value: object) -> bytes:
        return self.packed(_text(value))


class _Number(str):
    """A decimal that stands in JSON without quotes."""


def _numbers(bids: Rows, asks: Rows) -> dict[str, object]:
    return {
        name: [[_Number(price), _Number(size)] for price, size in rows]
        for name, rows in (("bids", bids), ("asks", asks))
    }


def _okx_rows(rows: Rows) -> list[list[str]]:
    return [[price, size, "0", "0" if size.strip("0.") == "" else "1"] for price, size in rows]


def _text(value: object) -> bytes:
    return _spell(value).encode()


def _spell(value: object) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f'"{name}":{_spell(member)}' for name, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_spell, value)) + "]"
    return json.dumps(value)
