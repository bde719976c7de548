"""Funding of perpetuals: at each stamp longs pay shorts the rate of the position's value, or the other way.

value at the mark price * rate; the rate is that which market data publishes (`reference.py`). The venue
stands between both sides: what does not cancel out comes from its own pocket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trimaran.venues.sim.accounts import Account, Accounts
from trimaran.venues.sim.reference import FUNDING_PERIOD_MS, reference_of
from trimaran.venues.sim.settlement import Settlement
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import BalanceCause, ExchangeEvent, FundingCharged
from trimaran.venues.sim.units import RATE_ONE, WALLET_QUANTUM, WIDE, money
from trimaran.venues.sim.wallets import MARGIN_ASSET


class Funding:
    """Charges positions at multiples of the period since the epoch."""

    def __init__(
        self, accounts: Accounts, settlement: Settlement, emit: Callable[[ExchangeEvent], None]
    ) -> None:
        self.period_ns = FUNDING_PERIOD_MS * 1_000_000
        self._accounts = accounts
        self._settlement = settlement
        self._emit = emit
        self._next_ns = 0

    def set_period(self, period_ns: int, now_ns: int) -> None:
        """Another period from now on."""
        self.period_ns = period_ns
        self._next_ns = self._stamp_after(now_ns)

    def turn(self, tradables: Iterable[Tradable], now_ns: int) -> bool:
        """Charges what is due; whether anything was. Stamps that passed unseen are charged once each."""
        if self._next_ns == 0:
            self._next_ns = self._stamp_after(now_ns)
        if now_ns < self._next_ns:
            return False
        while self._next_ns <= now_ns:
            self.charge(tradables, self._next_ns)
            self._next_ns += self.period_ns
        return True

    def charge(self, tradables: Iterable[Tradable], stamp_ns: int) -> None:
        """Charges every position."""
        for tradable in tradables:
            if tradable.perpetual and tradable.listed:
                self._charge(tradable, stamp_ns)

    def _charge(self, tradable: Tradable, stamp_ns: int) -> None:
        rate_e8 = reference_of(tradable.book, tradable.funding_index).rate_e8
        for account in self._accounts.by_id.values():
            position = account.wallets[tradable.market].positions.get(tradable)
            if position is None or position.lots == 0:
                continue
            due = position.mark_value() * rate_e8 // RATE_ONE
            due -= due % WALLET_QUANTUM
            amount = due if position.lots > 0 else -due
            account.wallets[tradable.market].add(MARGIN_ASSET, -amount)
            self._settlement.house += amount
            self._tell(account, tradable, amount, rate_e8, stamp_ns)

    def _tell(self, account: Account, tradable: Tradable, amount: int, rate_e8: int, stamp_ns: int) -> None:
        self._emit(
            FundingCharged(
                account.account_id, tradable.market, tradable.symbol, money(amount),
                WIDE.scaleb(rate_e8, -8), stamp_ns,
            )
        )  # fmt: skip
        self._settlement.touch(
            account, tradable, BalanceCause.FUNDING, (MARGIN_ASSET,), tradable.symbol, -amount
        )

    def _stamp_after(self, now_ns: int) -> int:
        return (now_ns // self.period_ns + 1) * self.period_ns
