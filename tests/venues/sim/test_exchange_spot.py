"""Spot on a simulated exchange: filters, locks, fees, times in force, prevention, icebergs, changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.exchange_room import BTC, FOK, IOC, POST_ONLY, USDT, Room
from trimaran.venues.sim.codes import OrderKind, SelfTrade
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID, ENDED_KEPT
from trimaran.venues.sim.gate import TradingFaults
from trimaran.venues.sim.trading import (
    BUY,
    SELL,
    BalanceCause,
    BalanceChanged,
    EndReason,
    Happening,
    OrderHappened,
    OrderTypeSim,
    Refusal,
    SimOrder,
    Status,
    Why,
)


@pytest.fixture
def room() -> Room:
    room = Room("binance")
    room.quotes(room.spot, "60000", "60010")
    return room


def told(room: Room, order: SimOrder) -> list[Happening]:
    return [event.what for event in room.events if isinstance(event, OrderHappened) and event.order is order]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"price": "60000.001", "size": "0.1"}, Why.BAD_TICK),
        ({"price": "-1", "size": "0.1"}, Why.BAD_PRICE),
        ({"price": "NaN", "size": "0.1"}, Why.BAD_PRICE),
        ({"price": "1e30", "size": "0.1"}, Why.BAD_PRICE),
        ({"price": "60000", "size": "0.100001"}, Why.BAD_STEP),
        ({"price": "60000", "size": "0.1" + "0" * 60 + "1"}, Why.BAD_STEP),
        ({"price": "60000", "size": "0"}, Why.TOO_SMALL),
        ({"price": "60000", "size": "1e15"}, Why.TOO_LARGE),
        ({"price": "60000", "size": "0.00001"}, Why.NOTIONAL_TOO_SMALL),
        ({"price": "66100", "size": "0.1"}, Why.PRICE_BAND_HIGH),
        ({"price": "60000", "size": "2"}, Why.NO_FUNDS),
        ({"price": "60010", "size": "0.1", "tif": POST_ONLY}, Why.WOULD_TAKE),
        ({"size": "2"}, Why.NO_FUNDS),
        ({"quote_size": "100001"}, Why.NO_FUNDS),
        ({"quote_size": "4"}, Why.NOTIONAL_TOO_SMALL),
        ({"quote_size": "10", "size": "1"}, Why.UNSUPPORTED),
        ({"price": "60000"}, Why.UNSUPPORTED),
        ({"price": "60000", "size": "0.1", "reduce_only": True}, Why.UNSUPPORTED),
        ({"price": "60000", "size": "0.1", "display_size": "0.01", "tif": IOC}, Why.UNSUPPORTED),
        ({"price": "60000", "size": "0.1", "trigger_price": "60100"}, Why.UNSUPPORTED),
        ({"type": OrderTypeSim.LIMIT, "size": "0.1"}, Why.UNSUPPORTED),
    ],
)
def test_refusals_change_nothing(room: Room, fields: dict[str, Any], why: Why) -> None:
    before = room.exchange.balances(1, room.spot)
    assert room.refused(room.spot, BUY, **fields).why is why
    assert room.exchange.balances(1, room.spot) == before
    assert room.exchange.open_orders(1, room.spot) == []


def test_unknown_instruments_and_strangers(room: Room) -> None:
    spec = room.spec(room.spot, BUY, price="50000", size="0.1")
    order = room.place(room.spot, BUY, price="50000", size="0.1")
    for answer in (
        room.exchange.cancel(room.other, order, room.tick()),
        room.exchange.amend(room.other, order, Decimal(50_001), None, room.tick()),
    ):
        assert isinstance(answer, Refusal)
        assert answer.why is Why.NO_SUCH_ORDER
    room.exchange.delist(spec.market, spec.symbol, room.tick())
    assert (order.status, order.end_reason) == (Status.CANCELED, EndReason.DELISTED)
    assert room.refused(room.spot, BUY, price="50000", size="0.1").why is Why.NO_SUCH_INSTRUMENT
    assert room.exchange.book(spec.market, spec.symbol) is None


def test_a_resting_buy_locks_its_value_and_is_filled_by_the_crowd_as_maker(room: Room) -> None:
    order = room.place(room.spot, BUY, price="60005", size="0.5", client_id="mine")
    assert room.free(room.spot, USDT) == Decimal("69997.5")
    assert told(room, order) == [Happening.ACCEPTED]
    trade_id = room.book(room.spot).next_trade_id
    room.crowd(room.spot, SELL, "60000", "0.2", OrderKind.IOC)
    assert order.status is Status.PARTIALLY_FILLED
    assert room.free(room.spot, USDT) == Decimal("69997.5")
    room.crowd(room.spot, SELL, "60000", "0.3", OrderKind.IOC)
    assert order.status is Status.FILLED
    assert told(room, order) == [Happening.ACCEPTED, Happening.TRADE, Happening.TRADE]
    assert [(fill.trade_id, fill.maker, fill.fee, fill.fee_asset) for fill in order.fills] == [
        (trade_id, True, Decimal("0.0002"), "BTC"),
        (trade_id + 1, True, Decimal("0.0003"), "BTC"),
    ]
    assert room.total(room.spot, BTC) == Decimal("1.4995")
    assert room.total(room.spot, USDT) == room.free(room.spot, USDT) == Decimal("69997.5")
    assert room.exchange.order_by_client_id(1, room.spot, "mine") is order
    assert room.exchange.ended_orders(1, room.spot) == [order]
    assert room.exchange.fills(1, room.spot) == order.fills


def test_a_taker_gets_the_better_price_and_pays_the_fee_in_what_it_receives(room: Room) -> None:
    bought = room.place(room.spot, BUY, price="60100", size="0.1", tif=IOC)
    assert (bought.status, bought.fills[0].price_ticks) == (Status.FILLED, 6_001_000)
    assert bought.fees == {"BTC": Decimal("0.0001")}
    assert room.total(room.spot, USDT) == Decimal(93_999)
    sold = room.place(room.spot, SELL, size="0.1")
    assert sold.fees == {"USDT": Decimal(6)}
    assert room.total(room.spot, USDT) == Decimal("99993")
    assert room.total(room.spot, BTC) == Decimal("0.9999")


def test_wallets_are_told_once_an_operation_and_what_was_touched(room: Room) -> None:
    room.place(room.spot, BUY, price="60100", size="0.1", tif=IOC)
    changes = [event for event in room.events if isinstance(event, BalanceChanged)]
    assert [(each.cause, set(each.assets)) for each in changes] == [(BalanceCause.TRADE, {BTC, USDT})]
    order = room.place(room.spot, SELL, price="61000", size="0.1")
    room.exchange.cancel(1, order, room.tick())
    changes = [event for event in room.events if isinstance(event, BalanceChanged)][1:]
    assert [(each.cause, each.assets) for each in changes] == [(BalanceCause.ORDER, (BTC,))] * 2


def test_times_in_force(room: Room) -> None:
    part = room.place(room.spot, BUY, price="60010", size="0.1", tif=IOC)
    assert part.status is Status.FILLED
    room.quotes(room.spot, "60000", "60010", "0.1")
    part = room.place(room.spot, BUY, price="60010", size="0.3", tif=IOC)
    assert (part.status, part.end_reason, part.filled_lots) == (
        Status.EXPIRED,
        EndReason.IOC_REMAINDER,
        10_000,
    )
    missed = room.place(room.spot, SELL, price="60000", size="0.3", tif=FOK)
    assert (missed.status, missed.end_reason, missed.fills) == (Status.EXPIRED, EndReason.FOK_MISSED, [])
    whole = room.place(room.spot, SELL, price="60000", size="0.1", tif=FOK)
    assert whole.status is Status.FILLED
    nothing = room.place(room.spot, SELL, size="0.1")
    assert (nothing.status, nothing.end_reason) == (Status.EXPIRED, EndReason.NO_LIQUIDITY)
    assert told(room, nothing) == [Happening.ACCEPTED, Happening.EXPIRED]


def test_okx_accepts_what_would_take_and_cancels_it() -> None:
    room = Room("okx")
    room.quotes(room.spot, "60000", "60010")
    order = room.place(room.spot, BUY, price="60010", size="0.1", tif=POST_ONLY)
    assert (order.status, order.end_reason) == (Status.CANCELED, EndReason.POST_ONLY_WOULD_TAKE)
    assert told(room, order) == [Happening.ACCEPTED, Happening.CANCELED]


def test_a_market_buy_by_value_spends_at_most_that(room: Room) -> None:
    order = room.place(room.spot, BUY, quote_size="1000")
    assert order.status is Status.FILLED
    assert [event.order.status for event in room.events if isinstance(event, OrderHappened)][
        -1
    ] is Status.FILLED
    assert order.lots == order.filled_lots == 1666  # 0.01666 at 60,010 is 999.7666
    assert room.total(room.spot, USDT) == Decimal("99000.2334")
    room.quotes(room.spot, "60000", "60010", "0.01")
    order = room.place(room.spot, BUY, quote_size="1000")
    assert (order.status, order.end_reason, order.lots) == (Status.EXPIRED, EndReason.NO_LIQUIDITY, 1000)


def test_a_market_buy_by_size_needs_what_the_book_asks_for(room: Room) -> None:
    room.quotes(room.spot, "60000", "60010", "0.5")
    room.crowd(room.spot, SELL, "90000", "5")
    assert room.refused(room.spot, BUY, size="1.3").why is Why.NO_FUNDS  # 30,005 and 72,000
    assert room.place(room.spot, BUY, size="1.2").status is Status.FILLED
    assert room.total(room.spot, USDT) == Decimal(100_000 - 30_005 - 63_000)


@pytest.mark.parametrize(
    ("mode", "taker", "maker"),
    [
        (SelfTrade.ALLOW, Status.FILLED, Status.FILLED),
        (SelfTrade.EXPIRE_TAKER, Status.EXPIRED, Status.NEW),
        (SelfTrade.EXPIRE_MAKER, Status.FILLED, Status.EXPIRED),
        (SelfTrade.EXPIRE_BOTH, Status.EXPIRED, Status.EXPIRED),
    ],
)
def test_own_orders_meet(room: Room, mode: SelfTrade, taker: Status, maker: Status) -> None:
    resting = room.place(room.spot, SELL, price="60005", size="0.1")
    order = room.place(room.spot, BUY, price="60010", size="0.1", tif=IOC, self_trade=int(mode))
    assert (order.status, resting.status) == (taker, maker)
    if mode is SelfTrade.ALLOW:
        assert order.fills[0].trade_id == resting.fills[0].trade_id
        assert room.total(room.spot, BTC) == Decimal("0.9999")
    if maker is Status.EXPIRED:
        assert resting.end_reason is EndReason.SELF_TRADE
        assert room.free(room.spot, BTC) == room.total(room.spot, BTC)


def test_a_market_buy_does_not_count_on_own_orders_that_expire(room: Room) -> None:
    room.quotes(room.spot, "60000", "70000", "5")
    room.place(room.spot, SELL, price="60005", size="1", display_size="0.3")
    mode = int(SelfTrade.EXPIRE_MAKER)
    assert room.refused(room.spot, BUY, size="1.5", self_trade=mode).why is Why.NO_FUNDS
    order = room.place(room.spot, BUY, quote_size="70000", self_trade=mode)
    assert (order.status, order.lots) == (Status.FILLED, 100_000)
    assert room.total(room.spot, USDT) == 30_000


def test_two_accounts_trade_with_each_other(room: Room) -> None:
    sold = room.place(room.spot, SELL, account=room.other, price="60005", size="0.2")
    bought = room.place(room.spot, BUY, price="60005", size="0.2")
    assert (sold.status, bought.status) == (Status.FILLED, Status.FILLED)
    assert room.total(room.spot, BTC) + room.total(room.spot, BTC, room.other) == Decimal("1.9998")
    told_accounts = {event.account_id for event in room.events if isinstance(event, BalanceChanged)}
    assert told_accounts == {1, room.other}


def test_an_iceberg_shows_its_slice_and_locks_all(room: Room) -> None:
    order = room.place(room.spot, SELL, price="60005", size="0.5", display_size="0.1")
    assert room.book(room.spot).best[2:] == (6_000_500, 10_000)
    assert room.free(room.spot, BTC) == Decimal("0.5")
    room.crowd(room.spot, BUY, "60005", "0.25", OrderKind.IOC)
    assert [fill.lots for fill in order.fills] == [10_000, 10_000, 5_000]
    assert room.book(room.spot).best[2:] == (6_000_500, 5_000)
    assert room.exchange.cancel(1, order, room.tick()) is order
    assert room.free(room.spot, BTC) == room.total(room.spot, BTC)


class TestChanges:
    def test_smaller_keeps_its_place(self, room: Room) -> None:
        order = room.place(room.spot, BUY, price="60005", size="0.5")
        room.crowd(room.spot, BUY, "60005", "1")
        assert room.exchange.amend(1, order, None, Decimal("0.2"), room.tick()) is order
        assert room.free(room.spot, USDT) == Decimal(100_000) - Decimal("12001")
        room.crowd(room.spot, SELL, "60005", "0.2", OrderKind.IOC)
        assert order.status is Status.FILLED
        assert told(room, order) == [Happening.ACCEPTED, Happening.AMENDED, Happening.TRADE]

    def test_larger_or_elsewhere_goes_to_the_end_and_may_trade(self, room: Room) -> None:
        order = room.place(room.spot, BUY, price="60005", size="0.1")
        room.crowd(room.spot, BUY, "60005", "1")
        room.exchange.amend(1, order, None, Decimal("0.2"), room.tick())
        room.crowd(room.spot, SELL, "60005", "1", OrderKind.IOC)
        assert (order.status, order.filled_lots, order.lots) == (Status.NEW, 0, 20_000)
        room.exchange.amend(1, order, Decimal(60_010), None, room.tick())
        assert (order.status, order.fills[0].maker, order.amend_count) == (Status.FILLED, False, 2)

    def test_not_more_than_is_filled_ends_it(self, room: Room) -> None:
        order = room.place(room.spot, BUY, price="60005", size="0.5")
        room.crowd(room.spot, SELL, "60005", "0.2", OrderKind.IOC)
        room.exchange.amend(1, order, None, Decimal("0.2"), room.tick())
        assert (order.status, order.end_reason) == (Status.CANCELED, EndReason.AMENDED_AWAY)
        assert room.free(room.spot, USDT) == room.total(room.spot, USDT)

    @pytest.mark.parametrize(
        ("price", "size", "why"),
        [
            (None, None, Why.NOTHING_TO_CHANGE),
            ("60000", "0.5", Why.NOTHING_TO_CHANGE),
            ("60000.001", None, Why.BAD_TICK),
            (None, "0.0000001", Why.BAD_STEP),
            (None, "0.00005", Why.NOTIONAL_TOO_SMALL),
            (None, "1.7", Why.NO_FUNDS),
            ("60010", None, Why.WOULD_TAKE),
            ("70000", None, Why.PRICE_BAND_HIGH),
        ],
    )
    def test_refused_it_stays_as_it_is(
        self, room: Room, price: str | None, size: str | None, why: Why
    ) -> None:
        order = room.place(room.spot, BUY, price="60000", size="0.5", tif=POST_ONLY)
        before = room.book(room.spot).engine.state_hash(), len(room.events), room.free(room.spot, USDT)
        answer = room.exchange.amend(1, order, price and Decimal(price), size and Decimal(size), room.tick())
        assert isinstance(answer, Refusal)
        assert answer.why is why
        after = room.book(room.spot).engine.state_hash(), len(room.events), room.free(room.spot, USDT)
        assert after == before
        room.turn()
        assert len(room.events) == before[1]  # nor is anything told later
        assert (order.price_ticks, order.lots, order.amend_count) == (6_000_000, 50_000, 0)

    def test_the_money_that_it_binds_counts(self, room: Room) -> None:
        order = room.place(room.spot, BUY, price="60000", size="1.6")
        assert room.exchange.amend(1, order, Decimal(60_001), None, room.tick()) is order


def test_client_ids_by_rule() -> None:
    room = Room("binance")
    room.quotes(room.spot, "60000", "60010")
    first = room.place(room.spot, BUY, price="50000", size="0.1", client_id="a")
    refusal = room.refused(room.spot, BUY, price="50000", size="0.1", client_id="a")
    assert (refusal.why, refusal.order) == (Why.DUPLICATE_ID, first)
    room.exchange.cancel(1, first, room.tick())
    second = room.place(room.spot, BUY, price="50000", size="0.1", client_id="a")
    assert room.exchange.order_by_client_id(1, room.spot, "a") is second
    room = Room("htx")
    room.quotes(room.spot, "60000", "60010")
    first = room.place(room.spot, BUY, price="59000", size="0.1", client_id="a")
    room.exchange.cancel(1, first, room.tick())
    assert room.refused(room.spot, BUY, price="59000", size="0.1", client_id="a").why is Why.DUPLICATE_ID
    room.tick(86_400_000_000_000)
    room.place(room.spot, BUY, price="59000", size="0.1", client_id="a")


def test_cancel_all_and_too_many(room: Room) -> None:
    orders = [
        room.place(room.spot, BUY, price=str(50_000 + index), size="0.001")
        for index in range(room.rules.open_orders_max)
    ]
    assert room.refused(room.spot, BUY, price="50000", size="0.001").why is Why.TOO_MANY_ORDERS
    assert room.exchange.open_orders(1, room.spot) == orders
    assert room.exchange.cancel_all(1, room.spot, None, room.tick()) == orders
    assert room.exchange.cancel_all(1, room.spot, None, room.tick()) == []
    assert room.free(room.spot, USDT) == 100_000
    ended = room.exchange.cancel(1, orders[0], room.tick())
    assert isinstance(ended, Refusal)
    assert (ended.why, ended.order) == (Why.ORDER_ENDED, orders[0])


def test_memory_is_bounded(room: Room) -> None:
    first = room.place(room.spot, BUY, price="50000", size="0.001", client_id="first")
    room.exchange.cancel(1, first, room.tick())
    for _ in range(ENDED_KEPT):
        order = room.place(room.spot, BUY, price="50000", size="0.001")
        room.exchange.cancel(1, order, room.tick())
    assert len(room.exchange.ended_orders(1, room.spot)) == ENDED_KEPT
    assert room.exchange.order_by_id(1, room.spot, first.order_id) is None
    assert room.exchange.order_by_client_id(1, room.spot, "first") is None


def test_faults_of_orders() -> None:
    room = Room("binance", faults=TradingFaults(reject=1.0))
    room.quotes(room.spot, "60000", "60010")
    assert room.refused(room.spot, BUY, price="60010", size="0.1").why is Why.ENGINE_REFUSED
    room = Room("binance", faults=TradingFaults(hidden_ms=5))
    order = room.place(room.spot, BUY, price="50000", size="0.1", client_id="a")
    assert room.exchange.open_orders(1, room.spot) == []
    assert room.exchange.order_by_id(1, room.spot, order.order_id) is None
    assert room.exchange.order_by_client_id(1, room.spot, "a") is None
    room.turn(5_000_000)
    assert room.exchange.open_orders(1, room.spot) == [order]
    assert room.gates[room.spot].counts.hidden == 1


def test_a_cut_fill_rests_before_what_it_did_not_take() -> None:
    room = Room("binance", faults=TradingFaults(partial=1.0))
    room.quotes(room.spot, "60000", "60010")
    order = room.place(room.spot, BUY, price="60020", size="0.5")
    assert order.status is Status.PARTIALLY_FILLED
    assert 0 < order.filled_lots < 50_000
    assert order.resting_ticks == 6_000_999
    assert room.book(room.spot).best[0] == 6_000_999
    room.crowd(room.spot, SELL, "60000", "1", OrderKind.IOC)
    assert order.status is Status.FILLED
    assert room.free(room.spot, USDT) == room.total(room.spot, USDT)
    cut = room.place(room.spot, BUY, price="60020", size="0.5", tif=IOC)
    assert (cut.status, cut.end_reason) == (Status.EXPIRED, EndReason.IOC_REMAINDER)
    assert room.gates[room.spot].counts.partials == 2


def test_keys_of_the_demo_account(room: Room) -> None:
    key = room.exchange.demo_key()
    assert key.account_id == DEMO_ACCOUNT_ID
    assert room.exchange.key(key.key) is key
    assert room.exchange.key("nobody") is None
