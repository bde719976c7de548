"""A bridged market over one of the simulators: ccxt as it is, with its addresses replaced."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.peers import peer_python
from trimaran.base.secret import Secret
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import ContractKind, Instrument, Side
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.native._hot import Hot
from trimaran.venues.bridge.entry import Bridge, bridge_entry, opened
from trimaran.venues.bridge.process import ProcessOptions
from trimaran.venues.bridge.spec import BridgeMarket
from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.translated import DIALECT

PYTHON = peer_python("ccxt")
TOY_CHILD = Path(__file__).with_name("toy_child.py")
QUICK = ProcessOptions(again=Backoff(base_ns=50_000_000, cap_ns=200_000_000))
needs_ccxt = pytest.mark.skipif(
    not PYTHON.exists(), reason="ccxt is not there: `python -m tools.peers ccxt` makes .peers/ccxt"
)
SPOT, SWAP = "BTC/USDT", "BTC/USDT:USDT"
HTX_APIS = ("contract", "spot", "public", "private", "v2Public", "v2Private")
USUAL = [("okx", "spot"), ("binance", "spot"), ("htx", "swap")]  # one of each exchange, and both kinds
MARKETS = [
    *USUAL,
    *(
        pytest.param(exchange, kind, marks=pytest.mark.long)
        for exchange, kind in (("okx", "swap"), ("binance", "swap"), ("htx", "spot"))
    ),
]


def market_of(simulator: Simulator, exchange: str, kind: str) -> BridgeMarket:
    """The record of a simulated venue as ccxt reaches it."""
    urls: Any = simulator.urls()["venues"][exchange]
    wanted = ContractKind.SPOT if kind == "spot" else ContractKind.PERPETUAL
    decimal_ids = (exchange, kind) == ("htx", "swap")
    return bridge_entry(exchange, wanted, decimal_ids=decimal_ids, **REACH[exchange](urls, kind))


def _okx(urls: Any, kind: str) -> dict[str, Any]:
    return {"urls": {"api.rest": urls["spot"]["rest"], "api.ws": urls["spot"]["ws"] + "/ws/v5"}}


def _binance(urls: Any, kind: str) -> dict[str, Any]:
    spot, usdm = urls["spot"], urls["usdm"]
    paths = {"public": "api/v3", "private": "api/v3", "v1": "api/v1", "sapi": "sapi/v1"}
    perpetual = {
        "fapiPublic": "fapi/v1", "fapiPublicV2": "fapi/v2", "fapiPublicV3": "fapi/v3",
        "fapiPrivate": "fapi/v1", "fapiPrivateV2": "fapi/v2", "fapiPrivateV3": "fapi/v3",
        "dapiPublic": "dapi/v1",
    }  # fmt: skip
    types = ["spot"] if kind == "spot" else ["linear"]
    return {
        "config": {"options": {"defaultType": kind, "fetchMarkets": {"types": types}}},
        "urls": {
            **{f"api.{name}": f"{spot['rest']}/{path}" for name, path in paths.items()},
            **{f"api.{name}": f"{usdm['rest']}/{path}" for name, path in perpetual.items()},
            # ccxt knows spot by a host that begins with `stream`; a user of that name is as good
            "api.ws.spot": spot["ws"].replace("ws://", "ws://stream@") + "/ws",
            "api.ws.linear": usdm["ws_public"].removesuffix("/public") + "/ws",
            "api.ws.ws-api": {"spot": spot["ws_api"], "linear": usdm["ws_api"]},
        },
    }


def _htx(urls: Any, kind: str) -> dict[str, Any]:
    spot, swap = (urls[each]["rest"].partition("://")[2] for each in ("spot", "swap"))
    contracts = {"inverse": swap, "linear": swap}
    host, spot_ws, swap_ws = "http://{hostname}", urls["spot"]["ws"], urls["swap"]["ws"]
    linear = {
        "public": f"{swap_ws}/linear-swap-ws",
        "private": f"{swap_ws}/linear-swap-notification",
        "privateV5": f"{swap_ws}/ws/v5/notification",
    }
    return {
        "config": {"hostname": spot, "options": {"defaultType": kind}},
        "urls": {
            "hostnames": {
                "contract": swap, "spot": spot,
                "status": {"spot": spot, "future": contracts, "swap": contracts},
            },
            **{f"api.{name}": host for name in HTX_APIS},
            "api.ws.api": {
                "spot": {"public": f"{spot_ws}/ws", "private": f"{spot_ws}/ws/v2", "feed": f"{spot_ws}/feed"},
                "swap": {"linear": linear, "inverse": linear},
                "future": {"linear": linear, "inverse": linear},
            },
        },
    }  # fmt: skip


REACH: Mapping[str, Any] = {"okx": _okx, "binance": _binance, "htx": _htx}


class BookSink:
    """One book of a bridged market in the native hot state."""

    def __init__(self, instrument):
        self.hot, self.instrument = Hot(), instrument
        self.market = self.hot.add_market(DIALECT)
        price, size = instrument.price_grid, instrument.size_grid
        grids = (price.units, price.exponent, size.units, size.exponent, size.units, size.exponent)
        self.book = self.hot.add_instrument(
            self.market, instrument.symbol, *grids, instrument.order_step, 0, 0
        )
        self.downs = []

    def on_frame(self, payload, local_ns):
        return self.hot.on_frame(self.market, payload, local_ns)

    def on_snapshot(self, symbol, payload, local_ns):
        raise AssertionError

    def on_down(self, reason, symbols):
        self.downs.append(reason)
        self.hot.mark_book_down(self.book)

    @property
    def live(self):
        return self.hot.status(self.book) == BookStatus.LIVE

    def side(self, side, depth):
        found = self.hot.depth(self.book, side, depth)
        return [(self.instrument.price(ticks), self.instrument.size(lots)) for ticks, lots in found]


class Room:
    """A simulator, a child on it, and orders with ids of their own."""

    def __init__(self, simulator: Simulator, bridge: Bridge, instrument: Instrument) -> None:
        self.simulator = simulator
        self.bridge = bridge
        self.instrument = instrument
        self.clock = SystemClock()
        self._ids = ClientIdCounter(0, 0, 1)

    def approved(
        self, side: Side, price_ticks: int, lots: int, tif: TimeInForce = TimeInForce.GTC, **more: Any
    ) -> Approved:
        """An order that nobody refuses."""
        number, self._ids = self._ids.take()
        key, intent, strategy = self.instrument.key, IntentId(str(number)), StrategyName("test")
        return Approved(
            OrderRequest(intent, number, key, side, price_ticks, lots, tif, strategy, None, False, 1, **more)
        )


@contextlib.asynccontextmanager
async def bridged(exchange: str, kind: str, python: Path = PYTHON) -> AsyncIterator[Room]:
    """A room."""
    symbol = SPOT if kind == "spot" else SWAP
    options = SimulatorOptions(venues=(exchange,), symbols=("BTC",), seed=11, limits=False)
    async with simulating(options) as simulator:
        account = simulator.urls()["accounts"][exchange]
        key = Credentials(account["key"], Secret(account["secret"]), Secret(account["passphrase"]))
        market = market_of(simulator, exchange, kind)
        async with opened(market, python, key, random.Random(1), QUICK) as bridge:
            instruments = await bridge.instruments([symbol])
            yield Room(simulator, bridge, instruments[symbol])
