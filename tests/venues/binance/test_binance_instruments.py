"""exchangeInfo to instruments: a table of what is taken, left out and refused."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import SIZE_LOTS_MAX
from trimaran.domain.instrument import ContractKind, Fees, Grid
from trimaran.venues.binance.instruments import read_instruments
from trimaran.venues.binance.spec import SPOT, USDM
from trimaran.venues.wire.instrument_list import FeeTable

SPOT_SYMBOL = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "orderTypes": ["LIMIT", "MARKET"],
    "permissionSets": [["SPOT"]],
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01",
            "maxPrice": "1000000.00",
            "tickSize": "0.01000000",
        },
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001000"},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000",
            "applyMinToMarket": True,
            "maxNotional": "9000000",
        },
    ],
}
USDM_SYMBOL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDecimal": "4"},
    ],
}
SPOT_FEES = FeeTable(SPOT.default_fees)
USDM_FEES = FeeTable(USDM.default_fees)


def body(*symbols):
    return msgspec.json.encode({"timezone": "UTC", "rateLimits": [], "symbols": symbols})


def changed(base, **fields):
    return {**base, **fields}


def filtered(symbol, kind, **fields):
    """The symbol with one filter's fields replaced; None removes a field."""
    filters = []
    for rule in symbol["filters"]:
        if rule["filterType"] == kind:
            rule = {name: value for name, value in {**rule, **fields}.items() if value is not None}
        filters.append(rule)
    return {**symbol, "filters": filters}


def test_spot():
    (found,) = read_instruments(body(SPOT_SYMBOL), SPOT, SPOT_FEES)
    assert found.key == "binance.spot:BTCUSDT"
    assert (found.base, found.quote, found.kind) == ("BTC", "USDT", ContractKind.SPOT)
    assert (found.price_grid, found.size_grid, found.order_step) == (Grid(1, -2), Grid(1, -8), 1000)
    assert (found.min_notional, found.contract_size) == (Decimal(5), Decimal(1))
    assert found.fees == Fees(maker_e8=100_000, taker_e8=100_000)  # 10 bps


def test_usdm():
    (found,) = read_instruments(body(USDM_SYMBOL), USDM, USDM_FEES)
    assert found.key == "binance.usdm:BTCUSDT"
    assert found.kind is ContractKind.PERPETUAL
    assert (found.price_grid, found.size_grid, found.order_step) == (Grid(1, -1), Grid(1, -3), 1)
    assert found.min_notional == Decimal(100)
    assert found.fees == Fees(maker_e8=20_000, taker_e8=50_000)  # 2 and 5 bps


@pytest.mark.parametrize(
    ("smallest", "lots"),
    [("0.00005", 5_000), ("0.000051", 6_000), ("0", 1_000), ("1E-8", 1_000), (None, 1_000)],
)
def test_the_smallest_order_is_rounded_up_to_the_order_step(smallest, lots):
    symbol = filtered(SPOT_SYMBOL, "LOT_SIZE", minQty=smallest)
    (found,) = read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert (found.order_step, found.order_lots_min) == (1_000, lots)


@pytest.mark.parametrize("smallest", ["-1", "NaN", "1e18", "99999999999.1"])
def test_a_smallest_order_that_nobody_can_place_is_named(smallest):
    symbol = filtered(SPOT_SYMBOL, "LOT_SIZE", minQty=smallest)
    with pytest.raises(DecodeError, match=r"BTCUSDT\.LOT_SIZE\.minQty"):
        read_instruments(body(symbol), SPOT, SPOT_FEES)


def test_a_lot_finer_than_the_precision_decides():
    symbol = filtered(changed(SPOT_SYMBOL, baseAssetPrecision=2), "LOT_SIZE", stepSize="0.005")
    (found,) = read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert (found.size_grid, found.order_step) == (Grid(1, -3), 5)


