"""Every market that Trimaran knows, one record each: what a runner needs to open it.

A further venue is one folder and its records here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.books.sequencing import Law
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.domain.pair import Pair
from trimaran.domain.ports import Rng
from trimaran.venues.binance import instruments as binance_instruments
from trimaran.venues.binance import spec as binance
from trimaran.venues.binance.control import BinanceDialogue
from trimaran.venues.binance.parse import BinanceDecoder
from trimaran.venues.htx import instruments as htx_instruments
from trimaran.venues.htx import spec as htx
from trimaran.venues.htx.control import HtxDialogue
from trimaran.venues.htx.parse import HtxSpotDecoder, HtxSwapDecoder
from trimaran.venues.okx import instruments as okx_instruments
from trimaran.venues.okx import spec as okx
from trimaran.venues.okx.control import OkxDialogue
from trimaran.venues.okx.parse import OkxDecoder
from trimaran.venues.wire.dialogue import Dialogue
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.market_spec import Endpoints, MarketSpec
from trimaran.venues.wire.session import SessionConfig, VenueSession
from trimaran.venues.wire.session_port import MarketSession

Bases = Mapping[str, str]  # base URLs as a simulator or a settings file names them
SESSION_DEFAULT: Final = SessionConfig()
Decoder = BinanceDecoder | OkxDecoder | HtxSpotDecoder | HtxSwapDecoder


class ReadInstruments(Protocol):
    """How a venue's list of instruments is read."""

    def __call__(
        self, body: bytes, spec: MarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
    ) -> tuple[Instrument, ...]:
        """Raises DecodeError, or VenueError when the answer is an error."""


class OpenedMarket(msgspec.Struct, frozen=True):
    """A market with its hosts filled in."""

    name: MarketName
    dialect: Dialect
    spell: Callable[[Pair], Symbol]  # how the venue calls a pair
    instruments_url: Callable[[Sequence[Symbol]], str]
    read_instruments: Callable[[bytes, Sequence[Symbol]], tuple[Instrument, ...]]
    make_session: Callable[[Sequence[Symbol], Mapping[int, Symbol], Rng], MarketSession]


class MarketEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One market."""

    spec: MarketSpec
    dialect: Dialect
    dialogue: Dialogue
    make_decoder: Callable[[], Decoder]  # of the twin
    read_instruments: ReadInstruments
    spell: Callable[[Pair], Symbol]
    keys: tuple[str, str, str] = ("rest", "ws", "ws")  # of base URLs: REST, books, trades

    @property
    def name(self) -> MarketName:
        """`venue.kind`."""
        return self.spec.market

    def open(self, bases: Bases | str, config: SessionConfig = SESSION_DEFAULT) -> OpenedMarket:
        """The market on base URLs, or on `live`, `testnet` or `data-only` where there is one.

        Raises ConfigError.
        """
        spec, endpoints, fees = self.spec, self._endpoints(bases), FeeTable(self.spec.default_fees)
        return OpenedMarket(
            spec.market,
            self.dialect,
            self.spell,
            lambda symbols: spec.instruments_url(endpoints, symbols),
            lambda body, symbols: self.read_instruments(body, spec, fees, symbols),
            lambda symbols, books, rng: VenueSession(
                spec.session, self.dialogue, endpoints, symbols, rng, config, books=books
            ),
        )

    def _endpoints(self, bases: Bases | str) -> Endpoints:
        if isinstance(bases, str):
            spec = self.spec
            named = {"live": spec.live, "testnet": spec.testnet, "data-only": spec.data_only}
            known = {name: hosts for name, hosts in named.items() if hosts is not None}
            if bases not in known:
                expected = f"base URLs or {', '.join(known)}"
                hint = ": it has no such hosts" if bases in named else ""
                raise ConfigError(f"{self.name}: expected {expected}, found {bases!r}{hint}")
            return known[bases]
        missing = [key for key in self.keys if key not in bases]
        if missing:
            expected = ", ".join(dict.fromkeys(self.keys))
            raise ConfigError(f"{self.name}: expected base URLs {expected}, found none for {missing[0]}")
        rest, books, trades = (bases[key] for key in self.keys)
        return Endpoints(rest, books, trades)


def _joined(pair: Pair) -> Symbol:
    return Symbol(pair.base + pair.quote)


def _joined_lower(pair: Pair) -> Symbol:
    return Symbol((pair.base + pair.quote).lower())


def _dashed(pair: Pair) -> Symbol:
    return Symbol(f"{pair.base}-{pair.quote}")


def _dashed_swap(pair: Pair) -> Symbol:
    return Symbol(f"{pair.base}-{pair.quote}-SWAP")


_ENTRIES: Final = (
    MarketEntry(
        spec=binance.SPOT,
        dialect=Dialect.BINANCE_SPOT,
        dialogue=BinanceDialogue(),
        make_decoder=lambda: BinanceDecoder(Law.OVERLAP),
        read_instruments=binance_instruments.read_instruments,
        spell=_joined,
    ),
    MarketEntry(
        spec=binance.USDM,
        dialect=Dialect.BINANCE_USDM,
        dialogue=BinanceDialogue(),
        make_decoder=lambda: BinanceDecoder(Law.CHAIN),
        read_instruments=binance_instruments.read_instruments,
        spell=_joined,
        keys=("rest", "ws_public", "ws_market"),
    ),
    MarketEntry(
        spec=okx.SPOT,
        dialect=Dialect.OKX,
        dialogue=OkxDialogue(),
        make_decoder=OkxDecoder,
        read_instruments=okx_instruments.read_instruments,
        spell=_dashed,
    ),
    MarketEntry(
        spec=okx.SWAP,
        dialect=Dialect.OKX,
        dialogue=OkxDialogue(),
        make_decoder=OkxDecoder,
        read_instruments=okx_instruments.read_instruments,
        spell=_dashed_swap,
    ),
    MarketEntry(
        spec=htx.SPOT,
        dialect=Dialect.HTX_SPOT,
        dialogue=HtxDialogue(),
        make_decoder=HtxSpotDecoder,
        read_instruments=htx_instruments.read_instruments,
        spell=_joined_lower,
    ),
    MarketEntry(
        spec=htx.SWAP,
        dialect=Dialect.HTX_SWAP,
        dialogue=HtxDialogue(),
        make_decoder=HtxSwapDecoder,
        read_instruments=htx_instruments.read_instruments,
        spell=_dashed,
    ),
)

MARKETS: Final[Mapping[MarketName, MarketEntry]] = {entry.name: entry for entry in _ENTRIES}
