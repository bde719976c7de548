"""The contract of the matching engine, passed by the native kernel and by its Python twin."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.native import _matching
from trimaran.venues.sim import codes
from trimaran.venues.sim.codes import OrderKind, Outcome, SelfTrade
from trimaran.venues.sim.matching import Matching as Twin

Engine = _matching.Matching | Twin
BUY, SELL = 0, 1


class MatchingSuite:
    """Every engine passes these; a subclass says which one."""

    make: type[Engine]

    @pytest.fixture
    def book(self) -> Engine:
        return self.make()

    def test_empty(self, book: Engine) -> None:
        assert book.best() == (0, 0, 0, 0)
        assert book.depth(BUY, 5) == []
        assert book.drain_changes() == (0, [], [])
        assert book.submit(1, 0, BUY, 0, 5, OrderKind.MARKET) == (Outcome.EXPIRED, 0, 0, [], [])
        assert (book.order_count(), book.level_count(BUY), book.level_count(SELL)) == (0, 0, 0)

    def test_best_price_first_then_first_come(self, book: Engine) -> None:
        book.submit(1, 7, SELL, 101, 5, OrderKind.LIMIT)
        book.submit(2, 8, SELL, 100, 2, OrderKind.LIMIT)
        book.submit(3, 9, SELL, 100, 4, OrderKind.LIMIT)
        outcome, filled, resting, executions, expired = book.submit(4, 1, BUY, 101, 8, OrderKind.LIMIT)
        assert (outcome, filled, resting, expired) == (Outcome.FILLED, 8, 0, [])
        assert executions == [(2, 8, 100, 2), (3, 9, 100, 4), (1, 7, 101, 2)]
        assert book.best() == (0, 0, 101, 3)
        assert book.order(1) == (7, SELL, 101, 3)
        assert book.order(2) is None

    def test_rest_after_partial_fill(self, book: Engine) -> None:
        book.submit(1, 0, BUY, 50, 3, OrderKind.LIMIT)
        assert book.submit(2, 0, SELL, 49, 5, OrderKind.LIMIT)[:4] == (
            Outcome.RESTING,
            3,
            2,
            [(1, 0, 50, 3)],
        )
        assert book.best() == (0, 0, 49, 2)

    def test_changes_are_level_totals(self, book: Engine) -> None:
        book.submit(1, 0, BUY, 50, 3, OrderKind.LIMIT)
        book.submit(2, 0, BUY, 50, 4, OrderKind.LIMIT)
        book.submit(3, 0, BUY, 49, 1, OrderKind.LIMIT)
        book.submit(4, 0, SELL, 60, 1, OrderKind.LIMIT)
        assert book.drain_changes() == (4, [(50, 7), (49, 1)], [(60, 1)])
        assert book.drain_changes() == (0, [], [])
        book.submit(5, 0, SELL, 49, 8, OrderKind.IOC)
        book.cancel(4)
        assert book.drain_changes() == (3, [(50, 0), (49, 0)], [(60, 0)])
        assert book.changes() == 7

    def test_cancel_and_reduce(self, book: Engine) -> None:
        book.submit(1, 0, BUY, 50, 3, OrderKind.LIMIT)
        book.submit(2, 0, BUY, 50, 4, OrderKind.LIMIT)
        assert book.reduce(1, 2) == 1
        assert book.reduce(1, 1) == Outcome.BAD_SIZE
        assert book.reduce(1, 0) == Outcome.BAD_SIZE
        assert book.reduce(9, 1) == Outcome.UNKNOWN_ID
        assert book.submit(3, 0, SELL, 50, 1, OrderKind.LIMIT)[3] == [(1, 0, 50, 1)]  # kept its place
        assert book.cancel(2) == 4
        assert book.cancel(2) == Outcome.UNKNOWN_ID == -1
        assert book.best() == (0, 0, 0, 0)

    def test_ioc_fok_post_only(self, book: Engine) -> None:
        book.submit(1, 0, SELL, 100, 3, OrderKind.LIMIT)
        book.submit(2, 0, SELL, 102, 3, OrderKind.LIMIT)
        before = book.state_hash()
        assert book.submit(3, 0, BUY, 101, 4, OrderKind.FOK) == (Outcome.KILLED, 0, 0, [], [])
        assert book.submit(3, 0, BUY, 100, 1, OrderKind.POST_ONLY) == (Outcome.WOULD_CROSS, 0, 0, [], [])
        assert book.state_hash() == before
        assert book.submit(3, 0, BUY, 101, 4, OrderKind.IOC)[:2] == (Outcome.EXPIRED, 3)
        assert book.submit(3, 0, BUY, 102, 3, OrderKind.FOK)[:2] == (Outcome.FILLED, 3)
        assert book.submit(3, 0, BUY, 102, 3, OrderKind.POST_ONLY)[:3] == (Outcome.RESTING, 0, 3)

    @pytest.mark.parametrize(
        ("mode", "outcome", "filled", "expired", "left"),
        [
            (SelfTrade.ALLOW, Outcome.FILLED, 4, [], [3]),
            (SelfTrade.EXPIRE_TAKER, Outcome.SELF_TRADED, 1, [], [2, 3]),
            (SelfTrade.EXPIRE_MAKER, Outcome.FILLED, 4, [(2, 5, 100, 2)], [3]),
            (SelfTrade.EXPIRE_BOTH, Outcome.SELF_TRADED, 1, [(2, 5, 100, 2)], [3]),
        ],
    )
    def test_self_trade(
        self,
        book: Engine,
        mode: SelfTrade,
        outcome: Outcome,
        filled: int,
        expired: list[tuple[int, int, int, int]],
        left: list[int],
    ) -> None:
        book.submit(1, 4, SELL, 100, 1, OrderKind.LIMIT)
        book.submit(2, 5, SELL, 100, 2, OrderKind.LIMIT)
        book.submit(3, 6, SELL, 100, 9, OrderKind.LIMIT)
        fok = book.submit(4, 5, BUY, 100, 4, OrderKind.FOK, mode)
        if mode in (SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH):
            assert fok[0] == Outcome.KILLED
            fok = book.submit(4, 5, BUY, 100, 4, OrderKind.LIMIT, mode)
        assert (fok[0], fok[1], fok[4]) == (outcome, filled, expired)
        assert [order_id for order_id in (1, 2, 3) if book.order(order_id)] == left

    def test_the_crowd_may_trade_with_itself(self, book: Engine) -> None:
        book.submit(1, 0, SELL, 100, 1, OrderKind.LIMIT)
        assert book.submit(2, 0, BUY, 100, 1, OrderKind.LIMIT, SelfTrade.EXPIRE_BOTH)[0] == Outcome.FILLED

    @pytest.mark.parametrize(
        ("arguments", "outcome"),
        [
            ((0, 0, BUY, 1, 1, 0, 0), Outcome.BAD_ID),
            ((codes.ORDER_ID_MAX + 1, 0, BUY, 1, 1, 0, 0), Outcome.BAD_ID),
            ((9, -1, BUY, 1, 1, 0, 0), Outcome.BAD_OWNER),
            ((9, 0, 2, 1, 1, 0, 0), Outcome.BAD_SIDE),
            ((9, 0, BUY, 1, 1, 5, 0), Outcome.BAD_KIND),
            ((9, 0, BUY, 1, 1, 0, 4), Outcome.BAD_SELF_TRADE),
            ((9, 0, BUY, 1, 0, 0, 0), Outcome.BAD_SIZE),
            ((9, 0, BUY, 1, SIZE_LOTS_MAX + 1, 0, 0), Outcome.BAD_SIZE),
            ((9, 0, BUY, 0, 1, 0, 0), Outcome.BAD_PRICE),
            ((9, 0, BUY, PRICE_TICKS_MAX + 1, 1, 0, 0), Outcome.BAD_PRICE),
            ((1, 0, BUY, 10, 1, 0, 0), Outcome.DUPLICATE_ID),
            ((9, 0, BUY, 10, SIZE_LOTS_MAX, 0, 0), Outcome.LEVEL_FULL),
            ((9, 0, BUY, 10, SIZE_LOTS_MAX, 0, 0, 1), Outcome.LEVEL_FULL),
            ((9, 0, BUY, 10, 5, 0, 0, -1), Outcome.BAD_DISPLAY),
            ((9, 0, BUY, 10, 5, 0, 0, 6), Outcome.BAD_DISPLAY),
            ((9, 0, BUY, 10, 5, OrderKind.IOC, 0, 2), Outcome.BAD_DISPLAY),
        ],
    )
    def test_refusals_change_nothing(
        self, book: Engine, arguments: tuple[int, ...], outcome: Outcome
    ) -> None:
        book.submit(1, 3, BUY, 10, 1, OrderKind.LIMIT)
        before = book.state_hash()
        assert book.submit(*arguments) == (outcome, 0, 0, [], [])
        assert book.state_hash() == before

    def test_level_limit(self, book: Engine) -> None:
        for index in range(codes.LEVELS_MAX):
            assert book.submit(index + 1, 0, BUY, index + 1, 1, OrderKind.LIMIT)[0] == Outcome.RESTING
        refused = book.submit(10**6, 0, BUY, codes.LEVELS_MAX + 1, 1, OrderKind.LIMIT)
        assert refused[0] == Outcome.LEVEL_FULL
        assert book.level_count(BUY) == codes.LEVELS_MAX

    def test_undrained_changes_are_bounded(self, book: Engine) -> None:
        for price in range(1, codes.CHANGES_MAX):
            if book.submit(price, 0, SELL, price, 1, OrderKind.LIMIT)[0] == Outcome.CHANGES_FULL:
                break
            assert book.cancel(price) in (1, Outcome.CHANGES_FULL)
        assert price == codes.CHANGES_MAX - codes.LEVELS_MAX + 1
        assert book.cancel(price - 1) == Outcome.CHANGES_FULL
        assert len(book.drain_changes()[2]) == price - 1
        assert book.cancel(price - 1) == 1

    def test_iceberg_shows_a_slice_and_goes_to_the_end_of_the_queue(self, book: Engine) -> None:
        book.submit(1, 5, SELL, 100, 10, OrderKind.LIMIT, 0, 3)
        book.submit(2, 6, SELL, 100, 4, OrderKind.LIMIT)
        assert book.depth(SELL, 5) == [(100, 7)]
        assert book.order(1) == (5, SELL, 100, 10)
        assert (book.shown(1), book.shown(9)) == (3, 0)
        taken = book.submit(3, 7, BUY, 100, 9, OrderKind.IOC)
        assert taken[3] == [(1, 5, 100, 3), (2, 6, 100, 4), (1, 5, 100, 2)]
        assert book.depth(SELL, 5) == [(100, 1)]  # of the second slice; four more are hidden
        assert book.submit(4, 7, BUY, 100, 6, OrderKind.FOK)[0] == Outcome.KILLED
        assert book.submit(4, 7, BUY, 100, 5, OrderKind.FOK)[3] == [
            (1, 5, 100, 1),
            (1, 5, 100, 3),
            (1, 5, 100, 1),
        ]
        assert book.order_count() == 0

    def test_iceberg_is_reduced_from_behind_and_cancelled_whole(self, book: Engine) -> None:
        book.submit(1, 5, BUY, 100, 10, OrderKind.LIMIT, 0, 3)
        changes = book.changes()
        assert book.reduce(1, 6) == 4
        assert book.changes() == changes  # nobody saw it
        assert book.depth(BUY, 1) == [(100, 3)]
        assert book.reduce(1, 2) == 2
        assert book.depth(BUY, 1) == [(100, 2)]
        book.submit(2, 5, BUY, 100, 9, OrderKind.LIMIT, 0, 1)
        assert book.cancel(2) == 9
        assert book.depth(BUY, 1) == [(100, 2)]

    def test_the_slice_of_what_a_taker_leaves(self, book: Engine) -> None:
        book.submit(1, 0, SELL, 100, 4, OrderKind.LIMIT)
        assert book.submit(2, 5, BUY, 100, 10, OrderKind.LIMIT, 0, 2)[:3] == (Outcome.RESTING, 4, 6)
        assert book.depth(BUY, 1) == [(100, 2)]

    def test_fok_does_not_count_what_is_hidden_behind_an_order_that_stops_it(self, book: Engine) -> None:
        book.submit(1, 6, SELL, 100, 10, OrderKind.LIMIT, 0, 3)
        book.submit(2, 5, SELL, 100, 1, OrderKind.LIMIT)
        assert book.submit(3, 5, BUY, 100, 4, OrderKind.FOK, SelfTrade.EXPIRE_TAKER)[0] == Outcome.KILLED
        assert book.submit(3, 5, BUY, 100, 10, OrderKind.FOK, SelfTrade.EXPIRE_MAKER)[0] == Outcome.FILLED

    def test_orders_of(self, book: Engine) -> None:
        for order_id, owner in ((5, 1), (3, 2), (9, 1)):
            book.submit(order_id, owner, BUY, 10 + order_id, 1, OrderKind.LIMIT)
        assert book.orders_of(1) == [5, 9]
        assert book.orders_of(3) == []


class TestNative(MatchingSuite):
    make = _matching.Matching


class TestTwin(MatchingSuite):
    make = Twin


def test_native_and_twin_have_the_same_limits() -> None:
    native = (_matching.PRICE_TICKS_MAX, _matching.SIZE_LOTS_MAX)
    assert native == (PRICE_TICKS_MAX, SIZE_LOTS_MAX)
    bounds = (_matching.ORDERS_MAX, _matching.LEVELS_MAX, _matching.CHANGES_MAX)
    assert bounds == (codes.ORDERS_MAX, codes.LEVELS_MAX, codes.CHANGES_MAX)


SUBMIT = st.tuples(
    st.just("submit"),
    st.integers(1, 60),  # order id; collisions are wanted
    st.integers(0, 3),  # owner
    st.integers(0, 1),  # side
    st.integers(95, 105),  # price ticks
    st.integers(1, 20),  # lots
    st.sampled_from(OrderKind),
    st.sampled_from(SelfTrade),
)
ICEBERG = st.tuples(
    st.just("submit"), st.integers(1, 60), st.integers(0, 3), st.integers(0, 1), st.integers(95, 105),
    st.integers(1, 20), st.sampled_from((OrderKind.LIMIT, OrderKind.POST_ONLY)), st.sampled_from(SelfTrade),
    st.integers(0, 9),
)  # fmt: skip
CANCEL = st.tuples(st.just("cancel"), st.integers(1, 60))
REDUCE = st.tuples(st.just("reduce"), st.integers(1, 60), st.integers(0, 8))
DRAIN = st.tuples(st.just("drain_changes"))
STREAM = st.lists(st.one_of(SUBMIT, SUBMIT, SUBMIT, CANCEL, REDUCE, DRAIN), max_size=120)


WITH_ICEBERGS = st.lists(st.one_of(SUBMIT, ICEBERG, ICEBERG, CANCEL, REDUCE, DRAIN), max_size=120)


@settings(max_examples=150, deadline=None)
@given(WITH_ICEBERGS)
def test_native_and_twin_agree_on_random_streams(stream: list[tuple[object, ...]]) -> None:
    native, twin = _matching.Matching(), Twin()
    for name, *arguments in stream:
        assert getattr(native, str(name))(*arguments) == getattr(twin, str(name))(*arguments)
        assert native.state_hash() == twin.state_hash()
    assert native.depth(BUY, 100) == twin.depth(BUY, 100)
    assert native.depth(SELL, 100) == twin.depth(SELL, 100)
    assert native.drain_changes() == twin.drain_changes()


@pytest.mark.parametrize("seed", range(3))
def test_native_and_twin_agree_on_a_long_stream(seed: int) -> None:
    rng = random.Random(seed)
    native, twin = _matching.Matching(), Twin()
    for order_id in range(1, 3000):
        order = (rng.randrange(5), rng.randrange(2), int(rng.gauss(1000, 20)), rng.randrange(1, 50))
        kind = rng.choices(tuple(OrderKind), (12, 1, 1, 1, 3))[0]
        display = rng.randrange(order[3]) if kind in (OrderKind.LIMIT, OrderKind.POST_ONLY) else 0
        arguments = (order_id, *order, kind, rng.randrange(4), display)
        assert native.submit(*arguments) == twin.submit(*arguments)
        victim = rng.randrange(1, order_id + 1)
        assert native.cancel(victim) == twin.cancel(victim)
        if order_id % 50 == 0:
            assert native.state_hash() == twin.state_hash()
            assert native.drain_changes() == twin.drain_changes()
            assert native.orders_of(1) == twin.orders_of(1)
    assert native.order_count() == twin.order_count() > 20


@settings(max_examples=150, deadline=None)
@given(STREAM)
def test_invariants_on_random_streams(stream: list[tuple[object, ...]]) -> None:
    """Never crossed; lots conserved; executions in price-time order; drained totals rebuild the book."""
    book = _matching.Matching()
    resting: dict[int, tuple[int, int]] = {}  # id -> (time of arrival, lots), by the answers alone
    mirror: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for now, (name, *arguments) in enumerate(stream):
        answer = getattr(book, str(name))(*arguments)
        if name == "submit":
            _check_submit(now, [int(str(int(each))) for each in arguments], answer, resting)  # type: ignore[call-overload]
        elif name == "cancel" and answer > 0:
            assert resting.pop(int(str(arguments[0])))[1] == answer
        elif name == "reduce" and answer > 0:
            order_id = int(str(arguments[0]))
            resting[order_id] = (resting[order_id][0], answer)
        bid, _, ask, _ = book.best()
        assert bid == 0 or ask == 0 or bid < ask
        depth_lots = sum(lots for side in (BUY, SELL) for _, lots in book.depth(side, 100))
        assert depth_lots == sum(lots for _, lots in resting.values())
        _, bids, asks = book.drain_changes()
        for side, changed in ((BUY, bids), (SELL, asks)):
            for price, lots in changed:
                mirror[side][price] = lots
            held = {price: lots for price, lots in mirror[side].items() if lots}
            assert held == dict(book.depth(side, 100))


def _check_submit(
    now: int,
    arguments: list[int],
    answer: tuple[int, int, int, list[tuple[int, int, int, int]], list[tuple[int, int, int, int]]],
    resting: dict[int, tuple[int, int]],
) -> None:
    order_id, _, side, price, lots, kind, _ = arguments
    outcome, filled, rests, executions, expired = answer
    assert filled == sum(execution[3] for execution in executions)
    if outcome < 0 or outcome in (Outcome.KILLED, Outcome.WOULD_CROSS):
        assert (filled, rests, executions, expired) == (0, 0, [], [])
        return
    assert filled + rests <= lots
    sign = 1 if side == BUY else -1
    order = [(sign * maker_price, resting[maker_id][0]) for maker_id, _, maker_price, _ in executions]
    assert order == sorted(order)
    for maker_id, _, maker_price, traded in executions:
        assert kind == OrderKind.MARKET or sign * maker_price <= sign * price
        arrived, left = resting[maker_id]
        assert traded <= left
        resting[maker_id] = (arrived, left - traded)
        if left == traded:
            del resting[maker_id]
    for maker_id, _, _, left in expired:
        assert resting.pop(maker_id)[1] == left
    if outcome == Outcome.RESTING:
        resting[order_id] = (now, rests)
