"""Binance's wording of every ask: one class for both markets, whose differences are data (`routes.py`).

    ask -> writer -> Wording (route, parameters) -> HttpRequest, or the text of an order line
    HttpReply -> fault, or reader -> answer

Everything goes into the query, also of POST and PUT: Binance takes parameters there, signs it as it stands on
the wire, and wants the signature last.
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-api-information
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

import msgspec

from trimaran.base.errors import ConfigError, DecodeError, GridError
from trimaran.domain.instrument import MarketName
from trimaran.venues.binance import account, answers, market_data, orders
from trimaran.venues.binance.errors import read_fault, unreadable
from trimaran.venues.binance.order_templates import OrderTemplates
from trimaran.venues.binance.order_wire import Keys, keys_of, order_text, recv_window_ms
from trimaran.venues.binance.routes import (
    SPOT_WORDS,
    USDM_WORDS,
    Access,
    Desk,
    MarketWords,
    Wording,
    desk_of,
)
from trimaran.venues.binance.signing import query_text, signed_query
from trimaran.venues.binance.spec import SPOT_CAPABILITIES, USDM_CAPABILITIES
from trimaran.venues.wire import asks
from trimaran.venues.wire.asks import Ask
from trimaran.venues.wire.capability import Capabilities, Capability, Unsupported
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Fault, FaultKind, VenueFault
from trimaran.venues.wire.message import NO_HEADERS, HttpReply, HttpRequest, Stamp

T = TypeVar("T")

KEY_HEADER: Final = "X-MBX-APIKEY"

# What a body that is not what Binance documents makes of a reader.
_UNREADABLE: Final = (
    DecodeError,
    GridError,
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
    ArithmeticError,
)

Writer = Callable[[Desk, Any], Wording | Unsupported]
Reader = Callable[[Desk, Any, bytes, int], object]

_ORDER_WRITERS: Final[Mapping[type[Any], Writer]] = {
    asks.PlaceOrder: orders.write_place,
    asks.AmendOrder: orders.write_amend,
    asks.CancelOrder: orders.write_cancel,
    asks.CancelAll: orders.write_cancel_all,
}
_WRITERS: Final[Mapping[type[Any], Writer]] = {
    **_ORDER_WRITERS,
    asks.QueryOrder: orders.write_query,
    asks.OpenOrders: orders.write_open_orders,
    asks.OrderHistory: orders.write_history,
    asks.FillHistory: orders.write_fills,
    asks.ArmDeadMan: orders.write_dead_man,
    asks.Balances: account.write_balances,
    asks.Positions: account.write_positions,
    asks.AccountFees: account.write_fees,
    asks.SetLeverage: account.write_leverage,
    asks.SetMarginMode: account.write_margin_mode,
    asks.ReadKeyPermissions: account.write_key_permissions,
    asks.StreamToken: account.write_stream_token,
    asks.AccountId: account.write_account_id,
    asks.UserId: account.write_account_id,
    asks.ServerTime: market_data.write_time,
    asks.Klines: market_data.write_klines,
    asks.RecentTrades: market_data.write_trades,
    asks.Tickers: market_data.write_tickers,
    asks.FundingNow: market_data.write_funding,
}
_READERS: Final[Mapping[type[Any], Reader]] = {
    asks.PlaceOrder: answers.read_place,
    asks.AmendOrder: answers.read_amend,
    asks.CancelOrder: answers.read_cancel,
    asks.CancelAll: answers.read_cancel_all,
    asks.QueryOrder: answers.read_query,
    asks.OpenOrders: answers.read_open_orders,
    asks.OrderHistory: answers.read_history,
    asks.FillHistory: answers.read_fills,
    asks.ArmDeadMan: answers.read_dead_man,
    asks.Balances: account.read_balances,
    asks.Positions: account.read_positions,
    asks.AccountFees: account.read_fees,
    asks.SetLeverage: account.read_leverage,
    asks.SetMarginMode: account.read_margin_mode,
    asks.ReadKeyPermissions: account.read_key_permissions,
    asks.StreamToken: account.read_stream_token,
    asks.ServerTime: market_data.read_time,
    asks.Klines: market_data.read_klines,
    asks.RecentTrades: market_data.read_trades,
    asks.Tickers: market_data.read_tickers,
    asks.FundingNow: market_data.read_funding,
}


class BinanceDialect:
    """The wording of one Binance market for one account. Implements `MarketDialect`."""

    def __init__(self, words: MarketWords, capabilities: Capabilities, setup: AccountSetup) -> None:
        """Raises ConfigError when the key of `setup` is unusable."""
        self.capabilities = capabilities
        self._desk = desk_of(words, setup)
        self._rest = setup.rest
        self._keys = None if setup.credentials is None else keys_of(setup.credentials)
        self._templates = None if self._keys is None else OrderTemplates(self._desk, self._keys)

    @property
    def market(self) -> MarketName:
        """`binance.spot` or `binance.usdm`."""
        return self._desk.words.spec.market

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        """The request of an ask, signed where it must be. Raises ConfigError as the port says."""
        wording = _WRITERS[type(ask)](self._desk, ask)
        return wording if isinstance(wording, Unsupported) else self._request(wording, stamp)

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        """The same for a line. With an Ed25519 key the line must have logged in."""
        if isinstance(ask, asks.PlaceOrder) and self._templates is not None:
            text = self._templates.text(ask, request_id, stamp)
            if text is not None:
                return text
        writer = _ORDER_WRITERS.get(type(ask))
        if writer is None:
            return Unsupported(Capability.ORDERS_OVER_WEBSOCKET, "only orders and cancels go that way")
        wording = writer(self._desk, ask)
        if isinstance(wording, Unsupported):
            return wording
        return order_text(wording, request_id, stamp, self._needed_keys())

    def read(self, ask: Ask[T], reply: HttpReply, local_ns: int) -> T:
        """The answer in a reply of either transport. Raises VenueFault."""
        if not 200 <= reply.status < 300:
            fault = read_fault(reply, self._desk.words.errors, local_ns)
            return cast(T, _settled(ask, fault))
        try:
            return cast(T, _READERS[type(ask)](self._desk, ask, reply.body, local_ns))
        except _UNREADABLE as error:
            raise VenueFault(unreadable(str(error))) from error

    def _request(self, wording: Wording, stamp: Stamp) -> HttpRequest:
        route, headers = wording.route, NO_HEADERS
        parameters = list(wording.parameters.items())
        if stamp.is_draft:
            query = ""
            if route.access is not Access.PUBLIC:
                self._needed_keys()
        elif route.access is Access.SIGNED:
            keys = self._needed_keys()
            parameters += [("recvWindow", recv_window_ms(stamp)), ("timestamp", stamp.ms)]
            query, headers = signed_query(parameters, keys.signer), {KEY_HEADER: keys.key}
        else:
            query = query_text(parameters)
            if route.access is Access.KEY:
                headers = {KEY_HEADER: self._needed_keys().key}
        return HttpRequest(
            method=route.method,
            url=f"{self._rest}{route.path}{'?' if query else ''}{query}",
            headers=headers,
            charges=wording.charges(),
            urgent=route.urgent,
        )

    def _needed_keys(self) -> Keys:
        if self._keys is None:
            raise ConfigError(f"{self.market}: expected credentials for this ask, found none")
        return self._keys


def spot_dialect(setup: AccountSetup) -> BinanceDialect:
    """Binance spot."""
    return BinanceDialect(SPOT_WORDS, SPOT_CAPABILITIES, setup)


def usdm_dialect(setup: AccountSetup) -> BinanceDialect:
    """Binance USD-M perpetuals."""
    return BinanceDialect(USDM_WORDS, USDM_CAPABILITIES, setup)


def _settled(ask: Ask[object], fault: Fault) -> object:
    """The answer in an error that says that it is so already; every other error is raised."""
    if isinstance(ask, asks.SetMarginMode) and fault.kind is FaultKind.NOTHING_TO_CHANGE:
        return ask.mode
    if isinstance(ask, asks.CancelAll) and fault.kind is FaultKind.NO_SUCH_ORDER:
        return asks.CancelledAll(0)
    raise VenueFault(fault)
