"""What holds for every simulated market, over real sockets: books, ports, faults, maintenance."""

from __future__ import annotations

import asyncio
import random

import aiohttp
import pytest

from tests.support.raw_books import SYMBOLS, assert_equal_to_the_venue, following
from tests.support.simulated import close_code, gather, read, simulated
from trimaran.base.errors import ConfigError
from trimaran.venues.okx.simulator.venue import OkxRules
from trimaran.venues.sim.markets import VENUES

MARKETS = tuple(SYMBOLS)
WAVES = (("binance.spot", "okx.spot", "htx.spot"), ("binance.usdm", "okx.swap", "htx.swap"))
at_once = pytest.mark.parametrize("markets", WAVES, ids=["spot", "perpetual"])
LAX = OkxRules(connections_per_s=0)
OKX_SOCKETS = ("ws", "ws_private", "ws_business", "ws_api")
HTX_SOCKETS = ("ws", "ws_private", "ws_api")


def of(market, **options):
    """A simulator of the venue of a market."""
    return simulated(venues=(market.partition(".")[0],), **{"okx": LAX, **options})


async def each(markets, work, **options):
    """Does something in several markets of one simulator at once; no two of them share a host."""
    async with simulated(**{"okx": LAX, **options}) as client:
        await asyncio.gather(*(work(client, market) for market in markets))


def stream(client, market):
    """URL and first message that lead to the sequenced book stream of a market."""
    symbol = SYMBOLS[market]
    if market.startswith("binance"):
        base = client.base(market, "ws" if market == "binance.spot" else "ws_public")
        name = f"{symbol.lower()}@depth@100ms"
        return f"{base}/ws", {"method": "SUBSCRIBE", "params": [name], "id": 1}
    base = client.base(market, "ws")
    if market.startswith("okx"):
        return f"{base}/ws/v5/public", {"op": "subscribe", "args": [{"channel": "books", "instId": symbol}]}
    if market == "htx.spot":
        return f"{base}/feed", {"sub": f"market.{symbol}.mbp.150", "id": "1"}
    topic = f"market.{symbol}.depth.size_150.high_freq"
    return f"{base}/linear-swap-ws", {"sub": topic, "data_type": "incremental", "id": "1"}


@at_once
async def test_a_book_of_the_wire_equals_the_book_of_the_venue(markets):
    """Two clients, one later: both hold the same chain of changes, and the truth at the end."""
    ready = asyncio.Barrier(len(markets))

    async def work(client, market):
        async with following(client, market) as early:
            await client.until(lambda: early.updates > 9)
            async with following(client, market) as late:
                await client.until(lambda: late.updates > 5)
                await ready.wait()
                await client.post("/pause")
                await assert_equal_to_the_venue(client, market, early)
                await assert_equal_to_the_venue(client, market, late)

    await each(markets, work, rate=4.0)


async def test_all_three_venues_listen_at_fixed_distances_from_the_port_base():
    for _ in range(5):
        base = random.SystemRandom().randrange(20_000, 60_000)
        try:
            async with simulated(port_base=base, symbols=("LTC",)) as client:
                assert tuple(client.urls) == VENUES
                assert client.admin == f"http://127.0.0.1:{base}/admin"
                ports = {
                    (market, kind): int(url.rpartition(":")[2].partition("/")[0]) - base
                    for market in MARKETS
                    for kind, url in client.urls[market.partition(".")[0]][market.partition(".")[2]].items()
                }
                status = await client.look("/status")
            break
        except ConfigError:  # somebody else has one of the ports
            continue
    assert ports == {
        ("binance.spot", "rest"): 0,
        ("binance.spot", "ws"): 1,
        ("binance.spot", "ws_api"): 9,
        ("binance.spot", "ws_private"): 9,
        ("binance.usdm", "rest"): 0,
        ("binance.usdm", "ws_public"): 2,
        ("binance.usdm", "ws_market"): 2,
        ("binance.usdm", "ws_private"): 2,
        ("binance.usdm", "ws_api"): 10,
        ("okx.spot", "rest"): 3,
        ("okx.swap", "rest"): 3,
        ("htx.spot", "rest"): 5,
        ("htx.swap", "rest"): 7,
        **{(market, kind): 4 for market in ("okx.spot", "okx.swap") for kind in OKX_SOCKETS},
        **{("htx.spot", kind): 6 for kind in HTX_SOCKETS},
        **{("htx.swap", kind): 8 for kind in HTX_SOCKETS},
    }
    assert set(status["connections"]) == set(MARKETS)


