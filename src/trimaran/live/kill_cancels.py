"""Ends the orders of a killed scope, and proves it by what the venues say.

A switch that is KILLED for all, a venue or an account ends everything that is open there, whoever placed it,
protective stops too. A strategy's switch ends that strategy's orders; one at REDUCE_ONLY ends what may make a
position larger, and leaves what can only make it smaller.

An order that was on its way when the switch fell may reach the venue after the request that ends all, and a
venue shows an order some time after it has accepted it. So an account is proved to be empty by a venue that
has nothing open, asked so long after nothing of ours was on its way any more; until then it is asked again,
in rounds that grow apart, up to `GIVE_UP_NS`. What could not be proved by then is told, and is a person's to
look into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Protocol

from trimaran.domain.decision import KillState
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import KillScope, ScopeKind
from trimaran.domain.ports import Clock
from trimaran.live.kill_files import CancelRow
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.tasks import Tasks

SECOND: Final = 1_000_000_000
PAUSE_S: Final = 0.02  # after the first round; then half as long again each time
PAUSE_EACH_S: Final = 0.2  # the same where orders are cancelled one by one: an answer may be on its way
PAUSE_S_MAX: Final = 2.0
WATCH_S: Final = 0.01
GIVE_UP_NS: Final = 60 * SECOND
NEVER: Final = -1
ROUND_S_MAX: Final = 10.0  # a round that hangs is one that failed


class KillAccount(Protocol):
    """One account at one market, as the kill switch sees it."""

    @property
    def market(self) -> MarketName:
        """Its market."""

    @property
    def visibility_lag_ns(self) -> int:
        """How late the venue may show an order that it has accepted."""

    def on_the_way(self) -> int:
        """Orders of ours without a definitive answer."""

    async def end_all(self) -> int:
        """Asks for the end of everything, and then what is still open: so many. Raises."""

    async def end(self, refs: Sequence[OrderRef]) -> None:
        """Asks for the end of some orders. Raises."""


class OpenOrdersOf(Protocol):
    """The orders of a scope that have not ended as far as the desk knows, those on their way included."""

    def __call__(self, market: MarketName, scope: KillScope, spare_reducing: bool, /) -> Sequence[OrderRef]:
        """Without those that can only reduce a position, where these are spared."""


class CancelJob:
    """The cancels of one kill, and how far they are. `rows` are replaced as they change."""

    def __init__(self, markets: Sequence[MarketName]) -> None:
        self.rows = {market: CancelRow(market, None, 0) for market in markets}
        self._open = set(markets)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def over(self) -> bool:
        """Whether every account is proved to be empty, or was given up."""
        return not self._open

    def run(self, market: MarketName, task: asyncio.Task[None]) -> None:
        """`task` is at work on an account."""
        self._tasks.append(task)
        task.add_done_callback(lambda _: self._open.discard(market))

    def stop(self) -> None:
        """The switch was lifted: nothing more is cancelled for it."""
        for task in self._tasks:
            task.cancel()


class KillCancels:
    """Starts and repeats cancels. `tell` receives what a person must hear."""

    def __init__(
        self,
        accounts: Sequence[KillAccount],
        open_orders: OpenOrdersOf,
        clock: Clock,
        tell: Callable[[str, str], None],
    ) -> None:
        self._accounts = accounts
        self._open_orders = open_orders
        self._clock = clock
        self._tell = tell

    def begin(self, scope: KillScope, state: KillState, tasks: Tasks) -> CancelJob:
        """Begins on every account of the scope, side by side."""
        accounts = [each for each in self._accounts if reaches(scope, each.market)]
        job = CancelJob([each.market for each in accounts])
        everything = state is KillState.KILLED and scope.kind is not ScopeKind.STRATEGY
        spare = state is not KillState.KILLED
        for account in accounts:
            a_round = account.end_all if everything else self._some(account, scope, spare)
            work = self._until_proved(account, a_round, job, everything)
            job.run(account.market, tasks.spawn(work))
        return job

    def _some(
        self, account: KillAccount, scope: KillScope, spare: bool
    ) -> Callable[[], Coroutine[None, None, int]]:
        """A round that ends the orders of one scope alone."""

        async def a_round() -> int:
            refs = self._open_orders(account.market, scope, spare)
            if refs:
                await account.end(refs)
            return len(self._open_orders(account.market, scope, spare))

        return a_round

    async def _until_proved(
        self,
        account: KillAccount,
        a_round: Callable[[], Coroutine[None, None, int]],
        job: CancelJob,
        everything: bool,
    ) -> None:
        """Rounds until nothing is open. A venue does not know what is on its way; a desk's list does."""
        market, began_ns = account.market, self._clock.monotonic_ns()
        pause_s = PAUSE_S if everything else PAUSE_EACH_S
        way = _Way(account, self._clock, everything)
        watching = asyncio.get_running_loop().create_task(way.watch())
        try:
            while True:
                proves = way.is_clear(self._clock.monotonic_ns())
                left, text = await self._one(a_round)
                if left == 0 and proves:
                    job.rows[market] = CancelRow(market, 0, self._clock.wall_ns())
                    return
                job.rows[market] = CancelRow(market, left, 0, text or way.text)
                if self._clock.monotonic_ns() - began_ns > GIVE_UP_NS:
                    count = "how many orders" if left is None else f"{left} orders"
                    text = job.rows[market].text
                    self._tell(market, f"kill: not proved that all is cancelled; open: {count}; {text}")
                    return
                # where nothing is seen, the next look is the one that proves it
                clear_s = way.clear_in_s(self._clock.monotonic_ns()) if left == 0 else None
                await asyncio.sleep(pause_s if clear_s is None else clear_s)
                pause_s = min(pause_s * 1.5, PAUSE_S_MAX)
        finally:
            watching.cancel()

    async def _one(self, a_round: Callable[[], Coroutine[None, None, int]]) -> tuple[int | None, str]:
        try:
            async with asyncio.timeout(ROUND_S_MAX):
                return await a_round(), ""
        except TimeoutError:
            return None, f"no answer within {ROUND_S_MAX:g} s"
        except Exception as error:  # a bug here must not keep the next round from trying
            return None, f"{type(error).__name__}: {error}"[:200]


