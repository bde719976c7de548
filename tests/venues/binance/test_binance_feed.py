"""Session, shell and native books together, over real sockets: a scripted venue, then the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import random
from decimal import Decimal

import pytest
import uvloop
from msgspec.structs import replace

from trimaran.domain.answer import BookStatus
from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Hot
from trimaran.venues.binance.control import BinanceDialogue
from trimaran.venues.binance.instruments import read_instruments
from trimaran.venues.binance.simulator import BinanceRules
from trimaran.venues.binance.spec import SPOT, USDM
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.market_feed import MarketFeed
from trimaran.venues.wire.market_spec import Endpoints
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.session import SessionConfig, VenueSession
from trimaran.venues.wire.session_port import NoData, SnapshotTrouble, SubscriptionRefused, Switched

MS = 1_000_000
QUICK = SessionConfig(
    link=LinkConfig(quiet_ns=300 * MS, pong_ns=200 * MS, scan_every_ns=100 * MS),
    reconnect=Backoff(base_ns=20 * MS, cap_ns=200 * MS),
    snapshot_retry=Backoff(base_ns=20 * MS, cap_ns=200 * MS),
)
DIALECTS = {SPOT.market: Dialect.BINANCE_SPOT, USDM.market: Dialect.BINANCE_USDM}


class HotSink:
    """The native books of one market."""

    def __init__(self, spec, instruments):
        self.hot = Hot()
        self.market = self.hot.add_market(DIALECTS[spec.market])
        self.instruments = instruments
        self.index = {}
        self.downs = []
        self.down_symbols = []
        for group, each in enumerate(instruments):
            price, size = each.price_grid, each.size_grid
            grids = (price.units, price.exponent, size.units, size.exponent, size.units, size.exponent)
            book = self.hot.add_instrument(self.market, each.symbol, *grids, each.order_step, group, 0)
            self.index[each.symbol] = book

    def on_frame(self, payload, local_ns):
        return self.hot.on_frame(self.market, payload, local_ns)

    def on_snapshot(self, symbol, payload, local_ns):
        return self.hot.on_snapshot(self.index[symbol], payload, local_ns)

    def on_down(self, reason, symbols):
        self.downs.append(reason)
        self.down_symbols.append(symbols)
        self.hot.mark_down(self.market)

    def live(self):
        return all(self.hot.status(book) == BookStatus.LIVE for book in self.index.values())

    def levels(self, symbol):
        """All levels as decimals, best first: (bids, asks)."""
        each, book = next(one for one in self.instruments if one.symbol == symbol), self.index[symbol]
        return tuple(
            [(each.price(ticks), each.size(lots)) for ticks, lots in self.hot.depth(book, side, 10_000)]
            for side in (0, 1)
        )


class Stage:
    """A feed of one market of a running simulator."""

    def __init__(self, spec, feed, session, sink, notices):
        self.spec, self.feed, self.session, self.sink, self.notices = spec, feed, session, sink, notices

    async def until(self, condition, seconds=8.0):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 (the condition is a view of somebody else's state)
                await asyncio.sleep(0.01)


def endpoints_of(simulator, spec):
    urls = simulator.urls()["venues"]["binance"]["spot" if spec.market == SPOT.market else "usdm"]
    if spec.market == SPOT.market:
        return Endpoints(urls["rest"], urls["ws"], urls["ws"])
    return Endpoints(urls["rest"], urls["ws_public"], urls["ws_market"])


@contextlib.asynccontextmanager
async def staged(simulator, spec, config=QUICK, hosts=None):
    """Loads the instruments, starts a feed for all of them, and stops it without leaks."""
    hosts = hosts or endpoints_of(simulator, spec)
    notices = []
    async with RestClient(SystemClock(), RestOptions()) as rest:
        reply = await rest.get(spec.instruments_url(hosts))
        instruments = read_instruments(reply.body, spec, FeeTable(spec.default_fees))
        sink = HotSink(spec, instruments)
        symbols = [each.symbol for each in instruments]
        session = VenueSession(spec.session, BinanceDialogue(), hosts, symbols, random.Random(3), config)
        feed = MarketFeed(session, sink, SystemClock(), rest, on_notice=notices.append, tick_s=0.02)
        before = asyncio.all_tasks()
        await feed.start()
        try:
            yield Stage(spec, feed, session, sink, notices)
        finally:
            await feed.stop()
        ours = [task for task in asyncio.all_tasks() - before if "wire" in repr(task)]
        assert ours == []
    assert not sink.live()


def wrapped(spec):
    """The same market on the combined path: frames come wrapped with their stream's name."""
    return replace(spec, session=replace(spec.session, book_path="/stream", trade_path="/stream"))


