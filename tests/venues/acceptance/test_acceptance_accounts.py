"""Every market's account client against its simulator: lives of orders, holes, and a storm of faults.

The venue's own books are the judge: what the client was told must be what happened there, each fill once, no
order twice, and no order that was refused.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.support.account_desk import QUICK, AccountDesk, account_desk
from trimaran.domain.account import Fill, OrderAcked, OrderLost
from trimaran.domain.client_id import encode_client_id, encode_client_id_decimal
from trimaran.domain.decision import Approved
from trimaran.domain.orders import TimeInForce
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asks import QueryOrder
from trimaran.venues.wire.client_port import Reconciled
from trimaran.venues.wire.fault import FaultKind, VenueFault
from trimaran.venues.wire.line_port import Gap, LineDown, LineSwitched
from trimaran.venues.wire.patience import Patience

STORM = {
    "lost_request": 0.1, "lost_answer": 0.1, "error_before": 0.05, "error_after": 0.1, "push_first": 0.1,
    "push_first_ms": 20, "answer_jitter_ms": 20, "push_drop": 0.2, "push_duplicate": 0.2, "push_delay": 0.1,
    "push_delay_ms": 100, "push_reorder": 0.1, "partial": 0.2, "reject": 0.05, "hidden_ms": 100,
}  # fmt: skip


async def storm(desk: AccountDesk, **trading: float) -> None:
    """The venue misbehaves from now on; without arguments, no more."""
    await desk.venue.post(f"/faults?market={desk.market}", {"trading": trading} if trading else {})


async def reconciled(desk: AccountDesk) -> None:
    """Hangs up on the client and waits until it has closed the hole."""
    rounds = len(desk.of(Reconciled))
    await desk.venue.post("/disconnect?private=1")
    await desk.until(lambda: len(desk.of(Reconciled)) > rounds and desk.account.is_up)


async def live_orders(desk: AccountDesk) -> None:
    """An order that rests and is cancelled; one that fills."""
    ticks, lots = await desk.near("0.9")
    rests = desk.order(ticks, lots)
    (outcome,) = await desk.place(rests)
    assert isinstance(outcome, OrderAcked)
    await desk.account.cancel(desk.ref(rests))
    await desk.until(lambda: desk.story(rests) == ["OrderAcked", "OrderDone"])
    ticks, lots = await desk.near("1.02")
    takes = desk.order(ticks, lots, TimeInForce.IOC)
    await desk.place(takes)
    await desk.until(lambda: "OrderDone" in desk.story(takes) and desk.filled_lots(takes) == lots)
    assert all(fill.fee > 0 for fill in desk.of(Fill, order=takes))


async def clock_jumps(desk: AccountDesk) -> None:
    """The venue's clock is set while we trade: nothing is lost by it."""
    ticks, lots = await desk.near("0.9")
    for offset_ms in (-2_000, 2_000, 7_000, 0):
        await desk.venue.post(f"/clock?offset_ms={offset_ms}")
        order = desk.order(ticks, lots)
        assert [type(event) for event in await desk.place(order)] == [OrderAcked]
        await desk.account.cancel(desk.ref(order))
        await desk.until(lambda order=order: desk.story(order) == ["OrderAcked", "OrderDone"])


async def notices(desk: AccountDesk) -> None:
    """Where the venue says that it will close connections, they are replaced without a break."""
    downs = len(desk.notices(LineDown))
    await desk.venue.post("/shutdown-notice?seconds=6")
    await desk.until(lambda: desk.notices(LineSwitched) or len(desk.notices(LineDown)) > downs)
    if desk.notices(LineSwitched):
        lines = len(desk.account.feeds)
        await desk.until(lambda: len(desk.notices(LineSwitched)) == lines)
        await live_orders(desk)
        await asyncio.sleep(1.5)
        assert len(desk.notices(LineDown)) == downs
    await desk.until(lambda: desk.account.is_up)


async def deaf(desk: AccountDesk) -> None:
    """Fills while nothing is pushed are found after the line comes back, each once."""
    await storm(desk, push_drop=1.0)
    ticks, lots = await desk.near("1.02")
    missed = desk.order(ticks, lots, TimeInForce.IOC)
    await desk.place(missed)
    await storm(desk)
    await reconciled(desk)
    await desk.until(lambda: "OrderDone" in desk.story(missed) and desk.filled_lots(missed) == lots)
    assert desk.notices(Gap)
    assert desk.story(missed).count("OrderAcked") == 1


async def everything_at_once(desk: AccountDesk) -> list[Approved]:
    """Orders in a storm of faults, and what is left of it resolved as a resolver would."""
    (high, lots), (low, _) = await desk.near("1.02"), await desk.near("0.95")
    taking = [desk.order(high, lots, TimeInForce.IOC) for _ in range(12)]
    resting = [desk.order(low, lots) for _ in range(8)]
    await storm(desk, **STORM)

    async def life(order: Approved) -> None:
        await desk.place(order)
        if order in resting:
            await desk.account.cancel(desk.ref(order))

    lives = asyncio.gather(*(life(order) for order in taking + resting))
    await asyncio.sleep(0.1)
    await desk.venue.post("/disconnect?private=1")
    await lives
    await storm(desk)
    for order in taking + resting:
        if not desk.of(OrderLost, order=order):
            continue
        try:
            report = await desk.account.ask(QueryOrder(desk.ref(order)))
        except VenueFault as error:
            if error.fault.kind is not FaultKind.NO_SUCH_ORDER:
                raise
        else:
            desk.heard += desk.account.fold.report(report, 0)
    await reconciled(desk)
    return taking + resting


async def verdict(desk: AccountDesk, orders: list[Approved]) -> list[str]:
    """What was told of orders and is not so in the venue's books."""
    venue = desk.market.partition(".")[0]
    ended = await desk.venue.look(f"/orders?venue={venue}&account=1&market={desk.market}")
    books = (await desk.books())[desk.market]
    wrong: list[str] = []
    for order in orders:
        number = order.order.client_order_id
        spellings = {encode_client_id(number), encode_client_id_decimal(number)}
        rows = [*ended, *books["open_orders"]]
        there = [row for row in rows if any(each in str(row["client_id"]) for each in spellings)]
        told, fills = desk.story(order), [fill.fill_id for fill in desk.of(Fill, order=order)]
        filled = desk.instrument.size_grid.decimal(desk.filled_lots(order))
        faults = {
            "sent twice": len(there) > 1,
            "refused, and lives": bool(there) and "OrderRejected" in told,
            "acked twice, or never": told.count("OrderAcked") != bool(there),
            "ended twice, or never": told.count("OrderDone") != any(row in ended for row in there),
            "a fill told twice": len(fills) != len(set(fills)),
            "fills are missing": bool(there) and filled != Decimal(there[0]["filled"]),
        }
        wrong += [f"{what}: {told}, {there}" for what, so in faults.items() if so]
    return wrong


@pytest.mark.parametrize("market", sorted(MARKETS))
async def test_an_account(market):
    options = msgspec.structs.replace(QUICK, order=Patience(3.0, 0.4), ask=Patience(5.0, 1.0))
    async with account_desk(market, options, seed=7) as desk:
        await live_orders(desk)
        await clock_jumps(desk)
        await notices(desk)
        await deaf(desk)
        orders = await everything_at_once(desk)
        for _ in range(100):  # the fold asks for what is missing until it adds up
            wrong = await verdict(desk, orders)
            if not wrong:
                break
            await asyncio.sleep(0.1)
        assert wrong == []
        assert min(desk.ways.quick, desk.ways.patient) >= 5
