"""The bare round trip that an order is compared with: a server that sends every message back at once."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading

import picows
import uvloop


class Echoing(picows.WSListener):
    """Sends back what comes."""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """One message."""
        if frame.msg_type in (picows.WSMsgType.TEXT, picows.WSMsgType.BINARY):
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()


async def serve() -> None:
    """Listens on a free port, answers with it on standard output, and ends when the standard input does."""
    server = await picows.ws_create_server(lambda _: Echoing(), "127.0.0.1", 0)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    reader = threading.Thread(
        target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True
    )
    reader.start()
    os.write(1, json.dumps({"port": server.sockets[0].getsockname()[1]}).encode() + b"\n")
    await ended.wait()
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
