"""When the simulated OKX speaks, in virtual time: intervals, and keep-alives of channels without news."""

from __future__ import annotations

import itertools

import pytest

from tests.support.simulated import Listener, VirtualFeed
from trimaran.venues.sim.codes import OrderKind


def joined(*channels, moving_s=1.0):
    """A feed after some time of trading, and a listener of channels of it."""
    virtual = VirtualFeed("okx.swap", "BTC-USDT-SWAP")
    virtual.pass_time(moving_s)
    listener = Listener(virtual)
    for channel in channels:
        virtual.feed.join(channel, listener)
    return virtual, listener


def books(listener):
    """What was told of the book."""
    return [message["data"][0] for message in listener.messages]


def test_books_are_told_every_100_ms():
    virtual, listener = joined("books")
    virtual.pass_time(2.0)
    _, *times_ms = listener.times_ms  # after the snapshot
    assert len(times_ms) > 10
    assert all((at_ms - times_ms[0]) % 100 == 0 for at_ms in times_ms)
    assert [message["action"] for message in listener.messages] == ["snapshot"] + ["update"] * len(times_ms)


@pytest.mark.parametrize("channel", ["books", "bbo-tbt", "books5", "tickers"])
def test_a_channel_without_news_repeats_itself_after_a_minute(channel):
    virtual, listener = joined(channel)
    virtual.pass_time(1.0)
    virtual.pass_time(0.2, moving=False)
    listener.heard.clear()
    virtual.pass_time(59.0, moving=False, step_ms=50)
    assert listener.heard == []
    virtual.pass_time(121.0, moving=False, step_ms=50)
    assert len(listener.heard) == 3
    assert {after - before for before, after in itertools.pairwise(listener.times_ms)} <= {60_000, 60_100}
    if channel == "books":
        for quiet in books(listener):
            assert quiet["bids"] == quiet["asks"] == []
            assert quiet["seqId"] == quiet["prevSeqId"]


def test_changes_beyond_the_best_400_levels_do_not_hold_the_keep_alive_up():
    virtual, listener = joined()
    book = virtual.book
    first_ticks = book.engine.depth(0, 1)[0][0]
    for back in range(1, 451):
        book.submit(virtual.now_ns, 1, 0, first_ticks - back, 1, OrderKind.LIMIT)
    virtual.feed.join("books", listener)
    virtual.pass_time(0.2, moving=False)
    told_id = books(listener)[-1]["seqId"]
    deepest_ticks = book.engine.depth(0, 10_000)[-1][0]
    for seconds in range(1, 131):  # a change every second, where nobody is told
        book.submit(virtual.now_ns, 1, 0, deepest_ticks - seconds, 1, OrderKind.LIMIT)
        virtual.pass_time(1.0, moving=False, step_ms=50)
    snapshot, *quiet = books(listener)
    assert len(snapshot["bids"]) == 400
    assert [each["seqId"] for each in quiet] == [each["prevSeqId"] for each in quiet] == [told_id] * 2
    assert virtual.feed.book_id > told_id
    book.submit(virtual.now_ns, 1, 0, first_ticks, 1, OrderKind.LIMIT)
    virtual.pass_time(0.2, moving=False)
    assert books(listener)[-1]["prevSeqId"] == told_id
    assert books(listener)[-1]["seqId"] == virtual.feed.book_id
