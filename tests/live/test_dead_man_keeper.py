"""Dead-man switches of accounts at simulated venues: armed while orders are open, missed when they fire."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.kill_room import SPOT, SWAP, USDM, HandClock
from tests.support.trading_desk import Desk, desk_in
from tests.support.trading_room import room_of
from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName, Symbol, symbol_in
from trimaran.domain.orders import OrderState
from trimaran.live.dead_man_keeper import DeadManAccount, DeadManKeeper
from trimaran.live.stop_restore import Lapsed
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asks import ArmDeadMan, Armed, Disarmed
from trimaran.venues.wire.fault import Effect, Fault, FaultKind, VenueFault

SECOND = 1_000_000_000
REFUSED = VenueFault(Fault(FaultKind.UNKNOWN, Effect.REFUSED, "1", "no"))
LOST = VenueFault(Fault(FaultKind.UNKNOWN, Effect.UNKNOWN, "", "no answer"))


class Paper:
    """A market whose answers are chosen."""

    def __init__(self, market: MarketName) -> None:
        self.market = market
        self.symbols: set[Symbol] = set()
        self.asked: list[tuple[int, Symbol | None]] = []
        self.failure: VenueFault | None = None

    async def ask(self, ask: Any, patience: Any = None) -> Any:
        assert isinstance(ask, ArmDeadMan)
        self.asked.append((ask.timeout_ns // SECOND, ask.symbol))
        if self.failure is not None:
            raise self.failure
        return Armed(0) if ask.timeout_ns else Disarmed()

    def account(self) -> DeadManAccount:
        spec = MARKETS[self.market].private.spec.dead_man
        return DeadManAccount(self.market, spec, self, lambda: self.symbols)


class Keeping:
    """A keeper on a clock that is set by hand."""

    def __init__(self, *markets: MarketName, required: bool = False) -> None:
        self.clock = HandClock()
        self.papers = [Paper(market) for market in markets]
        self.told: list[str] = []
        self.lapses: list[Lapsed] = []
        self.held: dict[MarketName, str] = {}
        self.keeper = DeadManKeeper(
            [paper.account() for paper in self.papers],
            self.clock,
            lambda market, text: self.told.append(text),
            self.lapses.append,
            holds=self if required else None,
        )

    def hold(self, market: MarketName, reason: str) -> None:
        self.held[market] = reason

    def release(self, market: MarketName) -> None:
        self.held.pop(market, None)

    async def look(self, seconds: float = 0, times: int = 1) -> None:
        for _ in range(times):
            self.clock.pass_ms(seconds * 1_000)
            self.keeper.look()
            for _ in range(3):
                await asyncio.sleep(0)


async def test_one_switch_an_instrument_or_one_for_all_markets_that_share_it() -> None:
    keeping = Keeping(USDM, SPOT, SWAP)
    usdm, spot, swap = keeping.papers
    usdm.symbols = {Symbol("BTCUSDT"), Symbol("ETHUSDT")}
    spot.symbols, swap.symbols = {Symbol("BTC-USDT")}, {Symbol("BTC-USDT-SWAP")}
    await keeping.look()
    assert sorted(usdm.asked) == [(60, "BTCUSDT"), (60, "ETHUSDT")]
    assert spot.asked + swap.asked == [(30, None)]
    await keeping.look(0.5, times=19)
    assert len(spot.asked + swap.asked) == 1
    await keeping.look(0.5)
    assert len(spot.asked + swap.asked) == 2
    assert all(status.armed and status.wanted for status in keeping.keeper.status())
    usdm.symbols = {Symbol("ETHUSDT")}
    await keeping.look(0.5, times=45)
    assert (0, "BTCUSDT") in usdm.asked
    await keeping.keeper.stop()
    assert (0, Symbol("ETHUSDT")) in usdm.asked
    assert (0, None) in spot.asked + swap.asked


async def test_a_market_without_a_switch_is_said() -> None:
    keeping = Keeping(MarketName("binance.spot"))
    keeping.papers[0].symbols = {Symbol("BTCUSDT")}
    await keeping.look()
    (status,) = keeping.keeper.status()
    assert (status.exists, status.wanted, status.armed) == (False, True, False)
    assert "this market has none" in keeping.told[0]
    assert not keeping.papers[0].asked


@pytest.mark.parametrize("failure", [REFUSED, LOST])
async def test_what_cannot_be_armed_is_told_once_and_holds_new_risk_where_that_is_wanted(
    failure: VenueFault,
) -> None:
    keeping = Keeping(SPOT, SWAP, required=True)
    keeping.papers[0].symbols = {Symbol("BTC-USDT")}
    keeping.papers[0].failure = failure
    await keeping.look(1, times=5)
    assert sum("cannot be set" in text for text in keeping.told) == 2  # one a market
    assert set(keeping.held) == {SPOT, SWAP}
    keeping.papers[0].failure = None
    await keeping.look(1, times=10)
    assert keeping.held == {}
    assert any("can be set again" in text for text in keeping.told)


async def test_a_hold_ends_when_nothing_is_open() -> None:
    keeping = Keeping(USDM, required=True)
    keeping.papers[0].symbols, keeping.papers[0].failure = {Symbol("BTCUSDT")}, REFUSED
    await keeping.look(1, times=5)
    assert keeping.held
    keeping.papers[0].symbols = set()
    await keeping.look(1)
    assert not keeping.held


async def test_silence_is_a_lapse_that_lasts_until_it_is_armed_again() -> None:
    keeping = Keeping(USDM)
    paper = keeping.papers[0]
    paper.symbols = {Symbol("BTCUSDT")}
    await keeping.look()
    began_ns = keeping.clock.wall_ns()
    paper.failure = LOST  # the network is gone
    await keeping.look(5, times=30)
    assert [(each.markets, each.symbol) for each in keeping.lapses] == [((USDM,), "BTCUSDT")]
    assert keeping.lapses[0].fires_ns == began_ns + 60 * SECOND
    paper.failure = None
    await keeping.look(5, times=3)
    first, last = keeping.lapses
    assert first.fires_ns == last.fires_ns
    assert last.until_ns >= keeping.clock.wall_ns() - 15 * SECOND


def test_a_timeout_that_the_venue_does_not_take_is_refused() -> None:
    paper = Paper(SPOT)
    with pytest.raises(ConfigError, match="10 to 120, found 5 s"):
        DeadManKeeper(
            [paper.account()], HandClock(), lambda *_: None, lambda _: None, timeouts_ns={SPOT: 5 * SECOND}
        )


@pytest.mark.parametrize("market", ["binance.usdm", "okx.swap", "htx.spot", "htx.swap"])
async def test_at_the_venue_it_is_armed_fires_when_we_are_silent_and_is_disarmed(market: str) -> None:
    entry = MARKETS[MarketName(market)]
    lapses: list[Lapsed] = []

    def keeper_of(desk: Desk, clock: Any) -> DeadManKeeper:
        def open_symbols() -> set[Symbol]:
            return {symbol_in(each.instrument_key) for each in desk.client.fold.open_orders()}

        account = DeadManAccount(entry.name, entry.private.spec.dead_man, desk.client, open_symbols)
        return DeadManKeeper([account], clock, lambda *_: None, lapses.append)

    async with room_of(entry) as room, desk_in(room) as desk:
        clock = HandClock()
        keeper = keeper_of(desk, clock)
        resting = await desk.rest(2)
        keeper.look()
        await desk.until(lambda: keeper.status() and keeper.status()[0].armed)
        armed = dict(room.exchange._dead_men)
        assert armed
        spec = entry.private.spec.dead_man
        assert spec is not None
        room.pass_time(spec.timeout_ns / SECOND + 1)  # we are halted meanwhile
        await desk.in_state(resting, OrderState.CANCELED)
        clock.pass_ms(spec.timeout_ns / 1_000_000 + 1_000)
        keeper.look()
        assert len(lapses) == 1
        second = await desk.rest(1)

        def armed_again() -> bool:
            keeper.look()
            return keeper.status()[0].armed and bool(room.exchange._dead_men)

        await desk.until(armed_again)
        await keeper.stop()
        assert not room.exchange._dead_men
        room.pass_time(120)
        assert desk.lives.state(second) is OrderState.ACKED
        assert desk.client.fold.open_orders()
