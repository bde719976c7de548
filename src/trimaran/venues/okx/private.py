"""OKX's private connections: login, subscriptions, pushes and the answers to orders.

Source: https://www.okx.com/docs-v5/en/#overview-websocket-login, #order-book-trading-trade-ws-order-channel,
#order-book-trading-algo-trading-ws-algo-orders-channel, #trading-account-websocket-account-channel and
#trading-account-websocket-positions-channel.

A market has two lines: `private` with orders, account and positions, which also takes orders, and `algo` with
what waits for a trigger. One account has one wallet and two markets here, and a desk that runs both has lines
for each. They subscribe to the orders and positions of their own `instType`, so no order, fill or position is
told twice; balances are told under the name of either market, and are the same money. `fills` is for high fee
tiers and is left out: every fill comes with its order.

Nothing is pushed of open orders when a subscription begins: they are asked for over REST after each login. A
push that cannot be read is a hole in what we know, and is told as `Stale` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError
from trimaran.domain.reports import Report
from trimaran.venues.okx.account import BalanceRow, PositionRow, balance_reports, position_report
from trimaran.venues.okx.dialect import context_of
from trimaran.venues.okx.envelope import UNREADABLE, all_of
from trimaran.venues.okx.errors import fault_of
from trimaran.venues.okx.reports import AlgoRow, OrderRow, algo_report, order_report, pushed_fill
from trimaran.venues.okx.signing import check_credentials, login_text
from trimaran.venues.okx.spec import ALGO_LINE
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.dialogue import request_id_of
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.lines import (
    LineEnded,
    LineMessage,
    LinePong,
    LineReply,
    LineShutdown,
    LineSpec,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    Stale,
    SubscriptionRefused,
    SubscriptionTaken,
)
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.message import HttpReply, Stamp

ORDERS, ALGOS, ACCOUNT, POSITIONS = "orders", "orders-algo", "account", "positions"
SPOT_CHANNELS: Final = (ORDERS, ACCOUNT)
SWAP_CHANNELS: Final = (ORDERS, ACCOUNT, POSITIONS)
PONG: Final = b"pong"
HEAD_BYTES: Final = 120
UPGRADE_CODE: Final = "64008"
NOT_LOGGED_IN: Final = "60011"
LOGIN_KINDS: Final = frozenset({
    FaultKind.LOGIN, FaultKind.KEY, FaultKind.SIGNATURE, FaultKind.CLOCK, FaultKind.PERMISSION,
    FaultKind.ACCOUNT,
})  # fmt: skip


class _Argument(msgspec.Struct, rename="camel"):
    channel: str = ""
    inst_type: str = ""


class _Frame(msgspec.Struct):
    event: str = ""
    op: str = ""
    id: str | int | None = None
    code: str = ""
    msg: str = ""
    channel: str = ""
    arg: _Argument | None = None
    data: list[msgspec.Raw] | None = None


_FRAMES: Final = msgspec.json.Decoder(_Frame)
_ORDERS: Final = msgspec.json.Decoder(OrderRow)
_ALGOS: Final = msgspec.json.Decoder(AlgoRow)
_BALANCES: Final = msgspec.json.Decoder(BalanceRow)
_POSITIONS: Final = msgspec.json.Decoder(PositionRow)


class OkxLine:
    """The wording of one private connection, which remembers the ids it subscribed with."""

    def __init__(self, spec: MarketSpec, setup: AccountSetup, line: LineSpec) -> None:
        """Raises ConfigError for a key that is not one of OKX's."""
        assert setup.credentials is not None, "a private line needs a key"
        check_credentials(setup.credentials)
        self._credentials = setup.credentials
        self._context = context_of(spec, setup)
        of_market = SPOT_CHANNELS if self._context.is_spot else SWAP_CHANNELS
        self._channels = (ALGOS,) if line.name == ALGO_LINE.name else of_market
        self._names: dict[int, str] = {}

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        """The login; OKX answers it without an id."""
        return login_text(self._credentials, stamp)

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        """Orders and the account, and of swaps the positions; or the algo orders."""
        self._names = {first_id + at: name for at, name in enumerate(self._channels)}
        return [(name, self._subscribe(request_id, name)) for request_id, name in self._names.items()]

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        """What a frame says."""
        if payload == PONG:
            return (LinePong(),)
        unknown = LineUnknown(payload[:HEAD_BYTES])
        try:
            frame = _FRAMES.decode(payload)
        except UNREADABLE:
            return (LineUnknown(payload[:HEAD_BYTES], unreadable=True),)
        if frame.event:
            return self._event(frame, payload, unknown)
        if frame.op:
            request_id = request_id_of(frame.id)
            return (unknown,) if request_id is None else (LineReply(request_id, HttpReply(200, payload)),)
        channel = frame.arg.channel if frame.arg is not None else ""
        if channel not in self._channels:
            return (unknown,)
        raws = frame.data or []
        try:
            reports = tuple(self._push(channel, raws, local_ns))
        except DecodeError as error:
            return (unknown, Stale(f"{channel}: {error}"))
        strangers = raws and not reports and channel != ACCOUNT  # instruments that the setup does not have
        return (unknown,) if strangers else reports

    def _subscribe(self, request_id: int, name: str) -> str:
        argument = {"channel": name}
        if name != ACCOUNT:
            argument["instType"] = self._context.kind
        content = {"id": str(request_id), "op": "subscribe", "args": [argument]}
        return msgspec.json.encode(content).decode()

    def _event(self, frame: _Frame, payload: bytes, unknown: LineUnknown) -> Sequence[LineMessage]:
        match frame.event:
            case "login":
                fault = fault_of(frame.code, frame.msg)
                return (LoggedIn(),) if frame.code == "0" else (LoginRefused(fault),)
            case "subscribe":
                return (SubscriptionTaken(frame.arg.channel if frame.arg is not None else ""),)
            case "notice" if frame.code == UPGRADE_CODE:
                return (LineShutdown(),)
            case "channel-conn-count":
                return ()
            case "channel-conn-count-error":
                fault = fault_of("60020", "too many connections of this channel")
                return (SubscriptionRefused(frame.channel, fault),)
            case "error":
                return (self._error(frame, payload),)
        return (unknown,)

    def _error(self, frame: _Frame, payload: bytes) -> LineMessage:
        """Whom an error concerns: what was asked with its id, a channel that it names, or the login."""
        fault, request_id = fault_of(frame.code, frame.msg), request_id_of(frame.id)
        if request_id in self._names:
            return SubscriptionRefused(self._names[request_id], fault)
        if request_id is not None:
            return LineReply(request_id, HttpReply(200, payload))
        named = frame.arg.channel if frame.arg is not None else self._named(frame.msg)
        if named:
            return SubscriptionRefused(named, fault)
        if frame.code == NOT_LOGGED_IN:
            return LineEnded("the venue says that this connection is not logged in")
        if fault.kind in LOGIN_KINDS:
            return LoginRefused(fault)
        return LineUnknown(payload[:HEAD_BYTES])

    def _named(self, text: str) -> str:
        """The channel in a text such as `Wrong URL or channel:orders,instType:SPOT doesn't exist`."""
        return next((name for name in self._channels if f"channel:{name}" in text), "")

    def _push(self, channel: str, raws: Sequence[msgspec.Raw], local_ns: int) -> Iterator[Report]:
        """The reports of a push, a fill before the order that it changes: all of them, or DecodeError."""
        context = self._context
        if channel == ORDERS:
            for row in all_of(raws, _ORDERS):
                told = (pushed_fill(row, context, local_ns), order_report(row, context, local_ns))
                yield from (report for report in told if report is not None)
        elif channel == ALGOS:
            for algo in all_of(raws, _ALGOS):
                waiting = algo_report(algo, context, local_ns)
                if waiting is not None:
                    yield waiting
        elif channel == ACCOUNT:
            for wallet in all_of(raws, _BALANCES):
                yield from balance_reports(wallet, context, local_ns)
        else:
            for position in all_of(raws, _POSITIONS):
                report = position_report(position, context, local_ns)
                if report is not None:
                    yield report
