"""New orders of spot as the client writes them: parameters to `OrderSpec`, with the venue's refusals.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints#new-order-trade
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.refusals import bad, missing, not_needed
from trimaran.venues.binance.simulator.spot_text import ORDER_TYPE, QUOTE_SIZE, STP, STRATEGY, TIF, money
from trimaran.venues.binance.simulator.streams import BookFeed
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.trading import BUY, SELL, OrderSpec, OrderTypeSim, Tif

DECIMALS_MAX: Final = 8
TRAILING_NOTE: Final = "Trailing stops are not supported for this symbol."
_SIDES: Final = {"BUY": BUY, "SELL": SELL}
_TIFS: Final = {"GTC": Tif.GTC, "IOC": Tif.IOC, "FOK": Tif.FOK}
_SELF_TRADES: Final = {
    "NONE": SelfTrade.ALLOW,
    "EXPIRE_TAKER": SelfTrade.EXPIRE_TAKER,
    "EXPIRE_MAKER": SelfTrade.EXPIRE_MAKER,
    "EXPIRE_BOTH": SelfTrade.EXPIRE_BOTH,
}
DEFAULT_SELF_TRADE: Final = "EXPIRE_MAKER"


class Kind(msgspec.Struct, frozen=True):
    """What one order type demands."""

    type: OrderTypeSim
    price: bool
    tif: bool
    trigger: bool


KINDS: Final = {
    "LIMIT": Kind(OrderTypeSim.LIMIT, True, True, False),
    "LIMIT_MAKER": Kind(OrderTypeSim.LIMIT, True, False, False),
    "MARKET": Kind(OrderTypeSim.MARKET, False, False, False),
    "STOP_LOSS": Kind(OrderTypeSim.STOP_MARKET, False, False, True),
    "STOP_LOSS_LIMIT": Kind(OrderTypeSim.STOP_LIMIT, True, True, True),
    "TAKE_PROFIT": Kind(OrderTypeSim.TAKE_PROFIT_MARKET, False, False, True),
    "TAKE_PROFIT_LIMIT": Kind(OrderTypeSim.TAKE_PROFIT_LIMIT, True, True, True),
}
RESPONSES: Final = ("ACK", "RESULT", "FULL")


class NewOrder(msgspec.Struct, frozen=True):
    """A new order that was read, and how it is to be answered."""

    spec: OrderSpec
    response: str


def read_order(params: Params, feed: BookFeed, new_id: Callable[[], str]) -> NewOrder:
    """Reads a new order; `new_id` makes an id where the client gave none. Raises ApiError."""
    side = _SIDES.get(params.need("side"))
    if side is None:
        raise bad(-1117, "Invalid side.")
    name = params.need("type")
    kind = KINDS.get(name)
    if kind is None:
        raise bad(-1116, "Invalid orderType.")
    tif_name = _tif(params, kind)
    price = _needed(params, "price", kind.price, "quotePrecision")
    size, quote_size = _sizes(params, name == "MARKET")
    trigger = _trigger(params, kind)
    display = _precise(params, "icebergQty")
    if display is not None and (not kind.price or tif_name != "GTC"):
        raise not_needed("icebergQty")
    stp = params.text("selfTradePreventionMode") or DEFAULT_SELF_TRADE
    if stp not in _SELF_TRADES:
        raise bad(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
    extra: dict[str, Any] = {ORDER_TYPE: name, TIF: tif_name, STP: stp}
    if quote_size is not None:
        extra[QUOTE_SIZE] = money(quote_size)
    strategy = _strategy(params)
    if strategy:
        extra[STRATEGY] = strategy
    spec = OrderSpec(
        market=feed.book.listing.instrument.market,
        symbol=feed.book.listing.instrument.symbol,
        side=side,
        type=kind.type,
        tif=Tif.POST_ONLY if name == "LIMIT_MAKER" else _TIFS[tif_name],
        price=price,
        size=size,
        quote_size=quote_size,
        trigger_price=trigger,
        display_size=display,
        client_id=params.client_id("newClientOrderId") or new_id(),
        self_trade=_SELF_TRADES[stp],
        extra=extra,
    )
    return NewOrder(spec, _response(params, name))


def _response(params: Params, name: str) -> str:
    default = "FULL" if name in ("LIMIT", "MARKET") else "ACK"
    response = params.text("newOrderRespType") or default
    if response not in RESPONSES:
        raise bad(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return response


def _tif(params: Params, kind: Kind) -> str:
    text = params.text("timeInForce")
    if not kind.tif:
        if text:
            raise not_needed("timeInForce")
        return "GTC"
    if not text:
        raise missing("timeInForce")
    if text not in _TIFS:
        raise bad(-1115, "Invalid timeInForce.")
    return text


def _sizes(params: Params, market: bool) -> tuple[Decimal | None, Decimal | None]:
    size, quote_size = _precise(params, "quantity"), _precise(params, "quoteOrderQty")
    if quote_size is not None and not market:
        raise not_needed("quoteOrderQty")
    if quote_size is not None and size is not None:
        raise bad(-1128, "Combination of optional parameters invalid.")
    if quote_size is None and size is None:
        raise missing("quantity")
    for value in (size, quote_size):
        if value is not None and value == 0:
            raise bad(-1013, "Invalid quantity.")
    return size, quote_size


def _trigger(params: Params, kind: Kind) -> Decimal | None:
    if params.text("trailingDelta"):
        raise bad(-1013, TRAILING_NOTE) if kind.trigger else not_needed("trailingDelta")
    return _needed(params, "stopPrice", kind.trigger, "stopPrice")


def _needed(params: Params, name: str, is_needed: bool, precision: str) -> Decimal | None:
    value = _precise(params, name)
    if value is None:
        if is_needed:
            raise missing(name)
        return None
    if not is_needed:
        raise not_needed(name)
    if value == 0:
        raise bad(-1013, f"Invalid {name if precision == name else 'price'}.")
    return value


def _precise(params: Params, name: str) -> Decimal | None:
    value = params.decimal(name)
    if value is not None:
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)  # it was matched against a pattern
        if -exponent > DECIMALS_MAX:
            raise bad(-1111, f"Parameter '{name}' has too much precision.")
    return value


def _strategy(params: Params) -> str:
    strategy_id, strategy_type = params.integer("strategyId"), params.integer("strategyType")
    if strategy_type and strategy_type < 1_000_000:
        raise bad(-1130, "Data sent for parameter 'strategyType' is not valid.")
    parts = (("strategyId", strategy_id), ("strategyType", strategy_type))
    return "".join(f',"{name}":{value}' for name, value in parts if value)
