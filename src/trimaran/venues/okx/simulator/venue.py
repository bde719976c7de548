"""The simulated OKX: spot and USDT swaps, REST and WebSocket, over the common market of `venues.sim`.

It speaks the public half of v5. Both markets share one REST host and one WebSocket host, as on the venue.
What is written comes from `text`; nothing is shared with the adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from picows import WSUpgradeRequest

from trimaran.venues.okx.simulator.connection import ConnectionRules, Hall, OkxConnection
from trimaran.venues.okx.simulator.rest import OkxRest
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.server_stage import Pages, Sockets, Stage, Window, refusal

REST_OFFSET: Final = 3
STREAMS_OFFSET: Final = 4
PUBLIC_PATH: Final = "/ws/v5/public"


class OkxRules(msgspec.Struct, frozen=True):
    """What the venue demands; tests make it stricter or laxer."""

    rate_limits: bool = True  # of REST
    connections_per_s: int = 3  # attempts from one address; 0: any number
    keep_alive_s: float = 60.0  # of channels without news
    connection: ConnectionRules = ConnectionRules()


class OkxVenue:
    """A `SimulatedVenue`."""

    def __init__(self, stage: Stage, rules: OkxRules) -> None:
        self._stage = stage
        self._rules = rules
        self._announced: set[str] = set()  # instruments that have disappeared
        self._attempts = Window(rules.connections_per_s, 1.0)
        spot, swap = (stage.world.books_of(market) for market in (OKX_SPOT, OKX_SWAP))
        now = stage.moment()
        by_symbol = {
            symbol: OkxFeed(book, index, stage.faults[market], rules.keep_alive_s, now)
            for market, books in ((OKX_SPOT, spot), (OKX_SWAP, swap))
            for symbol, book in books.items()
            for index in (spot.get(symbol.removesuffix("-SWAP")) if market == OKX_SWAP else None,)
        }
        self._rest = OkxRest(by_symbol, stage, rules.rate_limits)
        self._hall = Hall(by_symbol, self._rest.instruments)
        self.feeds = {
            (feed.book.listing.instrument.market, feed.book.listing.instrument.symbol): feed
            for feed in by_symbol.values()
        }

    def listeners(self) -> list[Sockets | Pages]:
        """One port for REST, one for streams."""
        return [
            Pages(REST_OFFSET, self._rest.routes()),
            Sockets(STREAMS_OFFSET, (OKX_SPOT, OKX_SWAP), self._accept),
        ]

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""
        for feed in self.feeds.values():
            feed.pump(moment)
            if not feed.listed and feed.text.symbol not in self._announced:
                self._announce(feed)

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs; both markets have the same."""
        bases = {"rest": f"http://{hosts[REST_OFFSET]}", "ws": f"ws://{hosts[STREAMS_OFFSET]}"}
        return {"spot": bases, "swap": bases}

    def _announce(self, feed: OkxFeed) -> None:
        """Tells the channel `instruments` that one has disappeared."""
        self._announced.add(feed.text.symbol)
        row = self._rest.row(feed, "suspend")
        for connection in tuple(self._stage.connections):
            if isinstance(connection, OkxConnection):
                connection.announce(feed.text.kind, row)

    def _accept(self, request: WSUpgradeRequest) -> OkxConnection | Any | None:
        if self._rules.connections_per_s and not self._attempts.take():
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, b"Too Many Requests")
        if urlsplit(request.path.decode()).path != PUBLIC_PATH:
            return None
        return OkxConnection(self._stage, self._rules.connection, self._hall)
