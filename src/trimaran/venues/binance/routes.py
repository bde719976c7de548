"""Where Binance takes each ask, what it costs there, and what its two markets call things.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/rest-api
           https://developers.binance.com/docs/binance-spot-api-docs/websocket-api
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures
    keys   https://developers.binance.com/docs/wallet/account/api-key-permission

The markets differ in this data, and in nothing else that concerns orders: `MarketWords` is one of them. Since
April 2026 spot charges no weight for an order that succeeds; we count as if it failed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Instrument, InstrumentKey, Symbol
from trimaran.domain.orders import OrderType, SelfTrade, TimeInForce
from trimaran.venues.binance.errors import SPOT_ERRORS, USDM_ERRORS, CodeTable
from trimaran.venues.binance.spec import (
    SAPI_WEIGHT,
    SPOT_ORDERS,
    SPOT_PRIVATE,
    SPOT_WEIGHT,
    USDM_ORDERS,
    USDM_PRIVATE,
    USDM_WEIGHT,
)
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.message import Charge
from trimaran.venues.wire.private_spec import PrivateSpec


class Access(enum.Enum):
    """What a request must carry."""

    PUBLIC = "nothing"
    KEY = "the key in a header"
    SIGNED = "the key and a signature"


class Route(msgspec.Struct, frozen=True):
    """One endpoint. `line_method` is its name on the WebSocket API, where orders may go that way."""

    method: str
    path: str
    weight: int
    budget: str
    access: Access = Access.SIGNED
    orders: tuple[str, ...] = ()  # budgets of orders that it counts in
    urgent: bool = False
    line_method: str = ""


class Wording(msgspec.Struct, frozen=True):
    """An ask in Binance's words, before time and signature. The same names serve both transports."""

    route: Route
    parameters: dict[str, str | int] = {}
    weight: int = 0  # where it depends on the parameters; 0: the route's

    def charges(self) -> tuple[Charge, ...]:
        """What it costs over REST."""
        weight = self.weight or self.route.weight
        weights = (Charge(self.route.budget, weight),) if weight else ()
        return (*weights, *(Charge(budget) for budget in self.route.orders))


class MarketWords(msgspec.Struct, frozen=True, kw_only=True):
    """What one market calls things. A route that is None does not exist there."""

    spec: PrivateSpec
    perpetual: bool
    errors: CodeTable
    types: Mapping[OrderType, str]
    tifs: Mapping[TimeInForce, str]
    post_only_type: str  # the order type that never takes; empty where the time in force says it
    iceberg: bool
    resting_answer: str  # newOrderRespType of an order that may rest, and of one that is over at once
    taking_answer: str
    place: Route
    amend: Route
    cancel: Route
    cancel_all: Route
    query: Route
    open_orders: Route
    open_orders_weight: int  # of all instruments
    history: Route
    fills: Route
    fills_of_order_weight: int
    balances: Route
    fees: Route
    key_permissions: Route
    time: Route
    klines: Route
    kline_weights: tuple[tuple[int, int], ...]  # (limit at most, weight)
    trades: Route
    ticker: Route
    ticker_weights: tuple[tuple[int, int], ...]  # (instruments at most, weight)
    ticker_lists: bool  # several instruments can be named


class Desk(msgspec.Struct, frozen=True):
    """What writing and reading need: the market's words and the instruments that the desk trades."""

    words: MarketWords
    by_symbol: Mapping[Symbol, Instrument]
    by_key: Mapping[InstrumentKey, Instrument]
    has_wallet_api: bool  # the host serves /sapi: neither testnet nor USD-M does

    def instrument(self, symbol: Symbol) -> Instrument:
        """The instrument of a symbol. Raises ConfigError where the desk does not have it."""
        found = self.by_symbol.get(symbol)
        if found is None:
            raise ConfigError(
                f"instrument: expected one of {self.words.spec.market} on the desk, found {symbol}"
            )
        return found

    def of_order(self, key: InstrumentKey) -> Instrument:
        """The instrument of an order. Raises ConfigError where the desk does not have it."""
        found = self.by_key.get(key)
        if found is None:
            raise ConfigError(
                f"instrument: expected one of {self.words.spec.market} on the desk, found {key}"
            )
        return found


def desk_of(words: MarketWords, setup: AccountSetup) -> Desk:
    """The desk of an account's setup."""
    elsewhere = words.spec.testnet is not None and setup.rest == words.spec.testnet["rest"]
    return Desk(
        words,
        setup.instruments,
        {instrument.key: instrument for instrument in setup.instruments.values()},
        has_wallet_api=not words.perpetual and not elsewhere,
    )


SELF_TRADE_TEXT: Final = {
    SelfTrade.CANCEL_TAKER: "EXPIRE_TAKER",
    SelfTrade.CANCEL_MAKER: "EXPIRE_MAKER",
    SelfTrade.CANCEL_BOTH: "EXPIRE_BOTH",
}
_TIFS: Final = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}


def _spot(method: str, path: str, weight: int, access: Access = Access.SIGNED) -> Route:
    return Route(method, f"/api/v3/{path}", weight, SPOT_WEIGHT, access)


def _usdm(method: str, path: str, weight: int, access: Access = Access.SIGNED) -> Route:
    return Route(method, f"/fapi/{path}", weight, USDM_WEIGHT, access)


