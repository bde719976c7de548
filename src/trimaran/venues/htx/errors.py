"""What HTX's errors mean. Five lists, because five doors of one house count differently:

    words      spot REST and `/ws/trade`  https://huobiapi.github.io/docs/spot/v1/en/#error-code-7
    numbers    spot `/v2`                 https://huobiapi.github.io/docs/spot/v1/en/#error-code-8
    numbers    spot `/ws/v2`              https://huobiapi.github.io/docs/spot/v1/en/#error-code-11
    numbers    swaps, `err_code`          https://huobiapi.github.io/docs/usdt_swap/v1/en/#details-of-each-error-code
    numbers    lines of swaps, `err-code` https://huobiapi.github.io/docs/usdt_swap/v1/en/#response-code-err-code

REFUSED is given to what HTX documents as a check that failed. What it documents as a failure of its own
("system busy", "abnormal service") is UNKNOWN: of 1004 it says not to place or cancel again, "to avoid
repeated orders". So is every code that is in no list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from trimaran.base.printable import printable
from trimaran.venues.wire.fault import UNDOCUMENTED, Effect, Fault, FaultKind, Meaning, VenueFault
from trimaran.venues.wire.market_spec import MS, SECOND
from trimaran.venues.wire.message import HttpReply

_K = FaultKind
CODE_CHARACTERS_MAX: Final = 64
SPOT_WINDOW_NS: Final = 2 * SECOND  # of rate limits: what we wait where HTX does not say for how long
SWAP_WINDOW_NS: Final = 3 * SECOND
TOO_MANY_REQUESTS: Final = 429
BANNED: Final = 418  # not documented by HTX; what stands before a venue says so
SERVER_ERROR: Final = 500
NOTHING_TO_CANCEL: Final = "1051"

_Rows = Iterable[tuple[FaultKind, str]]


def _refusals(rows: _Rows) -> dict[str, Meaning]:
    return {code: Meaning(kind) for kind, codes in rows for code in codes.split()}


def _failures(codes: str) -> dict[str, Meaning]:
    return {code: Meaning(_K.INTERNAL, Effect.UNKNOWN) for code in codes.split()}


SPOT_WORDS: Final[Mapping[str, Meaning]] = {
    **_refusals((
        (_K.INSUFFICIENT_FUNDS, "order-accountbalance-error account-frozen-balance-insufficient-error"),
        (_K.TOO_SMALL, "order-value-min-error order-limitorder-amount-min-error"
                       " order-marketorder-amount-min-error"),
        (_K.TOO_LARGE, "order-limitorder-amount-max-error order-marketorder-amount-buy-max-error"
                       " order-marketorder-amount-sell-max-error order-amount-over-limit"),
        (_K.FILTER, "order-orderprice-precision-error order-orderamount-precision-error"),
        (_K.PRICE_BAND, "order-limitorder-price-min-error order-limitorder-price-max-error"
                        " order-invalid-price order-limitorder-price-buy-min-error"
                        " order-limitorder-price-buy-max-error"
                        " order-limitorder-price-sell-min-error order-limitorder-price-sell-max-error"
                        " order-etp-nav-price-min-error order-etp-nav-price-max-error"
                        " order-price-greater-than-limit order-price-less-than-limit"
                        " price-exceeds-the-protective-price-during-limit-price-trading"),
        (_K.POSITION_LIMIT, "order-holding-limit-failed"),
        (_K.DUPLICATE_ID, "invalid-client-order-id"),
        (_K.WOULD_TRIGGER, "order-stop-order-hit-trigger"),
        (_K.ORDER_ENDED, "order-orderstate-error order-user-cancel-forbidden"),
        (_K.NO_SUCH_ORDER, "not-found base-not-found order-queryorder-invalid"),
        (_K.NO_SUCH_INSTRUMENT, "base-symbol-error"),
        (_K.UNSUPPORTED, "symbol-not-support market-orders-not-support-during-limit-price-trading"),
        (_K.REJECTED, "order-fl-cancellation-is-disallowed fl-order-already-existed"),
        (_K.UNAVAILABLE, "order-disabled cancel-disabled base-symbol-trade-disabled system-maintenance"
                         " forbidden-trade-for-open-protect"),
        (_K.PARAMETER, "base-argument-unsupported parameter-required validation-constraints-required"
                       " validation-constraints-error validation-format-error order-type-invalid"
                       " order-source-invalid order-date-limit-error base-date-limit-error invalid-interval"
                       " invalid-start-date invalid-end-date invalid-start-time invalid-end-time"
                       " invalid-amount invalid-parameter bad-request require-symbol"),
        (_K.SIGNATURE, "api-signature-not-valid api-signature-check-failed"),
        (_K.KEY, "login-required"),
        (_K.PERMISSION, "base-operation-forbidden sub-user-auth-required"),
        (_K.ACCOUNT, "account-get-accounts-inexistent-error account-account-id-inexistent"
                     " account-state-invalid operation-forbidden-for-fl-account-state"
                     " operation-forbidden-for-lock-account-state"),
        (_K.RATE_LIMITED, "510 429 base-request-exceed-frequency-limit rate-too-many-requests"),
    )),
    **_failures("base-system-error gateway-internal-error order-update-error timeout 500"),
    # Told of ids that HTX does not know, and documented as "failed to get data": with another text than those
    # below it proves nothing.
    "base-record-invalid": Meaning(_K.NO_SUCH_ORDER, Effect.UNKNOWN, "failed to get data, or record invalid"),
}  # fmt: skip

V2_NUMBERS: Final[Mapping[str, Meaning]] = {
    **_refusals((
        (_K.UNSUPPORTED, "1001 3100"),
        (_K.PERMISSION, "1002"),
        (_K.SIGNATURE, "1003"),
        (_K.RATE_LIMITED, "1006 429"),
        (_K.NO_SUCH_ORDER, "1007"),
        (_K.PARAMETER, "400 2001 2002"),
        (_K.UNAVAILABLE, "2003"),
        (_K.FILTER, "3002 3003"),
        (_K.TOO_SMALL, "3004 3008 3009"),
        (_K.TOO_LARGE, "3005 3010"),
        (_K.PRICE_BAND, "3006 3007"),
    )),
    **_failures("500"),
}  # fmt: skip

SPOT_LINE_NUMBERS: Final[Mapping[str, Meaning]] = {
    **_refusals((
        (_K.PARAMETER, "400 2001"),
        (_K.UNSUPPORTED, "404"),
        (_K.RATE_LIMITED, "429 4000"),
        (_K.PERMISSION, "2000"),
        (_K.LOGIN, "2002"),
    )),
    **_failures("100 500 2003"),
}  # fmt: skip

SWAP_NUMBERS: Final[Mapping[str, Meaning]] = {
    **_refusals((
        (_K.PARAMETER, "1030 1031 1033 1034 1035 1036 1052 1065 1066 1067 1082 1322 1347 1491"),
        (_K.NO_SUCH_INSTRUMENT, "1013 1014 1332"),
        (_K.FILTER, "1038 1040 1412"),
        (_K.TOO_LARGE, "1041"),
        (_K.PRICE_BAND, "1039 1055 1069 1072 1075"),
        (_K.UNSUPPORTED, "1049 1348"),
        (_K.INSUFFICIENT_FUNDS, "1047 1301"),
        (_K.REDUCE_ONLY, "1048 1492"),
        (_K.POSITION_LIMIT, "1037 1042 1043 1044 1045 1094 1095 1233 1349 1450 1451 1461 1462"),
        (_K.TOO_MANY_ORDERS, "1081 1234 1235 1403 1453 1454 1455"),
        (_K.DUPLICATE_ID, "1050"),
        (_K.NO_SUCH_ORDER, "1017 1051 1061"),
        (_K.ORDER_ENDED, "1062 1063 1071"),
        (_K.REJECTED, "1074 1083 1085 1090 1091 1105"),
        (_K.UNAVAILABLE, "1056 1057 1058 1059 1060 1077 1078 1079 1080 1411 1431"),
        (_K.RATE_LIMITED, "1032"),
        (_K.KEY, "403 12004 12007"),
        (_K.SIGNATURE, "1253 12002 12003 12008"),
        (_K.CLOCK, "12001 12006"),
        (_K.PERMISSION, "1086 1087 1088 1109 1110 1113 1115 12005"),
        # 1084: new orders are banned for a while, for too many were cancelled. It is no order to stop:
        # cancels share the budget with new orders, and must go on.
        (_K.ACCOUNT, "1084"),
        (_K.ACCOUNT, "1010 1012 1018 1019 1021 1100 1101 1104 1220 1221 1222 1223 1224 1227 1228 1230 1231"
                     " 1254 4007 12009"),
    )),
    **_failures("1000 1001 1002 1003 1046 1064 1076 1108 1499 1500"),
    "1004": Meaning(_K.OVERLOADED, Effect.UNKNOWN, "system busy; do not repeat, to avoid repeated orders"),
}  # fmt: skip

SWAP_LINE_NUMBERS: Final[Mapping[str, Meaning]] = _refusals((
    (_K.KEY, "2001 2003"),
    (_K.LOGIN, "2002 2013"),
    (_K.RATE_LIMITED, "2004 2030"),
    (_K.ACCOUNT, "2007"),
    (_K.PARAMETER, "2010 2012 2021 2040"),
    (_K.NO_SUCH_INSTRUMENT, "2011"),
    (_K.UNSUPPORTED, "2020"),
))  # fmt: skip
LOGGED_IN_ALREADY: Final = 2005
SUBSCRIBED_ALREADY: Final = 2014


class ErrorList(msgspec.Struct, frozen=True):
    """One list of codes. Where a code stands for several things its text, in lower case, tells which."""

    codes: Mapping[str, Meaning]
    by_text: tuple[tuple[str, str, Meaning], ...] = ()  # code, what the text holds, what it means then

    def meaning(self, code: str, text: str) -> Meaning:
        """What a code means; `UNDOCUMENTED` when the list does not have it."""
        lower = text.lower()
        for several, words, particular in self.by_text:
            if several == code and words in lower:
                return particular
        return self.codes.get(code, UNDOCUMENTED)


_TIMEOUT: Final = Meaning(_K.INTERNAL, Effect.UNKNOWN)
_SYMBOL: Final = Meaning(_K.NO_SUCH_INSTRUMENT)
_CLOSED: Final = Meaning(_K.UNAVAILABLE)

SPOT_REST: Final = ErrorList(
    SPOT_WORDS,
    (
        ("api-signature-not-valid", "no permission", Meaning(_K.PERMISSION)),
        ("api-signature-not-valid", " ip", Meaning(_K.PERMISSION)),
        ("api-signature-not-valid", "access key", Meaning(_K.KEY)),
        ("api-signature-not-valid", "expired", Meaning(_K.KEY)),
        ("api-signature-not-valid", "timestamp", Meaning(_K.CLOCK)),
        ("api-signature-not-valid", "submission time", Meaning(_K.CLOCK)),
        ("order-invalid-price", "limit-maker", Meaning(_K.WOULD_TAKE)),
        ("base-record-invalid", "try again", _TIMEOUT),
        ("base-record-invalid", "record invalid", Meaning(_K.NO_SUCH_ORDER)),  # its word for an unknown id
        ("invalid-parameter", "timeout", _TIMEOUT),
        ("invalid-parameter", "symbol trade not open", _CLOSED),
        ("invalid-parameter", "invalid symbol", _SYMBOL),
        ("invalid-parameter", "request limit", Meaning(_K.RATE_LIMITED)),
        ("bad-request", "timeout", _TIMEOUT),
        ("bad-request", "429", Meaning(_K.RATE_LIMITED)),
        ("bad-request", "symbol trade not open", _CLOSED),
        ("bad-request", "invalid symbol", _SYMBOL),
    ),
)
SPOT_V2: Final = ErrorList(V2_NUMBERS)
SPOT_LINE: Final = ErrorList(
    SPOT_LINE_NUMBERS,
    (("2001", "invalid.symbol", _SYMBOL), ("2002", "auth.fail", Meaning(_K.KEY))),
)
# The two lists of swaps share no number, and the order line answers with codes of either.
SWAP_CODES: Final = ErrorList({**SWAP_LINE_NUMBERS, **SWAP_NUMBERS})
assert not SWAP_LINE_NUMBERS.keys() & SWAP_NUMBERS.keys()


def fault_of(errors: ErrorList, code: object, text: str, window_ns: int) -> Fault:
    """The fault of a code. `window_ns` is how long to stop where the code says that there were too many."""
    spelled = printable(str(code), CODE_CHARACTERS_MAX)
    meaning = errors.meaning(spelled, text)
    wait_ns = window_ns if meaning.kind in (_K.RATE_LIMITED, _K.BANNED) else 0
    return Fault(meaning.kind, meaning.effect, spelled, printable(text), wait_ns)


def fault_of_status(reply: HttpReply, window_ns: int) -> Fault | None:
    """The fault that an HTTP status is on its own; None where the body has to say.

    A 5xx proves nothing, whatever its body says; 429 and 418 refuse at the gate, before anything was done.
    """
    code = str(reply.status)
    if reply.status >= SERVER_ERROR:
        return Fault(_K.INTERNAL, Effect.UNKNOWN, code, printable(reply.body.decode(errors="replace")))
    if reply.status in (TOO_MANY_REQUESTS, BANNED):
        kind = _K.BANNED if reply.status == BANNED else _K.RATE_LIMITED
        return Fault(kind, Effect.REFUSED, code, "too many requests", _wait_ns(reply, window_ns))
    return None


def unreadable(what: object) -> VenueFault:
    """An answer that is not what HTX documents: nobody knows what it did."""
    return VenueFault(Fault(_K.UNKNOWN, Effect.UNKNOWN, "", printable(str(what))))


def refusal(kind: FaultKind, code: object, text: str) -> VenueFault:
    """An answer that is well formed, and says no."""
    return VenueFault(Fault(kind, Effect.REFUSED, printable(str(code), CODE_CHARACTERS_MAX), printable(text)))


def _wait_ns(reply: HttpReply, window_ns: int) -> int:
    """What the headers order; the length of a window where they do not."""
    seconds, reset = reply.headers.get("retry-after", ""), reply.headers.get("ratelimit-reset", "")
    if seconds.isascii() and seconds.isdecimal() and len(seconds) <= 6:
        return int(seconds) * SECOND
    # Milliseconds that are left, never the time of day: that one has 13 digits.
    if reset.isascii() and reset.isdecimal() and len(reset) <= 6:
        return int(reset) * MS
    return window_ns
