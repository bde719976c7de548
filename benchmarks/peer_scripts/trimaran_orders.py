"""Our end of the order benchmarks: what an order costs to write and sign, and its way to a venue and back.

The account is `trimaran_account.py`'s. Between two orders of ours there is one that was prepared, over a bare
connection, and an echo: what the venue and the kernel need by themselves.
"""

from __future__ import annotations

import asyncio
import random
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import picows
from measuring import Reply, Side, clock_cost_ns, percentiles_us, settle
from trimaran_account import (
    UP_S_MAX,
    Opened,
    approved_orders,
    open_market,
    raw_line,
    resting_texts,
    run,
    wide_gate,
)
from trimaran_raw_line import OneByOne, Prepared

from trimaran.base.secret import KeyKind
from trimaran.domain.account import OrderAcked
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import symbol_in
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import OrderRef, PlaceOrder
from trimaran.venues.wire.client_port import ClientEvent
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp
from trimaran.venues.wire.rest import RestClient, RestOptions


def order_entry(side: Side, told: dict[str, Any], market: str, way: str, count: int) -> Reply:
    """Microseconds of each order, from `Approved` to signed text (`line`, `login`) or request (`rest`)."""
    opened = run(open_market(told, market, KeyKind.ED25519 if way == "login" else KeyKind.HMAC))
    dialect = opened.entry.private.make_dialect(opened.setup)
    orders = list(approved_orders(opened, count, 0))
    began_ns = time.time_ns()
    calls = [(PlaceOrder(order), Stamp(began_ns + number)) for number, order in enumerate(orders)]
    settle()
    costs = array("q", bytes(8 * count))
    clock = time.perf_counter_ns
    if way == "rest":
        write = dialect.write
        for number, (ask, stamp) in enumerate(calls):
            start = clock()
            written = write(ask, stamp)
            costs[number] = clock() - start
        size = len(written.url) + len(written.body)
    else:
        write_order = dialect.write_order
        for number, (ask, stamp) in enumerate(calls):
            start = clock()
            written = write_order(ask, number, stamp)
            costs[number] = clock() - start
        size = len(written)
    return percentiles_us(costs, clock_cost_ns()) | {"bytes": size, "orders": count}


def round_trip(side: Side, told: dict[str, Any], market: str, echo: str, count: int, epoch: int) -> Reply:
    """Microseconds from `send_now` to the acknowledgement, of `place`, of a prepared order and of a bare echo
    of as many bytes, in turns; then the processor time of an order and its cancel."""
    return run(placed(told, market, echo, count, epoch))


IN_FLIGHT = 32  # orders, while processor time is counted


class Echo(picows.WSListener):
    """A bare client: text out, the same text back."""

    def __init__(self) -> None:
        self.came_ns = 0
        self.answered: asyncio.Future[None] | None = None

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Stamps the reply."""
        self.came_ns = time.perf_counter_ns()
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(None)


class Bare:
    """What an order of ours is compared with: an echo, and prepared orders over a bare connection."""

    def __init__(
        self, transport: picows.WSTransport, echo: Echo, line: OneByOne, texts: Iterator[Prepared]
    ) -> None:
        self.message = b""
        self._transport = transport
        self._echo = echo
        self._line = line
        self._texts = texts

    @classmethod
    async def opened(cls, opened: Opened, url: str, count: int, epoch: int) -> Bare:
        """Connects both."""
        line, texts = OneByOne(), list(resting_texts(opened, count, epoch + 1))
        line.line = await raw_line(opened, line.on_reply)
        transport, echo = await picows.ws_connect(Echo, url)
        made = cls(transport, echo, line, iter(texts))
        made.message = texts[0][1].encode()
        return made

    async def order(self) -> int:
        """Nanoseconds of a prepared order; its cancel is not timed."""
        placed_ns = await self._line.ask(next(self._texts))
        await self._line.ask(next(self._texts))
        return placed_ns

    async def echoed(self) -> int:
        """Nanoseconds of an echo of the size of an order."""
        self._echo.answered = asyncio.get_running_loop().create_future()
        start = time.perf_counter_ns()
        self._transport.send(picows.WSMsgType.TEXT, self.message)
        await self._echo.answered
        return self._echo.came_ns - start

    def close(self) -> None:
        """Ends both connections."""
        self._transport.disconnect()
        self._line.line.transport.disconnect()


class Acknowledgements:
    """Stamps the acknowledgement of the order that is under way."""

    def __init__(self) -> None:
        self.awaited = 0
        self.came_ns = 0
        self.came: asyncio.Future[None] | None = None
        self.acked = 0

    def wait(self, client_order_id: int) -> asyncio.Future[None]:
        """Done when this order is acknowledged."""
        self.awaited, self.came_ns = client_order_id, 0
        self.came = asyncio.get_running_loop().create_future()
        return self.came

    def on_event(self, event: ClientEvent) -> None:
        """One event of the account."""
        if not isinstance(event, OrderAcked):
            return
        self.acked += 1
        if event.client_order_id == self.awaited and not self.came_ns:
            self.came_ns = time.perf_counter_ns()
            if self.came is not None and not self.came.done():
                self.came.set_result(None)


class CountedRest(RestClient):
    """Counts the orders that took this way, and not the line."""

    orders = 0
    order_path = ""

    async def send(self, request: HttpRequest, *limits: Any) -> HttpReply:
        """Carries a request."""
        self.orders += request.method == "POST" and path_of(request.url) == self.order_path
        return await super().send(request, *limits)


def path_of(url: str) -> str:
    """A URL without its query."""
    return url.partition("?")[0]


def client_of(
    opened: Opened, rest: RestClient, clock: SystemClock, on_event: Callable[[ClientEvent], None]
) -> AccountClient:
    """The account's client, not started."""
    private, setup = opened.entry.private, opened.setup
    urls = private.bases(opened.hosts[opened.entry.name])
    lines = tuple(msgspec.structs.replace(line, messages_per_s_max=0) for line in private.spec.lines)
    return AccountClient(
        msgspec.structs.replace(private.spec, lines=lines),
        private.make_dialect(setup),
        {line.name: private.make_line(line, urls[line.base], setup) for line in lines},
        urls,
        (opened.instrument.symbol,),
        wide_gate(opened.entry.venue),
        rest,
        clock,
        random.Random(1),
        on_event,
        account=opened.credentials.key,
    )


