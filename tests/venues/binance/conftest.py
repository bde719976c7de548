"""The driver of sessions, as Binance's: every request is answered as a whole."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.support.session_driver import Driver, chatter
from trimaran.venues.binance.control import BinanceDialogue
from trimaran.venues.binance.spec import SPOT


class BinanceDriver(Driver):
    """A driver around a session of Binance."""

    dialogue = BinanceDialogue
    usual_spec = SPOT
    usual_symbols = ("BTCUSDT",)

    def obey(self, slot: int, text: str) -> None:
        """Subscribes to everything."""
        request = msgspec.json.decode(text)
        for stream in request["params"]:
            self.hold(slot, stream)
        if self.replies:
            self.control(slot, f'{{"result":null,"id":{request["id"]}}}')


@pytest.fixture
def driver() -> type[BinanceDriver]:
    return BinanceDriver


@pytest.fixture
def chat() -> Callable[..., Callable[[int], list[int]]]:
    return chatter
