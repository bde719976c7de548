"""The private side of simulated HTX swaps, put together: endpoints, sockets, pushes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import swap_wire
from trimaran.venues.htx.simulator.private_rest import PrivatePages
from trimaran.venues.htx.simulator.private_socket import PrivateSide, PrivateSocket, SocketRules
from trimaran.venues.htx.simulator.swap_account import SwapAccount
from trimaran.venues.htx.simulator.swap_endpoints import common_endpoints, mode_endpoints
from trimaran.venues.htx.simulator.swap_orders import SwapOrders
from trimaran.venues.htx.simulator.swap_push import SwapPushes
from trimaran.venues.htx.simulator.swap_socket import SwapSocket, swap_operations
from trimaran.venues.htx.simulator.swap_triggers import SwapTriggers
from trimaran.venues.htx.simulator.v5_account import V5Account
from trimaran.venues.htx.simulator.v5_orders import V5Orders
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SWAP

PUSHES: Final = "/linear-swap-notification"
V5_PUSHES: Final = "/ws/v5/notification"
ORDERS: Final = "/linear-swap-trade"
_PREFIXES: Final = {swap_wire.CROSS: "swap_cross_", swap_wire.ISOLATED: "swap_"}


class SwapSide:
    """Everything of swaps that needs a key."""

    paths = (PUSHES, V5_PUSHES, ORDERS)

    def __init__(
        self,
        side: PrivateSide,
        instruments: dict[Symbol, Instrument],
        rules: SocketRules,
        funding: Callable[[str], list[Mapping[str, Any]]],
    ) -> None:
        """`funding` answers the rates of a contract, or of all."""
        stage = side.stage
        exchange, moment = stage.exchange("htx"), stage.moment
        modes = {mode: SwapOrders(exchange, instruments, side.cancels, mode) for mode in _PREFIXES}
        accounts = {
            mode: SwapAccount(exchange, instruments, orders, moment) for mode, orders in modes.items()
        }
        self._endpoints = common_endpoints(accounts[swap_wire.CROSS])
        for mode, prefix in _PREFIXES.items():
            triggers = SwapTriggers(exchange, instruments, modes[mode], moment)
            self._endpoints += mode_endpoints(prefix, modes[mode], accounts[mode], triggers)
        self._operations = swap_operations(self._endpoints)
        v5 = V5Account(
            exchange, instruments, V5Orders(exchange, modes, side.cancels), accounts[swap_wire.CROSS], moment
        )
        self._endpoints += v5.endpoints()
        self._pushes = SwapPushes(exchange, instruments, side.hub, accounts, v5, moment)
        exchange.listen(v5.heard)
        exchange.listen(self._pushes.heard)
        self._side = side
        self._rules = rules
        self._instruments = instruments
        self._funding = funding

    def routes(self) -> list[web.RouteDef]:
        """Private REST."""
        pages = PrivatePages(self._side.stage, HTX_SWAP, self._side.key_of, self._side.windows)
        return pages.routes(self._endpoints)

    def pump(self, moment: Moment) -> None:
        """Says from time to time how things are."""
        self._pushes.pump(moment)

    def connect(self, host: str, path: str) -> PrivateSocket:
        """A new connection on one of the paths."""
        return SwapSocket(
            self._side,
            host,
            path,
            self._rules,
            lambda symbol: Symbol(symbol) in self._instruments,
            self._pushes.snapshot,
            self._funding,
            self._operations if path == ORDERS else {},
        )
