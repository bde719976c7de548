"""The private sockets of simulated HTX spot, in plain text: `/ws/v2` for pushes, `/ws/trade` for orders.

    {"action":"req","ch":"auth","params":{...}}    -> {"action":"req","code":200,"ch":"auth","data":{}}
    {"action":"sub","ch":"orders#btcusdt"}         -> {"action":"sub","code":200,"ch":...,"data":{}}
    {"cid":...,"ch":"create-order","params":{...}} -> {"status":"ok","data":...,"cid":...}

The server sends {"action":"ping","data":{"ts":ms}} every 20 s and wants the same back.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec53c8f-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from picows import WSMsgType

from trimaran.venues.htx.simulator.auth import SOCKET_NAMES
from trimaran.venues.htx.simulator.calls import Endpoint, encoded
from trimaran.venues.htx.simulator.private_socket import PrivateSide, PrivateSocket, SocketRules
from trimaran.venues.htx.simulator.push_hub import Subscription
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.htx.simulator.spot_push import ACCOUNTS, CLEARING, ORDERS
from trimaran.venues.sim.unreadable import UNREADABLE

_MODES: Final = {ACCOUNTS: ("0", "1", "2"), CLEARING: ("0", "1")}
_BAD_STATE: Final = 2002
_BAD_REQUEST: Final = 2001
_FAST: Final = 4000


_NOTHING: Final = msgspec.Raw(b"")


class _Request(msgspec.Struct, frozen=True):
    """Any message of a client."""

    action: str = ""
    ch: str = ""
    cid: msgspec.Raw = _NOTHING
    params: msgspec.Raw = msgspec.Raw(b"{}")
    data: dict[str, Any] | None = None


_request: Final = msgspec.json.Decoder(_Request)
_parameters: Final = msgspec.json.Decoder(dict[str, str])


class SpotSocket(PrivateSocket):
    """A connection to either path."""

    names = SOCKET_NAMES

    def __init__(
        self,
        side: PrivateSide,
        host: str,
        path: str,
        rules: SocketRules,
        symbols: Callable[[str], bool],
        snapshot: Callable[[int, Subscription], list[bytes]],
        operations: Mapping[str, Endpoint],
    ) -> None:
        """`symbols` says whether one is listed, `operations` are those of order entry: empty on `/ws/v2`."""
        super().__init__(side, host, path, rules)
        self._symbols = symbols
        self._snapshot = snapshot
        self._operations = operations

    def push(self, payload: bytes) -> None:
        """Sends a push."""
        self.deliver(WSMsgType.TEXT, payload)

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends a message."""
        self.deliver(WSMsgType.TEXT, encoded(message).encode())

    def say_ping(self, time_ms: int) -> str:
        """Sends a heartbeat."""
        self.say({"action": "ping", "data": {"ts": time_ms}})
        return str(time_ms)

    def request(self, payload: bytes) -> None:
        """Takes a message of the client."""
        try:
            request = _request.decode(payload)
        except UNREADABLE:
            self._refuse({}, _BAD_REQUEST, "invalid.json")
            return
        if request.action == "pong":
            if request.data is not None and str(request.data.get("ts")) == self.ping:
                self.ping = None
        elif request.action == "ping":
            self.say({"action": "pong", "data": request.data or {}})
        elif self.too_many():
            self._refuse({"action": request.action, "ch": request.ch}, _FAST, "too.many.request")
        elif request.action == "req":
            self._login(request)
        elif request.ch in self._operations:
            self._enter(request)
        elif request.action in ("sub", "unsub") and not self._operations:
            self._listen(request)
        else:
            self._refuse({"action": request.action, "ch": request.ch}, _BAD_REQUEST, "invalid.action")

    def _refuse(self, named: Mapping[str, Any], code: int, text: str) -> None:
        self.say({**named, "code": code, "message": text})

    def _login(self, request: _Request) -> None:
        named = {"action": "req", "ch": request.ch}
        if request.ch != "auth":
            self._refuse(named, _BAD_REQUEST, "invalid.ch")
            return
        try:
            parameters = _parameters.decode(request.params)
        except UNREADABLE:
            parameters = {}
        parameters.pop("authType", None)
        if self.login(parameters) is None:
            self.say({"action": "req", "code": 200, "ch": "auth", "data": {}})
        else:
            self._refuse(named, _BAD_STATE, "auth.fail")

    def _listen(self, request: _Request) -> None:
        named = {"action": request.action, "ch": request.ch}
        if self.key is None:
            self._refuse(named, _BAD_STATE, "invalid.auth.state")
            return
        subscription = self._subscription(request.ch)
        if isinstance(subscription, str):
            self._refuse(named, _BAD_REQUEST, subscription)
            return
        new = request.action == "sub" and request.ch not in self.topics
        if request.action == "sub":
            self.topics[request.ch] = subscription
        else:
            self.topics.pop(request.ch, None)
        self.say({"action": request.action, "code": 200, "ch": request.ch, "data": {}})
        if new and subscription.kind == ACCOUNTS:
            for push in self._snapshot(self.key.account_id, subscription):
                self.push(push)

    def _subscription(self, topic: str) -> Subscription | str:
        """What a topic means, or what is wrong with it."""
        kind, *rest = topic.split("#")
        if kind == ACCOUNTS:
            mode = rest[0] if rest else "0"
            if len(rest) > 1 or mode not in _MODES[ACCOUNTS]:
                return "invalid.ch"
            return Subscription(topic, ACCOUNTS, "*", mode)
        if kind not in (ORDERS, CLEARING) or not rest or len(rest) > 1 + (kind == CLEARING):
            return "invalid.ch"
        symbol, mode = rest[0], rest[1] if len(rest) > 1 else "0" if kind == CLEARING else ""
        if kind == CLEARING and mode not in _MODES[CLEARING]:
            return "invalid.ch"
        if symbol != "*" and not self._symbols(symbol):
            return "invalid.symbol"
        return Subscription(topic, kind, symbol, mode)

    def _enter(self, request: _Request) -> None:
        named = {"cid": request.cid} if bytes(request.cid) else {}

        def answered(data: object) -> None:
            self.say({"status": "ok", "data": data, **named})

        def refused(error: HtxError) -> None:
            words = {"err-code": error.code, "err-msg": error.text}
            self.say({"status": "error", **words, "data": None, **named})

        self.enter(self._operations[request.ch], bytes(request.params), answered, refused)


def spot_operations(endpoints: list[Endpoint]) -> dict[str, Endpoint]:
    """The operations of `/ws/trade`, by their names there."""
    by_path = {endpoint.path.rpartition("/")[2]: endpoint for endpoint in endpoints}
    return {
        "create-order": by_path["place"],
        "create-batchorder": by_path["batch-orders"],
        "cancel": by_path["batchcancel"],
        "cancelall": by_path["batchCancelOpenOrders"],
    }