def simulated(**options):
    return simulating(SimulatorOptions(venues=("binance",), symbols=("BTCUSDT", "ETHUSDT"), **options))


async def books_agree(stage, simulator):
    """Stops the market and compares every level of every book."""
    simulator.set_paused(True)
    feeds = {symbol: simulator.feed_of(stage.spec.market, symbol) for symbol in stage.sink.index}
    for symbol, book in stage.sink.index.items():
        venue = feeds[symbol].book
        await stage.until(lambda b=book, v=venue: stage.sink.hot.last_id(b) == v.last_update_id, 3)
        for side, levels in enumerate(stage.sink.levels(symbol)):
            count = venue.engine.level_count(side)
            listing = venue.listing.instrument
            expected = [(listing.price(t), listing.size(z)) for t, z in venue.engine.depth(side, count)]
            assert levels == expected
    simulator.set_paused(False)


@pytest.mark.parametrize("spec", [SPOT, USDM])
@pytest.mark.parametrize("combined", [False, True])
async def test_books_become_live_and_equal_the_venue(spec, combined):
    async with simulated() as simulator, staged(simulator, wrapped(spec) if combined else spec) as stage:
        await stage.until(stage.sink.live)
        await asyncio.sleep(0.3)
        await books_agree(stage, simulator)
        assert stage.session.counters.decode_errors == 0
        assert stage.session.counters.control_unknown == 0
        assert stage.notices == []


async def test_faults_of_the_stream_are_repaired():
    """Dropped, repeated, reordered and cut frames: the books come back and are right."""
    async with simulated(binance=BinanceRules(weight_limits=False)) as simulator:
        config = replace(QUICK, snapshot_weight_share=1.0, snapshot_levels=1000)
        async with staged(simulator, SPOT, config) as stage:
            await stage.until(stage.sink.live)
            simulator.set_faults(FaultPlan(drop=0.1, duplicate=0.1, reorder=0.1, truncate=0.05))
            await stage.until(lambda: stage.session.counters.resyncs >= 6)
            simulator.set_faults(FaultPlan())
            await stage.until(stage.sink.live)
            await books_agree(stage, simulator)
            assert stage.sink.downs == []


async def test_old_snapshots_and_html_are_asked_for_again():
    async with simulated() as simulator:
        simulator.set_faults(FaultPlan(stale_snapshots=3))
        await asyncio.sleep(0.5)  # the market moves on from what the snapshots will say
        async with staged(simulator, USDM) as stage:
            counters = stage.session.counters
            await stage.until(stage.sink.live)
            assert counters.snapshots_too_old >= 3
            simulator.set_faults(FaultPlan(html_answers=2))
            simulator.end_connections(USDM.market)
            await stage.until(lambda: counters.snapshot_errors == 2)
            await stage.until(stage.sink.live)
            troubles = [notice for notice in stage.notices if isinstance(notice, SnapshotTrouble)]
            assert len(troubles) == 2
            assert "expected JSON" in troubles[0].reason
            await books_agree(stage, simulator)


async def test_half_open_connections_are_replaced():
    async with simulated() as simulator, staged(simulator, USDM) as stage:
        await stage.until(stage.sink.live)
        simulator.set_faults(FaultPlan(half_open=True))
        await stage.until(lambda: stage.session.counters.half_open == 2)
        assert stage.sink.downs == ["half open: no frame after a ping"]
        await stage.until(stage.sink.live)
        await books_agree(stage, simulator)


