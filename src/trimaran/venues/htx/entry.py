"""HTX's records for the registry: spot and USDT swaps."""

from __future__ import annotations

from typing import Final

from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Symbol
from trimaran.domain.pair import Pair
from trimaran.venues.htx import capabilities, errors, spec
from trimaran.venues.htx.control import HtxDialogue
from trimaran.venues.htx.dialect import HtxSpotDialect, HtxSwapDialect
from trimaran.venues.htx.instruments import read_instruments
from trimaran.venues.htx.parse import HtxSpotDecoder, HtxSwapDecoder
from trimaran.venues.htx.private import HtxSpotLine
from trimaran.venues.htx.swap_private import HtxSwapLine
from trimaran.venues.wire.market_entry import ErrorTable, MarketEntry, PrivateEntry


def _joined_lower(pair: Pair) -> Symbol:
    return Symbol((pair.base + pair.quote).lower())


def _dashed(pair: Pair) -> Symbol:
    return Symbol(f"{pair.base}-{pair.quote}")


ENTRIES: Final = (
    MarketEntry(
        spec=spec.SPOT,
        dialect=Dialect.HTX_SPOT,
        dialogue=HtxDialogue(),
        make_decoder=HtxSpotDecoder,
        read_instruments=read_instruments,
        spell=_joined_lower,
        private=PrivateEntry(
            spec=spec.SPOT_PRIVATE,
            capabilities=capabilities.SPOT_CAPABILITIES,
            make_dialect=HtxSpotDialect,
            make_line=HtxSpotLine,
            names_account=True,
            errors=(
                ErrorTable("HTX spot, REST", errors.SPOT_WORDS),
                ErrorTable("HTX spot, REST version 2", errors.SPOT_V2.codes),
                ErrorTable("HTX spot, lines", errors.SPOT_LINE_NUMBERS),
            ),
        ),
    ),
    MarketEntry(
        spec=spec.SWAP,
        dialect=Dialect.HTX_SWAP,
        dialogue=HtxDialogue(),
        make_decoder=HtxSwapDecoder,
        read_instruments=read_instruments,
        spell=_dashed,
        private=PrivateEntry(
            spec=spec.SWAP_PRIVATE,
            capabilities=capabilities.SWAP_CAPABILITIES,
            make_dialect=HtxSwapDialect,
            make_line=HtxSwapLine,
            errors=(
                ErrorTable("HTX swaps, REST", errors.SWAP_NUMBERS),
                ErrorTable("HTX swaps, lines", errors.SWAP_LINE_NUMBERS),
            ),
        ),
    ),
)