@at_once
async def test_every_fault_of_frames_is_committed_and_counted(markets):
    plan = {"drop": 0.15, "duplicate": 0.15, "reorder": 0.15, "truncate": 0.15, "garbage": 0.15, "bomb": 0.15}

    async def work(client, market):
        names = {"dropped", "duplicated", "reordered", "truncated", "garbage"}
        if market.startswith("htx"):
            names.add("bombs")
        url, request = stream(client, market)
        async with client.ws(url) as socket:
            await socket.send_json(request)
            await client.post(f"/faults?market={market}", plan)
            frames = []
            for _ in range(40):
                frames += await gather(socket, 0.25)
                counts = (await client.look(f"/faults?market={market}"))["counts"]
                if all(counts[name] for name in names):
                    break
            assert all(counts[name] for name in names), (market, counts)
        broken = 0
        for message in frames:
            try:
                read(message)
            except ValueError:
                broken += 1
        committed = counts["truncated"] + counts["garbage"] + counts["bombs"]
        assert 0 < broken <= committed, market

    await each(markets, work, rate=5.0, seed=188)  # of whose dice each falls within fifteen frames


@at_once
async def test_half_open_connections_say_nothing_but_new_ones_do(markets):
    async def work(client, market):
        url, request = stream(client, market)
        async with client.ws(url, autoping=False) as old:
            await old.send_json(request)
            await client.receive(old)
            await client.post(f"/faults?market={market}", {"half_open": True})
            await gather(old, 0.2)
            assert await gather(old, 0.4) == []
            assert not old.closed
            async with client.ws(url) as new:
                await new.send_json(request)
                await client.collect_until(new, lambda messages: len(messages) > 1)
            await client.post(f"/faults?market={market}", {})
            await client.collect_until(old, lambda messages: messages)

    await each(markets, work)


@at_once
async def test_disconnect_hangs_up_without_a_word(markets):
    async def work(client, market):
        url, request = stream(client, market)
        async with client.ws(url) as socket:
            await socket.send_json(request)
            await client.receive(socket)
            assert (await client.post(f"/disconnect?market={market}"))["connections"] == 1
            assert await close_code(socket) is None

    await each(markets, work)


@at_once
async def test_maintenance_closes_refuses_and_ends(markets):
    async def work(client, market):
        url, request = stream(client, market)
        async with client.ws(url) as socket:
            await socket.send_json(request)
            await client.receive(socket)
            assert (await client.post(f"/maintenance?market={market}&seconds=0.6"))["connections"] == 1
            assert await close_code(socket) == 1001
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await client.ws(url)
        await asyncio.sleep(0.7)
        async with client.ws(url) as socket:
            await socket.send_json(request)
            await client.receive(socket)

    await each(markets, work)


@at_once
async def test_an_instrument_that_disappears_says_nothing_more(markets):
    async def work(client, market):
        url, request = stream(client, market)
        async with client.ws(url) as socket:
            await socket.send_json(request)
            await client.receive(socket)
            symbol = SYMBOLS[market]
            assert (await client.post(f"/delist?market={market}&symbol={symbol}"))["books"] == 1
            assert (await client.post(f"/delist?market={market}&symbol={symbol}"))["books"] == 0
            await gather(socket, 0.2)
            assert await gather(socket, 0.4) == []
        async with client.http.post(client.admin + f"/delist?market={market}&symbol=nope") as answer:
            assert answer.status == 404
        async with client.http.post(client.admin + "/disconnect?market=nope") as answer:
            assert answer.status == 404

    await each(markets, work)


async def test_handles_refuse_what_they_do_not_know():
    async with of("okx.swap") as client:
        for path, status in (
            ("/reset?market=okx.swap&symbol=nope", 404),
            ("/reset?market=nope", 404),
            ("/reset?market=okx.swap&symbol=XRP-USDT-SWAP", 200),
            ("/maintenance?seconds=-1", 400),
        ):
            async with client.http.post(client.admin + path) as answer:
                assert answer.status == status, path
        history = "/history?market=okx.swap&symbol=XRP-USDT-SWAP&since="
        for since, status in (("0", 200), ("%C2%B2", 400), ("-1", 400), ("", 400), ("9" * 21, 400)):
            async with client.http.get(client.admin + history + since) as answer:
                assert answer.status == status, since
