"""The limits of risk, set by the user, read by the rules.

    instrument   how an order, and a position, may be; a set for each instrument, or the default one
    asset        how much of a base asset, over all instruments and accounts
    scopes       what all, a venue, an account or a strategy may do and lose, in the asset of the book

A lot means another size on every instrument. Notionals of an order are in its quote asset, exposures of an
asset in that asset, everything of a scope in the quote asset of the book. Ages and windows are in
nanoseconds. Every limit is "at most". `limits_file.py` reads a book from a file.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import SIZE_LOTS_MAX
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey
from trimaran.domain.kill import KillScope, ScopeKind
from trimaran.domain.orders import StrategyName

BPS_ONE: Final = 10_000
NS_MAX: Final = 2**62
COUNT_MAX: Final = 1_000_000
LEVERAGE_MAX: Final = 125  # the highest that a venue of ours offers
AMOUNT_MAX: Final = Decimal(10) ** 18
VERSION_MAX: Final = 2**31


class Allowed(enum.Enum):
    """What the restricted list leaves of an instrument or an asset."""

    ALL = "all"
    BUY = "buy"
    SELL = "sell"
    REDUCE_ONLY = "reduce_only"
    NONE = "none"


class RiskLimits(msgspec.Struct, frozen=True):
    """The limits of an instrument. Raises ConfigError that names the field."""

    order_notional_max: Decimal  # of one order, in quote
    quote_age_ns_max: int  # since the book was last known to be right
    collar_bps_max: int  # distance of an order's price from the fair price
    leverage_max: int  # perpetuals: notional over the margin that it takes
    open_orders_max: int
    rate_orders_max: int  # orders in `rate_window_ns`
    rate_window_ns: int
    order_lots_max: int = SIZE_LOTS_MAX
    position_lots_max: int = SIZE_LOTS_MAX  # either way, with open orders
    duplicate_window_ns: int = 0  # 0: equal orders are allowed; equal ids never are
    allowed: Allowed = Allowed.ALL

    def __post_init__(self) -> None:
        check_amount("risk.order_notional_max", self.order_notional_max)
        for name in ("order_lots_max", "position_lots_max"):
            check_integer(f"risk.{name}", getattr(self, name), 1, SIZE_LOTS_MAX)
        for name in ("open_orders_max", "rate_orders_max"):
            check_integer(f"risk.{name}", getattr(self, name), 1, COUNT_MAX)
        for name in ("quote_age_ns_max", "rate_window_ns"):
            check_integer(f"risk.{name}", getattr(self, name), 1, NS_MAX)
        check_integer("risk.duplicate_window_ns", self.duplicate_window_ns, 0, NS_MAX)
        check_integer("risk.collar_bps_max", self.collar_bps_max, 1, BPS_ONE)
        check_integer("risk.leverage_max", self.leverage_max, 1, LEVERAGE_MAX)


class ScopeLimits(msgspec.Struct, frozen=True):
    """The limits of all, a venue, an account or a strategy; None: no such limit. Raises ConfigError."""

    exposure_max: Decimal | None = None  # value of positions with open orders
    open_orders_max: int | None = None
    rate_orders_max: int | None = None
    rate_window_ns: int = 1_000_000_000
    messages_max: int | None = None  # orders, amendments and cancels; cancels are never refused
    messages_window_ns: int = 1_000_000_000
    daily_loss_max: Decimal | None = None  # since midnight UTC
    drawdown_max: Decimal | None = None  # from the highest equity
    leverage_max: int | None = None  # account: value of perpetuals over equity
    liquidation_bps_min: int | None = None  # account: how far prices may go before a liquidation
    maintenance_bps: int = 100  # account: maintenance margin of its perpetuals

    def __post_init__(self) -> None:
        for name in ("exposure_max", "daily_loss_max", "drawdown_max"):
            if getattr(self, name) is not None:
                check_amount(f"risk.{name}", getattr(self, name))
        for name in ("open_orders_max", "rate_orders_max", "messages_max"):
            if getattr(self, name) is not None:
                check_integer(f"risk.{name}", getattr(self, name), 1, COUNT_MAX)
        for name in ("rate_window_ns", "messages_window_ns"):
            check_integer(f"risk.{name}", getattr(self, name), 1, NS_MAX)
        if self.leverage_max is not None:
            check_integer("risk.leverage_max", self.leverage_max, 1, LEVERAGE_MAX)
        if self.liquidation_bps_min is not None:
            check_integer("risk.liquidation_bps_min", self.liquidation_bps_min, 1, BPS_ONE)
        check_integer("risk.maintenance_bps", self.maintenance_bps, 0, BPS_ONE)


class LimitsBook(msgspec.Struct, frozen=True, kw_only=True):
    """All limits of a desk, complete: what has none here has none."""

    version: int = 1
    quote: Asset = Asset("USDT")  # of what scopes may hold and lose
    default: RiskLimits | None = None  # of instruments without limits of their own
    instruments: Mapping[InstrumentKey, RiskLimits] = {}
    exposures: Mapping[Asset, Decimal] = {}  # of base assets, in base, over everything, either way
    exposure: Decimal | None = None  # of base assets that `exposures` does not name
    restricted: Mapping[Asset, Allowed] = {}
    scopes: Mapping[KillScope, ScopeLimits] = {}
    digest: str = ""  # SHA-256 of the file's text, hexadecimal

    def of(self, key: InstrumentKey) -> RiskLimits:
        """The limits of an instrument. Raises ConfigError when there are none."""
        limits = self.instruments.get(key, self.default)
        if limits is None:
            raise ConfigError(f"limits: expected some for every instrument, found none for {key}")
        return limits

    def exposure_of(self, asset: Asset) -> Decimal:
        """The limit of a base asset. Raises ConfigError when there is none."""
        limit = self.exposures.get(asset, self.exposure)
        if limit is None:
            raise ConfigError(f"limits: expected an exposure for every base asset, found none for {asset}")
        return limit

    def scope(self, scope: KillScope) -> ScopeLimits:
        """The limits of a scope."""
        return self.scopes.get(scope, NO_LIMITS)

    def check(self, instruments: Iterable[Instrument], strategies: Collection[StrategyName]) -> None:
        """Raises ConfigError unless everything that is traded has limits, and every limit limits
        something."""
        listed = list(instruments)
        markets = {each.market for each in listed}
        known: dict[ScopeKind, Collection[str]] = {
            ScopeKind.ALL: {""},
            ScopeKind.VENUE: {market.partition(".")[0] for market in markets},
            ScopeKind.ACCOUNT: set(markets),
            ScopeKind.STRATEGY: set(strategies),
        }
        for each in listed:
            self.of(each.key)
            self.exposure_of(each.base)
        _all_known("instrument", self.instruments, {each.key for each in listed})
        _all_known("asset", [*self.exposures, *self.restricted], {each.base for each in listed})
        for scope in self.scopes:
            _all_known(scope.kind.value, [scope.name], known[scope.kind])


def _all_known(section: str, names: Iterable[str], known: Collection[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        expected = ", ".join(sorted(known)[:20]) or "none"
        raise ConfigError(f"limits.{section}: expected some of {expected}, found {', '.join(unknown)}")


def check_amount(name: str, value: object) -> None:
    """Raises ConfigError unless it is a decimal above zero that the core can hold."""
    if not (isinstance(value, Decimal) and value.is_finite() and 0 < value <= AMOUNT_MAX):
        raise ConfigError(f"{name}: expected a decimal above 0, at most {AMOUNT_MAX}, found {value!r}")


def check_integer(name: str, value: object, lowest: int, highest: int) -> None:
    """Raises ConfigError unless it is an integer within its bounds."""
    if not (isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest):
        raise ConfigError(f"{name}: expected an integer {lowest}..{highest}, found {value!r}")


NO_LIMITS: Final = ScopeLimits()
