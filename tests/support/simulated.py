"""A running simulator and a client of it, over real sockets; and one of its books in virtual time.

How often a venue speaks is tested in virtual time. Over sockets a test waits until enough has come, with a
bound that even a busy machine keeps, and never counts what came within some seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulating, simulator_of

DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
SECONDS_MAX = 20.0  # for what comes within a second or two
MS = 1_000_000
LIVED_NS = 200 * MS


class Client:
    """A simulator and an HTTP session."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.http = http
        urls = simulator.urls()
        self.urls: dict[str, dict[str, dict[str, str]]] = urls["venues"]
        self.admin: str = urls["admin"]

    def base(self, market: str, kind: str) -> str:
        """A base URL of a market, as `okx.swap`."""
        venue, _, name = market.partition(".")
        return self.urls[venue][name][kind]

    async def fetch(self, url: str) -> tuple[int, Any, Any]:
        """Status, body and headers of a REST answer."""
        async with self.http.get(url) as answer:
            return answer.status, json.loads(await answer.text()), answer.headers

    async def look(self, path: str) -> Any:
        """An answer of the admin handles."""
        async with self.http.get(self.admin + path) as answer:
            return await answer.json()

    async def post(self, path: str, body: object = None) -> Any:
        """Turns an admin handle."""
        async with self.http.post(self.admin + path, json=body) as answer:
            return await answer.json()

    def ws(self, url: str, **options: Any) -> Any:
        """Opens a WebSocket."""
        return self.http.ws_connect(url, max_msg_size=0, **options)

    @staticmethod
    async def receive(socket: Any, seconds: float = 5.0) -> Any:
        """The next message, inflated when it is binary; text that is not JSON as it is."""
        return read(await socket.receive(timeout=seconds))

    async def until(self, condition: Callable[[], object], seconds: float = SECONDS_MAX) -> None:
        """Waits until something is so."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
                await asyncio.sleep(0.01)

    async def traded(self, trades: int = 1) -> None:
        """Lets the market live, without waiting for it, until every book has had so many trades."""
        stage, world = self.simulator.stage, self.simulator.world
        while not all(book.trade_count() >= trades for book in world.books.values()):
            world.advance(world.now_ns + LIVED_NS)
            stage.lost_ns -= LIVED_NS
        await asyncio.sleep(4 * self.simulator.options.turn_s)  # and the venues tell of it

    @staticmethod
    async def collect_until(
        socket: Any, enough: Callable[[list[Any]], object], seconds: float = SECONDS_MAX
    ) -> list[Any]:
        """All messages until there are enough; pings in the data are answered and left out."""
        messages: list[Any] = []
        async with asyncio.timeout(seconds):
            while not enough(messages):
                message = read(await socket.receive())
                if isinstance(message, dict) and "ping" in message:
                    await socket.send_json({"pong": message["ping"]})
                else:
                    messages.append(message)
        return messages

    @staticmethod
    async def collect(socket: Any, seconds: float) -> list[Any]:
        """All messages of the next seconds, or until the connection ends."""
        return [read(message) for message in await gather(socket, seconds)]


async def gather(socket: Any, seconds: float) -> list[aiohttp.WSMessage]:
    """All data frames of the next seconds as they came, or until the connection ends."""
    messages: list[aiohttp.WSMessage] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (message := await socket.receive()).type in DATA:
                messages.append(message)
    return messages


async def close_code(socket: Any, seconds: float = 3.0) -> int | None:
    """Reads to the end of a connection: the code of the close frame, None when there was none."""
    while (message := await socket.receive(timeout=seconds)).type in DATA:
        pass
    return int(message.data) if message.type == aiohttp.WSMsgType.CLOSE else None


def read(message: aiohttp.WSMessage) -> Any:
    """A data frame as JSON; `pong` as it is. Raises ValueError for garbage."""
    assert message.type in DATA, message
    if message.type == aiohttp.WSMsgType.BINARY:
        return json.loads(inflated(message.data))
    return message.data if message.data == "pong" else json.loads(message.data)


def inflated(payload: bytes) -> bytes:
    """What a gzip member holds. Raises ValueError for garbage and bombs."""
    inflater = zlib.decompressobj(31)
    try:
        text = inflater.decompress(payload, 2**22)
    except zlib.error as error:
        raise ValueError("not gzip") from error
    if not inflater.eof:
        raise ValueError("truncated, or a bomb")
    return text


class VirtualFeed:
    """One book of a simulator that does not run: the market moves, and time passes, as the test says."""

    def __init__(self, market: str, symbol: str, **options: Any) -> None:
        venue = market.partition(".")[0]
        self.simulator = simulator_of(SimulatorOptions(venues=(venue,), symbols=("BTC", "XRP"), **options))
        feed = self.simulator.feed_of(market, symbol)
        assert feed is not None
        self.feed: Any = feed
        self.book = feed.book
        self.faults = next(each for name, each in self.simulator.faults.items() if name == market)
        self.now_ns = self.begin_ns = self.simulator.world.now_ns
        self.pass_time(0.0)

    def pass_time(self, seconds: float, moving: bool = True, step_ms: int = 5) -> None:
        """Time passes in steps, and with it, while it is moving, the market."""
        end_ns = self.now_ns + round(seconds * 1000) * MS
        while True:
            if moving:
                self.simulator.world.advance(self.now_ns)
            self.feed.pump(Moment(self.now_ns, self.now_ns // MS, 0))
            if self.now_ns >= end_ns:
                return
            self.now_ns = min(self.now_ns + step_ms * MS, end_ns)


class Listener:
    """A subscriber of a virtual feed; keeps what it is sent with the milliseconds since the start."""

    def __init__(self, virtual: VirtualFeed) -> None:
        self._virtual = virtual
        self.heard: list[tuple[int, Any]] = []

    def send(self, payload: bytes, fraction: float) -> None:
        """Keeps a message."""
        text = inflated(payload) if payload[:2] == b"\x1f\x8b" else payload
        self.heard.append(((self._virtual.now_ns - self._virtual.begin_ns) // MS, json.loads(text)))

    @property
    def messages(self) -> list[Any]:
        """What was sent."""
        return [message for _, message in self.heard]

    @property
    def times_ms(self) -> list[int]:
        """When."""
        return [at_ms for at_ms, _ in self.heard]


@contextlib.asynccontextmanager
async def simulated(**options: Any) -> AsyncIterator[Client]:
    """A client of a simulator of two symbols at twice the usual rate, unless told otherwise."""
    options = {"symbols": ("BTC", "XRP"), "rate": 2.0, **options}
    async with simulating(SimulatorOptions(**options)) as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)
