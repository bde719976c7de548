"""An account client of one market on a simulator of its venue, and all that it tells.

Everything goes through the state table at once, and every fill is counted; at the end the client's story must
be that of the venue's own books (`settled`).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.support.either_way import EitherWay
from tests.support.order_lives import OrderLives
from tests.support.trading_room import Room
from trimaran.base.secret import Secret
from trimaran.domain.client_id import ClientIdParts, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Instrument, Side
from trimaran.domain.orders import IntentId, OrderRequest, OrderState, OrderType, StrategyName, TimeInForce
from trimaran.domain.reports import BalanceReport, PositionReport
from trimaran.live.account import Surroundings, gate_of, open_account
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.trading import (
    SimOrder,
)
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import Balances, OrderRef, Positions
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import ClientEvent, ClientOptions, LineNews
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.fault import Fault
from trimaran.venues.wire.line_port import LineConfig
from trimaran.venues.wire.market_spec import MS, SECOND
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.websocket import WebSocketOptions

QUICK: Final = ClientOptions(
    ask=Patience(2.0, 1.0),
    order=Patience(0.5, 0.4),
    line=LineConfig(reconnect=Backoff(20 * MS, 100 * MS), overlap_ns=50 * MS, connects_share=100.0),
    tick_s=0.02,
    retry=Backoff(20 * MS, 100 * MS),
    poll_s=1.0,
)
UNIT: Final = Decimal("0.01")  # base asset; orders are multiples of it
VISIBLE_NS: Final = 50 * MS  # an order is queryable so soon: nothing lies between us and the simulator
ABSENT: Final[dict[type, Any]] = {BalanceReport: Decimal(0)}  # how what is not there is told


class Desk:
    """An account client and all that it tells."""

    def __init__(self, room: Room, account_id: int) -> None:
        self.room = room
        self.account_id = account_id
        self.lives = OrderLives()
        self.heard: list[ClientEvent] = []
        self.client: AccountClient
        self.instrument: Instrument
        self._sequence = 0
        self._known_ways: EitherWay | None = None

    def on_event(self, event: ClientEvent) -> None:
        self.heard.append(event)
        self.lives.hear(event)

    # what happens

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kinds)]

    def notices(self, *kinds: type) -> list[Any]:
        return [news.notice for news in self.of(LineNews) if isinstance(news.notice, kinds)]

    def faults(self) -> list[Fault]:
        """Of every request that failed, in the client's own words."""
        return [event.fault for event in self.heard if isinstance(getattr(event, "fault", None), Fault)]

    async def until(self, condition: Callable[[], object], seconds: float = 8.0) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while not condition():
            assert loop.time() < end_s, f"not within {seconds} s; heard {self.heard[-12:]}"
            await asyncio.sleep(0.005)

    def recently_ns(self) -> int:
        """A minute ago, by the venue's clock: before everything."""
        return time.time_ns() + self.room.stage.clock_offset_ms * MS - 60 * SECOND

    async def up(self) -> None:
        await self.until(lambda: self.client.is_up)

    async def ended(self, *orders: Approved) -> None:
        """Waits until orders are terminal and all that the venue filled of them was told."""
        await self.until(lambda: all(self._agrees(order) and self.lives.is_over(order) for order in orders))

    async def in_state(self, order: Approved, *states: Any) -> None:
        await self.until(lambda: self.lives.state(order) in states and self._agrees(order))

    def sim_orders(self, *orders: Approved) -> list[SimOrder]:
        """The venue's own records of all orders, or of some."""
        ended = self.room.exchange.ended_orders(self.account_id, self.room.market)
        texts = {text for order in orders for text in self.lives.texts(order)}
        return [each for each in (*self.sim_open(), *ended) if not orders or each.client_id in texts]

    def sim_order(self, order: Approved) -> SimOrder:
        """The venue's own record of an order, which it has once."""
        (found,) = self.sim_orders(order)
        return found

    def sim_open(self) -> Sequence[SimOrder]:
        return self.room.exchange.open_orders(self.account_id, self.room.market)

    def sim_fills(self) -> Counter[tuple[Any, ...]]:
        """What the venue's own books say was traded."""
        instrument = self.room.sim_instrument
        return Counter(
            (
                instrument.price(each.price_ticks), instrument.size_grid.decimal(each.lots), each.side,
                each.maker, each.fee.normalize(), each.fee_asset,
            )
            for each in self.room.exchange.fills(self.account_id, self.room.market)
        )  # fmt: skip

    def told_fills(self) -> Counter[tuple[Any, ...]]:
        """The same, as the client has told it."""
        instrument = self.instrument
        return Counter(
            (
                instrument.price(each.price_ticks), instrument.size_grid.decimal(each.lots), int(each.side),
                each.liquidity.name == "MAKER", each.fee.normalize(), each.fee_asset,
            )
            for each in self.lives.fills
        )  # fmt: skip

    def _agrees(self, order: Approved) -> bool:
        lots = self.room.sim_instrument.size_grid.decimal(self.sim_order(order).filled_lots)
        return self.lives.filled(order) == self.instrument.size_grid.steps(lots)

    async def settled(self) -> None:
        """Every fill has been told once, with its fee; money and positions are those of the venue's books."""
        await self.until(lambda: self.told_fills() == self.sim_fills())
        self.lives.check()
        await self.until(lambda: self._told(self.sim_totals(), BalanceReport))
        await self.until(lambda: self._told(self.sim_positions(), PositionReport))
        totals = {each.asset: each.total for each in await self.client.ask(Balances())}
        assert totals == self.sim_totals()
        positions = await self.client.ask(Positions())
        if not isinstance(positions, Unsupported):
            held = {each.instrument_key: (each.lots, each.entry_price) for each in positions if each.lots}
            assert held == self.sim_positions()

    def sim_totals(self) -> dict[str, Decimal]:
        """What the venue's own books hold of each asset."""
        rows = self.room.exchange.balances(self.account_id, self.room.market)
        return {each.asset: each.total for each in rows if each.total}

    def sim_positions(self) -> dict[str, tuple[int, Decimal]]:
        """Signed lots of ours and entry price of each open position in the venue's own books."""
        grid = self.room.sim_instrument.size_grid
        held: dict[str, tuple[int, Decimal]] = {}
        for each in self.room.exchange.positions(self.account_id, self.room.market):
            if each.lots:
                lots = self.instrument.size_grid.steps(grid.decimal(each.lots))
                held[self.instrument.key] = (lots, each.entry_price)
        return held

    def _told(self, truth: Mapping[str, Any], kind: type) -> bool:
        """Whether the last reports of what has changed are true. What never changed need not be told."""
        last: dict[str, Any] = {}
        for report in self.of(kind):
            if isinstance(report, PositionReport):
                last[report.instrument_key] = (report.lots, report.entry_price) if report.lots else None
            elif report.total is not None:
                last[report.asset] = report.total
        return all(truth.get(name, ABSENT.get(kind)) == value for name, value in last.items())

    async def story(self) -> None:
        """Orders of every kind, filled by others in parts, taking, cancelled, and each of them over."""
        resting = await self.rest(3)
        self.fill(resting, 1)
        taking, remainder = self.market_order(units=2), self.crossing(units=2)
        await self.place(taking)
        self.fill(resting, 2)
        await self.place(remainder)
        cancelled = await self.rest(2)
        self.fill(cancelled, 1)
        await self.client.cancel(self.ref(cancelled))
        await self.ended(resting, taking, remainder, cancelled)

    # orders

    def order(
        self,
        side: Side = Side.BUY,
        price: Decimal | None = None,
        units: Decimal | int = 1,
        tif: TimeInForce = TimeInForce.GTC,
        **fields: Any,
    ) -> Approved:
        """A new order; without a price, one that rests alone next to the touch."""
        self._sequence += 1
        price = price if price is not None else self.room.free_price(side)
        lots = self.lots(units)
        return Approved(
            OrderRequest(
                IntentId(f"i{self._sequence}"),
                pack_client_id(ClientIdParts(1, 1, 1, self._sequence)),
                self.instrument.key,
                side,
                self.instrument.price_grid.steps_floor(price),
                lots,
                tif,
                StrategyName("tests"),
                None,
                fields.pop("reduce_only", False),
                created_ns=1,
                **fields,
            )
        )

    def crossing(self, side: Side = Side.BUY, units: int = 1, **fields: Any) -> Approved:
        """An order that takes at once: at 1 % beyond the touch, what is left of it ends."""
        fields = {"tif": TimeInForce.IOC, **fields}
        price = self.room.best(side.opposite) * (1 + Decimal("0.01") * side.sign)
        return self.order(side, price, units, **fields)

    def market_order(self, side: Side = Side.BUY, units: int = 1, **fields: Any) -> Approved:
        return self.crossing(side, units, order_type=OrderType.MARKET, **fields)

    def lots(self, units: Decimal | int) -> int:
        return self.instrument.size_grid.steps(units * UNIT / self.instrument.contract_size)

    def size(self, units: Decimal | int) -> Decimal:
        """In the unit of the venue's orders."""
        return units * UNIT / self.instrument.contract_size

    def ref(self, order: Approved, **fields: Any) -> OrderRef:
        return OrderRef(self.room.symbol, order.order.client_order_id, **fields)

    def price(self, order: Approved) -> Decimal:
        return self.instrument.price(order.order.price_ticks)

    @property
    def _ways(self) -> EitherWay:
        if self._known_ways is None:
            self._known_ways = EitherWay(self.client, self.heard)
        return self._known_ways

    async def place(self, *orders: Approved) -> list[ClientEvent]:
        """Sends orders, one after the other; the events of the answers."""
        events: list[ClientEvent] = []
        for order in orders:
            self.lives.send(order)
            events += await self._ways.place(order)
        return events

    async def rest(self, units: Decimal | int = 1, side: Side = Side.BUY, **fields: Any) -> Approved:
        """Places an order that rests, alone at its price, and waits until that has been told."""
        order = self.order(side, units=units, **fields)
        await self.place(order)
        await self.in_state(order, OrderState.ACKED)
        return order

    def fill(self, order: Approved, units: Decimal | int) -> None:
        """Somebody takes a part of an order that rests."""
        self.room.fill(order.order.side, self.price(order), self.size(units))

    async def amend(self, order: Approved, **changes: Any) -> Approved:
        changed = Approved(msgspec.structs.replace(order.order, **changes))
        self.lives.amend(changed)
        await self.client.amend(changed)
        return changed


