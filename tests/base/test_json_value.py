"""JSON to plain values: exact numbers, typed refusals, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.json_value import NumberText, decode_json
from trimaran.base.limits import FRAME_BYTES_MAX, JSON_DEPTH_MAX, NUMBER_BYTES_MAX

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_what_json_says_is_what_comes(value: Any) -> None:
    assert decode_json(json.dumps(value).encode()) == value
    assert decode_json(memoryview(json.dumps(value, ensure_ascii=False).encode())) == value


@pytest.mark.parametrize(
    "text", ["0.1", "1.0", "-0.30000000000000004", "1e5", "12345678901234567890.123", "0e0"]
)
def test_numbers_with_a_fraction_stay_text(text: str) -> None:
    value = decode_json(text.encode())
    assert type(value) is NumberText
    assert value == text


@pytest.mark.parametrize("text", ["0", "-1", "9223372036854775808", "18446744073709551616", "1" * 300])
def test_integers_are_exact(text: str) -> None:
    value = decode_json(text.encode())
    assert type(value) is int
    assert str(value) == text


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[1,]",
        b"nul",
        b"01",
        b"+1",
        b".5",
        b"NaN",
        b"Infinity",
        b"'a'",
        b'"\xff"',
        b'"\\ud800"',
        b"1 2",
    ],
)
def test_what_is_not_json_is_malformed(payload: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        decode_json(payload)
    assert refused.value.kind is DecodeKind.MALFORMED


def test_nesting_has_a_limit() -> None:
    deepest = b"[" * JSON_DEPTH_MAX + b"]" * JSON_DEPTH_MAX
    assert decode_json(deepest) is not None
    for payload in (b"[" + deepest + b"]", b'{"a":' * 40 + b"1" + b"}" * 40, b"[" * 100_000):
        with pytest.raises(DecodeError) as refused:
            decode_json(payload)
        assert refused.value.kind is DecodeKind.MALFORMED


@pytest.mark.parametrize("shape", ["{}", "-{}", "0.{}", "1e{}", "[{}]"])
def test_numbers_have_a_limit(shape: str) -> None:
    fitting = NUMBER_BYTES_MAX - len(shape.strip("[]")) + 2
    decode_json(shape.format("1" * fitting).encode())
    with pytest.raises(DecodeError) as refused:
        decode_json(shape.format("1" * (fitting + 1)).encode())
    assert refused.value.kind is DecodeKind.MALFORMED


def test_frames_have_a_limit() -> None:
    with pytest.raises(DecodeError) as refused:
        decode_json(b" " * (FRAME_BYTES_MAX + 1))
    assert refused.value.kind is DecodeKind.OVERSIZE


def test_the_error_says_what_was_found_and_is_short() -> None:
    with pytest.raises(DecodeError, match="MALFORMED: frame: expected JSON, found") as refused:
        decode_json(b"<html>" + b"x" * 10_000)
    assert len(str(refused.value)) < 200
