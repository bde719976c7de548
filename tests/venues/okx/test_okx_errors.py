"""OKX's error codes: kinds, and above all what each says of whether anything happened."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.okx_desk import CLIENT_ID, LOCAL_NS, approved, dialect, reply
from trimaran.domain.instrument import Symbol
from trimaran.venues.okx.errors import CODES, fault_of, meaning_of
from trimaran.venues.wire.asks import AmendOrder, Balances, CancelOrder, OrderRef, PlaceOrder, QueryOrder
from trimaran.venues.wire.fault import UNDOCUMENTED, Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.message import HttpReply

REF = OrderRef(Symbol("BTC-USDT"), CLIENT_ID)
PLACE, CANCEL, QUERY = PlaceOrder(approved()), CancelOrder(REF), QueryOrder(REF)
REFUSED, UNKNOWN = Effect.REFUSED, Effect.UNKNOWN


@pytest.mark.parametrize(
    ("code", "kind", "effect"),
    [
        ("50001", FaultKind.UNAVAILABLE, UNKNOWN),
        ("50004", FaultKind.INTERNAL, UNKNOWN),
        ("50011", FaultKind.RATE_LIMITED, REFUSED),
        ("50013", FaultKind.OVERLOADED, UNKNOWN),
        ("50026", FaultKind.INTERNAL, UNKNOWN),
        ("50036", FaultKind.EXPIRED, REFUSED),
        ("50061", FaultKind.RATE_LIMITED, REFUSED),
        ("50101", FaultKind.KEY, REFUSED),
        ("50102", FaultKind.CLOCK, REFUSED),
        ("50110", FaultKind.PERMISSION, REFUSED),
        ("50113", FaultKind.SIGNATURE, REFUSED),
        ("51000", FaultKind.PARAMETER, REFUSED),
        ("51001", FaultKind.NO_SUCH_INSTRUMENT, REFUSED),
        ("51006", FaultKind.PRICE_BAND, REFUSED),
        ("51008", FaultKind.INSUFFICIENT_FUNDS, REFUSED),
        ("51008_1000", FaultKind.INSUFFICIENT_FUNDS, REFUSED),
        ("51016", FaultKind.DUPLICATE_ID, REFUSED),
        ("51020", FaultKind.TOO_SMALL, REFUSED),
        ("51022", FaultKind.UNAVAILABLE, REFUSED),
        ("51121", FaultKind.FILTER, REFUSED),
        ("51205", FaultKind.REDUCE_ONLY, REFUSED),
        ("51280", FaultKind.WOULD_TRIGGER, REFUSED),
        ("51400", FaultKind.ORDER_ENDED, REFUSED),
        ("51410", FaultKind.ORDER_ENDED, REFUSED),
        ("51503", FaultKind.ORDER_ENDED, REFUSED),
        ("51511", FaultKind.WOULD_TAKE, REFUSED),
        ("51603", FaultKind.NO_SUCH_ORDER, REFUSED),
        ("59102", FaultKind.POSITION_LIMIT, REFUSED),
        ("60011", FaultKind.LOGIN, REFUSED),
        ("60014", FaultKind.RATE_LIMITED, REFUSED),
        ("60024", FaultKind.KEY, REFUSED),
        ("64003", FaultKind.UNSUPPORTED, REFUSED),
    ],
)
def test_documented_codes(code: str, kind: FaultKind, effect: Effect) -> None:
    meaning = meaning_of(code)
    assert (meaning.kind, meaning.effect) == (kind, effect)
    assert meaning.note


@pytest.mark.parametrize("code", ["", "1", "2", "99999", "-1", "5100", "510080", "_1000"])
def test_a_code_that_nobody_documented_proves_nothing(code: str) -> None:
    assert meaning_of(code) == UNDOCUMENTED


def test_there_is_one_not_found_and_it_answers_a_query() -> None:
    assert [code for code, row in CODES.items() if row.kind is FaultKind.NO_SUCH_ORDER] == ["51603"]
    assert all(code.isdigit() and len(code) == 5 for code in CODES)
    assert len(CODES) > 250


def fault_in(ask: object, answer: HttpReply) -> Fault:
    with pytest.raises(VenueFault) as caught:
        dialect().read(ask, answer, LOCAL_NS)  # type: ignore[arg-type]
    return caught.value.fault


def test_a_refused_order_is_http_200_with_a_code_of_its_own() -> None:
    row = {"clOrdId": "", "ordId": "", "sCode": "51008", "sMsg": "Order failed. Insufficient USDT balance"}
    fault = fault_in(PLACE, reply(row, code="1", text="All operations failed"))
    assert fault == Fault(
        FaultKind.INSUFFICIENT_FUNDS, REFUSED, "51008", "Order failed. Insufficient USDT balance"
    )
    detailed = fault_in(PLACE, reply({**row, "sCode": "51008_1000"}, code="1"))
    assert (detailed.kind, detailed.code) == (FaultKind.INSUFFICIENT_FUNDS, "51008_1000")


def test_a_row_that_failed_counts_under_any_code_on_top() -> None:
    row = {"ordId": "1", "sCode": "51400", "sMsg": "Cancellation failed"}
    for code in ("0", "1", "2"):
        assert fault_in(CANCEL, reply(row, code=code)).kind is FaultKind.ORDER_ENDED


def test_the_not_found_of_a_query() -> None:
    fault = fault_in(QUERY, reply(code="51603", text="Order does not exist"))
    assert (fault.kind, fault.effect) == (FaultKind.NO_SUCH_ORDER, REFUSED)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (HttpReply(503, b"<html>503</html>"), FaultKind.UNKNOWN, ""),
        (HttpReply(200, b""), FaultKind.UNKNOWN, ""),
        (HttpReply(200, b"[]"), FaultKind.UNKNOWN, ""),
        (HttpReply(200, b'{"code":0}'), FaultKind.UNKNOWN, ""),
        (HttpReply(200, b'{"code":"0","data":{}}'), FaultKind.UNKNOWN, ""),
        (HttpReply(429, b"slow down"), FaultKind.RATE_LIMITED, ""),
        (reply(code="50004", text="Endpoint request timeout"), FaultKind.INTERNAL, "50004"),
        (reply(code="50001", status=503), FaultKind.UNAVAILABLE, "50001"),
        (reply(code="50011", text="Too Many Requests", status=502), FaultKind.RATE_LIMITED, "50011"),
        (reply(code="1", text="All operations failed"), FaultKind.UNKNOWN, "1"),
        (reply(), FaultKind.UNKNOWN, ""),
        (reply({"ordId": "1"}, {"ordId": "2"}), FaultKind.UNKNOWN, ""),
        (reply({"ordId": ""}), FaultKind.UNKNOWN, ""),
        (reply({"ordId": 5}), FaultKind.UNKNOWN, ""),
        (reply({"ordId": "1", "clOrdId": "SOMEONEELSE00"}), FaultKind.UNKNOWN, ""),
        (reply({"ordId": "1"}, status=500), FaultKind.UNKNOWN, ""),
    ],
)
def test_what_is_no_definite_answer_leaves_the_effect_unknown(
    answer: HttpReply, kind: FaultKind, code: str
) -> None:
    fault = fault_in(PLACE, answer)
    assert (fault.kind, fault.effect, fault.code) == (kind, UNKNOWN, code)


def test_no_rows_are_no_not_found() -> None:
    assert fault_in(QUERY, reply()).kind is FaultKind.UNKNOWN
    assert fault_in(AmendOrder(approved()), reply()).kind is FaultKind.UNKNOWN
    assert dialect().read(Balances(), reply(), LOCAL_NS) == ()


def test_words_are_bounded_and_what_they_echo_is_cut_off() -> None:
    echo = 'Invalid request: {"op":"login","args":[{"passphrase":"secret"}]}'
    assert fault_of("60012", echo).text == "Invalid request:"
    assert fault_of("1", "a\x00b\n" + "x" * 5_000).text == "a b " + "x" * 196
    assert len(fault_of("9" * 500, "").code) == 32


def test_line_answers_are_read_like_rest_answers() -> None:
    body = {"id": "1512", "op": "order", "code": "60013", "msg": "Invalid args", "data": []}
    fault = fault_in(PLACE, HttpReply(200, msgspec.json.encode(body)))
    assert (fault.kind, fault.effect, fault.text) == (FaultKind.PARAMETER, REFUSED, "Invalid args")
