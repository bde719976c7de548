"""Numbers as HTX writes them: Java's doubles, read exactly; sizes finer than the grid, cut to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.htx_frames import DELTA, QUOTE, SPOT, SWAP_DELTA, SWAPS, TRADE, swap, with_tick
from trimaran.base.errors import DecodeKind
from trimaran.domain.answer import NO_BOOK, Kind

NUMBERS = [
    ("9.12E-7", None, 9120),
    ("3.358149508E7", None, 335814950800000000),
    ("38", None, 380000000000),
    ("38.0", None, 380000000000),
    ("1.0E-10", None, 1),
    ("9.12e-07", None, 9120),
    ("91.2E-8", None, 9120),
    ("0.000000912000000000000", None, 9120),
    ("1.0E-11", DecodeKind.OFF_GRID, 0),
    ("0.0", DecodeKind.RANGE, 0),
    ("0E-9", DecodeKind.RANGE, 0),
    ("-1", DecodeKind.RANGE, 0),
    ("1E400", DecodeKind.RANGE, 0),
    ("192582254688166460792642281", DecodeKind.RANGE, 0),
    ('"9.12E-7"', None, 9120),
    ('"x"', DecodeKind.SCHEMA, 0),
    ("null", DecodeKind.SCHEMA, 0),
    ("true", DecodeKind.SCHEMA, 0),
    ("1.", DecodeKind.MALFORMED, 0),
    ("01", DecodeKind.MALFORMED, 0),
    (".5", DecodeKind.MALFORMED, 0),
]


@pytest.mark.parametrize(("text", "fault", "ticks"), NUMBERS)
def test_prices_are_exact_or_refused(text: str, fault: DecodeKind | None, ticks: int) -> None:
    tick = f'{{"seqNum":2,"prevSeqNum":1,"bids":[[{text},9.5]]}}'
    row = SPOT.agree(f'{{"ch":"market.trioeth.mbp.150","ts":1,"tick":{tick}}}'.encode())
    if ticks > 2**50:
        assert row == (Kind.ERROR, DecodeKind.RANGE, 1, True)
    elif ticks:
        assert row[8] == [(ticks, 95_000)]
    elif fault is DecodeKind.MALFORMED:
        assert row == (Kind.ERROR, fault, NO_BOOK, False)
    else:
        assert row == (Kind.ERROR, fault, 1, True)


@pytest.mark.parametrize(
    ("text", "lots"),
    [
        ("4051.518210062893", 4051518210),
        ("3307.9982700421942", 3307998270),
        ("2.516448728473207E7", 25164487284732),
        ("4.9E-7", 0),
        ("1e-400", 0),
        ("0.9999999999999999", 999999),
        ('"0.0000019"', 1),
        ("4611686018427387904E-6", 2**62),
        ("4611686018427.3879051", None),
        ("1234567890123456789.0123456789", None),
        ("-0.0000001", None),
        ("true", None),
    ],
)
def test_spot_sizes_are_cut_to_the_grid(text: str, lots: int | None) -> None:
    """HTX shows what is left of an order by value with all its digits; swaps count whole contracts."""
    delta = json.dumps(DELTA).replace("26.75", text).encode()
    deal = json.dumps(TRADE).replace("0.00556", text).encode()
    quote = json.dumps(QUOTE).replace("0.00035", text).encode()
    rows = [SPOT.agree(payload) for payload in (delta, deal, quote)]
    if lots is None:
        assert [row[0] for row in rows] == [Kind.ERROR] * 3
        return
    assert (rows[0][9], rows[1][10][1], rows[2][10][1]) == ([(64514, lots)], lots, lots)
    assert swap(with_tick(SWAP_DELTA, bids=[[13071.9, 0.5]]))[1] == DecodeKind.OFF_GRID


@settings(max_examples=600, deadline=None)
@given(
    digits=st.integers(0, 10**20),
    point=st.integers(0, 20),
    power=st.integers(-25, 25) | st.integers(-2000, 2000),
    letter=st.sampled_from(["E", "e", "E+", "e-0", "", "E00"]),
    zeros=st.integers(0, 3),
)
def test_every_spelling_is_the_same_to_both(
    digits: int, point: int, power: int, letter: str, zeros: int
) -> None:
    text = str(digits).rjust(point + 1, "0")
    mantissa = f"{text[: len(text) - point]}.{text[len(text) - point :]}{'0' * zeros}" if point else text
    number = f"{mantissa}{letter}{power if letter in ('E', 'e') else abs(power)}" if letter else mantissa
    tick = f'{{"seqNum":2,"prevSeqNum":1,"bids":[[{number},{number}]],"asks":[[1,{number}]]}}'
    for symbol in SPOT.grids:
        SPOT.agree(f'{{"ch":"market.{symbol}.mbp.150","ts":1,"tick":{tick}}}'.encode())
    for symbol in SWAPS.grids:
        swap_tick = f'{tick[:-1]},"version":1,"event":"update"}}'
        topic = f"market.{symbol}.depth.size_150.high_freq"
        SWAPS.agree(f'{{"ch":"{topic}","ts":1,"tick":{swap_tick}}}'.encode())
