"""Documented codes mean something, failures of the venue prove nothing, and what is new stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.htx_account import SPOT_DIALECT, SWAP, SWAP_DIALECT, answer, approved
from trimaran.venues.htx.errors import SPOT_LINE, SPOT_REST, SPOT_V2, SWAP_CODES, ErrorList
from trimaran.venues.wire.asks import CancelAll, CancelledAll, PlaceOrder, ReadKeyPermissions, ServerTime
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault
from trimaran.venues.wire.message import HttpReply

K, REFUSED, UNKNOWN = FaultKind, Effect.REFUSED, Effect.UNKNOWN


def fault(call: Any, *arguments: Any, **named: Any) -> Fault:
    with pytest.raises(VenueFault) as caught:
        call(*arguments, **named)
    return caught.value.fault


@pytest.mark.parametrize(
    ("errors", "code", "text", "kind", "effect"),
    [
        (SPOT_REST, "order-accountbalance-error", "", K.INSUFFICIENT_FUNDS, REFUSED),
        (SPOT_REST, "account-frozen-balance-insufficient-error", "", K.INSUFFICIENT_FUNDS, REFUSED),
        (SPOT_REST, "order-value-min-error", "", K.TOO_SMALL, REFUSED),
        (SPOT_REST, "order-orderprice-precision-error", "", K.FILTER, REFUSED),
        (SPOT_REST, "order-limitorder-price-max-error", "", K.PRICE_BAND, REFUSED),
        (SPOT_REST, "invalid-client-order-id", "", K.DUPLICATE_ID, REFUSED),
        (SPOT_REST, "order-orderstate-error", "", K.ORDER_ENDED, REFUSED),
        (SPOT_REST, "order-invalid-price", "limit-maker order would be matched", K.WOULD_TAKE, REFUSED),
        (SPOT_REST, "not-found", "", K.NO_SUCH_ORDER, REFUSED),
        (SPOT_REST, "base-record-invalid", "record invalid", K.NO_SUCH_ORDER, REFUSED),
        (SPOT_REST, "base-record-invalid", "something else", K.NO_SUCH_ORDER, UNKNOWN),
        (SPOT_REST, "base-record-invalid", "Failed to get data. Try again later.", K.INTERNAL, UNKNOWN),
        (
            SPOT_REST,
            "api-signature-not-valid",
            "Signature not valid: Verification failure",
            K.SIGNATURE,
            REFUSED,
        ),
        (SPOT_REST, "api-signature-not-valid", "Signature not valid: Incorrect Access key", K.KEY, REFUSED),
        (SPOT_REST, "api-signature-not-valid", "API key has no permission", K.PERMISSION, REFUSED),
        (SPOT_REST, "api-signature-not-valid", "Invalid submission time", K.CLOCK, REFUSED),
        (SPOT_REST, "gateway-internal-error", "", K.INTERNAL, UNKNOWN),
        (SPOT_REST, "base-system-error", "", K.INTERNAL, UNKNOWN),
        (SPOT_REST, "timeout", "", K.INTERNAL, UNKNOWN),
        (SPOT_REST, "bad-request", "request timeout", K.INTERNAL, UNKNOWN),
        (SPOT_REST, "bad-request", "429 too many request", K.RATE_LIMITED, REFUSED),
        (SPOT_REST, "invalid-parameter", "invalid symbol", K.NO_SUCH_INSTRUMENT, REFUSED),
        (SPOT_REST, "system-maintenance", "", K.UNAVAILABLE, REFUSED),
        (SPOT_REST, "something-new", "not found", K.UNKNOWN, UNKNOWN),
        (SPOT_V2, "1003", "", K.SIGNATURE, REFUSED),
        (SPOT_V2, "2002", "auth.fail", K.PARAMETER, REFUSED),
        (SPOT_V2, "500", "system error", K.INTERNAL, UNKNOWN),
        (SPOT_LINE, "2002", "auth.fail", K.KEY, REFUSED),
        (SPOT_LINE, "2002", "invalid.auth.state", K.LOGIN, REFUSED),
        (SPOT_LINE, "2001", "invalid.symbol", K.NO_SUCH_INSTRUMENT, REFUSED),
        (SPOT_LINE, "4000", "too.many.connection", K.RATE_LIMITED, REFUSED),
        (SWAP_CODES, "1004", "", K.OVERLOADED, UNKNOWN),
        (SWAP_CODES, "1000", "", K.INTERNAL, UNKNOWN),
        (SWAP_CODES, "1499", "", K.INTERNAL, UNKNOWN),
        (SWAP_CODES, "1500", "", K.INTERNAL, UNKNOWN),
        (SWAP_CODES, "1017", "", K.NO_SUCH_ORDER, REFUSED),
        (SWAP_CODES, "1030", "", K.PARAMETER, REFUSED),
        (SWAP_CODES, "1038", "", K.FILTER, REFUSED),
        (SWAP_CODES, "1047", "", K.INSUFFICIENT_FUNDS, REFUSED),
        (SWAP_CODES, "1048", "", K.REDUCE_ONLY, REFUSED),
        (SWAP_CODES, "1050", "", K.DUPLICATE_ID, REFUSED),
        (SWAP_CODES, "1061", "", K.NO_SUCH_ORDER, REFUSED),
        (SWAP_CODES, "1062", "", K.ORDER_ENDED, REFUSED),
        (SWAP_CODES, "1084", "", K.ACCOUNT, REFUSED),
        (SWAP_CODES, "1349", "", K.POSITION_LIMIT, REFUSED),
        (SWAP_CODES, "12001", "", K.CLOCK, REFUSED),
        (SWAP_CODES, "12008", "", K.SIGNATURE, REFUSED),
        (SWAP_CODES, "99999", "", K.UNKNOWN, UNKNOWN),
        (SWAP_CODES, "2003", "", K.KEY, REFUSED),
        (SWAP_CODES, "2002", "", K.LOGIN, REFUSED),
        (SWAP_CODES, "2999", "", K.UNKNOWN, UNKNOWN),
    ],
)
def test_what_codes_mean(errors: ErrorList, code: str, text: str, kind: FaultKind, effect: Effect) -> None:
    meaning = errors.meaning(code, text)
    assert (meaning.kind, meaning.effect) == (kind, effect)


def test_only_documented_checks_are_refusals() -> None:
    """What HTX calls its own failure is never definitive, and every list says something of most kinds."""
    ours = (K.INTERNAL, K.OVERLOADED, K.UNKNOWN)
    lists = (SPOT_REST, SPOT_V2, SPOT_LINE, SWAP_CODES)
    for errors in lists:
        for code, meaning in errors.codes.items():
            assert (meaning.effect is UNKNOWN) == (meaning.kind in ours or code == "base-record-invalid"), (
                code
            )
    assert [len(errors.codes) for errors in lists] == [79, 21, 10, 139]


PLACE = PlaceOrder(approved(SWAP))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"status":"error","err_code":1047,"err_msg":"margin"}'])
def test_a_5xx_proves_nothing(status: int, body: bytes) -> None:
    found = fault(answer, SWAP_DIALECT, PLACE, body, status)
    assert (found.kind, found.effect, found.code) == (K.INTERNAL, UNKNOWN, str(status))


@pytest.mark.parametrize(
    ("headers", "wait_ns"),
    [
        ({}, 3_000_000_000),
        ({"retry-after": "7"}, 7_000_000_000),
        ({"ratelimit-reset": "1250"}, 1_250_000_000),
        ({"ratelimit-reset": "1606965863952"}, 3_000_000_000),
        ({"retry-after": "soon"}, 3_000_000_000),
    ],
)
def test_429_is_a_refusal_and_says_for_how_long(headers: dict[str, str], wait_ns: int) -> None:
    with pytest.raises(VenueFault) as caught:
        SWAP_DIALECT.read(PLACE, HttpReply(429, b"<html>", headers), 0)
    found = caught.value.fault
    assert (found.kind, found.effect, found.retry_after_ns) == (K.RATE_LIMITED, REFUSED, wait_ns)


def test_418_is_a_ban() -> None:
    with pytest.raises(VenueFault) as caught:
        SWAP_DIALECT.read(PLACE, HttpReply(418, b"", {"retry-after": "7"}), 0)
    found = caught.value.fault
    assert (found.kind, found.effect, found.retry_after_ns) == (K.BANNED, REFUSED, 7_000_000_000)


@pytest.mark.parametrize(
    ("body", "kind", "effect", "code"),
    [
        (b'{"status":"error","err-code":"order-value-min-error","err-msg":"x","data":null}',
         K.TOO_SMALL, REFUSED, "order-value-min-error"),
        (b'{"code":2002,"message":"invalid field value in `uid`"}', K.PARAMETER, REFUSED, "2002"),
        (b'{"status":"maintain"}', K.UNAVAILABLE, REFUSED, "maintain"),
        (b'{"status":"error"}', K.UNKNOWN, UNKNOWN, ""),
        (b'{"status":"error","err-code":"brand-new","err-msg":"\\u0000\\n bad"}',
         K.UNKNOWN, UNKNOWN, "brand-new"),
        (b'{"status":"error","err-code":510,"err-msg":"too many"}', K.RATE_LIMITED, REFUSED, "510"),
        (b"{}", K.UNKNOWN, UNKNOWN, ""),
        (b"", K.UNKNOWN, UNKNOWN, ""),
        (b"[]", K.UNKNOWN, UNKNOWN, ""),
        (b'{"status":7}', K.UNKNOWN, UNKNOWN, ""),
    ],
)  # fmt: skip
def test_envelopes_of_spot(body: bytes, kind: FaultKind, effect: Effect, code: str) -> None:
    for ask in (ServerTime(), ReadKeyPermissions()):
        found = fault(answer, SPOT_DIALECT, ask, body)
        assert (found.kind, found.effect, found.code) == (kind, effect, code)
        assert found.text.isprintable()
        assert len(found.text) <= 200


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b'{"status":"error","err_code":1047,"err_msg":"Insufficient margin available.","ts":1}',
         K.INSUFFICIENT_FUNDS, "1047"),
        (b'{"op":"create_cross_order","cid":"7","err-code":2002,"err-msg":"Authentication required."}',
         K.LOGIN, "2002"),
        (b'{"status":"error","cid":"7","err-code":1047,"err-msg":"x","err_code":1047,"err_msg":"x"}',
         K.INSUFFICIENT_FUNDS, "1047"),
        (b'{"status":"error","cid":"7","err-code":1047,"err-msg":"x"}', K.INSUFFICIENT_FUNDS, "1047"),
        (b'{"code":1030,"msg":"Input error.","ts":1}', K.PARAMETER, "1030"),
        (b'{"status":"error","err_code":"1032","err_msg":"access"}', K.RATE_LIMITED, "1032"),
    ],
)  # fmt: skip
def test_envelopes_of_swaps(body: bytes, kind: FaultKind, code: str) -> None:
    found = fault(answer, SWAP_DIALECT, PLACE, body)
    assert (found.kind, found.effect, found.code) == (kind, REFUSED, code)
    assert (found.retry_after_ns > 0) == (kind is K.RATE_LIMITED)


def test_nothing_to_cancel_is_an_answer() -> None:
    body = b'{"status":"error","err_code":1051,"err_msg":"No orders to cancel.","ts":1}'
    assert answer(SWAP_DIALECT, CancelAll(SWAP.symbol), body) == CancelledAll(0)
    assert fault(answer, SWAP_DIALECT, PLACE, body).kind is K.NO_SUCH_ORDER


def test_a_success_with_the_status_of_an_error_is_none() -> None:
    body = b'{"status":"ok","data":{"order_id_str":"1"}}'
    assert answer(SWAP_DIALECT, PLACE, body).venue_order_id == "1"
    assert fault(answer, SWAP_DIALECT, PLACE, body, 403).effect is UNKNOWN
