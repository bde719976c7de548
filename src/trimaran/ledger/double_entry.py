"""Double entry: money moves between accounts, it never appears.

A booking is made of legs. Each is one amount that goes from a reason's account into the wallet, and so two
entries whose sum is zero: one number, added on the one side and subtracted on the other. WALLET is what the
venue holds for us; the others are the reasons for its changes. So the sum over all accounts of a (market,
asset) is zero at all times, and a wallet can be explained from its reasons:

    wallet = -(trades + fees + funding + interest + transfers + adjustments)

A counter-account is therefore positive for what we paid: `fees` of 3 USDT means 3 USDT were paid.

Amounts are exact decimals in the context of `domain/exact.py`, which traps every rounding. Not integers of a
fixed scale: fees come in any asset with as many digits as a venue likes, a scale that turns out too small
would have to round, and facts, reports and postings are decimals anyway; the addition itself is a tenth of a
microsecond, which is what converting an integer would cost.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.instrument import Asset, MarketName

Holding = tuple[MarketName, Asset]


class Account(enum.StrEnum):
    """The accounts of every (market, asset). The values stand in journals and tables: never rename one."""

    WALLET = "wallet"
    TRADES = "trades"
    FEES = "fees"
    FUNDING = "funding"
    INTEREST = "interest"
    TRANSFERS = "transfers"
    ADJUSTMENTS = "adjustments"  # what no other event explains


Leg = tuple[Account, Asset, Decimal]  # the reason, and what goes from it into the wallet (out when negative)
Entry = tuple[Account, Asset, Decimal]
Move = tuple[Asset, Decimal, Decimal]  # of a wallet: before and after

WALLET: Final = Account.WALLET
_add, _subtract = EXACT.add, EXACT.subtract


def entries_of(legs: Sequence[Leg]) -> tuple[Entry, ...]:
    """The two entries of every leg."""
    return tuple(
        entry
        for reason, asset, amount in legs
        for entry in ((WALLET, asset, amount), (reason, asset, amount.copy_negate()))
    )


class Accounts:
    """The running totals. Only `book` changes them."""

    def __init__(self) -> None:
        self._totals: dict[Account, dict[Holding, Decimal]] = {account: {} for account in Account}
        self._wallet = self._totals[WALLET]

    def book(self, market: MarketName, legs: Sequence[Leg]) -> list[Move]:
        """Adds one booking of one market: each leg to the wallet, and as much against its reason.

        Returns how wallets moved, each of them once.
        """
        wallet = self._wallet
        moves: list[Move] = []
        for reason, asset, amount in legs:
            assert reason is not WALLET, legs
            assert amount.is_finite(), legs
            holding = (market, asset)
            before = wallet.get(holding, ZERO)
            after = wallet[holding] = _add(before, amount)
            reasons = self._totals[reason]
            reasons[holding] = _subtract(reasons.get(holding, ZERO), amount)
            for number, (other, first, _) in enumerate(moves):
                if other == asset:
                    moves[number] = (asset, first, after)
                    break
            else:
                moves.append((asset, before, after))
        return moves

    def load(self, account: Account, holding: Holding, amount: Decimal) -> None:
        """Sets a total that was kept; `check` is to be called when all are."""
        self._totals[account][holding] = amount

    def of(self, account: Account) -> Mapping[Holding, Decimal]:
        """The totals of one account, a live read-only view."""
        return MappingProxyType(self._totals[account])

    def check(self) -> None:
        """Asserts that every (market, asset) sums to zero over all accounts."""
        sums: dict[Holding, Decimal] = {}
        for totals in self._totals.values():
            for holding, amount in totals.items():
                sums[holding] = _add(sums.get(holding, ZERO), amount)
        assert not any(sums.values()), sums
