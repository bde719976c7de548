"""The simulated OKX: spot and USDT swaps, REST and WebSocket, over the common market of `venues.sim`.

It speaks v5, public and private, over the accounts of the exchange. Both markets share one REST host and one
WebSocket host, as on the venue. Nothing is shared with the adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from picows import WSUpgradeRequest

from trimaran.venues.okx.simulator.account_endpoints import AccountEndpoints
from trimaran.venues.okx.simulator.account_text import AccountText
from trimaran.venues.okx.simulator.algo_entry import AlgoEntry
from trimaran.venues.okx.simulator.catalogue import Catalogue
from trimaran.venues.okx.simulator.connection import ConnectionRules, Hall, OkxConnection
from trimaran.venues.okx.simulator.limits import Limits
from trimaran.venues.okx.simulator.operations import Operations
from trimaran.venues.okx.simulator.order_entry import OrderEntry
from trimaran.venues.okx.simulator.order_queries import OrderQueries
from trimaran.venues.okx.simulator.position_diary import PositionDiary
from trimaran.venues.okx.simulator.private_feed import PrivateFeed
from trimaran.venues.okx.simulator.public_data import PublicData
from trimaran.venues.okx.simulator.rest import Desk, OkxRest
from trimaran.venues.okx.simulator.sockets import PATHS, Channels
from trimaran.venues.okx.simulator.streams import OkxFeed
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.server_stage import Pages, Sockets, Stage, refusal
from trimaran.venues.sim.sliding import SlidingWindow
from trimaran.venues.sim.trading import ExchangeEvent, FundingCharged

VENUE: Final = "okx"
REST_OFFSET: Final = 3
STREAMS_OFFSET: Final = 4


class OkxRules(msgspec.Struct, frozen=True):
    """What the venue demands; tests make it stricter or laxer."""

    rate_limits: bool = True  # of REST and of orders
    connections_per_s: int = 3  # attempts from one address; 0: any number
    keep_alive_s: float = 60.0  # of channels without news
    checksum: int | None = 0  # of books: the venue's constant; any other number is wrong, None leaves it out
    connection: ConnectionRules = ConnectionRules()


class OkxVenue:
    """A `SimulatedVenue`."""

    def __init__(self, stage: Stage, rules: OkxRules) -> None:
        self._stage = stage
        self._rules = rules
        self._limited = rules.rate_limits and stage.options.limits
        self._attempts = SlidingWindow(1.0)
        by_symbol = self._feeds_of(stage, rules)
        self.feeds = {
            (feed.book.listing.instrument.market, feed.book.listing.instrument.symbol): feed
            for feed in by_symbol.values()
        }
        self._catalogue = Catalogue(by_symbol)
        self._told = {symbol: (feed.listed, feed.book.rules) for symbol, feed in by_symbol.items()}
        exchange, public = stage.exchange(VENUE), PublicData(self._catalogue, stage)
        diary = PositionDiary()
        exchange.listen(diary.happened)  # before those who read it
        account = AccountText(self._catalogue, exchange, diary)
        entry = OrderEntry(self._catalogue, exchange, stage)
        algos = AlgoEntry(entry, exchange, stage)
        limits = Limits(self._limited)
        operations = Operations(entry, stage, limits, stage.monotonic_s)
        queries = OrderQueries(self._catalogue, exchange, stage, entry, algos)
        self._private = PrivateFeed(self._catalogue, exchange, stage, account, stage.gate, _later)
        self._endpoints = AccountEndpoints(self._catalogue, exchange, stage, account, public)
        exchange.listen(self._happened)
        desk = Desk(exchange, operations, algos, queries, self._endpoints, limits)
        self._rest = OkxRest(public, desk, stage, self._limited)
        self._hall = Hall(
            by_symbol, public, self._private, operations, exchange, Channels(by_symbol), self._limited
        )

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
            state = feed.listed, feed.book.rules
            if state != self._told[feed.text.symbol]:
                self._told[feed.text.symbol] = state
                self._announce(feed)
        self._private.pump(moment)

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs; both markets have the same, and all sockets one host."""
        sockets = f"ws://{hosts[STREAMS_OFFSET]}"
        bases = {
            "rest": f"http://{hosts[REST_OFFSET]}",
            "ws": sockets,
            "ws_private": sockets,
            "ws_business": sockets,
            "ws_api": sockets,
        }
        return {"spot": bases, "swap": bases}

    @staticmethod
    def _feeds_of(stage: Stage, rules: OkxRules) -> dict[str, OkxFeed]:
        spot, swap = (stage.world.books_of(market) for market in (OKX_SPOT, OKX_SWAP))
        now = stage.moment()
        return {
            symbol: OkxFeed(book, index, stage.faults[market], rules.keep_alive_s, now, rules.checksum)
            for market, books in ((OKX_SPOT, spot), (OKX_SWAP, swap))
            for symbol, book in books.items()
            for index in (spot.get(symbol.removesuffix("-SWAP")) if market == OKX_SWAP else None,)
        }

    def _happened(self, event: ExchangeEvent) -> None:
        if isinstance(event, FundingCharged):
            self._endpoints.funded(event)

    def _announce(self, feed: OkxFeed) -> None:
        """Tells the channel `instruments` that one has changed or disappeared."""
        row = self._catalogue.ever(feed.book.listing.instrument.symbol).row()
        for connection in tuple(self._stage.connections):
            if isinstance(connection, OkxConnection):
                connection.announce(feed.text.kind, row)

    def _accept(self, request: WSUpgradeRequest) -> OkxConnection | Any | None:
        most = self._rules.connections_per_s
        if most and self._stage.options.limits and not self._attempts.take(self._stage.monotonic_s(), most):
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, b"Too Many Requests")
        socket = PATHS.get(urlsplit(request.path.decode()).path)
        if socket is None:
            return None
        return OkxConnection(self._stage, self._rules.connection, self._hall, socket)


def _later(seconds: float, act: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, act)
