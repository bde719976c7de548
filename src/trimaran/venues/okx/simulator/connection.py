"""One WebSocket connection to the simulated OKX: requests, text heartbeat, limits.

Rules (https://www.okx.com/docs-v5/en/#overview-websocket): clients send the text `ping` and get `pong`; 480
subscribe and unsubscribe requests an hour; a request has at most 64 KiB. One acknowledgement per argument,
with the `id` of the request; a second subscription of a channel is acknowledged and brings no second
snapshot. Channels of the business socket do not exist on the public one.

Stricter than the venue: it closes with 4004 when neither side has sent anything for 30 s, this simulator when
the client has not, whatever was pushed to it meanwhile. A client that lives here lives there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from picows import WSCloseCode, WSMsgType, WSTransport

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.server_stage import Connection, Stage, Window, as_text

IDLE, SLOW = 4004, 4005  # close codes
BAD_REQUEST, NO_CHANNEL, TOO_OFTEN, NO_LOGIN, BAD_ARGUMENTS, BAD_OPERATION, UPGRADE = (
    "60012", "60018", "60014", "60011", "60013", "60019", "64008",
)  # fmt: skip
LOGIN_CHANNELS: Final = frozenset({"books-l2-tbt", "books50-l2-tbt", "account", "positions", "orders"})
OPERATIONS: Final = ("subscribe", "unsubscribe")
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_encode = msgspec.json.encode


class ConnectionRules(msgspec.Struct, frozen=True):
    """What the venue demands of a connection."""

    idle_s: float = 30.0
    operations_per_hour: int = 480
    request_bytes_max: int = 64 * 1024


class Hall:
    """What all connections have in common: the feeds, and the answer to `instruments`."""

    def __init__(self, feeds: Mapping[str, OkxFeed], instruments: Callable[[str], str]) -> None:
        """`feeds` by instrument; `instruments` writes the list of an instrument type."""
        self.feeds = feeds
        self.instruments = instruments
        self.connected = 0


class OkxConnection(Connection):
    """A client of `/ws/v5/public`, which may carry both markets."""

    def __init__(self, stage: Stage, rules: ConnectionRules, hall: Hall) -> None:
        super().__init__(stage)
        hall.connected += 1
        self._id = f"{0xA4D3AE00 + hall.connected:08x}"
        self._rules = rules
        self._hall = hall
        self._heard_s = self.born_s
        self._operations = Window(rules.operations_per_hour, 3600.0)
        self._topics: dict[str, dict[str, str]] = {}  # canonical text -> argument

    def markets(self) -> set[MarketName]:
        """Those of its instruments; both while it has none."""
        names = {each.get("instId", "") or each.get("instType", "") for each in self._topics.values()}
        found = {OKX_SWAP if name.endswith("SWAP") else OKX_SPOT for name in names if name}
        return found or {OKX_SPOT, OKX_SWAP}

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leaves every channel."""
        super().on_ws_disconnected(transport)
        for argument in self._topics.values():
            self._leave(argument)
        self._topics.clear()

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Requests and heartbeats of the client."""
        self._heard_s = time.monotonic()
        if kind == WSMsgType.PING:
            self.pong(payload)
        elif len(payload) > self._rules.request_bytes_max:
            self.close(WSCloseCode.MESSAGE_TOO_BIG)
        elif payload == b"ping":
            self.send(b"pong", 1.0)
        elif kind == WSMsgType.TEXT:
            self._request(payload)

    def send(self, payload: bytes, fraction: float) -> None:
        """Sends a text message."""
        self.deliver(WSMsgType.TEXT, payload, fraction)

    def notice(self, moment: Moment) -> None:
        """The notice before a service upgrade."""
        text = "The connection will soon be closed for a service upgrade. Please reconnect."
        self._say({"event": "notice", "code": UPGRADE, "msg": text})

    def tend(self, now_s: float) -> None:
        """Ends connections that are idle or too slow."""
        if now_s - self._heard_s > self._rules.idle_s:
            self.close(IDLE, f"No data received in {self._rules.idle_s:g}s.".encode())
        elif self.too_slow():
            self.close(SLOW)

    def _say(self, answer: dict[str, Any], request_id: str = "") -> None:
        named = {"id": request_id} if request_id else {}
        self.send(_encode({**named, **answer, "connId": self._id}), 1.0)

    def _refuse(self, code: str, text: str, request_id: str = "") -> None:
        self._say({"event": "error", "code": code, "msg": text}, request_id)

    def _request(self, payload: bytes) -> None:
        invalid = f"Invalid request: {payload[:400].decode(errors='replace')}"
        try:
            request = msgspec.json.decode(payload)
        except msgspec.DecodeError:
            self._refuse(BAD_REQUEST, invalid)
            return
        fields = request if isinstance(request, dict) else {}
        request_id, operation, arguments = fields.get("id", ""), fields.get("op"), fields.get("args")
        if request_id != "" and not (isinstance(request_id, str) and _ID.fullmatch(request_id)):
            self._refuse(BAD_REQUEST, invalid)
        elif "op" in fields and operation not in OPERATIONS:
            self._refuse(BAD_OPERATION, f"Invalid op: {as_text(operation)}", request_id)
        elif operation is None or not isinstance(arguments, list) or not arguments:
            self._refuse(BAD_REQUEST, invalid, request_id)
        elif not self._operations.take():
            self._refuse(TOO_OFTEN, "Requests too frequent", request_id)
        else:
            for argument in arguments:
                self._operate(operation, argument, request_id)

    def _operate(self, operation: str, argument: Any, request_id: str) -> None:
        texts = isinstance(argument, dict) and all(isinstance(each, str) for each in argument.values())
        if not texts or not argument.get("channel"):
            self._refuse(BAD_ARGUMENTS, "Invalid args", request_id)
            return
        refused = self._refusal(argument)
        if refused is not None:
            self._refuse(*refused, request_id)
            return
        topic = _encode(argument, order="sorted").decode()
        self._say({"event": operation, "arg": argument}, request_id)
        if operation == "unsubscribe":
            self._topics.pop(topic, None)
            self._leave(argument)
        elif topic not in self._topics:
            self._topics[topic] = argument
            self._join(argument)

    def _refusal(self, argument: dict[str, str]) -> tuple[str, str] | None:
        """Code and text where the venue has no such channel here."""
        channel = argument["channel"]
        if channel in LOGIN_CHANNELS:
            return NO_LOGIN, "Please log in"
        named = ",".join(f"{key}:{value}" for key, value in argument.items())
        wrong = (
            f"Wrong URL or {named} doesn't exist. Please use the correct URL, channel and parameters "
            "referring to API document."
        )
        if channel == "status":
            return None
        if channel == "instruments":
            return None if argument.get("instType") in ("SPOT", "SWAP") else (NO_CHANNEL, wrong)
        feed = self._hall.feeds.get(argument.get("instId", ""))
        if feed is None or not feed.listed or channel not in feed.channels:
            return NO_CHANNEL, wrong
        return None

    def _join(self, argument: dict[str, str]) -> None:
        if argument["channel"] == "instruments":
            self.send_instruments(argument, self._hall.instruments(argument["instType"]))
        elif "instId" in argument:
            self._hall.feeds[argument["instId"]].join(argument["channel"], self)

    def _leave(self, argument: dict[str, str]) -> None:
        feed = self._hall.feeds.get(argument.get("instId", ""))
        if feed is not None and argument["channel"] in feed.channels:
            feed.channels[argument["channel"]].leave(self)

    def send_instruments(self, argument: dict[str, str], rows: str) -> None:
        """Sends rows of the instrument list."""
        self.send(f'{{"arg":{_encode(argument).decode()},"data":[{rows}]}}'.encode(), 1.0)

    def announce(self, kind: str, row: str) -> None:
        """Tells those who watch the instruments of a type that one has changed."""
        for argument in self._topics.values():
            if argument["channel"] == "instruments" and argument["instType"] == kind:
                self.send_instruments(argument, row)
