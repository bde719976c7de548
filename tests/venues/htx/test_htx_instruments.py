"""HTX's instruments: a table of what is taken, left out and refused, and the recorded list."""

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
from trimaran.venues.htx.instruments import read_instruments
from trimaran.venues.htx.spec import SPOT, SWAP
from trimaran.venues.wire.instrument_list import FeeTable

RECORDED = "cryptofeed/HUOBI.0.gz"
SPOT_FEES, SWAP_FEES = FeeTable(SPOT.default_fees), FeeTable(SWAP.default_fees)
SPOT_ENTRY = {
    "symbol": "btcusdt",
    "state": "online",
    "bc": "btc",
    "qc": "usdt",
    "pp": 2,
    "ap": 6,
    "vp": 8,
    "minoa": 0.00001,
    "maxoa": 1000,
    "minov": 10,
    "lominoa": 0.00001,
    "lomaxoa": 1000,
    "at": "enabled",
    "tags": "",
}
SWAP_ENTRY = {
    "symbol": "BTC",
    "contract_code": "BTC-USDT",
    "contract_size": 0.001,
    "price_tick": 0.1,
    "delivery_date": "",
    "create_date": "20201021",
    "contract_status": 1,
    "support_margin_mode": "all",
    "business_type": "swap",
    "pair": "BTC-USDT",
    "contract_type": "swap",
    "trade_partition": "USDT",
}


def body(*entries):
    return msgspec.json.encode({"status": "ok", "data": entries, "ts": "1641880897191", "full": 1})


def test_spot():
    (found,) = read_instruments(body(SPOT_ENTRY), SPOT, SPOT_FEES)
    assert found.key == "htx.spot:btcusdt"
    assert (found.base, found.quote, found.kind) == ("BTC", "USDT", ContractKind.SPOT)
    assert (found.price_grid, found.size_grid, found.order_step) == (Grid(1, -2), Grid(1, -8), 100)
    assert (found.min_notional, found.contract_size) == (Decimal(10), Decimal(1))
    assert found.fees == Fees(maker_e8=200_000, taker_e8=200_000)  # 20 bps


def test_swap():
    (found,) = read_instruments(body(SWAP_ENTRY), SWAP, SWAP_FEES)
    assert found.key == "htx.swap:BTC-USDT"
    assert (found.base, found.quote, found.kind) == ("BTC", "USDT", ContractKind.PERPETUAL)
    assert (found.price_grid, found.size_grid, found.order_step) == (Grid(1, -1), Grid(1, 0), 1)
    assert found.contract_size == Decimal("0.001")
    assert found.size(1) == Decimal("0.001")
    assert found.fees == Fees(maker_e8=20_000, taker_e8=50_000)


@pytest.mark.parametrize(
    ("digits", "most", "exponent"),
    [(6, 1_000, -8), (2, 750_000_000, -6), (2, 4_000_000_000, -6), (0, 50_000_000_000_000, -1), (9, 1, -9)],
)
def test_the_grid_has_eight_decimals_where_there_is_room(digits, most, exponent):
    (found,) = read_instruments(body({**SPOT_ENTRY, "ap": digits, "lomaxoa": most}), SPOT, SPOT_FEES)
    assert found.size_grid == Grid(1, exponent)
    assert found.size(found.order_step) == Decimal(1).scaleb(-digits)


@pytest.mark.parametrize(
    ("minoa", "lominoa", "lots"),
    [(0.00001, 0.00001, 1_000), (0.0002, 0.00001, 20_000), (0.00001, 0.0002, 20_000), (None, None, 100)],
)
def test_the_smallest_order_is_the_larger_of_two(minoa, lominoa, lots):
    (found,) = read_instruments(body({**SPOT_ENTRY, "minoa": minoa, "lominoa": lominoa}), SPOT, SPOT_FEES)
    assert (found.order_step, found.order_lots_min) == (100, lots)
    (swap,) = read_instruments(body(SWAP_ENTRY), SWAP, SWAP_FEES)
    assert swap.order_lots_min == 1  # contract


def test_numbers_in_any_spelling_are_exact():
    text = body(SWAP_ENTRY).replace(b"0.001", b"1e-3").replace(b"0.1,", b"1.0E-1,")
    (found,) = read_instruments(text, SWAP, SWAP_FEES)
    assert (found.contract_size, found.price_grid) == (Decimal("0.001"), Grid(1, -1))


@pytest.mark.parametrize(
    ("spec", "entry"),
    [
        (SPOT, {**SPOT_ENTRY, "state": "suspend"}),
        (SPOT, {**SPOT_ENTRY, "state": "pre-online"}),
        (SPOT, {**SPOT_ENTRY, "at": "disabled"}),
        (SWAP, {**SWAP_ENTRY, "contract_status": 0}),
        (SWAP, {**SWAP_ENTRY, "contract_status": 5}),
        (SWAP, {**SWAP_ENTRY, "contract_type": "quarter", "contract_code": "BTC-USDT-261225"}),
        (SWAP, {**SWAP_ENTRY, "contract_code": "BTC-USD"}),
    ],
)
def test_what_does_not_trade_is_left_out(spec, entry):
    assert read_instruments(body(entry), spec, SPOT_FEES) == ()


