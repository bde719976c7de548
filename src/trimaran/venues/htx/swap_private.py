"""The private lines of HTX's USDT swaps: `/linear-swap-notification`, which pushes, and `/linear-swap-trade`.

Source: https://huobiapi.github.io/docs/usdt_swap/v1/en/#websocket-heartbeat-and-authentication-interface

All frames are gzip; text is read as well. A push of `orders_cross.*` is an order and the fills that are new
in it, with their fees: both are told from here, the fills first. Balances and positions come with every
change and every five seconds; a position that was closed is not told in one-way mode, its fills are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.domain.instrument import ContractKind
from trimaran.venues.htx import fields
from trimaran.venues.htx.envelope import SUCCESS, Access, part
from trimaran.venues.htx.errors import (
    LOGGED_IN_ALREADY,
    SUBSCRIBED_ALREADY,
    SWAP_CODES,
    SWAP_WINDOW_NS,
    fault_of,
)
from trimaran.venues.htx.fields import NULL, Id
from trimaran.venues.htx.private import ECHO_BYTES_MAX, HEAD_BYTES, UNREADABLE
from trimaran.venues.htx.signing import Place, swap_login
from trimaran.venues.htx.spec import SWAP
from trimaran.venues.htx.swap_account import Holding, Margin, holding_reports, margin_report
from trimaran.venues.htx.swap_reports import Row, fills_of, report_of
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.dialogue import request_id_of
from trimaran.venues.wire.inflate import inflate
from trimaran.venues.wire.lines import (
    LineMessage,
    LinePing,
    LineReply,
    LineShutdown,
    LineSpec,
    LineUnknown,
    LoggedIn,
    LoginRefused,
    SubscriptionRefused,
    SubscriptionTaken,
)
from trimaran.venues.wire.message import HttpReply, Stamp

ORDERS: Final = "orders_cross.*"
BALANCES: Final = "accounts_cross.*"
POSITIONS: Final = "positions_cross.*"
OF_THE_LINE: Final = ("auth", "sub", "unsub", "notify", "ping", "pong", "close", "error")


class _Frame(msgspec.Struct):
    op: str = ""
    cid: Id | None = None
    topic: str | None = None
    ts: msgspec.Raw = NULL
    data: msgspec.Raw = NULL
    code: Id | None = msgspec.field(default=None, name="err-code")
    text: str | None = msgspec.field(default=None, name="err-msg")
    ping: Id | None = None


class _Said(msgspec.Struct):
    ts: Id | None = None


_FRAME: Final = msgspec.json.Decoder(_Frame)
_SAID: Final = msgspec.json.Decoder(_Said)
_ROW: Final = msgspec.json.Decoder(Row)
_MARGINS: Final = msgspec.json.Decoder(list[Margin])
_HOLDINGS: Final = msgspec.json.Decoder(list[Holding])


class HtxSwapLine:
    """The wording of one line of one cross account. Implements `LineDialogue`."""

    def __init__(self, line: LineSpec, base: str, setup: AccountSetup) -> None:
        """`base` is the base URL that `line` names. Raises ConfigError for a key that is none."""
        self._access = Access(SWAP.market, ContractKind.PERPETUAL, setup)
        self._place = Place.of(base + line.path)
        self._pushes = line.pushes

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        """Both lines log in alike. Raises ConfigError without credentials."""
        signed = swap_login(self._access.signer, self._place, stamp)
        request = {"op": "auth", "type": "api", "cid": str(request_id), **signed}
        return msgspec.json.encode(request).decode()

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        """Three topics, by their names. None on the line that takes orders."""
        if not self._pushes:
            return ()
        return tuple(
            (topic, msgspec.json.encode({"op": "sub", "cid": str(first_id + nth), "topic": topic}).decode())
            for nth, topic in enumerate((ORDERS, BALANCES, POSITIONS))
        )

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        """What a frame says."""
        text = payload
        try:
            text = inflate(payload)
            return self._read(_FRAME.decode(text), text, local_ns)
        except UNREADABLE:
            return (LineUnknown(bytes(text[:HEAD_BYTES]), unreadable=True),)

    def _read(self, frame: _Frame, text: bytes, local_ns: int) -> Sequence[LineMessage]:
        if frame.op == "notify":
            return self._pushed(frame, text, local_ns)
        if frame.op == "ping" and len(frame.ts) <= ECHO_BYTES_MAX:
            return (LinePing(f'{{"op":"pong","ts":{bytes(frame.ts).decode()}}}'),)
        if frame.ping is not None:
            return (LinePing(msgspec.json.encode({"pong": frame.ping}).decode()),)
        if frame.op == "auth":
            return (self._logged_in(frame),)
        if frame.op == "sub" and frame.topic is not None:
            return (self._subscribed(frame, frame.topic),)
        if frame.op == "close":
            return (LineShutdown(),)
        request_id = request_id_of(frame.cid)
        if request_id is not None and frame.op not in OF_THE_LINE:
            return (LineReply(request_id, HttpReply(SUCCESS, text)),)
        return (LineUnknown(text[:HEAD_BYTES]),)

    def _logged_in(self, frame: _Frame) -> LineMessage:
        if str(frame.code) in ("0", str(LOGGED_IN_ALREADY)):
            return LoggedIn()
        return LoginRefused(fault_of(SWAP_CODES, frame.code, frame.text or "", SWAP_WINDOW_NS))

    def _subscribed(self, frame: _Frame, topic: str) -> LineMessage:
        if str(frame.code) in ("0", str(SUBSCRIBED_ALREADY)):
            return SubscriptionTaken(topic)
        fault = fault_of(SWAP_CODES, frame.code, frame.text or "", SWAP_WINDOW_NS)
        return SubscriptionRefused(topic, fault)

    def _pushed(self, frame: _Frame, text: bytes, local_ns: int) -> Sequence[LineMessage]:
        topic = (frame.topic or "").partition(".")[0]
        if topic == "orders_cross":
            return self._order(text, local_ns)
        at_ns = fields.time_ns(_SAID.decode(text).ts, "ts")
        if topic == "accounts_cross":
            margins = part(_MARGINS, frame.data, "data")
            return [margin_report(self._access, each, at_ns, local_ns) for each in margins]
        if topic == "positions_cross":
            return holding_reports(self._access, part(_HOLDINGS, frame.data, "data"), at_ns, local_ns)
        return (LineUnknown(text[:HEAD_BYTES]),)

    def _order(self, text: bytes, local_ns: int) -> Sequence[LineMessage]:
        row = _ROW.decode(text)
        instrument = self._access.known(row.contract_code)
        if instrument is None:
            return ()
        at_ns = fields.time_ns(_SAID.decode(text).ts, "ts")
        fills = fills_of(instrument, row, row.trade or [], local_ns)
        return [*fills, report_of(instrument, row, local_ns, at_ns)]
