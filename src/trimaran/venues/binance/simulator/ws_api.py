"""The WebSocket API of the simulated Binance: requests over a socket, sessions, and user data of spot.

One JSON object a request, `{"id","method","params"}`, one a response, `{"id","status","result"|"error",
"rateLimits"}`. A session that has logged on (Ed25519 keys only) needs no signatures. Its limits are those of
REST, counted together. https://developers.binance.com/docs/binance-spot-api-docs/websocket-api and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-api-general-info
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from picows import WSMsgType, WSTransport

from trimaran.venues.binance.simulator.auth import allow, check_params_signature, check_time, key_of
from trimaran.venues.binance.simulator.connection import ConnectionRules, Heartbeat
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security
from trimaran.venues.binance.simulator.limits import Weights
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import (
    ApiError,
    bad,
    gate_error,
    illegal,
    missing,
    no_key,
    too_many,
)
from trimaran.venues.binance.simulator.text import server_shutdown
from trimaran.venues.binance.simulator.user_data import UserData
from trimaran.venues.binance.simulator.ws_subscriptions import Subscriptions
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.gate import PASS, Request, Verdict
from trimaran.venues.sim.server_stage import Connection, Stage
from trimaran.venues.sim.trading import ApiKey, Permission
from trimaran.venues.sim.unreadable import UNREADABLE

CONNECT_WEIGHT: Final = {True: 2, False: 5}  # market is spot -> weight
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
_PERMISSIONS: Final = {Security.READ: Permission.READ, Security.TRADE: Permission.TRADE}


class ApiRequest(msgspec.Struct):
    """A request as it stands on the wire."""

    method: str
    id: Any = None
    params: dict[str, Any] | None = None


class WsApi:
    """What all connections of one market share."""

    def __init__(
        self, accounts: MarketAccounts, weights: Weights, user_data: UserData, endpoints: list[Endpoint],
        flush: Callable[[], None],
    ) -> None:  # fmt: skip
        self.accounts = accounts
        self.weights = weights
        self.user_data = user_data
        self.flush = flush
        self.methods = {name: each for each in endpoints for name in each.methods}
        self.decode = msgspec.json.Decoder(ApiRequest, float_hook=str).decode


class WsApiConnection(Connection):
    """A client of the WebSocket API."""

    def __init__(self, stage: Stage, api: WsApi, path: str, rules: ConnectionRules) -> None:
        super().__init__(stage)
        self.private = True
        self._api = api
        self._heartbeat = Heartbeat(rules, self.born_s)
        self._connected_ms = stage.server_ms()
        self._session: tuple[ApiKey, int] | None = None  # who has logged on, and when
        shown = parse_qs(urlsplit(path).query).get("returnRateLimits", ["true"])[0]
        self._shows_limits = shown != "false"
        self._subscriptions = Subscriptions(api.user_data, self._send_event)
        api.weights.charge(CONNECT_WEIGHT[api.accounts.spot], self._connected_ms)
        self._own: Mapping[str, Callable[[Params, int], str]] = {
            "session.logon": self._logon,
            "session.status": self._status,
            "session.logout": self._logout,
        }
        if api.accounts.spot:
            self._own = {
                **self._own,
                "session.subscriptions": lambda params, now_ms: self._subscriptions.listed(),
                "userDataStream.subscribe": self._subscribe,
                "userDataStream.subscribe.signature": self._subscribe_signed,
                "userDataStream.unsubscribe": self._unsubscribe,
            }

    def markets(self) -> tuple[str, ...]:
        """Its market."""
        return (self._api.accounts.market,)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Ends its subscriptions."""
        super().on_ws_disconnected(transport)
        self._subscriptions.clear()

    def heard(self, kind: WSMsgType, payload: bytes) -> None:
        """Requests and heartbeats of the client."""
        if kind == WSMsgType.TEXT:
            self._request(payload)
        elif kind == WSMsgType.PING:
            self.pong(payload)
        elif kind == WSMsgType.PONG:
            self._heartbeat.ponged(self.stage.monotonic_s())

    def notice(self, moment: Moment) -> None:
        """The notice before a restart of the server."""
        self._send_event("serverShutdown", server_shutdown(moment.server_ms))

    def tend(self, now_s: float) -> None:
        """Pings, and ends connections that are dead, too old or too slow."""
        self._heartbeat.tend(self, now_s)

    def key_revoked(self, name: str) -> None:
        """Ends the session of that key."""
        if self._session is not None and self._session[0].key == name:
            self.revoke()

    def revoke(self) -> None:
        """The key of the session, should there be one, is no more: the client is told, unasked."""
        if self._session is None:
            return
        self._session = None
        self._subscriptions.terminate(self.stage.server_ms())
        self._send(f'{{"id":null,"status":401,"error":{no_key().body()}}}')

    def _request(self, payload: bytes) -> None:
        now_ms = self.stage.server_ms()
        request_id, endpoint, key, verdict = "null", None, None, PASS
        shows_limits = self._shows_limits
        try:
            request = self._api.decode(payload)
            request_id = _id_text(request.id)
            endpoint = self._api.methods.get(request.method)
            verdict = self.stage.gate.judge(
                self._api.accounts.market, Request.OTHER if endpoint is None else endpoint.request
            )
            values = _texts(request.params)
            if "returnRateLimits" in values:
                shows_limits = values["returnRateLimits"] == "true"
            params = Params(values)
            own = self._own.get(request.method)
            if endpoint is None and own is None:
                raise bad(-1020, "This operation is not supported.")
            weight = 2 if endpoint is None else endpoint.weigh(params)
            self._charge(weight, now_ms, verdict)
            if not verdict.processed:
                return
            if endpoint is None:
                assert own is not None
                result = own(params, now_ms)
            else:
                key = self._secured(endpoint, values, now_ms)
                result = endpoint.answer(Call(params, key, now_ms, self.stage.trading_ns()))
                if endpoint.orders and self._api.accounts.spot:
                    self._api.weights.give_back(weight)
            if verdict.status is not None:
                raise gate_error(verdict, self._api.accounts.spot, now_ms)
            text = f'{{"id":{request_id},"status":200,"result":{result}'
        except UNREADABLE as error:
            text = f'{{"id":{request_id},"status":400,"error":{_unreadable(error)}'
        except ApiError as error:
            text = f'{{"id":{request_id},"status":{error.status},"error":{error.body()}'
        text += self._limits(endpoint, key, now_ms) if shows_limits else "}"
        self._respond(text, verdict)

    def _respond(self, text: str, verdict: Verdict) -> None:
        """Writes the response, and then the news; or on a bad day the news first."""
        if verdict is PASS:
            self._send(text)
            self._api.flush()
            return
        self._api.flush()
        if verdict.answered:
            asyncio.get_running_loop().call_later(verdict.delay_s, self._send, text)

    def _charge(self, weight: int, now_ms: int, verdict: Verdict) -> None:
        status, wait_s = self._api.weights.charge(weight, now_ms)
        if status != 200:
            raise too_many(status, now_ms, wait_s)
        if verdict.status is not None and not verdict.processed:
            raise gate_error(verdict, self._api.accounts.spot, now_ms)

    def _secured(self, endpoint: Endpoint, values: dict[str, str], now_ms: int) -> ApiKey | None:
        """The key, once the request has brought what it must."""
        security = endpoint.security
        if security is Security.NONE:
            return None
        if "apiKey" not in values and self._session is not None:
            key = self._session[0]
            if self._api.accounts.exchange.key(key.key) is None:
                raise no_key()
        else:
            key = self._named(values)
            if security is not Security.KEY:
                check_params_signature(key, values)
        if security is not Security.KEY:
            check_time(values, now_ms)
            allow(key, _PERMISSIONS[security])
        return key

    def _named(self, values: dict[str, str]) -> ApiKey:
        text = values.get("apiKey")
        if not text:
            raise missing("apiKey")
        return key_of(text, self._api.accounts.exchange.key)

    def _limits(self, endpoint: Endpoint | None, key: ApiKey | None, now_ms: int) -> str:
        """The end of a response that tells what has been used."""
        weights, rows = self._api.weights, []
        if endpoint is not None and endpoint.orders and key is not None:
            counts = self._api.accounts.counts(key.account_id)
            used = zip(counts.rates, counts.counts(now_ms), strict=True)
            rows = [rate.text(count) for rate, count in used]
        rows.append(weights.rate.text(weights.used))
        return f',"rateLimits":[{",".join(rows)}]}}'

    # sessions

    def _logon(self, params: Params, now_ms: int) -> str:
        values = dict(params.values)
        key = self._named(values)
        if not key.public_key:
            raise bad(-4056, "HMAC_SHA256 API-key is not supported.")
        check_params_signature(key, values)
        check_time(values, now_ms)
        self._session = (key, now_ms)
        return self._status(params, now_ms)

    def _logout(self, params: Params, now_ms: int) -> str:
        self._session = None
        self._subscriptions.leave_session(now_ms)
        return self._status(params, now_ms)

    def _status(self, params: Params, now_ms: int) -> str:
        who, since = "null", "null"
        if self._session is not None:
            who, since = f'"{self._session[0].key}"', str(self._session[1])
        streaming = "true" if self._subscriptions.of_session() else "false"
        return (
            f'{{"apiKey":{who},"authorizedSince":{since},"connectedSince":{self._connected_ms},'
            f'"returnRateLimits":{"true" if self._shows_limits else "false"},"serverTime":{now_ms},'
            f'"userDataStream":{streaming}}}'
        )

    # user data

    def _subscribe(self, params: Params, now_ms: int) -> str:
        if self._session is None:
            raise bad(-2015, "The session is not authenticated.")
        allow(self._session[0], Permission.READ)
        return self._subscriptions.add(self._session[0].account_id, True)

    def _subscribe_signed(self, params: Params, now_ms: int) -> str:
        values = dict(params.values)
        key = self._named(values)
        check_params_signature(key, values)
        check_time(values, now_ms)
        allow(key, Permission.READ)
        return self._subscriptions.add(key.account_id, False)

    def _unsubscribe(self, params: Params, now_ms: int) -> str:
        chosen = params.integer("subscriptionId", -1)
        return self._subscriptions.remove(chosen, now_ms)

    def _send_event(self, event: str, text: str, subscription_id: int | None = None) -> None:
        head = "" if subscription_id is None else f'"subscriptionId":{subscription_id},'
        self._send(f'{{{head}"event":{text}}}')

    def _send(self, text: str) -> None:
        self.deliver(WSMsgType.TEXT, text.encode())


def _id_text(request_id: Any) -> str:
    """The id as JSON. Raises -1100."""
    if request_id is None:
        return "null"
    if isinstance(request_id, str) and _ID.fullmatch(request_id) is not None:
        return f'"{request_id}"'
    if isinstance(request_id, int) and not isinstance(request_id, bool) and abs(request_id) < 2**63:
        return str(request_id)
    raise illegal("id", "^[a-zA-Z0-9-_]{1,36}$")


def _texts(params: dict[str, Any] | None) -> dict[str, str]:
    """Parameters as text: strings as they are, all else as it stands in JSON."""
    if not params:
        return {}
    return {name: value if type(value) is str else _json_text(value) for name, value in params.items()}


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _unreadable(error: Exception) -> str:
    return bad(-1135, f"Invalid JSON Request: {error}").body()
