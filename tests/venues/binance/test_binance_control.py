"""How Binance's control frames are read, and its requests written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.venues.binance.control import BinanceDialogue
from trimaran.venues.wire.dialogue import UNKNOWN, Accepted, Operation, Refused, Shutdown


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ('{"result":null,"id":1}', Accepted(1)),
        ('{"result":["btcusdt@trade"],"id":3}', Accepted(3)),
        ('{"code":2,"msg":"Invalid request: bad id","id":4}', Refused(4, 2, "Invalid request: bad id")),
        ('{"code":3,"msg":"Invalid JSON"}', Refused(None, 3, "Invalid JSON")),
        ('{"code":0,"msg":"Unknown property","id":null}', Refused(None, 0, "Unknown property")),
        ('{"error":{"code":1,"msg":"x"},"id":9}', Refused(9, 1, "x")),
        ('{"e":"serverShutdown","E":1770123456789}', Shutdown()),
        ('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}', Shutdown()),
        ('{"result":null,"id":"abc"}', UNKNOWN),
        ('{"id":1.5}', UNKNOWN),
        ("null", UNKNOWN),
    ],
)
def test_control_frames(text, control):
    assert BinanceDialogue().read(text.encode()) == control


@given(st.binary(max_size=200))
def test_garbage_is_unknown(payload):
    BinanceDialogue().read(payload)


def test_a_request_is_what_the_venue_documents():
    expected = '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@depth@100ms"],"id":1}'
    streams = ["btcusdt@aggTrade", "btcusdt@depth@100ms"]
    assert BinanceDialogue().write(Operation.SUBSCRIBE, 1, streams) == expected
    ended = expected.replace("SUBSCRIBE", "UNSUBSCRIBE")
    assert BinanceDialogue().write(Operation.UNSUBSCRIBE, 1, streams) == ended
