"""The list of markets: which hosts each name means, and what the runner gets."""

from __future__ import annotations

import random

import pytest

from trimaran.base.errors import ConfigError
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.session_port import Open

BTC = ["BTCUSDT"]
SOME = "/exchangeInfo?showPermissionSets=false&symbols=%5B%22BTCUSDT%22%5D"


@pytest.mark.parametrize(
    ("market", "hosts", "url", "streams"),
    [
        (
            "binance.spot",
            "live",
            "https://api.binance.com/api/v3" + SOME,
            ["wss://stream.binance.com:9443/ws"],
        ),
        (
            "binance.spot",
            "testnet",
            "https://testnet.binance.vision/api/v3" + SOME,
            ["wss://stream.testnet.binance.vision/ws"],
        ),
        (
            "binance.spot",
            "data-only",
            "https://data-api.binance.vision/api/v3" + SOME,
            ["wss://data-stream.binance.vision/ws"],
        ),
        ("binance.spot", {"rest": "http://a", "ws": "ws://b"}, "http://a/api/v3" + SOME, ["ws://b/ws"]),
        (
            "binance.usdm",
            "live",
            "https://fapi.binance.com/fapi/v1/exchangeInfo",
            ["wss://fstream.binance.com/public/ws", "wss://fstream.binance.com/market/ws"],
        ),
    ],
)
def test_a_market_is_opened_on_its_hosts(market, hosts, url, streams):
    opened = MARKETS[market].open(hosts)
    assert opened.name == market
    assert opened.exchange_info_url(BTC) == url
    actions = opened.make_session(BTC, {0: "BTCUSDT"}, random.Random(1)).start(1)
    assert [action.url for action in actions if isinstance(action, Open)] == streams


@pytest.mark.parametrize(
    ("market", "hosts", "names"),
    [
        ("binance.spot", "moon", "live, testnet, data-only"),
        ("binance.usdm", "data-only", "live, testnet, found"),
        ("binance.usdm", {"rest": "http://a", "ws_public": "ws://b"}, "ws_market"),
    ],
)
def test_unknown_hosts_are_refused_by_name(market, hosts, names):
    with pytest.raises(ConfigError, match=names):
        MARKETS[market].open(hosts)
