"""A real account client on a simulated venue: everything from key to matching engine, over sockets."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from tests.support.either_way import EitherWay
from tests.support.simulated import Client, simulated
from trimaran.base.limits import EXCHANGE_INFO_BYTES_MAX
from trimaran.base.secret import Secret
from trimaran.domain.account import Fill, OrderAcked, OrderDone, OrderLost, OrderRejected
from trimaran.domain.client_id import ClientIdParts, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Instrument, MarketName, Side, Symbol
from trimaran.domain.orders import (
    IntentId,
    OrderRequest,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.pair import Pair
from trimaran.live.account import Surroundings, gate_of, open_account
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import OrderRef, Tickers
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.client_port import ClientOptions, LineNews, Reconciled
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.line_port import LineConfig
from trimaran.venues.wire.market_spec import MS, SECOND
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.rest import RestClient, RestOptions
from trimaran.venues.wire.websocket import WebSocketOptions

QUICK = ClientOptions(
    ask=Patience(5.0, 2.0),
    order=Patience(1.0, 1.0),
    line=LineConfig(reconnect=Backoff(50 * MS, 200 * MS)),
    retry=Backoff(50 * MS, 200 * MS),
    lookback_ns=60 * SECOND,
    poll_s=2.0,
)


class AccountDesk:
    """A started client of the first demo account; `heard` is everything that it told."""

    def __init__(self, client: Client, market: MarketName) -> None:
        self.venue = client
        self.market = market
        self.heard: list[Any] = []
        self.account: AccountClient
        self.ways: EitherWay
        self.instrument: Instrument
        self._ids = count(1)
        self._epoch = random.randrange(1 << 16)

    async def place(self, order: Approved) -> Sequence[Any]:
        """Sends an order, by either way in turn."""
        return await self.ways.place(order)

    @property
    def symbol(self) -> Symbol:
        return self.instrument.symbol

    def order(
        self, ticks: int, lots: int, tif: TimeInForce = TimeInForce.GTC, side: Side = Side.BUY, **more: Any
    ) -> Approved:
        """An order of ours."""
        number = pack_client_id(ClientIdParts(1, 1, self._epoch, next(self._ids)))
        intent, strategy = IntentId(str(number)), StrategyName("s")
        request = OrderRequest(
            intent, number, self.instrument.key, side, ticks, lots, tif, strategy, None, False, 1, **more
        )
        return Approved(request)

    def ref(self, order: Approved) -> OrderRef:
        return OrderRef(self.symbol, order.order.client_order_id)

    async def near(self, factor: str) -> tuple[int, int]:
        """(price in ticks, lots) of a small order at the last price times a factor."""
        (ticker,) = await self.account.ask(Tickers(self.symbol))
        ticks = self.instrument.price_grid.steps_floor(ticker.last * Decimal(factor))
        step = self.instrument.order_step
        value = self.instrument.notional(ticks, step)
        steps = max(-(-self.instrument.order_lots_min // step), int(Decimal(300) / value) + 1)
        return ticks, steps * step

    def of(self, *kinds: type, order: Approved | None = None) -> list[Any]:
        found = [event for event in self.heard if isinstance(event, kinds)]
        if order is None:
            return found
        return [event for event in found if event.client_order_id == order.order.client_order_id]

    def notices(self, kind: type) -> list[Any]:
        return [news.notice for news in self.of(LineNews) if isinstance(news.notice, kind)]

    def filled_lots(self, order: Approved) -> int:
        return sum(fill.lots for fill in self.of(Fill, order=order))

    def story(self, order: Approved) -> list[str]:
        kinds = (OrderAcked, OrderRejected, OrderLost, Fill, OrderDone)
        return [type(event).__name__ for event in self.of(*kinds, order=order)]

    async def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        await self.venue.until(condition, seconds)

    async def books(self) -> dict[str, Any]:
        """The venue's own account: balances, open orders, fills."""
        venue = self.market.partition(".")[0]
        return await self.venue.look(f"/account?venue={venue}&account=1&fills=1000")


@contextlib.asynccontextmanager
async def account_desk(
    market: str, client_options: ClientOptions = QUICK, **options: Any
) -> AsyncIterator[AccountDesk]:
    """A simulator of one venue and a client of one of its markets that is up and has reconciled."""
    name = MarketName(market)
    entry = MARKETS[name]
    async with simulated(venues=(entry.venue,), symbols=("BTC",), **options) as client:
        desk = AccountDesk(client, name)
        keys = client.simulator.urls()["accounts"][entry.venue]
        passphrase = Secret(keys["passphrase"]) if "passphrase" in keys else None
        credentials = Credentials(keys["key"], Secret(keys["secret"]), passphrase)
        hosts = {
            each.name: client.urls[each.venue][each.name.partition(".")[2]]
            for each in MARKETS.values()
            if each.venue == entry.venue
        }
        symbol = entry.spell(Pair("BTC", "USDT"))
        async with RestClient(SystemClock(), RestOptions()) as rest:
            around = Surroundings(
                gate_of(entry.venue), rest, SystemClock(), random.Random(1), client_options,
                WebSocketOptions(close_s_max=0.3),
            )  # fmt: skip
            desk.account = await open_account(name, hosts, credentials, [symbol], around, desk.heard.append)
            opened = entry.open(hosts[name])
            body = (await rest.get(opened.instruments_url([symbol]), EXCHANGE_INFO_BYTES_MAX)).body
            (desk.instrument,) = opened.read_instruments(body, [symbol])
            desk.ways = EitherWay(desk.account, desk.heard)
            await desk.account.start()
            try:
                await desk.until(lambda: desk.account.is_up and desk.of(Reconciled))
                yield desk
            finally:
                await desk.account.stop()
