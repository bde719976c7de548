"""Our end of the socket benchmark, one frame in flight: answers a frame at once, or after the decision."""

from __future__ import annotations

import asyncio
import time

import picows
import uvloop
from measuring import Feed, Recording, Reply, Side
from trimaran_markets import MARKETS, make_loop

from trimaran.domain.answer import BookStatus
from trimaran.domain.events import FeedUp, Frame, SnapshotBody
from trimaran.native._hot import Hot

REPLY = b"decided."


class Decider(picows.WSListener):
    """Answers each frame: text after the decision of our hot state, binary at once."""

    def __init__(self, on_frame: Feed) -> None:
        self.on_frame = on_frame
        self.transport: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Keeps the transport for the replies."""
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """The payload is a borrowed view of the receive buffer; the hot state keeps nothing of it."""
        if frame.msg_type == picows.WSMsgType.TEXT:
            self.on_frame(frame.get_payload_as_memoryview(), time.time_ns())
        transport.send(picows.WSMsgType.BINARY, REPLY)


def decide(side: Side, recording: Recording, port: int) -> Reply:
    """Connects to the frame server and answers until it closes.

    Raises:
        RuntimeError: a book is not live at the end, so the run did not measure what it says.
    """
    hot = Hot()
    feed = step_feed(hot, recording)

    async def session() -> None:
        transport, _ = await picows.ws_connect(lambda: Decider(feed), f"ws://127.0.0.1:{port}/")
        await transport.wait_disconnected()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(session())
    statuses = [hot.status(book) for book in range(2)]
    if statuses != [BookStatus.LIVE] * 2:
        raise RuntimeError(f"expected live books after the run, found statuses {statuses}")
    return {}


def step_feed(hot: Hot, recording: Recording) -> Feed:
    """The whole step around the same two books as the side's, as a live desk pushes it."""
    kind = MARKETS["binance.spot"]
    loop = make_loop(hot, [("still", kind), ("moving", kind)], ["BTC"])
    desk = loop.desk
    still, moving = desk.markets.values()
    for market in (still, moving):
        loop.push(FeedUp(market, 0))
    for payload, early_ns in recording.early:
        loop.push(Frame(moving, payload, early_ns))
    for book in desk.books.values():
        loop.push(SnapshotBody(book, *recording.snapshot))
    return lambda payload, local_ns: loop.push(Frame(moving, payload, local_ns))
