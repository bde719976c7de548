"""Laws of the simulated network: byte order, faults, and the real libraries on top of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulation.connection import NetworkFaults
from simulation.loop import SimLoop
from simulation.process import Process
from simulation.stage import run_story


class Ear(asyncio.Protocol):
    """Hears."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.pieces = 0
        self.lost: list[Exception | None] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        self.pieces += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


Story = Callable[[SimLoop, Ear, Ear], Coroutine[Any, Any, None]]


def connected(story: Story, faults: NetworkFaults | None = None, seed: int = 1) -> SimLoop:
    """Runs a story of a client and a server that are connected, under faults from then on."""
    loop = SimLoop(seed)

    async def whole() -> None:
        client, server = Ear(), Ear()
        listener = await loop.create_server(lambda: server, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        await loop.create_connection(lambda: client, "venue.test", port)
        await asyncio.sleep(0.1)
        loop.network.faults = faults or NetworkFaults()
        await story(loop, client, server)

    run_story(loop, seed, whole(), [])
    return loop


@pytest.mark.parametrize("seed", range(20))
def test_bytes_keep_their_order_whatever_delays_and_splits_them(seed: int) -> None:
    sent = bytes(range(256)) * 8

    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        for at in range(0, len(sent), 16):
            client.transport.write(sent[at : at + 16])
            await asyncio.sleep(0.0005)
        await asyncio.sleep(60)
        assert server.heard == sent

    connected(story, NetworkFaults(0.01, 0.05, split=0.3, stall=0.05, stall_s=3), seed)


def test_a_close_comes_after_what_was_sent_before() -> None:
    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        client.transport.write(b"last words")
        client.transport.close()
        client.transport.write(b"too late")
        await asyncio.sleep(1)
        assert server.heard == b"last words"
        assert client.lost == server.lost == [None]

    connected(story)


def test_a_reset_ends_in_the_middle_of_a_message() -> None:
    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        client.transport.write(bytes(100))
        await asyncio.sleep(1)
        assert len(server.heard) < 100
        assert isinstance(server.lost[0], ConnectionResetError)
        assert isinstance(client.lost[0], ConnectionResetError)

    assert connected(story, NetworkFaults(reset=1.0)).network.counts["reset"] == 1


def test_half_open_says_nothing_to_anybody() -> None:
    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        for _ in range(10):
            client.transport.write(b"is anybody there")
            await asyncio.sleep(10)
        client.transport.close()
        await asyncio.sleep(10)
        assert server.heard == b""
        assert server.lost == []

    connected(story, NetworkFaults(vanish=1.0))


def test_a_refused_connect_and_a_name_that_is_not_found() -> None:
    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        loop.network.faults = NetworkFaults(refuse=1.0)
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Ear, "venue.test", 20_001)
        loop.network.faults = NetworkFaults(no_name=1.0)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("venue.test", 443)
        loop.network.faults = NetworkFaults(unanswered=1.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await loop.create_connection(Ear, "venue.test", 20_001)

    connected(story)


@pytest.mark.parametrize("told", [True, False])
def test_peers_of_a_dead_process_see_a_reset_or_after_a_power_cut_nothing(told: bool) -> None:
    loop = SimLoop(1)

    async def whole() -> None:
        server, client = Ear(), Ear()
        listener = await loop.create_server(lambda: server, "127.0.0.1", 0)
        desk = Process("desk")
        port = listener.sockets[0].getsockname()[1]
        await desk.spawn(loop.create_connection(lambda: client, "venue.test", port))
        await asyncio.sleep(1)
        desk.kill()
        loop.network.end_of(desk, told=told)
        server.transport.write(b"hello")
        await asyncio.sleep(5)
        assert client.heard == b""
        assert [type(error) for error in server.lost] == ([ConnectionResetError] if told else [])

    run_story(loop, 1, whole(), [])


def test_a_reader_that_pauses_gets_everything_when_it_resumes() -> None:
    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        server.transport.pause_reading()
        client.transport.write(b"one")
        await asyncio.sleep(1)
        assert server.heard == b""
        server.transport.resume_reading()
        client.transport.write(b"two")
        await asyncio.sleep(1)
        assert server.heard == b"onetwo"

    connected(story)


def test_a_taken_port_is_refused() -> None:
    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        with pytest.raises(OSError, match="in use"):
            await loop.create_server(Ear, "127.0.0.1", 20_001)

    connected(story)


def test_sockets_are_the_machines_own_again_afterwards() -> None:
    before = socket.socket

    async def story(loop: SimLoop, client: Ear, server: Ear) -> None:
        assert socket.socket is not before

    connected(story)
    assert socket.socket is before
