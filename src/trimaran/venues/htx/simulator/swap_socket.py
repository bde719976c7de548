"""The private sockets of simulated HTX swaps, all frames gzip members.

    /linear-swap-notification   pushes of the classic API, and funding rates without a login
    /ws/v5/notification         pushes of the newer API: the contract stands beside the topic
    /linear-swap-trade          order entry; the name of the operation is `op`, its body is `data`

The server sends {"op":"ping","ts":"..."} every five seconds and wants the same `ts` back; three misses end
the connection, after {"op":"close"}.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb89359-77b5-11ed-9966-195a208afe7
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from picows import WSCloseCode, WSMsgType

from trimaran.venues.htx.simulator.auth import REST_NAMES, Denied
from trimaran.venues.htx.simulator.calls import Endpoint, encoded
from trimaran.venues.htx.simulator.private_socket import PrivateSide, PrivateSocket, SocketRules
from trimaran.venues.htx.simulator.push_hub import ALL, Subscription
from trimaran.venues.htx.simulator.refusals import HtxError, words_of
from trimaran.venues.htx.simulator.swap_push import CLASSIC, USER, V5, V5_PREFIX
from trimaran.venues.sim.compress import gzip_member
from trimaran.venues.sim.unreadable import UNREADABLE

GZIP_BITS: Final = 31
REQUEST_BYTES_MAX: Final = 256 * 1024
FUNDING_EVERY_S: Final = 60.0
_FUNDING: Final = "funding_rate"
_DENIED: Final = 2003
_LOGIN: Final = 2002
_NO_CONTRACT: Final = 2011
_BAD_TOPIC: Final = 2021
_MISSING: Final = 2040
_FAST: Final = 2029
_SIGNED: Final[tuple[str, ...]] = (
    "AccessKeyId",
    "SignatureMethod",
    "SignatureVersion",
    "Timestamp",
    "Signature",
)


_NOTHING: Final = msgspec.Raw(b"")


class _Request(msgspec.Struct, frozen=True):
    """Any message of a client."""

    op: str = ""
    topic: str = ""
    contract_code: str = "*"
    cid: msgspec.Raw = _NOTHING
    ts: str | int = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


_request: Final = msgspec.json.Decoder(_Request)
_login: Final = msgspec.json.Decoder(dict[str, Any])


class SwapSocket(PrivateSocket):
    """A connection to one of the three paths."""

    names = REST_NAMES

    def __init__(
        self,
        side: PrivateSide,
        host: str,
        path: str,
        rules: SocketRules,
        symbols: Callable[[str], bool],
        snapshot: Callable[[int, Subscription], list[bytes]],
        funding: Callable[[str], list[Mapping[str, Any]]],
        operations: Mapping[str, Endpoint],
    ) -> None:
        """`symbols` says whether a contract is listed; `operations` are those of order entry."""
        super().__init__(side, host, path, rules)
        self._v5 = path.startswith("/ws/v5")
        self._symbols = symbols
        self._snapshot = snapshot
        self._funding = funding
        self._operations = operations
        self._funded_s = self.born_s

    def push(self, payload: bytes) -> None:
        """Sends a push."""
        self.deliver(WSMsgType.BINARY, gzip_member(payload))

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends a message."""
        self.push(encoded(message).encode())

    def say_ping(self, time_ms: int) -> str:
        """Sends a heartbeat."""
        self.say({"op": "ping", "ts": str(time_ms)})
        return str(time_ms)

    def close(self, code: WSCloseCode | int = WSCloseCode.GOING_AWAY, reason: bytes | None = None) -> None:
        """Says so in the data first."""
        self.say({"op": "close", "ts": str(self.stage.server_ms())})
        super().close(code, reason)

    def tend(self, now_s: float) -> None:
        """Heartbeats, and funding rates once a minute."""
        super().tend(now_s)
        if now_s - self._funded_s >= FUNDING_EVERY_S:
            self._funded_s = now_s
            for subscription in tuple(self.subscriptions()):
                if subscription.kind == _FUNDING:
                    self._say_funding(subscription)

    def request(self, payload: bytes) -> None:
        """Takes a message of the client."""
        try:
            if payload[:2] == b"\x1f\x8b":
                payload = zlib.decompressobj(GZIP_BITS).decompress(payload, REQUEST_BYTES_MAX)
            request = _request.decode(payload)
        except (*UNREADABLE, zlib.error):
            self.say({"op": "error", **self._error(_MISSING, "Invalid JSON.")})
            return
        if request.op == "pong":
            if str(request.ts) == self.ping:
                self.ping = None
        elif request.op == "ping":
            self.say({"op": "pong", "ts": str(request.ts)})
        elif self.too_many():
            self.say(
                {**self._named(request), **self._error(_FAST, "The number of access exceeded the limit.")}
            )
        elif request.op == "auth":
            self._login(payload, request)
        elif request.op in self._operations:
            self._enter(request)
        elif request.op in ("sub", "unsub") and not self._operations:
            self._listen(request)
        else:
            self.say({**self._named(request), **self._error(_MISSING, "Invalid operation.")})

    def _error(self, code: int, text: str) -> dict[str, Any]:
        return {"err-code": code, "err-msg": text, "ts": self.stage.server_ms()}

    def _named(self, request: _Request) -> dict[str, Any]:
        """What an answer repeats of its request."""
        named: dict[str, Any] = {"op": request.op}
        if bytes(request.cid):
            named["cid"] = request.cid
        if request.topic:
            named["topic"] = request.topic
            if self._v5:
                named["contract_code"] = request.contract_code
        return named

    def _login(self, payload: bytes, request: _Request) -> None:
        message = _login.decode(payload)
        parameters = {name: str(message[name]) for name in _SIGNED if name in message}
        denied = self.login(parameters)
        named = {**self._named(request), "type": "api"}
        if denied is None:
            assert self.key is not None
            user = {"user-id": str(USER + self.key.account_id)}
            self.say({**named, "ts": self.stage.server_ms(), "err-code": 0, "data": user})
        else:
            self.say(
                {**named, **self._error(_LOGIN if denied is Denied.MISSING else _DENIED, words_of(denied))}
            )

    def _listen(self, request: _Request) -> None:
        named = self._named(request)
        subscription = self._subscription(request)
        if isinstance(subscription, int):
            words = "Contract doesn't exist." if subscription == _NO_CONTRACT else "Invalid topic."
            self.say({**named, **self._error(subscription, words)})
            return
        if self.key is None and subscription.kind != _FUNDING:
            self.say({**named, **self._error(_LOGIN, "invalid.auth.state")})
            return
        name = f"{request.topic}:{subscription.symbol}"
        new = request.op == "sub" and name not in self.topics
        if request.op == "sub":
            self.topics[name] = subscription
        else:
            self.topics.pop(name, None)
        self.say({**named, "ts": self.stage.server_ms(), "err-code": 0})
        if new and subscription.kind == _FUNDING:
            self._say_funding(subscription)
        elif new and self.key is not None:
            for push in self._snapshot(self.key.account_id, subscription):
                self.push(push)

    def _subscription(self, request: _Request) -> Subscription | int:
        """What a topic means, or the number of what is wrong with it."""
        kind, _, symbol = request.topic.partition(".")
        if self._v5:
            kind, symbol = V5_PREFIX + request.topic, request.contract_code
            if request.topic not in V5:
                return _BAD_TOPIC
            if request.topic == "account":
                symbol = ALL
        elif kind == "public":
            symbol, _, kind = symbol.rpartition(".")
            if kind != _FUNDING:
                return _BAD_TOPIC
        elif kind not in CLASSIC or not symbol:
            return _BAD_TOPIC
        symbol = symbol.upper()
        money = symbol == "USDT" and kind.startswith("accounts")
        if symbol != ALL and not money and not self._symbols(symbol):
            return _NO_CONTRACT
        return Subscription(request.topic, kind, symbol)

    def _say_funding(self, subscription: Subscription) -> None:
        data = self._funding(subscription.symbol)
        head = {"op": "notify", "topic": subscription.topic, "ts": self.stage.server_ms()}
        self.say({**head, "data": data})

    def _enter(self, request: _Request) -> None:
        named = self._named(request)

        def answered(data: object) -> None:
            self.say({**named, "status": "ok", "err-code": 0, "data": data, "ts": self.stage.server_ms()})

        def refused(error: HtxError) -> None:
            code = error.code if isinstance(error.code, int) else 1004
            words = {"err_code": code, "err_msg": error.text}
            self.say({**named, "status": "error", **self._error(code, error.text), **words})

        self.enter(self._operations[request.op], bytes(request.data), answered, refused)


def swap_operations(endpoints: list[Endpoint]) -> dict[str, Endpoint]:
    """The operations of `/linear-swap-trade`, by their names there."""
    by_name = {
        endpoint.path.rpartition("/")[2]: endpoint for endpoint in endpoints if "/v1/" in endpoint.path
    }
    operations: dict[str, Endpoint] = {}
    for mode in ("", "cross_"):
        operations |= {
            f"create_{mode}order": by_name[f"swap_{mode}order"],
            f"create_{mode}batchorder": by_name[f"swap_{mode}batchorder"],
            f"{mode}cancel": by_name[f"swap_{mode}cancel"],
            f"{mode}cancelall": by_name[f"swap_{mode}cancelall"],
            f"{mode}lightning_close_position": by_name[f"swap_{mode}lightning_close_position"],
        }
    return operations