@pytest.mark.parametrize(
    ("step", "max_qty", "precision", "exponent", "order_step"),
    [
        ("0.00001000", "9000.00000000", 8, -8, 1_000),  # BTC: as fine as the precision
        ("0.10000000", "922327.00000000", 8, -8, 10_000_000),
        ("1.00", "46116.00", 8, -8, 100_000_000),
        ("1.00", "92141578.00", 8, -7, 10_000_000),  # PEPE, DOGE: one digit less
        ("1.00", "46116860414.00", 8, -4, 10_000),  # SHIB, BTTC: four
        ("1.00", "4611686018427387.00", 8, 0, 1),  # the last that has room
        ("100", "1000000", 8, -7, 10**9),  # the order step, too, has a limit
        ("1000000", "100000000", 8, -3, 10**9),
        ("0.001", "1000", None, -3, 1),
        ("1.00", "46116860414.00", 0, 0, 1),
    ],
)
def test_the_grid_is_as_fine_as_it_has_room(step, max_qty, precision, exponent, order_step):
    symbol = filtered(
        changed(SPOT_SYMBOL, baseAssetPrecision=precision), "LOT_SIZE", stepSize=step, maxQty=max_qty
    )
    (found,) = read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert (found.size_grid, found.order_step) == (Grid(1, exponent), order_step)
    assert found.size(found.order_step) == Decimal(step)
    assert found.size_grid.steps(1_000 * Decimal(max_qty)) <= SIZE_LOTS_MAX
    assert found.order_step <= 10**9


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 10**9 - 1),
    st.integers(-18, 9),
    st.integers(0, 10**19),
    st.integers(-18, 18),
    st.integers(0, 18),
)
def test_every_grid_holds_the_lot_and_the_largest_order(units, exponent, most, most_exponent, digits):
    lot, max_qty = Decimal(units).scaleb(exponent), Decimal(most).scaleb(most_exponent)
    assume(lot.normalize().as_tuple().exponent <= 9)  # coarser lots are refused whatever the largest order
    listed = changed(SPOT_SYMBOL, baseAssetPrecision=digits)
    symbol = filtered(listed, "LOT_SIZE", stepSize=f"{lot:f}", maxQty=f"{max_qty:f}")
    if max_qty > 10**18 or max_qty * 1_000 > lot * SIZE_LOTS_MAX:
        with pytest.raises(DecodeError, match=r"RANGE: BTCUSDT\.LOT_SIZE\.maxQty"):
            read_instruments(body(symbol), SPOT, SPOT_FEES)
        return
    (found,) = read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert found.size(found.order_step) == lot
    assert 1 <= found.order_step <= 10**9
    assert max_qty * 1_000 <= found.size(SIZE_LOTS_MAX)
    finer = Grid(1, found.size_grid.exponent - 1)
    precise = found.size_grid.step <= Decimal(1).scaleb(-digits)
    assert precise or max_qty * 1_000 > finer.decimal(SIZE_LOTS_MAX) or lot > finer.step * 10**9


def test_a_lot_that_leaves_no_room_is_refused():
    symbol = filtered(SPOT_SYMBOL, "LOT_SIZE", stepSize="0.001", maxQty="46116860414000")
    with pytest.raises(DecodeError, match=r"LOT_SIZE\.maxQty") as caught:
        read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert caught.value.kind == DecodeKind.RANGE


@pytest.mark.parametrize("max_qty", [None, "0"])
def test_without_a_largest_order_there_is_room(max_qty):
    (found,) = read_instruments(body(filtered(SPOT_SYMBOL, "LOT_SIZE", maxQty=max_qty)), SPOT, SPOT_FEES)
    assert found.size_grid == Grid(1, -8)


def test_without_a_precision_the_lot_is_the_grid():
    symbol = {name: value for name, value in SPOT_SYMBOL.items() if name != "baseAssetPrecision"}
    (found,) = read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert (found.size_grid, found.order_step) == (Grid(1, -5), 1)


