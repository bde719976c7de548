"""What the core of risk is told once: what there is, and the limits, in integers.

Scopes are (kind, index); all of one kind are numbered from 0. Amounts are attos (`amount.py`).
"""

from __future__ import annotations

from typing import Final

import msgspec

ALL: Final = 0
VENUE: Final = 1
ACCOUNT: Final = 2
STRATEGY: Final = 3
INSTRUMENT: Final = 4  # for rates only
KINDS: Final = (ALL, VENUE, ACCOUNT, STRATEGY)
NO_LIMIT: Final = -1

NO_BUYS: Final = 1
NO_SELLS: Final = 2
REDUCE_ONLY: Final = 4

Scope = tuple[int, int]


class Terms(msgspec.Struct, frozen=True):
    """What an instrument is. One lot is `size` attos of base, a tick times a lot `value` attos of quote."""

    account: int
    wallet: int  # the account whose money it is: markets of a venue may share one
    base: int
    quote: int
    perpetual: int
    order_step: int
    order_lots_min: int
    size_numerator: int
    size_denominator: int
    value_numerator: int
    value_denominator: int
    fee_e8: int  # the dearer one; a rebate is not counted on
    tick_lots_min: int  # the venue's smallest notional


class Bounds(msgspec.Struct, frozen=True):
    """The limits of an instrument."""

    tick_lots_max: int = 0
    lots_max: int = 0
    quote_age_ns_max: int = 0
    collar_bps_max: int = 0
    position_lots_max: int = 0
    leverage_max: int = 1
    open_orders_max: int = 0
    rate_orders_max: int = 0
    rate_window_ns: int = 1
    duplicate_window_ns: int = 0
    restriction: int = 0


class ScopeBounds(msgspec.Struct, frozen=True):
    """The limits of a scope; NO_LIMIT where there is none."""

    exposure_max: int = NO_LIMIT
    open_orders_max: int = NO_LIMIT
    rate_orders_max: int = NO_LIMIT
    rate_window_ns: int = 1
    messages_max: int = NO_LIMIT
    messages_window_ns: int = 1
    daily_loss_max: int = NO_LIMIT
    drawdown_max: int = NO_LIMIT
    leverage_max: int = NO_LIMIT
    liquidation_bps: int = NO_LIMIT  # distance and maintenance together


class Tables:
    """Terms and limits by index."""

    def __init__(self) -> None:
        self.accounts: list[int] = []  # their venues
        self.terms: list[Terms] = []
        self.bounds: list[Bounds] = []
        self.exposure_max: list[int] = []  # by asset
        self.scopes: tuple[list[ScopeBounds], ...] = ([ScopeBounds()], [], [], [])

    def add_venue(self) -> int:
        """Another venue; its index."""
        self.scopes[VENUE].append(ScopeBounds())
        return len(self.scopes[VENUE]) - 1

    def add_account(self, venue: int) -> int:
        """Another account; its index."""
        self.accounts.append(venue)
        self.scopes[ACCOUNT].append(ScopeBounds())
        return len(self.accounts) - 1

    def add_strategy(self) -> int:
        """Another strategy; its index."""
        self.scopes[STRATEGY].append(ScopeBounds())
        return len(self.scopes[STRATEGY]) - 1

    def add_asset(self) -> int:
        """Another asset; its index."""
        self.exposure_max.append(0)
        return len(self.exposure_max) - 1

    def add_instrument(self, *terms: int) -> int:
        """Another instrument, by the fields of `Terms`; its index. Without limits nothing may be sent
        there."""
        self.terms.append(Terms(*terms))
        self.bounds.append(Bounds())
        return len(self.terms) - 1

    def limit_instrument(self, instrument: int, *bounds: int) -> None:
        """Sets limits, by the fields of `Bounds`."""
        self.bounds[instrument] = Bounds(*bounds)

    def limit_scope(self, kind: int, index: int, *bounds: int) -> None:
        """Sets limits, by the fields of `ScopeBounds`."""
        self.scopes[kind][index] = ScopeBounds(*bounds)

    def limit_asset(self, asset: int, exposure_max: int) -> None:
        """Sets the limit of an asset's exposure, either way."""
        self.exposure_max[asset] = exposure_max

    def scopes_of(self, instrument: int, strategy: int) -> tuple[Scope, Scope, Scope, Scope]:
        """The scopes that an order passes under, the widest first."""
        account = self.terms[instrument].account
        return (ALL, 0), (VENUE, self.accounts[account]), (ACCOUNT, account), (STRATEGY, strategy)