def test_only_the_wanted_symbols_are_read():
    odd = ({**SPOT_ENTRY, "symbol": "oddusdt", "ap": 99}, {}, 1, {"symbol": None})
    (found,) = read_instruments(body(*odd, SPOT_ENTRY), SPOT, SPOT_FEES, {"btcusdt", "missingusdt"})
    assert found.symbol == "btcusdt"


@pytest.mark.parametrize(
    ("spec", "text", "said"),
    [
        (
            SPOT,
            b'{"status":"error","err-code":"system-maintenance","err-msg":"soon back","data":null}',
            "'system-maintenance': 'soon back'",
        ),
        (SWAP, b'{"status":"error","err_code":1017,"err_msg":"query too fast","ts":1}', "1017: 'query too"),
        (SPOT, b'{"status":"maybe","data":[]}', "'maybe' ''"),
    ],
)
def test_an_error_is_typed_and_says_what_the_venue_said(spec, text, said):
    with pytest.raises(VenueError, match=f"{spec.market}: expected instruments, found .*{said}"):
        read_instruments(text, spec, SPOT_FEES)


@pytest.mark.parametrize(
    ("spec", "text", "kind", "field"),
    [
        (SPOT, b"<html>", DecodeKind.MALFORMED, "instruments"),
        (SPOT, b"[]", DecodeKind.SCHEMA, "instruments"),
        (SPOT, b"{}", DecodeKind.SCHEMA, "instruments"),
        (SPOT, b'{"status":"ok","data":{}}', DecodeKind.SCHEMA, "data"),
        (SPOT, body({**SPOT_ENTRY, "ap": 19}), DecodeKind.SCHEMA, "data[0].ap"),
        (SPOT, body({**SPOT_ENTRY, "pp": -1}), DecodeKind.SCHEMA, "data[0].pp"),
        (SPOT, body({**SPOT_ENTRY, "bc": ""}), DecodeKind.SCHEMA, "btcusdt.bc"),
        (SPOT, body({**SPOT_ENTRY, "minov": -1}), DecodeKind.RANGE, "btcusdt.minov"),
        (SPOT, body({**SPOT_ENTRY, "lomaxoa": 1e17}), DecodeKind.RANGE, "btcusdt.lomaxoa"),
        (SPOT, body({**SPOT_ENTRY, "symbol": "x" * 33}), DecodeKind.RANGE, "symbol"),
        (SWAP, body({**SWAP_ENTRY, "contract_size": 0}), DecodeKind.RANGE, "BTC-USDT.contract_size"),
        (SWAP, body({**SWAP_ENTRY, "price_tick": -0.1}), DecodeKind.RANGE, "BTC-USDT.price_tick"),
        (SWAP, body({**SWAP_ENTRY, "contract_status": "1"}), DecodeKind.SCHEMA, "data[0].contract_status"),
        (SWAP, body({**SWAP_ENTRY, "contract_code": "-USDT"}), DecodeKind.SCHEMA, "-USDT.base"),
    ],
)
def test_errors_name_the_field(spec, text, kind, field):
    with pytest.raises(DecodeError) as caught:
        read_instruments(text, spec, SPOT_FEES)
    assert (caught.value.kind, caught.value.field) == (kind, field)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([(SPOT, SPOT_ENTRY), (SWAP, SWAP_ENTRY)]), st.data())
def test_garbage_gives_the_documented_error_or_nothing(market, data):
    spec, entry = market
    text = bytearray(body(entry))
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError, VenueError):
        read_instruments(bytes(text), spec, SPOT_FEES)


def test_the_recorded_list_is_read_whole():
    """A list of 2021, from the older request: its fields by the names that they have today."""
    recorded = recording(RECORDED)
    text = gzip.decompress(recorded.read_bytes()).splitlines()[0].partition(b": ")[2]
    names = {
        b"base-currency": b"bc",
        b"quote-currency": b"qc",
        b"price-precision": b"pp",
        b"amount-precision": b"ap",
        b"limit-order-max-order-amt": b"lomaxoa",
        b"min-order-value": b"minov",
        b"api-trading": b"at",
    }
    for old, new in names.items():
        text = text.replace(b'"%s":' % old, b'"%s":' % new)
    found = read_instruments(text, SPOT, SPOT_FEES)
    assert len(found) > 500
    by_symbol = {each.symbol: each for each in found}
    assert (by_symbol["btcusdt"].base, by_symbol["btcusdt"].min_notional) == ("BTC", Decimal(5))
    assert all(each.size_grid.exponent >= -8 for each in found)