async def test_a_drop_marks_down_and_comes_back():
    async with simulated() as simulator, staged(simulator, SPOT) as stage:
        await stage.until(stage.sink.live)
        for expected in (1, 2, 3):
            simulator.end_connections(SPOT.market)
            await stage.until(lambda n=expected: len(stage.sink.downs) == n)
            await stage.until(stage.sink.live)
        assert stage.session.counters.reconnects >= 3
        await books_agree(stage, simulator)


@pytest.mark.parametrize("combined", [False, True])
async def test_a_shutdown_notice_is_followed_without_a_break(combined):
    async with simulated() as simulator, staged(simulator, wrapped(USDM) if combined else USDM) as stage:
        await stage.until(stage.sink.live)
        never_down = []
        simulator.end_connections(USDM.market, 3.0)
        for _ in range(350):
            await asyncio.sleep(0.01)
            never_down.append(stage.sink.live())
        assert all(never_down)
        assert stage.sink.downs == []
        assert len([notice for notice in stage.notices if isinstance(notice, Switched)]) == 2
        assert sum(stage.sink.hot.counters(book)[1] for book in stage.sink.index.values()) > 0  # overlap
        await books_agree(stage, simulator)


async def test_an_aged_connection_is_replaced_without_a_break():
    async with simulated() as simulator:
        config = replace(QUICK, age_margin_ns=SPOT.session.connection_age_ns_max - 700 * MS)
        async with staged(simulator, SPOT, config) as stage:
            await stage.until(stage.sink.live)
            await stage.until(lambda: stage.session.counters.switches >= 2)
            assert stage.sink.downs == []
            await books_agree(stage, simulator)


async def test_trades_on_the_wrong_route_raise_the_alarm():
    """USD-M acknowledges aggTrade on the book route, and then says nothing."""
    streams = tuple(replace(each, class_silence_ns_max=2_500 * MS) for each in USDM.session.streams)
    spec = replace(USDM, session=replace(USDM.session, streams=streams))
    async with simulated() as simulator:
        right = endpoints_of(simulator, USDM)
        wrong = Endpoints(right.rest, right.book_streams, right.book_streams)
        async with staged(simulator, spec, hosts=wrong) as stage:
            await stage.until(lambda: stage.notices)
            (alarm,) = stage.notices
            assert isinstance(alarm, NoData)
            assert alarm.stream == "*@aggTrade"
            assert stage.sink.live()


def test_the_same_on_uvloop():
    async def scenario():
        async with simulated() as simulator, staged(simulator, SPOT) as stage:
            await stage.until(stage.sink.live)
            simulator.end_connections(SPOT.market)
            await stage.until(lambda: stage.sink.downs)
            await stage.until(stage.sink.live)
            await books_agree(stage, simulator)

    uvloop.run(scenario())


async def test_a_refused_subscription_reaches_the_owner(venue, until):
    """A scripted venue that refuses once, in the envelope that the simulator does not use."""
    venue.rest_body = (
        b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",'
        + (
            b'"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.1"}]}]}'
        )
    )
    hosts = Endpoints(venue.rest_url, venue.ws_url, venue.ws_url)
    config = replace(
        QUICK, link=LinkConfig(resubscribe=Backoff(base_ns=20 * MS, cap_ns=20 * MS), scan_every_ns=100 * MS)
    )
    async with staged(None, SPOT, config, hosts) as stage:
        await until(lambda: venue.peers and venue.peers[0].texts)
        venue.peers[0].say('{"error":{"code":2,"msg":"Invalid request"},"id":1}')
        await until(lambda: len(venue.peers[0].texts) == 2)
        assert isinstance(stage.notices[0], SubscriptionRefused)
        venue.peers[0].say('{"result":null,"id":2}')
        await asyncio.sleep(0.05)
        assert stage.session.counters.control_unknown == 0
        assert stage.sink.instruments[0].min_notional == Decimal(0)
