"""OKX's records for the registry: spot and USDT swaps."""

from __future__ import annotations

from typing import Final

from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Symbol
from trimaran.domain.pair import Pair
from trimaran.venues.okx import spec
from trimaran.venues.okx.control import OkxDialogue
from trimaran.venues.okx.dialect import OkxDialect
from trimaran.venues.okx.errors import CODES
from trimaran.venues.okx.instruments import read_instruments, read_symbol_codes
from trimaran.venues.okx.parse import OkxDecoder
from trimaran.venues.okx.private import OkxLine
from trimaran.venues.wire.market_entry import ErrorTable, MarketEntry, PrivateEntry


def _dashed(pair: Pair) -> Symbol:
    return Symbol(f"{pair.base}-{pair.quote}")


def _dashed_swap(pair: Pair) -> Symbol:
    return Symbol(f"{pair.base}-{pair.quote}-SWAP")


_ERRORS: Final = (ErrorTable("OKX", CODES),)

ENTRIES: Final = (
    MarketEntry(
        spec=spec.SPOT,
        dialect=Dialect.OKX,
        dialogue=OkxDialogue(),
        make_decoder=OkxDecoder,
        read_instruments=read_instruments,
        spell=_dashed,
        private=PrivateEntry(
            spec=spec.SPOT_PRIVATE,
            capabilities=spec.SPOT_CAPABILITIES,
            make_dialect=lambda setup: OkxDialect(spec.SPOT, setup),
            make_line=lambda line, base, setup: OkxLine(spec.SPOT, setup, line),
            errors=_ERRORS,
            read_codes=read_symbol_codes,
        ),
    ),
    MarketEntry(
        spec=spec.SWAP,
        dialect=Dialect.OKX,
        dialogue=OkxDialogue(),
        make_decoder=OkxDecoder,
        read_instruments=read_instruments,
        spell=_dashed_swap,
        private=PrivateEntry(
            spec=spec.SWAP_PRIVATE,
            capabilities=spec.SWAP_CAPABILITIES,
            make_dialect=lambda setup: OkxDialect(spec.SWAP, setup),
            make_line=lambda line, base, setup: OkxLine(spec.SWAP, setup, line),
            errors=_ERRORS,
            read_codes=read_symbol_codes,
        ),
    ),
)
