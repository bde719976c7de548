"""Whatever accounts and the crowd do: money is conserved, locks are those of open orders, states legal."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.exchange_actor import Actor, drawn
from tests.support.exchange_room import USDT, Room
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Asset, MarketName
from trimaran.native._matching import Matching
from trimaran.venues.sim.codes import OrderKind, SelfTrade
from trimaran.venues.sim.gate import TradingFaults
from trimaran.venues.sim.matching import Matching as Twin
from trimaran.venues.sim.trading import (
    BUY,
    BalanceChanged,
    FundingCharged,
    Happening,
    OrderHappened,
    OrderTypeSim,
    SimOrder,
    Status,
    Tif,
)
from trimaran.venues.sim.units import money

ACCOUNTS = st.sampled_from((1, 2))
MARKET = st.integers(0, 1)
SIDE = st.integers(0, 1)
AWAY = st.integers(-6, 6)  # ticks of the test's own coarse grid around the start price
SIZE = st.integers(1, 30)
CROWD = st.tuples(st.just("crowd"), MARKET, SIDE, AWAY, SIZE, st.sampled_from(OrderKind))
PLACE = st.tuples(
    st.just("place"), ACCOUNTS, MARKET, SIDE, st.sampled_from(Tif), AWAY, SIZE,
    st.sampled_from(SelfTrade), st.booleans(), st.sampled_from((0, 0, 1, 3)), st.integers(0, 3),
)  # fmt: skip
MARKET_ORDER = st.tuples(
    st.just("market"), ACCOUNTS, MARKET, SIDE, SIZE, st.sampled_from(SelfTrade), st.booleans(), st.booleans()
)
STOP = st.tuples(
    st.just("stop"), ACCOUNTS, MARKET, SIDE, st.sampled_from(OrderTypeSim), AWAY, AWAY, SIZE, st.booleans()
)
CANCEL = st.tuples(st.just("cancel"), ACCOUNTS, MARKET, st.integers(0, 5))
AMEND = st.tuples(
    st.just("amend"),
    ACCOUNTS,
    MARKET,
    st.integers(0, 5),
    st.one_of(st.none(), AWAY),
    st.one_of(st.none(), SIZE),
)
OTHER = st.one_of(
    st.tuples(st.just("cancel_all"), ACCOUNTS, MARKET),
    st.tuples(st.just("leverage"), ACCOUNTS, st.sampled_from((1, 5, 50, 125))),
    st.tuples(st.just("isolated"), ACCOUNTS, st.booleans()),
    st.tuples(st.just("dead_man"), ACCOUNTS, MARKET, st.integers(0, 3)),
    st.tuples(st.just("fund")),
    st.tuples(st.just("deposit"), ACCOUNTS, MARKET, st.integers(1, 500)),
)
TURN = st.tuples(st.just("turn"))
OPERATIONS = st.lists(
    st.one_of(CROWD, CROWD, PLACE, PLACE, PLACE, MARKET_ORDER, STOP, CANCEL, AMEND, TURN, OTHER),
    min_size=30,
    max_size=80,
)
ENDED = {Happening.CANCELED, Happening.EXPIRED, Happening.REJECTED}


def log_of(room: Room) -> list[tuple[object, ...]]:
    """The events in numbers."""
    rows: list[tuple[object, ...]] = []
    for event in room.events:
        if isinstance(event, OrderHappened):
            fill = event.fill
            rows.append(
                (
                    event.what,
                    event.order.order_id,
                    event.time_ns,
                    fill and (fill.trade_id, fill.lots, fill.fee),
                )
            )
        else:
            rows.append((event,))
    return rows


def check(room: Room) -> None:
    """Everything that must always hold."""
    exchange = room.exchange
    with localcontext(EXACT):
        for account_id, account in exchange.accounts.by_id.items():
            for market in room.start:
                check_money(room, account_id, market)
            for market in room.markets:
                check_orders(room, account_id, market)
            for wallet in account.own_wallets:
                for asset, total in wallet.totals.items():
                    assert wallet.locked.get(asset, 0) >= 0
                    if not wallet.positions:
                        assert total - wallet.locked.get(asset, 0) >= 0, (asset, total)
                for balance in wallet.balances():
                    assert balance.free + balance.locked == balance.total
    for book in room.books.values():
        bid, _, ask, _ = book.best
        assert bid == 0 or ask == 0 or bid < ask


def check_money(room: Room, account_id: int, wallet_market: MarketName) -> None:
    """The wallet is what fills, funding and transfers make of its start, computed from the records alone."""
    exchange = room.exchange
    markets = room.markets if room.rules.one_wallet else (wallet_market,)
    expected = dict(room.start[wallet_market])
    lots: dict[MarketName, int] = {}
    for market in markets:
        instrument = room.book(market).listing.instrument
        for fill in exchange.fills(account_id, market):
            sign = 1 if fill.side == BUY else -1
            lots[market] = lots.get(market, 0) + sign * fill.lots
            if market == room.perpetual:
                expected[USDT] += fill.realised
            else:
                expected[instrument.base] += sign * instrument.size(fill.lots)
                expected[USDT] -= sign * instrument.notional(fill.price_ticks, fill.lots)
            expected[fill.fee_asset] -= fill.fee
    for event in room.events:
        if isinstance(event, FundingCharged) and event.account_id == account_id and event.market in markets:
            expected[USDT] -= event.amount
        elif isinstance(event, BalanceChanged) and event.account_id == account_id and event.market in markets:
            expected[USDT] += event.change if event.cause.value in ("transfer", "liquidation") else 0
    found = {asset: room.total(wallet_market, asset, account_id) for asset in expected}
    assert found == expected
    for position in exchange.positions(account_id, room.perpetual):
        if room.perpetual in markets:
            assert position.lots == lots.get(room.perpetual, 0)


def check_orders(room: Room, account_id: int, market: MarketName) -> None:
    """Locks, margins and the engine agree with the open orders."""
    exchange, book = room.exchange, room.book(market)
    account = exchange.accounts.by_id[account_id]
    wallet, instrument = account.wallets[market], book.listing.instrument
    resting = [order for order in exchange.open_orders(account_id, market) if order.engine_id]
    assert sorted(order.engine_id for order in resting) == book.engine.orders_of(account_id)
    locked: dict[Asset, Decimal] = {}
    sums = {0: [0, 0], 1: [0, 0]}
    for order in resting:
        assert book.engine.order(order.engine_id) == (
            account_id, order.side, order.resting_ticks, order.resting_lots
        )  # fmt: skip
        assert 0 < order.resting_lots <= order.lots - order.filled_lots
        if market == room.spot:
            asset = instrument.quote if order.side == BUY else instrument.base
            amount = (
                instrument.notional(order.price_ticks, order.resting_lots)
                if order.side == BUY
                else instrument.size(order.resting_lots)
            )
            locked[asset] = locked.get(asset, Decimal(0)) + amount
        elif not order.reduce_only:
            sums[order.side][0] += order.resting_lots
            sums[order.side][1] += order.resting_lots * order.price_ticks
    if market == room.spot:
        for asset in wallet.totals:
            assert money(wallet.locked.get(asset, 0)) == locked.get(asset, Decimal(0))
        return
    for tradable, position in wallet.positions.items():
        assert tradable.market == market
        assert [position.buy_lots, position.buy_value] == sums[0]
        assert [position.sell_lots, position.sell_value] == sums[1]
        assert position.cost >= 0
        assert position.isolated_margin >= 0
        for order in position.reducing():
            assert order.resting_lots <= (-position.lots if order.side == BUY else position.lots)


def check_lives(room: Room) -> None:
    """Each order is accepted once, trades what it says, and ends once; nothing happens after its end."""
    ended: set[int] = set()
    seen: dict[int, SimOrder] = {}
    filled: dict[int, int] = {}
    for event in room.events:
        if not isinstance(event, OrderHappened):
            continue
        order = event.order
        assert order.order_id not in ended
        assert (event.what is Happening.ACCEPTED) == (order.order_id not in seen)
        seen[order.order_id] = order
        if event.what is Happening.TRADE:
            assert event.fill is not None
            filled[order.order_id] = filled.get(order.order_id, 0) + event.fill.lots
        whole = order.status is Status.FILLED and filled.get(order.order_id) == order.lots
        if event.what in ENDED or whole:
            ended.add(order.order_id)
    for order_id, order in seen.items():
        assert filled.get(order_id, 0) == order.filled_lots == sum(fill.lots for fill in order.fills)
        assert order.status.open == (order_id not in ended)
        assert order.filled_lots <= order.lots or order.quote_left is not None


@pytest.mark.parametrize("venue", ["binance", "okx", "htx"])
@settings(max_examples=60, deadline=None)
@given(operations=OPERATIONS)
def test_money_orders_and_engine_agree(venue: str, operations: list[tuple[Any, ...]]) -> None:
    actor = Actor(venue, Matching)
    for name, *arguments in operations:
        getattr(actor, name)(*arguments)
        check(actor.room)
    check_lives(actor.room)


@settings(max_examples=60, deadline=None)
@given(operations=OPERATIONS)
def test_money_orders_and_engine_agree_when_fills_are_cut(operations: list[tuple[Any, ...]]) -> None:
    actor = Actor("okx", Matching, TradingFaults(partial=0.7))
    for name, *arguments in operations:
        getattr(actor, name)(*arguments)
        check(actor.room)
    check_lives(actor.room)


@pytest.mark.parametrize("isolated", [False, True])
@settings(max_examples=30, deadline=None)
@given(operations=OPERATIONS)
def test_money_and_orders_agree_through_liquidations(
    isolated: bool, operations: list[tuple[Any, ...]]
) -> None:
    actor = Actor("binance", Matching, quote=1_500, step=150)
    for account in (1, 2):
        actor.isolated(account, isolated)
        actor.leverage(account, 125)
    for name, *arguments in operations:
        getattr(actor, name)(*arguments)
        actor.turn()
        check(actor.room)
    check_lives(actor.room)


@pytest.mark.parametrize("seed", range(6))
def test_money_orders_and_engine_agree_on_a_long_stream(seed: int) -> None:
    rng = random.Random(seed)
    venue, faults = ("binance", "okx", "htx")[seed % 3], TradingFaults(partial=0.3) if seed > 2 else None
    actor = Actor(venue, Matching, faults, quote=(40_000, 2_000)[seed % 2], step=(10, 120)[seed % 2])
    for number in range(1_500):
        name, *arguments = drawn(rng)
        getattr(actor, name)(*arguments)
        if number % 5 == 0:
            check(actor.room)
    check_lives(actor.room)
    reasons = {event.order.end_reason for event in actor.room.events if isinstance(event, OrderHappened)}
    assert len(reasons) > 5, reasons


@settings(max_examples=40, deadline=None)
@given(operations=OPERATIONS)
def test_both_engines_bring_the_same_events(operations: list[tuple[Any, ...]]) -> None:
    native, twin = Actor("binance", Matching), Actor("binance", Twin)
    for actor in (native, twin):
        for name, *arguments in operations:
            getattr(actor, name)(*arguments)
    assert log_of(native.room) == log_of(twin.room)
