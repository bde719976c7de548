"""The instruments of the simulated Binance: grids, precisions and fees like those of the venue.

Tick, lot and minimum notional follow what `exchangeInfo` of each market answers; prices are where the
market starts. Fees are the base tier (EXCHANGES, conservative defaults): spot 10/10 bps, USD-M 2/5.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Symbol

SPOT: Final = MarketName("binance.spot")
USDM: Final = MarketName("binance.usdm")
MARKETS: Final = (SPOT, USDM)

FEES: Final = {
    SPOT: Fees(maker_e8=100_000, taker_e8=100_000),
    USDM: Fees(maker_e8=20_000, taker_e8=50_000),
}


class SimInstrument(msgspec.Struct, frozen=True):
    """An instrument, where its price starts, and how many decimals its venue writes."""

    instrument: Instrument
    start_ticks: int
    price_decimals: int
    size_decimals: int


class _Row(msgspec.Struct, frozen=True):
    """One asset: `spot` and `usdm` are (tick, lot, min notional); decimals are those of USD-M."""

    base: str
    price: str
    spot: tuple[str, str, str]
    usdm: tuple[str, str, str]
    usdm_decimals: tuple[int, int]


_TABLE: Final = (
    _Row("BTC", "61737.60", ("0.01", "0.00001", "5"), ("0.1", "0.001", "100"), (2, 3)),
    _Row("ETH", "2678.50", ("0.01", "0.0001", "5"), ("0.01", "0.001", "20"), (2, 3)),
    _Row("SOL", "142.39", ("0.01", "0.001", "5"), ("0.01", "0.01", "5"), (4, 2)),
    _Row("XRP", "0.5771", ("0.0001", "0.1", "5"), ("0.0001", "0.1", "5"), (4, 1)),
    _Row("BNB", "585.50", ("0.01", "0.001", "5"), ("0.01", "0.01", "5"), (3, 2)),
    _Row("DOGE", "0.10642", ("0.00001", "1", "1"), ("0.00001", "1", "5"), (6, 0)),
    _Row("ADA", "0.3502", ("0.0001", "0.1", "5"), ("0.0001", "1", "5"), (5, 0)),
    _Row("LTC", "63.91", ("0.01", "0.001", "5"), ("0.01", "0.001", "20"), (2, 3)),
)
SPOT_DECIMALS: Final = 8  # spot writes every price and size with eight decimals


def _instrument(row: _Row, market: MarketName) -> SimInstrument:
    tick, lot, min_notional = row.spot if market == SPOT else row.usdm
    grid = Grid.of(Decimal(tick))
    price_decimals, size_decimals = (SPOT_DECIMALS, SPOT_DECIMALS) if market == SPOT else row.usdm_decimals
    return SimInstrument(
        Instrument(
            market=market,
            symbol=Symbol(row.base + "USDT"),
            base=Asset(row.base),
            quote=Asset("USDT"),
            kind=ContractKind.SPOT if market == SPOT else ContractKind.PERPETUAL,
            price_grid=grid,
            size_grid=Grid.of(Decimal(lot)),
            order_step=1,
            min_notional=Decimal(min_notional),
            fees=FEES[market],
        ),
        start_ticks=grid.steps_floor(Decimal(row.price)),
        price_decimals=price_decimals,
        size_decimals=size_decimals,
    )


INSTRUMENTS: Final = {
    (market, Symbol(row.base + "USDT")): _instrument(row, market) for row in _TABLE for market in MARKETS
}
SYMBOLS: Final = tuple(Symbol(row.base + "USDT") for row in _TABLE)


def instruments_of(symbols: tuple[str, ...]) -> tuple[SimInstrument, ...]:
    """Spot and USD-M of every symbol. Raises ConfigError for one that the table does not have."""
    for symbol in symbols:
        if symbol not in SYMBOLS:
            raise ConfigError(f"symbols: expected some of {', '.join(SYMBOLS)}, found {symbol!r}")
    return tuple(INSTRUMENTS[market, Symbol(symbol)] for symbol in symbols for market in MARKETS)
