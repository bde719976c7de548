"""All simulated books of a venue and the order in which things happen to them.

`advance` runs every event up to a time in global order of time, so that shared id counters and the
state at any moment do not depend on how often it was called. Randomness is divided by purpose: each
asset and each book draws from its own generator, made from the seed by `rng_for(purpose)`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Final

from trimaran.domain.instrument import MarketName, Symbol
from trimaran.domain.ports import Rng
from trimaran.venues.sim.book import Engine, UpdateIds, VenueBook
from trimaran.venues.sim.flow import MarketFlow
from trimaran.venues.sim.instruments import MARKETS, SPOT, USDM, SimInstrument
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.price import AssetPrice

SPOT_FIRST_ID: Final = 50_093_000_000
SPOT_ID_STRIDE: Final = 1_000_000_000
USDM_FIRST_ID: Final = 5_123_135_000_000
FIRST_TRADE_ID: Final = 3_735_000_000


class World:
    """Prices, books and their crowds."""

    def __init__(
        self,
        parameters: FlowParameters,
        listings: Sequence[SimInstrument],
        rng_for: Callable[[str], Rng],
        engine_for: Callable[[], Engine],
        start_ns: int,
    ) -> None:
        self.now_ns = start_ns
        self.books: dict[tuple[MarketName, Symbol], VenueBook] = {}
        self._prices: dict[str, AssetPrice] = {}
        self._flows: list[MarketFlow] = []
        shared = UpdateIds(USDM_FIRST_ID, rng_for("ids"))
        for index, listing in enumerate(listings):
            instrument = listing.instrument
            spot = instrument.market == SPOT
            ids = UpdateIds(SPOT_FIRST_ID + index * SPOT_ID_STRIDE) if spot else shared
            book = VenueBook(listing, engine_for(), ids, FIRST_TRADE_ID + index)
            self.books[instrument.market, instrument.symbol] = book
            if instrument.base not in self._prices:
                leaders = tuple(market == USDM for market in MARKETS)
                rng = rng_for(f"price:{instrument.base}")
                self._prices[instrument.base] = AssetPrice(parameters, rng, start_ns, leaders)
            self._flows.append(
                MarketFlow(
                    parameters,
                    book,
                    self._prices[instrument.base],
                    MARKETS.index(instrument.market),
                    rng_for(f"flow:{instrument.key}"),
                )
            )
        for flow in self._flows:
            flow.open(start_ns)
        self._agenda = [(flow.next_ns, index) for index, flow in enumerate(self._flows)]
        heapq.heapify(self._agenda)

    def advance(self, until_ns: int) -> int:
        """Runs everything that is due up to `until_ns`; the number of events."""
        agenda, events = self._agenda, 0
        while agenda[0][0] <= until_ns:
            now_ns, index = agenda[0]
            flow = self._flows[index]
            self._prices[flow.book.listing.instrument.base].advance(now_ns)
            flow.act()
            heapq.heapreplace(agenda, (flow.next_ns, index))
            events += 1
        self.now_ns = max(self.now_ns, until_ns)
        return events

    def efficient_bps(self, base: str) -> float:
        """The hidden price of an asset over its start, in bps."""
        return self._prices[base].efficient_bps

    def state_hash(self) -> int:
        """Hash over all books, their ids and trades included."""
        state = 0
        for book in self.books.values():
            for word in (book.engine.state_hash(), book.last_update_id, book.trade_count()):
                state = (state * 6364136223846793005 + word + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return state
