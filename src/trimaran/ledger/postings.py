"""Postings: the double entry of one account event, for whoever keeps a book. Pure.

    postings(event, contract, before) -> Booking(market, legs, after, realised); booking.entries

The ledger books by this function in memory, and a projection of the journal into tables by the same one: two
books that are kept by one rule cannot drift apart. `contract` is `Contract.of(instrument)` of a fill, of
funding and of an adjusted position, and None of the rest; `before` is the position of the instrument.

Every leg is two entries, the wallet's and the reason's, whose sum is zero. Amounts of zero make no leg.
Nothing is rounded but the share of an average cost (`position.py`).

    Fill, spot           base and quote against TRADES, the fee in its own asset against FEES
    Fill, perpetual      what it realises, in quote, against TRADES; the fee against FEES. The venue's word
                         about that is taken where it has one
    Transfer             against TRANSFERS
    FundingPaid          against FUNDING
    InterestPaid         against INTEREST
    Adjusted             against ADJUSTMENTS
    PositionAdjusted     as a fill without a fee at its price
"""

from __future__ import annotations

from decimal import Decimal, localcontext
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
from trimaran.ledger.double_entry import Account, Entry, Leg, entries_of
from trimaran.ledger.position import FLAT, Position, trade, trade_as_told

MoneyEvent = Fill | Transfer | FundingPaid | InterestPaid | Adjusted | PositionAdjusted
BUY: Final = Side.BUY  # members of enums are looked up slowly, and this is on the way of every fill
TRADES: Final = Account.TRADES
FEES: Final = Account.FEES
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
    legs: tuple[Leg, ...]
    after: Position | None = None  # of its instrument; None: the event is about none, or does not touch it
    realised: Decimal = ZERO  # in quote

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries: (account, asset, amount), pair by pair."""
        return entries_of(self.legs)


def postings(event: MoneyEvent, contract: Contract | None, before: Position = FLAT) -> Booking:
    """The entries of an event, and the position after it. `before` matters for fills and adjustments only."""
    with localcontext(EXACT):
        return _postings(event, contract, before)


def fill_postings(fill: Fill, contract: Contract, before: Position) -> Booking:
    """`postings` of a fill. Called within the exact context: entering it takes as long as all of this."""
    lots = fill.lots if fill.side is BUY else -fill.lots
    notional = contract.lot_tick_value * (lots * fill.price_ticks)
    if fill.realised is not None and contract.perpetual:
        after, realised = trade_as_told(before, lots, notional, fill.realised), fill.realised
    else:
        after, realised = trade(before, lots, notional)
    legs: tuple[Leg, ...] = ()
    if not contract.perpetual:
        legs = ((TRADES, contract.base, contract.lot_size * lots), (TRADES, contract.quote, -notional))
    elif realised:
        legs = ((TRADES, contract.quote, realised),)
    if fill.fee:
        legs = (*legs, (FEES, fill.fee_asset, -fill.fee))
    return Booking(contract.market, legs, after, realised)


def _postings(event: MoneyEvent, contract: Contract | None, before: Position) -> Booking:
    if isinstance(event, Fill):
        assert contract is not None, event
        return fill_postings(event, contract, before)
    if isinstance(event, FundingPaid):
        assert contract is not None, event
        return Booking(contract.market, _leg(Account.FUNDING, event.asset, -event.amount))
    if isinstance(event, PositionAdjusted):
        assert contract is not None, event
        return _position_adjusted(event, contract, before)
    if isinstance(event, Transfer):
        return Booking(event.market, _leg(Account.TRANSFERS, event.asset, event.amount))
    if isinstance(event, InterestPaid):
        return Booking(event.market, _leg(Account.INTEREST, event.asset, -event.amount))
    return Booking(event.market, _leg(Account.ADJUSTMENTS, event.asset, event.amount))


def _leg(reason: Account, asset: Asset, amount: Decimal) -> tuple[Leg, ...]:
    """One leg, or none when nothing moves."""
    return ((reason, asset, amount),) if amount else ()


def _position_adjusted(event: PositionAdjusted, contract: Contract, before: Position) -> Booking:
    size = contract.lot_size * event.lots
    after, realised = trade(before, event.lots, size * event.price)
    return Booking(contract.market, _leg(TRADES, contract.quote, realised), after, realised)
