"""A desk reaches each venue through the proxy that its settings name, and not otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.test_runner import config_of, strategies, until, words
from tests.venues.wire.test_proxies import Proxies, free_port
from trimaran.base.errors import ConfigError, VenueError
from trimaran.live.config import DeskConfig
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.rest import RestOptions
from trimaran.venues.wire.websocket import WebSocketOptions


@pytest.fixture
def ways(tmp_path: Path) -> Iterator[Proxies]:
    made = Proxies(tmp_path)
    yield made
    made.stop()


async def test_each_venue_goes_its_own_way(ways: Proxies) -> None:
    options = SimulatorOptions(venues=("binance", "okx"), seed=2, symbols=("BTC",))
    async with simulating(options) as simulator:
        proxies = {"binance": ways.url("http"), "okx": ways.url("socks5")}
        config = config_of(simulator, ("BTCUSDT",), proxies=proxies)
        runner = DeskRunner(config, SystemClock(), Hot, strategies)
        await runner.start()
        try:
            await until(lambda: words(runner) == {"live"})
        finally:
            await runner.stop()
    log = ways.log()
    assert "CONNECT 127.0.0.1:" in log or "Connect (file descriptor" in log


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_nothing_goes_around_a_proxy_that_is_gone(scheme: str) -> None:
    async with simulating(SimulatorOptions(venues=("okx",), symbols=("BTC",))) as simulator:
        proxies = {"okx": f"{scheme}://127.0.0.1:{free_port()}"}
        config = config_of(simulator, ("BTCUSDT",), proxies=proxies, start_patience_s=0.2)
        runner = DeskRunner(config, SystemClock(), Hot, strategies)
        with pytest.raises(VenueError):
            await runner.start()
        assert not simulator.stage.connections


@pytest.mark.parametrize(
    ("proxies", "words"),
    [
        ({"kraken": "http://127.0.0.1:1"}, "proxies: expected venues"),
        ({"okx": "ftp://user:secret@host:1"}, "proxy: expected http://"),
        ({"okx": "127.0.0.1:8080"}, "proxy: expected http://"),
    ],
)
async def test_a_proxy_that_cannot_be_one_is_named(proxies: dict[str, str], words: str) -> None:
    async with simulating(SimulatorOptions(venues=("okx",), symbols=("BTC",))) as simulator:
        with pytest.raises(ConfigError, match=words) as refused:
            config_of(simulator, ("BTCUSDT",), proxies=proxies)
        assert "secret" not in str(refused.value)


def test_no_repr_shows_the_password_of_a_proxy() -> None:
    proxy = "socks5://desk:hunter2@127.0.0.1:1080"
    config = DeskConfig(markets={"okx.spot": "live"}, symbols=("BTC-USDT",), proxies={"okx": proxy})
    for holder in (config, RestOptions(proxy=proxy), WebSocketOptions(proxy=proxy)):
        assert "hunter2" not in repr(holder)
        assert "hunter2" not in f"{holder}"
