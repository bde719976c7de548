"""The desk of the kill benchmark: strategies that send five hundred orders a second, and a kill switch.

Orders take the way of production from the executor on: kill flags, age, Knight counters, governor, signature,
line. They rest, and the oldest are cancelled as newer ones come, so that there is always something to end.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from measuring import Reply, Side, serve
from trimaran_account import Opened, approved, open_market, requests
from trimaran_orders import client_of

from trimaran.base.secret import KeyKind
from trimaran.domain.account import OrderDone
from trimaran.domain.commands import SendOrder
from trimaran.domain.decision import Approved, KillState
from trimaran.domain.events import KillRequested
from trimaran.domain.instrument import MarketName
from trimaran.domain.orders import OrderRequest, StrategyName
from trimaran.domain.records import Durability
from trimaran.live.executor import Executor
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_files import KillFiles
from trimaran.live.kill_switch import KillSwitch
from trimaran.live.knight import Knight
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.rest import RestClient, RestOptions

STRATEGIES = tuple(StrategyName(name) for name in ("arb", "maker", "taker", "hedge"))
A_SECOND = 500
OPEN_MAX = 60  # of each market
ORDERS_MAX = 1_000_000
PAUSE_S = 1 / A_SECOND


class Account:
    """One account, as the kill switch sees it, and what became of its orders."""

    def __init__(
        self, client: AccountClient, market: str, opened: Opened, orders: Iterator[OrderRequest]
    ) -> None:
        self.client = client
        self.opened = opened
        self.ready: deque[Approved] = deque()  # approved before the storm
        self.market = MarketName(market)
        self.symbol = client._reconciler._symbols[0]
        self.visibility_lag_ns = client.visibility_lag_ns
        self.orders = orders
        self.open: deque[OrderRequest] = deque()
        self.departures: list[int] = []
        self.ended_ns = 0

    def on_the_way(self) -> int:
        """Without a venue's id, and not ended."""
        return sum(each.venue_order_id is None for each in self.client.fold.open_orders())

    async def end_all(self) -> int:
        """One round."""
        return len(await self.client.cancel_all_fast(self.symbol))

    async def end(self, refs: Sequence[OrderRef]) -> None:
        """Some of them."""
        await asyncio.gather(*(self.client.cancel(ref) for ref in refs))

    def prepare(self, count: int) -> None:
        """Lets risk approve orders of several strategies at several prices."""
        for number, base in zip(range(count), self.orders, strict=False):
            order = msgspec.structs.replace(
                base,
                strategy=STRATEGIES[number % len(STRATEGIES)],
                price_ticks=base.price_ticks - random.randrange(200),
            )
            self.ready.append(approved(self.opened, order))

    def watch(self) -> None:
        """Writes down every order that goes to a socket."""
        send_now = self.client.send_now

        def watched(approved: Approved) -> bool:
            left = send_now(approved)
            if left:
                self.departures.append(time.time_ns())
            return left

        self.client.send_now = watched  # type: ignore[method-assign]


