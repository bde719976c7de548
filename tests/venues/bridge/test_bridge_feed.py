"""Feed and client over a child that says what the test wants: books, trades, silence, nonsense, deaths."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from pathlib import Path

import msgspec
import pytest

from tests.support.bridge_room import TOY_CHILD, BookSink
from tests.venues.bridge.test_bridge_dialect import INSTRUMENT, ORDER, SYMBOL, TRADE
from trimaran.domain.account import Fill, OrderAcked
from trimaran.domain.instrument import ContractKind
from trimaran.venues.bridge.client import OPTIONS
from trimaran.venues.bridge.entry import Bridge, bridge_entry
from trimaran.venues.bridge.process import BridgeProcess, ProcessOptions
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.client_port import Reconciled
from trimaran.venues.wire.clock import SystemClock

QUICK = ProcessOptions(again=Backoff(1_000_000, 2_000_000))
KNOWN = {SYMBOL: INSTRUMENT}
BOOK = {"push": "book", "symbol": SYMBOL, "ms": 5, "bids": [["100.1", "2"]], "asks": [["100.2", "3"]]}


@contextlib.asynccontextmanager
async def room(**market):
    entry = msgspec.structs.replace(bridge_entry("toy", ContractKind.PERPETUAL), **market)
    settings = msgspec.structs.replace(entry.settings, config={})
    process = BridgeProcess(Path(sys.executable), settings, None, random.Random(1), QUICK, TOY_CHILD)
    await process.start()
    try:
        yield Bridge(entry, process)
    finally:
        await process.close()


async def say(bridge, message):
    await bridge.process.ask("push", msgspec.json.encode(message))


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(0.005)


@pytest.fixture
async def watched():
    sink = BookSink(INSTRUMENT)
    async with room(silence_s_max=0.3) as bridge:
        feed = bridge.feed(KNOWN, sink, SystemClock())
        await feed.start()
        yield bridge, sink, feed
        await feed.stop()
        await feed.wait()


async def test_each_book_stands_for_itself(watched):
    bridge, sink, feed = watched
    await say(bridge, BOOK)
    assert sink.live
    await say(bridge, {**BOOK, "bids": [["100.0", "1"]], "asks": []})
    assert sink.hot.depth(sink.book, 0, 9) == [(1_000, 10_000)]
    assert sink.hot.depth(sink.book, 1, 9) == []
    await say(bridge, {**BOOK, "symbol": "ETH/USDT"})
    await say(bridge, {"push": "trades", "symbol": SYMBOL, "rows": [TRADE, TRADE]})
    await say(bridge, {"push": "trades", "symbol": SYMBOL, "rows": []})
    assert feed.counters.messages == 3
    assert feed.session_counters.decode_errors == 0


@pytest.mark.parametrize(
    "message",
    [
        {**BOOK, "bids": [["x", "1"]]},
        {**BOOK, "bids": [["100.15", "1"]]},
        {"push": "trades", "symbol": SYMBOL, "rows": [{}]},
        {"push": "trades", "symbol": SYMBOL, "rows": [{**TRADE, "side": ""}]},
    ],
)
async def test_what_cannot_be_read_is_refused_and_counted(watched, message):
    bridge, sink, feed = watched
    await say(bridge, BOOK)
    await say(bridge, message)
    assert feed.session_counters.decode_errors == sum(sink.hot.faults(sink.market)) == 1
    await say(bridge, BOOK)
    assert sink.live


async def test_a_stream_that_fails_or_is_silent_takes_its_book_down(watched):
    bridge, sink, feed = watched
    error = {"classes": ["NetworkError"], "text": "gone"}
    await say(bridge, BOOK)
    await say(bridge, {"push": "down", "what": "book", "symbol": SYMBOL, "error": error})
    assert not sink.live
    await say(bridge, BOOK)
    assert sink.live
    await until(lambda: not sink.live)
    assert sink.downs == ["gone", "the book says nothing"]
    assert feed.session_counters.books_silent == 1


async def test_a_dead_child_takes_all_down_and_the_next_is_asked_again(watched):
    bridge, sink, feed = watched
    await say(bridge, BOOK)
    bridge.process._process.kill()
    await until(lambda: sink.downs)
    assert not sink.live
    await until(lambda: feed.session_counters.opens == 2)
    await say(bridge, BOOK)
    assert sink.live


async def test_pushes_of_an_account_and_a_child_that_is_replaced():
    events = []
    options = msgspec.structs.replace(OPTIONS, tick_s=0.01, poll_s=10.0)
    async with room() as bridge:
        client = bridge.client(KNOWN, SystemClock(), random.Random(1), events.append, options)
        await client.start()
        await until(lambda: any(isinstance(event, Reconciled) for event in events))
        await say(bridge, {"push": "orders", "symbol": SYMBOL, "rows": [ORDER]})
        await say(bridge, {"push": "orders", "symbol": SYMBOL, "rows": [{**ORDER, "status": "what"}]})
        await say(bridge, {"push": "fills", "symbol": SYMBOL, "rows": 5})
        assert [type(each) for each in events if isinstance(each, OrderAcked)] == [OrderAcked]
        assert client.unreadable == 2
        await say(bridge, {"push": "fills", "symbol": SYMBOL, "rows": [TRADE]})
        assert [each for each in events if isinstance(each, Fill)] == []  # a push's fee is not believed
        rounds = sum(isinstance(event, Reconciled) for event in events)
        bridge.process._process.kill()
        await until(lambda: sum(isinstance(event, Reconciled) for event in events) > rounds)
        await client.stop()
        await client.wait()
