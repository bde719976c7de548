"""OKX's instruments: a table of what is taken, left out and refused, and the recorded list."""

from __future__ import annotations

import contextlib
import gzip
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.recordings import recording
from trimaran.base.errors import DecodeError, DecodeKind, VenueError
from trimaran.domain.instrument import ContractKind, Fees, Grid
from trimaran.venues.okx.instruments import read_instruments, read_symbol_codes
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.instrument_list import FeeTable

RECORDED = "cryptofeed/OKX.0.gz"
SPOT_FEES, SWAP_FEES = FeeTable(SPOT.default_fees), FeeTable(SWAP.default_fees)
SPOT_ENTRY = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "baseCcy": "BTC",
    "quoteCcy": "USDT",
    "settleCcy": "",
    "ctVal": "",
    "ctMult": "",
    "ctValCcy": "",
    "ctType": "",
    "tickSz": "0.1",
    "lotSz": "0.00000001",
    "minSz": "0.00001",
    "maxLmtSz": "9999999999",
    "state": "live",
    "instIdCode": 10459,
    "upcChg": [],
}
SWAP_ENTRY = {
    **SPOT_ENTRY,
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "baseCcy": "",
    "quoteCcy": "",
    "settleCcy": "USDT",
    "ctVal": "0.01",
    "ctMult": "1",
    "ctValCcy": "BTC",
    "ctType": "linear",
    "lotSz": "0.01",
    "minSz": "0.01",
}


def body(*entries, code="0", text=""):
    return msgspec.json.encode({"code": code, "msg": text, "data": entries})


def test_spot():
    (found,) = read_instruments(body(SPOT_ENTRY), SPOT, SPOT_FEES)
    assert found.key == "okx.spot:BTC-USDT"
    assert (found.base, found.quote, found.kind) == ("BTC", "USDT", ContractKind.SPOT)
    assert (found.price_grid, found.size_grid, found.order_step) == (Grid(1, -1), Grid(1, -8), 1)
    assert (found.min_notional, found.contract_size) == (Decimal(0), Decimal(1))
    assert found.fees == Fees(maker_e8=80_000, taker_e8=100_000)  # 8 and 10 bps


def test_swap():
    (found,) = read_instruments(body(SWAP_ENTRY), SWAP, SWAP_FEES)
    assert found.key == "okx.swap:BTC-USDT-SWAP"
    assert (found.base, found.quote, found.kind) == ("BTC", "USDT", ContractKind.PERPETUAL)
    assert (found.price_grid, found.size_grid, found.order_step) == (Grid(1, -1), Grid(1, -6), 10_000)
    assert found.contract_size == Decimal("0.01")
    assert found.size(found.order_step) == Decimal("0.0001")  # a hundredth of a contract, in bitcoin
    assert found.fees == Fees(maker_e8=20_000, taker_e8=50_000)


@pytest.mark.parametrize(
    ("smallest", "lots"), [("0.01", 10_000), ("1", 1_000_000), ("0.011", 20_000), ("", 10_000)]
)
def test_the_smallest_order_is_in_lots_of_contracts(smallest, lots):
    (found,) = read_instruments(body({**SWAP_ENTRY, "minSz": smallest}), SWAP, SWAP_FEES)
    assert (found.order_step, found.order_lots_min) == (10_000, lots)
    (spot,) = read_instruments(body(SPOT_ENTRY), SPOT, SPOT_FEES)
    assert spot.order_lots_min == 1_000  # of 1e-8


def test_the_multiplier_counts():
    (found,) = read_instruments(body({**SWAP_ENTRY, "ctVal": "0.1", "ctMult": "100"}), SWAP, SWAP_FEES)
    assert found.contract_size == 10


@pytest.mark.parametrize(
    ("lot", "grid", "step"),
    [
        ("0.00000001", Grid(1, -8), 1),
        ("0.000001", Grid(1, -8), 100),
        ("0.01", Grid(1, -6), 10_000),
        ("1", Grid(1, -4), 10_000),
        ("10", Grid(1, -3), 10_000),
        ("100000", Grid(1, 0), 100_000),
        ("0.0000000001", Grid(1, -10), 1),
    ],
)
def test_the_grid_is_four_digits_finer_than_the_lot(lot, grid, step):
    (found,) = read_instruments(body({**SPOT_ENTRY, "lotSz": lot}), SPOT, SPOT_FEES)
    assert (found.size_grid, found.order_step) == (grid, step)


@pytest.mark.parametrize(
    ("spec", "entry"),
    [
        (SPOT, {**SPOT_ENTRY, "state": "suspend"}),
        (SPOT, {**SPOT_ENTRY, "state": "preopen"}),
        (SWAP, {**SWAP_ENTRY, "state": "test"}),
        (SWAP, {**SWAP_ENTRY, "ctType": "inverse", "settleCcy": "BTC", "ctValCcy": "USD"}),
        (SWAP, {**SWAP_ENTRY, "settleCcy": "USDC"}),
    ],
)
def test_what_does_not_trade_or_is_not_linear_is_left_out(spec, entry):
    assert read_instruments(body(entry), spec, SPOT_FEES) == ()


