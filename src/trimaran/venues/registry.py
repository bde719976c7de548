"""Every market that Trimaran knows. A further venue is one folder and one line here.

A venue that lives outside of this package is one line too: a desk is given `with_markets(*its.ENTRIES)` in
the place of `MARKETS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from trimaran.base.errors import ConfigError
from trimaran.books.decoder import Decoder
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import MarketName
from trimaran.venues.binance import entry as binance
from trimaran.venues.htx import entry as htx
from trimaran.venues.okx import entry as okx
from trimaran.venues.wire.market_entry import MarketEntry

_ENTRIES: Final = (
    *binance.ENTRIES,
    *okx.ENTRIES,
    *htx.ENTRIES,
)

MARKETS: Final[Mapping[MarketName, MarketEntry]] = {entry.name: entry for entry in _ENTRIES}


def with_markets(*entries: MarketEntry) -> Mapping[MarketName, MarketEntry]:
    """The registry and further markets. Raises ConfigError for a name that is taken."""
    markets = dict(MARKETS)
    for entry in entries:
        if entry.name in markets:
            raise ConfigError(f"markets: expected a name of its own, found {entry.name} twice")
        markets[entry.name] = entry
    return markets


def decoder_of(dialect: Dialect) -> Callable[[], Decoder]:
    """The decoder of a dialect in Python, for a market that is translated into it."""
    return next(entry.make_decoder for entry in MARKETS.values() if entry.dialect is dialect)
