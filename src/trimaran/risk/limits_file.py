"""The limits file: TOML, read as a whole or refused as a whole, with the section and the key that is wrong.

    version = 7                          # higher with every change: the journal keeps which one was in force
    quote = "USDT"                       # in which scopes are measured

    [default]                            # instruments without a section of their own, and what theirs leave
    out [instrument."okx.swap:BTC-USDT-SWAP"] [asset.BTC] [all] [venue.okx] [account."okx.swap"]
    [strategy.cross_market]

`docs/risk.md` has every key, printed from the tables below.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import SIZE_LOTS_MAX
from trimaran.domain.instrument import Asset, InstrumentKey
from trimaran.domain.kill import KillScope, ScopeKind
from trimaran.risk.limits import (
    AMOUNT_MAX,
    BPS_ONE,
    COUNT_MAX,
    LEVERAGE_MAX,
    NS_MAX,
    VERSION_MAX,
    Allowed,
    LimitsBook,
    RiskLimits,
    ScopeLimits,
    check_amount,
    check_integer,
)

TEXT_BYTES_MAX: Final = 1_000_000
MS: Final = 1_000_000
MS_MAX: Final = NS_MAX // MS
AMOUNT: Final = "amount"
COUNT: Final = "count"
TIME: Final = "milliseconds"
WORD: Final = "word"


class Key(msgspec.Struct, frozen=True):
    """One key of a section: its name in the file, its kind, its bounds, what it means."""

    name: str
    kind: str
    lowest: int
    highest: int
    meaning: str
    field: str = ""  # of the struct, where it has another name

    def read(self, where: str, value: object) -> Decimal | int | Allowed:
        """The value as the struct wants it. Raises ConfigError."""
        name = f"{where}.{self.name}"
        if self.kind == AMOUNT:
            whole = isinstance(value, int) and not isinstance(value, bool)
            amount = Decimal(value) if whole else value  # type: ignore[arg-type]
            check_amount(name, amount)
            assert isinstance(amount, Decimal)
            return amount
        if self.kind == WORD:
            words = {each.value: each for each in Allowed}
            if not isinstance(value, str) or value not in words:
                raise ConfigError(f"{name}: expected one of {', '.join(words)}, found {value!r}")
            return words[value]
        check_integer(name, value, self.lowest, self.highest)
        assert isinstance(value, int)
        return value * MS if self.kind == TIME else value


INSTRUMENT_KEYS: Final = (
    Key("order_notional_max", AMOUNT, 0, 0, "value of one order at its limit price, in its quote asset"),
    Key("order_lots_max", COUNT, 1, SIZE_LOTS_MAX, "size of one order, in lots"),
    Key("position_lots_max", COUNT, 1, SIZE_LOTS_MAX, "position either way with open orders, in lots"),
    Key("collar_bps_max", COUNT, 1, BPS_ONE, "distance of a price from the fair price, in 1/100 per cent"),
    Key("quote_age_ms_max", TIME, 1, MS_MAX, "time since the book was known to be right", "quote_age_ns_max"),
    Key("leverage_max", COUNT, 1, LEVERAGE_MAX, "of a perpetual: value over the margin that it takes"),
    Key("open_orders_max", COUNT, 1, COUNT_MAX, "open orders of the instrument"),
    Key("rate_orders_max", COUNT, 1, COUNT_MAX, "orders of the instrument in `rate_window_ms`"),
    Key("rate_window_ms", TIME, 1, MS_MAX, "the window", "rate_window_ns"),
    Key(
        "duplicate_window_ms",
        TIME,
        0,
        MS_MAX,
        "no equal order within it; 0 allows them",
        "duplicate_window_ns",
    ),
    Key("allowed", WORD, 0, 0, "the restricted list: all, buy, sell, reduce_only or none"),
)
ASSET_KEYS: Final = (
    Key("exposure_base_max", AMOUNT, 0, 0, "net exposure either way with open orders, in the asset"),
    Key("allowed", WORD, 0, 0, "the restricted list, for all instruments of the asset"),
)
SCOPE_KEYS: Final = (
    Key("exposure_max", AMOUNT, 0, 0, "value of positions with open orders, in the quote asset of the file"),
    Key("open_orders_max", COUNT, 1, COUNT_MAX, "open orders"),
    Key("rate_orders_max", COUNT, 1, COUNT_MAX, "orders in `rate_window_ms`"),
    Key("rate_window_ms", TIME, 1, MS_MAX, "the window; 1000 if left out", "rate_window_ns"),
    Key("messages_max", COUNT, 1, COUNT_MAX, "orders, amendments and cancels in `messages_window_ms`"),
    Key("messages_window_ms", TIME, 1, MS_MAX, "the window; 1000 if left out", "messages_window_ns"),
    Key("daily_loss_max", AMOUNT, 0, 0, "loss since midnight UTC"),
    Key("drawdown_max", AMOUNT, 0, 0, "fall from the highest equity"),
)
ACCOUNT_KEYS: Final = (
    *SCOPE_KEYS,
    Key("leverage_max", COUNT, 1, LEVERAGE_MAX, "value of all perpetuals over the equity behind them"),
    Key("liquidation_bps_min", COUNT, 1, BPS_ONE, "how far prices can go against it before a liquidation"),
    Key("maintenance_bps", COUNT, 0, BPS_ONE, "maintenance margin of its perpetuals; 100 if left out"),
)
DEFAULT_KEYS: Final = (*INSTRUMENT_KEYS, ASSET_KEYS[0])
_NAMED: Final[Mapping[str, tuple[Key, ...]]] = {
    "instrument": INSTRUMENT_KEYS,
    "asset": ASSET_KEYS,
    "venue": SCOPE_KEYS,
    "account": ACCOUNT_KEYS,
    "strategy": SCOPE_KEYS,
}
_TOP: Final = ("version", "quote", "default", "all", *_NAMED)
_OPTIONAL: Final = frozenset({"order_lots_max", "position_lots_max", "duplicate_window_ns", "allowed"})


def read_limits(text: str) -> LimitsBook:
    """The limits of a file. Raises ConfigError with section, key, what was expected and what was found."""
    table = _table(text)
    _known("limits", table, _TOP)
    version, quote = table.get("version"), table.get("quote", "USDT")
    check_integer("limits.version", version, 1, VERSION_MAX)
    if not (isinstance(quote, str) and quote):
        raise ConfigError(f"limits.quote: expected the name of an asset, found {quote!r}")
    default = _section("limits.default", table.get("default", {}), DEFAULT_KEYS)
    exposure = default.pop("exposure_base_max", None)
    named = {name: _sections(name, table.get(name, {}), keys) for name, keys in _NAMED.items()}
    scopes = {
        KillScope(kind, name): _scope(f"limits.{kind.value}.{name}", values)
        for kind in (ScopeKind.VENUE, ScopeKind.ACCOUNT, ScopeKind.STRATEGY)
        for name, values in named[kind.value].items()
    }
    if "all" in table:
        scopes[KillScope(ScopeKind.ALL)] = _scope(
            "limits.all", _section("limits.all", table["all"], SCOPE_KEYS)
        )
    assets = named["asset"]
    assert isinstance(version, int)
    return LimitsBook(
        version=version,
        quote=Asset(quote),
        default=_limits("limits.default", default) if "default" in table else None,
        instruments={
            InstrumentKey(name): _limits(f'limits.instrument."{name}"', {**default, **values})
            for name, values in named["instrument"].items()
        },
        exposures={
            Asset(name): values["exposure_base_max"]
            for name, values in assets.items()
            if "exposure_base_max" in values
        },
        exposure=exposure,
        restricted={Asset(name): values["allowed"] for name, values in assets.items() if "allowed" in values},
        scopes=scopes,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _table(text: str) -> dict[str, Any]:
    if len(text) > TEXT_BYTES_MAX:
        raise ConfigError(f"limits: expected at most {TEXT_BYTES_MAX} characters, found {len(text)}")
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ArithmeticError, RecursionError, ValueError) as error:
        raise ConfigError(f"limits: expected TOML, found: {error}") from None


def _known(where: str, table: Mapping[str, object], names: tuple[str, ...]) -> None:
    unknown = [name for name in table if name not in names]
    if unknown:
        raise ConfigError(f"{where}: expected some of {', '.join(names)}, found {', '.join(unknown)}")


def _sections(name: str, value: object, keys: tuple[Key, ...]) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict):
        raise ConfigError(f"limits.{name}: expected sections [{name}.NAME], found {value!r}")
    return {each: _section(f'limits.{name}."{each}"', inner, keys) for each, inner in value.items()}


def _section(where: str, value: object, keys: tuple[Key, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected a section, found {value!r}")
    _known(where, value, tuple(key.name for key in keys))
    return {key.field or key.name: key.read(where, value[key.name]) for key in keys if key.name in value}


def _limits(where: str, values: Mapping[str, Any]) -> RiskLimits:
    needed = [key for key in INSTRUMENT_KEYS if (key.field or key.name) not in _OPTIONAL]
    missing = [key.name for key in needed if (key.field or key.name) not in values]
    if missing:
        raise ConfigError(f"{where}: expected {', '.join(missing)}, found none, and none in [default]")
    return RiskLimits(**values)


def _scope(where: str, values: Mapping[str, Any]) -> ScopeLimits:
    if not values:
        raise ConfigError(f"{where}: expected a limit, found none")
    return ScopeLimits(**values)


assert AMOUNT_MAX > 0
