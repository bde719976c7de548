"""All simulated books of all venues and the order in which things happen to them.

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
from trimaran.venues.sim.book import TOPS_KEPT, Engine, UpdateIds, VenueBook
from trimaran.venues.sim.flow import MarketFlow
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.markets import MARKETS, SimMarket
from trimaran.venues.sim.parameters import FlowParameters
from trimaran.venues.sim.price import AssetPrice

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
        tops_kept: int = TOPS_KEPT,
        further_markets: Sequence[SimMarket] = (),
    ) -> None:
        markets = (*MARKETS, *further_markets)
        names = [market.name for market in markets]
        self.now_ns = start_ns
        self.books: dict[tuple[MarketName, Symbol], VenueBook] = {}
        self._prices: dict[str, AssetPrice] = {}
        self._flows: list[MarketFlow] = []
        shared: dict[MarketName, UpdateIds] = {}
        for listing in listings:
            instrument = listing.instrument
            index = names.index(instrument.market)
            ids = shared.get(instrument.market) or _ids(listing, markets[index], rng_for)
            if markets[index].id_stride == 0:
                shared[instrument.market] = ids
            book = VenueBook(listing, engine_for(), ids, FIRST_TRADE_ID + listing.number, tops_kept)
            self.books[instrument.market, instrument.symbol] = book
            if instrument.base not in self._prices:
                rng = rng_for(f"price:{instrument.base}")
                self._prices[instrument.base] = AssetPrice(parameters, rng, start_ns, markets)
            price, rng = self._prices[instrument.base], rng_for(f"flow:{instrument.key}")
            self._flows.append(MarketFlow(parameters, book, price, index, rng))
        for flow in self._flows:
            flow.open(start_ns)
        self._agenda = [(flow.next_ns, index) for index, flow in enumerate(self._flows)]
        heapq.heapify(self._agenda)

    def advance(self, until_ns: int) -> int:
        """Runs everything that is due up to `until_ns`; the number of events."""
        agenda, events = self._agenda, 0
        while agenda[0][0] <= until_ns:
            now_ns, index = agenda[0]
            self.now_ns = now_ns
            flow = self._flows[index]
            self._prices[flow.book.listing.instrument.base].advance(now_ns)
            flow.act()
            heapq.heapreplace(agenda, (flow.next_ns, index))
            events += 1
        self.now_ns = max(self.now_ns, until_ns)
        return events

    def books_of(self, market: MarketName) -> dict[str, VenueBook]:
        """The books of one market by symbol."""
        return {symbol: book for (name, symbol), book in self.books.items() if name == market}

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


def _ids(listing: SimInstrument, market: SimMarket, rng_for: Callable[[str], Rng]) -> UpdateIds:
    start = market.first_id + listing.number * market.id_stride
    if market.id_jump_max == 0:
        return UpdateIds(start)
    shared = market.id_stride == 0
    rng = rng_for(f"ids:{market.name if shared else listing.instrument.key}")
    return UpdateIds(start, rng, market.id_jump_max)
