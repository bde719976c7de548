"""The venue's own account of a paper trader, kept without the ledger.

Two accounts of the same fills, written twice and compared in a test, are the best proof that both are
right; so this module may not import `ledger`, and it computes in another way: whole numbers and
fractions, where the ledger has decimals at average cost.

The rules are the venues' own. Spot: the taker fee comes out of the asset received (buy: base, sell:
quote), https://www.binance.com/en/fee/trading. Linear perpetual: the fee and the realised profit go to
the margin asset, which is the quote asset; a reduction realises against the average entry price,
rounded to 1e-8 as wallets are.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

from trimaran.base.limits import FEE_E8_ONE
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName, Side

WALLET_UNITS: Final = 10**8  # a wallet's smallest unit is 1e-8


def taker_fee(instrument: Instrument, side: Side, price_ticks: int, lots: int) -> tuple[Decimal, Asset]:
    """The fee of a taker's fill, exact, and the asset that the venue charges it in."""
    rate_e8 = instrument.fees.taker_e8
    with localcontext(EXACT):
        if instrument.kind is ContractKind.SPOT and side is Side.BUY:
            return instrument.size(lots) * rate_e8 / FEE_E8_ONE, instrument.base
        return instrument.notional(price_ticks, lots) * rate_e8 / FEE_E8_ONE, instrument.quote


class PaperAccount:
    """Wallets of one or more markets, and the positions of their perpetuals."""

    def __init__(self, balances: Mapping[tuple[MarketName, Asset], Decimal]) -> None:
        self._balances = dict(balances)
        self._lots: dict[InstrumentKey, int] = {}
        self._entry_cost: dict[InstrumentKey, Fraction] = {}  # of the open lots, never negative

    def balance(self, market: MarketName, asset: Asset) -> Decimal:
        """What the wallet holds."""
        return self._balances.get((market, asset), ZERO)

    def balances(self) -> dict[tuple[MarketName, Asset], Decimal]:
        """All wallets, a copy."""
        return dict(self._balances)

    def position_lots(self, key: InstrumentKey) -> int:
        """Signed open lots of a perpetual."""
        return self._lots.get(key, 0)

    def settle(
        self, instrument: Instrument, side: Side, price_ticks: int, lots: int, fee: Decimal, fee_asset: Asset
    ) -> None:
        """Books a fill of ours."""
        with localcontext(EXACT):
            if instrument.kind is ContractKind.SPOT:
                self._exchange(instrument, side, price_ticks, lots)
            else:
                self._add(
                    instrument, instrument.quote, self._trade_perpetual(instrument, side, price_ticks, lots)
                )
            self._add(instrument, fee_asset, -fee)

    def _exchange(self, instrument: Instrument, side: Side, price_ticks: int, lots: int) -> None:
        received = instrument.size(lots), instrument.base
        given = instrument.notional(price_ticks, lots), instrument.quote
        if side is Side.SELL:
            received, given = given, received
        self._add(instrument, received[1], received[0])
        self._add(instrument, given[1], -given[0])

    def _trade_perpetual(self, instrument: Instrument, side: Side, price_ticks: int, lots: int) -> Decimal:
        """Moves the position and answers the profit that the wallet gets."""
        key = instrument.key
        held = self._lots.get(key, 0)
        cost = self._entry_cost.get(key, Fraction(0))
        lot_value = Fraction(instrument.notional(price_ticks, 1))
        closed = min(abs(held), lots) if held * side.sign < 0 else 0
        opened = lots - closed
        profit = Fraction(0)
        if closed:
            released = cost if closed == abs(held) else _to_wallet_unit(cost * closed / abs(held))
            profit = (closed * lot_value - released) * (1 if held > 0 else -1)
            cost -= released
        self._lots[key] = held + side.sign * lots
        self._entry_cost[key] = cost + opened * lot_value
        return Decimal(profit.numerator) / Decimal(profit.denominator)

    def _add(self, instrument: Instrument, asset: Asset, amount: Decimal) -> None:
        holding = instrument.market, asset
        self._balances[holding] = self._balances.get(holding, ZERO) + amount


def _to_wallet_unit(amount: Fraction) -> Fraction:
    return Fraction(round(amount * WALLET_UNITS), WALLET_UNITS)
