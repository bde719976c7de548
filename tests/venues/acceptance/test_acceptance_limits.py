"""The acceptance numbers of limits, clocks, proxies and keys on every market, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time

import msgspec
import pytest

from tests.support.meddling_proxy import FROM, answer, meddling
from tests.support.trading_desk import QUICK, Desk, credentials_of, desk_in
from tests.support.trading_room import room_of
from trimaran.base.secret import Secret
from trimaran.domain.account import OrderLost, OrderRejected
from trimaran.domain.orders import OrderState
from trimaran.live.account import UnsafeKey
from trimaran.venues.sim.gate import Request
from trimaran.venues.wire.asks import PlaceOrder, QueryOrder
from trimaran.venues.wire.client_port import RequestFailed
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.line_port import LineHalted
from trimaran.venues.wire.message import HttpRequest, Stamp
from trimaran.venues.wire.patience import Patience

SECRETS = (FaultKind.SIGNATURE, FaultKind.KEY, FaultKind.LOGIN)
PATIENT = msgspec.structs.replace(QUICK, order=Patience(0.3, 3.0), ask=Patience(0.3, 3.0))
BODIES = {
    "not JSON": answer(b"\x00\x01 neither"),
    "a web page": answer(b"<!DOCTYPE html><html></html>"),
    "cut JSON": answer(b'{"code":0,"data":{"order'),
    "a cut answer": answer(b'{"code":0', length=4_000),
    "wrong types": answer(b'{"code":[],"status":7,"data":{"x":1},"orderId":{},"err-code":9,"success":"?"}'),
    "a list": answer(b"[[[1]]]"),
    "nothing": answer(b""),
    "nesting": answer(b"[" * 100_000),
    "a huge one": answer(b'{"x":"' + b"y" * 9_000_000 + b'"}'),
    "a bomb": answer(gzip.compress(b"[" + b" " * 64_000_000 + b"]"), headers="Content-Encoding: gzip\r\n"),
    "an empty 200": b"HTTP/1.1 200 OK\r\n\r\n",
    "no HTTP": b"\x16\x03\x01 hello\r\n\r\n",
    "a web page of 502": answer(b"<html>502</html>", "502 Bad Gateway"),
}


# --- 16: limits ---------------------------------------------------------------------------------------


async def test_16_a_burst_earns_no_refusal(entry):
    """16: whatever is asked for at once, the venue refuses nothing; cancels go out of the reserved share."""
    async with room_of(entry, limits=True) as room, desk_in(room, PATIENT) as desk:
        governor = desk.client.asker._gate.governor
        resting = [await desk.rest() for _ in range(3)]
        orders = [desk.order(price=desk.price(resting[0])) for _ in range(120)]
        refs = [QueryOrder(desk.ref(resting[0])) for _ in range(60)]
        asks = [asyncio.ensure_future(desk.client.ask(ask)) for ask in refs]
        await asyncio.gather(*(desk.place(order) for order in orders))
        for order in resting:
            await desk.client.cancel(desk.ref(order))
        outcomes = await asyncio.gather(*asks, return_exceptions=True)
        await desk.ended(*resting)
        faults = [error.fault for error in outcomes if isinstance(error, VenueFault)]
        told = [(event.code, event.text) for event in desk.of(OrderRejected)]
        told += [(fault.code, fault.text) for fault in faults]
        assert all(text.startswith("not sent") for _, text in told), told[:3]
        assert desk.of(RequestFailed, OrderLost) == []
        assert governor.stops == 0
        placed = [order for order in orders if desk.lives.state(order) is not OrderState.REJECTED]
        assert len(placed) >= 40
        assert {desk.lives.state(order) for order in placed} == {OrderState.ACKED}


async def test_16_orders_over_a_line_are_charged(entry):
    """16: what goes over a line pays into the budgets of REST, which venues count together."""
    async with room_of(entry) as room, desk_in(room) as desk:
        replies = [feed.session.counters.replies for feed in desk.client.feeds.values()]
        orders = [await desk.rest() for _ in range(3)]
        told = [feed.session.counters.replies for feed in desk.client.feeds.values()]
        assert sum(told) - sum(replies) == len(orders)
        written = desk.client.asker._dialect.write(PlaceOrder(orders[0]), Stamp(time.time_ns()))
        assert isinstance(written, HttpRequest)
        assert written.charges
        now, key = desk.client.venue_clock.at(time.monotonic_ns()), room.keys["key"]
        governor = desk.client.asker._gate.governor
        for charge in written.charges:
            used = max(governor.used(charge.budget, now, account) for account in ("", key))
            assert used >= len(orders) * charge.units


@pytest.mark.parametrize("order", [{"too_many": 1.0}, {"ban": 1.0, "ban_s": 1.0}], ids=["429", "418"])
async def test_16_an_order_to_stop_is_obeyed(entry, order):
    """16: after 429 or 418 nothing of that scope is sent until its time is over."""
    async with room_of(entry) as room, desk_in(room) as desk:
        resting = await desk.rest()
        gate = room.exchange._gates[room.market]
        ask, impatient = QueryOrder(desk.ref(resting)), Patience(0.02, 1.0)
        room.faults(**order, requests=(Request.QUERY,))
        with pytest.raises(VenueFault) as caught:
            await desk.client.ask(ask, impatient)
        assert caught.value.fault.kind in (FaultKind.RATE_LIMITED, FaultKind.BANNED)
        refused = gate.counts.too_many + gate.counts.bans
        for _ in range(5):
            with pytest.raises(VenueFault) as caught:
                await desk.client.ask(ask, impatient)
            assert caught.value.fault.effect is Effect.REFUSED
        assert gate.counts.too_many + gate.counts.bans == refused
        room.faults()
        until_s = asyncio.get_running_loop().time() + 5
        while asyncio.get_running_loop().time() < until_s:
            with contextlib.suppress(VenueFault):
                report = await desk.client.ask(ask, Patience(1.0, 1.0))
                break
            await asyncio.sleep(0.1)
        assert report.state is OrderState.ACKED


# --- 17: clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset_ms", [-60_000, -2_000, 2_000, 60_000])
async def test_17_a_clock_that_is_off(entry, offset_ms):
    """17: the venue's clock is another one from the start: everything works, over lines and REST."""
    async with room_of(entry, clock_offset_ms=offset_ms) as room, desk_in(room) as desk:
        believed_ms = desk.client.venue_clock.at(time.monotonic_ns()).venue_ns // 1_000_000
        assert abs(believed_ms - room.stage.server_ms()) < 1_000
        order = await desk.rest()
        await desk.client.cancel(desk.ref(order))
        await desk.ended(order)
        await desk.settled()
        assert desk.of(RequestFailed, OrderRejected) == []