class Desk:
    """Accounts, executor, kill switch, Knight check; alive for the whole run."""

    def __init__(self, folder: str) -> None:
        self.clock = SystemClock()
        self.told: list[str] = []
        self.switch = KillSwitch(
            KillFiles(Path(folder)), self.clock, lambda *text: self.told.append(str(text))
        )
        self.knight = Knight(self.clock, self.told.append)
        self.events: list[KillRequested] = []
        self.executor = Executor(self.switch, self.knight, self.clock, lambda event: None, lambda *_: None)
        self.accounts: list[Account] = []

    async def open(self, told: dict[str, Any], markets: Sequence[str], epoch: int) -> None:
        """Connects, and begins to look for requests."""
        rest = await RestClient(self.clock, RestOptions()).__aenter__()
        for market in markets:
            opened = await open_market(told, market, KeyKind.HMAC)
            number = len(self.accounts)
            client = client_of(
                opened, rest, self.clock, lambda event, number=number: self.hear(number, event)
            )
            self.accounts.append(
                Account(client, market, opened, requests(opened, ORDERS_MAX, epoch + number))
            )
            self.executor.add(MarketName(market), client)
            await client.start()
        while not all(each.client.is_up for each in self.accounts):  # noqa: ASYNC110 - clients have no event for it
            await asyncio.sleep(0.05)
        for account in self.accounts:
            account.watch()
        self.switch.attach(
            self.events.append,
            KillCancels(self.accounts, lambda *_: [], self.clock, lambda *text: self.told.append(str(text))),
        )
        self._polling = asyncio.create_task(self.switch.run())

    def hear(self, number: int, event: object) -> None:
        """When orders ended."""
        if isinstance(event, OrderDone):
            self.accounts[number].ended_ns = max(self.accounts[number].ended_ns, event.local_ns)

    def prepare(self, seconds: float) -> Reply:
        """Orders for a storm."""
        for account in self.accounts:
            account.ready.clear()
            account.prepare(int(seconds * A_SECOND / len(self.accounts)) + len(STRATEGIES))
        return {"orders": sum(len(account.ready) for account in self.accounts)}

    async def storm(self, seconds: float) -> Reply:
        """Goes on for so long, whatever happens to it, and then waits for the end of the cancels."""
        for account in self.accounts:
            account.departures.clear()
            account.open.clear()
            account.ended_ns = 0
        end_s, due_s = time.perf_counter() + seconds, time.perf_counter()
        for number in itertools.count():
            if time.perf_counter() > end_s or not self.accounts[number % len(self.accounts)].ready:
                break
            self.one(number)
            due_s += PAUSE_S
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        moves = self.switch.image.switches
        _, job = self.switch._jobs[moves[0].scope]
        while not job.over:  # noqa: ASYNC110 - nor have jobs
            await asyncio.sleep(0.01)
        reply = {
            "committed_ns": moves[0].local_ns,
            "last_order_ns": max(max(each.departures) for each in self.accounts),
            "orders": sum(len(each.departures) for each in self.accounts),
            "ended_ns": max(each.ended_ns for each in self.accounts),
            "proved_ns": max(row.proved_ns for row in job.rows.values()),
            "proved": all(row.proved_ns for row in job.rows.values()),
            "breaches": self.knight.figures.breaches,
        }
        code = self.switch.code(None, KillState.RUNNING)
        await self.switch.reset(None, KillState.RUNNING, code, "benchmark", "the next round")
        return reply

    def one(self, number: int) -> None:
        """One order of one strategy; the oldest of its market goes when there are too many."""
        account = self.accounts[number % len(self.accounts)]
        order = account.ready[0].order
        self.knight.on_intent(order.client_order_id)
        self.knight.on_checked(order.client_order_id)
        self.executor.carry_out(SendOrder(account.ready.popleft(), Durability.FAST), self.clock.wall_ns())
        account.open.append(order)
        if len(account.open) > OPEN_MAX:
            old = account.open.popleft()
            account.client.cancel_now(account.client.ref_of(old.client_order_id, old.instrument_key))


RUNNER = asyncio.Runner(loop_factory=uvloop.new_event_loop)
DESKS: list[Desk] = []


def ready(side: Side, told: dict[str, Any], markets: list[str], folder: str, epoch: int) -> Reply:
    """Connects."""
    desk = Desk(folder)
    DESKS.append(desk)
    RUNNER.run(desk.open(told, markets, epoch))
    return {"ready": True}


def prepare(side: Side, seconds: float) -> Reply:
    """Before a round."""
    return DESKS[-1].prepare(seconds)


def storm(side: Side, seconds: float) -> Reply:
    """One round."""
    return RUNNER.run(DESKS[-1].storm(seconds))


if __name__ == "__main__":
    serve(lambda channel: None, {"prepare": prepare, "ready": ready, "storm": storm})