@contextlib.asynccontextmanager
async def desk_in(
    room: Room,
    options: ClientOptions = QUICK,
    *,
    over_rest: bool = False,
    keys: Credentials | None = None,
    proxy: str | None = None,
    starts: bool = True,
    websocket: WebSocketOptions | None = None,
) -> AsyncIterator[Desk]:
    """A client of the demo account. At the end it must have met no bug, and no order an illegal state."""
    entry = room.entry
    desk = Desk(room, DEMO_ACCOUNT_ID)
    websocket = websocket or WebSocketOptions(connect_s_max=2.0, close_s_max=0.5, proxy=proxy)
    async with RestClient(SystemClock(), RestOptions(proxy=proxy)) as rest:
        around = Surroundings(gate_of(entry.venue), rest, SystemClock(), random.Random(1), options, websocket)
        desk.client = await open_account(
            room.market, room.hosts, keys or credentials_of(room), [room.symbol], around, desk.on_event
        )
        desk.instrument = await _instrument(room, rest)
        spec = msgspec.structs.replace(entry.private.spec, visibility_lag_ns=VISIBLE_NS)
        desk.client._spec = desk.client._rounds._spec = spec
        if over_rest:
            desk.client.orders._carrier = desk.client.quick = None
        try:
            if starts:
                await desk.client.start()
                await desk.up()
            yield desk
        finally:
            await desk.client.stop()
    await desk.client.wait()
    assert desk.lives.illegal == []


def credentials_of(room: Room, purpose: str = "") -> Credentials:
    """The demo account's key; `read_only` or `withdraw` name the others."""
    prefix = f"{purpose}_" if purpose else ""
    name, secret = (room.keys[f"{prefix}{part}"] for part in ("key", "secret"))
    return Credentials(name, Secret(secret), Secret(room.keys["passphrase"]))


async def _instrument(room: Room, rest: RestClient) -> Instrument:
    opened = room.entry.open(room.hosts[room.market])
    reply = await rest.get(opened.instruments_url([room.symbol]))
    (instrument,) = opened.read_instruments(reply.body, [room.symbol])
    return instrument
