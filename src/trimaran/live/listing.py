"""What the markets of a desk trade of the pairs that are wanted: one that a market lacks is left out there.

A pair is worth watching as soon as one market has it, and few are traded everywhere. What no market has is a
mistake in the settings, and so is a market that has none of the pairs: both are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.dialect import Dialect
from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.domain.pair import Pair
from trimaran.engine.desk import MarketSetup

LEFT_OUT: Final = "left_out"  # kind of the notice


class Listing(msgspec.Struct, frozen=True):
    """One market: what it trades of the wanted pairs, and what it does not."""

    setup: MarketSetup
    traded: tuple[Pair, ...]
    missing: tuple[Pair, ...]

    @classmethod
    def of(
        cls,
        market: MarketName,
        dialect: Dialect,
        instruments: tuple[Instrument, ...],
        pairs: Mapping[Symbol, Pair],
    ) -> Listing:
        """The listing of a market that calls the wanted pairs by these symbols."""
        known = {instrument.symbol for instrument in instruments}
        traded = tuple(pair for symbol, pair in pairs.items() if symbol in known)
        missing = tuple(pair for symbol, pair in pairs.items() if symbol not in known)
        return cls(MarketSetup(market, dialect, instruments), traded, missing)

    @property
    def market(self) -> MarketName:
        """Its name."""
        return self.setup.name


def check_listings(listings: Sequence[Listing]) -> None:
    """Raises ConfigError when a pair is traded nowhere, or a market trades none of the pairs."""
    everywhere = {pair for listing in listings for pair in listing.traded}
    nowhere = [pair for pair in listings[0].missing if pair not in everywhere]
    if nowhere:
        markets, found = ", ".join(each.market for each in listings), ", ".join(map(str, nowhere))
        raise ConfigError(f"symbols: expected pairs that one of {markets} trades, found {found}")
    for listing in listings:
        if not listing.traded:
            wanted = ", ".join(map(str, listing.missing))
            raise ConfigError(f"markets: expected markets that trade one of {wanted}, found {listing.market}")
