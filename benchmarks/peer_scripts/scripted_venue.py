"""The other end of the trading benchmarks: two books, and an order line that answers at once.

Nothing is matched and nothing is kept, so that what is measured is the desk. Whatever else the desk asks
over REST is asked of a simulator behind it: instruments, keys, balances, open orders, which are none. Both
books are still, but for their ids and a size, until a tick is marked: then the perpetual is offered below
what spot bids, by more than all fees, until an order has come.

One line of standard input is one request, and one line of standard output its answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from array import array
from collections.abc import Mapping
from typing import Any

import aiohttp
import picows
import uvloop
import yarl
from aiohttp import web
from measuring import Reply, percentiles_us, settle

SYMBOL = "BTCUSDT"
LEVELS = 50  # a side
EVERY_S = 0.1  # a depth frame
PRICE = 60_000
MARK = -600  # of the price, when a tick is marked: a hundredth
MARKS = 50  # prices, one after another
WAIT_NS_MAX = 2_000_000_000
ECHO, ORDERS, SPOT, USDM = "/echo", "/orders", "/spot", "/usdm"
DEPTHS = {"/api/v3/depth": SPOT, "/fapi/v1/depth": USDM}
HOP = ("host", "content-length", "transfer-encoding", "connection", "content-encoding")


class Book:
    """One market's stream."""

    def __init__(self, spot: bool) -> None:
        self.spot = spot
        self.update_id = self.depth_id = 1_000
        self.watchers: list[picows.WSTransport] = []

    def levels(self, size: str) -> dict[str, list[tuple[str, str]]]:
        """The side that is bought from begins a tenth above the price."""
        offers = [(f"{PRICE + 0.1 * (number + 1):.1f}", "5.000") for number in range(LEVELS)]
        bids = [(f"{PRICE - 0.1 * number:.1f}", size if number == 0 else "5.000") for number in range(LEVELS)]
        return {"bids": bids, "asks": offers}

    def snapshot(self) -> dict[str, Any]:
        """The body of the REST depth."""
        now = time.time_ns() // 1_000_000
        times = {} if self.spot else {"E": now, "T": now}
        return {"lastUpdateId": self.depth_id} | times | self.levels("5.000")

    def depth(self) -> bytes:
        """The size of the best bid has changed."""
        previous, self.update_id = self.depth_id, self.update_id + 1
        self.depth_id = self.update_id
        now = time.time_ns() // 1_000_000
        head: dict[str, Any] = {"e": "depthUpdate", "E": now, "s": SYMBOL}
        ids: dict[str, Any] = {"U": previous + 1, "u": self.update_id}
        if not self.spot:
            ids = {"T": now} | ids | {"pu": previous}
        size = f"5.{self.update_id % 1000:03d}"
        return json.dumps(head | ids | {"b": [(f"{PRICE:.1f}", size)], "a": []}).encode()

    def ticker(self, shift: float) -> bytes:
        """Best bid and offer."""
        self.update_id += 1
        now = time.time_ns() // 1_000_000
        head: dict[str, Any] = {} if self.spot else {"e": "bookTicker", "E": now, "T": now}
        price = PRICE + shift
        body = {
            "u": self.update_id,
            "s": SYMBOL,
            "b": f"{price:.1f}",
            "B": "5.000",
            "a": f"{price + 0.1:.1f}",
        }
        return json.dumps(head | body | {"A": "5.000"}).encode()

    def send(self, payload: bytes) -> None:
        """To whoever watches."""
        for watcher in self.watchers:
            watcher.send(picows.WSMsgType.TEXT, payload)


