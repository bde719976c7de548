"""The driver of sessions, as HTX's: compressed control frames, one topic a request, pings in the data."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec

from tests.support.session_driver import Driver
from trimaran.venues.htx.control import HtxDialogue
from trimaran.venues.htx.spec import SPOT

PING_NS = 5_000_000_000


class HtxDriver(Driver):
    """A driver around a session of HTX."""

    dialogue = HtxDialogue
    usual_spec = SPOT
    usual_symbols = ("btcusdt",)
    refuses_books = ""  # the text of the error that every REQ is answered with
    pings = 0

    def run(self, seconds: float) -> HtxDriver:
        """Lets time pass; the server pings every five seconds while `pongs` is set."""
        end_ns = self.now_ns + round(seconds * 1e9)
        while self.now_ns < end_ns:
            step_ns = min(PING_NS - self.now_ns % PING_NS, end_ns - self.now_ns)
            super().run(step_ns / 1e9)
            if self.pongs and self.now_ns % PING_NS == 0:
                for slot in list(self.open):
                    self.pings += 1
                    self.pack(slot, {"ping": self.now_ns})
        return self

    def pack(self, slot: int, frame: dict[str, Any]) -> None:
        """A control frame, compressed."""
        self.control(slot, gzip.compress(msgspec.json.encode(frame)))

    def requests(self, key: str) -> list[str]:
        """The topics of every request of a kind: `sub`, `unsub` or `req`."""
        return [request[key] for request in map(msgspec.json.decode, self.texts()) if key in request]

    def obey(self, slot: int, text: str) -> None:
        """Subscribes, unsubscribes, and answers requests for whole books."""
        request = msgspec.json.decode(text)
        if "pong" in request or not self.replies:
            return
        topic = request.get("sub") or request.get("unsub") or request["req"]
        symbol, swap = topic.split(".")[1], "depth" in topic
        if topic in self.gone:
            if "req" not in request:
                self.lose(slot, topic)
            self.refuse(slot, request["id"], "bad-request", f"invalid topic {topic}")
        elif "req" in request:
            if self.refuses_books:
                self.refuse(slot, request["id"], "bad-request", self.refuses_books)
            elif topic not in self.mute:
                self.whole_book(slot, symbol)
        elif "unsub" in request and not self.release(slot, topic):
            self.refuse(slot, request["id"], "bad-request", f"unsub with not subbed topic {topic}")
        elif "unsub" in request:
            self.pack(slot, {"id": request["id"], "status": "ok", "unsubbed": topic, "ts": 1})
        else:
            self.hold(slot, topic)
            self.pack(slot, {"id": request["id"], "status": "ok", "subbed": topic, "ts": 1})
            if swap and topic not in self.mute:
                self.whole_book(slot, symbol)

    def refuse(self, slot: int, request_id: str, code: str, text: str) -> None:
        """An error as HTX writes it."""
        self.pack(slot, {"status": "error", "ts": 1, "id": request_id, "err-code": code, "err-msg": text})
