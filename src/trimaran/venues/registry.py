"""Every market that Trimaran knows, one line each: what a runner needs to open it.

A further venue is one folder and its lines here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.books.sequencing import Law
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.domain.ports import Rng
from trimaran.venues.binance import spec as binance
from trimaran.venues.binance.instruments import FeeTable, read_instruments
from trimaran.venues.binance.parse import BinanceDecoder
from trimaran.venues.binance.session import BinanceSession, SessionConfig
from trimaran.venues.wire.session_port import MarketSession

Bases = Mapping[str, str]  # base URLs as a simulator or a settings file names them


class OpenedMarket(msgspec.Struct, frozen=True):
    """A market with its hosts filled in."""

    name: MarketName
    dialect: Dialect
    exchange_info_url: Callable[[Sequence[Symbol]], str]
    read_instruments: Callable[[bytes, Sequence[Symbol]], tuple[Instrument, ...]]
    make_session: Callable[[Sequence[Symbol], Mapping[int, Symbol], Rng], MarketSession]


class MarketEntry(msgspec.Struct, frozen=True):
    """One market. `open` takes base URLs, or `live`, `testnet` or, where there is one, `data-only`.

    Raises ConfigError.
    """

    name: MarketName
    dialect: Dialect
    make_decoder: Callable[[], BinanceDecoder]  # of the twin
    open: Callable[[Bases | str], OpenedMarket]


def _binance(
    spec: binance.BinanceMarketSpec, dialect: Dialect, law: Law, keys: tuple[str, str, str]
) -> MarketEntry:
    def open_market(bases: Bases | str) -> OpenedMarket:
        endpoints = _binance_endpoints(spec, keys, bases)
        fees = FeeTable(spec.default_fees)
        return OpenedMarket(
            spec.market,
            dialect,
            lambda symbols: spec.exchange_info_url(endpoints, symbols),
            lambda body, symbols: read_instruments(body, spec, fees, symbols),
            lambda symbols, books, rng: BinanceSession(
                spec, symbols, rng, SessionConfig(), endpoints=endpoints, books=books
            ),
        )

    return MarketEntry(spec.market, dialect, lambda: BinanceDecoder(law), open_market)


def _binance_endpoints(
    spec: binance.BinanceMarketSpec, keys: tuple[str, str, str], bases: Bases | str
) -> binance.Endpoints:
    if isinstance(bases, str):
        named = {"live": spec.live, "testnet": spec.testnet, "data-only": spec.data_only}
        known = {name: hosts for name, hosts in named.items() if hosts is not None}
        if bases not in known:
            raise ConfigError(f"{spec.market}: expected base URLs or {', '.join(known)}, found {bases!r}")
        return known[bases]
    missing = [key for key in keys if key not in bases]
    if missing:
        raise ConfigError(f"{spec.market}: expected base URLs {', '.join(keys)}, found none for {missing[0]}")
    return binance.Endpoints(*(bases[key] for key in keys))


_ENTRIES: Final = (
    _binance(binance.SPOT, Dialect.BINANCE_SPOT, Law.OVERLAP, ("rest", "ws", "ws")),
    _binance(binance.USDM, Dialect.BINANCE_USDM, Law.CHAIN, ("rest", "ws_public", "ws_market")),
)

MARKETS: Final[Mapping[MarketName, MarketEntry]] = {entry.name: entry for entry in _ENTRIES}
