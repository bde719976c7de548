"""The adapter on the simulated Binance, over sockets: asks over REST and the line, and what is heard."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.binance_account import approved_in
from tests.support.simulated import Client, simulated
from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.client_id import ClientIdParts, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Instrument, Symbol
from trimaran.domain.orders import OrderState
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.binance.dialect import BinanceDialect, spot_dialect, usdm_dialect
from trimaran.venues.binance.instruments import read_instruments
from trimaran.venues.binance.private import spot_line, usdm_line
from trimaran.venues.binance.spec import SPOT, SPOT_PRIVATE, USDM, USDM_PRIVATE
from trimaran.venues.wire.asks import Ask, OrderRef, StreamToken, Tickers, TokenAction
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.lines import LineReply, LineSpec, LoggedIn, SubscriptionTaken
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

BTC = Symbol("BTCUSDT")


class Desk:
    """One market of the simulator, and the adapter on it."""

    def __init__(self, client: Client, market: str, setup: AccountSetup, bases: dict[str, str]) -> None:
        self.client = client
        self.market = market
        self.setup = setup
        self.bases = bases
        self.dialect: BinanceDialect = (spot_dialect if market == "spot" else usdm_dialect)(setup)
        self.instrument: Instrument = setup.instruments[BTC]
        self.lots = 20 * max(self.instrument.order_lots_min, self.instrument.order_step)
        self.heard: list[Any] = []
        self._ids = count(1)
        self._requests = count(100)

    @staticmethod
    def stamp() -> Stamp:
        return Stamp(time.time_ns())

    async def ask(self, ask: Ask[Any]) -> Any:
        """An answer over REST."""
        request = self.dialect.write(ask, self.stamp())
        assert isinstance(request, HttpRequest), request
        sent = self.client.http.request(request.method, request.url, headers=dict(request.headers))
        async with sent as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            reply = HttpReply(answer.status, await answer.read(), headers)
        return self.dialect.read(ask, reply, time.time_ns())

    async def ask_line(self, socket: Any, ask: Ask[Any]) -> Any:
        """An answer over an order line."""
        number = next(self._requests)
        text = self.dialect.write_order(ask, number, self.stamp())
        assert isinstance(text, str), text
        await socket.send_str(text)

        def replies() -> list[LineReply]:
            told = (each for each in self.heard if isinstance(each, LineReply))
            return [each for each in told if each.request_id == number]

        await self.client.until(replies)
        return self.dialect.read(ask, replies()[0].reply, time.time_ns())

    async def refused(self, ask: Ask[Any], socket: Any = None) -> FaultKind:
        """Why an ask is refused."""
        with pytest.raises(VenueFault) as caught:
            await (self.ask(ask) if socket is None else self.ask_line(socket, ask))
        assert caught.value.fault.effect is Effect.REFUSED, caught.value
        return caught.value.fault.kind

    async def order(self, factor: str = "1", **changes: Any) -> Approved:
        """An order of ours at the last price times a factor."""
        (ticker,) = await self.ask(Tickers(BTC))
        ticks = self.instrument.price_grid.steps_floor(ticker.last * Decimal(factor))
        client_id = pack_client_id(ClientIdParts(1, 1, 1, next(self._ids)))
        given = {"client_order_id": client_id, "price_ticks": ticks, "lots": self.lots, **changes}
        return approved_in(self.instrument, **given)

    @staticmethod
    def ref(order: Approved, triggered: bool = False) -> OrderRef:
        """An order by our id."""
        return OrderRef(BTC, order.order.client_order_id, triggered=triggered)

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until something is so."""
        await self.client.until(condition)

    async def state(self, order: Approved, state: OrderState) -> OrderReport:
        """Waits until the line tells a state of an order."""

        def found() -> list[OrderReport]:
            mine = (each for each in self.heard if isinstance(each, OrderReport))
            ours = [each for each in mine if each.client_order_id == order.order.client_order_id]
            return [each for each in ours if each.state is state]

        await self.until(found)
        return found()[-1]

    def fills(self, order: Approved, fees: bool = True) -> list[FillReport]:
        """The fills of an order that the line has told, with their fees."""
        mine = (each for each in self.heard if isinstance(each, FillReport))
        ours = [each for each in mine if each.client_order_id == order.order.client_order_id]
        return [each for each in ours if (each.fee is not None) == fees]

    @contextlib.asynccontextmanager
    async def listening(self, name: str) -> AsyncIterator[Any]:
        """A private line, logged in and subscribed."""
        spec = SPOT_PRIVATE if self.market == "spot" else USDM_PRIVATE
        line = next(one for one in spec.lines if one.name == name)
        dialogue = (spot_line if self.market == "spot" else usdm_line)(line, self.setup)
        async with self.client.ws(await self._url(line)) as socket:

            async def pump() -> None:
                async for message in socket:
                    self.heard += dialogue.read(message.data.encode(), time.time_ns())

            reading = asyncio.create_task(pump())
            try:
                login = dialogue.login(1, self.stamp())
                if login is not None:
                    await socket.send_str(login)
                    await self.until(lambda: LoggedIn() in self.heard)
                for taken, text in dialogue.subscriptions(2, self.stamp()):
                    await socket.send_str(text)
                    await self.until(lambda taken=taken: SubscriptionTaken(taken) in self.heard)  # type: ignore[misc]
                yield socket
            finally:
                await socket.close()
                await reading

    async def _url(self, line: LineSpec) -> str:
        token = await self.ask(StreamToken(TokenAction.START)) if line.needs_token else ""
        return (self.bases[line.base] + line.path).replace("{token}", token)


@contextlib.asynccontextmanager
async def desk_of(market: str, kind: KeyKind = KeyKind.HMAC, **options: Any) -> AsyncIterator[Desk]:
    """A running simulator and the adapter of one of its markets."""
    spec = SPOT if market == "spot" else USDM
    async with simulated(venues=("binance",), **options) as client:
        bases = client.urls["binance"][market]
        async with client.http.get(bases["rest"] + spec.instruments_path) as answer:
            body = await answer.read()
        known = {each.symbol: each for each in read_instruments(body, spec, FeeTable(spec.default_fees))}
        account = client.simulator.urls()["accounts"]["binance"]
        hmac = Credentials(account["key"], Secret(account["secret"]))
        ed25519 = Credentials(account["ed25519_key"], Secret(account["ed25519_seed"]), kind=KeyKind.ED25519)
        credentials = hmac if kind is KeyKind.HMAC else ed25519
        yield Desk(client, market, AccountSetup(bases["rest"], known, credentials), bases)


def changed(order: Approved, **changes: Any) -> Approved:
    """The same order with other terms."""
    return Approved(replace(order.order, **changes))
