"""Our end of the order benchmarks: what an order costs to write and sign, and its way to a venue and back.

Accounts are made as a desk makes them (`live/account.py`); only the budgets of the governor and of the lines
are so large that nothing waits for them, or this would measure how long a venue makes its clients wait.
"""

from __future__ import annotations

import asyncio
import random
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import picows
import uvloop
from measuring import Reply, Side, clock_cost_ns, percentiles_us, settle
from trimaran_raw_line import OneByOne, Prepared, RawLine, open_raw

from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.account import OrderAcked
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Instrument, Symbol
from trimaran.domain.instrument import Side as OrderSide
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.domain.pair import Pair
from trimaran.live.account import Surroundings, identified
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asker import Gate
from trimaran.venues.wire.asks import CancelOrder, OrderRef, PlaceOrder, Tickers
from trimaran.venues.wire.client_port import ClientEvent
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.market_entry import Bases, MarketEntry
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp
from trimaran.venues.wire.rest import RestClient, RestOptions

PAIR = Pair.parse("BTC-USDT")
SIZE = Decimal("0.01")  # base asset; more is told from order to order
RESTS_AT = Decimal("0.98")  # of the last price
UNITS = 10**8  # of every budget
UP_S_MAX = 20
VALID_NS = 60_000_000_000
STRATEGY, INTENT = StrategyName("benchmark"), IntentId("benchmark")


class Opened(msgspec.Struct):
    """One market with its instrument and its key."""

    entry: MarketEntry
    hosts: Mapping[str, Bases]
    credentials: Credentials
    setup: AccountSetup
    instrument: Instrument
    last: Decimal  # price


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
    """Microseconds from `place` to the acknowledgement, and of a bare echo of as many bytes, in turns."""
    return run(placed(told, market, echo, count, epoch))


def run(work: Any) -> Any:
    """The outcome of a coroutine, on the loop of live trading."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


# --- a market -------------------------------------------------------------------------------------------


async def open_market(told: dict[str, Any], market: str, kind: KeyKind) -> Opened:
    """Instruments, ids and key of a market, asked of the simulator."""
    entry = MARKETS[market]
    hosts = {f"{entry.venue}.{name}": bases for name, bases in told["venues"][entry.venue].items()}
    symbol = entry.spell(PAIR)
    market_at = entry.open(hosts[market])
    clock = SystemClock()
    async with RestClient(clock, RestOptions()) as rest:
        body = (await rest.get(market_at.instruments_url([symbol]))).body
        (instrument,) = market_at.read_instruments(body, [symbol])
        around = Surroundings(wide_gate(entry.venue), rest, clock, random.Random(1))
        credentials = credentials_of(told["accounts"][entry.venue], entry.venue, kind)
        setup = await identified(entry, hosts[market], credentials, {symbol: instrument}, around)
        codes = entry.private.read_codes(body, [symbol]) if entry.private.read_codes else {}
        setup = msgspec.structs.replace(setup, symbol_codes=codes)
        asked = entry.private.make_dialect(setup)
        request = asked.write(Tickers(symbol), Stamp(clock.wall_ns()))
        reply = await rest.send(request, UP_S_MAX)
        (ticker,) = [each for each in asked.read(Tickers(symbol), reply, 0) if each.last is not None]
    return Opened(entry, hosts, credentials, setup, instrument, ticker.last)


async def raw_line(opened: Opened, on_reply: Any) -> RawLine:
    """A bare connection to a market's order line."""
    private = opened.entry.private
    urls = private.bases(opened.hosts[opened.entry.name])
    line = next(each for each in private.spec.lines if each.takes_orders)
    dialogue = private.make_line(line, urls[line.base], opened.setup)
    return await open_raw(urls[line.base] + line.path, dialogue, line.compressed, on_reply)


def credentials_of(account: Mapping[str, str], venue: str, kind: KeyKind) -> Credentials:
    """The demo key of a venue."""
    if kind is KeyKind.ED25519:
        return Credentials(account["ed25519_key"], Secret(account["ed25519_seed"]), kind=kind)
    passphrase = Secret(account["passphrase"]) if venue == "okx" else None
    return Credentials(account["key"], Secret(account["secret"]), passphrase)