@pytest.mark.parametrize("jump_ms", [-60_000, -2_000, 2_000, 3_000, 60_000])
@pytest.mark.parametrize("over_rest", [False, True], ids=["line", "rest"])
async def test_17_a_clock_that_is_set(entry, jump_ms, over_rest):
    """17: the venue's clock is set while we trade: after one more question for the time orders go through."""
    async with room_of(entry) as room, desk_in(room, over_rest=over_rest) as desk:
        await desk.rest()
        samples = desk.client.venue_clock.samples
        room.simulator.set_clock_offset(jump_ms)
        order = await desk.rest()
        assert desk.client.venue_clock.samples - samples <= 1
        await desk.client.cancel(desk.ref(order))
        await desk.ended(order)
        assert desk.of(RequestFailed, OrderRejected, OrderLost) == []
        assert len(desk.sim_orders()) == 2


# --- 18: proxies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_18_through_a_proxy(entry, scheme):
    """18: REST and every private line go through the proxy, and nothing goes around it."""
    async with room_of(entry) as room, meddling() as proxy, desk_in(room, proxy=proxy.url(scheme)) as desk:
        await desk.story()
        peers = peers_of(room)
        assert peers
        assert {address for address, _ in peers} == {FROM}
        assert len(proxy.targets) >= len(desk.client.feeds) + 1
        await desk.settled()


def peers_of(room) -> list[tuple[str, int]]:
    """Who is connected with the simulator."""
    transports = [each.transport.underlying_transport for each in room.stage.connections_of("")]
    for runner in room.simulator._runners:
        transports += [each.transport for each in runner.server.connections]
    return [each.get_extra_info("peername") for each in transports if each is not None]


