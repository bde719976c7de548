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
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

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

Cell = list[
    Any
]  # of one (market, asset): when its wallet moved last, then the totals in the order of `Account`
Cells = dict[Asset, Cell]

WALLET: Final = Account.WALLET
TRANSFERS: Final = Account.TRANSFERS
SLOT_OF: Final = {account: slot for slot, account in enumerate(Account, start=1)}
MOVED_NS, WALLET_SLOT = 0, SLOT_OF[WALLET]


def entries_of(legs: Sequence[Leg]) -> tuple[Entry, ...]:
    """The two entries of every leg."""
    return tuple(
        entry
        for reason, asset, amount in legs
        for entry in ((WALLET, asset, amount), (reason, asset, amount.copy_negate()))
    )


class Totals(Mapping[Holding, Decimal]):
    """One account of every (market, asset), a live read-only view."""

    def __init__(self, markets: Mapping[MarketName, Cells], slot: int) -> None:
        self._markets = markets
        self._slot = slot

    def __getitem__(self, holding: Holding) -> Decimal:
        market, asset = holding
        total: Decimal = self._markets[market][asset][self._slot]
        return total

    def __iter__(self) -> Iterator[Holding]:
        return ((market, asset) for market, cells in self._markets.items() for asset in cells)

    def __len__(self) -> int:
        return sum(map(len, self._markets.values()))


class Accounts:
    """The running totals. Only `book` changes them."""

    def __init__(self) -> None:
        self._markets: dict[MarketName, Cells] = {}
        self._views = {account: Totals(self._markets, slot) for account, slot in SLOT_OF.items()}
        self.made: dict[Asset, Decimal] = {}  # of all wallets by everything but transfers

    def book(self, market: MarketName, legs: Sequence[Leg], at_ns: int) -> list[Move]:
        """Adds one booking of one market: each leg to the wallet, and as much against its reason.

        Returns how wallets moved, each of them once. Called within the exact context.
        """
        cells = self._markets.get(market)
        if cells is None:
            cells = self._markets[market] = {}
        before: dict[Asset, Decimal] = {}
        for reason, asset, amount in legs:
            assert reason is not WALLET, legs
            assert amount.is_finite(), legs
            cell = cells.get(asset)
            if cell is None:
                cell = cells[asset] = [0] + [ZERO] * len(SLOT_OF)
            held = cell[WALLET_SLOT]
            if asset not in before:
                before[asset] = held
            cell[WALLET_SLOT] = held + amount
            slot = SLOT_OF[reason]
            cell[slot] = cell[slot] - amount
            if reason is not TRANSFERS:
                made = self.made.get(asset)
                self.made[asset] = amount if made is None else made + amount
            cell[MOVED_NS] = max(cell[MOVED_NS], at_ns)
        return [(asset, held, cells[asset][WALLET_SLOT]) for asset, held in before.items()]

    def load(self, account: Account, holding: Holding, amount: Decimal) -> None:
        """Sets a total that was kept; `check` is to be called when all are."""
        self._cell(holding)[SLOT_OF[account]] = amount
        if account is WALLET or account is TRANSFERS:
            self.made[holding[1]] = EXACT.add(self.made.get(holding[1], ZERO), amount)

    def load_moved(self, holding: Holding, at_ns: int) -> None:
        """Sets when a wallet moved last."""
        self._cell(holding)[MOVED_NS] = at_ns

    def of(self, account: Account) -> Mapping[Holding, Decimal]:
        """The totals of one account, a live read-only view."""
        return self._views[account]

    def moved_ns(self, holding: Holding) -> int:
        """When a wallet moved last, by the venue's time; 0 when it never has."""
        market, asset = holding
        cell = self._markets.get(market, {}).get(asset)
        return 0 if cell is None else int(cell[MOVED_NS])

    def check(self) -> None:
        """Asserts that every (market, asset) sums to zero over all accounts, and what wallets add up to."""
        made = dict.fromkeys(self.made, ZERO)
        for market, cells in self._markets.items():
            for asset, cell in cells.items():
                total = ZERO
                for amount in cell[1:]:
                    total = EXACT.add(total, amount)
                assert not total, (market, asset, cell)
                net = EXACT.add(cell[WALLET_SLOT], cell[SLOT_OF[TRANSFERS]])
                made[asset] = EXACT.add(made.get(asset, ZERO), net)
        for asset, amount in made.items():
            assert amount == self.made.get(asset, ZERO), (asset, amount, self.made)

    def _cell(self, holding: Holding) -> Cell:
        market, asset = holding
        cells = self._markets.setdefault(market, {})
        return cells.setdefault(asset, [0] + [ZERO] * len(SLOT_OF))
