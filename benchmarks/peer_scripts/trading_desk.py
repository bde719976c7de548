"""The desk of the trading benchmarks: `RunDesk` as `trimaran run` makes it, its strategy told when to trade.

Risk, journal, Knight check, kill switch, dead-man switch and control socket are those of production. Only the
budgets of the venues are so wide that nothing waits for them, and no child keeps tables beside it.

One line of standard input is one request, and one line of standard output its answer; the desk goes on
between them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
import time
from array import array
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import picows
import uvloop
from measuring import Reply, percentiles_us, resident_bytes, settle
from trimaran_account import wide_gate

from trimaran.domain.answer import BookStatus
from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import InstrumentKey, Side
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import StrategyName
from trimaran.domain.records import Durability
from trimaran.live import run_accounts, run_desk
from trimaran.live.run_config import read_run_config
from trimaran.live.run_credentials import credentials_of
from trimaran.live.run_desk import RunDesk
from trimaran.native._hot import Hot
from trimaran.ops.run_options import keys_of
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped, Wish
from trimaran.venues.wire.clock import SystemClock

NAME = StrategyName("benchmark")
READY_S_MAX = 60
NOTIONAL = Decimal(1_000)
LIMITS = """\
version = 1
[default]
order_notional_max = 20000
exposure_base_max = 1000000
collar_bps_max = 1000
quote_age_ms_max = 60000
leverage_max = 5
open_orders_max = 1000
rate_orders_max = 1000000
rate_window_ms = 1000
"""


class Told:
    """The strategy: takes marked ticks, keeps a window of orders under way, or sends so many a tick."""

    name = NAME

    def __init__(self) -> None:
        self.window = 0  # orders under way at once
        self.per_tick = 0
        self.takes = False  # what pays
        self.keys: Sequence[InstrumentKey] = ()
        self.costs = array("q")  # ns from the decision to the known end
        self.refused: dict[str, int] = {}
        self.run: RunDesk
        self._next = 0
        self._taken = 0  # price of the last mark

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal | Skipped:
        """Buys the perpetual, where it is cheap."""
        key = opportunity.pair.buy
        if not self.takes or key != self.keys[0] or desk.halted(key, NAME):
            return Skipped(opportunity.pair, "not wanted")
        if opportunity.buy_limit_ticks == self._taken:  # the same mark, told again by another frame
            return Skipped(opportunity.pair, "taken before")
        self._taken = opportunity.buy_limit_ticks
        lots = max(1, opportunity.buy_lots // 10)
        leg = LegDraft(key, Side.BUY, opportunity.buy_limit_ticks, lots)
        return Proposal(NAME, Purpose.EXECUTE, (leg,), opportunity.pair)

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Wish | None:
        """The next one, while a window is wanted."""
        entry = self.run.desk.durable.orders[closed.legs[0].client_order_id]
        self.costs.append(time.time_ns() - entry.order.created_ns)
        return self._wanted(desk) if self.window else None

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """What is missing in the window, or what a tick is to send."""
        count = self.per_tick or self.window - len(self.run.desk.durable.working)
        wanted = [self._wanted(desk) for _ in range(max(0, count))]
        return [each for each in wanted if each is not None]

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Counted, and told at the end."""
        self.refused[rule] = self.refused.get(rule, 0) + 1

    def _wanted(self, desk: DeskView) -> Proposal | None:
        """A bid that finds nobody: it is over at once."""
        for _ in self.keys:
            key = self.keys[self._next % len(self.keys)]
            self._next += 1
            bid_ticks, _ = desk.top_ticks(key)
            if bid_ticks and not desk.halted(key, NAME):
                instrument = desk.instrument(key)
                price_ticks = bid_ticks - bid_ticks // 100
                size = NOTIONAL / instrument.price(price_ticks) / instrument.contract_size
                lots = instrument.size_grid.steps_floor(size) // instrument.order_step * instrument.order_step
                lots = max(lots, instrument.order_step)
                return Proposal(NAME, Purpose.EXECUTE, (LegDraft(key, Side.BUY, price_ticks, lots),), None)
        return None


