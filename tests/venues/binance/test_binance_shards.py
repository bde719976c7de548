"""How streams are divided over connections, and how control frames are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran.domain.answer import Kind
from trimaran.venues.binance.control import (
    UNKNOWN,
    Accepted,
    Refused,
    Shutdown,
    read_control,
    subscribe_text,
)
from trimaran.venues.binance.shards import plan_shards
from trimaran.venues.binance.spec import SPOT, USDM


@given(st.sampled_from([SPOT, USDM]), st.integers(1, 60), st.integers(3, 40))
def test_every_stream_is_on_one_shard_and_a_symbol_is_never_cut(spec, count, limit):
    books = {index * 7: f"S{index}USDT" for index in range(count)}
    shards = plan_shards(spec, spec.live, books, limit, "/ws")
    keys = [stream.key for shard in shards for stream in shard.streams]
    assert sorted(keys) == sorted(index << 16 | kind.kind for index in books for kind in spec.streams)
    assert all(len(shard.streams) <= limit for shard in shards)
    for url in {shard.url for shard in shards}:
        per_shard = [{stream.key >> 16 for stream in shard.streams} for shard in shards if shard.url == url]
        assert sum(map(len, per_shard)) == count
    for shard in shards:
        watched = {key for watch in shard.watches for key in watch.keys}
        assert watched == {stream.key for stream in shard.streams}
        fed = [books[key >> 16] for key in watched if key & 0xF == Kind.DEPTH]
        assert sorted(shard.fed) == sorted(fed)


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
    assert read_control(text.encode()) == control


@given(st.binary(max_size=200))
def test_garbage_is_unknown(payload):
    read_control(payload)


def test_a_request_is_what_the_venue_documents():
    expected = '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@depth@100ms"],"id":1}'
    assert subscribe_text(1, ["btcusdt@aggTrade", "btcusdt@depth@100ms"]) == expected
