"""exchangeInfo to instruments: a table of what is taken, left out and refused."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.domain.instrument import ContractKind, Fees, Grid
from trimaran.venues.binance.instruments import FeeTable, read_instruments
from trimaran.venues.binance.spec import SPOT, USDM

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


def test_a_lot_finer_than_the_precision_decides():
    symbol = filtered(changed(SPOT_SYMBOL, baseAssetPrecision=2), "LOT_SIZE", stepSize="0.005")
    (found,) = read_instruments(body(symbol), SPOT, SPOT_FEES)
    assert (found.size_grid, found.order_step) == (Grid(1, -3), 5)


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
    assert [SPOT.depth_weight(levels) for levels in (5, 100, 101, 500, 1000, 5000)] == [5, 5, 25, 25, 50, 250]
    assert [USDM.depth_weight(levels) for levels in (50, 100, 500, 1000)] == [2, 5, 10, 20]
    url = USDM.depth_url(USDM.testnet, "币安人生USDT", 1000)
    assert url.startswith("https://demo-fapi.binance.com/fapi/v1/depth?symbol=%E5%B8%81")
    assert url.endswith("USDT&limit=1000")
    assert SPOT.exchange_info_url(SPOT.live) == "https://api.binance.com/api/v3/exchangeInfo"