class Desk:
    """One desk, from `open` to `close`."""

    def __init__(self) -> None:
        self.told = Told()
        self.says: list[str] = []
        self.departures = array("q")  # ns from the stamp of the event behind an order to its departure
        self.run: RunDesk
        self.echo: picows.WSTransport | None = None

    async def open(
        self, folder: str, addresses: Mapping[str, Any], markets: Sequence[str], assets: Sequence[str],
        durability: str, orders_on: Sequence[str], options: str = "",
    ) -> Reply:  # fmt: skip
        """Returns when every market of `orders_on` takes orders and every book is live."""
        path = settings(Path(folder), addresses, markets, assets, options)
        run_accounts.gate_of = wide_gate
        run_desk.strategies_of = lambda settings: [self.told]  # type: ignore[assignment,list-item]
        run_desk.durability_of = lambda settings: {NAME: Durability(durability)}  # type: ignore[assignment]
        read = read_run_config(path)
        self.run = self.told.run = RunDesk(
            read, credentials_of(read, keys_of(read)), SystemClock(), Hot, self.says.append,
            holder="benchmark", version="0",
        )  # fmt: skip
        await self.run.start()
        self._watch_departures()
        self._failed = asyncio.create_task(self.run.wait())
        desk = self.run.desk
        async with asyncio.timeout(READY_S_MAX):
            while not self._ready():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.05)
        self.told.keys = [key for key in desk.books if key.partition(":")[0] in orders_on]
        settle()  # as `trimaran run` does when the desk has started
        return {"books": len(desk.books)}

    def _ready(self) -> bool:
        if self._failed.done():
            self._failed.result()
        desk, clients = self.run.desk, [each.client for each in self.run.accounts.by_market.values()]
        live = all(desk.hot.status(book) == BookStatus.LIVE for book in desk.books.values())
        return (
            live
            and all(each.is_up for each in clients)
            and not any(s.missing for _, s in desk.readiness.all())
        )

    def _watch_departures(self) -> None:
        """Keeps each figure of `Timed`, whose histogram is right within 3 %."""
        timed = self.run.loop._venue
        timed._record = self.departures.append  # type: ignore[attr-defined]

    async def flood(self, seconds: float, window: int) -> Reply:
        """So many orders under way, for so long."""
        await self._go(window, 0, seconds / 4)
        return await self._go(window, 0, seconds)

    async def pace(self, seconds: float, per_tick: int) -> Reply:
        """So many orders ten times a second, for so long."""
        return await self._go(0, per_tick, seconds)

    async def _go(self, window: int, per_tick: int, seconds: float) -> Reply:
        told = self.told
        told.takes = False
        told.costs = array("q")
        told.window, told.per_tick = window, per_tick
        await self._until_ended()
        told.costs = array("q")
        before = self.updates()
        wall_ns, processor_ns = time.perf_counter_ns(), time.process_time_ns()
        await asyncio.sleep(seconds)
        await self._until_ended()
        wall_ns, processor_ns = time.perf_counter_ns() - wall_ns, time.process_time_ns() - processor_ns
        costs, told.costs = told.costs, array("q")
        updates = self.updates() - before
        told.window = told.per_tick = 0
        return (
            percentiles_us(costs, 0)
            | self.figures()
            | {
                "orders": len(costs),
                "rate": len(costs) / wall_ns * 1e9,
                "cpu_us": processor_ns / 1e3 / max(1, len(costs)),
                "cpu_percent": processor_ns / wall_ns * 100,
                "updates_per_second": updates / wall_ns * 1e9,
            }
        )

    async def _until_ended(self) -> None:
        """At least one order has ended since the costs were emptied."""
        async with asyncio.timeout(READY_S_MAX):
            while not self.told.costs:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)

    def updates(self) -> int:
        """Frames that were applied to a book."""
        desk = self.run.desk
        return sum(desk.hot.counters(book)[0] for book in desk.books.values())

    async def begin(self) -> Reply:
        """Forgets what was measured; marked ticks are taken from now on."""
        settle()
        self.told.takes = True
        self.departures = array("q")
        self._watch_departures()
        return {}

    async def departed(self, skip: int) -> Reply:
        """From the stamp of the frame to the order's departure."""
        return (
            percentiles_us(self.departures[skip:], 0)
            | {"counted": len(self.departures) - skip}
            | self.figures()
        )

    def figures(self) -> Reply:
        """Of the process, and what was not expected."""
        run = self.run
        return {
            "megabytes": resident_bytes() / 1e6,
            "refused": self.told.refused,
            "dropped": run.executor.dropped,
            "sent": run.executor.sent,
            "segment": run.journal.journal._number,
            "gc": gc.get_count(),
        }

    async def syncs(self, folder: str, count: int, size: int = 300) -> Reply:
        """A bare write and fdatasync of an allocated file, in this process, inline."""
        return bare_syncs(Path(folder), count, size)

    async def echoing(self, url: str, size: int) -> Reply:
        """Answers every frame at once with a text of this size, until the venue ends."""
        answer = b"x" * size

        class Echo(picows.WSListener):  # type: ignore[misc]
            def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
                transport.send(picows.WSMsgType.TEXT, answer)

        self.echo, _ = await picows.ws_connect(Echo, url)
        return {}

    async def echoed(self) -> Reply:
        """No more."""
        assert self.echo is not None
        self.echo.disconnect()
        return {}

    async def close(self) -> Reply:
        """The desk is told to stop."""
        if self._failed.done():
            self._failed.result()
        self._failed.cancel()
        await self.run.finish()
        await self.run.stop()
        return {"says": self.says[-20:]}


def bare_syncs(folder: Path, count: int, size: int) -> Reply:
    """Microseconds of each."""
    path = folder / "bare"
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.write(file, bytes(size * (count + 1)))
        os.fsync(file)
        payload, costs = random.randbytes(size), array("q")
        for number in range(count):
            began_ns = time.perf_counter_ns()
            os.pwrite(file, payload, number * size)
            os.fdatasync(file)
            costs.append(time.perf_counter_ns() - began_ns)
    finally:
        os.close(file)
        path.unlink()
    return percentiles_us(costs, 0)


def settings(
    folder: Path, addresses: Mapping[str, Any], markets: Sequence[str], assets: Sequence[str], options: str
) -> Path:
    """The files of a desk."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "[desk]",
        f"symbols = {json.dumps([f'{asset}-USDT' for asset in assets])}",
        'state = "state"',
        "[risk]",
        'limits = "limits.toml"',
        "[simulator]",
        'file = "simulator.json"',
        *(line for name in markets for line in (f'[markets."{name}"]', 'hosts = "simulator"')),
        "[journal]",
        "projection = false",
        options,
    ]
    (folder / "simulator.json").write_text(json.dumps(addresses))
    (folder / "limits.toml").write_text(LIMITS)
    (folder / "run.toml").write_text("\n".join(lines))
    return folder / "run.toml"


async def main() -> None:
    """Answers until standard input ends."""
    replies = os.dup(1)
    os.dup2(2, 1)
    reader, desk = asyncio.StreamReader(), Desk()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        answer = await getattr(desk, request.pop("task"))(**request)
        os.write(replies, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
