"""Postings: the double entry of one account event, for whoever keeps a book. Pure.

    postings(event, contract, before) -> Booking(market, entries, after, realised)

The ledger books by this function in memory, and a projection of the journal into tables by the same one: two
books that are kept by one rule cannot drift apart. `contract` is `Contract.of(instrument)` of a fill, of
funding and of an adjusted position, and None of the rest; `before` is the position of the instrument.

Entries come in pairs, the wallet's and the reason's, whose sum is zero for each asset. Amounts of zero make
no entry. Nothing is rounded but the share of an average cost (`position.py`).

    Fill, spot           base and quote against TRADES, the fee in its own asset against FEES
    Fill, perpetual      what it realises, in quote, against TRADES; the fee against FEES
    Transfer             against TRANSFERS
    FundingPaid          against FUNDING
    InterestPaid         against INTEREST
    Adjusted             against ADJUSTMENTS
    PositionAdjusted     as a fill without a fee at its price
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.account import (
    Adjusted,
    Fill,
    FundingPaid,
    InterestPaid,
    PositionAdjusted,
    Transfer,
)
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName, Side
from trimaran.ledger.double_entry import Account, Entry
from trimaran.ledger.position import FLAT, Position, trade

MoneyEvent = Fill | Transfer | FundingPaid | InterestPaid | Adjusted | PositionAdjusted
MONEY_EVENTS: Final = (Fill, Transfer, FundingPaid, InterestPaid, Adjusted, PositionAdjusted)


class Contract(msgspec.Struct, frozen=True, gc=False):
    """How ticks and lots of an instrument turn into money."""

    key: InstrumentKey
    market: MarketName
    base: Asset
    quote: Asset
    perpetual: bool
    lot_size: Decimal  # base asset of one lot
    lot_tick_value: Decimal  # quote asset of one lot at a price of one tick

    @classmethod
    def of(cls, instrument: Instrument) -> Contract:
        """The contract of an instrument."""
        lot_size = EXACT.multiply(instrument.size_grid.step, instrument.contract_size)
        return cls(
            instrument.key,
            instrument.market,
            instrument.base,
            instrument.quote,
            instrument.kind is ContractKind.PERPETUAL,
            lot_size,
            EXACT.multiply(instrument.price_grid.step, lot_size),
        )


class Booking(msgspec.Struct, frozen=True, gc=False):
    """What one event does to a book."""

    market: MarketName
    entries: tuple[Entry, ...]
    after: Position | None = None  # of its instrument; None: the event is about none, or does not touch it
    realised: Decimal = ZERO  # in quote


def postings(event: MoneyEvent, contract: Contract | None, before: Position = FLAT) -> Booking:
    """The entries of an event, and the position after it. `before` matters for fills and adjustments only."""
    if isinstance(event, Fill):
        assert contract is not None, event
        return _fill(event, contract, before)
    if isinstance(event, FundingPaid):
        assert contract is not None, event
        return Booking(contract.market, moved(Account.FUNDING, event.asset, _negative(event.amount)))
    if isinstance(event, PositionAdjusted):
        assert contract is not None, event
        return _position_adjusted(event, contract, before)
    if isinstance(event, Transfer):
        return Booking(event.market, moved(Account.TRANSFERS, event.asset, event.amount))
    if isinstance(event, InterestPaid):
        return Booking(event.market, moved(Account.INTEREST, event.asset, _negative(event.amount)))
    return Booking(event.market, moved(Account.ADJUSTMENTS, event.asset, event.amount))


def moved(account: Account, asset: Asset, amount: Decimal) -> tuple[Entry, ...]:
    """`amount` goes from `account` into the wallet (out of it when negative)."""
    if not amount:
        return ()
    return (Account.WALLET, asset, amount), (account, asset, _negative(amount))


def _fill(fill: Fill, contract: Contract, before: Position) -> Booking:
    lots = fill.lots if fill.side is Side.BUY else -fill.lots
    notional = EXACT.multiply(contract.lot_tick_value, lots * fill.price_ticks)
    after, realised = trade(before, lots, notional)
    fee = moved(Account.FEES, fill.fee_asset, _negative(fill.fee))
    if contract.perpetual:
        return Booking(
            contract.market, moved(Account.TRADES, contract.quote, realised) + fee, after, realised
        )
    size = EXACT.multiply(contract.lot_size, lots)
    got, gave = _negative(size), _negative(notional)
    entries: tuple[Entry, ...] = (
        (Account.WALLET, contract.base, size),
        (Account.TRADES, contract.base, got),
        (Account.WALLET, contract.quote, gave),
        (Account.TRADES, contract.quote, notional),
    )
    return Booking(contract.market, entries + fee, after, realised)


def _position_adjusted(event: PositionAdjusted, contract: Contract, before: Position) -> Booking:
    size = EXACT.multiply(contract.lot_size, event.lots)
    after, realised = trade(before, event.lots, EXACT.multiply(size, event.price))
    return Booking(contract.market, moved(Account.TRADES, contract.quote, realised), after, realised)


def _negative(amount: Decimal) -> Decimal:
    return amount.copy_negate()
