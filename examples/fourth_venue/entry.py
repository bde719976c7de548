"""Bybit's record: all that Trimaran needs to know of the market."""

from __future__ import annotations

from typing import Final

from examples.fourth_venue import spec
from examples.fourth_venue.control import BybitDialogue
from examples.fourth_venue.dialect import ERRORS, BybitDialect
from examples.fourth_venue.instruments import read_instruments
from examples.fourth_venue.translate import BybitTranslator
from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import Symbol
from trimaran.domain.pair import Pair
from trimaran.venues.registry import decoder_of
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.lines import LineDialogue, LineSpec
from trimaran.venues.wire.market_entry import ErrorTable, MarketEntry, PrivateEntry
from trimaran.venues.wire.translated import DIALECT


def _joined(pair: Pair) -> Symbol:
    return Symbol(f"{pair.base}{pair.quote}")


def _no_line(line: LineSpec, base: str, setup: AccountSetup) -> LineDialogue:
    raise ConfigError(f"{spec.SPOT.market}: it has no private lines here, found {line.name}")


SPOT: Final = MarketEntry(
    spec=spec.SPOT,
    dialect=DIALECT,
    dialogue=BybitDialogue(),
    make_decoder=decoder_of(DIALECT),
    translate=BybitTranslator,
    read_instruments=read_instruments,
    spell=_joined,
    private=PrivateEntry(
        spec=spec.SPOT_PRIVATE,
        capabilities=spec.SPOT_CAPABILITIES,
        make_dialect=BybitDialect,
        make_line=_no_line,
        errors=(ErrorTable("Bybit", ERRORS),),
    ),
)
