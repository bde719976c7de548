"""Faults of the simulated Binance on demand, and the life of its process."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys

import aiohttp

from trimaran.venues.sim.faults import FaultPlan


async def test_frame_faults(client):
    async with client.ws(f"{client.public}/ws/btcusdt@depth@0ms") as socket:
        await client.post("/faults", {"drop": 0.15, "duplicate": 0.15, "reorder": 0.15, "truncate": 0.15})
        texts = [await socket.receive_str(timeout=5) for _ in range(150)]
        answer = await client.post("/faults", {})
    assert answer["plan"]["drop"] == 0
    for name in ("dropped", "duplicated", "reordered", "truncated"):
        assert answer["counts"][name] > 0
    broken, events = 0, []
    for text in texts:
        try:
            events.append(json.loads(text))
        except json.JSONDecodeError:
            broken += 1
    gaps = sum(after["pu"] != before["u"] for before, after in itertools.pairwise(events))
    assert broken > 0
    assert gaps > 0


async def test_stale_snapshots_and_web_pages(client):
    path = "/api/v3/depth?symbol=BTCUSDT&limit=1000"
    await client.post("/faults", {"stale_snapshots": 2})
    async with client.ws(f"{client.spot}/ws/btcusdt@depth@100ms") as socket:
        await client.receive(socket)
        event = await client.receive(socket)
        ids = [(await client.get(path))[1]["lastUpdateId"] for _ in range(3)]
    assert ids[0] == ids[1] < event["U"] - 1 < ids[2]
    await client.post("/faults", {"html_answers": 1})
    async with client.http.get(client.rest + path) as answer:
        assert answer.content_type == "text/html"
    assert (await client.get(path))[0] == 200


async def test_half_open_connections_say_nothing_but_new_ones_do(client):
    url = f"{client.spot}/ws/btcusdt@bookTicker"
    async with client.ws(url, autoping=False) as old:
        await client.receive(old)
        await client.post("/faults", {"half_open": True})
        await client.collect(old, 0.2)
        await old.ping()
        assert await client.collect(old, 0.4) == []
        assert not old.closed
        async with client.ws(url) as new:
            await client.receive(new)
        await client.post("/faults", {})
        await client.collect_until(old, lambda messages: messages)


async def test_disconnect_and_shutdown_notice(client):
    async with client.ws(f"{client.spot}/ws") as raw, client.ws(f"{client.spot}/stream?streams=") as combined:
        async with client.http.post(f"{client.admin}/shutdown-notice?seconds=0.3") as answer:
            assert (await answer.json())["connections"] == 2
        notice = await client.receive(raw)
        assert notice["e"] == "serverShutdown"
        assert (await client.receive(combined))["stream"] == "!serverShutdown"
        assert (await raw.receive(timeout=2)).type == aiohttp.WSMsgType.CLOSE
    async with client.ws(f"{client.spot}/ws") as socket:
        assert (await client.post("/disconnect"))["connections"] == 1
        assert (await socket.receive(timeout=2)).type in (
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.ERROR,
        )


async def test_admin_refuses_bad_plans(client):
    assert "error" in await client.post("/faults", {"drop": 7})
    assert "error" in await client.post("/faults", {"typo": 1})
    assert all(each.plan == FaultPlan() for each in client.simulator.faults.values())


async def test_serve_prints_one_line_and_ends_on_sigterm():
    code = (
        "import asyncio\n"
        "from trimaran.venues.simulators import SimulatorOptions, serve\n"
        "asyncio.run(serve(SimulatorOptions(venues=('binance',), symbols=('LTCUSDT',))))\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    urls = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    assert set(urls) == {"venues", "admin", "seed", "accounts"}
    async with aiohttp.ClientSession() as http, http.get(urls["admin"] + "/status") as answer:
        assert (await answer.json())["symbols"] == ["LTCUSDT"]
    process.send_signal(signal.SIGTERM)
    rest = await asyncio.wait_for(process.stdout.read(), 10)
    assert (await process.wait(), rest) == (0, b"")
