"""What ccxt's exceptions mean. Source: https://docs.ccxt.com/#/?id=error-hierarchy

ccxt has read the venue's code already, and gives its reading as a class. Only classes by which ccxt says that
the venue, or ccxt itself, refused the request are definitive. Everything below `OperationFailed` (network,
timeouts, limits, maintenance, unreadable answers), the bare `ExchangeError`, and any exception that is not
ccxt's is UNKNOWN: after one of those an order may be at the venue. `OrderNotFound` is a not-found only as the
answer to a question about an order; as the answer to a new order it proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from trimaran.venues.wire.fault import UNDOCUMENTED, Effect, Fault, FaultKind, Meaning

TEXT_MAX: Final = 200
_UNKNOWN: Final = Effect.UNKNOWN
CLASSES: Final[Mapping[str, Meaning]] = {
    "AccountNotEnabled": Meaning(FaultKind.ACCOUNT),
    "AccountSuspended": Meaning(FaultKind.ACCOUNT),
    "PermissionDenied": Meaning(FaultKind.PERMISSION),
    "AuthenticationError": Meaning(FaultKind.KEY),
    "ArgumentsRequired": Meaning(FaultKind.PARAMETER),
    "BadSymbol": Meaning(FaultKind.NO_SUCH_INSTRUMENT),
    "BadRequest": Meaning(FaultKind.PARAMETER),
    "NoChange": Meaning(FaultKind.NOTHING_TO_CHANGE),
    "MarketClosed": Meaning(FaultKind.UNAVAILABLE),
    "RestrictedLocation": Meaning(FaultKind.ACCOUNT),
    "OperationRejected": Meaning(FaultKind.REJECTED),
    "InsufficientFunds": Meaning(FaultKind.INSUFFICIENT_FUNDS),
    "OrderNotFound": Meaning(FaultKind.NO_SUCH_ORDER),
    "OrderNotCached": Meaning(FaultKind.UNKNOWN, _UNKNOWN),
    "OrderImmediatelyFillable": Meaning(FaultKind.WOULD_TAKE),
    "OrderNotFillable": Meaning(FaultKind.NOT_FILLABLE),
    "DuplicateOrderId": Meaning(FaultKind.DUPLICATE_ID),
    "ContractUnavailable": Meaning(FaultKind.UNAVAILABLE),
    "InvalidOrder": Meaning(FaultKind.FILTER),
    "NotSupported": Meaning(FaultKind.UNSUPPORTED),
    "DDoSProtection": Meaning(FaultKind.RATE_LIMITED, _UNKNOWN),
    "RateLimitExceeded": Meaning(FaultKind.RATE_LIMITED, _UNKNOWN),
    "OnMaintenance": Meaning(FaultKind.UNAVAILABLE, _UNKNOWN),
    "ExchangeNotAvailable": Meaning(FaultKind.UNAVAILABLE, _UNKNOWN),
    "RequestTimeout": Meaning(FaultKind.UNKNOWN, _UNKNOWN),
    "InvalidNonce": Meaning(FaultKind.UNKNOWN, _UNKNOWN),  # a wrong clock, or a wrong checksum
    "NetworkError": Meaning(FaultKind.UNKNOWN, _UNKNOWN),
    "BadResponse": Meaning(FaultKind.UNKNOWN, _UNKNOWN),
    "CancelPending": Meaning(FaultKind.ORDER_ENDED, _UNKNOWN),
}


def fault_of(classes: Sequence[str], text: str, about_order: bool) -> Fault:
    """The fault of an exception, by the nearest class that is known.

    `about_order`: the request asked about an order, or for its end.
    """
    name = next((each for each in classes if each in CLASSES), "")
    meaning = CLASSES.get(name, UNDOCUMENTED)
    if meaning.kind is FaultKind.NO_SUCH_ORDER and not about_order:
        meaning = UNDOCUMENTED
    shown = "".join(character if character.isprintable() else "?" for character in text[:TEXT_MAX])
    return Fault(meaning.kind, meaning.effect, classes[0] if classes else "", shown)


def unreadable(text: str) -> Fault:
    """The fault of an answer that is not what the child documents."""
    return Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, "", text[:TEXT_MAX])
