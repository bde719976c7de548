"""New orders of USD-M as the client writes them: parameters to `OrderSpec`, with the venue's refusals.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api. Conditional types go to
`algoOrder`; the endpoint of plain orders refuses them. Unknown parameters are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from trimaran.venues.binance.simulator.params import CLIENT_ID, Params
from trimaran.venues.binance.simulator.refusals import ApiError, bad, missing
from trimaran.venues.binance.simulator.spot_orders import NewOrder
from trimaran.venues.binance.simulator.spot_text import ORDER_TYPE, STP, TIF
from trimaran.venues.binance.simulator.streams import BookFeed
from trimaran.venues.binance.simulator.usdm_text import ALGO, GOOD_TILL, WORKING
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.trading import BUY, SELL, OrderSpec, OrderTypeSim, Tif

GOOD_TILL_AHEAD_MS: Final = 600_000
_SIDES: Final = {"BUY": BUY, "SELL": SELL}
_TIFS: Final = {
    "GTC": Tif.GTC, "IOC": Tif.IOC, "FOK": Tif.FOK, "GTX": Tif.POST_ONLY, "GTD": Tif.GTC,
    "RPI": Tif.POST_ONLY,
}  # fmt: skip
_SELF_TRADES: Final = {
    "NONE": SelfTrade.ALLOW,
    "EXPIRE_TAKER": SelfTrade.EXPIRE_TAKER,
    "EXPIRE_MAKER": SelfTrade.EXPIRE_MAKER,
    "EXPIRE_BOTH": SelfTrade.EXPIRE_BOTH,
}
DEFAULT_SELF_TRADE: Final = "EXPIRE_MAKER"
CONDITIONAL: Final = {
    "STOP": OrderTypeSim.STOP_LIMIT,
    "STOP_MARKET": OrderTypeSim.STOP_MARKET,
    "TAKE_PROFIT": OrderTypeSim.TAKE_PROFIT_LIMIT,
    "TAKE_PROFIT_MARKET": OrderTypeSim.TAKE_PROFIT_MARKET,
}
_LIMIT_TYPES: Final = ("LIMIT", "STOP", "TAKE_PROFIT")
_UNSUPPORTED: Final = ("TRAILING_STOP_MARKET",)
WRONG_ENDPOINT: Final = (
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)


def read_order(params: Params, feed: BookFeed, new_id: Callable[[], str], server_ms: int) -> NewOrder:
    """Reads a plain new order. Raises ApiError."""
    name = params.need("type")
    if name in CONDITIONAL or name in _UNSUPPORTED:
        raise bad(-4120, WRONG_ENDPOINT)
    if name not in ("LIMIT", "MARKET"):
        raise bad(-1116, "Invalid orderType.")
    extra: dict[str, Any] = {ORDER_TYPE: name}
    spec = _spec(
        params, feed, name, OrderTypeSim.LIMIT if name == "LIMIT" else OrderTypeSim.MARKET,
        _client_id(params, "newClientOrderId") or new_id(), extra, server_ms,
    )  # fmt: skip
    return NewOrder(spec, _response(params))


def read_algo(params: Params, feed: BookFeed, new_id: Callable[[], str], server_ms: int) -> NewOrder:
    """Reads a conditional new order. Raises ApiError."""
    if params.need("algoType") != "CONDITIONAL":
        raise bad(-1130, "Data sent for parameter 'algoType' is not valid.")
    name = params.need("type")
    if name not in CONDITIONAL:
        if name in _UNSUPPORTED or params.flag("closePosition"):
            raise bad(-1014, "Unsupported order combination.")
        raise bad(-1116, "Invalid orderType.")
    if params.flag("closePosition"):
        raise bad(-1014, "Unsupported order combination.")
    working = params.text("workingType") or "CONTRACT_PRICE"
    if working not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise bad(-1130, "Data sent for parameter 'workingType' is not valid.")
    limit = name in _LIMIT_TYPES
    extra: dict[str, Any] = {ORDER_TYPE: "LIMIT" if limit else "MARKET", ALGO: name, WORKING: working}
    trigger = params.decimal("triggerPrice")
    if trigger is None:
        raise missing("triggerPrice")
    if trigger == 0:
        raise bad(-4006, "Stop price less than or equal to zero.")
    _check_decimals(trigger, feed.text.price(0))
    spec = _spec(
        params, feed, name, CONDITIONAL[name], _client_id(params, "clientAlgoId") or new_id(), extra,
        server_ms, trigger,
    )  # fmt: skip
    return NewOrder(spec, _response(params))


def _spec(
    params: Params, feed: BookFeed, name: str, kind: OrderTypeSim, client_id: str, extra: dict[str, Any],
    server_ms: int, trigger: Decimal | None = None,
) -> OrderSpec:  # fmt: skip
    side = _SIDES.get(params.need("side"))
    if side is None:
        raise bad(-1117, "Invalid side.")
    position_side = params.text("positionSide") or "BOTH"
    if position_side != "BOTH":
        if position_side not in ("LONG", "SHORT"):
            raise bad(-1130, "Data sent for parameter 'positionSide' is not valid.")
        raise bad(-4061, "Order's position side does not match user's setting.")
    limit = name in _LIMIT_TYPES
    tif_name = _tif(params, limit, trigger is not None)
    extra[TIF] = tif_name
    stp = params.text("selfTradePreventionMode") or DEFAULT_SELF_TRADE
    if stp not in _SELF_TRADES:
        raise bad(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
    extra[STP] = stp
    if tif_name == "GTD":
        extra[GOOD_TILL] = _good_till(params, server_ms)
    if (params.text("priceMatch") or "NONE") != "NONE":
        raise bad(-1014, "Unsupported order combination.")
    return OrderSpec(
        market=feed.book.listing.instrument.market,
        symbol=feed.book.listing.instrument.symbol,
        side=side,
        type=kind,
        tif=_TIFS[tif_name],
        price=price_of(params, feed) if limit else None,
        size=size_of(params, feed),
        trigger_price=trigger,
        trigger_by_mark=extra.get(WORKING) == "MARK_PRICE",
        reduce_only=params.flag("reduceOnly"),
        client_id=client_id,
        self_trade=_SELF_TRADES[stp],
        extra=extra,
    )


def price_of(params: Params, feed: BookFeed) -> Decimal:
    """The parameter `price`. Raises -1102, -4001, -1111."""
    price = params.decimal("price")
    if price is None:
        raise missing("price")
    if price == 0:
        raise bad(-4001, "Price less than or equal to zero.")
    _check_decimals(price, feed.text.price(0))
    return price


def size_of(params: Params, feed: BookFeed) -> Decimal:
    """The parameter `quantity`. Raises -1102, -4003, -1111."""
    size = params.decimal("quantity")
    if size is None:
        raise missing("quantity")
    if size == 0:
        raise bad(-4003, "Quantity less than or equal to zero.")
    _check_decimals(size, feed.text.size(0))
    return size


def _check_decimals(value: Decimal, zero: str) -> None:
    """Raises -1111 for more decimals than the asset has; `zero` is nothing, with all of them."""
    exponent, most = value.as_tuple().exponent, len(zero.partition(".")[2])
    assert isinstance(exponent, int)  # it was matched against a pattern
    if -exponent > most and value != round(value, most):
        raise bad(-1111, "Precision is over the maximum defined for this asset.")


def _tif(params: Params, limit: bool, conditional: bool) -> str:
    text = params.text("timeInForce")
    if not text:
        if limit and not conditional:
            raise missing("timeInForce")
        return "GTC"
    if text not in _TIFS:
        raise bad(-1115, "Invalid timeInForce.")
    if not limit and not conditional:
        raise bad(-1106, "Parameter 'timeInForce' sent when not required.")
    return text


def _good_till(params: Params, server_ms: int) -> int:
    until_ms = params.integer("goodTillDate")
    if until_ms == 0:
        raise missing("goodTillDate")
    if until_ms <= server_ms + GOOD_TILL_AHEAD_MS:
        raise bad(-4183, "goodTillDate must be greater than the current time plus 600 seconds.")
    return until_ms // 1_000 * 1_000


def _client_id(params: Params, name: str) -> str:
    text = params.text(name)
    if len(text) > 36:
        raise bad(-4015, "Client order id length should not be more than 36 chars")
    try:
        return params.client_id(name)
    except ApiError:
        raise bad(-4015, f"Client order id is not valid; legal range is '{CLIENT_ID}'") from None


def _response(params: Params) -> str:
    response = params.text("newOrderRespType") or "ACK"
    if response not in ("ACK", "RESULT"):
        raise bad(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return response
