"""Binance's private lines: logging in, subscribing, and what the frames say.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream
           https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/user-data-stream-requests
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams

Spot has one line, which carries reports and orders: an Ed25519 key logs in and subscribes, an HMAC key signs
the subscription itself. USD-M has two: reports on a stream that a listen key opens, orders on another.

Requests of ours that are no orders have ids of text, "L7" and "S8", so that an answer says by itself what it
answers. Order replies become what REST would have answered: the result or the error as body, the counts of
`rateLimits` and the end of a stop as headers. Events about instruments that the desk does not trade say
nothing to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, GridError
from trimaran.venues.binance.errors import read_fault
from trimaran.venues.binance.order_wire import (
    LOGIN_METHOD,
    SUBSCRIBE_METHOD,
    SUBSCRIBE_SIGNED_METHOD,
    keys_of,
    request_text,
    signed_text,
)
from trimaran.venues.binance.routes import SPOT_WORDS, USDM_WORDS, Desk, MarketWords, desk_of
from trimaran.venues.binance.spot_events import SPOT_EVENTS
from trimaran.venues.binance.usdm_events import USDM_EVENTS
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Fault, FaultKind
from trimaran.venues.wire.lines import (
    LineEnded,
    LineMessage,
    LineReply,
    LineSpec,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    SubscriptionRefused,
    SubscriptionTaken,
)
from trimaran.venues.wire.message import NO_HEADERS, HttpReply, Stamp

REPORTS: Final = "userData"  # the only subscription there is
LOGIN_ID: Final = "L"
SUBSCRIPTION_ID: Final = "S"
HEAD_BYTES: Final = 120

EventReader = Callable[[Desk, bytes, int], Sequence[LineMessage]]

_NOTHING: Final = b"{}"
_INTERVALS: Final = {"SECOND": "s", "MINUTE": "m", "HOUR": "h", "DAY": "d"}
_LIMIT_HEADERS: Final = {"REQUEST_WEIGHT": "x-mbx-used-weight", "ORDERS": "x-mbx-order-count"}
_UNREADABLE: Final = (
    DecodeError,
    GridError,
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
    ArithmeticError,
)


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    count: int


class _Frame(msgspec.Struct, rename="camel"):
    """A reply has a status; an event has a name, bare or inside of `event` or `data`."""

    id: int | str | None = None
    status: int = 0
    result: msgspec.Raw = msgspec.Raw(b"")
    error: msgspec.Raw = msgspec.Raw(b"")
    rate_limits: msgspec.Raw = msgspec.Raw(b"")
    e: str = ""
    event: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")


class _Named(msgspec.Struct):
    e: str = ""


class _Stop(msgspec.Struct, rename="camel"):
    server_time: int = 0
    retry_after: int = 0  # milliseconds since 1970


class _Stopped(msgspec.Struct):
    data: _Stop | None = None


_FRAME: Final = msgspec.json.Decoder(_Frame)
_NAMED: Final = msgspec.json.Decoder(_Named)
_STOPPED: Final = msgspec.json.Decoder(_Stopped)
_LIMITS: Final = msgspec.json.Decoder(list[_RateLimit])


class BinanceLine:
    """The wording on one line of one account. Implements `LineDialogue`."""

    def __init__(
        self, words: MarketWords, events: Mapping[str, EventReader], line: LineSpec, setup: AccountSetup
    ) -> None:
        """Raises ConfigError when the key of `setup` is missing or unusable."""
        assert setup.credentials is not None, "a private line needs credentials"
        self._desk = desk_of(words, setup)
        self._events = events
        self._line = line
        self._keys = keys_of(setup.credentials)

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        """`session.logon`, which only Ed25519 keys can; None where requests sign themselves."""
        if not (self._line.takes_orders and self._keys.logs_in):
            return None
        parameters: dict[str, str | int] = {"timestamp": stamp.ms}
        return signed_text(f"{LOGIN_ID}{request_id}", LOGIN_METHOD, parameters, self._keys)

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        """The reports of the account, where the URL does not subscribe to them already."""
        if not self._line.pushes or self._line.needs_token:
            return ()
        request_id = f"{SUBSCRIPTION_ID}{first_id}"
        if self._keys.logs_in:
            return ((REPORTS, request_text(request_id, SUBSCRIBE_METHOD, {})),)
        parameters: dict[str, str | int] = {"timestamp": stamp.ms}
        return ((REPORTS, signed_text(request_id, SUBSCRIBE_SIGNED_METHOD, parameters, self._keys)),)

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        """What a frame says; `LineUnknown` where it is not understood as a whole."""
        try:
            frame = _FRAME.decode(payload)
            if frame.status:
                return self._reply(frame, payload, local_ns)
            body = bytes(frame.event) or bytes(frame.data) or payload
            read = self._events.get(frame.e or _NAMED.decode(body).e)
            return (_unknown(payload),) if read is None else read(self._desk, body, local_ns)
        except _UNREADABLE:
            return (LineUnknown(payload[:HEAD_BYTES], unreadable=True),)

    def _reply(self, frame: _Frame, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        reply = _as_http(frame)
        if isinstance(frame.id, int):
            return (LineReply(frame.id, reply),)
        fault = None
        if frame.status != 200:
            fault = read_fault(reply, self._desk.words.errors, local_ns)
        if frame.id is None:
            return _unasked(fault, payload)
        if frame.id.startswith(LOGIN_ID):
            return (LoggedIn() if fault is None else LoginRefused(fault),)
        if frame.id.startswith(SUBSCRIPTION_ID):
            return (SubscriptionTaken(REPORTS) if fault is None else SubscriptionRefused(REPORTS, fault),)
        return (_unknown(payload),)


def spot_line(line: LineSpec, setup: AccountSetup) -> BinanceLine:
    """A line of Binance spot."""
    return BinanceLine(SPOT_WORDS, SPOT_EVENTS, line, setup)


def usdm_line(line: LineSpec, setup: AccountSetup) -> BinanceLine:
    """A line of Binance USD-M."""
    return BinanceLine(USDM_WORDS, USDM_EVENTS, line, setup)


def _unasked(fault: Fault | None, payload: bytes) -> Sequence[LineMessage]:
    """An error that answers nothing: the key was revoked, or a request could not be read at all."""
    if fault is not None and fault.kind in (FaultKind.KEY, FaultKind.PERMISSION, FaultKind.LOGIN):
        return (LineEnded(fault.text, fault),)
    return (_unknown(payload),)


def _as_http(frame: _Frame) -> HttpReply:
    body = bytes(frame.result if frame.status == 200 else frame.error)
    return HttpReply(frame.status, body if body not in (b"", b"null") else _NOTHING, _headers(frame))


class _Counts(Mapping[str, str]):
    """The headers of a reply that was taken, read when somebody looks: most replies bring nothing new."""

    def __init__(self, limits: msgspec.Raw) -> None:
        self._limits = limits
        self._headers: Mapping[str, str] | None = None

    def _read(self) -> Mapping[str, str]:
        if self._headers is None:
            self._headers = _counts(self._limits)
        return self._headers

    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def _counts(limits: msgspec.Raw) -> dict[str, str]:
    """The counts of `rateLimits`; what is none must not cost the reply itself."""
    headers: dict[str, str] = {}
    try:
        rows = _LIMITS.decode(limits) if bytes(limits) else []
    except _UNREADABLE:
        return headers
    for limit in rows:
        name, letter = _LIMIT_HEADERS.get(limit.rate_limit_type), _INTERVALS.get(limit.interval)
        if name and letter:
            headers[f"{name}-{limit.interval_num}{letter}"] = str(limit.count)
    return headers


def _headers(frame: _Frame) -> Mapping[str, str]:
    if frame.status < 400:
        return _Counts(frame.rate_limits) if bytes(frame.rate_limits) else NO_HEADERS
    headers = _counts(frame.rate_limits)
    stop = _stop(bytes(frame.error))
    if stop is not None and stop.retry_after > stop.server_time > 0:
        seconds, milliseconds = divmod(stop.retry_after - stop.server_time, 1000)
        headers["retry-after"] = f"{seconds}.{milliseconds:03d}"
    return headers


def _stop(error: bytes) -> _Stop | None:
    """The order to stop in an error; what is no such order must not cost the reply itself."""
    try:
        return _STOPPED.decode(error).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _unknown(payload: bytes) -> LineUnknown:
    return LineUnknown(payload[:HEAD_BYTES])
