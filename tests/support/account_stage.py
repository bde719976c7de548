"""A scripted venue and a real account client on loopback, with the reports that tests of it use."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import msgspec

from tests.support.private_venue import PrivateVenue, ToyDialect, ToyDialogue
from trimaran.domain.account import (
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderDone,
    OrderLost,
    OrderRejected,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side, Symbol
from trimaran.domain.orders import (
    IntentId,
    OrderRequest,
    OrderState,
    OrderType,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asker import Gate
from trimaran.venues.wire.asks import (
    OrderRef,
    Placed,
)
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.client_port import (
    ClientOptions,
    LineNews,
    Reconciled,
)
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.fault import Effect, Fault, FaultKind
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.line_port import LineConfig
from trimaran.venues.wire.lines import LineSpec
from trimaran.venues.wire.market_spec import MS, SECOND, Heartbeat
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.private_spec import LimitSpec, PrivateSpec, Scope
from trimaran.venues.wire.rest import RestClient
from trimaran.venues.wire.websocket import WebSocketOptions

BTC, KEY = Symbol("BTC"), InstrumentKey("toy.spot:BTC")
OURS = ClientOrderId(77)
V1 = VenueOrderId("v1")
REF = OrderRef(BTC, OURS, V1)
PLACED = Placed(OURS, V1)
WEIGHT = LimitSpec(
    name="weight", scope=Scope.ADDRESS, units=1000, window_ns=SECOND, aligned=False, reserved=10
)
LINE = LineSpec(
    name="private", base="ws_private", path="/ws", pushes=True, takes_orders=True,
    heartbeat=Heartbeat.WEBSOCKET_PING,
)  # fmt: skip
QUICK = ClientOptions(
    ask=Patience(0.5, 0.5),
    order=Patience(0.2, 0.2),
    line=LineConfig(reconnect=Backoff(10 * MS, 20 * MS)),
    tick_s=0.01,
    retry=Backoff(10 * MS, 20 * MS),
    since_ns=1,
    page=2,
)


def order(state: OrderState, filled: int = 0, at: int = 1) -> OrderReport:
    return OrderReport(
        instrument_key=KEY, venue_order_id=V1, client_order_id=OURS, state=state, side=Side.BUY,
        order_type=OrderType.LIMIT, tif=TimeInForce.GTC, price_ticks=100, lots=10, filled_lots=filled,
        venue_ns=at, local_ns=at,
    )  # fmt: skip


def fill(number: int, lots: int = 3, **fields: object) -> FillReport:
    known = {
        "fill_id": FillId(f"f{number}"), "instrument_key": KEY, "venue_order_id": V1, "client_order_id": OURS,
        "side": Side.BUY, "price_ticks": 100, "lots": lots, "liquidity": Liquidity.MAKER,
        "fee": Decimal(1), "fee_asset": Asset("USDT"), "venue_ns": number, "local_ns": number,
    }  # fmt: skip
    return FillReport(**{**known, **fields})


def approved(price_ticks: int = 100) -> Approved:
    good, strategy = TimeInForce.GTC, StrategyName("s")
    wanted = OrderRequest(
        IntentId("i"), OURS, KEY, Side.BUY, price_ticks, 10, good, strategy, None, False, created_ns=1
    )
    return Approved(wanted)


def refusal(kind: FaultKind = FaultKind.REJECTED, effect: Effect = Effect.REFUSED, **more: object) -> Fault:
    return Fault(kind, effect, "-1", "no", **more)


class Stage:
    """A venue and its client; `heard` is everything that `on_event` was told."""

    def __init__(self, venue: PrivateVenue, rest: RestClient, until: object) -> None:
        self.venue = venue
        self.rest = rest
        self.until = until
        self.heard: list[object] = []
        self.clients: list[AccountClient] = []
        self.governor = Governor([WEIGHT])
        self.fails = False
        self.hear: Callable[[object], object] | None = None  # somebody else who is told

    def make(
        self,
        line: LineSpec | None = LINE,
        unsupported: tuple[str, ...] = (),
        lag_ns: int = 0,
        **options: object,
    ) -> AccountClient:
        spec = PrivateSpec(
            market=MarketName("toy.spot"), live={}, testnet=None, limits=(WEIGHT,),
            lines=(line,) if line else (),
            clock_window_ns=SECOND, visibility_lag_ns=lag_ns, request_expiry=True,
        )  # fmt: skip
        client = AccountClient(
            spec, ToyDialect(self.venue, unsupported), {"private": ToyDialogue(self.venue)}, self.venue.bases,
            [BTC], Gate(self.governor), self.rest, SystemClock(), random.Random(1), self._on_event,
            options=msgspec.structs.replace(QUICK, **options),
            websocket=WebSocketOptions(connect_s_max=0.5, close_s_max=0.2),
        )  # fmt: skip
        self.clients.append(client)
        return client

    async def up(self, **options: object) -> AccountClient:
        """A started client that has reconciled for the first time."""
        client = self.make(**options)
        await client.start()
        await self.until(lambda: self.of(Reconciled) and client.is_up)
        return client

    async def quickly(self, client: AccountClient, order: Approved) -> list[object]:
        """Places an order at once, or patiently where it must wait; the events that came of it."""
        before = len(self.heard)
        if not client.send_now(order):
            return list(await client.place(order))
        outcomes = (OrderAcked, OrderRejected, OrderLost)
        await self.until(lambda: any(isinstance(event, outcomes) for event in self.heard[before:]))
        return [event for event in self.heard[before:] if isinstance(event, (*outcomes, OrderDone, Fill))]

    def of(self, *kinds: type) -> list[object]:
        return [event for event in self.heard if isinstance(event, kinds)]

    def notices(self, kind: type) -> list[object]:
        return [news.notice for news in self.of(LineNews) if isinstance(news.notice, kind)]

    def _on_event(self, event: object) -> None:
        self.heard.append(event)
        if self.hear is not None:
            self.hear(event)
        if self.fails:
            raise RuntimeError("a bug")
