"""A scripted venue on loopback: real sockets, and every misbehaviour of section 8 on demand."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

HTML = b"<html><head><title>403 Forbidden</title></head></html>"


class Peer(WSListener):
    """The server's end of one connection."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.transport: WSTransport | None = None
        self.texts: list[str] = []
        self.pings = 0
        self.pongs: list[bytes] = []
        self.answers_pings = True
        self.answers_close = True
        self.closed = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.texts.append(frame.get_payload_as_utf8_text())
        elif frame.msg_type == WSMsgType.PING:
            self.pings += 1
            if self.answers_pings:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.PONG:
            self.pongs.append(frame.get_payload_as_bytes())
        elif self.answers_close:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()

    def say(self, payload: bytes | str, kind: WSMsgType = WSMsgType.TEXT, **bits: bool) -> None:
        assert self.transport is not None
        self.transport.send(kind, payload, **bits)

    def drop(self) -> None:
        assert self.transport is not None
        self.transport.disconnect(graceful=False)


class ScriptedVenue:
    """WebSocket and REST servers that do what the test says."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.refuses_with: bytes | None = None  # a body instead of a WebSocket
        self.rest_status = 200
        self.rest_headers: dict[str, str] = {}
        self.rest_body = b"{}"
        self.rest_delay_s = 0.0
        self.rest_targets: list[str] = []

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await ws_create_server(
            self._listener, "127.0.0.1", 0, ssl=tls, enable_auto_pong=False, max_frame_size=2**26
        )
        port = self._server.sockets[0].getsockname()[1]
        self.ws_url = f"ws://127.0.0.1:{port}"
        self.wss_url = f"wss://localhost:{port}"
        application = web.Application()
        application.router.add_get("/{path:.*}", self._rest)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.rest_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        for peer in self.peers:
            if not peer.closed.is_set():
                peer.drop()
                await peer.closed.wait()
        self._server.close()
        await self._server.wait_closed()
        await self._runner.cleanup()

    @property
    def live(self) -> list[Peer]:
        return [peer for peer in self.peers if not peer.closed.is_set()]

    def _listener(self, request: WSUpgradeRequest) -> Peer | WSUpgradeResponseWithListener:
        if self.refuses_with is not None:
            response = WSUpgradeResponse.create_error_response(403, self.refuses_with)
            return WSUpgradeResponseWithListener(response, None)
        peer = Peer(request.path.decode())
        self.peers.append(peer)
        return peer

    async def _rest(self, request: web.Request) -> web.Response:
        self.rest_targets.append(request.path_qs)
        await asyncio.sleep(self.rest_delay_s)
        return web.Response(status=self.rest_status, headers=self.rest_headers, body=self.rest_body)


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue()
    await scripted.start()
    yield scripted
    await scripted.stop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "trimaran" in repr(task)], "a task of the platform leaked"


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    async def wait_until(condition: Callable[[], object], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 (the condition is a view of somebody else's state)
                await asyncio.sleep(0.005)

    return wait_until
