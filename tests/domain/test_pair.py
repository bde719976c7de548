"""Pairs as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.base.errors import ConfigError
from trimaran.domain.pair import QUOTES, Pair


@pytest.mark.parametrize(
    ("text", "base", "quote"),
    [
        ("BTC-USDT", "BTC", "USDT"),
        ("BTC/USDT", "BTC", "USDT"),
        ("BTCUSDT", "BTC", "USDT"),
        (" btcusdt ", "BTC", "USDT"),
        ("1000PEPEUSDT", "1000PEPE", "USDT"),
        ("ETHBTC", "ETH", "BTC"),
        ("BTC-FDUSD", "BTC", "FDUSD"),
        ("BTCUSD1", "BTC", "USD1"),
        ("BTCEURI", "BTC", "EURI"),
        ("USDTMXN", "USDT", "MXN"),
        ("WBTCUSDT", "WBTC", "USDT"),
        ("WBTC-BTC", "WBTC", "BTC"),
        ("BNB-USD", "BNB", "USD"),
        ("FLOWBTC", "FLOW", "BTC"),
        ("USDTTRY", "USDT", "TRY"),
        ("BTCUSDC", "BTC", "USDC"),
        ("BTC-XYZ", "BTC", "XYZ"),  # an unknown quote is fine where it is set apart
        ("币安人生USDT", "币安人生", "USDT"),
    ],
)
def test_forms(text, base, quote):
    pair = Pair.parse(text)
    assert (pair.base, pair.quote, str(pair)) == (base, quote, f"{base}-{quote}")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "BTC", "USDT", "-USDT", "BTC-", "BTC--USDT", "BTC-USDT-SWAP", "BTC/USDT:USDT"),
        *("A B-USDT", "BTC-US\nDT", "X" * 40 + "USDT", "BTC_USDT"),
    ],
)
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(ConfigError, match=r"^symbols: expected pairs like BTC-USDT or BTCUSDT, found '"):
        Pair.parse(text)
    with pytest.raises(ConfigError, match=r"^watch: "):
        Pair.parse(text, "watch")


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("BNBUSD", "BN-BUSD or BNB-USD"),
        ("usdtusd", "USD-TUSD or USDT-USD"),
        ("BTCFDUSD", "BTC-FDUSD or BTCFD-USD"),
        ("WBTC", "W-BTC"),
        ("TUSD", "T-USD"),
        ("FDUSD", "FD-USD"),
    ],
)
def test_what_can_be_read_in_two_ways_wants_a_dash(text, readings):
    expected = f"^symbols: expected a dash between base and quote, as in {readings}, found '{text}'$"
    with pytest.raises(ConfigError, match=expected):
        Pair.parse(text)


@given(st.text(max_size=20))
def test_garbage_gives_the_documented_error_or_a_pair_that_reads_back(text):
    try:
        pair = Pair.parse(text)
    except ConfigError:
        return
    assert Pair.parse(str(pair)) == Pair.parse(f"{pair.base}/{pair.quote}") == pair


@given(st.text("ABDEFNSTUW1", min_size=1, max_size=8), st.sampled_from(sorted(QUOTES)))
def test_text_without_a_separator_is_never_guessed(base, quote):
    try:
        pair = Pair.parse(base + quote)
    except ConfigError:
        return
    assert (pair.base, pair.quote) == (base, quote)
