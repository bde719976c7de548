"""The simulated Binance: spot and USD-M, REST and WebSocket, over the common market of `venues.sim`.

It speaks the venue's own public protocol, so that the whole platform can be run, shown and tested without a
network. What is written comes from `text`; nothing is shared with the adapter. Clocks, sockets
and the handles that make things go wrong are those of `venues.sim.server`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from picows import WSUpgradeRequest

from trimaran.domain.instrument import MarketName
from trimaran.venues.binance.simulator.connection import BinanceConnection, ConnectionRules, parse_target
from trimaran.venues.binance.simulator.rest import RestMarket, Weights
from trimaran.venues.binance.simulator.streams import MarketFeed
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import BINANCE_SPOT, BINANCE_USDM
from trimaran.venues.sim.server_stage import Accept, Pages, Sockets, Stage

REST_OFFSET: Final = 0
SPOT_OFFSET: Final = 1
USDM_OFFSET: Final = 2


class BinanceRules(msgspec.Struct, frozen=True):
    """What the venue demands; tests make it stricter."""

    weight_limits: bool = True  # whether used weight above the limit is refused
    spot_weight_limit: int = 6_000
    usdm_weight_limit: int = 2_400
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
        self._spot = MarketFeed(True, books[BINANCE_SPOT], {}, stage.faults[BINANCE_SPOT])
        self._usdm = MarketFeed(False, books[BINANCE_USDM], books[BINANCE_SPOT], stage.faults[BINANCE_USDM])
        self._rules = rules
        self.feeds = {
            (feed.book.listing.instrument.market, feed.book.listing.instrument.symbol): feed
            for market in (self._spot, self._usdm)
            for feed in market.feeds.values()
        }

    def listeners(self) -> list[Sockets | Pages]:
        """REST of both markets on one port, streams on one each."""
        rules, stage = self._rules, self._stage
        weights = Weights(rules.spot_weight_limit, rules.weight_limits)
        spot = RestMarket(BINANCE_SPOT, self._spot.feeds, weights, stage)
        weights = Weights(rules.usdm_weight_limit, rules.weight_limits)
        usdm = RestMarket(BINANCE_USDM, self._usdm.feeds, weights, stage)
        return [
            Pages(REST_OFFSET, [*spot.routes(), *usdm.routes()]),
            Sockets(SPOT_OFFSET, (BINANCE_SPOT,), self._acceptor(BINANCE_SPOT, self._spot, rules.spot)),
            Sockets(USDM_OFFSET, (BINANCE_USDM,), self._acceptor(BINANCE_USDM, self._usdm, rules.usdm)),
        ]

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""
        self._spot.pump(moment)
        self._usdm.pump(moment)

    def urls(self, hosts: Mapping[int, str]) -> dict[str, Any]:
        """Base URLs; USD-M has two for its streams."""
        rest, spot, usdm = (hosts[offset] for offset in (REST_OFFSET, SPOT_OFFSET, USDM_OFFSET))
        return {
            "spot": {"rest": f"http://{rest}", "ws": f"ws://{spot}"},
            "usdm": {
                "rest": f"http://{rest}",
                "ws_public": f"ws://{usdm}/public",
                "ws_market": f"ws://{usdm}/market",
            },
        }

    def _acceptor(self, market: MarketName, feed: MarketFeed, rules: ConnectionRules) -> Accept:
        def accept(request: WSUpgradeRequest) -> BinanceConnection | None:
            target = parse_target(request.path.decode(), market == BINANCE_SPOT)
            return None if target is None else BinanceConnection(self._stage, market, target, rules, feed)

        return accept
