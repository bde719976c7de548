"""What the simulated HTX says when it refuses: words on spot, numbers on contracts.

Spot has `err-code` in words. Contracts have `err_code` in numbers, and the newer contract API (`/v5`) the
same numbers as `code`. Where the venue's text names a limit, it is put in.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec4ee16-7773-11ed-9966-0242ac110003 (spot),
https://www.htx.com/en-us/opend/newApiPages/?id=28c2d7ad-77ae-11ed-9966-0242ac110003 (contracts)
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.htx.simulator.auth import Denied
from trimaran.venues.htx.simulator.cancels import is_canceling
from trimaran.venues.sim.trading import Refusal, SimOrder, Status, Why


class HtxError(Exception):
    """An error in the venue's words; a number is the code of a contract endpoint.

    `state` is the numeric state of the order that a cancel on spot was about.
    """

    def __init__(self, code: str | int, text: str, state: int | None = None) -> None:
        self.code, self.text, self.state = code, text, state
        super().__init__(f"{code} {text}")


_SPOT: Final = {
    Why.NO_SUCH_INSTRUMENT: ("base-symbol-error", "The symbol is invalid"),
    Why.HALTED: ("base-symbol-trade-disabled", "Trading is disabled for this symbol"),
    Why.BAD_TICK: ("order-orderprice-precision-error", "order price precision error, scale: `{}`"),
    Why.BAD_PRICE: ("order-invalid-price", "invalid price"),
    Why.PRICE_BAND_HIGH: ("order-limitorder-price-max-error", "limit order price error, max: `{}`"),
    Why.PRICE_BAND_LOW: ("order-limitorder-price-min-error", "limit order price error, min: `{}`"),
    Why.BAD_STEP: ("order-orderamount-precision-error", "order amount precision error, scale: `{}`"),
    Why.TOO_SMALL: ("order-limitorder-amount-min-error", "limit order amount error, min: `{}`"),
    Why.TOO_LARGE: ("order-limitorder-amount-max-error", "limit order amount error, max: `{}`"),
    Why.NOTIONAL_TOO_SMALL: ("order-value-min-error", "Order total cannot be lower than: {} USDT"),
    Why.NO_FUNDS: (
        "account-frozen-balance-insufficient-error",
        "trade account balance is not enough, left: `{}`",
    ),
    Why.DUPLICATE_ID: ("invalid-client-order-id", "Duplicate clientOrderId"),
    Why.WOULD_TAKE: ("order-invalid-price", "limit-maker order would be matched at once"),
    Why.FOK_MISSED: ("order-fok-not-matched", "fill-or-kill order cannot be filled"),
    Why.WOULD_TRIGGER: (
        "order-stop-order-hit-trigger",
        "Orders that are triggered immediately are not supported.",
    ),
    Why.TOO_MANY_ORDERS: ("order-holding-limit-failed", "Too many open orders, max: `{}`"),
    Why.UNSUPPORTED: ("invalid-order-type", "Parameter `type` is invalid."),
    Why.NO_SUCH_ORDER: ("base-record-invalid", "record invalid"),
    Why.ORDER_ENDED: ("order-orderstate-error", "Incorrect order state"),
}
_SPOT_REST: Final = ("gateway-internal-error", "Failed to load data. Try again later.")

_SWAP: Final = {
    Why.NO_SUCH_INSTRUMENT: (1013, "This contract symbol doesn't exist."),
    Why.HALTED: (1220, "This contract is not tradeable now."),
    Why.BAD_TICK: (1038, "The price's precision exceeds the limit: {}."),
    Why.BAD_PRICE: (1030, "Input error: price."),
    Why.PRICE_BAND_HIGH: (1039, "Buy price must be lower than {}USDT."),
    Why.PRICE_BAND_LOW: (1039, "Sell price must exceed {}USDT."),
    Why.BAD_STEP: (1040, "The order amount must be an integer of contracts."),
    Why.TOO_SMALL: (1040, "The order amount cannot be lower than {}Cont."),
    Why.TOO_LARGE: (1041, "The order amount exceeds the limit ({}Cont), please modify and order again."),
    Why.NOTIONAL_TOO_SMALL: (1040, "The order value cannot be lower than {}USDT."),
    Why.NO_FUNDS: (1047, "Insufficient margin available."),
    Why.NO_MARGIN: (1047, "Insufficient margin available."),
    Why.DUPLICATE_ID: (1050, "Customized order number can't be repeated."),
    Why.REDUCE_ONLY: (1048, "Insufficient close amount available."),
    Why.WOULD_TRIGGER: (1030, "Input error: trigger_price."),
    Why.TOO_MANY_ORDERS: (1083, "Too many open orders, max {}."),
    Why.UNSUPPORTED: (1034, "Incorrect field of order price type."),
    Why.NO_SUCH_ORDER: (1061, "The order does not exist."),
    Why.ORDER_ENDED: (1071, "Repeated withdraw."),
    Why.LEVERAGE_RANGE: (1037, "Leverage error."),
    Why.HAS_POSITION: (1045, "Cannot switch the leverage while there are open orders or positions."),
}
_SWAP_REST: Final = (1004, "The system is busy. Please try again later.")
_SWAP_FILLED: Final = (1063, "The order has been executed.")

_AUTH_WORDS: Final = {
    Denied.KEY: "Incorrect Access key",
    Denied.METHOD: "Incorrect signature method",
    Denied.VERSION: "Incorrect signature version",
    Denied.TIME: "Invalid submission time or incorrect time format",
    Denied.SIGNATURE: "Verification failure",
    Denied.PERMISSION: "API key has no permission",
}
LOGIN: Final = "Login is required."
SWAP_DENIED: Final = 403
V5_DENIED: Final = 1003
# Numeric states of orders in failures of cancels on spot.
_STATES: Final = {Status.FILLED: 6, Status.CANCELED: 7, Status.EXPIRED: 7, Status.REJECTED: 7}
_UNKNOWN_STATE: Final = -1
_CANCELING: Final = 10
_PARTIAL: Final = 5


def spot_error(refusal: Refusal, market_order: bool = False) -> HtxError:
    """A refusal in the words of spot."""
    code, text = _SPOT.get(refusal.why, _SPOT_REST)
    if market_order:
        code = code.replace("order-limitorder-amount", "order-marketorder-amount")
        text = text.replace("limit order amount", "market order amount")
    return HtxError(code, text.format(refusal.limit))


def swap_error(refusal: Refusal) -> HtxError:
    """A refusal in the numbers of contracts."""
    code, text = _SWAP.get(refusal.why, _SWAP_REST)
    order = refusal.order
    if refusal.why is Why.ORDER_ENDED and order is not None and order.status is Status.FILLED:
        code, text = _SWAP_FILLED
    return HtxError(code, text.format(refusal.limit))


def denied_on_spot(why: Denied) -> HtxError:
    """Who is not believed, in the words of spot."""
    if why is Denied.MISSING:
        return HtxError("login-required", LOGIN)
    return HtxError("api-signature-not-valid", f"Signature not valid: {_AUTH_WORDS[why]}")


def denied_on_swap(why: Denied, v5: bool) -> HtxError:
    """Who is not believed, in the numbers of contracts; a socket has its own number."""
    words = LOGIN if why is Denied.MISSING else _AUTH_WORDS[why]
    if v5 and why is not Denied.PERMISSION:
        return HtxError(V5_DENIED, f"invalid signature: {words}")
    return HtxError(SWAP_DENIED, words)


def words_of(why: Denied) -> str:
    """The venue's text alone."""
    return _AUTH_WORDS.get(why, LOGIN)


def order_state(order: SimOrder | None) -> int:
    """The state of an order as failures of cancels on spot say it."""
    if order is None:
        return _UNKNOWN_STATE
    if is_canceling(order):
        return _CANCELING
    if order.filled_lots and order.status is not Status.FILLED and not order.status.open:
        return _PARTIAL
    return _STATES.get(order.status, _UNKNOWN_STATE)
