"""Profit and loss in one quote asset, at given marks.

    total = value of every wallet, at the marks
          + (size * mark - cost) of every open perpetual position
          - value of all transfers (the opening balances, and what came or left since), at the SAME marks
          - value of all adjustments, at the SAME marks

So a change of price of what was there from the beginning is no profit: only what trading added is.
The total is computed a second way, and both are asserted to be equal:

    total = realised + unrealised - fees - funding - interest
    realised    what closed lots earned, at average cost, spot and perpetual alike
    unrealised  open lots at the marks less their cost; for spot, the lots traded through an instrument
    fees        paid, net of rebates
    funding     paid, net of receipts
    interest    paid, net of receipts

`adjusted` stands beside the total: what the venues have more than any event explains, less what they have
less. It is no profit and no deposit before a person has said which; who limits losses counts it when it is
below zero.

Marks are prices in `quote`: of assets (one unit), and of perpetuals in their own quote asset.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

import msgspec

from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey
from trimaran.ledger.double_entry import Account, Accounts, Holding
from trimaran.ledger.position import Position


class Marks(msgspec.Struct, frozen=True):
    """The prices that value a ledger. `quote` itself is worth 1 and need not be listed."""

    quote: Asset
    assets: Mapping[Asset, Decimal]
    perpetuals: Mapping[InstrumentKey, Decimal]

    def asset(self, asset: Asset) -> Decimal | None:
        """The price of one unit, or None."""
        return Decimal(1) if asset == self.quote else self.assets.get(asset)


class Pnl(msgspec.Struct, frozen=True):
    """Profit and loss in the quote asset of the marks; the module says what each part means."""

    quote: Asset
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    funding: Decimal
    total: Decimal
    interest: Decimal = ZERO
    adjusted: Decimal = ZERO


class Unmarked(msgspec.Struct, frozen=True):
    """No PnL: these assets and perpetuals have no mark."""

    names: tuple[str, ...]


def compute_pnl(
    accounts: Accounts,
    positions: Mapping[InstrumentKey, Position],
    instruments: Mapping[InstrumentKey, Instrument],
    marks: Marks,
) -> Pnl | Unmarked:
    """The PnL of a ledger, or the names that need a mark."""
    missing = _missing(accounts, positions, instruments, marks)
    if missing:
        return Unmarked(missing)
    with localcontext(EXACT):
        realised, unrealised, perpetual = ZERO, ZERO, ZERO
        for key, position in positions.items():
            instrument = instruments[key]
            rate = _mark(marks, instrument.quote)
            open_value = _open_value(position, instrument, marks)
            realised += position.realised * rate
            unrealised += open_value
            if instrument.kind is ContractKind.PERPETUAL:
                perpetual += open_value
        fees = _value(accounts.of(Account.FEES), marks)
        funding = _value(accounts.of(Account.FUNDING), marks)
        interest = _value(accounts.of(Account.INTEREST), marks)
        adjusted = -_value(accounts.of(Account.ADJUSTMENTS), marks)
        brought = -_value(accounts.of(Account.TRANSFERS), marks)
        total = _value(accounts.of(Account.WALLET), marks) + perpetual - brought - adjusted
        assert total == realised + unrealised - fees - funding - interest, "the two ways to the total differ"
    return Pnl(marks.quote, realised, unrealised, fees, funding, total, interest, adjusted)


def _open_value(position: Position, instrument: Instrument, marks: Marks) -> Decimal:
    """Value of the open lots less their cost, in the quote asset of the marks."""
    if position.lots == 0:  # of a perpetual there may be a cost: fills that are still to be told
        return -position.cost * _mark(marks, instrument.quote)
    size, rate = instrument.size(position.lots), _mark(marks, instrument.quote)
    if instrument.kind is ContractKind.PERPETUAL:
        return (size * marks.perpetuals[instrument.key] - position.cost) * rate
    return size * _mark(marks, instrument.base) - position.cost * rate


def _value(totals: Mapping[Holding, Decimal], marks: Marks) -> Decimal:
    return sum((amount * _mark(marks, asset) for (_, asset), amount in totals.items() if amount), ZERO)


def _mark(marks: Marks, asset: Asset) -> Decimal:
    """The mark of an asset; zero stands for one that nothing depends on (`_missing` made sure)."""
    mark = marks.asset(asset)
    return ZERO if mark is None else mark


def _missing(
    accounts: Accounts,
    positions: Mapping[InstrumentKey, Position],
    instruments: Mapping[InstrumentKey, Instrument],
    marks: Marks,
) -> tuple[str, ...]:
    assets = {asset for account in Account for (_, asset), amount in accounts.of(account).items() if amount}
    names: set[str] = set()
    for key, position in positions.items():
        instrument = instruments[key]
        if position.lots or position.realised or position.cost:
            assets.add(instrument.quote)
        if position.lots and instrument.kind is ContractKind.SPOT:
            assets.add(instrument.base)
        elif position.lots and key not in marks.perpetuals:
            names.add(key)
    names.update(asset for asset in assets if marks.asset(asset) is None)
    return tuple(sorted(names))
