"""How HTX's control frames are read, and its requests written."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.venues.htx.control import HtxDialogue
from trimaran.venues.wire.dialogue import UNKNOWN, Accepted, Operation, Ping, Refused, Unsubscribed

TOPIC = "market.btcusdt.mbp.150"


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("text", "control"),
    [
        ('{"ping":1786563068868}', Ping('{"pong":1786563068868}')),
        (f'{{"id":"1","status":"ok","subbed":"{TOPIC}","ts":1786563030969}}', Accepted(1, TOPIC)),
        (f'{{"status":"ok","subbed":"{TOPIC}","ts":1}}', Accepted(None, TOPIC)),
        (f'{{"id":"2","status":"ok","unsubbed":"{TOPIC}","ts":1}}', Unsubscribed(2, TOPIC)),
        (
            '{"status":"error","id":"3","err-code":"bad-request","err-msg":"invalid topic market.x","ts":1}',
            Refused(3, "bad-request", "invalid topic market.x"),
        ),
        (
            '{"status":"error","id":"4","err-code":"bad-request","err-msg":"429 too many request","ts":1}',
            Refused(4, "bad-request", "429 too many request", None, True),
        ),
        ('{"status":"error","ts":1}', Refused(None, "", "")),
        ('{"ping":"1786563068868"}', UNKNOWN),
        ('{"ping":true}', UNKNOWN),
        ('{"status":"ok","ts":1}', UNKNOWN),
        (f'{{"status":"maybe","subbed":"{TOPIC}"}}', UNKNOWN),
        ("[]", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_control_frames(text, control, packed):
    payload = gzip.compress(text.encode()) if packed else text.encode()
    assert HtxDialogue().read(payload) == control


@given(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress))
def test_garbage_is_unknown(payload):
    assert HtxDialogue().read(payload) == UNKNOWN


def test_requests_are_what_the_venue_documents():
    write, depth = HtxDialogue().write, "market.BTC-USDT.depth.size_150.high_freq"
    assert write(Operation.SUBSCRIBE, 1, [TOPIC]) == f'{{"sub":"{TOPIC}","id":"1"}}'
    assert write(Operation.UNSUBSCRIBE, 2, [TOPIC]) == f'{{"unsub":"{TOPIC}","id":"2"}}'
    assert write(Operation.SNAPSHOT, 3, [TOPIC]) == f'{{"req":"{TOPIC}","id":"3"}}'
    wanted = f'{{"sub":"{depth}","id":"4","data_type":"incremental"}}'
    assert write(Operation.SUBSCRIBE, 4, [depth]) == wanted
    wanted = f'{{"unsub":"{depth}","id":"5","data_type":"incremental"}}'
    assert write(Operation.UNSUBSCRIBE, 5, [depth]) == wanted