async def test_18_a_proxy_that_is_gone(entry):
    """18: without its proxy nothing is sent, straight or otherwise, and that is known for certain."""
    async with (
        room_of(entry) as room,
        meddling() as proxy,
        desk_in(room, proxy=proxy.url("socks5")) as desk,
    ):
        await desk.story()
        placed = room.exchange.orders_placed()
        await proxy.stop()
        order = desk.order()
        await desk.place(order)
        assert desk.lives.state(order) in (OrderState.REJECTED, OrderState.UNKNOWN)
        await desk.client.cancel(desk.ref(order))
        assert room.exchange.orders_placed() == placed
        assert {address for address, _ in peers_of(room)} <= {FROM}


# --- 20: garbage in answers ---------------------------------------------------------------------------


async def test_20_garbage_in_answers(entry):
    """20: an order whose answer makes no sense is lost, never rejected or filled; queries fail, typed."""
    async with (
        room_of(entry) as room,
        meddling() as proxy,
        desk_in(room, over_rest=True, proxy=proxy.url("http")) as desk,
    ):
        for name, body in BODIES.items():
            await garbled(desk, proxy, name, body)
        assert proxy.meddled == 2 * len(BODIES)
        orders = [order for order in desk.sim_orders() if order.status.open]
        assert len(orders) == len(BODIES)
        await desk.settled()


async def garbled(desk: Desk, proxy, name: str, body: bytes) -> None:
    """One order whose answer is `body`, and one question about it."""
    order = desk.order()
    proxy.hits = tuple(text.encode() for text in desk.lives.texts(order))
    proxy.answers = [body]
    await desk.place(order)
    assert proxy.answers == [], name
    assert desk.of(OrderRejected) == [], name
    assert desk.lives.state(order) in (OrderState.UNKNOWN, OrderState.ACKED), name
    await desk.in_state(order, OrderState.ACKED)  # told by the private line
    proxy.answers = [body]
    with pytest.raises(VenueFault) as caught:
        await desk.client.ask(QueryOrder(desk.ref(order)))
    assert proxy.answers == [], name
    assert caught.value.fault.effect is Effect.UNKNOWN, name
    assert caught.value.fault.kind is not FaultKind.NO_SUCH_ORDER, name
    assert desk.lives.state(order) is OrderState.ACKED, name


# --- 21: keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["secret", "key", "passphrase"])
async def test_21_wrong_keys(entry, what):
    """21: a wrong secret, key or passphrase is a typed fault at the start, and nothing is opened with it."""
    async with room_of(entry) as room:
        good = credentials_of(room)
        wrong = "ab" * 16 if what == "key" else Secret("ab" * 16)
        keys = msgspec.structs.replace(good, **{what: wrong})
        faults = []
        try:
            async with desk_in(room, keys=keys, starts=False):
                assert what == "passphrase"  # where the venue has none
        except VenueFault as error:
            faults.append(error.fault)
        assert {fault.kind for fault in faults} <= set(SECRETS)
        assert {fault.effect for fault in faults} <= {Effect.REFUSED}
        assert room.private_connections() == []


@pytest.mark.parametrize("purpose", ["read_only", "withdraw"])
async def test_21_unsafe_keys(entry, purpose):
    """21: a key that may not trade, or that may withdraw, is refused before anything is opened with it."""
    async with room_of(entry) as room:
        with pytest.raises(UnsafeKey):
            async with desk_in(room, keys=credentials_of(room, purpose), starts=False):
                pass
        assert room.private_connections() == []


async def test_21_a_key_that_is_revoked(entry):
    """21: a key is revoked while we trade: lines halt with an alarm, orders are refused, nothing hammers."""
    async with room_of(entry) as room, desk_in(room) as desk:
        await desk.rest()
        room.revoke()
        room.simulator.end_connections(room.market, private_only=True)
        sessions = [feed.session for feed in desk.client.feeds.values()]
        await desk.until(lambda: all(each.is_halted or each.is_up for each in sessions))
        await asyncio.sleep(0.1)
        opens = [session.counters.opens for session in sessions]
        order = desk.order()
        await desk.place(order)
        assert desk.lives.state(order) is OrderState.REJECTED
        await asyncio.sleep(0.3)
        assert [session.counters.opens for session in sessions] == opens
        assert all(halt.fault.kind in (*SECRETS, FaultKind.PERMISSION) for halt in desk.notices(LineHalted))
        assert len(desk.sim_open()) == 1
