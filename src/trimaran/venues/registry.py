"""Every market that Trimaran knows. A further venue is one folder and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
