"""Binance's records for the registry: spot and USD-M perpetuals."""

from __future__ import annotations

from typing import Final

from trimaran.books.sequencing import Law
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Symbol
from trimaran.domain.pair import Pair
from trimaran.venues.binance import spec
from trimaran.venues.binance.control import BinanceDialogue
from trimaran.venues.binance.dialect import spot_dialect, usdm_dialect
from trimaran.venues.binance.errors import SPOT_ERRORS, USDM_ERRORS, CodeTable
from trimaran.venues.binance.instruments import read_instruments
from trimaran.venues.binance.parse import BinanceDecoder
from trimaran.venues.binance.private import spot_line, usdm_line
from trimaran.venues.wire.market_entry import ErrorTable, MarketEntry, PrivateEntry


def _joined(pair: Pair) -> Symbol:
    return Symbol(pair.base + pair.quote)


def _errors(title: str, table: CodeTable) -> ErrorTable:
    return ErrorTable(title, {str(code): meaning for code, meaning in table.codes.items()})


ENTRIES: Final = (
    MarketEntry(
        spec=spec.SPOT,
        dialect=Dialect.BINANCE_SPOT,
        dialogue=BinanceDialogue(),
        make_decoder=lambda: BinanceDecoder(Law.OVERLAP),
        read_instruments=read_instruments,
        spell=_joined,
        private=PrivateEntry(
            spec=spec.SPOT_PRIVATE,
            capabilities=spec.SPOT_CAPABILITIES,
            make_dialect=spot_dialect,
            make_line=lambda line, base, setup: spot_line(line, setup),
            errors=(_errors("Binance spot", SPOT_ERRORS),),
        ),
    ),
    MarketEntry(
        spec=spec.USDM,
        dialect=Dialect.BINANCE_USDM,
        dialogue=BinanceDialogue(),
        make_decoder=lambda: BinanceDecoder(Law.CHAIN),
        read_instruments=read_instruments,
        spell=_joined,
        keys=("rest", "ws_public", "ws_market"),
        private=PrivateEntry(
            spec=spec.USDM_PRIVATE,
            capabilities=spec.USDM_CAPABILITIES,
            make_dialect=usdm_dialect,
            make_line=lambda line, base, setup: usdm_line(line, setup),
            errors=(_errors("Binance USD-M", USDM_ERRORS),),
        ),
    ),
)
