"""One WebSocket connection to the simulated OKX: requests, login, orders, text heartbeat, limits.

Rules (https://www.okx.com/docs-v5/en/#overview-websocket): clients send the text `ping` and get `pong`; 480
subscribe, unsubscribe and login requests an hour; a request has at most 64 KiB. One acknowledgement per
argument, with the `id` of the request; a second subscription of a channel is acknowledged and brings no
second snapshot. Each socket has channels of its own, and orders are for the private one.

Stricter than the venue: it closes with 4004 when neither side has sent anything for 30 s, this simulator when
the client has not, whatever was pushed to it meanwhile. A client that lives here lives there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from picows import WSCloseCode, WSMsgType, WSTransport

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.auth import logged_in
from trimaran.venues.okx.simulator.operations import NAMES, Operations, Outcome
from trimaran.venues.okx.simulator.private_feed import PrivateFeed, Subscription
from trimaran.venues.okx.simulator.public_data import PublicData
from trimaran.venues.okx.simulator.refusals import NO_MASS_CANCEL, OkxError
from trimaran.venues.okx.simulator.sockets import PRIVATE, Argument, Channels, markets_of
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.okx.simulator.text import answer_of
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.gate import Verdict
from trimaran.venues.sim.server_stage import Connection, Stage, as_text
from trimaran.venues.sim.sliding import SlidingWindow
from trimaran.venues.sim.trading import ApiKey, Permission
from trimaran.venues.sim.unreadable import UNREADABLE

LOGIN_FAILED, IDLE, SLOW, KEY_CHANGED = 4001, 4004, 4005, 4007  # close codes
BAD_REQUEST, TOO_OFTEN, NO_LOGIN, BAD_ARGUMENTS, BAD_OPERATION, WRONG_URL, TWICE, UPGRADE = (
    "60012", "60014", "60011", "60013", "60019", "60028", "60031", "64008",
)  # fmt: skip
OPERATIONS: Final = frozenset({"subscribe", "unsubscribe", "login", "mass-cancel"}) | NAMES
CLOSE_AFTER_S: Final = 0.05  # between the refusal of a login and the close
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_encode = msgspec.json.encode


class ConnectionRules(msgspec.Struct, frozen=True):
    """What the venue demands of a connection."""

    idle_s: float = 30.0
    operations_per_hour: int = 480
    request_bytes_max: int = 64 * 1024


class Frame(msgspec.Struct, rename="camel"):
    """A request."""

    id: Any = ""
    op: Any = msgspec.UNSET
    args: msgspec.Raw = msgspec.Raw(b"null")
    exp_time: Any = ""


_frames: Final = msgspec.json.Decoder(Frame)


class Hall(msgspec.Struct):
    """What all connections have in common."""

    feeds: Mapping[str, OkxFeed]
    public: PublicData
    private: PrivateFeed
    operations: Operations
    exchange: Exchange
    channels: Channels
    limited: bool
    connected: int = 0


class OkxConnection(Connection):
    """A client of one of the three sockets, which carry both markets."""

    def __init__(self, stage: Stage, rules: ConnectionRules, hall: Hall, socket: str) -> None:
        super().__init__(stage)
        hall.connected += 1
        self._id = f"{0xA4D3AE00 + hall.connected:08x}"
        self._rules = rules
        self._hall = hall
        self._socket = socket
        self.private = socket == PRIVATE
        self._heard_s = self.born_s
        self._operations = SlidingWindow(3600.0)
        self._topics: dict[str, Argument] = {}  # canonical text -> argument
        self._private: dict[str, Subscription] = {}
        self._key: ApiKey | None = None

    def markets(self) -> set[MarketName]:
        """Those of its instruments; both while it has none."""
        return markets_of(self._topics.values())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leaves every channel."""
        super().on_ws_disconnected(transport)
        for topic, argument in self._topics.items():
            self._leave(topic, argument)
        self._topics.clear()

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Requests and heartbeats of the client."""
        self._heard_s = self.stage.monotonic_s()
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

    def key_revoked(self, name: str) -> None:
        """Ends the connection that has logged in with it."""
        if self._key is not None and self._key.key == name:
            self.close(KEY_CHANGED, b"APIKey has been updated or deleted. Please reconnect.")

    def _say(self, answer: dict[str, Any], request_id: str = "") -> None:
        named = {"id": request_id} if request_id else {}
        self.send(_encode({**named, **answer, "connId": self._id}), 1.0)

    def _refuse(self, code: str, text: str, request_id: str = "") -> None:
        self._say({"event": "error", "code": code, "msg": text}, request_id)

    def _request(self, payload: bytes) -> None:
        try:
            frame = _frames.decode(payload)
        except UNREADABLE:
            self._refuse(BAD_REQUEST, _invalid(payload))
            return
        operation, request_id = frame.op, frame.id
        if request_id != "" and not (isinstance(request_id, str) and _ID.fullmatch(request_id)):
            self._refuse(BAD_REQUEST, _invalid(payload))
        elif isinstance(operation, str) and operation in NAMES:
            self._order(operation, frame)
        elif operation is msgspec.UNSET or operation is None:
            self._refuse(BAD_REQUEST, _invalid(payload), request_id)
        elif not isinstance(operation, str) or operation not in OPERATIONS:
            self._refuse(BAD_OPERATION, f"Invalid op: {as_text(operation)}", request_id)
        else:
            self._operate_all(operation, frame, payload)

    def _operate_all(self, operation: str, frame: Frame, payload: bytes) -> None:
        """Login, and everything about channels."""
        arguments = msgspec.json.decode(frame.args)
        if not isinstance(arguments, list) or not arguments:
            self._refuse(BAD_REQUEST, _invalid(payload), frame.id)
        elif self._hall.limited and not self._operations.take(self._heard_s, self._rules.operations_per_hour):
            self._refuse(TOO_OFTEN, "Requests too frequent", frame.id)
        elif operation == "login":
            self._login(arguments[0], frame.id)
        elif operation == "mass-cancel":
            words = NO_MASS_CANCEL
            self._answer(operation, frame.id, Outcome(words.code, words.text, ""), self.stage.server_us())
        else:
            for argument in arguments:
                self._operate(operation, argument, frame.id)

    def _login(self, argument: Any, request_id: str) -> None:
        if self._key is not None:
            self._refuse(
                TWICE, "The WebSocket endpoint does not allow multiple or repeated logins.", request_id
            )
            return
        try:
            self._key = logged_in(self._hall.exchange.key, argument, self.stage.server_ms())
        except OkxError as error:
            self._refuse(error.code, error.text, request_id)
            self._later(CLOSE_AFTER_S, lambda: self.close(LOGIN_FAILED, b"Login failed."))
        else:
            self.private = True
            self._say({"event": "login", "code": "0", "msg": ""}, request_id)

    def _operate(self, operation: str, argument: Any, request_id: str) -> None:
        texts = isinstance(argument, dict) and all(isinstance(each, str) for each in argument.values())
        if not texts or not argument.get("channel"):
            self._refuse(BAD_ARGUMENTS, "Invalid args", request_id)
            return
        refused = self._hall.channels.refusal(self._socket, argument, self._key is not None)
        if refused is not None:
            self._refuse(*refused, request_id)
            return
        topic = _encode(argument, order="sorted").decode()
        self._say({"event": operation, "arg": argument}, request_id)
        if operation == "unsubscribe":
            self._topics.pop(topic, None)
            self._leave(topic, argument)
        elif topic not in self._topics:
            self._topics[topic] = argument
            self._join(topic, argument)

    def _join(self, topic: str, argument: Argument) -> None:
        channel, hall = argument["channel"], self._hall
        feed = hall.feeds.get(argument.get("instId", ""))
        if hall.channels.is_private(channel):
            self._join_private(topic, argument)
        elif channel == "instruments":
            self.send_instruments(argument, hall.public.instruments({"instType": argument["instType"]}))
        elif feed is not None and channel in feed.channels:
            feed.join(channel, self)
        elif feed is not None and feed.candles.carries(channel):
            feed.candles.join(channel, self, self.stage.moment())

    def _join_private(self, topic: str, argument: Argument) -> None:
        assert self._key is not None
        channel, private = argument["channel"], self._hall.private
        subscription = private.join(self, self._key.account_id, argument)
        count = private.connections(self._key.account_id, channel)
        told = {"channel": channel, "connCount": str(count)}
        if count > self._hall.channels.connections_max:
            private.leave(subscription)
            del self._topics[topic]
            self._say({"event": "channel-conn-count-error", **told, "connCount": str(count - 1)})
            return
        self._private[topic] = subscription
        self._say({"event": "channel-conn-count", **told})
        private.begin(subscription)

    def _leave(self, topic: str, argument: Argument) -> None:
        subscription = self._private.pop(topic, None)
        if subscription is not None:
            self._hall.private.leave(subscription)
        feed = self._hall.feeds.get(argument.get("instId", ""))
        if feed is None or subscription is not None:
            return
        if argument["channel"] in feed.channels:
            feed.channels[argument["channel"]].leave(self)
        else:
            feed.candles.leave(argument["channel"], self)

    def _order(self, operation: str, frame: Frame) -> None:
        """An operation on orders: answered first, then pushed, unless the gate wants it otherwise."""
        began_us, hall, key = self.stage.server_us(), self._hall, self._key
        if key is None or self._socket != PRIVATE or Permission.TRADE not in key.permissions:
            self._refuse_order(operation, frame.id, began_us)
            return
        try:
            prepared = hall.operations.prepare(operation, frame.args, True, str(frame.exp_time or ""))
        except OkxError as error:
            self._answer(operation, frame.id, Outcome(error.code, error.text, ""), began_us)
            return
        verdict = self.stage.gate.judge(prepared.market, prepared.kind.request)
        if not verdict.processed:
            self._answer_late(operation, frame.id, _broken(verdict), began_us, verdict)
            return
        at_once = verdict.delay_s == 0
        if at_once:
            hall.private.hold()
        try:
            done = hall.operations.run(key.account_id, prepared)
        except OkxError as error:
            done = Outcome(error.code, error.text, "")
        finally:
            if at_once:
                held = hall.private.take()
        if verdict.status is not None:
            done = _broken(verdict)
        self._answer_late(operation, frame.id, done, began_us, verdict)
        if at_once:
            hall.private.release(held)

    def _refuse_order(self, operation: str, request_id: str, began_us: int) -> None:
        if self._socket != PRIVATE:
            text = (
                "The current operation is not supported by this URL. Please use the correct WebSocket URL "
                "for the operation."
            )
            self._refuse(WRONG_URL, text, request_id)
        elif self._key is None:
            self._refuse(NO_LOGIN, "Please log in", request_id)
        else:
            text = "This API key doesn't have permission to use this function"
            self._answer(operation, request_id, Outcome("50120", text, ""), began_us)

    def _answer_late(
        self, operation: str, request_id: str, done: Outcome, began_us: int, verdict: Verdict
    ) -> None:
        if not verdict.answered:
            return
        if verdict.delay_s > 0:
            self._later(verdict.delay_s, lambda: self._answer(operation, request_id, done, began_us))
        else:
            self._answer(operation, request_id, done, began_us)

    def _answer(self, operation: str, request_id: str, done: Outcome, began_us: int) -> None:
        told = "" if done.rows else done.text  # what went wrong stands in the rows
        text = answer_of(request_id, operation, done.code, told, done.rows, began_us, self.stage.server_us())
        self.send(text.encode(), 1.0)

    def _later(self, seconds: float, act: Any) -> None:
        asyncio.get_running_loop().call_later(seconds, act)

    def send_instruments(self, argument: Argument, rows: str) -> None:
        """Sends rows of the instrument list."""
        self.send(f'{{"arg":{_encode(argument).decode()},"data":[{rows}]}}'.encode(), 1.0)

    def announce(self, kind: str, row: str) -> None:
        """Tells those who watch the instruments of a type that one has changed."""
        for argument in self._topics.values():
            if argument["channel"] == "instruments" and argument["instType"] == kind:
                self.send_instruments(argument, row)


def _invalid(payload: bytes) -> str:
    return f"Invalid request: {payload[:400].decode(errors='replace')}"


def _broken(verdict: Verdict) -> Outcome:
    """How a socket says that the venue has a bad day."""
    if verdict.processed:
        return Outcome("50004", "API endpoint request timeout", "")
    if verdict.retry_after_s:
        return Outcome("50011", "Rate limit reached. Please refer to API documentation and throttle requests "
                       "accordingly.", "")  # fmt: skip
    return Outcome("50001", "Service temporarily unavailable. Please try again later.", "")
