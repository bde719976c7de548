"""Everything that is open is asked to end at once, and what is left is what the venue says."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.account_stage import BTC, KEY, OURS, PLACED, V1, approved, order, refusal
from tests.support.private_venue import HANG
from trimaran.domain.account import OrderDone, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.orders import OrderState, OrderType
from trimaran.venues.wire.asks import CancelledAll, CancelTaken, OrderRef
from trimaran.venues.wire.client_port import RequestFailed
from trimaran.venues.wire.fault import FaultKind, VenueFault


def opens(count: int, first: int = 1):
    """Open orders of ours."""
    return tuple(
        msgspec.structs.replace(
            order(OrderState.ACKED),
            client_order_id=ClientOrderId(number),
            venue_order_id=VenueOrderId(f"v{number}"),
        )
        for number in range(first, first + count)
    )


def once(stage, rows):
    """The venue has these open until somebody has asked for their end one by one."""
    stage.venue.answers["OpenOrders"] = [(), rows, ()]  # the first is the round at the start


async def test_one_request_ends_all_and_the_venue_is_asked(stage):
    stage.venue.answers["CancelAll"] = [CancelledAll(3)]
    client = await stage.up()
    asked = stage.venue.count("OpenOrders")
    assert await client.cancel_all_fast() == ()
    assert (stage.venue.count("CancelAll"), stage.venue.count("OpenOrders") - asked) == (1, 1)


@pytest.mark.parametrize("symbol", [None, BTC])
async def test_what_it_left_over_is_ended_side_by_side_and_asked_for_again(stage, symbol):
    stage.venue.answers["CancelAll"] = [CancelledAll(None)]
    stage.venue.answers["line CancelOrder"] = [
        CancelTaken(order(OrderState.CANCELED, 0, 5)), refusal(FaultKind.ORDER_ENDED), HANG,
    ]  # fmt: skip
    once(stage, opens(3))
    client = await stage.up()
    assert await client.cancel_all_fast(symbol) == ()
    assert stage.venue.count("line CancelOrder") == 3
    assert stage.of(OrderDone)
    assert stage.venue.count("QueryOrder") == 0  # who asks for all need not ask for each
    assert len(stage.of(RequestFailed)) == 2


async def test_what_is_left_is_told(stage):
    stage.venue.answers["CancelAll"] = [refusal(FaultKind.INTERNAL)]
    stage.venue.answers["line CancelOrder"] = [refusal(FaultKind.PERMISSION)]
    stage.venue.answers["OpenOrders"] = [(), opens(2)]
    client = await stage.up()
    assert len(await client.cancel_all_fast()) == 2


async def test_where_there_is_no_such_request_what_we_know_is_ended_in_batches(stage):
    stage.venue.answers["line PlaceOrder"] = [PLACED]
    stage.venue.answers["CancelMany"] = [CancelledAll(1), refusal(FaultKind.ORDER_ENDED), CancelledAll(2)]
    client = await stage.up(unsupported=("CancelAll",))
    client._ending._spec = msgspec.structs.replace(client._spec, cancels_at_once=2)
    await client.place(approved())
    waits = msgspec.structs.replace(opens(1, 9)[0], order_type=OrderType.STOP_LIMIT)
    stage.venue.answers["OpenOrders"] = [(*opens(3), waits), ()]
    assert await client.cancel_all_fast() == ()
    batches = [ask.refs for name, ask, _ in stage.venue.asked if name == "CancelMany"]
    assert batches[0] == (OrderRef(BTC, OURS, V1),)  # before anything was asked
    assert sorted(len(refs) for refs in batches[1:]) == [1, 1, 2]
    assert [refs[0].venue_order_id for refs in batches[1:] if refs[0].triggered] == ["v9"]


async def test_a_question_that_fails_is_no_proof(stage):
    stage.venue.answers["CancelAll"] = [CancelledAll(0)]
    client = await stage.up()
    stage.venue.answers["OpenOrders"] = [refusal(FaultKind.INTERNAL)]
    with pytest.raises(VenueFault):
        await client.cancel_all_fast()


async def test_some_orders_are_ended_without_touching_others(stage):
    stage.venue.answers["line CancelOrder"] = [CancelTaken()]
    client = await stage.up()
    await client.cancel_some([client.ref_of(OURS, KEY)])
    assert stage.venue.count("line CancelOrder") == 1
    assert stage.venue.count("CancelAll") == 0