SPOT_WORDS: Final = MarketWords(
    spec=SPOT_PRIVATE,
    perpetual=False,
    errors=SPOT_ERRORS,
    types={
        OrderType.LIMIT: "LIMIT",
        OrderType.MARKET: "MARKET",
        OrderType.STOP_MARKET: "STOP_LOSS",
        OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
        OrderType.TAKE_PROFIT_MARKET: "TAKE_PROFIT",
        OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
    },
    tifs=_TIFS,
    post_only_type="LIMIT_MAKER",
    iceberg=True,
    # The engine answers after it has matched, whatever the answer's length, so the longest one costs no time
    # worth having: it brings the fills with their commissions one message earlier than the push.
    resting_answer="FULL",
    taking_answer="FULL",
    place=Route("POST", "/api/v3/order", 1, SPOT_WEIGHT, orders=SPOT_ORDERS, line_method="order.place"),
    amend=Route(
        "PUT",
        "/api/v3/order/amend/keepPriority",
        4,
        SPOT_WEIGHT,
        line_method="order.amend.keepPriority",
    ),
    cancel=Route("DELETE", "/api/v3/order", 1, SPOT_WEIGHT, urgent=True, line_method="order.cancel"),
    cancel_all=Route(
        "DELETE", "/api/v3/openOrders", 1, SPOT_WEIGHT, urgent=True, line_method="openOrders.cancelAll"
    ),
    query=_spot("GET", "order", 4),
    open_orders=_spot("GET", "openOrders", 6),
    open_orders_weight=80,
    history=_spot("GET", "allOrders", 20),
    fills=_spot("GET", "myTrades", 20),
    fills_of_order_weight=5,
    balances=_spot("GET", "account", 20),
    fees=_spot("GET", "account/commission", 20),
    key_permissions=_spot("GET", "account", 20),
    time=_spot("GET", "time", 1, Access.PUBLIC),
    klines=_spot("GET", "klines", 2, Access.PUBLIC),
    kline_weights=((1000, 2),),
    trades=_spot("GET", "trades", 25, Access.PUBLIC),
    ticker=_spot("GET", "ticker/24hr", 2, Access.PUBLIC),
    ticker_weights=((20, 2), (100, 40), (10**9, 80)),
    ticker_lists=True,
)

USDM_WORDS: Final = MarketWords(
    spec=USDM_PRIVATE,
    perpetual=True,
    errors=USDM_ERRORS,
    types={
        OrderType.LIMIT: "LIMIT",
        OrderType.MARKET: "MARKET",
        OrderType.STOP_MARKET: "STOP_MARKET",
        OrderType.STOP_LIMIT: "STOP",
        OrderType.TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET",
        OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
    },
    tifs=_TIFS | {TimeInForce.POST_ONLY: "GTX"},
    post_only_type="",
    iceberg=False,
    # Here ACK is answered before matching, and RESULT after it: worth waiting for only where the order is
    # over by then.
    resting_answer="ACK",
    taking_answer="RESULT",
    place=Route("POST", "/fapi/v1/order", 0, USDM_WEIGHT, orders=USDM_ORDERS, line_method="order.place"),
    amend=Route("PUT", "/fapi/v1/order", 1, USDM_WEIGHT, orders=USDM_ORDERS, line_method="order.modify"),
    cancel=Route("DELETE", "/fapi/v1/order", 1, USDM_WEIGHT, urgent=True, line_method="order.cancel"),
    cancel_all=Route("DELETE", "/fapi/v1/allOpenOrders", 1, USDM_WEIGHT, urgent=True),
    query=_usdm("GET", "v1/order", 1),
    open_orders=_usdm("GET", "v1/openOrders", 1),
    open_orders_weight=40,
    history=_usdm("GET", "v1/allOrders", 5),
    fills=_usdm("GET", "v1/userTrades", 5),
    fills_of_order_weight=5,
    balances=_usdm("GET", "v3/balance", 5),
    fees=_usdm("GET", "v1/commissionRate", 20),
    key_permissions=_usdm("GET", "v2/account", 5),
    time=_usdm("GET", "v1/time", 1, Access.PUBLIC),
    klines=_usdm("GET", "v1/klines", 1, Access.PUBLIC),
    kline_weights=((99, 1), (499, 2), (1000, 5), (1500, 10)),
    trades=_usdm("GET", "v1/trades", 5, Access.PUBLIC),
    ticker=_usdm("GET", "v1/ticker/24hr", 1, Access.PUBLIC),
    ticker_weights=((1, 1), (10**9, 40)),
    ticker_lists=False,
)

# What only one market has.
WALLET_PERMISSIONS: Final = Route("GET", "/sapi/v1/account/apiRestrictions", 1, SAPI_WEIGHT)
POSITIONS: Final = _usdm("GET", "v3/positionRisk", 5)
LEVERAGE: Final = _usdm("POST", "v1/leverage", 1)
MARGIN_TYPE: Final = _usdm("POST", "v1/marginType", 1)
COUNTDOWN: Final = Route("POST", "/fapi/v1/countdownCancelAll", 10, USDM_WEIGHT, urgent=True)
LISTEN_KEY: Final = "/fapi/v1/listenKey"
MARK_PRICE: Final = _usdm("GET", "v1/premiumIndex", 1, Access.PUBLIC)
# Orders that wait for a trigger live in a service of their own.
# https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Algo-Order
ALGO_PLACE: Final = Route(
    "POST", "/fapi/v1/algoOrder", 0, USDM_WEIGHT, orders=USDM_ORDERS, line_method="algoOrder.place"
)
ALGO_CANCEL: Final = Route(
    "DELETE", "/fapi/v1/algoOrder", 1, USDM_WEIGHT, urgent=True, line_method="algoOrder.cancel"
)
ALGO_CANCEL_ALL: Final = Route("DELETE", "/fapi/v1/algoOpenOrders", 1, USDM_WEIGHT, urgent=True)
ALGO_QUERY: Final = _usdm("GET", "v1/algoOrder", 1)
ALGO_OPEN_ORDERS: Final = _usdm("GET", "v1/openAlgoOrders", 1)
