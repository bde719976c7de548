"""A kill switch on a folder of its own, with a clock that is set by hand, and accounts that remember."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.events import KillRequested
from trimaran.domain.instrument import MarketName, Symbol
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import StrategyName
from trimaran.live.disk_thread import Aside, Inline
from trimaran.live.kill_cancels import KillCancels
from trimaran.live.kill_files import KillAnswer, KillFiles
from trimaran.live.kill_switch import KillSwitch
from trimaran.venues.wire.asks import OrderRef

SPOT, SWAP, USDM = MarketName("okx.spot"), MarketName("okx.swap"), MarketName("binance.usdm")
ARB, MAKER = StrategyName("arb"), StrategyName("maker")
START_NS = 1_800_000_000_000_000_000


class HandClock:
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def wall_ns(self) -> int:
        return START_NS + self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    def pass_ms(self, milliseconds: float) -> None:
        self.now_ns += round(milliseconds * 1_000_000)


class PaperAccount:
    """An account whose orders are a list. `late` orders arrive at the venue with the next round."""

    def __init__(self, market: MarketName, log: list[str]) -> None:
        self.market = market
        self.log = log
        self.open: dict[int, tuple[StrategyName, bool]] = {}
        self.late: dict[int, tuple[StrategyName, bool]] = {}
        self.failures = 0  # rounds that fail
        self.stubborn = False  # nothing goes away
        self.visibility_lag_ns = 0
        self.hidden: dict[int, tuple[StrategyName, bool]] = {}  # accepted, and not shown yet

    def on_the_way(self) -> int:
        return len(self.late)

    async def end_all(self) -> int:
        self.log.append(f"end_all {self.market}")
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise OSError("nobody answers")
        if not self.stubborn:
            self.open.clear()
        self.open |= self.late
        self.late = {}
        return len(self.open)

    async def end(self, refs: Sequence[OrderRef]) -> None:
        self.log.append(f"end {self.market} {len(refs)}")
        await asyncio.sleep(0)
        for ref in refs:
            assert ref.client_order_id is not None
            self.open.pop(ref.client_order_id, None)


class Room:
    """Everything around one switch. `log` has what happened, in its order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.log: list[str] = []
        self.told: list[str] = []
        self.events: list[KillRequested] = []
        self.files = KillFiles(folder)
        self.accounts = [PaperAccount(market, self.log) for market in (SPOT, SWAP, USDM)]
        self.switch: KillSwitch

    def account(self, market: MarketName) -> PaperAccount:
        return next(each for each in self.accounts if each.market == market)

    def tell(self, market: str, text: str) -> None:
        self.told.append(f"{market}: {text}")

    def engine(self, event: KillRequested) -> None:
        self.log.append(f"event {event.scope.text} {event.state.name}")
        self.events.append(event)

    def open_orders(self, market: MarketName, scope: KillScope, spare: bool) -> list[OrderRef]:
        account = self.account(market)
        return [
            OrderRef(Symbol("BTC"), ClientOrderId(number))
            for number, (strategy, reduces) in {**account.open, **account.late}.items()
            if scope.name in ("", strategy, market, market.partition(".")[0]) and not (spare and reduces)
        ]

    def open(self, existed: bool = False, aside: Aside | None = None) -> KillSwitch:
        self.switch = KillSwitch(self.files, self.clock, self.tell, existed=existed, aside=aside or Inline())
        cancels = KillCancels(self.accounts, self.open_orders, self.clock, self.tell)
        self.switch.attach(self.engine, cancels)
        return self.switch

    def stops(self, market: MarketName = SPOT, strategy: StrategyName = ARB, reduces: bool = False) -> bool:
        return self.switch.stops(market, strategy, reduces)

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(2_000):
            if condition():
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"not in time; {self.log[-10:]} {self.told[-10:]}")

    async def answer(self, name: str) -> KillAnswer:
        found: KillAnswer | None = None

        def there() -> bool:
            nonlocal found
            found = self.files.read_answer(name)
            return found is not None and found.done

        await self.until(there)
        assert found is not None
        return found


@contextlib.asynccontextmanager
async def kill_room(folder: Path, existed: bool = False, aside: Aside | None = None) -> AsyncIterator[Room]:
    """A switch that is open and attached, for the time of a block."""
    room = Room(folder)
    room.open(existed, aside)
    try:
        yield room
    finally:
        await room.switch.stop()
