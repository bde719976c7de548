"""How streams are divided over connections, for every market."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trimaran.domain.answer import Kind
from trimaran.venues.binance import spec as binance
from trimaran.venues.htx import spec as htx
from trimaran.venues.okx import spec as okx
from trimaran.venues.wire.shards import plan_shards

SPECS = (binance.SPOT, binance.USDM, okx.SPOT, okx.SWAP, htx.SPOT, htx.SWAP)


@given(st.sampled_from(SPECS), st.integers(1, 60), st.integers(5, 40))
def test_every_stream_is_on_one_shard_and_a_symbol_is_never_cut(spec, count, limit):
    books = {index * 7: f"S{index}USDT" for index in range(count)}
    shards = plan_shards(spec.session, spec.live, books, limit)
    keys = [stream.key for shard in shards for stream in shard.streams]
    assert sorted(keys) == sorted(index << 16 | kind.kind for index in books for kind in spec.session.streams)
    assert all(len(shard.streams) <= limit for shard in shards)
    for url in {shard.url for shard in shards}:
        per_shard = [{stream.key >> 16 for stream in shard.streams} for shard in shards if shard.url == url]
        assert sum(map(len, per_shard)) == count
    for shard in shards:
        watched = {key for watch in shard.watches for key in watch.keys}
        assert watched == {stream.key for stream in shard.streams}
        fed = [books[key >> 16] for key in watched if key & 0xF == Kind.DEPTH]
        assert sorted(shard.fed) == sorted(fed)
        assert len(shard.fed) <= (spec.session.books_per_connection_max or count)
        assert {symbol: books[stream.key >> 16] for symbol, stream in shard.fed.items()} == {
            symbol: symbol for symbol in fed
        }