@pytest.mark.parametrize(
    ("spec", "symbol"),
    [
        (SPOT, changed(SPOT_SYMBOL, status="HALT")),
        (SPOT, changed(SPOT_SYMBOL, status="BREAK")),
        (USDM, changed(USDM_SYMBOL, status="SETTLING")),
        (USDM, changed(USDM_SYMBOL, contractType="CURRENT_QUARTER", symbol="BTCUSDT_261225")),
        (USDM, changed(USDM_SYMBOL, contractType="")),
    ],
)
def test_what_does_not_trade_is_left_out(spec, symbol):
    assert read_instruments(body(symbol), spec, SPOT_FEES) == ()


def test_only_the_wanted_symbols_are_read():
    broken = filtered(changed(SPOT_SYMBOL, symbol="ODDUSDT"), "LOT_SIZE", stepSize="0")
    found = read_instruments(body(broken, SPOT_SYMBOL), SPOT, SPOT_FEES, {"BTCUSDT", "MISSINGUSDT"})
    assert [each.symbol for each in found] == ["BTCUSDT"]


@pytest.mark.parametrize(
    "strange",
    [
        b"1",
        b"[]",
        b"{}",
        b'{"symbol":7}',
        b'{"symbol":null,"status":"TRADING"}',
        b'{"symbol":"ODDUSDT","status":5,"filters":"none"}',
        b'{"symbol":"ODDUSDT","baseAssetPrecision":99}',
        b'{"symbol":"\xff\xff"}',
    ],
)
def test_a_strange_symbol_that_nobody_asked_for_refuses_nothing(strange):
    text = body(SPOT_SYMBOL).replace(b'"symbols":[', b'"symbols":[' + strange + b",")
    (found,) = read_instruments(text, SPOT, SPOT_FEES, {"BTCUSDT"})
    assert found.symbol == "BTCUSDT"
    with pytest.raises(DecodeError) as caught:
        read_instruments(text, SPOT, SPOT_FEES)
    assert caught.value.field.startswith("symbols[0]")


def test_a_strange_symbol_that_is_asked_for_is_named():
    text = body(SPOT_SYMBOL, changed(SPOT_SYMBOL, symbol="ODDUSDT", filters=[{}]))
    with pytest.raises(DecodeError) as caught:
        read_instruments(text, SPOT, SPOT_FEES, {"ODDUSDT"})
    assert (caught.value.kind, caught.value.field) == (DecodeKind.SCHEMA, "symbols[1].filters[0]")


def test_fees_of_the_account_replace_the_default():
    own = Fees(maker_e8=-1_000, taker_e8=17_000)
    (found,) = read_instruments(body(USDM_SYMBOL), USDM, FeeTable(USDM.default_fees, {"BTCUSDT": own}))
    assert found.fees == own


