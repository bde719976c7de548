"""Cancel and replace: one request that does two things, either of which may fail.

    cancel   new            status  code
    SUCCESS  SUCCESS        200
    FAILURE  NOT_ATTEMPTED  400     -2022   STOP_ON_FAILURE
    SUCCESS  FAILURE        409     -2021
    FAILURE  SUCCESS        409     -2021   ALLOW_FAILURE
    FAILURE  FAILURE        400     -2022   ALLOW_FAILURE

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints. A new order that was not
attempted counts as an order all the same. Where new orders are not allowed just now, CANCEL_ONLY still
cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trimaran.venues.binance.simulator.refusals import ApiError, bad

_MODES: Final = ("STOP_ON_FAILURE", "ALLOW_FAILURE")
_EXCEEDED: Final = ("DO_NOTHING", "CANCEL_ONLY")
Outcome = tuple[str, Any]


def cancel_replace(
    mode: str,
    exceeded: str,
    check_rate: Callable[[], None],
    cancel: Callable[[], str],
    place: Callable[[], str],
    count: Callable[[], None],
) -> str:
    """The answer when both succeeded. Raises ApiError with what became of either."""
    if mode not in _MODES:
        raise bad(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
    if exceeded not in _EXCEEDED:
        raise bad(-1130, "Data sent for parameter 'orderRateLimitExceededMode' is not valid.")
    if exceeded == "DO_NOTHING":
        check_rate()
    cancelled = _attempt(cancel)
    if cancelled[0] == "FAILURE" and mode == "STOP_ON_FAILURE":
        count()
        raise _failed(cancelled, ("NOT_ATTEMPTED", None))
    placed = _attempt(place)
    if cancelled[0] == placed[0] == "SUCCESS":
        return (
            '{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS",'
            f'"cancelResponse":{bytes(cancelled[1]).decode()},"newOrderResponse":{bytes(placed[1]).decode()}}}'
        )
    raise _failed(cancelled, placed)


def _attempt(work: Callable[[], str]) -> Outcome:
    try:
        return "SUCCESS", msgspec.Raw(work().encode())
    except ApiError as error:
        return "FAILURE", {"code": error.code, "msg": error.text}


def _failed(cancelled: Outcome, placed: Outcome) -> ApiError:
    data = {
        "cancelResult": cancelled[0],
        "newOrderResult": placed[0],
        "cancelResponse": cancelled[1],
        "newOrderResponse": placed[1],
    }
    if "SUCCESS" in (cancelled[0], placed[0]):
        return ApiError(409, -2021, "Order cancel-replace partially failed.", data)
    return ApiError(400, -2022, "Order cancel-replace failed.", data)
