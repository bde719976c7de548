"""Client order ids: round trips, order, refusals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError
from trimaran.domain.client_id import (
    ALPHABET,
    ClientIdCounter,
    ClientIdParts,
    ClientOrderId,
    decode_client_id,
    decode_client_id_decimal,
    encode_client_id,
    encode_client_id_decimal,
    next_attempt,
    pack_client_id,
    unpack_client_id,
)

PARTS = st.builds(
    ClientIdParts,
    region=st.integers(0, 2**4 - 1),
    shard=st.integers(0, 2**8 - 1),
    epoch=st.integers(0, 2**16 - 1),
    sequence=st.integers(1, 2**30 - 1),
    attempt=st.integers(0, 2**4 - 1),
)
LARGEST = ClientIdParts(15, 255, 65535, 2**30 - 1, 15)


@given(PARTS)
def test_every_id_comes_back_from_integer_text_and_decimal(parts: ClientIdParts) -> None:
    client_order_id = pack_client_id(parts)
    text = encode_client_id(client_order_id)
    decimal = encode_client_id_decimal(client_order_id)
    assert 0 < client_order_id < 2**62
    assert unpack_client_id(client_order_id) == parts
    assert decode_client_id(text) == client_order_id
    assert decode_client_id_decimal(decimal) == client_order_id
    assert re.fullmatch(r"[A-Z0-9]{13}", text)


@given(PARTS, PARTS)
def test_ids_sort_alike_as_integers_text_and_parts(one: ClientIdParts, other: ClientIdParts) -> None:
    first, second = pack_client_id(one), pack_client_id(other)
    assert (first < second) == (encode_client_id(first) < encode_client_id(second))
    tuples = [(p.region, p.shard, p.epoch, p.sequence, p.attempt) for p in (one, other)]
    assert (first < second) == (tuples[0] < tuples[1])


def test_known_ids() -> None:
    smallest = pack_client_id(ClientIdParts(0, 0, 0, 1))
    assert (smallest, encode_client_id(smallest)) == (16, "00000000000" + "0G")
    largest = pack_client_id(LARGEST)
    assert (largest, encode_client_id(largest)) == (2**62 - 1, "3" + "Z" * 12)
    assert pack_client_id(ClientIdParts(1, 2, 3, 4, 5)) == 1 << 58 | 2 << 50 | 3 << 34 | 4 << 4 | 5


@given(st.text(alphabet=ALPHABET + "ilouILOUabc-._ 🚣", max_size=15))
def test_a_foreign_text_is_refused_or_is_the_one_spelling_of_an_id(text: str) -> None:
    try:
        client_order_id = decode_client_id(text)
    except DecodeError:
        return
    assert encode_client_id(client_order_id) == text


@given(st.one_of(st.text(max_size=22), st.integers(-5, 2**70).map(str)))
def test_a_foreign_decimal_is_refused_or_is_the_one_spelling_of_an_id(text: str) -> None:
    try:
        client_order_id = decode_client_id_decimal(text)
    except DecodeError:
        return
    assert encode_client_id_decimal(client_order_id) == text


@pytest.mark.parametrize("value", [-1, 0, 15, 2**62, 2**63])
def test_integers_that_are_no_ids(value: int) -> None:
    with pytest.raises(DecodeError):
        unpack_client_id(ClientOrderId(value))


@pytest.mark.parametrize("text", ["", "autoclose-123", "4" + "0" * 12, "0" * 13, "000000000000F", "0" * 14])
def test_texts_that_are_no_ids(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_client_id(text)


def test_the_counter_never_repeats_and_a_new_epoch_starts_over() -> None:
    counter, seen = ClientIdCounter(region=1, shard=7, epoch=3), set()
    for _ in range(100):
        client_order_id, counter = counter.take()
        seen.add(client_order_id)
    successor = counter.next_epoch()
    for _ in range(100):
        client_order_id, successor = successor.take()
        seen.add(client_order_id)
    assert len(seen) == 200
    assert unpack_client_id(client_order_id) == ClientIdParts(1, 7, 4, 100)


def test_the_next_attempt_is_the_same_sequence() -> None:
    first, _ = ClientIdCounter(1, 2, 3, 41).take()
    assert unpack_client_id(next_attempt(first)) == ClientIdParts(1, 2, 3, 42, 1)


@pytest.mark.parametrize(
    "parts", [(16, 0, 0, 1, 0), (0, 256, 0, 1, 0), (0, 0, 65536, 1, 0), (0, 0, 0, 0, 0), (0, 0, 0, 1, 16)]
)
def test_parts_out_of_range_are_a_programmer_error(parts: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(AssertionError):
        ClientIdParts(*parts)


def test_an_exhausted_epoch_is_a_programmer_error() -> None:
    with pytest.raises(AssertionError):
        ClientIdCounter(0, 0, 0, 2**30 - 1).take()
