"""The simulated HTX: spot and USDT linear swaps, REST and WebSocket, over the common market of `venues.sim`.

Each market has a REST host and a WebSocket host of its own. The private half stands in `spot_side` and
`swap_side`; nothing is shared with the adapter.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from picows import WSUpgradeRequest

from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.venues.htx.simulator.answers import SpotAnswers, SwapAnswers
from trimaran.venues.htx.simulator.cancels import Cancels
from trimaran.venues.htx.simulator.connection import ConnectionRules, Endpoint, HtxConnection
from trimaran.venues.htx.simulator.contract_data import ContractData
from trimaran.venues.htx.simulator.high_freq import HighFreqBook
from trimaran.venues.htx.simulator.limits import Windows
from trimaran.venues.htx.simulator.mbp import MbpBook
from trimaran.venues.htx.simulator.private_socket import PrivateSide, SocketRules
from trimaran.venues.htx.simulator.push_hub import PushHub
from trimaran.venues.htx.simulator.reference_data import coin_margined_lists, spot_reference
from trimaran.venues.htx.simulator.rest import rest_routes
from trimaran.venues.htx.simulator.spot_side import SpotSide
from trimaran.venues.htx.simulator.streams import HtxFeed
from trimaran.venues.htx.simulator.swap_side import SwapSide
from trimaran.venues.htx.simulator.text import SpotText, SwapText
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SPOT, HTX_SWAP
from trimaran.venues.sim.server_stage import Accept, Connection, Pages, Sockets, Stage

SPOT_REST_OFFSET: Final = 5
SPOT_STREAMS_OFFSET: Final = 6
SWAP_REST_OFFSET: Final = 7
SWAP_STREAMS_OFFSET: Final = 8
REQUEST_BARS: Final = 300
FIRST_CONNECTION: Final = 2_027_391_480


class HtxRules(msgspec.Struct, frozen=True):
    """What the venue demands, and its habits; tests change them."""

    spot_requests_per_s: int = 100  # of REST
    swap_requests_per_s: int = 800
    zero_levels: int = 2  # of size 0 at the end of each side of a requested book, as seen on the venue
    ids: str = "free"  # client order ids: of any check, or "unique" within 24 hours; the documents disagree
    number_ids: bool = False  # ids of spot trades, of 26 digits, are numbers, as they once were
    wrong_topic_every: int = 50  # frames of a swap, of which one names another contract inside; 0: none
    spot: ConnectionRules = ConnectionRules(misses_max=2)
    swap: ConnectionRules = ConnectionRules(misses_max=5)
    cancel_ms: int = 0  # from accepting a cancel to carrying it out
    spot_private: SocketRules = SocketRules(ping_every_s=20.0, misses_max=2)
    swap_private: SocketRules = SocketRules(ping_every_s=5.0, misses_max=3)


class HtxVenue:
    """A `SimulatedVenue`."""

    def __init__(self, stage: Stage, rules: HtxRules) -> None:
        self._stage = stage
        self._rules = rules
        self._spot_books = stage.world.books_of(HTX_SPOT)
        now = stage.moment()
        self._spot = {symbol: self._spot_feed(book, now) for symbol, book in self._spot_books.items()}
        swaps = stage.world.books_of(HTX_SWAP)
        self._swap = {symbol: self._swap_feed(book, now, tuple(swaps)) for symbol, book in swaps.items()}
        self.feeds = {
            (feed.book.listing.instrument.market, feed.book.listing.instrument.symbol): feed
            for feed in (*self._spot.values(), *self._swap.values())
        }
        self._indexes = {symbol: self._spot_books[symbol.replace("-", "").lower()] for symbol in self._swap}
        self._contracts = ContractData(self._swap, self._indexes, stage.server_ms)
        self._cancels = Cancels(stage.exchange("htx"), rules.cancel_ms * 1_000_000)
        self._hosts: dict[MarketName, tuple[str, ...]] = {}
        self._spot_side = SpotSide(self._side(HTX_SPOT), _instruments(self._spot), rules.spot_private)
        self._swap_side = SwapSide(
            self._side(HTX_SWAP), _instruments(self._swap), rules.swap_private, self._funding
        )

    def listeners(self) -> list[Sockets | Pages]:
        """REST and streams of each market."""
        stage, rules = self._stage, self._rules
        spot = SpotAnswers(self._spot, stage.server_ms, lambda: stage.maintained(HTX_SPOT))
        swap = SwapAnswers(self._swap, self._indexes, stage.server_ms)
        spot_pages = {**spot.table(), **spot_reference(self._spot, stage.server_ms)}
        swap_pages = {
            **swap.table(),
            **self._contracts.table(),
            **coin_margined_lists(stage.server_ms),
        }
        paths = {
            "/ws": Endpoint(HTX_SPOT, self._spot, lambda feed, kind: feed.serves(kind), _picture),
            "/feed": Endpoint(HTX_SPOT, self._spot, lambda feed, kind: feed.increments.serves(kind), _book),
        }
        swap_path = Endpoint(HTX_SWAP, self._swap, _swap_serves, _picture)
        return [
            Pages(
                SPOT_REST_OFFSET,
                [
                    *rest_routes(HTX_SPOT, spot_pages, stage, rules.spot_requests_per_s),
                    *self._spot_side.routes(),
                ],
            ),
            Sockets(SPOT_STREAMS_OFFSET, (HTX_SPOT,), self._acceptor(paths, rules.spot, self._spot_side)),
            Pages(
                SWAP_REST_OFFSET,
                [
                    *rest_routes(HTX_SWAP, swap_pages, stage, rules.swap_requests_per_s),
                    *self._swap_side.routes(),
                ],
            ),
            Sockets(
                SWAP_STREAMS_OFFSET,
                (HTX_SWAP,),
                self._acceptor({"/linear-swap-ws": swap_path}, rules.swap, self._swap_side),
            ),
        ]

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""
        for feed in self.feeds.values():
            feed.pump(moment)
        self._swap_side.pump(moment)
        self._cancels.turn(self._stage.world.now_ns)

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs by market; what they name is what clients sign."""
        self._hosts = {
            HTX_SPOT: (hosts[SPOT_STREAMS_OFFSET], hosts[SPOT_REST_OFFSET]),
            HTX_SWAP: (hosts[SWAP_STREAMS_OFFSET], hosts[SWAP_REST_OFFSET]),
        }
        return {
            "spot": _bases(hosts, SPOT_REST_OFFSET, SPOT_STREAMS_OFFSET),
            "swap": _bases(hosts, SWAP_REST_OFFSET, SWAP_STREAMS_OFFSET),
        }

    def _spot_feed(self, book: VenueBook, now: Moment) -> HtxFeed:
        text = SpotText(book.listing, self._rules.number_ids)
        mbp = MbpBook(book, text, self._stage.faults[HTX_SPOT], self._rules.zero_levels)
        return HtxFeed(book, text, mbp, now)

    def _swap_feed(self, book: VenueBook, now: Moment, contracts: tuple[str, ...]) -> HtxFeed:
        text = SwapText(book.listing)
        inner_topic = _inner_topics(text.symbol, contracts, self._rules.wrong_topic_every)
        increments = HighFreqBook(book, text, self._stage.faults[HTX_SWAP], inner_topic)
        return HtxFeed(book, text, increments, now, inner_topic)

    def _funding(self, symbol: str) -> list[Mapping[str, Any]]:
        """The funding rate of a contract, or of all."""
        feeds = [feed for name, feed in self._swap.items() if symbol in ("*", name) and feed.listed]
        return [self._contracts.funding_row(feed) for feed in feeds]

    def _side(self, market: MarketName) -> PrivateSide:
        stage = self._stage
        hub = PushHub(market, stage.gate, _soon, _later)
        exchange = stage.exchange("htx")
        return PrivateSide(
            market, stage, exchange.key, hub, Windows(), self._cancels, lambda: self._hosts.get(market, ())
        )

    def _acceptor(
        self, paths: Mapping[str, Endpoint], rules: ConnectionRules, private: SpotSide | SwapSide
    ) -> Accept:
        numbers = itertools.count(FIRST_CONNECTION)

        def accept(request: WSUpgradeRequest) -> Connection | None:
            path = urlsplit(request.path.decode()).path
            if path in private.paths:
                host = str(request.headers.get("Host", ""))
                return private.connect(host, path)
            endpoint = paths.get(path)
            return None if endpoint is None else HtxConnection(self._stage, endpoint, rules, next(numbers))

        return accept


