"""The limits file: what it says is what the desk has, and whatever is wrong in it refuses all of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Asset
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import StrategyName
from trimaran.risk.limits import Allowed, LimitsBook
from trimaran.risk.limits_file import read_limits

EXAMPLE = Path(__file__).parents[2] / "examples" / "limits.toml"
DEFAULT = """
version = 7
[default]
order_notional_max = 20000
collar_bps_max = 100
quote_age_ms_max = 2000
leverage_max = 5
open_orders_max = 20
rate_orders_max = 100
rate_window_ms = 1000
exposure_base_max = 2.5
"""
FULL = (
    DEFAULT
    + """
[instrument."binance.usdm:BTCUSDT"]
order_lots_max = 7
allowed = "reduce_only"
[asset.BTC]
exposure_base_max = 0.5
allowed = "sell"
[all]
daily_loss_max = 500.25
[venue.binance]
messages_max = 50
messages_window_ms = 250
[account."binance.usdm"]
leverage_max = 3
liquidation_bps_min = 800
[strategy.cross_market]
exposure_max = 1e5
"""
)


def test_what_a_file_says() -> None:
    book = read_limits(FULL)
    assert (book.version, book.quote, len(book.digest)) == (7, "USDT", 64)
    spot, perpetual = book.of(SPOT.key), book.of(PERPETUAL.key)
    assert (spot.order_notional_max, spot.quote_age_ns_max, spot.allowed) == (20_000, 2 * 10**9, Allowed.ALL)
    assert (perpetual.order_lots_max, perpetual.collar_bps_max) == (7, 100)  # the rest is the default's
    assert perpetual.allowed is Allowed.REDUCE_ONLY
    assert (book.exposure_of(Asset("BTC")), book.exposure_of(Asset("ETH"))) == (
        Decimal("0.5"),
        Decimal("2.5"),
    )
    assert book.restricted == {"BTC": Allowed.SELL}
    assert book.scope(ALL).daily_loss_max == Decimal("500.25")
    venue = book.scope(KillScope(ScopeKind.VENUE, "binance"))
    assert (venue.messages_max, venue.messages_window_ns) == (50, 250_000_000)
    account = book.scope(KillScope(ScopeKind.ACCOUNT, "binance.usdm"))
    assert (account.leverage_max, account.liquidation_bps_min, account.maintenance_bps) == (3, 800, 100)
    assert book.scope(KillScope(ScopeKind.STRATEGY, "cross_market")).exposure_max == 100_000
    book.check((SPOT, PERPETUAL), [StrategyName("cross_market")])


def test_the_example_is_valid() -> None:
    assert read_limits(EXAMPLE.read_text(encoding="utf-8")).version >= 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("version = 7", ""), "limits.version: expected an integer 1..2147483648, found None"),
        (("version = 7", "version = true"), "limits.version: expected an integer"),
        (("version = 7", "version = 0"), "found 0"),
        (("version = 7", "versoin = 7"), "limits: expected some of version, quote"),
        (("20000", "nan"), "limits.default.order_notional_max: expected a decimal above 0"),
        (("20000", "inf"), "limits.default.order_notional_max: expected a decimal above 0"),
        (("20000", "-1"), "limits.default.order_notional_max: expected a decimal above 0"),
        (("20000", "'20000'"), "limits.default.order_notional_max: expected a decimal above 0"),
        (("20000", "true"), "limits.default.order_notional_max: expected a decimal above 0"),
        (("20000", "1e19"), "limits.default.order_notional_max: expected a decimal above 0"),
        (
            ("collar_bps_max = 100", "collar_bps_max = 1.5"),
            "limits.default.collar_bps_max: expected an integer",
        ),
        (("collar_bps_max = 100", "collar_bps_max = 10001"), "1..10000, found 10001"),
        (("collar_bps_max = 100", ""), "limits.default: expected collar_bps_max, found none"),
        (("collar_bps_max = 100", "collar = 1"), "limits.default: expected some of order_notional_max"),
        (('allowed = "sell"', 'allowed = "some"'), 'limits.asset."BTC".allowed: expected one of all, buy'),
        (("daily_loss_max = 500.25", ""), "limits.all: expected a limit, found none"),
        (("[venue.binance]", "[venue]"), 'limits.venue."messages_max": expected a section, found 50'),
        (("[all]", "[al]"), "limits: expected some of version"),
        (("[all]", "[all"), "limits: expected TOML, found"),
        (("leverage_max = 3", "leverage_max = 0"), 'limits.account."binance.usdm".leverage_max: expected'),
        (("exposure_max = 1e5", "leverage_max = 5"), 'limits.strategy."cross_market": expected some of'),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], expected: str) -> None:
    assert change[0] in FULL
    with pytest.raises(ConfigError) as raised:
        read_limits(FULL.replace(*change, 1))
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (
            '[instrument."binance.spot:BTCUSD"]\norder_lots_max = 1',
            "limits.instrument: expected some of binance",
        ),
        ("[asset.XBT]\nexposure_base_max = 1", "limits.asset: expected some of BTC, found XBT"),
        ("[venue.bianance]\nmessages_max = 1", "limits.venue: expected some of binance, found bianance"),
        ('[account."binance.swap"]\nmessages_max = 1', "limits.account: expected some of binance.spot"),
        ("[strategy.crossmarket]\nmessages_max = 1", "limits.strategy: expected some of cross_market"),
    ],
)
def test_a_limit_that_limits_nothing_is_refused(extra: str, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_limits(DEFAULT + extra).check((SPOT, PERPETUAL), [StrategyName("cross_market")])
    assert expected in str(raised.value)


def test_everything_that_is_traded_has_limits() -> None:
    with pytest.raises(ConfigError, match=r"found none for binance\.spot:BTCUSDT"):
        LimitsBook(exposure=Decimal(1)).check((SPOT,), ())
    with pytest.raises(ConfigError, match="found none for BTC"):
        read_limits(DEFAULT.replace("exposure_base_max = 2.5", "")).check((SPOT,), ())


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_limits(DEFAULT + text)
        read_limits(text)
    except ConfigError:
        pass
