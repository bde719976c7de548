"""How OKX's control frames are read, and its requests written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.venues.okx.control import OkxDialogue
from trimaran.venues.wire.dialogue import (
    UNKNOWN,
    Accepted,
    Operation,
    Pong,
    Refused,
    Shutdown,
    Unsubscribed,
)

GONE = "Wrong URL or channel:books,instId:BTC-NONE doesn't exist. Please use the correct URL."


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("pong", Pong()),
        (
            '{"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a"}',
            Accepted(1512, "books:BTC-USDT"),
        ),
        (
            '{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}',
            Accepted(None, "books:BTC-USDT"),
        ),
        (
            '{"id":"2","event":"unsubscribe","arg":{"channel":"trades","instId":"BTC-USDT-SWAP"}}',
            Unsubscribed(2, "trades:BTC-USDT-SWAP"),
        ),
        (
            f'{{"id":"3","event":"error","code":"60018","msg":"{GONE}","connId":"a"}}',
            Refused(3, "60018", GONE, "books:BTC-NONE"),
        ),
        (
            '{"event":"error","code":"60012","msg":"Invalid request: {}","connId":"a"}',
            Refused(None, "60012", "Invalid request: {}"),
        ),
        ('{"id":"4","event":"error","code":"60014","msg":"x"}', Refused(4, "60014", "x", None, True)),
        ('{"event":"notice","code":"64008","msg":"The connection will soon be closed"}', Shutdown()),
        ('{"event":"notice","code":"64007","msg":"?"}', UNKNOWN),
        ('{"event":"login","code":"0","msg":"","connId":"a"}', UNKNOWN),
        ('{"id":"5","event":"subscribe","connId":"a"}', UNKNOWN),
        ('{"id":"abc","event":"subscribe","arg":{}}', Accepted(None, ":")),
        ('{"id":"9999999999999999999999","event":"subscribe","arg":{}}', Accepted(None, ":")),
        ("ping", UNKNOWN),
        ("pong ", UNKNOWN),
        ("[]", UNKNOWN),
        ("null", UNKNOWN),
        ("[" * 5000, UNKNOWN),
    ],
)
def test_control_frames(text, control):
    assert OkxDialogue().read(text.encode()) == control


@given(st.binary(max_size=200))
def test_garbage_is_unknown(payload):
    assert payload == b"pong" or OkxDialogue().read(payload) == UNKNOWN


def test_a_request_is_what_the_venue_documents():
    wanted = '{"id":"7","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},'
    wanted += '{"channel":"mark-price","instId":"BTC-USDT-SWAP"}]}'
    streams = ["books:BTC-USDT", "mark-price:BTC-USDT-SWAP"]
    assert OkxDialogue().write(Operation.SUBSCRIBE, 7, streams) == wanted
    ended = wanted.replace('"subscribe"', '"unsubscribe"')
    assert OkxDialogue().write(Operation.UNSUBSCRIBE, 7, streams) == ended
