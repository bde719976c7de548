"""The other end of the socket benchmark: sends one frame, waits for the reply, measures the round trip.

Every frame goes out twice over the same connection: as a binary message, which the client answers at once
(the bare round trip), and as a text message, which it answers after its decision. The two kinds alternate, so
that both see the same machine in the same minute. One frame is in flight at a time.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from array import array

import picows
import uvloop
from measuring import Recording, Reply, percentiles_us, settle

WARM_UP = 2_000  # round trips of each kind before the first that counts


class Pacer(picows.WSListener):
    """Sends the next frame when the reply to the last has come."""

    def __init__(self, payloads: list[bytes], done: asyncio.Event) -> None:
        self.payloads = payloads
        self.done = done
        self.costs = {True: array("q"), False: array("q")}
        self.index = 0
        self.decided = False  # what the frame in flight asks for
        self.sent_ns = 0

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """The client speaks first by connecting."""
        self._send(transport)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Takes the time, then sends the other kind, or the next payload."""
        cost = time.perf_counter_ns() - self.sent_ns
        if self.index >= WARM_UP:
            self.costs[self.decided].append(cost)
        self.index += self.decided
        self.decided = not self.decided
        if self.index < len(self.payloads):
            self._send(transport)
        else:
            transport.disconnect()
            self.done.set()

    def _send(self, transport: picows.WSTransport) -> None:
        kind = picows.WSMsgType.TEXT if self.decided else picows.WSMsgType.BINARY
        self.sent_ns = time.perf_counter_ns()
        transport.send(kind, self.payloads[self.index])


async def measure(payloads: list[bytes], replies: int) -> Reply:
    """Listens on a free port, tells it to the parent, and serves one client."""
    done = asyncio.Event()
    pacer = Pacer(payloads, done)
    server = await picows.ws_create_server(lambda _: pacer, "127.0.0.1", 0)
    os.write(replies, json.dumps({"port": server.sockets[0].getsockname()[1]}).encode() + b"\n")
    await done.wait()
    server.close()
    bare, decided = percentiles_us(pacer.costs[False], 0), percentiles_us(pacer.costs[True], 0)
    counted = {"counted": len(pacer.costs[True])}
    return counted | decided | {f"{rank}_bare": cost for rank, cost in bare.items()}


def main() -> None:
    """One measurement a line of standard input: `{"path": ...}`; answers the port, then the figures."""
    replies = os.dup(1)
    sys.stdout = sys.stderr
    for line in sys.stdin:
        recording = Recording(json.loads(line)["path"], bytes)
        payloads = [payload for payload, _ in recording.frames]
        settle()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(measure(payloads, replies))
        os.write(replies, json.dumps(figures).encode() + b"\n")


if __name__ == "__main__":
    main()
