"""A desk that trades, in this process, on simulated venues over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.support.run_room import EAGER, LIMITS, run_desk_of, running, until, write_settings
from trimaran.base.errors import ConfigError, JournalError, VenueError
from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import InstrumentKey, MarketName, Side
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import StrategyName, TimeInForce
from trimaran.live.control_port import (
    AskBalances,
    AskLimits,
    AskOrders,
    AskPnl,
    AskPositions,
    AskStatus,
    CancelAll,
    CancelOne,
    Reconcile,
    Release,
    SetLimits,
)
from trimaran.live.desk_answers import DeskAnswers
from trimaran.live.run_desk import RunDesk
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped
from trimaran.venues.sim.server import Simulator
from trimaran.venues.simulators import SimulatorOptions, simulating

SPOT: Final = InstrumentKey("binance.spot:BTCUSDT")


def is_ready(desk: RunDesk) -> bool:
    return not any(desk.status()["ready"].values())


def simulated(**changes: Any) -> contextlib.AbstractAsyncContextManager[Simulator]:
    options = {"venues": ("binance",), "symbols": ("BTC", "ETH"), "seed": 5, "rate": 6.0, **changes}
    return simulating(SimulatorOptions(**options))


async def test_it_trades_answers_and_ends_with_a_ledger_equal_to_the_venue(tmp_path: Path) -> None:
    told: list[str] = []
    async with simulated() as simulator:
        path = write_settings(tmp_path, simulator.urls())
        async with running(path, told) as desk:
            answers = DeskAnswers(desk)
            await until(lambda: desk.status()["order_counts"].get("filled", 0) >= 2)
            orders: Any = await answers.handle(AskOrders(ended=True), "me")
            assert {row["state"] for row in orders} & {"filled", "partially_filled"}
            assert Decimal(orders[0]["price"]) > 0
            balances: Any = await answers.handle(AskBalances(), "me")
            assert {("binance.spot", "USDT"), ("binance.usdm", "USDT")} <= {
                (row["market"], row["asset"]) for row in balances
            }
            positions: Any = await answers.handle(AskPositions(), "me")
            assert all(row["market"] == "binance.usdm" and Decimal(row["size"]) for row in positions)
            pnl: Any = await answers.handle(AskPnl(), "me")
            parts = sum(Decimal(pnl[name]) for name in ("realised", "unrealised")) - Decimal(pnl["fees"])
            assert abs(parts - Decimal(pnl["total"])) < Decimal("0.01")
            status: Any = await answers.handle(AskStatus(), "me")
            counts = status["order_counts"]
            assert counts["sent"] == status["knight"]["sent"] == status["knight"]["journaled"]
            assert status["journal"]["takes_risk"]
            await desk.finish()
            result = desk.result()
        assert result["differences"] == []
        assert result["order_counts"]["open"] == 0
        assert result["order_counts"]["sent"] == counts["sent"] + (
            result["knight"]["sent"] - status["knight"]["sent"]
        )
        assert not result["frozen"]
        venue_orders = [
            order.client_id
            for exchange in simulator.exchanges.values()
            for market in exchange.markets
            for order in exchange.ended_orders(1, market)
        ]
        assert len(venue_orders) == len(set(venue_orders)) == result["order_counts"]["sent"]


async def test_money_that_moves_behind_its_back_is_found_and_booked(tmp_path: Path) -> None:
    told: list[str] = []
    async with simulated(rate=1.0) as simulator, aiohttp.ClientSession() as http:
        path = write_settings(tmp_path, simulator.urls(), more="")
        async with running(path, told) as desk:
            answers = DeskAnswers(desk)
            await until(lambda: is_ready(desk))
            before = desk.desk.durable.ledger.balances["binance.spot", "USDT"]  # type: ignore[index]
            query = "venue=binance&market=binance.spot&asset=USDT&amount=250"
            async with http.post(f"{simulator.urls()['admin']}/deposit?{query}") as answer:
                assert answer.status == 200
            found: list[Any] = []
            while not found:
                reconciled: Any = await answers.handle(Reconcile(), "me")
                found = reconciled["differences"]
                await asyncio.sleep(0.2)
            assert {row["market"] for row in found} == {"binance.spot"}
            assert "USDT" in found[0]["subject"]
            after = desk.desk.durable.ledger.balances["binance.spot", "USDT"]  # type: ignore[index]
            assert after - before == 250
            await until(lambda: is_ready(desk))
            again: Any = await answers.handle(Reconcile("binance.spot"), "me")
            assert again["differences"] == []
            assert list(again["markets"]) == ["binance.spot"]


class Resting:
    """Has one order in the book, below the best bid, as often as it is asked for one."""

    name = StrategyName("resting")

    def __init__(self) -> None:
        self.wanted = 0

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Skipped:
        return Skipped(opportunity.pair, "not mine")

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> None:
        return

    def on_tick(self, now_ns: int, desk: DeskView) -> list[Proposal]:
        bid_ticks, _ = desk.top_ticks(SPOT)
        if not self.wanted or not bid_ticks:
            return []
        self.wanted -= 1
        lots = desk.instrument(SPOT).size_grid.steps(Decimal("0.01"))
        leg = LegDraft(SPOT, Side.BUY, bid_ticks * 995 // 1000, lots, TimeInForce.GTC)
        return [Proposal(self.name, Purpose.EXECUTE, (leg,), None)]

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        raise AssertionError(rule)


async def test_orders_that_rest_are_cancelled_one_by_one_all_at_once_after_a_restart_and_at_the_end(
    tmp_path: Path,
) -> None:
    async with simulated(rate=0.2) as simulator:
        path = write_settings(tmp_path, simulator.urls(), more="")

        async def rested(desk: RunDesk) -> Any:
            """The row of an order that the venue has."""
            resting.wanted = 1
            await until(lambda: [each for each in desk.desk.durable.working.values() if each.is_open])
            (row,) = await DeskAnswers(desk).handle(AskOrders(), "me")  # type: ignore[misc]
            return row

        def all_ended() -> bool:
            return not desk.desk.durable.working

        resting = Resting()
        async with running(path, []) as desk:
            await until(lambda: is_ready(desk))
            desk.desk.strategies = (resting,)
            row = await rested(desk)
            assert (row["state"], row["tif"], row["size"], row["filled"]) == ("acked", "GTC", "0.01", "0")
            await DeskAnswers(desk).handle(CancelOne(row["id"]), "me")
            await until(all_ended)
            await rested(desk)
            cleared: Any = await DeskAnswers(desk).handle(CancelAll(), "me")
            assert [each["left"] for each in cleared.values()] == [0, 0]
            await until(all_ended)
            left = await rested(desk)
        assert len(simulator.exchanges["binance"].open_orders(1, MarketName("binance.spot"))) == 1
        async with running(path, []) as desk:
            await until(lambda: is_ready(desk))
            (again,) = await DeskAnswers(desk).handle(AskOrders(), "me")  # type: ignore[misc]
            assert (again["id"], again["state"], again["venue_id"]) == (left["id"], "acked", left["venue_id"])
            await desk.finish()
            result = desk.result()
        assert result["differences"] == []
        assert (result["order_counts"]["open"], result["order_counts"]["canceled"]) == (0, 1)
        assert not simulator.exchanges["binance"].open_orders(1, MarketName("binance.spot"))


async def test_limits_are_changed_while_it_runs_and_a_newer_file_counts_at_the_next_start(
    tmp_path: Path,
) -> None:
    second = LIMITS.replace("version = 1", "version = 2").replace("leverage_max = 5", "leverage_max = 2")
    async with simulated(rate=1.0) as simulator:
        path = write_settings(tmp_path, simulator.urls(), more="")
        async with running(path, []) as desk:
            answers = DeskAnswers(desk)
            first: Any = await answers.handle(AskLimits(), "me")
            assert (first["version"], first["text"]) == (1, LIMITS)
            for text in ("", "version = 0", "version = 2", second + "[asset.DOGE]\nexposure_base_max = 1"):
                with pytest.raises(ConfigError, match="limits"):
                    await answers.handle(SetLimits(text), "me")
            assert await answers.handle(AskLimits(), "me") == first
            set_now: Any = await answers.handle(SetLimits(second), "me")
            assert (set_now["version"], set_now["actor"]) == (2, "me")
            with pytest.raises(ConfigError, match="expected more than 2, found 1"):
                await answers.handle(SetLimits(LIMITS), "me")
        async with running(path, []) as desk:
            assert await DeskAnswers(desk).handle(AskLimits(), "me") == set_now
        (tmp_path / "limits.toml").write_text(second.replace("version = 2", "version = 3"))
        async with running(path, []) as desk:
            third: Any = await DeskAnswers(desk).handle(AskLimits(), "me")
            assert (third["version"], third["actor"]) == (3, "the settings file")


async def test_what_cannot_be_done_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with simulated(rate=1.0) as simulator:
        path = write_settings(tmp_path, simulator.urls(), more="")
        async with running(path, []) as desk:
            answers = DeskAnswers(desk)
            sequence = desk.journal.journal.sequence
            for request, told in (
                (CancelOne(5), "order: expected one that has not ended"),
                (CancelAll("okx.spot"), "market: expected one of binance.spot"),
                (Reconcile("okx.spot"), "market: expected one of binance.spot"),
                (Release("binance.spot:BTCUSDT"), "instrument: expected one of none"),
            ):
                with pytest.raises(ConfigError, match=told):
                    await answers.handle(request, "me")
            assert desk.journal.journal.sequence == sequence
            second = run_desk_of(path, [])
            with pytest.raises(JournalError):  # the folder has an owner
                await second.start()
            cleared: Any = await answers.handle(CancelAll("binance.spot"), "me")
            assert cleared == {"binance.spot": {"left": 0, "trouble": ""}}


async def test_a_start_without_its_venue_leaves_nothing_open(tmp_path: Path) -> None:
    async with simulated(rate=1.0) as simulator:
        addresses = simulator.urls()
    path = write_settings(tmp_path, addresses, desk="start_patience_s = 0", more=EAGER)
    for _ in range(2):  # the folder was given back
        with pytest.raises(VenueError):
            await run_desk_of(path, []).start()
