"""Names and numbers: what the core of risk calls each instrument, account, venue, asset and strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from trimaran.domain.instrument import Asset, ContractKind, Instrument, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope, ScopeKind
from trimaran.domain.orders import StrategyName
from trimaran.risk.amount import RATE_ONE, attos_down, rational
from trimaran.risk.core import RiskCore
from trimaran.risk.limits import Allowed, LimitsBook, RiskLimits, ScopeLimits
from trimaran.risk.tables import (
    ACCOUNT,
    ALL,
    NO_BUYS,
    NO_LIMIT,
    NO_SELLS,
    REDUCE_ONLY,
    STRATEGY,
    VENUE,
    Scope,
    Tables,
)

TICK_LOTS_MAX: Final = 2**120
Wallets = Mapping[MarketName, frozenset[MarketName]]
NO_WALLETS: Final[Wallets] = MappingProxyType({})
_KINDS: Final = {
    ScopeKind.ALL: ALL,
    ScopeKind.VENUE: VENUE,
    ScopeKind.ACCOUNT: ACCOUNT,
    ScopeKind.STRATEGY: STRATEGY,
}
_RESTRICTIONS: Final = {
    Allowed.ALL: 0,
    Allowed.BUY: NO_SELLS,
    Allowed.SELL: NO_BUYS,
    Allowed.REDUCE_ONLY: REDUCE_ONLY,
    Allowed.NONE: NO_BUYS | NO_SELLS,
}


class Registry:
    """Tells the core what there is, and its limits. An index of -1 is nothing that the desk has."""

    def __init__(
        self,
        core: RiskCore,
        instruments: Sequence[Instrument],
        book: LimitsBook,
        wallets: Wallets = NO_WALLETS,
    ) -> None:
        self._core = core
        self._instruments = instruments
        self.tables = Tables()
        self._venues: dict[str, int] = {}
        self._accounts: dict[MarketName, int] = {}
        self._assets: dict[Asset, int] = {}
        self._strategies: dict[StrategyName, int] = {}
        self._index: dict[InstrumentKey, int] = {}
        self._book = book
        self._wallets = wallets
        self.memory_ns = 0
        for market in dict.fromkeys(each.market for each in instruments):
            self._add_account(market)
        self._sharing = {market: self._shared(market) for market in self._accounts}
        for instrument in instruments:
            self._add(instrument)
        self.set_limits(book)

    def instrument(self, key: InstrumentKey) -> int:
        """The index of an instrument."""
        return self._index.get(key, -1)

    def account(self, market: MarketName) -> int:
        """The index of an account."""
        return self._accounts.get(market, -1)

    def sharing(self, market: MarketName) -> tuple[MarketName, ...]:
        """The markets of this desk that have one wallet with a market, itself included; none if it is not."""
        return self._sharing.get(market, ())

    def wallet(self, market: MarketName) -> int:
        """The index of the account that stands for the wallet of a market."""
        return self._accounts[self._sharing[market][0]]

    def asset(self, asset: Asset) -> int:
        """The index of an asset."""
        return self._assets.get(asset, -1)

    def strategy(self, name: StrategyName) -> int:
        """The index of a strategy; one that was never heard of gets its own."""
        known = self._strategies.get(name)
        if known is not None:
            return known
        index = self.tables.add_strategy()
        self._core.add_strategy()
        self._strategies[name] = index
        self._limit_scope(KillScope(ScopeKind.STRATEGY, name), (STRATEGY, index))
        return index

    def scope(self, scope: KillScope) -> Scope | None:
        """A scope as the core knows it; None: not of this desk."""
        if scope.kind is ScopeKind.ALL:
            return ALL, 0
        if scope.kind is ScopeKind.STRATEGY:
            return STRATEGY, self.strategy(StrategyName(scope.name))
        names: dict[str, int] = {
            ScopeKind.VENUE: self._venues,
            ScopeKind.ACCOUNT: {str(name): index for name, index in self._accounts.items()},
        }[scope.kind]
        return None if scope.name not in names else (_KINDS[scope.kind], names[scope.name])

    def named(self, scope: Scope) -> str:
        """A scope as people type it."""
        kind, index = scope
        if kind == ALL:
            return ScopeKind.ALL.value
        names: dict[int, list[str]] = {
            VENUE: list(self._venues),
            ACCOUNT: [str(name) for name in self._accounts],
            STRATEGY: [str(name) for name in self._strategies],
        }
        word = {VENUE: ScopeKind.VENUE, ACCOUNT: ScopeKind.ACCOUNT, STRATEGY: ScopeKind.STRATEGY}[kind]
        return KillScope(word, names[kind][index]).text

    def set_limits(self, book: LimitsBook) -> None:
        """Puts limits in force, as a whole. Raises ConfigError, and changes nothing, when some are
        missing."""
        limits = [book.of(instrument.key) for instrument in self._instruments]
        exposures = {instrument.base: book.exposure_of(instrument.base) for instrument in self._instruments}
        self._book = book
        for index, (instrument, each) in enumerate(zip(self._instruments, limits, strict=True)):
            restriction = (
                _RESTRICTIONS[each.allowed] | _RESTRICTIONS[book.restricted.get(instrument.base, Allowed.ALL)]
            )
            bounds = _bounds(instrument, each, restriction)
            self.tables.limit_instrument(index, *bounds)
            self._core.limit_instrument(index, *bounds)
        for asset, exposure in exposures.items():
            self.tables.limit_asset(self._assets[asset], attos_down(exposure))
            self._core.limit_asset(self._assets[asset], attos_down(exposure))
        self._limit_scope(KillScope(ScopeKind.ALL), (ALL, 0))
        for venue, index in self._venues.items():
            self._limit_scope(KillScope(ScopeKind.VENUE, venue), (VENUE, index))
        for market, index in self._accounts.items():
            self._limit_scope(KillScope(ScopeKind.ACCOUNT, market), (ACCOUNT, index))
        for strategy, index in self._strategies.items():
            self._limit_scope(KillScope(ScopeKind.STRATEGY, strategy), (STRATEGY, index))
        for asset, index in self._assets.items():
            if asset == book.quote:
                self._core.set_rate(index, RATE_ONE)
        self.memory_ns = max((each.duplicate_window_ns for each in limits), default=0)

    def _limit_scope(self, name: KillScope, scope: Scope) -> None:
        bounds = _scope_bounds(self._book.scope(name))
        self.tables.limit_scope(*scope, *bounds)
        self._core.limit_scope(*scope, *bounds)

    def _shared(self, market: MarketName) -> tuple[MarketName, ...]:
        shared = self._wallets.get(market, frozenset((market,)))
        return tuple([each for each in self._accounts if each in shared])

    def _add_account(self, market: MarketName) -> None:
        venue_name = market.partition(".")[0]
        if venue_name not in self._venues:
            self._venues[venue_name] = self.tables.add_venue()
            self._core.add_venue()
        venue = self._venues[venue_name]
        self._accounts[market] = self.tables.add_account(venue)
        self._core.add_account(venue)

    def _add(self, instrument: Instrument) -> None:
        for asset in (instrument.base, instrument.quote):
            if asset not in self._assets:
                self._assets[asset] = self.tables.add_asset()
                self._core.add_asset()
        terms = (
            self._accounts[instrument.market],
            self.wallet(instrument.market),
            self._assets[instrument.base],
            self._assets[instrument.quote],
            instrument.kind is ContractKind.PERPETUAL,
            instrument.order_step,
            instrument.order_lots_min,
            *rational(instrument.size(1)),
            *rational(instrument.notional(1, 1)),
            max(instrument.fees.maker_e8, instrument.fees.taker_e8, 0),
            _tick_lots(instrument, instrument.min_notional, up=True),
        )
        self._index[instrument.key] = self.tables.add_instrument(*terms)
        self._core.add_instrument(*terms)


def limits_losses(limits: ScopeLimits) -> bool:
    """Whether the equity of a scope must be known."""
    return limits.daily_loss_max is not None or limits.drawdown_max is not None


def _bounds(instrument: Instrument, limits: RiskLimits, restriction: int) -> tuple[int, ...]:
    return (
        _tick_lots(instrument, limits.order_notional_max, up=False),
        limits.order_lots_max,
        limits.quote_age_ns_max,
        limits.collar_bps_max,
        limits.position_lots_max,
        limits.leverage_max,
        limits.open_orders_max,
        limits.rate_orders_max,
        limits.rate_window_ns,
        limits.duplicate_window_ns,
        restriction,
    )


def _scope_bounds(limits: ScopeLimits) -> tuple[int, ...]:
    distance = limits.liquidation_bps_min
    return (
        _amount(limits.exposure_max),
        _count(limits.open_orders_max),
        _count(limits.rate_orders_max),
        limits.rate_window_ns,
        _count(limits.messages_max),
        limits.messages_window_ns,
        _amount(limits.daily_loss_max),
        _amount(limits.drawdown_max),
        _count(limits.leverage_max),
        NO_LIMIT if distance is None else distance + limits.maintenance_bps,
    )


def _amount(limit: Decimal | None) -> int:
    return NO_LIMIT if limit is None else attos_down(limit)


def _count(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit


def _tick_lots(instrument: Instrument, notional: Decimal, up: bool) -> int:
    """How many ticks times lots a notional is: as a highest one, or `up` as a lowest one."""
    share = Fraction(notional) / Fraction(instrument.notional(1, 1))
    return min(-(-share.numerator // share.denominator) if up else int(share), TICK_LOTS_MAX)
