"""Workers: in order, one at a time, beside the loop, and told whatever happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from trimaran.journal.worker import DelayedWorker, ThreadWorker, Worker

MAKERS: list[Callable[[], Worker]] = [
    lambda: ThreadWorker("test"),
    DelayedWorker,
    lambda: DelayedWorker(lambda: 0.002),
]


@pytest.fixture(params=MAKERS, ids=["thread", "at once", "delayed"])
def worker(request: pytest.FixtureRequest) -> Worker:
    made: Worker = request.param()
    return made


async def test_jobs_are_done_and_told_in_their_order(worker: Worker) -> None:
    log: list[str] = []
    ended = asyncio.Event()
    for number in range(20):
        worker.submit(
            lambda number=number: log.append(f"done {number}"),
            lambda error, number=number: log.append(f"told {number} {error}"),
        )
    worker.submit(lambda: None, lambda error: ended.set())
    await ended.wait()
    assert [line for line in log if line.startswith("done")] == [f"done {n}" for n in range(20)]
    assert [line for line in log if line.startswith("told")] == [f"told {n} None" for n in range(20)]
    worker.close()


async def test_an_error_is_told_and_the_next_job_is_done(worker: Worker) -> None:
    errors: list[Exception | None] = []
    ended = asyncio.Event()

    def broken() -> None:
        raise OSError(5, "broken")

    worker.submit(broken, errors.append)
    worker.submit(lambda: None, lambda error: (errors.append(error), ended.set()))
    await ended.wait()
    assert [str(error) for error in errors] == ["[Errno 5] broken", "None"]
    worker.close()


async def test_what_is_told_may_submit_again(worker: Worker) -> None:
    ended = asyncio.Event()
    worker.submit(lambda: None, lambda _: worker.submit(lambda: None, lambda _: ended.set()))
    await ended.wait()
    worker.close()


async def test_close_does_what_waits(worker: Worker) -> None:
    log: list[int] = []
    for number in range(5):
        worker.submit(lambda number=number: log.append(number), lambda error: None)
    worker.close()
    assert log == [0, 1, 2, 3, 4]


async def test_the_loop_never_waits_for_a_job() -> None:
    worker, released = ThreadWorker("test"), threading.Event()
    told = asyncio.Event()
    worker.submit(lambda: bool(released.wait(30)) or None, lambda error: told.set())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not told.is_set()
    released.set()
    await told.wait()
    worker.close()


def test_a_job_that_ends_after_the_loop_is_told_to_nobody() -> None:
    worker, released = ThreadWorker("test"), threading.Event()

    async def run() -> None:
        worker.submit(lambda: bool(released.wait(30)) or None, lambda error: None)

    asyncio.run(run())
    released.set()
    worker.close()
    assert not any(thread.name == "test" for thread in threading.enumerate())


async def test_a_delay_is_the_loops_own_time() -> None:
    worker, told = DelayedWorker(lambda: 0.05), asyncio.Event()
    loop = asyncio.get_running_loop()
    before = loop.time()
    worker.submit(lambda: None, lambda error: told.set())
    await told.wait()
    assert loop.time() - before >= 0.05
    worker.close()