def test_the_larger_minimum_counts():
    filters = [*SPOT_SYMBOL["filters"], {"filterType": "MIN_NOTIONAL", "minNotional": "7", "avgPriceMins": 5}]
    (found,) = read_instruments(body(changed(SPOT_SYMBOL, filters=filters)), SPOT, SPOT_FEES)
    assert found.min_notional == Decimal(7)


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        (b"<html>", DecodeKind.MALFORMED, "exchangeInfo"),
        (b"", DecodeKind.MALFORMED, "exchangeInfo"),
        (b"\xff", DecodeKind.MALFORMED, "exchangeInfo"),
        (b"[]", DecodeKind.SCHEMA, "exchangeInfo"),
        (b"{}", DecodeKind.SCHEMA, "exchangeInfo"),
        (body(changed(SPOT_SYMBOL, status=1)), DecodeKind.SCHEMA, "symbols[0].status"),
        (
            body(changed(SPOT_SYMBOL, baseAssetPrecision=99)),
            DecodeKind.SCHEMA,
            "symbols[0].baseAssetPrecision",
        ),
        (body(changed(SPOT_SYMBOL, filters=[])), DecodeKind.SCHEMA, "BTCUSDT.LOT_SIZE.stepSize"),
        (
            body(filtered(SPOT_SYMBOL, "PRICE_FILTER", tickSize=None)),
            DecodeKind.SCHEMA,
            "BTCUSDT.PRICE_FILTER.tickSize",
        ),
        (
            body(filtered(SPOT_SYMBOL, "PRICE_FILTER", tickSize="0.00")),
            DecodeKind.RANGE,
            "BTCUSDT.PRICE_FILTER.tickSize",
        ),
        (
            body(filtered(SPOT_SYMBOL, "LOT_SIZE", stepSize="-1")),
            DecodeKind.RANGE,
            "BTCUSDT.LOT_SIZE.stepSize",
        ),
        (
            body(filtered(SPOT_SYMBOL, "LOT_SIZE", stepSize="NaN")),
            DecodeKind.RANGE,
            "BTCUSDT.LOT_SIZE.stepSize",
        ),
        *(
            (
                body(filtered(SPOT_SYMBOL, "LOT_SIZE", **{name: text})),
                DecodeKind.RANGE,
                f"BTCUSDT.LOT_SIZE.{name}",
            )
            for name in ("stepSize", "maxQty")
            for text in ("1E+9999999", "Infinity", "-1E-9999999")
        ),
        (
            body(filtered(SPOT_SYMBOL, "LOT_SIZE", stepSize="1E-9999999")),
            DecodeKind.RANGE,
            "BTCUSDT.LOT_SIZE.stepSize",
        ),
        (
            body(filtered(SPOT_SYMBOL, "LOT_SIZE", stepSize="1234567891")),
            DecodeKind.RANGE,
            "BTCUSDT.LOT_SIZE.stepSize",
        ),
        (
            body(filtered(SPOT_SYMBOL, "PRICE_FILTER", tickSize="cheap")),
            DecodeKind.SCHEMA,
            "symbols[0].filters[0].tickSize",
        ),
        (body(filtered(SPOT_SYMBOL, "NOTIONAL", minNotional="-5")), DecodeKind.RANGE, "BTCUSDT.NOTIONAL"),
        (body(changed(SPOT_SYMBOL, symbol="X" * 33)), DecodeKind.RANGE, "symbol"),
        (body(changed(SPOT_SYMBOL, symbol="")), DecodeKind.RANGE, "symbol"),
    ],
)
def test_errors_name_the_field(text, kind, field):
    with pytest.raises(DecodeError) as caught:
        read_instruments(text, SPOT, SPOT_FEES)
    assert (caught.value.kind, caught.value.field) == (kind, field)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_garbage_gives_the_documented_error_or_nothing(data):
    text = bytearray(body(SPOT_SYMBOL))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError):
        read_instruments(bytes(text), SPOT, SPOT_FEES)


def test_weights_and_urls():
    assert [SPOT.session.rest_depth.weight(levels) for levels in (5, 100, 101, 500, 1000, 5000)] == [
        5,
        5,
        25,
        25,
        50,
        250,
    ]
    assert [USDM.session.rest_depth.weight(levels) for levels in (50, 100, 500, 1000)] == [2, 5, 10, 20]
    url = USDM.session.rest_depth.url(USDM.testnet, "币安人生USDT", 1000)
    assert url.startswith("https://demo-fapi.binance.com/fapi/v1/depth?symbol=%E5%B8%81")
    assert url.endswith("USDT&limit=1000")


def test_spot_is_asked_for_some_symbols_only():
    base = "https://api.binance.com/api/v3/exchangeInfo?showPermissionSets=false"
    assert SPOT.instruments_url(SPOT.live) == base
    url = SPOT.instruments_url(SPOT.live, ["BTCUSDT", "币安人生USDT", 'A"&'])
    names = "%5B%22BTCUSDT%22%2C%22%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT%22%2C%22A%5C%22%26%22%5D"
    assert url == f"{base}&symbols={names}"
    many = [f"A{index}USDT" for index in range(1_000)]
    assert SPOT.instruments_url(SPOT.live, many) == base  # longer than a request line may be
    assert USDM.instruments_url(USDM.live, many) == "https://fapi.binance.com/fapi/v1/exchangeInfo"