def wide_gate(venue: str) -> Gate:
    """The governor of a venue, with room for everything."""
    entries = [entry for entry in MARKETS.values() if entry.venue == venue]
    limits = {limit.name: limit for entry in entries for limit in entry.private.spec.limits}
    wide = {"units": UNITS, "used_header": "", "left_header": ""}
    return Gate(Governor([msgspec.structs.replace(limit, **wide) for limit in limits.values()]))


def approved_orders(opened: Opened, count: int, epoch: int) -> Iterator[Approved]:
    """Orders that rest, each of another price, size and id."""
    for number, order in enumerate(requests(opened, count, epoch)):
        lots = order.lots + number % 50 * opened.instrument.order_step
        yield Approved(
            msgspec.structs.replace(order, lots=lots, price_ticks=order.price_ticks - number % 200)
        )


def requests(opened: Opened, count: int, epoch: int) -> Iterator[OrderRequest]:
    """Buys of one size below the market, each with an id of its own."""
    instrument, counter = opened.instrument, ClientIdCounter(0, 0, epoch)
    ticks = instrument.price_grid.steps_floor(opened.last * RESTS_AT)
    lots = lots_of(instrument)
    for number in range(count):
        client_order_id, counter = counter.take()
        yield OrderRequest(
            INTENT, client_order_id, instrument.key, OrderSide.BUY, ticks, lots, TimeInForce.GTC, STRATEGY,
            None, False, number,
        )  # fmt: skip


def resting_texts(opened: Opened, count: int, epoch: int) -> Iterator[Prepared]:
    """An order and its cancel, and so on, written and signed."""
    write = opened.entry.private.make_dialect(opened.setup).write_order
    stamp, symbol = Stamp(time.time_ns(), VALID_NS), opened.instrument.symbol
    for number, approved in enumerate(approved_orders(opened, count, epoch)):
        cancel = CancelOrder(OrderRef(symbol, approved.order.client_order_id))
        for request_id, ask in ((2 * number + 1, PlaceOrder(approved)), (2 * number + 2, cancel)):
            yield str(request_id), write(ask, request_id, stamp)


def lots_of(instrument: Instrument) -> int:
    """The lots of `SIZE`, in whole steps."""
    lots = instrument.size_grid.steps_floor(SIZE / instrument.contract_size)
    return lots // instrument.order_step * instrument.order_step


# --- the way of an order --------------------------------------------------------------------------------


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

    def on_event(self, event: ClientEvent) -> None:
        """One event of the account."""
        if isinstance(event, OrderAcked) and event.client_order_id == self.awaited and not self.came_ns:
            self.came_ns = time.perf_counter_ns()


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
    orders = list(approved_orders(opened, count + count // 10, epoch))
    async with CountedRest(clock, RestOptions()) as rest:
        client = client_of(opened, rest, clock, heard.on_event)
        await client.start()
        bare = await Bare.opened(opened, echo, len(orders), epoch)
        try:
            await until_up(client)
            settle()
            written = client.asker._dialect.write(PlaceOrder(orders[0]), Stamp(clock.wall_ns()))
            rest.order_path = path_of(written.url)
            costs = [await one_turn(client, heard, order, bare) for order in orders]
            if rest.orders:
                raise RuntimeError(f"expected orders over the line, found {rest.orders} over REST")
        finally:
            bare.close()
            await client.stop()
    counted = costs[count // 10 :]
    figures: dict[str, float] = {"bytes": len(bare.message), "orders": len(counted)}
    for suffix, column in zip(("", "_raw", "_bare"), zip(*counted, strict=True), strict=True):
        figures |= {f"{rank}{suffix}": us for rank, us in percentiles_us(column, 0).items()}
    return figures


async def one_turn(
    client: AccountClient, heard: Acknowledgements, order: Approved, bare: Bare
) -> tuple[int, int, int]:
    """Nanoseconds of an order until its acknowledgement, of a prepared one, and of an echo; no cancels."""
    heard.awaited, heard.came_ns = order.order.client_order_id, 0
    start = time.perf_counter_ns()
    await client.place(order)
    order_ns = heard.came_ns - start
    if not heard.came_ns:
        raise RuntimeError("expected an acknowledgement, found none")
    await client.cancel(OrderRef(Symbol(order.order.instrument_key.partition(":")[2]), heard.awaited))
    raw_ns = await bare.order()
    return order_ns, raw_ns, await bare.echoed()


async def until_up(client: AccountClient) -> None:
    """Returns when every private line is up."""
    async with asyncio.timeout(UP_S_MAX):
        while not client.is_up:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)
