"""A market that does not say what became of its orders takes no new ones, until it speaks again."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.support.account_stage import OURS, PLACED, approved, refusal
from tests.support.private_venue import DROP
from trimaran.domain.account import OrderLost
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.events import AccountSnapshot, AccountUncertain
from trimaran.venues.wire import breaker as module
from trimaran.venues.wire.breaker import LOST_MAX, PAUSE_NS, PAUSE_NS_MAX, SECOND, WINDOW_NS, Breaker
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.message import HttpReply


def test_it_opens_after_some_losses_in_a_row_and_an_answer_between_them_counts() -> None:
    breaker = Breaker()
    assert not any(breaker.lost(each) for each in range(LOST_MAX - 1))
    breaker.answered()
    assert not any(breaker.lost(each) for each in range(LOST_MAX - 1))
    assert breaker.lost(LOST_MAX)
    assert breaker.is_open
    breaker.answered()  # to an order that left before
    assert breaker.is_open


def test_losses_that_are_long_ago_do_not_count() -> None:
    breaker = Breaker()
    assert not any(breaker.lost(each * WINDOW_NS) for each in range(LOST_MAX * 3))


def test_it_is_on_trial_after_its_pause_and_each_pause_is_longer_until_an_answer() -> None:
    breaker, now_ns, pauses = Breaker(), 0, []
    while not breaker.lost(now_ns):
        pass
    for _ in range(5):
        began_ns = now_ns
        while not breaker.ends(now_ns):
            assert not breaker.lost(now_ns)  # it left before
            now_ns += SECOND // 4
        pauses.append(now_ns - began_ns)
        assert not breaker.is_open
        assert breaker.lost(now_ns)
    assert pauses == [PAUSE_NS, 2 * SECOND, 4 * SECOND, PAUSE_NS_MAX, PAUSE_NS_MAX]
    now_ns += PAUSE_NS_MAX
    assert breaker.ends(now_ns)
    breaker.answered()
    assert not breaker.lost(now_ns)


def numbered(number: int) -> Approved:
    order = msgspec.structs.replace(approved().order, client_order_id=ClientOrderId(OURS + number))
    return Approved(order)


@pytest.mark.parametrize("way", ["line", "rest"])
@pytest.mark.parametrize(
    "answer", [HttpReply(503, b"<html>"), DROP, refusal(FaultKind.INTERNAL, Effect.UNKNOWN)]
)
async def test_a_venue_that_fails_is_uncertain_at_once_and_compared_before_the_next_order(
    stage, place, way, answer, monkeypatch
):
    monkeypatch.setattr(module, "PAUSE_NS", SECOND // 5)
    if way == "line" and isinstance(answer, HttpReply):
        answer = refusal(FaultKind.UNKNOWN, Effect.UNKNOWN)
    client = await stage.up(**({} if way == "line" else {"line": None}))
    name = "line PlaceOrder" if way == "line" else "PlaceOrder"
    stage.venue.answers[name] = [answer]
    client._breaker._pause_ns = SECOND // 5
    for number in range(LOST_MAX):
        await stage.until(lambda: client.is_up)
        await client.place(numbered(number))
    assert len(stage.of(OrderLost)) == LOST_MAX
    assert client._breaker.is_open
    told = stage.of(AccountUncertain, AccountSnapshot)
    assert "without a definitive answer" in told[-1].reason
    client.reconcile_again("somebody asks")
    await asyncio.sleep(0.1)
    assert isinstance(
        stage.of(AccountUncertain, AccountSnapshot)[-1], AccountUncertain
    )  # not before its pause
    await stage.until(lambda: isinstance(stage.of(AccountUncertain, AccountSnapshot)[-1], AccountSnapshot))
    stage.venue.answers[name] = [PLACED]
    await client.place(numbered(LOST_MAX))
    assert not client._breaker.is_open


async def test_what_never_left_and_refusals_open_nothing(stage):
    client = await stage.up(line=None)
    stage.venue.answers["PlaceOrder"] = [refusal()]
    for number in range(2 * LOST_MAX):
        await client.place(numbered(number))
    await stage.venue.stop()
    for number in range(2 * LOST_MAX):
        await client.place(numbered(number + 10))
    assert not client._breaker.opened
    await stage.venue.start()