class Line(picows.WSListener):
    """One connection."""

    def __init__(self, venue: Venue, path: str) -> None:
        self.venue = venue
        self.path = path

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """An echo is told of as it is: it says nothing first."""
        if self.path.startswith(ECHO):
            self.venue.echo = transport

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        """Nobody watches here any more."""
        for book in self.venue.books.values():
            if transport in book.watchers:
                book.watchers.remove(transport)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Orders first: they are what is measured."""
        if frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type != picows.WSMsgType.TEXT:
            return
        elif self.path.startswith(ECHO):
            self.venue.came()
        elif self.path.startswith(ORDERS):
            self._order(transport, frame.get_payload_as_bytes())
        else:
            self._subscribe(transport, json.loads(frame.get_payload_as_bytes()))

    def _order(self, transport: picows.WSTransport, payload: bytes) -> None:
        request = json.loads(payload)
        order = request["params"]
        if "newClientOrderId" not in order:  # a login, which every key passes
            reply = json.dumps({"id": request["id"], "status": 200, "result": {}})
            transport.send(picows.WSMsgType.TEXT, reply.encode())
            return
        self.venue.came()
        self.venue.restore()
        self.venue.orders += 1
        now = time.time_ns() // 1_000_000
        reply = ANSWER % (request["id"], self.venue.orders, order["newClientOrderId"], order["side"],
                          order.get("price", "0"), order["quantity"], now)  # fmt: skip
        transport.send(picows.WSMsgType.TEXT, reply.encode())

    def _subscribe(self, transport: picows.WSTransport, request: Mapping[str, Any]) -> None:
        transport.send(picows.WSMsgType.TEXT, json.dumps({"result": None, "id": request["id"]}).encode())
        name = SPOT if self.path.startswith(SPOT) else USDM
        book = self.venue.books[name]
        if "rade" not in json.dumps(request["params"]) or self.path.startswith(SPOT):
            book.watchers = [each for each in book.watchers if each is not transport] + [transport]


ANSWER = (
    '{"id":%d,"status":200,"result":{"orderId":%d,"symbol":"BTCUSDT","status":"EXPIRED","clientOrderId":"%s",'
    '"side":"%s","price":"%s","origQty":"%s","executedQty":"0.000","avgPrice":"0.0","cumQty":"0.000",'
    '"cumQuote":"0.0","timeInForce":"IOC","type":"LIMIT","origType":"LIMIT","reduceOnly":false,'
    '"closePosition":false,"positionSide":"BOTH","stopPrice":"0.0","workingType":"CONTRACT_PRICE",'
    '"priceProtect":false,"updateTime":%d},"rateLimits":[]}'
)


class Venue:
    """Everything that the connections share."""

    def __init__(self) -> None:
        self.books = {SPOT: Book(spot=True), USDM: Book(spot=False)}
        self.orders = 0
        self.marks = 0
        self.marked = False
        self.echo: picows.WSTransport | None = None
        self.simulator = ""
        self._came_ns = 1

    def restore(self) -> None:
        """The mark is taken away, before the order is answered."""
        if self.marked:
            self.marked = False
            self.books[USDM].send(self.books[USDM].ticker(0))

    def mark(self) -> None:
        """Now the perpetual is cheap; at another price than the last time, so that a mark is told from it."""
        self.marked = True
        self.marks += 1
        shift = MARK - 0.1 * (self.marks % MARKS)
        self.books[USDM].send(self.books[USDM].ticker(shift))

    def came(self) -> None:
        """Something that was waited for has arrived."""
        if not self._came_ns:
            self._came_ns = time.perf_counter_ns()

    async def live(self) -> None:
        """A depth frame a market, again and again."""
        while True:
            for book in self.books.values():
                book.send(book.depth())
            await asyncio.sleep(EVERY_S)

    async def ticks(self, count: int, pause_s: float, warm_up: int) -> Reply:
        """Nanoseconds from each marked frame to the order that answers it."""
        costs = array("q")
        for _ in range(warm_up + count):
            costs.append(await self._answered(self.mark))
            await asyncio.sleep(pause_s)
        return percentiles_us(costs[warm_up:], 0) | {"counted": count}

    async def echoes(self, count: int, pause_s: float, warm_up: int) -> Reply:
        """The same with a client that answers every frame at once."""
        book = self.books[USDM]
        costs = array("q")
        echo = self.echo
        assert echo is not None, "nobody echoes"
        for _ in range(warm_up + count):
            payload = book.ticker(0)
            costs.append(
                await self._answered(lambda payload=payload: echo.send(picows.WSMsgType.TEXT, payload))
            )
            await asyncio.sleep(pause_s)
        return percentiles_us(costs[warm_up:], 0) | {"counted": count}

    async def _answered(self, send: Any) -> int:
        """It polls: waking a process on a core that sleeps costs its sender some 60 us on a virtual machine,
        which a network card does not."""
        self._came_ns = 0
        began_ns = time.perf_counter_ns()
        send()
        while not self._came_ns:
            await asyncio.sleep(0)
            if time.perf_counter_ns() - began_ns > WAIT_NS_MAX:
                raise TimeoutError("expected an answer, found none")
        return self._came_ns - began_ns


async def relay(request: web.Request) -> web.Response:
    """REST: the books are ours, everything else is the simulator's."""
    venue: Venue = request.app["venue"]
    if request.path in DEPTHS:
        return web.json_response(venue.books[DEPTHS[request.path]].snapshot())
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
    session: aiohttp.ClientSession = request.app["session"]
    url = f"{venue.simulator}{request.raw_path}"
    async with session.request(
        request.method, yarl.URL(url, encoded=True), headers=headers, data=await request.read()
    ) as reply:
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in HOP}
        return web.Response(status=reply.status, body=await reply.read(), headers=kept)


async def main() -> None:
    """Serves until standard input ends."""
    loop = asyncio.get_running_loop()
    venue, app = Venue(), web.Application(client_max_size=1 << 24)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    server = await picows.ws_create_server(
        lambda request: Line(venue, request.path.decode()), "127.0.0.1", 0, enable_auto_pong=False
    )
    async with aiohttp.ClientSession() as session:
        app["venue"], app["session"] = venue, session
        app.router.add_route("*", "/{path:.*}", relay)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ports = {
            "ws": f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            "rest": f"http://127.0.0.1:{runner.addresses[0][1]}",
        }
        living = asyncio.create_task(venue.live())
        settle()
        while line := await reader.readline():
            request = json.loads(line)
            task = request.pop("task")
            if task == "serve":
                venue.simulator = request["simulator"]
                answer: Reply = ports
            elif task == "count":
                answer = {"orders": venue.orders}
            else:
                answer = await {"ticks": venue.ticks, "echoes": venue.echoes}[task](**request)
            os.write(1, json.dumps(answer).encode() + b"\n")
        living.cancel()
        await runner.cleanup()
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