class _Way:
    """What is on its way to an account, and since when nothing is."""

    def __init__(self, account: KillAccount, clock: Clock, everything: bool) -> None:
        self._account = account
        self._clock = clock
        self._lag_ns = account.visibility_lag_ns if everything else 0
        self._count = account.on_the_way if everything else int
        self._settled_ns = NEVER
        self._on_the_way = 0
        self._look()

    @property
    def text(self) -> str:
        """For people; empty when nothing is on its way."""
        return f"{self._on_the_way} on their way" if self._on_the_way else ""

    def is_clear(self, now_ns: int) -> bool:
        """Whether the venue shows everything that ever left."""
        self._look()
        return self._settled_ns != NEVER and now_ns >= self._settled_ns + self._lag_ns

    def clear_in_s(self, now_ns: int) -> float | None:
        """How long until it is; None while something is on its way."""
        if self._settled_ns == NEVER:
            return None
        return max(self._settled_ns + self._lag_ns - now_ns, 0) / SECOND

    async def watch(self) -> None:
        """Looks often: a round may take long."""
        while True:
            self._look()
            await asyncio.sleep(WATCH_S)

    def _look(self) -> None:
        self._on_the_way = self._count()
        if self._on_the_way:
            self._settled_ns = NEVER
        elif self._settled_ns == NEVER:
            self._settled_ns = self._clock.monotonic_ns()


def reaches(scope: KillScope, market: MarketName) -> bool:
    """Whether a switch has to do with an account."""
    match scope.kind:
        case ScopeKind.VENUE:
            return market.partition(".")[0] == scope.name
        case ScopeKind.ACCOUNT:
            return market == scope.name
        case ScopeKind.ALL | ScopeKind.STRATEGY:
            return True
