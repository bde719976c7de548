"""A client in a process of its own: REST and WebSocket by a proxy, or straight; prints what came of it."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

from trimaran.base.errors import VenueError
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.message import HttpRequest
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.websocket import (
    WebSocket,
    WebSocketCounters,
    WebSocketOptions,
    open_websocket,
)


class Echo:
    """Says one thing and waits for it."""

    def __init__(self) -> None:
        self.socket: WebSocket | None = None
        self.heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_opened(self, socket: WebSocket) -> None:
        self.socket = socket
        socket.send_text("hello")

    def on_message(self, payload: memoryview, local_ns: int) -> None:
        self.heard.set_result(bytes(payload).decode())

    def on_alive(self) -> None:
        pass

    def on_closed(self, reason: str) -> None:
        if not self.heard.done():
            self.heard.set_result(f"closed: {reason}")


async def rest(authority: str, proxy: str | None, context: ssl.SSLContext | None) -> str:
    """The body of an answer, or the error's text."""
    options = RestOptions(proxy=proxy, ssl_context=context, total_s_max=3.0, connect_s_max=2.0)
    async with RestClient(SystemClock(), options) as client:
        try:
            reply = await client.send(HttpRequest("POST", f"https://{authority}/x?a=%2B", body=b"1"))
        except VenueError as error:
            return f"failed: {error}"
        return reply.body.decode()


async def websocket(authority: str, proxy: str | None, context: ssl.SSLContext | None) -> str:
    """The echo, or the error's text."""
    echo, options = Echo(), WebSocketOptions(proxy=proxy, ssl_context=context, connect_s_max=2.0)
    try:
        await open_websocket(f"wss://{authority}/ws", echo, SystemClock(), options, WebSocketCounters())
    except VenueError as error:
        return f"failed: {error}"
    async with asyncio.timeout(3.0):
        heard = await echo.heard
    assert echo.socket is not None
    await echo.socket.close()
    return heard


async def both(authority: str, proxy: str | None, context: ssl.SSLContext | None) -> list[str]:
    """REST, then WebSocket."""
    return [await rest(authority, proxy, context), await websocket(authority, proxy, context)]


if __name__ == "__main__":
    place, certificate, way = sys.argv[1:]
    trusting = ssl.create_default_context(cafile=certificate)
    print(json.dumps(asyncio.run(both(place, way or None, trusting))))
