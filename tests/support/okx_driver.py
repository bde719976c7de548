"""The driver of sessions, as OKX's: one answer for every argument, `pong` for `ping`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tests.support.session_driver import Driver
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.okx.control import OkxDialogue
from trimaran.venues.okx.spec import SPOT
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.session import SessionConfig


class OkxDriver(Driver):
    """A driver around a session of OKX. `gone` are refused, `mute` streams send no snapshot."""

    def __init__(
        self,
        spec: MarketSpec = SPOT,
        symbols: Iterable[str] = ("BTC-USDT",),
        config: SessionConfig | None = None,
        seed: int = 1,
    ) -> None:
        self.symbols = list(symbols)
        self.gone: set[str] = set()
        self.mute: set[str] = set()
        self.snapshots = 0
        super().__init__(spec, OkxDialogue(), obey, self.symbols, config, seed)

    def requests(self, operation: str) -> list[list[str]]:
        """The streams of every request of a kind."""
        texts = [msgspec.json.decode(text) for text in self.texts() if text != "ping"]
        wanted = [request["args"] for request in texts if request["op"] == operation]
        return [[f"{each['channel']}:{each['instId']}" for each in arguments] for arguments in wanted]


def obey(driver: Driver, slot: int, text: str) -> None:
    """Subscribes and unsubscribes; a subscription of books begins with a snapshot."""
    assert isinstance(driver, OkxDriver)
    if text == "ping":
        if driver.pongs:
            driver.control(slot, "pong")
        return
    request = msgspec.json.decode(text)
    held = driver.subscribed.setdefault(slot, [])
    for argument in request["args"] if driver.replies else ():
        name = f"{argument['channel']}:{argument['instId']}"
        if name in driver.gone:
            named = f"channel:{argument['channel']},instId:{argument['instId']}"
            text = f"Wrong URL or {named} doesn't exist. Please use the correct URL."
            refusal = {"id": request["id"], "event": "error", "code": "60018", "msg": text, "connId": "a4"}
            driver.control(slot, msgspec.json.encode(refusal))
            continue
        reply = {"id": request["id"], "event": request["op"], "arg": argument, "connId": "a4d3ae55"}
        driver.control(slot, msgspec.json.encode(reply))
        if request["op"] == "unsubscribe":
            held.remove(name)
            continue
        held.append(name)
        if argument["channel"] == "books" and name not in driver.mute:
            driver.snapshots += 1
            book = driver.symbols.index(argument["instId"])
            driver.answer(slot, pack(Kind.SNAPSHOT, Flag.APPLIED | Flag.WENT_LIVE, book))
