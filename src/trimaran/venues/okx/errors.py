"""OKX's error codes, each with what it means for us and whether the request can have done anything.

Source: https://www.okx.com/docs-v5/en/#error-code (REST and WebSocket). A request that failed as a whole has
its code on top; one order of it that failed has `sCode` in its row, while the HTTP status is 200 and the code
on top 1 or 2. `51008_1000` is 51008 with a detail: what stands behind "_" is not looked at.

Three codes need a word:

 - 51603 (an order is asked for, and does not exist) is the one not-found. It is given to queries only.
 - 51400 and 51503 say of a cancel or an amendment that the order "has been filled, canceled or does not
   exist". That proves no absence: they are ORDER_ENDED, nothing was changed, and a query tells which it is.
 - 50001, 50004, 50013, 50026 and all of HTTP 5xx do not say whether the order was taken: UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from trimaran.base.printable import printable
from trimaran.venues.wire.fault import UNDOCUMENTED, Effect, Fault, FaultKind, Meaning

_K = FaultKind

# Whether anything happened is not said.
_UNKNOWN: Final[Mapping[FaultKind, Mapping[str, str]]] = {
    _K.UNAVAILABLE: {
        "50001": "service temporarily unavailable",
        "50005": "the endpoint is offline",
        "51767": "system maintenance",
    },
    _K.OVERLOADED: {
        "50013": "systems are busy",
        "60016": "the buffer is full",
        "64007": "the operation failed inside the WebSocket service",
    },
    _K.INTERNAL: {
        "50004": "endpoint timeout, which tells neither success nor failure",
        "50026": "system error",
        "51054": "the request timed out",
        "51149": "the order timed out",
        "63999": "internal system error",
    },
    _K.LOGIN: {"60015": "closed: nothing was sent for 30 seconds"},
}

_REFUSED: Final[Mapping[FaultKind, Mapping[str, str]]] = {
    _K.PARAMETER: {
        "50000": "the body is empty",
        "50002": "JSON syntax",
        "50006": "content type is not application/json",
        "50010": "user id is empty",
        "50014": "a parameter is empty",
        "50015": "one of two parameters is needed",
        "50016": "two parameters do not match",
        "50024": "two parameters exclude each other",
        "50025": "too many values of a parameter",
        "50030": "no permission to use this parameter",
        "50039": "paging by time does not go with this parameter",
        "50044": "a broker type must be chosen",
        "50115": "wrong request method",
        "51000": "a parameter is wrong",
        "51003": "an order id is needed",
        "51111": "too many orders in one batch",
        "51204": "a limit order needs a price",
        "51276": "a stop-market order has no price",
        "51327": "closeFraction is for futures and swaps",
        "51328": "closeFraction is for reduce-only orders",
        "51329": "closeFraction is for net mode",
        "51330": "closeFraction is for stop-market orders",
        "51407": "an order id is needed",
        "51408": "the pair does not match the order",
        "51409": "the pair is needed",
        "51500": "price or amount is needed",
        "51501": "too many orders to amend at once",
        "51512": "an order stands twice in one batch of amendments",
        "51601": "order status and id exclude each other",
        "51602": "order status or id is needed",
        "54009": "a parameter is out of range",
        "60012": "invalid request",
        "60013": "invalid arguments",
        "60017": "invalid URL path",
        "60018": "wrong URL, or no such channel, instrument type or instrument",
        "60019": "invalid operation",
        "60027": "a parameter is empty",
        "64000": "uly is gone, instFamily takes its place",
        "70010": "timestamps are in milliseconds",
        "70013": "the end lies before the begin",
    },
    _K.NO_SUCH_INSTRUMENT: {
        "51001": "no such instrument",
        "51002": "the instrument does not match its index",
        "51012": "no such currency",
        "51014": "no such index",
        "51015": "the instrument does not match its type",
        "51026": "the instrument type does not match its index",
        "51130": "wrong margin currency",
    },
    _K.FILTER: {
        "51121": "size is not a multiple of the lot",
        "51122": "price is below the smallest one",
        "51150": "more decimals than the instrument has",
    },
    _K.TOO_SMALL: {
        "51007": "below one contract",
        "51020": "below the smallest order",
        "51100": "below the smallest tradable amount",
        "51118": "below the smallest amount of an order",
        "51120": "below the smallest size",
        "51132": "the position is below the smallest order",
        "54051": "below the smallest value",
    },
    _K.TOO_LARGE: {
        "51005": "size is above the limit of an order",
        "51101": "size is above the limit of a contract order",
        "51105": "size is above the limit of the contract",
        "51106": "size is above the limit of the underlying",
        "51185": "value is above the limit of an order",
        "51201": "value of a market order is above the limit",
        "51202": "size of a market order is above the limit",
        "51203": "size is above the limit",
        "51275": "size of a stop-market order is above the limit",
    },
    _K.PRICE_BAND: {
        "51006": "price is outside of the limits",
        "51031": "price is outside of the range for closing",
        "51116": "price or trigger price is beyond the bound",
        "51135": "closing price above the highest one",
        "51136": "closing price below the lowest one",
        "51137": "opening price above the highest one",
        "51138": "opening price below the lowest one",
        "51250": "price of an algo order is out of range",
        "51252": "price of an algo order is out of range",
    },
    _K.UNSUPPORTED: {
        "50038": "not in the demo environment",
        "50062": "the feature is not available now",
        "51010": "not in this account mode",
        "51110": "limit orders only, after the call auction has begun",
        "51124": "limit orders only, during the call auction",
        "51128": "no cross margin in this account mode",
        "51403": "an order of this type cannot be cancelled",
        "51404": "no cancels in this phase of the call auction",
        "51506": "an order of this type cannot be amended",
        "51508": "no amendments during the call auction",
        "54036": "fill-or-kill does not go with cancelling both sides of a self-trade",
        "59684": "this currency is not lent",
        "60028": "not on this URL",
        "60029": "for accounts of a higher fee tier",
        "60030": "for accounts of a higher fee tier",
        "64001": "the channel is on the business URL",
        "64002": "the channel is not on the business URL",
        "64003": "for accounts of a higher fee tier",
        "64004": "two book channels of one instrument exclude each other",
    },
    _K.INSUFFICIENT_FUNDS: {
        "51008": "not enough balance or margin",
        "51119": "not enough balance",
        "51127": "nothing is available",
        "51131": "not enough balance",
        "51502": "not enough margin or balance to amend",
        "51736": "not enough balance",
        "51764": "not enough balance",
        "58350": "not enough balance",
        "59103": "leverage is too low for the margin",
        "59108": "leverage is too low for the margin",
        "59200": "not enough balance",
        "59201": "the balance is negative",
    },
    _K.DUPLICATE_ID: {
        "51011": "order id is taken",
        "51016": "client order id is taken",
        "51065": "client id of an algo order is taken",
        "51068": "client id of an algo order is taken",
    },
    _K.WOULD_TAKE: {"51511": "an amended post-only order would take"},
    _K.WOULD_TRIGGER: {
        "51277": "take-profit trigger is above the last price",
        "51278": "stop trigger is below the last price",
        "51279": "take-profit trigger is below the last price",
        "51280": "stop trigger is above the last price",
    },
    _K.REDUCE_ONLY: {
        "51112": "more than can be closed",
        "51133": "no reduce-only on spot in this account mode",
        "51134": "nothing to close",
        "51139": "no reduce-only on spot in this account mode",
        "51169": "nothing to reduce in this direction",
        "51205": "reduce-only is not available",
    },
    _K.POSITION_LIMIT: {
        "51004": "beyond the position limit of this leverage",
        "51017": "beyond what may be borrowed",
        "51023": "there is no such position",
        "51104": "beyond the size of open orders of the underlying",
        "51107": "beyond the largest position",
        "51108": "beyond what is closed at market price",
        "51125": "reduce and reverse orders are open",
        "51126": "reduce-only orders are open",
        "51129": "beyond the position limit",
        "51162": "open orders stand in the way",
        "51163": "positions stand in the way",
        "59000": "positions or open orders stand in the way",
        "59001": "borrowings stand in the way",
        "59100": "a position stands in the way of this leverage",
        "59101": "orders of isolated positions stand in the way of this leverage",
        "59102": "leverage is above the highest one",
        "59104": "leverage is too high for what is borrowed",
        "59105": "leverage is below the lowest one",
        "59106": "beyond the margin of the tier",
        "59107": "open orders stand in the way of this leverage",
        "59109": "equity would be below the margin",
        "59216": "there is no such position",
        "59300": "there is no such position",
        "59301": "margin is above the limit",
        "59401": "beyond the largest position",
    },
    _K.TOO_MANY_ORDERS: {
        "51025": "too many open orders",
        "51102": "too many open orders",
        "51103": "too many open orders of the underlying",
        "51117": "too many closing orders",
        "51174": "too many open orders",
        "51260": "too many trailing orders",
        "51261": "too many stop orders",
        "51262": "too many iceberg orders",
        "51263": "too many TWAP orders",
        "51406": "too many orders to cancel",
        "51513": "too many amendments of the order are under way",
    },
    _K.REJECTED: {
        "50028": "the order cannot be taken, for a reason that support knows",
        "51046": "the take-profit trigger must be above the order's price",
        "51047": "the stop trigger must be below the order's price",
        "51051": "the stop price must be below the order's price",
        "51109": "there is no offer",
        "51115": "closing orders must be cancelled first",
        "52000": "nothing has changed",
        "54008": "closed by a mass cancel",
        "54011": "only smaller positions, shortly before delivery",
        "54072": "this contract is for looking only",
        "54094": "a cooling-off period of the instrument",
    },
    _K.NO_SUCH_ORDER: {"51603": "the order does not exist"},
    _K.ORDER_ENDED: {
        "51400": "cancel: filled, cancelled or unknown",
        "51401": "cancel: cancelled already",
        "51402": "cancel: completed already",
        "51405": "cancel: there are no open orders",
        "51410": "cancel: it is being cancelled",
        "51503": "amend: filled, cancelled or unknown",
        "51509": "amend: cancelled already",
        "51510": "amend: completed already",
    },
    _K.SIGNATURE: {
        "50106": "the signature is missing",
        "50113": "the signature is wrong",
        "60002": "the signature is missing",
        "60007": "the signature is wrong",
    },
    _K.CLOCK: {
        "50102": "the timestamp is more than 30 s off",
        "50107": "the timestamp is missing",
        "50112": "the timestamp is wrong",
        "60004": "the timestamp is wrong",
        "60006": "the timestamp is more than 30 s off",
    },
    _K.EXPIRED: {"50036": "expTime lies in the past", "50037": "expTime has passed"},
    _K.KEY: {
        "50101": "the key is of another environment",
        "50103": "the key is missing",
        "50104": "the passphrase is missing",
        "50105": "the passphrase is wrong",
        "50108": "no such exchange id",
        "50109": "no such exchange domain",
        "50111": "the key is wrong",
        "50119": "there is no such key",
        "60001": "the key is missing",
        "60003": "the passphrase is missing",
        "60005": "the key is wrong",
        "60024": "the passphrase is wrong",
        "60032": "there is no such key",
    },
    _K.PERMISSION: {
        "50027": "the account is restricted from trading",
        "50035": "the key must be bound to an address",
        "50041": "not on the list of those who may",
        "50110": "the address is not among those of the key",
        "50114": "the key may not do this",
        "50120": "the key may not do this",
        "51411": "the account may not cancel in mass",
        "59113": "identity must be verified first",
        "59500": "only the main account's key may do this",
        "59504": "not with a sub-account",
    },
    _K.LOGIN: {
        "60008": "no login on public channels",
        "60009": "login failed",
        "60010": "logged in already",
        "60011": "not logged in",
        "60021": "one account only",
        "60022": "login of several accounts failed in part",
        "60026": "keys and tokens exclude each other",
        "60031": "one login a connection",
    },
    _K.ACCOUNT: {
        "50007": "the account is blocked",
        "50008": "there is no such user",
        "50009": "the account is being liquidated",
        "50012": "the state of the account does not allow it",
        "50017": "the position is frozen by deleveraging",
        "50018": "the currency is frozen by deleveraging",
        "50019": "the account is frozen by deleveraging",
        "50020": "the position is frozen by liquidation",
        "50021": "the currency is frozen by liquidation",
        "50022": "the account is frozen by liquidation",
        "50023": "funding is frozen",
        "50029": "restricted by risk control",
        "50032": "the currency is blocked for the account",
        "50033": "the instrument is blocked for the account",
        "50100": "the API is frozen",
        "51009": "orders are blocked by the platform",
        "51024": "the account is blocked",
        "51155": "not tradable where the account lives",
        "51732": "identity must be verified further",
        "51733": "under risk control",
        "51734": "the country is not served",
        "58004": "the account is blocked",
        "59508": "the sub-account is suspended",
        "59519": "the function is frozen",
    },
    _K.RATE_LIMITED: {
        "50011": "too many requests",
        "50040": "too many requests",
        "50061": "too many orders and amendments of the sub-account",
        "51113": "too many requests to close at market price",
        "60014": "too many requests",
        "60020": "too many subscriptions of the key",
        "60023": "too many logins",
        "60025": "too many subscriptions",
    },
    _K.UNAVAILABLE: {
        "51021": "to be listed",
        "51022": "suspended",
        "51027": "expired",
        "51028": "being delivered",
        "51029": "being settled",
        "51030": "funding is being settled",
        "64008": "the connection will be closed for an upgrade",
    },
}


def _rows() -> Iterator[tuple[str, Meaning]]:
    for effect, kinds in ((Effect.UNKNOWN, _UNKNOWN), (Effect.REFUSED, _REFUSED)):
        for kind, notes in kinds.items():
            for code, note in notes.items():
                yield code, Meaning(kind, effect, note)


CODES: Final[Mapping[str, Meaning]] = MappingProxyType(dict(_rows()))
assert len(CODES) == sum(1 for _ in _rows()), "a code stands twice in the tables"


def meaning_of(code: str) -> Meaning:
    """What a code means; one that nobody documented is UNKNOWN and proves nothing."""
    return CODES.get(code.partition("_")[0], UNDOCUMENTED)


def fault_of(code: str, text: str, status: int = 200) -> Fault:
    """The fault of a code, with the venue's words. An HTTP status of 5xx leaves the effect unknown."""
    meaning = meaning_of(code)
    effect = Effect.UNKNOWN if status >= 500 else meaning.effect
    return Fault(meaning.kind, effect, code[:32], words_of(text))


def unreadable(text: str, status: int = 200) -> Fault:
    """The fault of an answer without a code of OKX: nothing is known of what the request did."""
    kind = FaultKind.RATE_LIMITED if status == 429 else FaultKind.UNKNOWN
    return Fault(kind, Effect.UNKNOWN, "", words_of(text if status == 200 else f"HTTP {status}: {text}"))


def words_of(text: str) -> str:
    """The venue's words without what they echo of a request, which may hold a passphrase; bounded."""
    words = text.partition("{")[0].rstrip()
    return printable(words)
