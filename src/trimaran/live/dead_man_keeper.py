"""Keeps the dead-man switches of all accounts, while orders are open, and says what it could not do.

One task looks twice a second at what is open, and asks the venues as the law of each switch says
(`dead_man.py`). With `required`, a market whose switch cannot be armed takes no new risk until it can: it is
held in the kill switch, where only reducing orders pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName, Symbol
from trimaran.domain.ports import Clock
from trimaran.live.dead_man import Action, Arm, DeadManSwitch, Disarm, Lapse
from trimaran.live.stop_restore import Lapsed
from trimaran.venues.wire.asks import ArmDeadMan, Armed, Ask, Disarmed
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.fault import Effect, VenueFault
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.private_spec import DeadManSpec
from trimaran.venues.wire.tasks import Tasks

SECOND: Final = 1_000_000_000
LOOK_S: Final = 0.5
STOP_S_MAX: Final = 2.0
PATIENCE: Final = Patience(wait_s_max=2.0, answer_s_max=3.0)
HELD_AFTER: Final = 2  # failures in a row, with `required`


class Asked(Protocol):
    """An account that can be asked."""

    async def ask(
        self, ask: Ask[Armed | Disarmed], patience: Patience | None = None
    ) -> Armed | Disarmed | Unsupported:
        """The answer. Raises VenueFault."""


class Holds(Protocol):
    """Who lets no new risk leave on a market."""

    def hold(self, market: MarketName, reason: str) -> None:
        """From now on."""

    def release(self, market: MarketName) -> None:
        """Not any more."""


class DeadManAccount(msgspec.Struct, frozen=True):
    """One account at one market."""

    market: MarketName
    spec: DeadManSpec | None
    client: Asked
    open_symbols: Callable[[], Collection[Symbol]]  # of orders that are open, or on their way


class DeadManStatus(msgspec.Struct, frozen=True):
    """For status pages and metrics: one switch, or a market that has none."""

    markets: tuple[MarketName, ...]
    symbol: Symbol | None
    exists: bool
    wanted: bool  # something is open that it should cover
    armed: bool
    failures: int
    trouble: str


class _Kept(msgspec.Struct):
    """One switch of a venue."""

    markets: tuple[MarketName, ...]
    symbol: Symbol | None
    client: Asked
    law: DeadManSwitch
    is_open: bool = False
    trouble: str = ""
    lapse_ns: int = 0  # wall clock: it may have fired from then on, and is not armed again yet; 0: no


class DeadManKeeper:
    """`run` is its task; `stop` disarms. `lapsed` is told of a switch that has fired, as far as we know,
    and once more when it is armed again.

    `timeouts_ns` replaces what the spec proposes, by market. Raises ConfigError for one that the venue does
    not take.
    """

    def __init__(
        self,
        accounts: Sequence[DeadManAccount],
        clock: Clock,
        tell: Callable[[str, str], None],
        lapsed: Callable[[Lapsed], None],
        *,
        holds: Holds | None = None,
        timeouts_ns: Mapping[MarketName, int] | None = None,
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._tell = tell
        self._lapsed = lapsed
        self._holds = holds  # None: a switch that cannot be armed is told, and no more
        self._timeouts_ns = dict(timeouts_ns or {})
        self._switches: dict[tuple[tuple[MarketName, ...], Symbol | None], _Kept] = {}
        self._tasks = Tasks(self._failed)
        self._failure: BaseException | None = None
        for account in accounts:
            if account.spec is None:
                tell(account.market, "no dead-man switch: this market has none")
            else:
                self._timeout_ns(account.market, account.spec)

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            self.look()
            if self._failure is not None:
                raise self._failure
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """One look: begins what is due."""
        now_ns = self._clock.monotonic_ns()
        for kept in self._switches.values():
            kept.is_open = False
        for account in self._accounts:
            if account.spec is not None:
                self._find(account, account.spec)
        for key, kept in list(self._switches.items()):
            for action in kept.law.step(now_ns, kept.is_open):
                self._begin(kept, action)
            self._hold(kept, now_ns)
            if kept.symbol is not None and not kept.is_open and kept.law.close() is None:
                del self._switches[key]  # an instrument that is not traded any more

    async def stop(self) -> None:
        """Disarms what may be armed: a desk that was told to stop leaves its orders as they are."""
        await self._tasks.end()
        orders = [kept for kept in self._switches.values() if kept.law.close() is not None]
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await asyncio.gather(*(self._disarm(kept) for kept in orders))
        except TimeoutError:
            self._tell("all", "dead-man switches: not all could be disarmed; they fire in their time")

    def status(self) -> tuple[DeadManStatus, ...]:
        """Every switch, and every market that has none."""
        now_ns = self._clock.monotonic_ns()
        none = [
            DeadManStatus(
                (each.market,), None, False, bool(each.open_symbols()), False, 0, "this market has none"
            )
            for each in self._accounts
            if each.spec is None
        ]
        kept = [
            DeadManStatus(
                each.markets,
                each.symbol,
                True,
                each.is_open,
                each.law.is_armed(now_ns),
                each.law.failures,
                each.trouble,
            )
            for each in self._switches.values()
        ]
        return (*none, *kept)

    # --- what is open ---------------------------------------------------------------------------------

    def _find(self, account: DeadManAccount, spec: DeadManSpec) -> None:
        symbols = account.open_symbols()
        if not symbols:
            return
        markets = spec.shared_by or (account.market,)
        for symbol in symbols if spec.per_symbol else (None,):
            kept = self._switches.get((markets, symbol))
            if kept is None:
                law = DeadManSwitch(self._timeout_ns(account.market, spec))
                kept = self._switches[markets, symbol] = _Kept(markets, symbol, account.client, law)
            kept.is_open = True

    def _timeout_ns(self, market: MarketName, spec: DeadManSpec) -> int:
        timeout_ns = self._timeouts_ns.get(market, spec.timeout_ns)
        most_ns = spec.timeout_ns_max or timeout_ns
        if not spec.timeout_ns_min <= timeout_ns <= most_ns:
            to = f" to {most_ns / SECOND:g}" if spec.timeout_ns_max else " s or more"
            raise ConfigError(
                f"{market}: dead-man timeout: expected {spec.timeout_ns_min / SECOND:g}{to}, "
                f"found {timeout_ns / SECOND:g} s"
            )
        return timeout_ns

    # --- what is asked --------------------------------------------------------------------------------

    def _begin(self, kept: _Kept, action: Action) -> None:
        if isinstance(action, Lapse):
            wall_ns, monotonic_ns = self._clock.wall_ns(), self._clock.monotonic_ns()
            fires_ns = wall_ns - (monotonic_ns - action.fires_ns)
            self._say(
                kept, f"the dead-man switch may have fired: silent for {action.silent_ns / SECOND:.1f} s"
            )
            self._lapsed(Lapsed(kept.markets, kept.symbol, fires_ns, wall_ns))
            kept.lapse_ns = fires_ns
        elif isinstance(action, Arm):
            self._tasks.spawn(self._arm(kept))
        else:
            assert isinstance(action, Disarm)
            self._tasks.spawn(self._disarm(kept))

    async def _arm(self, kept: _Kept) -> None:
        sent_ns = self._clock.monotonic_ns()
        try:
            answer = await kept.client.ask(ArmDeadMan(kept.law.timeout_ns, kept.symbol), PATIENCE)
        except VenueFault as error:
            self._not_taken(kept, str(error), error.fault.effect is Effect.REFUSED)
            return
        if isinstance(answer, Armed):
            kept.law.armed(sent_ns)
            self._mended(kept)
            if kept.lapse_ns:  # it lasted until now
                self._lapsed(Lapsed(kept.markets, kept.symbol, kept.lapse_ns, self._clock.wall_ns()))
                kept.lapse_ns = 0
        else:
            reason = answer.reason if isinstance(answer, Unsupported) else "it says disarmed"
            self._not_taken(kept, reason, True)

    async def _disarm(self, kept: _Kept) -> None:
        try:
            answer = await kept.client.ask(ArmDeadMan(0, kept.symbol), PATIENCE)
        except VenueFault as error:
            self._not_taken(kept, str(error), error.fault.effect is Effect.REFUSED)
            return
        if isinstance(answer, Disarmed):
            kept.law.disarmed(self._clock.monotonic_ns())
            self._mended(kept)
        else:
            self._not_taken(kept, "it does not say disarmed", False)

    def _not_taken(self, kept: _Kept, text: str, nothing_done: bool) -> None:
        kept.law.failed(self._clock.monotonic_ns(), nothing_done)
        if not kept.trouble:
            self._say(kept, f"the dead-man switch cannot be set: {text}")
        kept.trouble = text[:200]

    def _mended(self, kept: _Kept) -> None:
        if kept.trouble:
            kept.trouble = ""
            self._say(kept, "the dead-man switch can be set again")

    def _hold(self, kept: _Kept, now_ns: int) -> None:
        if self._holds is None:
            return
        failed = kept.is_open and kept.law.failures >= HELD_AFTER and not kept.law.is_armed(now_ns)
        for market in kept.markets:
            if failed:
                self._holds.hold(market, f"its dead-man switch cannot be armed: {kept.trouble}")
            elif not (kept.is_open and kept.law.failures) and not self._fails_elsewhere(market, kept):
                self._holds.release(market)

    def _fails_elsewhere(self, market: MarketName, but: _Kept) -> bool:
        """Whether another switch of the market, of another instrument, cannot be armed."""
        return any(
            other is not but and market in other.markets and other.is_open and other.law.failures
            for other in self._switches.values()
        )

    def _say(self, kept: _Kept, text: str) -> None:
        where = "" if kept.symbol is None else f"{kept.symbol}: "
        for market in kept.markets:
            self._tell(market, where + text)

    def _failed(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
