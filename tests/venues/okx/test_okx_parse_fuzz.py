"""Numbers of OKX frames, and structure-aware fuzzing of both decoders.

The law of fuzzing: garbage gives the documented error or nothing, and both twins say the same.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.decoding import edited, edits, spell
from tests.support.okx_frames import (
    CONTROL,
    FUNDING_ITEM,
    SEEDS,
    SNAPSHOT,
    SWAP,
    agree,
    push,
    update,
)
from trimaran.base.errors import DecodeKind
from trimaran.base.limits import E12_MAX
from trimaran.domain.answer import Kind

S, R, G = DecodeKind.SCHEMA, DecodeKind.RANGE, DecodeKind.OFF_GRID
IGNORED = 0
NUMBERS = [
    ("61837.63", IGNORED, 6183763),
    ("6.183763e4", IGNORED, 6183763),
    ("6183763E-2", IGNORED, 6183763),
    ("61837.6300000000000000000000000000000", IGNORED, 6183763),
    ("63920", IGNORED, 6392000),
    ("1e2", IGNORED, 10000),
    ("61837.635", G, 0),
    ("0", R, 0),
    ("0.00", R, 0),
    ("-1", R, 0),
    ("123456789012345678901234567890", R, 0),
    ("1e99999999999999999999", R, 0),
    ("1e-99999999999999999999", G, 0),
    ("11258999068426.24", IGNORED, 2**50),
    ("11258999068426.25", R, 0),
]


@pytest.mark.parametrize(("text", "fault", "ticks"), NUMBERS)
@pytest.mark.parametrize("rest", ['"1","0","1"', '"1"', '"1" ,"0","1"', '"1","0",1', '"1","0","x"', "1,[{}]"])
@pytest.mark.parametrize("quoted", [True, False])
def test_numbers_are_exact_or_refused(text: str, fault: int, ticks: int, rest: str, quoted: bool) -> None:
    price = f'"{text}"' if quoted else text
    row = agree(json.dumps(update(bids=[["P"]])).replace('"P"', f"{price},{rest}").encode())
    if ticks:
        assert row[8] == [(ticks, 100_000_000)]
    else:
        assert row == (Kind.ERROR, fault, 0, True)


NO_NUMBERS = ["", " 1", "1 ", "+1", "1.", ".5", "01", "0x1", "NaN", "1_0", "١", "1e", "--1"]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_strings_that_are_no_numbers(text: str) -> None:
    assert agree(update(bids=[[text, "1", "0", "1"]])) == (Kind.ERROR, S, 0, True)
    assert agree(push("funding-rate", {**FUNDING_ITEM, "fundingRate": text}, SWAP))[:3] == (Kind.ERROR, S, 1)


RATES = [
    ("0.0001515", 151_500_000),
    ("-0.0001515", -151_500_000),
    ("0.000151531545654987", 151_531_545),
    ("-0.000151531545654987", -151_531_545),
    ("-0.0000000000009", 0),
    ("1.5E-4", 150_000_000),
    ("0", 0),
    ("-0", 0),
    ("4611686.018427387904", E12_MAX),
    ("4611686.018427387905", None),
    ("-1e9", None),
]


@pytest.mark.parametrize(("text", "e12"), RATES)
def test_rates_are_cut_to_whole_units(text: str, e12: int | None) -> None:
    row = agree(push("funding-rate", {**FUNDING_ITEM, "fundingRate": text}, SWAP))
    assert row[:2] == ((Kind.ERROR, R) if e12 is None else (Kind.FUNDING, 0))
    assert e12 is None or row[12] == (e12, 1786550400000)


WORDS = [
    "8476.98", "0", "1e-8", "-0.5", "BTC-USDT", "BTC-USDT-SWAP", "books", "books5", "trades", "funding-rate",
    "update", "snapshot", "", "0.005", "buy", "sell", "123456",
]  # fmt: skip
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.integers(-2, 9), st.sampled_from(WORDS),
    st.decimals(-1, 10**6, places=3).map(str), st.text(max_size=8),
)  # fmt: skip
levels = st.lists(st.lists(scalars, max_size=4), max_size=4)
item_keys = st.sampled_from(
    ["asks", "bids", "ts", "seqId", "prevSeqId", "checksum", "tradeId", "px", "sz", "side", "last", "markPx",
     "fundingRate", "fundingTime", "x"]
)  # fmt: skip
outer_keys = st.sampled_from(["arg", "action", "data", "event", "op", "id"])


@settings(max_examples=800, deadline=None)
@given(
    seed=st.sampled_from([*SEEDS, *CONTROL]),
    changes=st.dictionaries(item_keys, st.one_of(scalars, levels), max_size=2),
    dropped=st.sets(item_keys, max_size=1),
    arg=st.dictionaries(st.sampled_from(["channel", "instId", "x"]), scalars, max_size=1),
    outer=st.one_of(st.just({}), st.dictionaries(outer_keys, st.one_of(scalars, levels), max_size=1)),
    repeats=st.sampled_from([1, 1, 1, 0, 2]),
    spelling=st.integers(0, 2**32),
)
def test_structured_fuzz(  # type: ignore[no-untyped-def]
    seed, changes, dropped, arg, outer, repeats, spelling
) -> None:
    frame = {**seed, **outer}
    if "arg" in seed and "arg" not in outer:
        frame["arg"] = {**seed["arg"], **arg}
    if seed.get("data") and "data" not in outer:
        item = {key: value for key, value in {**seed["data"][0], **changes}.items() if key not in dropped}
        frame["data"] = [item] * repeats
    agree(SNAPSHOT, spell(frame, random.Random(spelling)).encode("utf-8", "surrogatepass"))


@settings(max_examples=600, deadline=None)
@given(seed=st.sampled_from(SEEDS), changes=edits)
def test_byte_fuzz(seed: dict[str, Any], changes: list[tuple[int, bytes, int]]) -> None:
    agree(SNAPSHOT, edited(json.dumps(seed).encode(), changes))
