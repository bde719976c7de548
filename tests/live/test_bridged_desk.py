"""A desk on Binance as it is, and on OKX as if it had no adapter: through ccxt."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.support.bridge_room import PYTHON, REACH, needs_ccxt
from trimaran.base.errors import ConfigError
from trimaran.domain.answer import BookStatus
from trimaran.live.bridges import BridgeConfig
from trimaran.live.config import DeskConfig, read_config
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.clock import SystemClock


@needs_ccxt
async def test_a_bridged_market_beside_a_native_one():
    told = []
    options = SimulatorOptions(venues=("binance", "okx"), symbols=("BTC", "XRP"), limits=False)
    async with simulating(options) as simulator:
        urls = simulator.urls()["venues"]
        bridge = BridgeConfig(str(PYTHON), **REACH["okx"](urls["okx"], "spot"))
        config = DeskConfig(
            {"binance.spot": urls["binance"]["spot"]},
            ("BTC-USDT", "XRP-USDT"),
            exposure_max={"BTC": Decimal(1), "XRP": Decimal(1_000)},
            bridges={"okx.spot": bridge},
        )
        runner = DeskRunner(config, SystemClock(), Hot, list, told.append)
        await runner.start()
        try:
            hot, books = runner.desk.hot, range(len(runner.desk.legs))
            async with asyncio.timeout(30):
                while {hot.status(book) for book in books} != {BookStatus.LIVE}:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            keys = [leg.instrument.key for leg in runner.desk.legs]
            assert keys == [
                "binance.spot:BTCUSDT", "binance.spot:XRPUSDT",
                "bridge.okx.spot:BTC/USDT", "bridge.okx.spot:XRP/USDT",
            ]  # fmt: skip
            rows = runner.status()["markets"]
            assert {name: row["slow_path"] for name, row in rows.items()} == {
                "binance.spot": False,
                "bridge.okx.spot": True,
            }
        finally:
            await runner.stop()
        assert {hot.status(book) for book in books} == {BookStatus.DOWN}
        assert runner.result()["markets"].keys() >= {"binance.spot", "bridge.okx.spot"}


@pytest.mark.parametrize(
    ("bridges", "text"),
    [
        ('{"kraken": {"python": "p"}}', "as kraken.spot"),
        ('{"kraken.future": {"python": "p"}}', "as kraken.spot"),
        ('{"../x.spot": {"python": "p"}}', "as kraken.spot"),
        ('{"kraken.spot": {"python": "p", "depth": 0}}', "depth: expected 1..400"),
        ('{"kraken.spot": {}}', "python"),
        ('{"kraken.spot": {"python": "p", "secret": "s"}}', "secret"),
        ('{"kraken.spot": {"python": "p", "config": {"apiKey": "k"}}}', "no secrets"),
    ],
)
def test_settings_that_cannot_be(bridges, text):
    body = '{"markets": {"binance.spot": "live"}, "symbols": ["BTC-USDT"], "bridges": ' + bridges + "}"
    with pytest.raises(ConfigError, match=text.replace(".", r"\.")):
        read_config(body.encode())