def test_only_the_wanted_symbols_are_read():
    odd = ({**SPOT_ENTRY, "instId": "ODD-USDT", "lotSz": ""}, {}, 1, {"instId": None})
    (found,) = read_instruments(body(*odd, SPOT_ENTRY), SPOT, SPOT_FEES, {"BTC-USDT", "MISSING-USDT"})
    assert found.symbol == "BTC-USDT"


def test_an_error_is_typed_and_says_what_the_venue_said():
    with pytest.raises(VenueError, match=r"okx.spot: expected instruments, found code '50011': 'Too Many"):
        read_instruments(body(code="50011", text="Too Many Requests"), SPOT, SPOT_FEES)


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        (b"<html>", DecodeKind.MALFORMED, "instruments"),
        (b"[]", DecodeKind.SCHEMA, "instruments"),
        (b"{}", DecodeKind.SCHEMA, "instruments"),
        (b'{"code":"0","data":{}}', DecodeKind.SCHEMA, "data"),
        (body({**SPOT_ENTRY, "state": 1}), DecodeKind.SCHEMA, "data[0].state"),
        (body({**SPOT_ENTRY, "tickSz": ""}), DecodeKind.SCHEMA, "BTC-USDT.tickSz"),
        (body({**SPOT_ENTRY, "tickSz": "cheap"}), DecodeKind.SCHEMA, "BTC-USDT.tickSz"),
        (body({**SPOT_ENTRY, "tickSz": "0"}), DecodeKind.RANGE, "BTC-USDT.tickSz"),
        (body({**SPOT_ENTRY, "lotSz": "NaN"}), DecodeKind.RANGE, "BTC-USDT.lotSz"),
        (body({**SPOT_ENTRY, "lotSz": "-1"}), DecodeKind.RANGE, "BTC-USDT.lotSz"),
        (body({**SPOT_ENTRY, "lotSz": "1E+9999999"}), DecodeKind.RANGE, "BTC-USDT.lotSz"),
        (body({**SPOT_ENTRY, "baseCcy": ""}), DecodeKind.SCHEMA, "BTC-USDT.base"),
        (body({**SPOT_ENTRY, "instId": ""}), DecodeKind.RANGE, "symbol"),
        (body({**SPOT_ENTRY, "instId": "X" * 33}), DecodeKind.RANGE, "symbol"),
    ],
)
def test_errors_name_the_field(text, kind, field):
    with pytest.raises(DecodeError) as caught:
        read_instruments(text, SPOT, SPOT_FEES)
    assert (caught.value.kind, caught.value.field) == (kind, field)


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"ctVal": ""}, DecodeKind.SCHEMA, "BTC-USDT-SWAP.ctVal"),
        ({"ctMult": "0"}, DecodeKind.RANGE, "BTC-USDT-SWAP.ctMult"),
        ({"ctValCcy": ""}, DecodeKind.SCHEMA, "BTC-USDT-SWAP.base"),
    ],
)
def test_a_contract_without_a_size_is_refused(change, kind, field):
    with pytest.raises(DecodeError) as caught:
        read_instruments(body({**SWAP_ENTRY, **change}), SWAP, SWAP_FEES)
    assert (caught.value.kind, caught.value.field) == (kind, field)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_garbage_gives_the_documented_error_or_nothing(data):
    text = bytearray(body(SWAP_ENTRY))
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError, VenueError):
        read_instruments(bytes(text), SWAP, SWAP_FEES)


@pytest.mark.parametrize(
    ("spec", "kind", "count"), [(SPOT, "SPOT", 300), (SWAP, "SWAP", 100)], ids=["spot", "swap"]
)
def test_the_recorded_list_is_read_whole(spec, kind, count):
    recorded = recording(RECORDED)
    lines = gzip.decompress(recorded.read_bytes()).decode().splitlines()
    line = next(each for each in lines if f"instType={kind} -> " in each)
    found = read_instruments(line.partition(": ")[2].encode(), spec, FeeTable(spec.default_fees))
    assert len(found) > count
    by_symbol = {each.symbol: each for each in found}
    assert by_symbol["BTC-USDT" if kind == "SPOT" else "BTC-USDT-SWAP"].base == "BTC"
    assert all(each.quote == "USDT" for each in found if kind == "SWAP")


def test_the_numbers_by_which_the_order_line_names_instruments():
    answer = body(SPOT_ENTRY, SWAP_ENTRY | {"instIdCode": 2021032601102994}, {"instId": "OLD-USDT"})
    assert read_symbol_codes(answer) == {"BTC-USDT": 10459, "BTC-USDT-SWAP": 2021032601102994}
    assert read_symbol_codes(answer, {"BTC-USDT", "MISSING-USDT"}) == {"BTC-USDT": 10459}
    with pytest.raises(DecodeError, match=r"data\[0\].instIdCode"):
        read_symbol_codes(body({"instId": "BTC-USDT", "instIdCode": "10459"}))
