"""What only Binance does, on real sockets: combined frames, old snapshots, ages, the split routes of USD-M.

Session, shell and native books together, over the simulator, then a scripted venue. What holds for every
market is in `tests/venues/acceptance`.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial

import pytest
import uvloop
from msgspec.structs import replace

from tests.support.market_stage import MS, QUICK, bases_of, staged
from trimaran.venues.registry import MARKETS
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.link import LinkConfig
from trimaran.venues.wire.session_port import NoData, SnapshotTrouble, SubscriptionRefused, Switched

SPOT, USDM = MARKETS["binance.spot"], MARKETS["binance.usdm"]


def with_session(entry, **changes):
    """The same market, some of whose numbers are other ones."""
    return replace(entry, spec=replace(entry.spec, session=replace(entry.spec.session, **changes)))


# Frames come wrapped with their stream's name on the combined path.
wrapped = partial(with_session, book_path="/stream", trade_path="/stream")


def simulated(**options):
    return simulating(SimulatorOptions(venues=("binance",), symbols=("BTCUSDT", "ETHUSDT"), **options))


@pytest.mark.parametrize("entry", [SPOT, USDM])
async def test_books_from_wrapped_frames_equal_the_venue(entry):
    async with simulated() as simulator, staged(simulator, wrapped(entry)) as stage:
        await stage.until(stage.sink.live)
        await asyncio.sleep(0.3)
        await stage.books_agree()
        assert stage.session.counters.decode_errors == 0
        assert stage.session.counters.control_unknown == 0
        assert stage.notices == []


async def test_old_snapshots_and_html_are_asked_for_again():
    async with simulated() as simulator:
        simulator.set_faults(FaultPlan(stale_snapshots=3))
        await asyncio.sleep(0.5)  # the market moves on from what the snapshots will say
        async with staged(simulator, USDM) as stage:
            counters = stage.session.counters
            await stage.until(stage.sink.live)
            assert counters.snapshots_too_old >= 3
            simulator.set_faults(FaultPlan(html_answers=2))
            simulator.end_connections(USDM.name)
            await stage.until(lambda: counters.snapshot_errors == 2)
            await stage.until(stage.sink.live)
            troubles = [notice for notice in stage.notices if isinstance(notice, SnapshotTrouble)]
            assert len(troubles) == 2
            assert "expected JSON" in troubles[0].reason
            await stage.books_agree()


async def test_a_shutdown_notice_that_is_wrapped_is_followed_without_a_break():
    async with simulated() as simulator, staged(simulator, wrapped(USDM)) as stage:
        await stage.until(stage.sink.live)
        never_down = []
        simulator.end_connections(USDM.name, 3.0)
        for _ in range(350):
            await asyncio.sleep(0.01)
            never_down.append(stage.sink.live())
        assert all(never_down)
        assert stage.sink.downs == []
        assert len([notice for notice in stage.notices if isinstance(notice, Switched)]) == 2
        assert sum(stage.sink.hot.counters(book)[1] for book in stage.sink.index.values()) > 0  # overlap
        await stage.books_agree()


async def test_an_aged_connection_is_replaced_without_a_break():
    async with simulated() as simulator:
        config = replace(QUICK, age_margin_ns=SPOT.spec.session.connection_age_ns_max - 700 * MS)
        async with staged(simulator, SPOT, config) as stage:
            await stage.until(stage.sink.live)
            await stage.until(lambda: stage.session.counters.switches >= 2)
            assert stage.sink.downs == []
            await stage.books_agree()


async def test_trades_on_the_wrong_route_raise_the_alarm():
    """USD-M acknowledges aggTrade on the book route, and then says nothing."""
    streams = tuple(replace(each, class_silence_ns_max=2_500 * MS) for each in USDM.spec.session.streams)
    hasty = with_session(USDM, streams=streams)
    async with simulated() as simulator:
        bases = bases_of(simulator, USDM.name)
        wrong = {**bases, "ws_market": bases["ws_public"]}
        async with staged(simulator, hasty, bases=wrong) as stage:
            await stage.until(lambda: stage.notices)
            (alarm,) = stage.notices
            assert isinstance(alarm, NoData)
            assert alarm.stream == "*@aggTrade"
            assert stage.sink.live()


def test_the_same_on_uvloop():
    async def scenario():
        async with simulated() as simulator, staged(simulator, SPOT) as stage:
            await stage.until(stage.sink.live)
            simulator.end_connections(SPOT.name)
            await stage.until(lambda: stage.sink.downs)
            await stage.until(stage.sink.live)
            await stage.books_agree()

    uvloop.run(scenario())


async def test_a_refused_subscription_reaches_the_owner(venue, until):
    """A scripted venue that refuses once, in the envelope that the simulator does not use."""
    venue.rest_body = (
        b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",'
        + (
            b'"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.1"}]}]}'
        )
    )
    bases = {"rest": venue.rest_url, "ws": venue.ws_url}
    config = replace(
        QUICK, link=LinkConfig(resubscribe=Backoff(base_ns=20 * MS, cap_ns=20 * MS), scan_every_ns=100 * MS)
    )
    async with staged(None, SPOT, config, bases=bases, symbols=["BTCUSDT"]) as stage:
        await until(lambda: venue.peers and venue.peers[0].texts)
        venue.peers[0].say('{"error":{"code":2,"msg":"Invalid request"},"id":1}')
        await until(lambda: len(venue.peers[0].texts) == 2)
        assert isinstance(stage.notices[0], SubscriptionRefused)
        venue.peers[0].say('{"result":null,"id":2}')
        await asyncio.sleep(0.05)
        assert stage.session.counters.control_unknown == 0
        assert stage.sink.instruments["BTCUSDT"].min_notional == Decimal(0)
