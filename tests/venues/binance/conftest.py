"""The driver of sessions, as Binance's: every request is answered as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import pytest

from tests.support.session_driver import Driver, chatter
from trimaran.venues.binance.control import BinanceDialogue
from trimaran.venues.binance.spec import SPOT
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.session import SessionConfig


class BinanceDriver(Driver):
    """A driver around a session of Binance."""

    def __init__(
        self,
        spec: MarketSpec = SPOT,
        symbols: Iterable[str] = ("BTCUSDT",),
        config: SessionConfig | None = None,
        seed: int = 1,
    ) -> None:
        super().__init__(spec, BinanceDialogue(), obey, symbols, config, seed)


def obey(driver: Driver, slot: int, text: str) -> None:
    """Subscribes to everything."""
    request = msgspec.json.decode(text)
    driver.subscribed.setdefault(slot, []).extend(request["params"])
    if driver.replies:
        driver.control(slot, f'{{"result":null,"id":{request["id"]}}}')


@pytest.fixture
def driver() -> type[BinanceDriver]:
    return BinanceDriver


@pytest.fixture
def chat() -> Callable[..., Callable[[int], list[int]]]:
    return chatter
