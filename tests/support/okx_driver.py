"""The driver of sessions, as OKX's: one answer for every argument, `pong` for `ping`."""

from __future__ import annotations

import msgspec

from tests.support.session_driver import Driver
from trimaran.domain.answer import Flag, Kind, pack
from trimaran.venues.okx.control import OkxDialogue
from trimaran.venues.okx.spec import SPOT

SECOND = 1_000_000_000
ALL = (Kind.DEPTH, Kind.TICKER, Kind.TRADE)
GAP = pack(Kind.DEPTH, Flag.NEED_SNAPSHOT | Flag.WENT_STALE, 0)
NEEDED = pack(Kind.DEPTH, Flag.NEED_SNAPSHOT, 0)
SYMBOLS = ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
CONNECTION = "a4d3ae55"
NOTICE = (
    '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade.'
    f' Please reconnect.","connId":"{CONNECTION}"}}'
)


class OkxDriver(Driver):
    """A driver around a session of OKX."""

    dialogue = OkxDialogue
    usual_spec = SPOT
    usual_symbols = ("BTC-USDT",)

    def requests(self, operation: str) -> list[list[str]]:
        """The streams of every request of a kind."""
        texts = [msgspec.json.decode(text) for text in self.texts() if text != "ping"]
        wanted = [request["args"] for request in texts if request["op"] == operation]
        return [[f"{each['channel']}:{each['instId']}" for each in arguments] for arguments in wanted]

    def obey(self, slot: int, text: str) -> None:
        """Subscribes and unsubscribes; a subscription of books begins with a snapshot."""
        if text == "ping":
            if self.pongs:
                self.control(slot, "pong")
            return
        request = msgspec.json.decode(text)
        for argument in request["args"] if self.replies else ():
            self._obey_argument(slot, request["id"], request["op"], argument)

    def _obey_argument(self, slot: int, request_id: str, operation: str, argument: dict[str, str]) -> None:
        name = f"{argument['channel']}:{argument['instId']}"
        if name in self.gone:
            self.lose(slot, name)
            named = f"channel:{argument['channel']},instId:{argument['instId']}"
            text = f"Wrong URL or {named} doesn't exist. Please use the correct URL."
            self.control(slot, refusal(request_id, "60018", text))
            return
        reply = {"id": request_id, "event": operation, "arg": argument, "connId": CONNECTION}
        self.control(slot, msgspec.json.encode(reply))
        if operation == "unsubscribe":
            self.release(slot, name)
            return
        self.hold(slot, name)
        if argument["channel"] == "books" and name not in self.mute:
            self.whole_book(slot, argument["instId"])


def refusal(request_id: str | None, code: str, text: str) -> bytes:
    """An error as OKX writes it; without an id where the request had none."""
    frame = {"id": request_id, "event": "error", "code": code, "msg": text, "connId": CONNECTION}
    return msgspec.json.encode({name: value for name, value in frame.items() if value is not None})
