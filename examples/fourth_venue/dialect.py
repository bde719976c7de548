"""Bybit's wording of the public asks, and what its errors mean.

Sources: https://bybit-exchange.github.io/docs/v5/market/time, .../kline, .../recent-trade, .../tickers and
https://bybit-exchange.github.io/docs/v5/error. An answer is `{"retCode","retMsg","result","time"}`. Whatever
needs a key is answered with `Unsupported` before a byte leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from examples.fourth_venue import reading, spec
from trimaran.base.errors import DecodeError
from trimaran.domain.instrument import MarketName
from trimaran.venues.wire.asks import Ask, Klines, RecentTrades, ServerTime, Tickers
from trimaran.venues.wire.capability import Capabilities, Capability, Unsupported
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import UNDOCUMENTED, Effect, Fault, FaultKind, Meaning, VenueFault
from trimaran.venues.wire.message import Charge, HttpReply, HttpRequest, Stamp

T = TypeVar("T")
MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
TEXT_MAX: Final = 120
ERRORS: Final[Mapping[str, Meaning]] = {
    "10000": Meaning(FaultKind.INTERNAL, Effect.UNKNOWN, "Server Timeout"),
    "10001": Meaning(FaultKind.PARAMETER, note="Request parameter error"),
    "10006": Meaning(FaultKind.RATE_LIMITED, note="Too many visits. Exceeded the API Rate Limit"),
    "10016": Meaning(FaultKind.INTERNAL, Effect.UNKNOWN, "Internal server error"),
}


class _Answer(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: msgspec.Raw = msgspec.Raw(b"{}")


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_WRITERS: Final[Mapping[type[Ask[Any]], tuple[str, Callable[[Any], dict[str, str]]]]] = {
    ServerTime: ("/v5/market/time", lambda ask: {}),
    Klines: ("/v5/market/kline", reading.kline_parameters),
    RecentTrades: (
        "/v5/market/recent-trade",
        lambda ask: {"category": "spot", "symbol": ask.symbol, "limit": str(max(1, min(ask.limit, 60)))},
    ),
    Tickers: (
        "/v5/market/tickers",
        lambda ask: {"category": "spot", **({"symbol": ask.symbol} if ask.symbol is not None else {})},
    ),
}


class BybitDialect:
    """The public side of the market. Implements `MarketDialect`."""

    def __init__(self, setup: AccountSetup) -> None:
        self._setup = setup

    @property
    def market(self) -> MarketName:
        """`bybit.spot`."""
        return spec.SPOT.market

    @property
    def capabilities(self) -> Capabilities:
        """What the market can do."""
        return spec.SPOT_CAPABILITIES

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        """The request of a public ask."""
        found = _WRITERS.get(type(ask))
        if found is None:
            return self._unsupported()
        path, parameters = found
        query = urlencode(parameters(ask))
        url = f"{self._setup.rest}{path}?{query}" if query else f"{self._setup.rest}{path}"
        return HttpRequest("GET", url, charges=(Charge("address"),))

    def read(self, ask: Ask[T], reply: HttpReply, local_ns: int) -> T:
        """The answer in a reply. Raises VenueFault."""
        try:
            envelope = _ANSWER.decode(reply.body)
        except MALFORMED:
            raise _unreadable(f"expected an answer of Bybit, found {reply.body[:80]!r}") from None
        if envelope.ret_code or reply.status != 200:
            meaning = ERRORS.get(str(envelope.ret_code), UNDOCUMENTED)
            text = "".join(c if c.isprintable() else "?" for c in envelope.ret_msg[:TEXT_MAX])
            raise VenueFault(Fault(meaning.kind, meaning.effect, str(envelope.ret_code), text))
        read: Any = reading.READERS[type(ask)]
        try:
            answer: T = read(ask, envelope.result, self._setup.instruments, local_ns)
        except (DecodeError, *MALFORMED) as error:
            raise _unreadable(str(error)) from None
        return answer

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        """There is no order line."""
        return self._unsupported()

    def _unsupported(self) -> Unsupported:
        row = spec.SPOT_CAPABILITIES[Capability.LIMIT]
        assert isinstance(row, Unsupported)
        return row


def _unreadable(text: str) -> VenueFault:
    return VenueFault(Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, "", text[:TEXT_MAX]))
