"""What Binance's errors mean, spot and USD-M: a table of the documented codes, and the texts that split one.

    spot   https://developers.binance.com/docs/binance-spot-api-docs/errors
    USD-M  https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
           https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info (HTTP 503)

Some codes mean different things on the two markets, hence two tables. -1000, -1001, -1006 and -1007 say by
their own words that nobody knows what became of the request; so does every 5xx that has no code which says
otherwise, and every code that is not in the table. -2013 proves nothing for a moment after an order was
placed: an order may not be visible yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from trimaran.base.printable import CHARACTERS_MAX, printable
from trimaran.venues.wire.fault import UNDOCUMENTED, Effect, Fault, FaultKind, Meaning
from trimaran.venues.wire.message import HttpReply

RETRY_AFTER_NS_MAX: Final = 7 * 24 * 3600 * 1_000_000_000  # bans last three days at most
CODE_MAX: Final = 10**9


class CodeTable(msgspec.Struct, frozen=True):
    """The codes of one market, and whether the texts of its HTTP 503 say what became of the request."""

    codes: Mapping[int, Meaning]
    busy_texts: bool


_K = FaultKind

# fmt: off
_COMMON: Final[Mapping[FaultKind, Mapping[int, str]]] = {
    _K.PARAMETER: {
        -1014: "UNKNOWN_ORDER_COMPOSITION", -1100: "ILLEGAL_CHARS", -1101: "TOO_MANY_PARAMETERS",
        -1102: "MANDATORY_PARAM_EMPTY_OR_MALFORMED", -1103: "UNKNOWN_PARAM", -1104: "UNREAD_PARAMETERS",
        -1105: "PARAM_EMPTY", -1106: "PARAM_NOT_REQUIRED", -1114: "TIF_NOT_REQUIRED", -1115: "INVALID_TIF",
        -1116: "INVALID_ORDER_TYPE", -1117: "INVALID_SIDE", -1118: "EMPTY_NEW_CL_ORD_ID",
        -1119: "EMPTY_ORG_CL_ORD_ID", -1120: "BAD_INTERVAL", -1122: "INVALID_SYMBOL_STATUS",
        -1127: "MORE_THAN_XX_HOURS", -1128: "OPTIONAL_PARAMS_BAD_COMBO", -1130: "INVALID_PARAMETER",
        -1131: "BAD_RECV_WINDOW", -1136: "INVALID_NEW_ORDER_RESP_TYPE",
    },
    _K.NO_SUCH_INSTRUMENT: {-1121: "BAD_SYMBOL"},
    _K.FILTER: {-1013: "INVALID_MESSAGE", -1111: "BAD_PRECISION"},
    _K.UNSUPPORTED: {-1020: "UNSUPPORTED_OPERATION"},
    _K.REJECTED: {-1112: "NO_DEPTH", -2010: "NEW_ORDER_REJECTED", -2011: "CANCEL_REJECTED"},
    _K.NO_SUCH_ORDER: {-2013: "NO_SUCH_ORDER"},
    _K.SIGNATURE: {-1022: "INVALID_SIGNATURE"},
    _K.CLOCK: {-1021: "INVALID_TIMESTAMP"},
    _K.KEY: {-2014: "BAD_API_KEY_FMT", -2015: "REJECTED_MBX_KEY", -2017: "API_KEYS_LOCKED"},
    _K.PERMISSION: {-1002: "UNAUTHORIZED", -1099: "NOT_FOUND"},
    _K.LOGIN: {-1125: "INVALID_LISTEN_KEY"},
    _K.RATE_LIMITED: {-1003: "TOO_MANY_REQUESTS", -1015: "TOO_MANY_ORDERS", -1034: "TOO_MANY_CONNECTIONS"},
    _K.UNAVAILABLE: {-1016: "SERVICE_SHUTTING_DOWN", -2016: "NO_TRADING_WINDOW"},
}

_SPOT: Final[Mapping[FaultKind, Mapping[int, str]]] = {
    _K.PARAMETER: {
        -1108: "PARAM_OVERFLOW", -1134: "BAD_STRATEGY_TYPE", -1135: "INVALID_JSON",
        -1139: "INVALID_TICKER_TYPE", -1145: "INVALID_CANCEL_RESTRICTIONS", -1151: "DUPLICATE_SYMBOLS",
        -1152: "INVALID_SBE_HEADER", -1153: "UNSUPPORTED_SCHEMA_ID", -1155: "SBE_DISABLED",
        -1158: "OCO_ORDER_TYPE_REJECTED", -1160: "OCO_ICEBERGQTY_TIMEINFORCE", -1161: "DEPRECATED_SCHEMA",
        -1165: "BUY_OCO_LIMIT_MUST_BE_BELOW", -1166: "SELL_OCO_LIMIT_MUST_BE_ABOVE",
        -1168: "BOTH_OCO_ORDERS_CANNOT_BE_LIMIT", -1169: "INVALID_TAG_NUMBER",
        -1170: "TAG_NOT_DEFINED_IN_MESSAGE", -1171: "TAG_APPEARS_MORE_THAN_ONCE", -1172: "TAG_OUT_OF_ORDER",
        -1173: "GROUP_FIELDS_OUT_OF_ORDER", -1174: "INVALID_COMPONENT", -1175: "RESET_SEQ_NUM_SUPPORT",
        -1177: "GARBLED_MESSAGE", -1178: "BAD_SENDER_COMPID", -1179: "BAD_SEQ_NUM",
        -1182: "PARAMS_BAD_COMBO", -1188: "INCORRECT_NUM_IN_GROUP_COUNT",
        -1189: "DUPLICATE_ENTRIES_IN_A_GROUP", -1190: "INVALID_REQUEST_ID", -1194: "INVALID_TIME_UNIT",
        -1196: "BUY_OCO_STOP_LOSS_MUST_BE_ABOVE", -1197: "SELL_OCO_STOP_LOSS_MUST_BE_BELOW",
        -1198: "BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW", -1199: "SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE",
        -2039: "CLIENT_ORDER_ID_INVALID",
    },
    _K.UNSUPPORTED: {
        -1183: "NOT_ALLOWED_IN_DROP_COPY_SESSIONS", -1184: "DROP_COPY_SESSION_NOT_ALLOWED",
        -1185: "DROP_COPY_SESSION_REQUIRED", -1186: "NOT_ALLOWED_IN_ORDER_ENTRY_SESSIONS",
        -1187: "NOT_ALLOWED_IN_MARKET_DATA_SESSIONS",
    },
    _K.LOGIN: {
        -1033: "COMP_ID_IN_USE", -1035: "LOGGED_OUT", -1176: "ALREADY_LOGGED_IN", -1180: "EXPECTED_LOGON",
        -2035: "SUBSCRIPTION_ACTIVE", -2036: "SUBSCRIPTION_INACTIVE",
    },
    _K.RATE_LIMITED: {-1181: "TOO_MANY_MESSAGES", -1191: "TOO_MANY_SUBSCRIPTIONS", -2042: "STREAM_LIMIT"},
    _K.REJECTED: {
        -2022: "order cancel-replace failed", -2038: "ORDER_AMEND_REJECTED",
    },
    _K.ORDER_ENDED: {-2026: "ORDER_ARCHIVED"},
}

_USDM: Final[Mapping[FaultKind, Mapping[int, str]]] = {
    _K.PARAMETER: {
        -1023: "START_TIME_GREATER_THAN_END_TIME", -1108: "BAD_ASSET", -1110: "BAD_INSTRUMENT_TYPE",
        -1113: "WITHDRAW_NOT_NEGATIVE", -1126: "ASSET_NOT_SUPPORTED", -4000: "INVALID_ORDER_STATUS",
        -4008: "TICK_SIZE_LESS_THAN_ZERO", -4009: "MAX_PRICE_LESS_THAN_MIN_PRICE",
        -4010: "MAX_QTY_LESS_THAN_MIN_QTY", -4011: "STEP_SIZE_LESS_THAN_ZERO",
        -4012: "MAX_NUM_ORDERS_LESS_THAN_ZERO", -4015: "INVALID_CL_ORD_ID_LEN",
        -4017: "MULTIPLIER_UP_LESS_THAN_ZERO", -4018: "MULTIPLIER_DOWN_LESS_THAN_ZERO",
        -4019: "COMPOSITE_SCALE_OVERFLOW", -4020: "TARGET_STRATEGY_INVALID", -4021: "INVALID_DEPTH_LIMIT",
        -4022: "WRONG_MARKET_STATUS", -4025: "MULTIPLIER_DECIMAL_LESS_THAN_ZERO", -4026: "COMMISSION_INVALID",
        -4027: "INVALID_ACCOUNT_TYPE", -4029: "INVALID_TICK_SIZE_PRECISION",
        -4030: "INVALID_STEP_SIZE_PRECISION", -4031: "INVALID_WORKING_TYPE",
        -4032: "EXCEED_MAX_CANCEL_ORDER_SIZE", -4033: "INSURANCE_ACCOUNT_NOT_FOUND",
        -4044: "INVALID_BALANCE_TYPE", -4055: "AMOUNT_MUST_BE_POSITIVE", -4058: "MAX_PRICE_TOO_LARGE",
        -4060: "INVALID_POSITION_SIDE", -4063: "INVALID_OPTIONS_REQUEST_TYPE",
        -4064: "INVALID_OPTIONS_TIME_FRAME", -4065: "INVALID_OPTIONS_AMOUNT",
        -4066: "INVALID_OPTIONS_EVENT_TYPE", -4069: "INVALID_OPTIONS_PREMIUM_FEE",
        -4070: "INVALID_CL_OPTIONS_ID_LEN", -4071: "INVALID_OPTIONS_DIRECTION",
        -4073: "OPTIONS_PREMIUM_INPUT_LESS_THAN_ZERO", -4074: "OPTIONS_AMOUNT_BIGGER_THAN_UPPER",
        -4079: "INVALID_OPTIONS_ID", -4082: "INVALID_BATCH_PLACE_ORDER_SIZE",
        -4085: "INVALID_NOTIONAL_LIMIT_COEF", -4086: "INVALID_PRICE_SPREAD_THRESHOLD",
        -4104: "INVALID_CONTRACT_TYPE", -4114: "INVALID_CLIENT_TRAN_ID_LEN",
        -4135: "INVALID_ACTIVATION_PRICE", -4137: "QUANTITY_EXISTS_WITH_CLOSE_POSITION",
        -4138: "REDUCE_ONLY_MUST_BE_TRUE", -4139: "ORDER_TYPE_CANNOT_BE_MKT", -4165: "INVALID_TIME_INTERVAL",
        -5037: "INVALID_PRICE_MATCH", -5038: "UNSUPPORTED_ORDER_TYPE_PRICE_MATCH",
        -5039: "INVALID_SELF_TRADE_PREVENTION_MODE", -5040: "FUTURE_GOOD_TILL_DATE",
    },
    _K.NO_SUCH_INSTRUMENT: {-4144: "INVALID_PAIR"},
    _K.FILTER: {
        -4001: "PRICE_LESS_THAN_ZERO", -4003: "QTY_LESS_THAN_ZERO", -4006: "STOP_PRICE_LESS_THAN_ZERO",
        -4014: "PRICE_NOT_INCREASED_BY_TICK_SIZE", -4023: "QTY_NOT_INCREASED_BY_STEP_SIZE",
    },
    _K.TOO_SMALL: {
        -4004: "QTY_LESS_THAN_MIN_QTY", -4164: "MIN_NOTIONAL", -5029: "MODIFICATION_MIN_NOTIONAL",
    },
    _K.TOO_LARGE: {-4005: "QTY_GREATER_THAN_MAX_QTY"},
    _K.PRICE_BAND: {
        -4002: "PRICE_GREATER_THAN_MAX_PRICE", -4007: "STOP_PRICE_GREATER_THAN_MAX_PRICE",
        -4013: "PRICE_LESS_THAN_MIN_PRICE", -4016: "PRICE_HIGHTER_THAN_MULTIPLIER_UP",
        -4024: "PRICE_LOWER_THAN_MULTIPLIER_DOWN", -4131: "MARKET_ORDER_REJECT",
        -4183: "PRICE_HIGHER_THAN_STOP_MULTIPLIER_UP", -4184: "PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN",
        -4210: "STOP_PRICE_HIGHER_THAN_PRICE_MULTIPLIER_LIMIT",
        -4211: "STOP_PRICE_LOWER_THAN_PRICE_MULTIPLIER_LIMIT",
    },
    _K.UNSUPPORTED: {
        -2026: "REDUCE_ONLY_ORDER_TYPE_NOT_SUPPORTED", -4084: "UPCOMING_METHOD",
        -4120: "STOP_ORDER_SWITCH_ALGO", -5025: "LIMIT_ORDER_ONLY",
    },
    _K.INSUFFICIENT_FUNDS: {
        -2018: "BALANCE_NOT_SUFFICIENT", -2019: "MARGIN_NOT_SUFFICIENT", -2024: "POSITION_NOT_SUFFICIENT",
        -4050: "CROSS_BALANCE_INSUFFICIENT", -4051: "ISOLATED_BALANCE_INSUFFICIENT",
    },
    _K.DUPLICATE_ID: {-4115: "DUPLICATED_CLIENT_TRAN_ID", -4116: "DUPLICATED_CLIENT_ORDER_ID"},
    _K.WOULD_TAKE: {-5022: "GTX_ORDER_REJECT"},
    _K.WOULD_TRIGGER: {-2021: "ORDER_WOULD_IMMEDIATELY_TRIGGER", -4142: "STRATEGY_INVALID_TRIGGER_PRICE"},
    _K.NOT_FILLABLE: {-2020: "UNABLE_TO_FILL", -5021: "FOK_ORDER_REJECT"},
    _K.REDUCE_ONLY: {
        -2022: "REDUCE_ONLY_REJECT", -4062: "REDUCE_ONLY_CONFLICT", -4118: "REDUCE_ONLY_MARGIN_CHECK_FAILED",
    },
    _K.POSITION_LIMIT: {
        -2027: "MAX_LEVERAGE_RATIO", -2028: "MIN_LEVERAGE_RATIO", -4028: "INVALID_LEVERAGE",
        -4047: "THERE_EXISTS_OPEN_ORDERS", -4048: "THERE_EXISTS_QUANTITY",
        -4049: "ADD_ISOLATED_MARGIN_REJECT", -4053: "AUTO_ADD_CROSSED_MARGIN_REJECT",
        -4054: "ADD_ISOLATED_MARGIN_NO_POSITION_REJECT",
        -4061: "POSITION_SIDE_NOT_MATCH", -4067: "POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS",
        -4068: "POSITION_SIDE_CHANGE_EXISTS_QUANTITY", -4161: "ISOLATED_LEVERAGE_REJECT_WITH_POSITION",
        -4167: "ISOLATED_REJECT_WITH_JOINT_MARGIN", -4168: "JOINT_MARGIN_REJECT_WITH_ISOLATED",
        -4169: "JOINT_MARGIN_REJECT_WITH_MB", -4170: "JOINT_MARGIN_REJECT_WITH_OPEN_ORDER",
        -4172: "JOINT_MARGIN_REJECT_WITH_NEGATIVE_BALANCE", -4202: "ADJUST_LEVERAGE_KYC_FAILED",
        -4203: "ADJUST_LEVERAGE_ONE_MONTH_FAILED", -4205: "ADJUST_LEVERAGE_X_DAYS_FAILED",
        -4206: "ADJUST_LEVERAGE_KYC_LIMIT", -4208: "ADJUST_LEVERAGE_ACCOUNT_SYMBOL_FAILED",
        -4209: "ADJUST_LEVERAGE_SYMBOL_FAILED", -4401: "LARGE_POSITION_SYM_RULE",
        -4403: "ADJUST_LEVERAGE_COMPLIANCE_FAILED",
    },
    _K.TOO_MANY_ORDERS: {-2025: "MAX_OPEN_ORDER_EXCEEDED", -4045: "MAX_STOP_ORDER_EXCEEDED"},
    _K.REJECTED: {
        -4072: "OPTIONS_PREMIUM_NOT_UPDATE", -4075: "OPTIONS_PREMIUM_OUTPUT_ZERO",
        -4076: "OPTIONS_PREMIUM_TOO_DIFF", -4077: "OPTIONS_PREMIUM_REACH_LIMIT", -4081: "OPTIONS_NOT_FOUND",
        -4117: "STOP_ORDER_TRIGGERING", -5026: "EXCEED_MAXIMUM_MODIFY_ORDER_LIMIT", -5041: "BBO_ORDER_REJECT",
        -5043: "EXISTING_PENDING_MODIFICATION",
    },
    _K.NOTHING_TO_CHANGE: {
        -4046: "NO_NEED_TO_CHANGE_MARGIN_TYPE", -4052: "NO_NEED_TO_CHANGE_AUTO_ADD_MARGIN",
        -4059: "NO_NEED_TO_CHANGE_POSITION_SIDE", -4171: "NO_NEED_TO_CHANGE_JOINT_MARGIN",
        -5027: "SAME_ORDER",
    },
    _K.EXPIRED: {-5028: "ME_RECVWINDOW_REJECT"},
    _K.KEY: {-4056: "INVALID_API_KEY_TYPE", -4057: "INVALID_RSA_PUBLIC_KEY"},
    _K.PERMISSION: {
        -1004: "DUPLICATE_IP", -1005: "NO_SUCH_IP", -1011: "NON_WHITE_LIST",
        -4087: "REDUCE_ONLY_ORDER_PERMISSION", -4088: "NO_PLACE_ORDER_PERMISSION",
    },
    _K.ACCOUNT: {
        -1109: "BAD_ACCOUNT", -2023: "USER_IN_LIQUIDATION", -4080: "OPTIONS_USER_NOT_FOUND",
        -4109: "INACTIVE_ACCOUNT", -4192: "COOLING_OFF_PERIOD", -4400: "TRADING_QUANTITATIVE_RULE",
        -4402: "COMPLIANCE_BLACK_SYMBOL_RESTRICTION",
    },
    _K.UNAVAILABLE: {
        -4140: "INVALID_OPENING_POSITION_STATUS", -4141: "SYMBOL_ALREADY_CLOSED",
        -5024: "MOVE_ORDER_NOT_ALLOWED_SYMBOL_REASON",
    },
}

_UNCERTAIN: Final = {
    -1000: Meaning(_K.INTERNAL, Effect.UNKNOWN, "UNKNOWN"),
    -1001: Meaning(_K.INTERNAL, Effect.UNKNOWN, "DISCONNECTED"),
    -1006: Meaning(_K.INTERNAL, Effect.UNKNOWN, "UNEXPECTED_RESP"),
    -1007: Meaning(_K.INTERNAL, Effect.UNKNOWN, "TIMEOUT"),
    -1008: Meaning(_K.OVERLOADED, Effect.UNKNOWN, "SERVER_BUSY"),
    -1010: Meaning(_K.REJECTED, Effect.UNKNOWN, "ERROR_MSG_RECEIVED"),
}
# fmt: on


def _table(
    *parts: Mapping[FaultKind, Mapping[int, str]], uncertain: Mapping[int, Meaning]
) -> Mapping[int, Meaning]:
    rows = [
        (code, Meaning(kind, Effect.REFUSED, note))
        for part in parts
        for kind, codes in part.items()
        for code, note in codes.items()
    ]
    table = dict([*rows, *_UNCERTAIN.items(), *uncertain.items()])
    assert len(table) == len(rows) + len(_UNCERTAIN) + len(uncertain), "a code stands twice in the table"
    return table


SPOT_ERRORS: Final = CodeTable(
    _table(
        _COMMON,
        _SPOT,
        uncertain={
            -1004: Meaning(_K.OVERLOADED, Effect.UNKNOWN, "SERVER_BUSY"),
            # One half of it was done.
            -2021: Meaning(_K.REJECTED, Effect.UNKNOWN, "order cancel-replace partially failed"),
        },
    ),
    busy_texts=False,
)
USDM_ERRORS: Final = CodeTable(
    _table(
        _COMMON,
        _USDM,
        uncertain={
            -2012: Meaning(
                _K.REJECTED, Effect.UNKNOWN, "CANCEL_ALL_FAIL"
            ),  # how many were cancelled is not said
            -4078: Meaning(_K.INTERNAL, Effect.UNKNOWN, "OPTIONS_COMMON_ERROR"),
            -4083: Meaning(_K.INTERNAL, Effect.UNKNOWN, "PLACE_BATCH_ORDERS_FAIL"),
        },
    ),
    busy_texts=True,
)

_ENGINE: Final = frozenset({-1010, -1013, -2010, -2011, -2038})  # their texts say what it is

# Parts of the venue's texts, in lower case; the first that occurs in a text of `_ENGINE` decides.
_TEXTS: Final = (
    ("filter failure: percent_price", _K.PRICE_BAND),
    ("filter failure: min_notional", _K.TOO_SMALL),
    ("filter failure: notional", _K.TOO_SMALL),
    ("filter failure: max_num", _K.TOO_MANY_ORDERS),
    ("filter failure: exchange_max_num", _K.TOO_MANY_ORDERS),
    ("filter failure: max_position", _K.POSITION_LIMIT),
    ("filter failure: max_asset", _K.POSITION_LIMIT),
    ("filter failure", _K.FILTER),
    ("insufficient balance", _K.INSUFFICIENT_FUNDS),
    ("duplicate order", _K.DUPLICATE_ID),
    ("immediately match", _K.WOULD_TAKE),
    ("would trigger immediately", _K.WOULD_TRIGGER),
    ("immediately trigger", _K.WOULD_TRIGGER),
    ("market is closed", _K.UNAVAILABLE),
    ("trading is not enabled", _K.UNAVAILABLE),
    ("unknown order sent", _K.NO_SUCH_ORDER),
    ("would change no state", _K.NOTHING_TO_CHANGE),
    ("quantity increase", _K.UNSUPPORTED),
    ("not supported for this symbol", _K.UNSUPPORTED),
    ("not support for this symbol", _K.UNSUPPORTED),
    ("not permitted for this account", _K.PERMISSION),
    ("restricted for this account", _K.PERMISSION),
    ("disabled on this account", _K.ACCOUNT),
    ("may not place or cancel", _K.ACCOUNT),
    ("zero or less", _K.TOO_SMALL),
    ("icebergqty exceeds", _K.PARAMETER),
    ("unsupported order combination", _K.PARAMETER),
    ("cancel restrictions", _K.REJECTED),
    ("liquidity is less than", _K.NOT_FILLABLE),
)

# Answers without a code of the venue. 403 is the firewall's, in front of everything.
_STATUSES: Final = {
    403: Meaning(_K.RATE_LIMITED, Effect.REFUSED, "firewall"),
    418: Meaning(_K.BANNED, Effect.REFUSED, "address banned"),
    429: Meaning(_K.RATE_LIMITED, Effect.REFUSED, "too many requests"),
}
TOO_MANY_ORDERS: Final = -1015  # in ten seconds or a day; whatever is no new order may go on
_THROTTLED: Final = "request throttled by system-level protection"
_SERVICE_UNAVAILABLE: Final = "service unavailable."
_BANNED_UNTIL: Final = re.compile(r"banned until (\d{10,16})", re.ASCII)
_SECONDS: Final = re.compile(r"\d{1,7}(?:\.\d{1,9})?", re.ASCII)


class _Error(msgspec.Struct):
    code: int
    msg: str = ""


_DECODER: Final = msgspec.json.Decoder(_Error)


SERVER_ERROR: Final = 500


def read_fault(reply: HttpReply, table: CodeTable, local_ns: int) -> Fault:
    """The fault of a reply that is no success; `local_ns` is Unix time."""
    try:
        error = _DECODER.decode(reply.body)
        code = error.code if -CODE_MAX < error.code < 0 else 0
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error, code = _Error(0, reply.body[:CHARACTERS_MAX].decode(errors="replace")), 0
    meaning = _meaning(reply.status, code, error.msg, table)
    return Fault(
        kind=meaning.kind,
        effect=meaning.effect,
        code=str(code) if code else str(reply.status),
        text=printable(error.msg).strip(),
        retry_after_ns=_retry_after_ns(reply, error.msg, local_ns),
        of_account=code == TOO_MANY_ORDERS,
    )


def unreadable(text: str) -> Fault:
    """The fault of an answer that is not what the venue documents."""
    return Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, "", printable(text).strip())


def _meaning(status: int, code: int, text: str, table: CodeTable) -> Meaning:
    """What an answer means. One of 5xx leaves the effect unknown whatever its code, but for a 503 of a server
    that says that it was too busy.

    https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-api-information
    """
    meaning = _documented(status, code, text, table)
    if status < SERVER_ERROR or meaning.kind is _K.OVERLOADED or meaning.effect is Effect.UNKNOWN:
        return meaning
    return msgspec.structs.replace(meaning, effect=Effect.UNKNOWN)


def _documented(status: int, code: int, text: str, table: CodeTable) -> Meaning:
    codes, words = table.codes, text.lower()
    if status == 418 or (code == -1003 and "banned" in words):
        return _STATUSES[418]
    if code in _ENGINE and code in codes:
        kind = next((kind for part, kind in _TEXTS if part in words), None)
        return codes[code] if kind is None else Meaning(kind)
    if table.busy_texts and (code == -1008 or status == 503) and _refused_when_busy(code, words):
        return Meaning(_K.OVERLOADED, Effect.REFUSED, "throttled")
    if code in codes:
        return codes[code]
    if code == 0 and status in _STATUSES:
        return _STATUSES[status]
    return (
        UNDOCUMENTED if status < SERVER_ERROR else Meaning(_K.INTERNAL, Effect.UNKNOWN, "execution unknown")
    )


def _refused_when_busy(code: int, words: str) -> bool:
    """USD-M: two of the three texts of HTTP 503 say that the request failed; the third says nothing."""
    return _THROTTLED in words or (code in (0, -1008) and words.strip() == _SERVICE_UNAVAILABLE)


def _retry_after_ns(reply: HttpReply, text: str, local_ns: int) -> int:
    wait_ns = 0
    header = reply.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(header):
        whole, _, fraction = header.partition(".")
        wait_ns = int(whole) * 1_000_000_000 + int(fraction.ljust(9, "0"))
    banned = _BANNED_UNTIL.search(text)
    if banned is not None:
        wait_ns = max(wait_ns, int(banned[1]) * 1_000_000 - local_ns)
    return min(max(wait_ns, 0), RETRY_AFTER_NS_MAX)
