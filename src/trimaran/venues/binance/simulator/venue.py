"""The simulated Binance: spot and USD-M, REST and WebSocket, over the common market of `venues.sim`.

It speaks the venue's own protocol, public and private, so that the whole platform can be run, shown and
tested without a network. What is written comes from `text` and its like; nothing is shared with the adapter.
Clocks, sockets and the handles that make things go wrong are those of `venues.sim.server`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web
from picows import WSUpgradeRequest

from trimaran.domain.instrument import MarketName
from trimaran.venues.binance.simulator.connection import (
    BinanceConnection,
    ConnectionRules,
    Streams,
    parse_target,
)
from trimaran.venues.binance.simulator.market import BinanceMarket
from trimaran.venues.binance.simulator.streams import MarketFeed
from trimaran.venues.binance.simulator.ws_api import WsApiConnection
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import BINANCE_SPOT, BINANCE_USDM
from trimaran.venues.sim.server_stage import Accept, Pages, Sockets, Stage, page

REST_OFFSET: Final = 0
SPOT_OFFSET: Final = 1
USDM_OFFSET: Final = 2
SPOT_API_OFFSET: Final = 9
USDM_API_OFFSET: Final = 10
SPOT_API_PATH: Final = "/ws-api/v3"
USDM_API_PATH: Final = "/ws-fapi/v1"


class BinanceRules(msgspec.Struct, frozen=True):
    """What the venue demands; tests make it stricter."""

    weight_limits: bool = True  # whether used weight above the limit is refused
    spot_weight_limit: int = 6_000
    usdm_weight_limit: int = 2_400
    order_limits: bool = True  # whether more new orders than allowed are refused
    listen_key_ms: int = 3_600_000  # how long a listen key lives
    spot: ConnectionRules = ConnectionRules(messages_per_s=5, ping_every_s=20.0, pong_within_s=60.0)
    usdm: ConnectionRules = ConnectionRules(messages_per_s=10, ping_every_s=180.0, pong_within_s=600.0)


class BinanceVenue:
    """A `SimulatedVenue`."""

    def __init__(self, stage: Stage, rules: BinanceRules) -> None:
        self._stage = stage
        books = {
            market: {
                str(symbol): book for (name, symbol), book in stage.world.books.items() if name == market
            }
            for market in (BINANCE_SPOT, BINANCE_USDM)
        }
        limited = stage.options.limits
        spot_feed = MarketFeed(True, books[BINANCE_SPOT], {}, stage.faults[BINANCE_SPOT])
        usdm_feed = MarketFeed(False, books[BINANCE_USDM], books[BINANCE_SPOT], stage.faults[BINANCE_USDM])
        weighed, counted = limited and rules.weight_limits, limited and rules.order_limits
        self._spot = BinanceMarket(
            BINANCE_SPOT, stage, spot_feed, (rules.spot_weight_limit, weighed), counted, rules.listen_key_ms
        )
        self._usdm = BinanceMarket(
            BINANCE_USDM, stage, usdm_feed, (rules.usdm_weight_limit, weighed), counted, rules.listen_key_ms
        )
        self._rules = rules
        self.feeds = {
            (feed.book.listing.instrument.market, feed.book.listing.instrument.symbol): feed
            for market in (spot_feed, usdm_feed)
            for feed in market.feeds.values()
        }

    def listeners(self) -> list[Sockets | Pages]:
        """REST of both markets on one port; streams and WebSocket APIs on one each."""
        rules, spot, usdm = self._rules, self._spot, self._usdm
        return [
            Pages(REST_OFFSET, [*spot.routes(), *usdm.routes(), *self._handles()]),
            Sockets(SPOT_OFFSET, (BINANCE_SPOT,), self._streams(spot, rules.spot)),
            Sockets(USDM_OFFSET, (BINANCE_USDM,), self._streams(usdm, rules.usdm)),
            Sockets(SPOT_API_OFFSET, (BINANCE_SPOT,), self._api(spot, SPOT_API_PATH, rules.spot)),
            Sockets(USDM_API_OFFSET, (BINANCE_USDM,), self._api(usdm, USDM_API_PATH, rules.usdm)),
        ]

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""
        self._spot.pump(moment)
        self._usdm.pump(moment)

    def expire_listen_keys(self) -> None:
        """Every listen key of USD-M expires now."""
        self._usdm.listen_keys.expire_all(self._stage.server_ms())

    def revoke_sessions(self) -> int:
        """Every session of the WebSocket APIs ends as if its key were revoked; the connections."""
        connections = [each for each in self._stage.connections_of("") if isinstance(each, WsApiConnection)]
        for connection in connections:
            connection.revoke()
        return len(connections)

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs. User data of spot comes over its WebSocket API, that of USD-M over streams."""
        rest, spot, usdm = (hosts[offset] for offset in (REST_OFFSET, SPOT_OFFSET, USDM_OFFSET))
        spot_api = f"ws://{hosts[SPOT_API_OFFSET]}{SPOT_API_PATH}"
        return {
            "spot": {
                "rest": f"http://{rest}",
                "ws": f"ws://{spot}",
                "ws_api": spot_api,
                "ws_private": spot_api,
            },
            "usdm": {
                "rest": f"http://{rest}",
                "ws_public": f"ws://{usdm}/public",
                "ws_market": f"ws://{usdm}/market",
                "ws_private": f"ws://{usdm}/private",
                "ws_api": f"ws://{hosts[USDM_API_OFFSET]}{USDM_API_PATH}",
            },
        }

    def _handles(self) -> list[web.RouteDef]:
        """Handles that no venue has, beside those of the server."""

        async def expire(request: web.Request) -> web.Response:
            self.expire_listen_keys()
            return page('{"expired":true}')

        async def revoke(request: web.Request) -> web.Response:
            return page(f'{{"connections":{self.revoke_sessions()}}}')

        return [
            web.post("/admin/binance/expire-listen-keys", expire),
            web.post("/admin/binance/revoke-sessions", revoke),
        ]

    def _streams(self, market: BinanceMarket, rules: ConnectionRules) -> Accept:
        name: MarketName = market.accounts.market

        def accept(request: WSUpgradeRequest) -> BinanceConnection | None:
            target = parse_target(request.path.decode(), market.accounts.spot)
            if target is None:
                return None
            streams: Streams = market.listen_keys if target.route == "private" else market.feed
            return BinanceConnection(self._stage, name, target, rules, streams)

        return accept

    def _api(self, market: BinanceMarket, path: str, rules: ConnectionRules) -> Accept:
        def accept(request: WSUpgradeRequest) -> WsApiConnection | None:
            target = request.path.decode()
            if target.partition("?")[0] != path:
                return None
            return WsApiConnection(self._stage, market.api, target, rules)

        return accept
