"""The account client keeps the venue's time and limits, and obeys its orders to stop."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.account_stage import (
    LINE,
    PLACED,
    REF,
    approved,
    refusal,
)
from trimaran.domain.account import (
    OrderAcked,
    OrderLost,
    OrderRejected,
)
from trimaran.venues.wire.asks import (
    Balances,
    CancelTaken,
    QueryOrder,
)
from trimaran.venues.wire.client_port import (
    RequestFailed,
)
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.message import HttpReply
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.rest import RestError


async def test_the_venues_clock_is_learnt_before_anything_is_signed(stage, place):
    stage.venue.offset_ns = -7 * SECOND
    stage.venue.answers["PlaceOrder"] = [PLACED]
    client = await stage.up(line=None)
    await place(client, approved())
    _, _, stamp_ns = stage.venue.asked[-1]
    assert abs(stamp_ns - stage.venue.now_ns()) < SECOND


@pytest.mark.parametrize("kind", [FaultKind.CLOCK, FaultKind.EXPIRED])
@pytest.mark.parametrize("way", ["PlaceOrder", "line PlaceOrder", "Balances"])
async def test_a_jump_of_the_clock_heals_with_one_question_and_one_repeat(stage, place, way, kind):
    client = await stage.up(line=LINE if "line" in way else None)
    stage.venue.offset_ns = 2 * SECOND

    def judge(ask: object) -> object:
        late = abs(stage.venue.asked[-1][2] - stage.venue.now_ns()) > SECOND
        good = () if way == "Balances" else PLACED
        return refusal(kind) if late else good

    stage.venue.answers[way] = [judge]
    before = stage.venue.count("ServerTime")
    asked = stage.venue.count(way)
    if way == "Balances":
        assert await client.ask(Balances()) == ()
    else:
        assert [type(event) for event in await place(client, approved())] == [OrderAcked]
    assert (stage.venue.count("ServerTime") - before, stage.venue.count(way) - asked) == (1, 2)


async def test_an_order_that_expired_on_its_way_is_not_sent_again(stage, place):
    async def slow(ask: object) -> object:
        await asyncio.sleep(0.12)
        return refusal(FaultKind.EXPIRED)

    stage.venue.answers["PlaceOrder"] = [slow]
    client = await stage.up(line=None, order=Patience(0.2, 0.5, valid_ns=SECOND // 5))
    assert [type(event) for event in await place(client, approved())] == [OrderRejected]
    assert stage.venue.count("PlaceOrder") == 1


async def test_a_clock_fault_that_stays_is_not_repeated_for_ever(stage, place):
    stage.venue.answers["line PlaceOrder"] = [refusal(FaultKind.CLOCK)]
    client = await stage.up()
    assert [type(event) for event in await place(client, approved())] == [OrderRejected]
    assert stage.venue.count("line PlaceOrder") == 2


async def test_an_order_that_grew_old_while_the_time_was_asked_for_is_not_sent_again(stage, place):
    """Whoever waits for its end counts from its beginning: a late second departure would outlive the wait."""

    async def slow(ask: object) -> object:
        await asyncio.sleep(0.15)
        return stage.venue.now_ns()

    stage.venue.answers["line PlaceOrder"] = [refusal(FaultKind.CLOCK)]
    client = await stage.up(order=Patience(0.2, 0.2, valid_ns=SECOND // 10))
    stage.venue.answers["ServerTime"] = [slow]
    assert [type(event) for event in await place(client, approved())] == [OrderRejected]
    assert stage.venue.count("line PlaceOrder") == 1


async def test_an_order_whose_clock_fault_proves_nothing_is_not_sent_again(stage, place):
    stage.venue.answers["line PlaceOrder"] = [refusal(FaultKind.CLOCK, Effect.UNKNOWN)]
    client = await stage.up()
    assert [type(event) for event in await place(client, approved())] == [OrderLost]
    assert stage.venue.count("line PlaceOrder") == 1


@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(429, b"slow down", {"Retry-After": "7"}),
        HttpReply(418, b"banned", {"Retry-After": "120"}),
        refusal(FaultKind.BANNED, retry_after_ns=60 * SECOND),
    ],
    ids=["429", "418", "fault"],
)
async def test_an_order_to_stop_is_obeyed_by_every_request(stage, place, answer):
    client = await stage.up()
    stage.venue.answers["Balances"] = [answer]
    with pytest.raises(VenueFault):
        await client.ask(Balances())
    count = len(stage.venue.asked)
    with pytest.raises(VenueFault) as caught:
        await client.ask(QueryOrder(REF))
    assert caught.value.fault.effect is Effect.REFUSED
    assert caught.value.fault.retry_after_ns > 0
    assert [type(event) for event in await place(client, approved())] == [OrderRejected]  # over the line too
    assert [type(event) for event in await client.cancel(REF)] == [RequestFailed]
    assert len(stage.venue.asked) == count


async def test_a_stop_is_obeyed_by_who_shares_the_host(stage):
    client = await stage.up()
    stage.venue.answers["Balances"] = [refusal(FaultKind.RATE_LIMITED, retry_after_ns=60 * SECOND)]
    with pytest.raises(VenueFault):
        await client.ask(Balances())
    with pytest.raises(RestError, match="ordered to stop"):
        await stage.rest.get(stage.venue.bases["rest"] + "/market-data")


async def test_a_refusal_for_the_rate_without_a_time_makes_the_next_wait(stage):
    client = await stage.up()
    stage.venue.answers["Balances"] = [refusal(FaultKind.RATE_LIMITED), ()]
    with pytest.raises(VenueFault):
        await client.ask(Balances())
    with pytest.raises(VenueFault, match="no room"):
        await client.ask(Balances(), Patience(0.05, 0.5))
    assert await client.ask(Balances(), Patience(2.0, 0.5)) == ()


async def test_cancels_use_the_share_that_is_kept(stage):
    stage.venue.answers["line CancelOrder"] = [CancelTaken()]
    client = await stage.up()
    full = [client.ask(Balances(), Patience(0.0, 0.5)) for _ in range(1000)]
    results = await asyncio.gather(*full, return_exceptions=True)
    assert any(isinstance(result, VenueFault) for result in results)
    assert await client.cancel(REF) == []
