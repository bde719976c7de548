"""Orders over a bare connection: texts that were prepared before, and no adapter around them.

The adapter's wording logs in and answers pings. Between a text and its acknowledgement there is nothing but
picows and one JSON decoder, so what this takes is the kernel's and the venue's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
import picows

from trimaran.venues.wire.inflate import inflate
from trimaran.venues.wire.lines import LineDialogue, LinePing, LoggedIn
from trimaran.venues.wire.message import Stamp

LOGIN_ID = 900_000_001
LOGIN_S_MAX = 10
SHOWN = 300  # bytes of a refusal
DONE = (200, "0", "ok")  # status or code of a success, by venue
Prepared = tuple[str, str]  # request id and text


class Reply(msgspec.Struct):
    """What a reply says: which request it answers, and whether it was taken."""

    id: str | int | None = None
    cid: str | int | None = None
    status: str | int | None = None
    code: str | int | None = None


REPLIES = msgspec.json.Decoder(Reply)


class RawLine(picows.WSListener):
    """One connection. `on_reply` is told the id of a request, whether it was taken, and when that came."""

    def __init__(
        self, dialogue: LineDialogue, compressed: bool, on_reply: Callable[[str, bool, int], None]
    ) -> None:
        self.ready = asyncio.Event()
        self.transport: picows.WSTransport | None = None
        self.on_reply = on_reply
        self.refusal = ""  # the first one, for people
        self._dialogue = dialogue
        self._compressed = compressed

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Logs in, where the requests do not sign themselves."""
        self.transport = transport
        text = self._dialogue.login(LOGIN_ID, Stamp(time.time_ns()))
        if text is None:
            self.ready.set()
        else:
            self.send(text)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """A reply, or something else that has no id."""
        came_ns = time.perf_counter_ns()
        payload = frame.get_payload_as_memoryview()
        text = inflate(payload) if self._compressed else bytes(payload)
        if not self.ready.is_set():
            said = self._dialogue.read(text, 0)
            if any(isinstance(message, LoggedIn) for message in said):
                self.ready.set()
            return
        reply = REPLIES.decode(text)
        name = reply.id if reply.cid is None else reply.cid
        if name is None:
            for message in self._dialogue.read(text, 0):
                if isinstance(message, LinePing):
                    self.send(message.reply_text)
            return
        taken = reply.status in DONE or reply.code in DONE
        self.refusal = self.refusal or ("" if taken else text[:SHOWN].decode())
        self.on_reply(str(name), taken, came_ns)

    def send(self, text: str) -> None:
        """One text."""
        assert self.transport is not None
        self.transport.send(picows.WSMsgType.TEXT, text.encode())


async def open_raw(
    url: str, dialogue: LineDialogue, compressed: bool, on_reply: Callable[[str, bool, int], None]
) -> RawLine:
    """A connection that takes orders."""
    _, line = await picows.ws_connect(lambda: RawLine(dialogue, compressed, on_reply), url)
    async with asyncio.timeout(LOGIN_S_MAX):
        await line.ready.wait()
    return line


class OneByOne:
    """One text in flight on a connection."""

    def __init__(self) -> None:
        self.line: RawLine | None = None
        self._answered: asyncio.Future[tuple[bool, int]] | None = None

    def on_reply(self, name: str, taken: bool, came_ns: int) -> None:
        """The reply."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((taken, came_ns))

    async def ask(self, prepared: Prepared) -> int:
        """Nanoseconds until the reply. Raises RuntimeError for a refusal."""
        assert self.line is not None
        self._answered = asyncio.get_running_loop().create_future()
        start = time.perf_counter_ns()
        self.line.send(prepared[1])
        taken, came_ns = await self._answered
        if not taken:
            raise RuntimeError(f"expected a request that is taken, found refused: {prepared[1]}")
        return came_ns - start


class Load:
    """As many requests in flight on one connection as its window has room for."""

    def __init__(self, texts: Sequence[Prepared], window: int) -> None:
        self.line: RawLine | None = None
        self.costs: list[int] = []
        self.refused = 0
        self.done = asyncio.Event()
        self._waiting = iter(texts)
        self._left = len(texts)
        self._window = window
        self._sent_ns: dict[str, int] = {}

    def begin(self) -> None:
        """Fills the window."""
        for _ in range(self._window):
            self._next()

    def on_reply(self, name: str, taken: bool, came_ns: int) -> None:
        """One reply makes room for one request."""
        self.costs.append(came_ns - self._sent_ns.pop(name))
        self.refused += not taken
        self._left -= 1
        if self._left:
            self._next()
        else:
            self.done.set()

    def _next(self) -> None:
        assert self.line is not None
        for name, text in self._waiting:
            self._sent_ns[name] = time.perf_counter_ns()
            self.line.send(text)
            return
