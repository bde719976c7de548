"""What the simulated Binance says when it refuses: codes and texts of both markets.

https://developers.binance.com/docs/binance-spot-api-docs/errors and
https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code. The accounts say why
(`Why`); here stands what a client reads. `{limit}` is the number that was expected.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from trimaran.venues.sim.gate import BAD_GATEWAY, BANNED, TOO_MANY, Verdict
from trimaran.venues.sim.trading import Refusal, Why

BAD_REQUEST: Final = 400


class ApiError(Exception):
    """An error in the venue's words; `data` stands beside them where the venue sends more."""

    def __init__(self, status: int, code: int, text: str, data: dict[str, Any] | None = None) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.data = data
        super().__init__(f"{status} {code} {text}")

    def body(self) -> str:
        """As JSON: `{"code":..,"msg":..}`, and the data."""
        fields: dict[str, Any] = {"code": self.code, "msg": self.text}
        if self.data is not None:
            fields["data"] = self.data
        return msgspec.json.encode(fields).decode()


def bad(code: int, text: str) -> ApiError:
    """A refusal with HTTP status 400."""
    return ApiError(BAD_REQUEST, code, text)


def missing(name: str) -> ApiError:
    """A parameter that must be there is not."""
    return bad(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal: str) -> ApiError:
    """A parameter has characters that it may not have."""
    return bad(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_needed(name: str) -> ApiError:
    """A parameter was sent that this kind of order does not take."""
    return bad(-1106, f"Parameter '{name}' sent when not required.")


def no_key(text: str = "Invalid API-key, IP, or permissions for action.") -> ApiError:
    """The key is unknown, or may not do this."""
    return ApiError(401, -2015, text)


def _filter(name: str) -> tuple[int, str]:
    return -1013, f"Filter failure: {name}"


_SPOT: Final[dict[Why, tuple[int, str]]] = {
    Why.NO_SUCH_INSTRUMENT: (-1121, "Invalid symbol."),
    Why.HALTED: (-2010, "Market is closed."),
    Why.BAD_TICK: _filter("PRICE_FILTER"),
    Why.BAD_PRICE: _filter("PRICE_FILTER"),
    Why.PRICE_BAND_HIGH: _filter("PERCENT_PRICE_BY_SIDE"),
    Why.PRICE_BAND_LOW: _filter("PERCENT_PRICE_BY_SIDE"),
    Why.BAD_STEP: _filter("LOT_SIZE"),
    Why.TOO_SMALL: _filter("LOT_SIZE"),
    Why.TOO_LARGE: _filter("LOT_SIZE"),
    Why.NOTIONAL_TOO_SMALL: _filter("NOTIONAL"),
    Why.NO_FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Why.NO_MARGIN: (-2010, "Account has insufficient balance for requested action."),
    Why.DUPLICATE_ID: (-2010, "Duplicate order sent."),
    Why.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Why.FOK_MISSED: (-2010, "Order would not be filled immediately."),
    Why.WOULD_TRIGGER: (-2010, "Order would trigger immediately."),
    Why.TOO_MANY_ORDERS: _filter("MAX_NUM_ORDERS"),
    Why.UNSUPPORTED: (-1014, "Unsupported order combination."),
    Why.NO_SUCH_ORDER: (-2011, "Unknown order sent."),
    Why.ORDER_ENDED: (-2011, "Unknown order sent."),
    Why.NOTHING_TO_CHANGE: (-2038, "The requested action would change no state; rejecting."),
    Why.SIZE_INCREASE: (-2038, "Order amend (quantity increase) is not supported."),
}
_USDM: Final[dict[Why, tuple[int, str]]] = {
    Why.NO_SUCH_INSTRUMENT: (-1121, "Invalid symbol."),
    Why.HALTED: (
        -4108,
        "This symbol is in delivering or delivered or settling or closed or pre-trading status.",
    ),
    Why.BAD_TICK: (-4014, "Price not increased by tick size."),
    Why.BAD_PRICE: (-4001, "Price less than 0."),
    Why.PRICE_BAND_HIGH: (-4016, "Limit price can't be higher than {limit}."),
    Why.PRICE_BAND_LOW: (-4024, "Limit price can't be lower than {limit}."),
    Why.BAD_STEP: (-4023, "Qty not increased by step size."),
    Why.TOO_SMALL: (-4004, "Quantity less than min quantity."),
    Why.TOO_LARGE: (-4005, "Quantity greater than max quantity."),
    Why.NOTIONAL_TOO_SMALL: (
        -4164,
        "Order's notional must be no smaller than {limit} (unless you choose reduce only).",
    ),
    Why.NO_FUNDS: (-2018, "Balance is insufficient."),
    Why.NO_MARGIN: (-2019, "Margin is insufficient."),
    Why.DUPLICATE_ID: (-4116, "ClientOrderId is duplicated."),
    Why.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history.",
    ),
    Why.FOK_MISSED: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history.",
    ),
    Why.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Why.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Why.TOO_MANY_ORDERS: (-2025, "Reach max open order limit."),
    Why.UNSUPPORTED: (-1014, "Unsupported order combination."),
    Why.NO_SUCH_ORDER: (-2011, "Unknown order sent."),
    Why.ORDER_ENDED: (-2011, "Unknown order sent."),
    Why.NOTHING_TO_CHANGE: (-5027, "No need to modify the order."),
    Why.SIZE_INCREASE: (-4061, "Order's position side does not match user's setting."),
    Why.HAS_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
    Why.LEVERAGE_RANGE: (-4028, "Leverage {limit} is not valid"),
}
_UNKNOWN: Final = (-1000, "An unknown error occurred while processing the request.")


def refused(refusal: Refusal, spot: bool, market_type: bool = False) -> ApiError:
    """A refusal of the accounts in the words of one market; `market_type` is that of the order."""
    code, text = (_SPOT if spot else _USDM).get(refusal.why, _UNKNOWN)
    if market_type and spot and text.endswith(" LOT_SIZE"):
        text = "Filter failure: MARKET_LOT_SIZE"
    return bad(code, text.replace("{limit}", refusal.limit))


def too_many(status: int, now_ms: int, wait_s: int) -> ApiError:
    """Too much weight was used, or the address is banned."""
    until_ms = now_ms + wait_s * 1_000
    text = f"Way too much request weight used; IP banned until {until_ms}. {_USE_STREAMS}"
    if status == TOO_MANY:
        text = f"Too much request weight used; current limit is exceeded. {_USE_STREAMS}"
    return ApiError(status, -1003, text, {"serverTime": now_ms, "retryAfter": until_ms})


def gate_error(verdict: Verdict, spot: bool, now_ms: int) -> ApiError:
    """An answer on a bad day. That of 503 says nothing about whether the request was done."""
    if verdict.status in (TOO_MANY, BANNED):
        return too_many(verdict.status, now_ms, verdict.retry_after_s)
    if verdict.status == BAD_GATEWAY:
        return ApiError(
            BAD_GATEWAY, -1001, "Internal error; unable to process your request. Please try again."
        )
    assert verdict.status is not None
    return ApiError(verdict.status, *(_TIMED_OUT if spot else _UNKNOWN_OUTCOME))


_USE_STREAMS: Final = "Please use WebSocket Streams for live updates to avoid bans."
_TIMED_OUT: Final = (
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
)
_UNKNOWN_OUTCOME: Final = (-1000, "Unknown error, please check your request or try again later.")
