"""ccxt.pro's exchange objects on the addresses of simulated venues; nothing else about them is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import ccxt.pro

KINDS = {"spot": "spot", "usdm": "swap", "swap": "swap"}
BINANCE_SPOT_PATHS = {
    "public": "/api/v3", "private": "/api/v3", "v1": "/api/v1", "sapi": "/sapi/v1", "sapiV2": "/sapi/v2",
    "sapiV3": "/sapi/v3", "sapiV4": "/sapi/v4",
}  # fmt: skip
BINANCE_USDM_PATHS = {
    "fapiPublic": "/fapi/v1", "fapiPublicV2": "/fapi/v2", "fapiPublicV3": "/fapi/v3",
    "fapiPrivate": "/fapi/v1", "fapiPrivateV2": "/fapi/v2", "fapiPrivateV3": "/fapi/v3",
    "dapiPublic": "/dapi/v1", "dapiPrivate": "/dapi/v1",
}  # fmt: skip


def exchange_at(told: Mapping[str, Any], market: str) -> Any:
    """The exchange object of a market, with the demo key; made inside of a running loop."""
    venue, _, kind = market.partition(".")
    account = told["accounts"][venue]
    settings = {
        "apiKey": account["key"],
        "secret": account["secret"],
        "enableRateLimit": False,
        "options": {"defaultType": KINDS[kind]},
    }
    if venue == "okx":
        settings["password"] = account["passphrase"]
    urls = told["venues"][venue]
    if venue == "htx":
        settings["hostname"] = host_of(urls["spot"]["rest"])
    exchange = getattr(ccxt.pro, venue)(settings)
    {"binance": point_binance, "okx": point_okx, "htx": point_htx}[venue](exchange, urls)
    return exchange


def point_binance(exchange: Any, urls: Mapping[str, Mapping[str, str]]) -> None:
    """Spot and USD-M. The margin pairs, which no client needs for this, are not asked for."""
    spot, usdm, api = urls["spot"], urls["usdm"], exchange.urls["api"]
    exchange.options["fetchMarkets"] = {"types": ["spot", "linear"]}
    exchange.options["crossMarginPairsData"], exchange.options["isolatedMarginPairsData"] = [], []
    for name, path in BINANCE_SPOT_PATHS.items():
        api[name] = spot["rest"] + path
    for name, path in BINANCE_USDM_PATHS.items():
        api[name] = usdm["rest"] + path
    # ccxt knows spot by a host that begins with `stream`; a user of that name is as good.
    api["ws"]["spot"] = spot["ws"].replace("ws://", "ws://stream@") + "/ws"
    api["ws"]["linear"] = usdm["ws_public"].removesuffix("/public") + "/ws"
    api["ws"]["ws-api"] = {"spot": spot["ws_api"], "linear": usdm["ws_api"]}


def point_okx(exchange: Any, urls: Mapping[str, Mapping[str, str]]) -> None:
    """One host for all markets."""
    exchange.urls["api"]["rest"] = urls["spot"]["rest"]
    exchange.urls["api"]["ws"] = urls["spot"]["ws"] + "/ws/v5"


def point_htx(exchange: Any, urls: Mapping[str, Mapping[str, str]]) -> None:
    """Spot and contracts have hosts of their own."""
    spot, swap = host_of(urls["spot"]["rest"]), host_of(urls["swap"]["rest"])
    contracts = {"inverse": swap, "linear": swap}
    status = {"spot": spot, "future": contracts, "swap": contracts}
    exchange.urls["hostnames"] = {"contract": swap, "spot": spot, "status": status}
    api = exchange.urls["api"]
    for name, url in api.items():
        if isinstance(url, str):
            api[name] = url.replace("https://", "http://")
    spot_ws, swap_ws = urls["spot"]["ws"], urls["swap"]["ws"]
    linear = {
        "public": f"{swap_ws}/linear-swap-ws",
        "private": f"{swap_ws}/linear-swap-notification",
        "privateV5": f"{swap_ws}/ws/v5/notification",
    }
    api["ws"]["api"] = {
        "spot": {"public": f"{spot_ws}/ws", "private": f"{spot_ws}/ws/v2", "feed": f"{spot_ws}/feed"},
        "swap": {"linear": linear, "inverse": linear},
        "future": {"linear": linear, "inverse": linear},
    }


def host_of(url: str) -> str:
    """Host and port."""
    return url.partition("://")[2]


def symbol_of(market: str, base: str) -> str:
    """ccxt's name of an instrument."""
    return f"{base}/USDT" if market.endswith(".spot") else f"{base}/USDT:USDT"


def versions() -> str:
    """What this is."""
    return f"ccxt.pro {version('ccxt')} (orjson {version('orjson')})"


def run(work: Any) -> Any:
    """The outcome of a coroutine, on asyncio's own loop, as ccxt comes."""
    return asyncio.run(work)
