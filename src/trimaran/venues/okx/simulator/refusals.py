"""How the simulated OKX refuses: error codes, their words and the status of HTTP.

One request has an envelope code, and each order in it an `sCode` with an `sMsg`. What the exchange behind the
protocol refuses (`Why`) is spelled here, once for each operation: a cancel of an ended order is 51400, an
amendment of the same order 51503. Codes and words: https://www.okx.com/docs-v5/en/#error-code.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.venues.sim.trading import BUY, Refusal, Why

ALL_FAILED: Final = "All operations failed"
PARTLY: Final = "Bulk operation partially succeeded."


class OkxError(Exception):
    """A request that is refused as a whole, in the venue's words."""

    def __init__(self, code: str, text: str, status: int = 200) -> None:
        self.code, self.text, self.status = code, text, status
        super().__init__(f"{code} {text}")


class Words(msgspec.Struct, frozen=True):
    """Code and words of one refused order; `sub_code` tells kinds of one code apart."""

    code: str
    text: str
    sub_code: str = ""


def unknown_instrument() -> OkxError:
    """The instrument is not listed."""
    return OkxError("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")


def missing(name: str) -> Words:
    """A parameter that is needed is empty."""
    return Words("50014", f"Parameter {name} can not be empty.")


def wrong(name: str) -> Words:
    """A parameter is not what it may be."""
    return Words("51000", f"Parameter {name} error")


NO_INSTRUMENT: Final = Words("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
NOT_CANCELLED: Final = Words(
    "51400", "Order cancellation failed as the order has been filled, canceled or does not exist."
)
NOT_AMENDED: Final = Words("51503", "Your order has already been filled or canceled.")
NO_ORDER: Final = Words("51603", "Order does not exist.")
NO_ID: Final = Words("51003", "Either client order ID or order ID is required.")
NO_CANCEL_ID: Final = Words("51407", "Either order ID or client order ID is required.")
NOTHING_NEW: Final = Words("51500", "You must enter a price, quantity, or TP/SL")
NO_MASS_CANCEL: Final = Words("51411", "Account does not have permission for mass cancellation.")
NO_POSITION: Final = Words("51023", "Position doesn't exist.")
EXPIRED: Final = Words(
    "50036",
    "The expTime can't be earlier than the current system time. Please adjust the expTime and try again.",
)
TOO_OFTEN: Final = Words(
    "50011", "Rate limit reached. Please refer to API documentation and throttle requests accordingly."
)
ORDERS_TOO_OFTEN: Final = Words("50061", "You've reached the maximum order rate limit for this account.")
ACCOUNT_IN_USE: Final = Words(
    "59000", "Setting failed. Cancel any open orders, close positions, and stop trading bots first."
)
LEVERAGE_TOO_HIGH: Final = Words("59102", "Leverage exceeds the maximum limit. Please lower the leverage.")
BOTH_AND_FOK: Final = Words(
    "54036", "You can't place fill or kill orders when self-trade prevention is set to both maker and taker "
    "orders.",
)  # fmt: skip

_PLAIN: Final = {
    Why.NO_SUCH_INSTRUMENT: NO_INSTRUMENT,
    Why.HALTED: Words("51022", "Contract suspended."),
    Why.BAD_TICK: wrong("px"),
    Why.BAD_PRICE: wrong("px"),
    Why.BAD_STEP: Words("51121", "Order quantity must be a multiple of the lot size."),
    Why.TOO_SMALL: Words("51020", "Your order should meet or exceed the minimum order amount."),
    Why.NOTIONAL_TOO_SMALL: Words("51020", "Your order should meet or exceed the minimum order amount."),
    Why.TOO_LARGE: Words("51005", "Your order amount exceeds the max order amount."),
    Why.DUPLICATE_ID: Words("51016", "Client order ID already exists."),
    Why.WOULD_TAKE: Words(
        "51511", "Modification failed as the order price did not meet the requirement for Post Only."
    ),
    Why.FOK_MISSED: Words("51000", "Parameter ordType error"),
    Why.REDUCE_ONLY: Words(
        "51169",
        "Order failed because you don't have any positions in this direction for this contract to reduce or "
        "close.",
    ),
    Why.WOULD_TRIGGER: wrong("triggerPx"),
    Why.UNSUPPORTED: wrong("ordType"),
    Why.NO_SUCH_ORDER: NO_ORDER,
    Why.ORDER_ENDED: NO_ORDER,
    Why.NOTHING_TO_CHANGE: NOTHING_NEW,
    Why.SIZE_INCREASE: wrong("newSz"),
    Why.HAS_POSITION: ACCOUNT_IN_USE,
    Why.LEVERAGE_RANGE: LEVERAGE_TOO_HIGH,
    Why.ENGINE_REFUSED: Words("50026", "System error. Try again later"),
}


def place_refused(refusal: Refusal, asset: str, symbol: str) -> Words:
    """A new order was refused; `asset` is what would have paid for it."""
    why, limit = refusal.why, refusal.limit
    if why in (Why.PRICE_BAND_HIGH, Why.PRICE_BAND_LOW):
        bound = "max buy price" if why is Why.PRICE_BAND_HIGH else "min sell price"
        return Words("51006", f"Order price is not within the price limit ({bound}:{limit})")
    if why is Why.NO_FUNDS:
        return Words("51008", f"Order failed. Insufficient {asset} balance in account", "1000")
    if why is Why.NO_MARGIN:
        return Words("51008", f"Order failed. Insufficient {asset} margin in account", "1001")
    if why is Why.TOO_MANY_ORDERS:
        return Words(
            "51174", f"Order failed, number of pending orders for {symbol} exceed the limit of {limit}."
        )
    return _PLAIN[why]


def would_trigger(stop: bool, side: int) -> Words:
    """A trigger that would be reached at once: stops run after the price, take-profits wait for it."""
    word, low = ("SL" if stop else "TP"), stop == (side == BUY)
    code = {("TP", False): "51277", ("SL", True): "51278", ("TP", True): "51279", ("SL", False): "51280"}
    return Words(
        code[word, low], f"{word} trigger price cannot be {'lower' if low else 'higher'} than the last price."
    )


def cancel_refused(refusal: Refusal) -> Words:
    """A cancel was refused: whatever became of the order, the venue says the same."""
    return _PLAIN[refusal.why] if refusal.why is Why.HALTED else NOT_CANCELLED


def amend_refused(refusal: Refusal, asset: str, symbol: str) -> Words:
    """An amendment was refused."""
    if refusal.why in (Why.NO_SUCH_ORDER, Why.ORDER_ENDED):
        return NOT_AMENDED
    if refusal.why is Why.NO_FUNDS:
        return Words("51502", "Unable to edit order: insufficient balance or margin.", "1030")
    if refusal.why is Why.NO_MARGIN:
        return Words("51502", f"Order failed. Insufficient {asset} margin in account", "1031")
    return place_refused(refusal, asset, symbol)


assert set(_PLAIN) | {
    Why.PRICE_BAND_HIGH, Why.PRICE_BAND_LOW, Why.NO_FUNDS, Why.NO_MARGIN, Why.TOO_MANY_ORDERS,
} == set(Why)  # fmt: skip
