"""The private side of simulated HTX spot, put together: endpoints, sockets, pushes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator.private_rest import PrivatePages
from trimaran.venues.htx.simulator.private_socket import PrivateSide, PrivateSocket, SocketRules
from trimaran.venues.htx.simulator.spot_account import SpotAccount
from trimaran.venues.htx.simulator.spot_endpoints import spot_endpoints
from trimaran.venues.htx.simulator.spot_orders import SpotOrders
from trimaran.venues.htx.simulator.spot_push import SpotPushes
from trimaran.venues.htx.simulator.spot_socket import SpotSocket, spot_operations
from trimaran.venues.sim.markets import HTX_SPOT

PUSHES: Final = "/ws/v2"
ORDERS: Final = "/ws/trade"


class SpotSide:
    """Everything of spot that needs a key."""

    paths = (PUSHES, ORDERS)

    def __init__(self, side: PrivateSide, instruments: dict[Symbol, Instrument], rules: SocketRules) -> None:
        stage = side.stage
        exchange = stage.exchange("htx")
        orders = SpotOrders(exchange, instruments, side.cancels)
        account = SpotAccount(exchange, instruments, orders, stage.moment)
        self._pushes = SpotPushes(exchange, instruments, side.hub, stage.moment)
        exchange.listen(self._pushes.heard)
        self._side = side
        self._rules = rules
        self._instruments = instruments
        self._endpoints = spot_endpoints(orders, account)
        self._operations = spot_operations(self._endpoints)

    def routes(self) -> list[web.RouteDef]:
        """Private REST."""
        pages = PrivatePages(self._side.stage, HTX_SPOT, self._side.key_of, self._side.windows)
        return pages.routes(self._endpoints)

    def connect(self, host: str, path: str) -> PrivateSocket:
        """A new connection on one of the paths."""
        operations: dict[str, Any] = self._operations if path == ORDERS else {}
        return SpotSocket(
            self._side,
            host,
            path,
            self._rules,
            lambda symbol: Symbol(symbol) in self._instruments,
            self._pushes.snapshot,
            operations,
        )
