"""Profit as the venue says it: whatever the order in which fills are heard, the money is the venue's."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.support.money_tables import instrument
from trimaran.domain.account import Fill, FillId, Liquidity
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.pnl import Marks, Pnl
from trimaran.ledger.position import DUST

PERPETUAL = InstrumentKey("usdm:BTCUSDT")
USDT = Asset("USDT")
WALLET = (MarketName("usdm"), USDT)
CENT = Decimal("0.0001")  # the venue of this test rounds coarsely, each fill by itself
Trade = tuple[Side, int, int]

trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 7), st.integers(80, 120)), min_size=1, max_size=8
)


def venue(story: Sequence[Trade]) -> tuple[list[Fill], int, Decimal]:
    """What a venue makes of trades: their fills, its lots and its cost of them."""
    known, lots, cost = instrument(PERPETUAL), 0, Decimal(0)
    fills: list[Fill] = []
    for number, (side, size, price) in enumerate(story, 1):
        signed = size if side is Side.BUY else -size
        closed = min(abs(lots), size) if lots * signed < 0 else 0
        released = Decimal(0)
        if closed:
            released = cost if closed == abs(lots) else (cost * closed / abs(lots)).quantize(CENT)
        worth = known.notional(price, 1) * (closed if lots > 0 else -closed)
        realised = (worth - released).quantize(CENT, ROUND_HALF_EVEN)
        opened = size - closed
        cost += known.notional(price, 1) * (opened if signed > 0 else -opened) - released
        lots += signed
        told = (Liquidity.TAKER, Decimal(0), USDT, number, number, realised)
        fills.append(Fill(FillId(str(number)), ClientOrderId(16), PERPETUAL, side, price, size, *told))
    return fills, lots, cost


@given(trades, st.randoms(use_true_random=False))
def test_in_any_order_wallet_and_position_are_those_of_the_venue(story: list[Trade], rng: object) -> None:
    fills, lots, cost = venue(story)
    heard = list(fills)
    rng.shuffle(heard)  # type: ignore[attr-defined]
    ledger = Ledger({PERPETUAL: instrument(PERPETUAL)})
    wallet = Decimal(0)
    for fill in heard:
        ledger.apply(fill)
        ledger.check()
        assert fill.realised is not None
        wallet = EXACT.add(wallet, fill.realised)
        assert ledger.balances.get(WALLET, Decimal(0)) == wallet
    position = ledger.positions[PERPETUAL]
    assert position.lots == lots
    assert position.realised == wallet
    assert abs(position.cost - cost) <= CENT * len(fills)
    if not lots:
        assert position.cost == 0 or abs(position.cost) > DUST
    pnl = ledger.pnl(Marks(USDT, {}, {PERPETUAL: Decimal(100)}))
    assert isinstance(pnl, Pnl)
    worth = instrument(PERPETUAL).size(1) * lots * 100
    assert pnl.total == wallet + worth - position.cost


@given(trades)
def test_a_venue_that_says_nothing_is_booked_at_average_cost(story: list[Trade]) -> None:
    fills, lots, _ = venue(story)
    ledger = Ledger({PERPETUAL: instrument(PERPETUAL)})
    for fill in fills:
        silent = Fill(*[getattr(fill, name) for name in fill.__struct_fields__[:-1]])
        ledger.apply(silent)
    position = ledger.positions[PERPETUAL]
    assert position.lots == lots
    assert lots or not position.cost
