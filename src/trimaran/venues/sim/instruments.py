"""The instruments of the simulated markets: grids, precisions and contract sizes like those of the venues.

One row an asset. Tick, lot and smallest order follow what each venue's instrument list answers; prices are
where the market starts, the same on every venue. Sizes of OKX and HTX swaps are contracts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Asset, ContractKind, Grid, Instrument, MarketName, Symbol
from trimaran.venues.sim.markets import (
    BINANCE_SPOT,
    BINANCE_USDM,
    HTX_SPOT,
    HTX_SWAP,
    MARKETS,
    OKX_SPOT,
    OKX_SWAP,
    SimMarket,
)

QUOTE: Final = "USDT"
_PAIR: Final = re.compile(r"(?P<base>[A-Z0-9]+?)(?:-?USDT)?")


class SimInstrument(msgspec.Struct, frozen=True):
    """An instrument, where its price starts, and what its venue writes about it."""

    instrument: Instrument
    number: int  # of the asset, the same in all markets
    start_ticks: int
    min_size: Decimal  # smallest order, in base asset or contracts
    price_decimals: int
    size_decimals: int


class _Row(msgspec.Struct, frozen=True):
    """One asset. Tick and lot of every market; spot of OKX and HTX also with the smallest order."""

    base: str
    price: str
    binance_spot: tuple[str, str, str]  # tick, lot, min notional
    binance_usdm: tuple[str, str, str, int, int]  # tick, lot, min notional, decimals of price and size
    okx_spot: tuple[str, str]  # tick, smallest order; the lot is 1e-8 for BTC and 1e-6 otherwise
    okx_swap: tuple[str, str, str]  # tick, lot in contracts, base asset per contract
    htx_spot: tuple[str, str]  # tick, lot
    htx_swap: tuple[str, str]  # tick, base asset per contract; the lot is one contract


_TABLE: Final = (
    _Row(
        "BTC", "61737.60", ("0.01", "0.00001", "5"), ("0.1", "0.001", "100", 2, 3),
        ("0.1", "0.00001"), ("0.1", "0.01", "0.01"), ("0.01", "0.000001"), ("0.1", "0.001"),
    ),
    _Row(
        "ETH", "2678.50", ("0.01", "0.0001", "5"), ("0.01", "0.001", "20", 2, 3),
        ("0.01", "0.0001"), ("0.01", "0.01", "0.1"), ("0.01", "0.0001"), ("0.01", "0.01"),
    ),
    _Row(
        "SOL", "142.39", ("0.01", "0.001", "5"), ("0.01", "0.01", "5", 4, 2),
        ("0.01", "0.001"), ("0.01", "0.01", "1"), ("0.001", "0.0001"), ("0.001", "1"),
    ),
    _Row(
        "XRP", "0.5771", ("0.0001", "0.1", "5"), ("0.0001", "0.1", "5", 4, 1),
        ("0.0001", "1"), ("0.0001", "0.01", "100"), ("0.00001", "0.01"), ("0.0001", "10"),
    ),
    _Row(
        "BNB", "585.50", ("0.01", "0.001", "5"), ("0.01", "0.01", "5", 3, 2),
        ("0.1", "0.001"), ("0.1", "1", "0.01"), ("0.01", "0.0001"), ("0.01", "0.01"),
    ),
    _Row(
        "DOGE", "0.10642", ("0.00001", "1", "1"), ("0.00001", "1", "5", 6, 0),
        ("0.00001", "10"), ("0.00001", "0.01", "1000"), ("0.000001", "0.01"), ("0.00001", "100"),
    ),
    _Row(
        "ADA", "0.3502", ("0.0001", "0.1", "5"), ("0.0001", "1", "5", 5, 0),
        ("0.0001", "1"), ("0.0001", "0.1", "100"), ("0.00001", "0.01"), ("0.00001", "10"),
    ),
    _Row(
        "LTC", "63.91", ("0.01", "0.001", "5"), ("0.01", "0.001", "20", 2, 3),
        ("0.01", "0.001"), ("0.01", "1", "1"), ("0.01", "0.0001"), ("0.01", "0.1"),
    ),
    _Row(
        "AVAX", "21.43", ("0.01", "0.01", "5"), ("0.001", "1", "5", 4, 0),
        ("0.01", "0.1"), ("0.01", "1", "1"), ("0.001", "0.0001"), ("0.001", "1"),
    ),
    _Row(
        "LINK", "10.37", ("0.01", "0.01", "5"), ("0.001", "0.01", "20", 3, 2),
        ("0.001", "0.1"), ("0.001", "0.1", "1"), ("0.0001", "0.01"), ("0.0001", "0.1"),
    ),
)  # fmt: skip
ASSETS: Final = tuple(row.base for row in _TABLE)
BINANCE_SPOT_DECIMALS: Final = 8  # spot writes every price and size with eight decimals
MIN_NOTIONAL: Final = "5"  # where the venue's rule is another one


class _Rules(msgspec.Struct, frozen=True):
    """What a row says about one market."""

    symbol: str
    tick: str
    lot: str
    min_notional: str
    min_size: str
    contract_size: str = "1"
    decimals: tuple[int, int] | None = None  # None: as fine as the grids


def _binance_spot(row: _Row) -> _Rules:
    tick, lot, least = row.binance_spot
    decimals = (BINANCE_SPOT_DECIMALS, BINANCE_SPOT_DECIMALS)
    return _Rules(row.base + QUOTE, tick, lot, least, lot, decimals=decimals)


def _binance_usdm(row: _Row) -> _Rules:
    tick, lot, least, *decimals = row.binance_usdm
    return _Rules(row.base + QUOTE, tick, lot, least, lot, decimals=(decimals[0], decimals[1]))


def _okx_spot(row: _Row) -> _Rules:
    tick, least = row.okx_spot
    lot = "0.00000001" if row.base == "BTC" else "0.000001"
    return _Rules(f"{row.base}-{QUOTE}", tick, lot, "0", least)


def _okx_swap(row: _Row) -> _Rules:
    tick, lot, contract_size = row.okx_swap
    return _Rules(f"{row.base}-{QUOTE}-SWAP", tick, lot, "0", lot, contract_size)


def _htx_spot(row: _Row) -> _Rules:
    return _Rules((row.base + QUOTE).lower(), *row.htx_spot, MIN_NOTIONAL, row.htx_spot[1])


def _htx_swap(row: _Row) -> _Rules:
    tick, contract_size = row.htx_swap
    return _Rules(f"{row.base}-{QUOTE}", tick, "1", "0", "1", contract_size)


_RULES: Final[dict[MarketName, Callable[[_Row], _Rules]]] = {
    BINANCE_SPOT: _binance_spot,
    BINANCE_USDM: _binance_usdm,
    OKX_SPOT: _okx_spot,
    OKX_SWAP: _okx_swap,
    HTX_SPOT: _htx_spot,
    HTX_SWAP: _htx_swap,
}


def _instrument(number: int, row: _Row, market: SimMarket) -> SimInstrument:
    rules = _RULES[market.lists_as or market.name](row)
    price_grid, size_grid = Grid.of(Decimal(rules.tick)), Grid.of(Decimal(rules.lot))
    fine = max(0, -price_grid.exponent), max(0, -size_grid.exponent)
    price_decimals, size_decimals = rules.decimals or fine
    return SimInstrument(
        Instrument(
            market=market.name,
            symbol=Symbol(rules.symbol),
            base=Asset(row.base),
            quote=Asset(QUOTE),
            kind=ContractKind.PERPETUAL if market.perpetual else ContractKind.SPOT,
            price_grid=price_grid,
            size_grid=size_grid,
            order_step=1,
            min_notional=Decimal(rules.min_notional),
            fees=market.fees,
            contract_size=Decimal(rules.contract_size),
        ),
        number=number,
        start_ticks=price_grid.steps_floor(Decimal(row.price)),
        min_size=Decimal(rules.min_size),
        price_decimals=price_decimals,
        size_decimals=size_decimals,
    )


def base_of(symbol: str) -> str:
    """The asset that `BTCUSDT`, `BTC-USDT` or `BTC` means. Raises ConfigError for one not in the table."""
    found = _PAIR.fullmatch(symbol.strip().upper())
    if found is None or found["base"] not in ASSETS:
        known = ", ".join(base + QUOTE for base in ASSETS)
        raise ConfigError(f"symbols: expected some of {known}, found {symbol!r}")
    return found["base"]


def instruments_of(
    symbols: tuple[str, ...], markets: tuple[SimMarket, ...] = MARKETS
) -> tuple[SimInstrument, ...]:
    """Every symbol in every market. Raises ConfigError for a symbol that the table does not have."""
    bases = dict.fromkeys(base_of(symbol) for symbol in symbols)
    if not bases or len(bases) < len(symbols):
        raise ConfigError(f"symbols: expected some, each once, found {', '.join(symbols) or 'none'}")
    rows = {row.base: (number, row) for number, row in enumerate(_TABLE)}
    return tuple(_instrument(*rows[base], market) for base in bases for market in markets)
