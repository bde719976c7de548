"""A whole desk is killed while it trades, by its socket and by a file; the journal and a restart keep it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.run_room import running, until, write_settings
from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.kill import ALL, KillScope
from trimaran.live.control_port import AskKill, AskStatus, Kill, KillReset
from trimaran.live.desk_answers import DeskAnswers
from trimaran.live.kill_files import KillFiles, KillRequest
from trimaran.live.run_desk import RunDesk
from trimaran.venues.simulators import SimulatorOptions, simulating


def trades(desk: RunDesk, count: int) -> Callable[[], bool]:
    """Whether the desk has sent so many orders more."""
    least = desk.executor.sent + count
    return lambda: desk.executor.sent >= least


async def test_a_desk_that_trades_is_killed_over_its_socket_and_lifted_with_a_code(tmp_path: Path) -> None:
    told: list[str] = []
    options = SimulatorOptions(venues=("binance",), symbols=("BTC", "ETH"), seed=5, rate=20.0)
    async with simulating(options) as simulator:
        path = write_settings(tmp_path, simulator.urls())
        async with running(path, told) as desk:
            answers = DeskAnswers(desk)
            await until(trades(desk, 2))
            answer: Any = await answers.handle(Kill(reason="a drill"), "anna")
            sent = desk.executor.sent
            assert (answer["scope"], answer["state"], answer["written"]) == ("all", "KILLED", True)
            assert 0 < answer["last_order_ns"] <= answer["committed_ns"]
            await until(lambda: desk.desk.durable.kill.states == {ALL: KillState.KILLED})
            seen: Any = await answers.handle(AskKill(), "ben")
            assert [(row["scope"], row["actor"], row["reason"]) for row in seen["standing"]] == [
                ("all", "anna", "a drill")
            ]
            await until(lambda: all(row.proved_ns for row in desk.kill.progress()["all"]))
            assert not any(
                exchange.open_orders(1, market)
                for exchange in simulator.exchanges.values()
                for market in exchange.markets
            )
            status: Any = await answers.handle(AskStatus(), "ben")
            assert status["knight"]["sent"] == sent
            assert desk.executor.sent == sent
        async with running(path, told) as again:
            answers = DeskAnswers(again)
            await until(lambda: not any(again.status()["ready"].values()))
            await asyncio.sleep(0.5)
            assert again.executor.sent == 0
            with pytest.raises(ConfigError, match="confirm"):
                await answers.handle(KillReset(code="WRONG1"), "ben")
            seen = await answers.handle(AskKill(), "ben")
            lifted: Any = await answers.handle(KillReset(code=seen["code"], reason="looked into it"), "ben")
            assert lifted["standing"] == []
            assert [row["actor"] for row in lifted["history"]] == ["anna", "ben"]
            KillFiles(tmp_path / "state").drop("now", KillRequest(scope="venue:binance", actor="carl"))
            await until(lambda: again.desk.durable.kill.states)
            assert again.desk.durable.kill.states == {KillScope.parse("venue:binance"): KillState.KILLED}


async def test_a_kill_file_that_is_gone_while_the_journal_is_there_stops_the_desk(tmp_path: Path) -> None:
    told: list[str] = []
    options = SimulatorOptions(venues=("binance",), symbols=("BTC", "ETH"), seed=5, rate=20.0)
    async with simulating(options) as simulator:
        path = write_settings(tmp_path, simulator.urls())
        async with running(path, told):
            pass
        for file in sorted((tmp_path / "state" / "kill").rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        async with running(path, told) as desk:
            await until(lambda: desk.desk.durable.kill.states == {ALL: KillState.KILLED})
            assert any("has existed" in line for line in told)
