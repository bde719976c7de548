"""Margin as our side sees it: worked numbers, and the law that equity is maintenance at liquidation."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trimaran.domain.account import Fill, Transfer
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, MarketName
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.margin import MarginTerms, MarginView, margin_view
from trimaran.ledger.pnl import Unmarked

USDM, USDT = MarketName("usdm"), Asset("USDT")
BTC, ETH = InstrumentKey("usdm:BTCUSDT"), InstrumentKey("usdm:ETHUSDT")
TERMS = {key: MarginTerms(Decimal(20), Decimal("0.005")) for key in (BTC, ETH)}
Instruments = dict[InstrumentKey, Instrument]


def view(ledger: Ledger, **marks: int | Decimal) -> MarginView:
    told = {InstrumentKey(f"usdm:{name}USDT"): Decimal(mark) for name, mark in marks.items()}
    seen = margin_view(ledger, USDM, USDT, told, TERMS)
    assert isinstance(seen, MarginView)
    return seen


@pytest.fixture
def rich(ledger: Ledger, make_transfer: Callable[..., Transfer], make_fill: Callable[..., Fill]) -> Ledger:
    """1,000 USDT, and 10 BTC bought at 1,000."""
    ledger.apply(make_transfer("a", "usdm", "USDT", 1_000))
    ledger.apply(make_fill("1", BTC, "BUY", 1_000, 100))
    return ledger


def test_a_long_in_numbers(rich: Ledger) -> None:
    seen = view(rich, BTC=1_010)
    assert (seen.wallet, seen.unrealised, seen.equity) == (1_000, 100, 1_100)
    assert (seen.held, seen.free) == (505, 595)  # 10,100 / 20
    assert seen.maintenance == Decimal("50.5")
    assert seen.leverage is not None
    assert round(seen.leverage, 6) == Decimal("9.181818")
    (position,) = seen.positions
    assert (position.entry_price, position.value) == (1_000, 10_100)
    assert position.liquidation_price is not None
    assert round(position.liquidation_price, 6) == Decimal("904.522613")  # (10,000 - 1,000) / 9.95
    assert position.distance is not None
    assert round(position.distance, 6) == Decimal("0.104433")


def test_a_short_in_numbers(
    ledger: Ledger, make_transfer: Callable[..., Transfer], make_fill: Callable[..., Fill]
) -> None:
    ledger.apply(make_transfer("a", "usdm", "USDT", 1_000))
    ledger.apply(make_fill("1", BTC, "SELL", 1_000, 100))
    (position,) = view(ledger, BTC=1_000).positions
    assert position.liquidation_price is not None
    assert round(position.liquidation_price, 6) == Decimal("1094.527363")  # 11,000 / 10.05
    assert position.distance is not None
    assert round(position.distance, 6) == Decimal("0.094527")


def test_who_holds_more_than_it_is_worth_cannot_be_liquidated(
    ledger: Ledger, make_transfer: Callable[..., Transfer], make_fill: Callable[..., Fill]
) -> None:
    ledger.apply(make_transfer("a", "usdm", "USDT", 20_000))
    ledger.apply(make_fill("1", BTC, "BUY", 1_000, 100))
    seen = view(ledger, BTC=1_000)
    assert seen.positions[0].liquidation_price is None
    assert seen.positions[0].distance is None


def test_without_equity_there_is_no_leverage(rich: Ledger) -> None:
    seen = view(rich, BTC=800)
    assert (seen.equity, seen.leverage) == (-1_000, None)
    (position,) = seen.positions
    assert position.distance is not None
    assert position.distance < 0
    assert seen.free < 0


def test_what_has_no_mark_is_named(rich: Ledger) -> None:
    assert margin_view(rich, USDM, USDT, {}, TERMS) == Unmarked((BTC,))
    assert margin_view(rich, USDM, USDT, {BTC: Decimal(1)}, {}) == Unmarked((BTC,))


def test_nothing_open_holds_nothing(ledger: Ledger) -> None:
    seen = view(ledger)
    assert (seen.equity, seen.held, seen.leverage, seen.positions) == (0, 0, None, ())


@settings(max_examples=100, deadline=None)
@given(
    wallet=st.integers(1, 10**6),
    side=st.sampled_from(["BUY", "SELL"]),
    price=st.integers(10, 10**5),
    lots=st.integers(1, 10**4),
    mark=st.integers(10, 10**5),
)
def test_at_the_liquidation_price_equity_is_the_maintenance_margin(
    instruments: Instruments,
    make_transfer: Callable[..., Transfer],
    make_fill: Callable[..., Fill],
    wallet: int,
    side: str,
    price: int,
    lots: int,
    mark: int,
) -> None:
    ledger = Ledger(instruments)
    ledger.apply(make_transfer("a", "usdm", "USDT", wallet))
    ledger.apply(make_fill("1", BTC, side, price, lots))
    (position,) = view(ledger, BTC=mark).positions
    assume(position.liquidation_price is not None)
    assert position.liquidation_price is not None
    there = view(ledger, BTC=round(position.liquidation_price, 20))
    assert abs(there.equity - there.maintenance) < Decimal("1e-8")