async def placed(told: dict[str, Any], market: str, echo: str, count: int, epoch: int) -> Reply:
    """Opens the account and what it is compared with; an order, a prepared one, an echo, and so on."""
    opened = await open_market(told, market, KeyKind.HMAC)
    heard, clock = Acknowledgements(), SystemClock()
    turns = count + count // 10
    orders = list(approved_orders(opened, 2 * turns + count, epoch))
    first, second, rest_of = orders[:turns], orders[turns : 2 * turns], orders[2 * turns :]
    async with CountedRest(clock, RestOptions()) as rest:
        client = client_of(opened, rest, clock, heard.on_event)
        await client.start()
        bare = await Bare.opened(opened, echo, turns, epoch)
        try:
            await until_up(client)
            settle()
            written = client.asker._dialect.write(PlaceOrder(orders[0]), Stamp(clock.wall_ns()))
            rest.order_path = path_of(written.url)
            pairs = enumerate(zip(first, second, strict=True))
            costs = [
                await one_turn(client, heard, quick, patient, bare, turn % 2 == 0)
                for turn, (quick, patient) in pairs
            ]
            cpu_us = await cpu_of(client, heard, rest_of)
            if rest.orders:
                raise RuntimeError(f"expected orders over the line, found {rest.orders} over REST")
        finally:
            bare.close()
            await client.stop()
    counted = costs[count // 10 :]
    figures: dict[str, float] = {"bytes": len(bare.message), "orders": len(counted), "cpu_us": cpu_us}
    suffixes = ("", "_patient", "_raw", "_bare")
    for suffix, column in zip(suffixes, zip(*counted, strict=True), strict=True):
        figures |= {f"{rank}{suffix}": us for rank, us in percentiles_us(column, 0).items()}
    return figures


async def one_turn(
    client: AccountClient, heard: Acknowledgements, quick: Approved, patient: Approved, bare: Bare, even: bool
) -> tuple[int, int, int, int]:
    """Nanoseconds of an order until its acknowledgement by either way, of a prepared one, and of an echo.

    The two ways take turns to be first: the second one finds the caches warm.
    """
    if even:
        quick_ns = await quick_trip(client, heard, quick)
        patient_ns = await patient_trip(client, heard, patient)
    else:
        patient_ns = await patient_trip(client, heard, patient)
        quick_ns = await quick_trip(client, heard, quick)
    raw_ns = await bare.order()
    return quick_ns, patient_ns, raw_ns, await bare.echoed()


async def patient_trip(client: AccountClient, heard: Acknowledgements, order: Approved) -> int:
    """Nanoseconds of one order by the patient way; its cancel is not timed."""
    acked = heard.wait(order.order.client_order_id)
    start = time.perf_counter_ns()
    await client.place(order)
    await acked
    trip_ns = heard.came_ns - start
    await client.cancel(ref_of(order))
    return trip_ns


async def quick_trip(client: AccountClient, heard: Acknowledgements, order: Approved) -> int:
    """Nanoseconds of one order by the quick way; its cancel is not timed. Raises RuntimeError."""
    acked = heard.wait(order.order.client_order_id)
    start = time.perf_counter_ns()
    if not client.send_now(order):
        raise RuntimeError("expected an order that leaves at once, found one that would have to wait")
    await acked
    trip_ns = heard.came_ns - start
    await client.cancel(ref_of(order))
    return trip_ns


async def cpu_of(client: AccountClient, heard: Acknowledgements, orders: list[Approved]) -> float:
    """Processor microseconds of an order and its cancel in this process: answers, pushes and sockets too."""
    before, begun_ns = heard.acked, time.process_time_ns()
    for start in range(0, len(orders), IN_FLIGHT):
        some = orders[start : start + IN_FLIGHT]
        for order in some:
            client.send_now(order)
        while heard.acked - before < start + len(some):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        for order in some:
            client.cancel_now(ref_of(order))
        while client.quick.under_way:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return (time.process_time_ns() - begun_ns) / 1_000 / len(orders)


def ref_of(order: Approved) -> OrderRef:
    """How to name it."""
    return OrderRef(symbol_in(order.order.instrument_key), order.order.client_order_id)


async def until_up(client: AccountClient) -> None:
    """Returns when every private line is up."""
    async with asyncio.timeout(UP_S_MAX):
        while not client.is_up:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)
