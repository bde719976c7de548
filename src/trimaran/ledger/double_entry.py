"""Double entry: money moves between accounts, it never appears.

Every booking is a set of entries whose sum is zero for each (market, asset), asserted when it is made.
WALLET is what the venue holds for us; the others are the reasons for its changes. So the sum over all
accounts of a (market, asset) is zero at all times, and a wallet can be explained from its reasons:

    wallet = -(trades + fees + funding + interest + transfers + adjustments)

A counter-account is therefore positive for what we paid: `fees` of 3 USDT means 3 USDT were paid.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from trimaran.domain.exact import ZERO
from trimaran.domain.instrument import Asset, MarketName

Holding = tuple[MarketName, Asset]


class Account(enum.Enum):
    """The accounts of every (market, asset)."""

    WALLET = "wallet"
    TRADES = "trades"
    FEES = "fees"
    FUNDING = "funding"
    INTEREST = "interest"
    TRANSFERS = "transfers"
    ADJUSTMENTS = "adjustments"  # what no other event explains


Entry = tuple[Account, Asset, Decimal]


class Accounts:
    """The running totals. Only `book` changes them."""

    def __init__(self) -> None:
        self._totals: dict[Account, dict[Holding, Decimal]] = {account: {} for account in Account}

    def book(self, market: MarketName, entries: Sequence[Entry]) -> None:
        """Adds one booking of one market. The entries of each asset must sum to zero."""
        sums: dict[Asset, Decimal] = {}
        for _, asset, amount in entries:
            sums[asset] = sums.get(asset, ZERO) + amount
        assert not any(sums.values()), (market, entries)
        for account, asset, amount in entries:
            totals = self._totals[account]
            totals[market, asset] = totals.get((market, asset), ZERO) + amount

    def of(self, account: Account) -> Mapping[Holding, Decimal]:
        """The totals of one account, a live read-only view."""
        return MappingProxyType(self._totals[account])

    def check(self) -> None:
        """Asserts that every (market, asset) sums to zero over all accounts."""
        sums: dict[Holding, Decimal] = {}
        for totals in self._totals.values():
            for holding, amount in totals.items():
                sums[holding] = sums.get(holding, ZERO) + amount
        assert not any(sums.values()), sums
