"""A simulated Bybit, spot, public side: one host for REST, one for streams, over the common simulated market.

It shares nothing with the adapter. https://bybit-exchange.github.io/docs/v5/market/time and its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from picows import WSUpgradeRequest

from examples.fourth_venue.simulator_connection import SPOT, BybitConnection
from examples.fourth_venue.simulator_feed import BybitFeed
from examples.fourth_venue.simulator_text import SIDE, answer
from trimaran.domain.instrument import Fees
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import BINANCE_SPOT, SimMarket
from trimaran.venues.sim.server_stage import Connection, Pages, Sockets, Stage, html_page, page
from trimaran.venues.sim.trading import ClientIds, VenueRules

MARKET: Final = SimMarket(
    SPOT, False, Fees(100_000, 100_000), (50_000_000, 250_000_000), 9_000_000_000, 10**9, 12, BINANCE_SPOT
)
RULES: Final = VenueRules(
    one_wallet=True, post_only_rejects=(), fok_rejects=(), client_ids=ClientIds.UNIQUE_OPEN,
    ends_as_canceled=True,
)  # fmt: skip
REST_OFFSET: Final = 20
STREAMS_OFFSET: Final = 21
PATH: Final = b"/v5/public/spot"


class BybitVenue:
    """A `SimulatedVenue`."""

    def __init__(self, stage: Stage, idle_s: float = 60.0) -> None:
        self._stage = stage
        self._idle_s = idle_s
        faults, now = stage.faults[SPOT], stage.moment()
        self._feeds = {str(s): BybitFeed(book, faults, now) for s, book in stage.world.books_of(SPOT).items()}
        self.feeds = {(SPOT, feed.book.listing.instrument.symbol): feed for feed in self._feeds.values()}

    def listeners(self) -> list[Sockets | Pages]:
        """One port for REST, one for streams."""
        handlers = {
            "instruments-info": self._instruments, "time": self._time, "tickers": self._tickers,
            "recent-trade": self._trades,
        }  # fmt: skip
        routes = [web.get(f"/v5/market/{name}", handle) for name, handle in handlers.items()]
        return [Pages(REST_OFFSET, routes), Sockets(STREAMS_OFFSET, (SPOT,), self._accept)]

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""
        for feed in self._feeds.values():
            feed.pump(moment)

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs of the market."""
        return {"spot": {"rest": f"http://{hosts[REST_OFFSET]}", "ws": f"ws://{hosts[STREAMS_OFFSET]}"}}

    def _accept(self, request: WSUpgradeRequest) -> Connection | None:
        return BybitConnection(self._stage, self._feeds, self._idle_s) if request.path == PATH else None

    async def _instruments(self, request: web.Request) -> web.Response:
        rows = [feed.text.instrument("Trading" if feed.listed else "Closed") for feed in self._feeds.values()]
        return self._page({"category": "spot", "list": rows})

    async def _time(self, request: web.Request) -> web.Response:
        ms = self._stage.server_ms()
        return self._page({"timeSecond": str(ms // 1_000), "timeNano": str(ms * 1_000_000)})

    async def _tickers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("symbol")
        feeds = [feed for symbol, feed in self._feeds.items() if wanted in (None, symbol)]
        return self._page({"category": "spot", "list": [feed.text.ticker(feed.book) for feed in feeds]})

    async def _trades(self, request: web.Request) -> web.Response:
        feed = self._feeds.get(request.query.get("symbol", ""))
        if feed is None:
            return page(answer(self._stage.server_ms(), {}, 10001, "Not supported symbols"))
        text, now = feed.text, self._stage.moment()
        rows = [
            {
                "execId": str(fill.first_trade_id + at), "symbol": text.symbol, "price": text.price(ticks),
                "size": text.size(lots), "side": SIDE[fill.side], "time": str(now.venue_ms(fill.time_ns)),
            }
            for fill in reversed(feed.book.recent_fills)
            for at, (_, _, ticks, lots) in reversed(list(enumerate(fill.executions)))
        ]  # fmt: skip
        return self._page({"category": "spot", "list": rows[: int(request.query.get("limit", "60"))]})

    def _page(self, result: object) -> web.Response:
        if self._stage.maintained(SPOT) or self._stage.faults[SPOT].take_html():
            return html_page()
        return page(answer(self._stage.server_ms(), result))
