"""What Binance's errors prove. The expectations are written down from the pages, not from the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.binance_account import NOW_NS, error
from trimaran.venues.binance.errors import RETRY_AFTER_NS_MAX, SPOT_ERRORS, USDM_ERRORS, CodeTable, read_fault
from trimaran.venues.wire.fault import Effect, Fault, FaultKind
from trimaran.venues.wire.message import HttpReply

K = FaultKind
SECOND = 1_000_000_000

REJECTIONS = [
    ("Account has insufficient balance for requested action.", K.INSUFFICIENT_FUNDS),
    ("Duplicate order sent.", K.DUPLICATE_ID),
    ("Order would immediately match and take.", K.WOULD_TAKE),
    ("Order would trigger immediately.", K.WOULD_TRIGGER),
    ("Market is closed.", K.UNAVAILABLE),
    ("This action is disabled on this account.", K.ACCOUNT),
    ("This account may not place or cancel orders.", K.ACCOUNT),
    ("This symbol is not permitted for this account.", K.PERMISSION),
    ("Iceberg orders are not supported for this symbol.", K.UNSUPPORTED),
    ("Something that nobody has written down.", K.REJECTED),
]
SPOT_CODES = [
    (-1002, K.PERMISSION), (-1003, K.RATE_LIMITED), (-1013, K.FILTER), (-1014, K.PARAMETER),
    (-1015, K.RATE_LIMITED), (-1016, K.UNAVAILABLE), (-1020, K.UNSUPPORTED), (-1021, K.CLOCK),
    (-1022, K.SIGNATURE), (-1100, K.PARAMETER), (-1102, K.PARAMETER), (-1111, K.FILTER),
    (-1121, K.NO_SUCH_INSTRUMENT), (-2013, K.NO_SUCH_ORDER), (-2014, K.KEY), (-2015, K.KEY),
    (-2026, K.ORDER_ENDED), (-2039, K.PARAMETER),
]  # fmt: skip
USDM_CODES = [
    (-2018, K.INSUFFICIENT_FUNDS), (-2019, K.INSUFFICIENT_FUNDS), (-2021, K.WOULD_TRIGGER),
    (-2022, K.REDUCE_ONLY), (-2025, K.TOO_MANY_ORDERS), (-2027, K.POSITION_LIMIT), (-4003, K.FILTER),
    (-4005, K.TOO_LARGE), (-4014, K.FILTER), (-4015, K.PARAMETER), (-4023, K.FILTER), (-4024, K.PRICE_BAND),
    (-4046, K.NOTHING_TO_CHANGE), (-4061, K.POSITION_LIMIT), (-4116, K.DUPLICATE_ID), (-4120, K.UNSUPPORTED),
    (-4131, K.PRICE_BAND), (-4164, K.TOO_SMALL), (-5021, K.NOT_FILLABLE), (-5022, K.WOULD_TAKE),
    (-5027, K.NOTHING_TO_CHANGE), (-5028, K.EXPIRED),
]  # fmt: skip
FILTERS = [
    ("PRICE_FILTER", K.FILTER), ("LOT_SIZE", K.FILTER), ("MIN_NOTIONAL", K.TOO_SMALL),
    ("NOTIONAL", K.TOO_SMALL), ("PERCENT_PRICE", K.PRICE_BAND), ("PERCENT_PRICE_BY_SIDE", K.PRICE_BAND),
    ("MAX_NUM_ORDERS", K.TOO_MANY_ORDERS), ("MAX_NUM_ALGO_ORDERS", K.TOO_MANY_ORDERS),
    ("EXCHANGE_MAX_NUM_ORDERS", K.TOO_MANY_ORDERS), ("MAX_POSITION", K.POSITION_LIMIT),
    ("ICEBERG_PARTS", K.FILTER),
]  # fmt: skip


def spot(reply: HttpReply) -> Fault:
    return read_fault(reply, SPOT_ERRORS, NOW_NS)


def usdm(reply: HttpReply) -> Fault:
    return read_fault(reply, USDM_ERRORS, NOW_NS)


@pytest.mark.parametrize(("text", "kind"), REJECTIONS)
def test_a_rejected_order_is_told_apart_by_its_text(text: str, kind: FaultKind) -> None:
    fault = spot(error(-2010, text))
    assert (fault.kind, fault.effect, fault.code, fault.text) == (kind, Effect.REFUSED, "-2010", text)


@pytest.mark.parametrize(("name", "kind"), FILTERS)
def test_a_filter_is_told_by_its_name(name: str, kind: FaultKind) -> None:
    fault = spot(error(-1013, f"Filter failure: {name}"))
    assert (fault.kind, fault.effect) == (kind, Effect.REFUSED)


@pytest.mark.parametrize(("code", "kind"), SPOT_CODES)
def test_documented_codes_of_spot_are_refusals(code: int, kind: FaultKind) -> None:
    fault = spot(error(code, "words"))
    assert (fault.kind, fault.effect) == (kind, Effect.REFUSED)


@pytest.mark.parametrize(("code", "kind"), USDM_CODES)
def test_documented_codes_of_usdm_are_refusals(code: int, kind: FaultKind) -> None:
    fault = usdm(error(code, "words"))
    assert (fault.kind, fault.effect) == (kind, Effect.REFUSED)


def test_one_code_has_two_meanings() -> None:
    assert spot(error(-2021, "words")).kind is K.REJECTED
    assert spot(error(-2021, "words")).effect is Effect.UNKNOWN  # one half of it was done
    assert usdm(error(-2012, "words")).effect is Effect.UNKNOWN  # so may be a part of it
    assert usdm(error(-2021, "Order would immediately trigger.")).kind is K.WOULD_TRIGGER


@pytest.mark.parametrize("table", [SPOT_ERRORS, USDM_ERRORS])
@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_what_nobody_knows_is_unknown(table: CodeTable, code: int) -> None:
    for status in (400, 500, 504):
        assert read_fault(error(code, "words", status), table, NOW_NS).effect is Effect.UNKNOWN


@pytest.mark.parametrize("table", [SPOT_ERRORS, USDM_ERRORS])
@pytest.mark.parametrize("code", [-1, -999, -1200, -3000, -9999, 17, 0])
def test_undocumented_codes_prove_nothing(table: CodeTable, code: int) -> None:
    fault = read_fault(error(code, "Unknown order sent."), table, NOW_NS)
    assert (fault.kind, fault.effect) == (K.UNKNOWN, Effect.UNKNOWN)


@pytest.mark.parametrize("table", [SPOT_ERRORS, USDM_ERRORS])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_are_unknown(table: CodeTable, status: int) -> None:
    for body in (b"", b"<html>Bad gateway</html>", b'{"code":0,"msg":"?"}'):
        assert read_fault(HttpReply(status, body), table, NOW_NS).effect is Effect.UNKNOWN


BUSY = [
    (0, "Unknown error, please check your request or try again later.", Effect.UNKNOWN),
    (0, "Service Unavailable.", Effect.REFUSED),
    (-1008, "Request throttled by system-level protection. Reduce-only orders are exempt.", Effect.REFUSED),
    (-1008, "Server is currently overloaded with other requests.", Effect.UNKNOWN),
]


@pytest.mark.parametrize(("code", "text", "effect"), BUSY)
def test_usdm_says_in_words_whether_a_busy_server_took_the_request(
    code: int, text: str, effect: Effect
) -> None:
    assert usdm(error(code, text, 503)).effect is effect
    assert spot(error(code, text, 503)).effect is Effect.UNKNOWN


@pytest.mark.parametrize("table", [SPOT_ERRORS, USDM_ERRORS])
@pytest.mark.parametrize("code", [-1013, -1021, -2010, -2011, -2013, -1003])
def test_a_server_error_proves_nothing_whatever_code_it_has(table: CodeTable, code: int) -> None:
    """An HTTP status of 5xx is "NOT to be treated as a failure": the page of general API information."""
    for status in (500, 502, 504):
        fault = read_fault(error(code, "Account has insufficient balance.", status), table, NOW_NS)
        assert fault.effect is Effect.UNKNOWN
        assert fault.code == str(code)


def test_an_unknown_order_is_a_not_found_only_to_a_question() -> None:
    assert spot(error(-2013, "Order does not exist.")).kind is K.NO_SUCH_ORDER
    assert spot(error(-2011, "Unknown order sent.")).kind is K.NO_SUCH_ORDER  # of a cancel: never a proof
    assert spot(error(-2011, "Order was not canceled due to cancel restrictions.")).kind is K.REJECTED
    for status in (500, 503, 504):
        assert spot(HttpReply(status, b"Order does not exist.")).kind is not K.NO_SUCH_ORDER


def test_amendments_say_why_not() -> None:
    no_change = "The requested action would change no state; rejecting"
    assert spot(error(-2038, no_change)).kind is K.NOTHING_TO_CHANGE
    assert spot(error(-2038, "Order amend (quantity increase) is not supported.")).kind is K.UNSUPPORTED
    assert spot(error(-2038, "Else.")).kind is K.REJECTED


STOPS = [
    (error(-1003, "Too many requests.", 429, **{"retry-after": "7"}), K.RATE_LIMITED, 7 * SECOND),
    (error(-1003, "Banned.", 418, **{"retry-after": "120"}), K.BANNED, 120 * SECOND),
    (error(-1015, "Too many new orders.", 429), K.RATE_LIMITED, 0),
    (
        error(-1003, "Way too much request weight used; IP banned until 1700000030200. Please use", 418),
        K.BANNED,
        30 * SECOND,
    ),
    (error(-1003, "IP banned until 1600000000000.", 418), K.BANNED, 0),
    (HttpReply(429, b"slow down", {"retry-after": "0.5"}), K.RATE_LIMITED, SECOND // 2),
    (HttpReply(418, b"", {"retry-after": "99999999999"}), K.BANNED, 0),
    (HttpReply(418, b"", {"retry-after": "9999999"}), K.BANNED, RETRY_AFTER_NS_MAX),
    (HttpReply(403, b"<html>WAF</html>"), K.RATE_LIMITED, 0),
]


@pytest.mark.parametrize(("reply", "kind", "wait_ns"), STOPS)
def test_orders_to_stop_are_understood(reply: HttpReply, kind: FaultKind, wait_ns: int) -> None:
    fault = spot(reply)
    assert (fault.kind, fault.effect, fault.retry_after_ns) == (kind, Effect.REFUSED, wait_ns)


@given(st.binary(max_size=400), st.integers(400, 599), st.text(max_size=20))
def test_any_answer_is_a_bounded_fault(body: bytes, status: int, header: str) -> None:
    for table in (SPOT_ERRORS, USDM_ERRORS):
        fault = read_fault(HttpReply(status, body, {"retry-after": header}), table, NOW_NS)
        assert len(fault.text) <= 200
        assert fault.text.isprintable()
        assert 0 <= fault.retry_after_ns <= RETRY_AFTER_NS_MAX


@given(st.integers(-(2**70), 2**70), st.text(max_size=60), st.integers(400, 599))
def test_a_refusal_needs_a_code_or_a_status_of_the_table(code: int, text: str, status: int) -> None:
    for table in (SPOT_ERRORS, USDM_ERRORS):
        fault = read_fault(error(code, text, status), table, NOW_NS)
        if fault.effect is Effect.REFUSED:
            assert code in table.codes or status in (403, 418, 429, 503)


def test_the_tables_are_whole() -> None:
    for code in [*range(-1106, -1099), *range(-2015, -2012)]:
        assert code in SPOT_ERRORS.codes
        assert code in USDM_ERRORS.codes
    for code in (*range(-4033, -3999), *range(-4088, -4043), -5021, -5022, *range(-5028, -5023)):
        assert code in USDM_ERRORS.codes
