"""When the simulated HTX speaks, in virtual time: intervals, silence, and what is told at once."""

from __future__ import annotations

import itertools

import pytest

from tests.support.simulated import Listener, VirtualFeed
from trimaran.venues.sim.faults import FaultPlan


def joined(market, symbol, *kinds, moving_s=1.0):
    """A feed after some time of trading, and a listener of topics of it."""
    virtual = VirtualFeed(market, symbol)
    virtual.pass_time(moving_s)
    listener = Listener(virtual)
    for kind in kinds:
        virtual.feed.join(kind, listener, False)
    return virtual, listener


@pytest.mark.parametrize("levels", [150, 400])
def test_many_levels_speak_every_100_ms_with_both_sides_and_jumping_ids(levels):
    virtual, listener = joined("htx.spot", "btcusdt", f"mbp.{levels}")
    virtual.pass_time(2.0)
    ticks = [message["tick"] for message in listener.messages]
    assert len(ticks) == 21
    assert {after - before for before, after in itertools.pairwise(listener.times_ms)} == {100}
    for before, after in itertools.pairwise(ticks):
        assert after["prevSeqNum"] == before["seqNum"]
        assert after["seqNum"] > before["seqNum"] + 1
        assert {"bids", "asks"} < set(after)
    listener.heard.clear()
    virtual.pass_time(0.6, moving=False)
    quiet = [message["tick"] for message in listener.messages][1:]
    assert len(quiet) == 5
    for tick in quiet:  # nothing changed: empty, and the sequence stays
        assert tick["bids"] == tick["asks"] == []
        assert tick["seqNum"] == tick["prevSeqNum"] == quiet[0]["seqNum"]


@pytest.mark.parametrize("levels", [5, 20])
def test_few_levels_speak_when_something_changed_and_only_then(levels):
    virtual, listener = joined("htx.spot", "btcusdt", f"mbp.{levels}")
    virtual.pass_time(2.0)
    assert min(after - before for before, after in itertools.pairwise(listener.times_ms)) < 100
    listener.heard.clear()
    virtual.pass_time(1.0, moving=False)
    assert listener.heard == []


def test_swaps_are_looked_at_every_30_ms():
    virtual, listener = joined("htx.swap", "BTC-USDT", "depth.size_150.high_freq")
    virtual.pass_time(2.0)
    _, *times_ms = listener.times_ms  # after the snapshot
    assert len(times_ms) > 10
    assert all(after - before >= 30 for before, after in itertools.pairwise(times_ms))
    assert all((at_ms - times_ms[0]) % 30 == 0 for at_ms in times_ms)


def test_trades_bars_and_statistics_are_known_at_once_and_nothing_else_is():
    at_once = ["trade.detail", "detail", "kline.1min"]
    others = ["bbo", "ticker", "depth.step0", "mbp.refresh.10", "mbp.150"]
    _, listener = joined("htx.spot", "btcusdt", *at_once, *others, moving_s=30.0)
    assert [message["ch"] for message in listener.messages] == [f"market.btcusdt.{kind}" for kind in at_once]
    _, listener = joined("htx.swap", "BTC-USDT", *at_once, "bbo", "depth.step0", moving_s=30.0)
    assert [message["ch"] for message in listener.messages] == [f"market.BTC-USDT.{kind}" for kind in at_once]


def test_followers_that_left_leave_nothing_held_back():
    virtual = VirtualFeed("htx.swap", "BTC-USDT")
    virtual.faults.set(FaultPlan(reorder=1.0))
    for _ in range(5):
        listener = Listener(virtual)
        virtual.feed.join("depth.size_20.high_freq", listener, False)
        while not virtual.faults._held:
            virtual.pass_time(0.1)
        virtual.feed.leave("depth.size_20.high_freq", listener)
        assert virtual.faults._held == {}
