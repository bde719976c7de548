"""The record of a market: what a runner needs to open it, filled in by each venue's `entry.py`.

Everything that asks goes by these records. What a venue is called stands in them and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.books.decoder import Decoder
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.domain.pair import Pair
from trimaran.domain.ports import Rng
from trimaran.venues.wire.capability import Capabilities
from trimaran.venues.wire.dialect import AccountSetup, MarketDialect
from trimaran.venues.wire.dialogue import Dialogue
from trimaran.venues.wire.fault import Meaning
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.lines import LineDialogue, LineSpec
from trimaran.venues.wire.market_spec import Endpoints, MarketSpec
from trimaran.venues.wire.private_spec import PrivateSpec
from trimaran.venues.wire.session import SessionConfig, VenueSession
from trimaran.venues.wire.session_port import MarketSession
from trimaran.venues.wire.translated import Translator

Bases = Mapping[str, str]  # base URLs as a simulator or a settings file names them
SESSION_DEFAULT: Final = SessionConfig()
TESTNET: Final = "testnet"


class ReadInstruments(Protocol):
    """How a venue's list of instruments is read."""

    def __call__(
        self, body: bytes, spec: MarketSpec, fees: FeeTable, symbols: Collection[str] | None = None
    ) -> tuple[Instrument, ...]:
        """Raises DecodeError, or VenueError when the answer is an error."""


class MakeLine(Protocol):
    """How the wording of a private line is made."""

    def __call__(self, line: LineSpec, base: str, setup: AccountSetup) -> LineDialogue:
        """`base` is the base URL that `line` names. Raises ConfigError for a key that is none."""


class ErrorTable(msgspec.Struct, frozen=True):
    """Every documented error of one part of a venue, as the adapter understands it."""

    title: str
    codes: Mapping[str, Meaning]


class PrivateEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The private side of one market."""

    spec: PrivateSpec
    capabilities: Capabilities
    make_dialect: Callable[[AccountSetup], MarketDialect]
    make_line: MakeLine
    errors: tuple[ErrorTable, ...]
    names_account: bool = False  # requests name account and user: their ids are asked for first
    read_codes: Callable[[bytes, Sequence[Symbol]], Mapping[Symbol, int]] | None = None  # of instruments

    def bases(self, bases: Bases | str) -> Bases:
        """The base URLs of the private side: those given, or of `live` or `testnet`. Raises ConfigError."""
        wanted = dict.fromkeys(["rest", *(line.base for line in self.spec.lines)])
        if isinstance(bases, str):
            named = {"live": self.spec.live, TESTNET: self.spec.testnet}.get(bases)
            if named is None:
                raise ConfigError(f"{self.spec.market}: expected live or testnet, found {bases!r}")
            bases = named
        missing = [key for key in wanted if key not in bases]
        if missing:
            raise ConfigError(
                f"{self.spec.market}: expected base URLs {', '.join(wanted)}, found none for {missing[0]}"
            )
        return {key: bases[key] for key in wanted}


class OpenedMarket(msgspec.Struct, frozen=True):
    """A market with its hosts filled in."""

    name: MarketName
    dialect: Dialect
    spell: Callable[[Pair], Symbol]  # how the venue calls a pair
    instruments_url: Callable[[Sequence[Symbol]], str]
    read_instruments: Callable[[bytes, Sequence[Symbol]], tuple[Instrument, ...]]
    make_session: Callable[[Sequence[Symbol], Mapping[int, Symbol], Rng], MarketSession]
    translate: Callable[[], Translator] | None = None  # the slow path: see `MarketEntry.translate`

    @property
    def venue(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


class MarketEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One market."""

    spec: MarketSpec
    dialect: Dialect
    dialogue: Dialogue
    make_decoder: Callable[[], Decoder]  # of the twin
    read_instruments: ReadInstruments
    spell: Callable[[Pair], Symbol]
    keys: tuple[str, str, str] = ("rest", "ws", "ws")  # of base URLs: REST, books, trades
    private: PrivateEntry
    translate: Callable[[], Translator] | None = None  # frames go through it, into `dialect`: the slow path

    @property
    def slow_path(self) -> bool:
        """Whether frames are translated in Python before they reach a decoder (`translated.py`)."""
        return self.translate is not None

    @property
    def levels_max(self) -> int:
        """Levels a side that the market maintains."""
        return (self.make_decoder() if self.translate is None else self.translate()).levels_max

    @property
    def name(self) -> MarketName:
        """`venue.kind`."""
        return self.spec.market

    @property
    def venue(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

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
            self.translate,
        )

    def _endpoints(self, bases: Bases | str) -> Endpoints:
        if isinstance(bases, str):
            spec = self.spec
            named = {"live": spec.live, TESTNET: spec.testnet, "data-only": spec.data_only}
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
