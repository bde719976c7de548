"""How the simulated OKX spells what the exchange behind it knows: ids, states, reasons, money.

ordId, algoId, tradeId, billId   decimal text; orders and algo orders are numbered apart
state                            live, partially_filled, filled, canceled; of an algo order live, effective,
                                 canceled, order_failed
cancelSource                     why an order ended:
https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details money
plain decimals without trailing zeros; a fee that was paid is negative
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.venues.sim.trading import EndReason, SimOrder, Status

ORDER_BASE: Final = 1_590_000_000_000_000_000
ALGO_BASE: Final = 1_980_000_000_000_000_000
BILL_BASE: Final = 1_770_000_000_000_000_000
POSITION_BASE: Final = 1_310_000_000_000_000_000
USER_BASE: Final = 446_700_000_000_000_000
SIDES: Final = ("buy", "sell")

_STATES: Final = {
    Status.WAITING: "live",
    Status.NEW: "live",
    Status.PARTIALLY_FILLED: "partially_filled",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "canceled",
    Status.REJECTED: "canceled",
}
_SOURCES: Final = {
    EndReason.NONE: ("", ""),
    EndReason.BY_USER: ("1", "Order canceled by user"),
    EndReason.IOC_REMAINDER: (
        "14", "Order canceled: IOC order was partially canceled due to incompletely filled",
    ),
    EndReason.NO_LIQUIDITY: (
        "14", "Order canceled: IOC order was partially canceled due to incompletely filled",
    ),
    EndReason.FOK_MISSED: ("13", "Order canceled: FOK order was canceled due to incompletely filled"),
    EndReason.POST_ONLY_WOULD_TAKE: ("31", "The post-only order will take liquidity in taker orders"),
    EndReason.SELF_TRADE: ("32", "Self trade prevention"),
    EndReason.REDUCE_ONLY: (
        "17", "Order canceled: Close order was canceled, due to the position was already closed at market "
        "price",
    ),
    EndReason.DEAD_MAN: ("20", "Cancel all after triggered"),
    EndReason.LIQUIDATION: (
        "3", "Order canceled: Risk cancellation was triggered. Pending order was canceled due to "
        "insufficient maintenance margin ratio and forced-liquidation risk",
    ),
    EndReason.DELISTED: ("0", "Order canceled by system"),
    EndReason.TRIGGER_FAILED: ("0", "Order canceled by system"),
    EndReason.AMENDED_AWAY: ("", ""),
}  # fmt: skip

assert set(_STATES) == set(Status)
assert set(_SOURCES) == set(EndReason)


def state(order: SimOrder) -> str:
    """The state of an order; one that was amended down to its fills is filled."""
    return "filled" if order.end_reason is EndReason.AMENDED_AWAY else _STATES[order.status]


def algo_state(order: SimOrder) -> str:
    """The state of an algo order: what it has placed lives on by itself."""
    if "triggered_ns" in order.extra:
        return "order_failed" if order.end_reason is EndReason.TRIGGER_FAILED else "effective"
    if order.status is Status.WAITING:
        return "live"
    return "order_failed" if order.status is Status.REJECTED else "canceled"


def cancel_source(order: SimOrder) -> tuple[str, str]:
    """Code and words of why an order ended; both empty where it did not, or is filled."""
    return _SOURCES[order.end_reason]


def order_id(order: SimOrder) -> str:
    """`ordId`."""
    return str(ORDER_BASE + order.order_id)


def algo_id(order: SimOrder) -> str:
    """`algoId`."""
    return str(ALGO_BASE + order.order_id)


def number_of(text: str, base: int) -> int:
    """The number behind an id, 0 for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return 0
    return max(0, int(text) - base)


def user_id(account_id: int) -> str:
    """`uid`."""
    return str(USER_BASE + account_id)


def money(value: Decimal) -> str:
    """A decimal without trailing zeros and without an exponent."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return "0" if text in ("-0", "") else text


def paid(fee: Decimal) -> str:
    """A fee as the venue writes it: below zero when it was paid."""
    return money(-fee) if fee else "0"
