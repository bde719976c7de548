"""Laws of the seeded loop: virtual time, order, processes that are killed or paused."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulation.loop import Deadlock, Livelock, OutOfTime, SimLoop
from simulation.process import WORLD, Crashed, Process, check_alive, current
from simulation.stage import run_story


def run(story: Callable[[SimLoop], Coroutine[Any, Any, Any]], seed: int = 1, **options: Any) -> SimLoop:
    loop = SimLoop(seed, **options)
    run_story(loop, seed, story(loop), [])
    return loop


def test_time_jumps_and_costs_nothing() -> None:
    began_s = time.monotonic()

    async def story(loop: SimLoop) -> None:
        await asyncio.sleep(3600)
        assert loop.time() == 3600
        assert loop.monotonic_ns() == 3600 * 10**9

    assert run(story).time() == 3600
    assert time.monotonic() - began_s < 60


def test_who_waits_for_nothing_is_told() -> None:
    async def story(loop: SimLoop) -> None:
        await loop.create_future()

    with pytest.raises(Deadlock):
        run(story)


def test_who_never_lets_time_pass_is_told() -> None:
    async def story(loop: SimLoop) -> None:
        def again() -> None:
            loop.call_soon(again)

        again()
        await asyncio.sleep(1)

    with pytest.raises(Livelock):
        run(story)


def test_a_story_without_an_end_is_told() -> None:
    async def story(loop: SimLoop) -> None:
        for _ in range(200):
            await asyncio.sleep(1)

    with pytest.raises(OutOfTime):
        run(story, time_s_max=100)


def test_callbacks_of_a_process_keep_their_order() -> None:
    seen: list[int] = []

    async def story(loop: SimLoop) -> None:
        for number in range(100):
            loop.call_soon(seen.append, number)
        await asyncio.sleep(0)

    run(story)
    assert seen == list(range(100))


def order_of(seed: int) -> list[str]:
    seen: list[str] = []

    async def note(name: str) -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            seen.append(name)

    async def story(loop: SimLoop) -> None:
        await asyncio.gather(*(Process(name).spawn(note(name)) for name in "abcdef"))

    run(story, seed)
    return seen


def test_processes_that_are_ready_together_run_in_an_order_of_the_seed() -> None:
    assert order_of(1) == order_of(1)
    assert len({tuple(order_of(seed)) for seed in range(10)}) > 5


def test_a_killed_process_does_nothing_any_more() -> None:
    did: list[str] = []

    async def life() -> None:
        try:
            await asyncio.sleep(2)
            did.append("went on")
        finally:
            check_alive()
            did.append("said goodbye")

    async def story(loop: SimLoop) -> None:
        process = Process("desk")
        task = process.spawn(life())
        process.call(loop.call_later, 2, did.append, "timer")
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(5)
        assert not task.done()
        loop.network.closed = True
        process.bury()

    loop = run(story)
    gc.collect()
    assert did == []
    assert loop.errors == []


def test_a_process_can_be_killed_from_within() -> None:
    async def life() -> None:
        with pytest.raises(ZeroDivisionError):
            _ = 1 // 0
        try:
            current().kill()
            check_alive()
        except Exception:
            pytest.fail("caught by a handler of errors")

    async def story(loop: SimLoop) -> None:
        process = Process("desk")
        task = process.spawn(life())
        await asyncio.sleep(1)
        assert isinstance(task.exception(), Crashed)

    assert run(story).errors == []


def test_a_paused_process_gets_its_callbacks_later_in_their_order() -> None:
    seen: list[tuple[float, str]] = []

    async def story(loop: SimLoop) -> None:
        process = Process("desk")
        for delay in (1, 2, 3):
            process.call(loop.call_later, delay, lambda d=delay: seen.append((loop.time(), f"timer {d}")))
        loop.call_later(2, lambda: seen.append((loop.time(), "others go on")))
        await asyncio.sleep(0.5)
        loop.pause(process, 4)
        await asyncio.sleep(10)

    run(story)
    assert seen == [(2, "others go on"), (4.5, "timer 1"), (4.5, "timer 2"), (4.5, "timer 3")]


def test_whose_code_runs_is_known() -> None:
    async def life() -> str:
        await asyncio.sleep(1)
        return current().name

    async def story(loop: SimLoop) -> None:
        assert await Process("desk").spawn(life()) == "desk"
        assert current() is WORLD

    run(story)


def test_errors_of_callbacks_are_kept() -> None:
    async def story(loop: SimLoop) -> None:
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    assert isinstance(run(story).errors[0]["exception"], ZeroDivisionError)


def test_what_goes_to_an_executor_runs_at_once() -> None:
    async def story(loop: SimLoop) -> None:
        assert await asyncio.to_thread(lambda: 7) == 7

    run(story)