def _bases(hosts: Mapping[int, str], rest: int, streams: int) -> dict[str, str]:
    socket = f"ws://{hosts[streams]}"
    return {"rest": f"http://{hosts[rest]}", "ws": socket, "ws_private": socket, "ws_api": socket}


def _instruments(feeds: Mapping[str, HtxFeed]) -> dict[Symbol, Instrument]:
    instruments = [feed.book.listing.instrument for feed in feeds.values()]
    return {instrument.symbol: instrument for instrument in instruments}


def _soon(work: Callable[[], None]) -> None:
    """After what runs now; at once where nothing runs, as in tests that have no loop."""
    try:
        asyncio.get_running_loop().call_soon(work)
    except RuntimeError:
        work()


def _later(seconds: float, work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, work)


def _inner_topics(symbol: str, contracts: tuple[str, ...], every: int) -> Callable[[str], str]:
    """What frames say inside; each `every`th names another contract."""
    other = next((each for each in contracts if each != symbol), "BTC-USD")
    frames = 0

    def inner(topic: str) -> str:
        nonlocal frames
        frames += 1
        return topic.replace(symbol, other) if every and frames % every == 0 else topic

    return inner


def _swap_serves(feed: HtxFeed, kind: str) -> bool:
    return feed.serves(kind) or feed.increments.serves(kind)


def _book(feed: HtxFeed, kind: str, request: Mapping[str, Any]) -> str | None:
    """The answer to a request for an incremental book."""
    return feed.increments.request(kind) if isinstance(feed.increments, MbpBook) else None


def _picture(feed: HtxFeed, kind: str, request: Mapping[str, Any]) -> str | None:
    """The answer to a request for bars, trades, depth or statistics."""
    if kind.startswith("kline."):
        since, until = (request.get(key) for key in ("from", "to"))
        bars = [
            feed.text.candle(bar, feed.book_id)
            for bar in feed.candles(kind.removeprefix("kline."))
            if not (isinstance(since, int) and bar.start_ns < since * 1_000_000_000)
            and not (isinstance(until, int) and bar.start_ns > until * 1_000_000_000)
        ]
        return "[" + ",".join(bars[-REQUEST_BARS:]) + "]"
    if kind == "trade.detail":
        return feed.newest_trades()
    if kind in ("detail", "depth.step0"):
        return feed.picture(kind)
    return None
