"""What Bybit says, for a venue that lives in memory: written from its documentation, not from the example."""

from __future__ import annotations

import json
from typing import Any

from tests.support.speakers import Ask, Best, Speaker
from tests.support.venue_frames import Ids, Rows
from trimaran.domain.answer import Kind


class BybitSpeaker(Speaker):
    """Bybit: JSON, one answer a request, pings that are messages, books begin with a snapshot."""

    whole_first = True

    def read(self, text: str) -> Ask:
        request = json.loads(text)
        return Ask(request["op"], request.get("req_id"), tuple(request.get("args", ())))

    def stream(self, name: str) -> tuple[str, Kind]:
        topic, _, symbol = name.rpartition(".")
        kinds = {"orderbook.200": Kind.DEPTH, "publicTrade": Kind.TRADE, "tickers": Kind.STATS}
        return symbol, kinds[topic]

    def accept(self, ask: Ask, name: str) -> bytes:
        return self._answer(ask, True, ask.operation)

    def refuse(self, ask: Ask, name: str) -> bytes:
        return self._answer(ask, False, f"error:handler not found,topic:{name}")

    def slow_down(self, ask: Ask) -> bytes:
        return self._answer(ask, False, "Too many requests")

    def pong(self) -> bytes:
        return _json({"success": True, "ret_msg": "pong", "conn_id": "0970e817", "req_id": "", "op": "ping"})

    def delta(self, symbol: str, ids: Ids, ms: int, bids: Rows, asks: Rows) -> bytes:
        return self._book("delta", symbol, ids[1], ms, bids, asks)

    def whole(self, symbol: str, last: int, ms: int, bids: Rows, asks: Rows, ask: Ask | None) -> bytes:
        return self._book("snapshot", symbol, last, ms, bids, asks)

    def other(self, kind: Kind, symbol: str, number: int, ms: int, bid: Best, ask: Best) -> bytes:
        if kind is Kind.TRADE:
            row = {"i": str(number), "T": ms, "p": bid[0], "v": bid[1], "S": "Sell", "s": symbol, "BT": False}
            return _json({"topic": f"publicTrade.{symbol}", "ts": ms, "type": "snapshot", "data": [row]})
        data = {"symbol": symbol, "lastPrice": bid[0], "volume24h": "1", "turnover24h": "100"}
        return _json({"topic": f"tickers.{symbol}", "ts": ms, "type": "snapshot", "data": data})

    def strange(self, symbol: str) -> bytes:
        return _json({"topic": f"kline.1.{symbol}", "ts": 1, "type": "snapshot", "data": [{"start": 1}]})

    def unreadable(self, symbol: str) -> dict[str, bytes]:
        delta = self.delta(symbol, (7, 7, 6), 1, [("100.00", "1.000")], [])
        return {
            "not json": b"}{ what is this",
            "a page of html": b"<html><body>403 Forbidden</body></html>",
            "not utf-8": b'{"topic":"\xff\xfe"}',
            "an array": b"[1,2,3]",
            "truncated": delta[: len(delta) * 2 // 3],
            "a wrong type": delta.replace(b'[["100.00"', b'[[{"100.00":1}'),
            "a side that is a number": delta.replace(b'"b": [', b'"b": 17, "was": ['),
            "neither a delta nor a snapshot": delta.replace(b'"delta"', b'"news"'),
            "a side of nobody": self.other(Kind.TRADE, symbol, 1, 1, ("1", "1"), ("1", "1")).replace(
                b'"Sell"', b'"Nobody"'
            ),
            "off the grid": self.delta(symbol, (7, 7, 6), 1, [("100.001", "1.000")], []),
            "another symbol": self.delta(f"X{symbol}", (7, 7, 6), 1, [], []),
            "too large": b'{"topic":"' + b"x" * 20_000_000 + b'"}',
            "nested without end": b"[" * 5_000,
        }

    def _book(self, kind: str, symbol: str, u: int, ms: int, bids: Rows, asks: Rows) -> bytes:
        data = {"s": symbol, "b": bids, "a": asks, "u": u, "seq": u * 7}
        return _json({"topic": f"orderbook.200.{symbol}", "ts": ms, "type": kind, "data": data, "cts": ms})

    def _answer(self, ask: Ask, success: bool, text: str) -> bytes:
        said: dict[str, Any] = {"success": success, "ret_msg": text, "conn_id": "0970e817"}
        return _json({**said, "req_id": ask.request_id, "op": ask.operation})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
