"""The driver of sessions, as HTX's: compressed control frames, one topic a request, pings in the data."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any

import msgspec

from tests.support.session_driver import Driver
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.htx.control import HtxDialogue
from trimaran.venues.htx.spec import SPOT
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.session import SessionConfig

PING_NS = 5_000_000_000


class HtxDriver(Driver):
    """A driver around a session of HTX. `gone` topics are refused; `mute` ones send no whole book."""

    def __init__(
        self,
        spec: MarketSpec = SPOT,
        symbols: Iterable[str] = ("btcusdt",),
        config: SessionConfig | None = None,
        seed: int = 1,
    ) -> None:
        self.symbols = list(symbols)
        self.gone: set[str] = set()
        self.mute: set[str] = set()
        self.refuses_books = ""  # the text of the error that every REQ is answered with
        self.snapshots = 0
        self.pings = 0
        super().__init__(spec, HtxDialogue(), obey, self.symbols, config, seed)

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

    def whole_book(self, slot: int, symbol: str) -> None:
        """A whole book comes in the stream, and is what the book needed."""
        self.snapshots += 1
        self.answer(slot, pack(Kind.SNAPSHOT, Flag.APPLIED | Flag.WENT_LIVE, self.symbols.index(symbol)))


def obey(driver: Driver, slot: int, text: str) -> None:
    """Subscribes, unsubscribes, and answers requests for whole books."""
    assert isinstance(driver, HtxDriver)
    request = msgspec.json.decode(text)
    if "pong" in request or not driver.replies:
        return
    topic = request.get("sub") or request.get("unsub") or request["req"]
    symbol, swap = topic.split(".")[1], "depth" in topic
    if topic in driver.gone:
        refuse(driver, slot, request["id"], "bad-request", f"invalid topic {topic}")
    elif "req" in request:
        if driver.refuses_books:
            refuse(driver, slot, request["id"], "bad-request", driver.refuses_books)
        elif topic not in driver.mute:
            driver.whole_book(slot, symbol)
    elif "unsub" in request:
        driver.subscribed[slot].remove(topic)
        driver.pack(slot, {"id": request["id"], "status": "ok", "unsubbed": topic, "ts": 1})
    else:
        driver.subscribed.setdefault(slot, []).append(topic)
        driver.pack(slot, {"id": request["id"], "status": "ok", "subbed": topic, "ts": 1})
        if swap and topic not in driver.mute:
            driver.whole_book(slot, symbol)


def refuse(driver: HtxDriver, slot: int, request_id: str, code: str, text: str) -> None:
    """An error as HTX writes it."""
    driver.pack(slot, {"status": "error", "ts": 1, "id": request_id, "err-code": code, "err-msg": text})
