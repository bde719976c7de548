"""The list of markets: which hosts each name means, and what the runner gets."""

from __future__ import annotations

import random

import pytest

from trimaran.base.errors import ConfigError
from trimaran.books.sequencing import Law
from trimaran.domain.dialect import Dialect
from trimaran.domain.pair import Pair
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.session_port import Open

PAIR = Pair.parse("BTC/USDT")
OKX = "https://www.okx.com/api/v5/public/instruments?instType="
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
        ("okx.spot", "live", OKX + "SPOT", ["wss://ws.okx.com:8443/ws/v5/public"]),
        ("okx.swap", "testnet", OKX + "SWAP", ["wss://wspap.okx.com:8443/ws/v5/public"]),
        (
            "okx.swap",
            {"rest": "http://a", "ws": "ws://b"},
            "http://a/api/v5/public/instruments?instType=SWAP",
            ["ws://b/ws/v5/public"],
        ),
        (
            "htx.spot",
            "live",
            "https://api.huobi.pro/v1/settings/common/market-symbols",
            ["wss://api.huobi.pro/feed", "wss://api.huobi.pro/ws"],
        ),
        (
            "htx.swap",
            "live",
            "https://api.hbdm.com/linear-swap-api/v1/swap_contract_info",
            ["wss://api.hbdm.com/linear-swap-ws"],
        ),
    ],
)
def test_a_market_is_opened_on_its_hosts(market, hosts, url, streams):
    opened = MARKETS[market].open(hosts)
    assert opened.name == market
    symbol = opened.spell(PAIR)
    assert opened.instruments_url([symbol]) == url
    actions = opened.make_session([symbol], {0: symbol}, random.Random(1)).start(1)
    assert [action.url for action in actions if isinstance(action, Open)] == streams


@pytest.mark.parametrize(
    ("market", "hosts", "names"),
    [
        ("binance.spot", "moon", "live, testnet, data-only"),
        ("binance.usdm", "data-only", "live, testnet, found"),
        ("binance.usdm", {"rest": "http://a", "ws_public": "ws://b"}, "ws_market"),
        ("okx.spot", {"rest": "http://a"}, "expected base URLs rest, ws, found none for ws"),
        ("okx.spot", "data-only", "live, testnet, found 'data-only': it has no such hosts"),
        ("htx.spot", "testnet", "live, found 'testnet': it has no such hosts"),
        ("htx.swap", "testnet", "live, found 'testnet': it has no such hosts"),
    ],
)
def test_unknown_hosts_are_refused_by_name(market, hosts, names):
    with pytest.raises(ConfigError, match=names):
        MARKETS[market].open(hosts)


def test_each_market_spells_a_pair_in_its_own_way():
    assert {name: entry.spell(PAIR) for name, entry in MARKETS.items()} == {
        "binance.spot": "BTCUSDT",
        "binance.usdm": "BTCUSDT",
        "okx.spot": "BTC-USDT",
        "okx.swap": "BTC-USDT-SWAP",
        "htx.spot": "btcusdt",
        "htx.swap": "BTC-USDT",
    }


@pytest.mark.parametrize("name", MARKETS)
def test_a_decoder_knows_its_law(name):
    entry = MARKETS[name]
    assert entry.name == name
    laws = {
        Dialect.BINANCE_SPOT: Law.OVERLAP,
        Dialect.BINANCE_USDM: Law.CHAIN,
        Dialect.OKX: Law.STREAM,
        Dialect.HTX_SPOT: Law.LINK,
        Dialect.HTX_SWAP: Law.STREAM,
    }
    assert entry.make_decoder().law is laws[entry.dialect]
