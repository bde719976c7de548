"""The settings of a live desk: which markets, which symbols, what it may risk, and with what it begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Asset, ContractKind, Instrument, MarketName
from trimaran.domain.pair import Pair
from trimaran.live.bridges import BridgeConfig, bridge_market
from trimaran.risk.limits import AMOUNT_MAX, LimitsBook, RiskLimits
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.dial import check_proxy
from trimaran.venues.wire.market_entry import Bases

SECOND: Final = 1_000_000_000
MS: Final = 1_000_000
START_PATIENCE_S_MAX: Final = 3_600.0


class DeskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raises ConfigError that names the field."""

    markets: Mapping[str, Bases | str]  # market name -> base URLs, or the name of a set of hosts: `live`
    symbols: tuple[str, ...]  # pairs: BTC-USDT, BTC/USDT or BTCUSDT
    quote_balance: Decimal = Decimal(200_000)  # paper money in every market
    inventory: Mapping[str, Decimal] = {}  # base asset -> paper holding in every spot market
    exposure_max: Mapping[str, Decimal] = {}  # base asset -> net exposure allowed, either way; no default
    order_notional_max: Decimal = Decimal(20_000)
    collar_bps: int = 100
    quote_age_ms: int = 2_000
    paper_latency_ms: int = 3
    threshold_bps: Decimal = Decimal(0)  # net edge from which an opportunity counts as one
    start_patience_s: float = 30.0  # for a venue that does not answer properly yet
    proxies: Mapping[str, str] = {}  # venue -> http:// or socks5://, for its REST and its streams
    bridges: Mapping[str, BridgeConfig] = {}  # exchange of ccxt and kind, as `kraken.spot`
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.markets:
            raise ConfigError(f"markets: expected some of {', '.join(MARKETS)}, found none")
        if not self.wanted():
            raise ConfigError("symbols: expected at least one, found none")
        if not (self.quote_balance.is_finite() and self.quote_balance >= 0):
            raise ConfigError(f"quote_balance: expected at least 0, found {self.quote_balance}")
        if not 0 <= self.paper_latency_ms <= 10_000:
            raise ConfigError(f"paper_latency_ms: expected 0..10000, found {self.paper_latency_ms}")
        if not (self.threshold_bps.is_finite() and abs(self.threshold_bps) <= 1_000):
            raise ConfigError(f"threshold_bps: expected -1000..1000, found {self.threshold_bps}")
        if not 0 <= self.start_patience_s <= START_PATIENCE_S_MAX:
            raise ConfigError(f"start_patience_s: expected 0..3600, found {self.start_patience_s}")
        for name, bridge in self.bridges.items():
            bridge_market(name, bridge)
        venues = {name.partition(".")[0] for name in self.markets}
        for venue, proxy in self.proxies.items():
            if venue not in venues:
                expected = ", ".join(sorted(venues))
                raise ConfigError(f"proxies: expected venues of `markets` ({expected}), found {venue!r}")
            check_proxy(proxy)
        for asset, amount in self.inventory.items():
            if not (amount.is_finite() and 0 <= amount <= AMOUNT_MAX):
                raise ConfigError(f"inventory.{asset}: expected 0..{AMOUNT_MAX}, found {amount}")
        for asset, amount in self.exposure_max.items():
            if not (amount.is_finite() and 0 < amount <= AMOUNT_MAX):
                raise ConfigError(
                    f"exposure_max.{asset}: expected above 0, at most {AMOUNT_MAX}, found {amount}"
                )

    def check_markets(self, known: Collection[str]) -> None:
        """Raises ConfigError with the markets that are not among those that are known."""
        unknown = [name for name in self.markets if name not in known]
        if unknown:
            raise ConfigError(f"markets: expected some of {', '.join(known)}, found {', '.join(unknown)}")

    def __repr__(self) -> str:
        """Without proxies, which may have passwords."""
        return f"DeskConfig(markets={list(self.markets)}, symbols={list(self.symbols)})"

    def check_exposures(self, instruments: Iterable[Instrument]) -> None:
        """Raises ConfigError with the base assets that have no limit: no number is sane for every asset."""
        bases = {instrument.base for instrument in instruments}
        missing = sorted(bases - set(self.exposure_max))
        if missing:
            found = ", ".join(missing)
            raise ConfigError(
                f"exposure_max: expected one for every base asset, found none for {found}; see --config"
            )

    def limits(self, instruments: Iterable[Instrument]) -> LimitsBook:
        """Risk limits of the instruments; `exposure_max` must have their base assets."""
        limits = RiskLimits(
            order_notional_max=self.order_notional_max,
            quote_age_ns_max=self.quote_age_ms * MS,
            collar_bps_max=self.collar_bps,
            leverage_max=5,
            open_orders_max=20,
            rate_orders_max=100,
            rate_window_ns=SECOND,
        )
        bases = {instrument.base for instrument in instruments}
        return LimitsBook(default=limits, exposures={base: self.exposure_max[base] for base in bases})

    def balances(self, instruments: tuple[Instrument, ...]) -> dict[tuple[MarketName, Asset], Decimal]:
        """Opening paper balances."""
        opening: dict[tuple[MarketName, Asset], Decimal] = {}
        for instrument in instruments:
            opening[instrument.market, instrument.quote] = self.quote_balance
            held = self.inventory.get(instrument.base, Decimal(0))
            if instrument.kind is ContractKind.SPOT and held > 0:
                opening[instrument.market, instrument.base] = held
        return opening

    def wanted(self) -> tuple[Pair, ...]:
        """The pairs, without repeats; each market spells them in its own way."""
        return tuple(dict.fromkeys(Pair.parse(symbol) for symbol in self.symbols))


def read_config(text: bytes, markets: Collection[str] = MARKETS) -> DeskConfig:
    """A config from JSON, of the markets that are known. Raises ConfigError."""
    try:
        config = msgspec.json.decode(text, type=DeskConfig)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"desk config: expected the fields of DeskConfig, found: {error}") from None
    config.check_markets(markets)
    return config
