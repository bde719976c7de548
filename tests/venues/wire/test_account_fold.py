"""Reports folded into events: any interleaving, repetition and order of a life ends in the same events."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.domain.account import (
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderRejected,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.domain.orders import (
    IntentId,
    OrderRequest,
    OrderState,
    OrderType,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.reports import (
    BalanceReport,
    FillReport,
    ForeignFill,
    ForeignOrder,
    OrderReport,
    PositionReport,
)
from trimaran.venues.wire import account_fold, fold_fills
from trimaran.venues.wire.account_fold import MISSING_NS, AccountFold
from trimaran.venues.wire.fold_fills import FEE_WAIT_NS_MAX, WAIT_NS, WAIT_NS_MAX
from trimaran.venues.wire.fold_port import FeeKnown, FeeMissing, FillsMissing, OpenOrder, OwnerMissing

BTC = InstrumentKey("x.spot:BTCUSDT")
OURS = ClientOrderId(77)
SECOND = 1_000_000_000
_S = OrderState


def order(state: OrderState, filled: int = 0, at: int = 1, **fields: object) -> OrderReport:
    known = {
        "instrument_key": BTC, "venue_order_id": VenueOrderId("v1"), "client_order_id": OURS, "state": state,
        "side": Side.BUY, "order_type": OrderType.LIMIT, "tif": TimeInForce.GTC, "price_ticks": 100,
        "lots": 10, "filled_lots": filled, "venue_ns": at, "local_ns": at + 5,
    }  # fmt: skip
    return OrderReport(**{**known, **fields})


def fill(fill_id: str = "f1", lots: int = 3, **fields: object) -> FillReport:
    known = {
        "fill_id": FillId(fill_id), "instrument_key": BTC, "venue_order_id": VenueOrderId("v1"),
        "client_order_id": OURS, "side": Side.BUY, "price_ticks": 100, "lots": lots,
        "liquidity": Liquidity.MAKER, "fee": Decimal("0.01"), "fee_asset": Asset("USDT"), "venue_ns": 2,
        "local_ns": 7,
    }  # fmt: skip
    return FillReport(**{**known, **fields})


def kinds(events: list[object]) -> list[type]:
    return [type(event) for event in events]


def request(price_ticks: int = 100, order_type: OrderType = OrderType.LIMIT) -> OrderRequest:
    return OrderRequest(
        IntentId("i"), OURS, BTC, Side.BUY, price_ticks, 10, TimeInForce.GTC, StrategyName("s"), None, False,
        1, order_type,
    )  # fmt: skip


# Any life in any order


class Life(msgspec.Struct):
    """What really happened to an order."""

    fills: list[int]  # lots of each
    amended: bool
    end: OrderState

    def reports(self, bare: bool) -> list[OrderReport | FillReport]:
        """Everything that the venue's channels say of it; `bare` channels leave out ids and fees."""
        lots, price = sum(self.fills) + (0 if self.end is _S.FILLED else 5), 100
        said: list[OrderReport | FillReport] = [order(_S.ACKED, at=1, lots=lots)]
        at, filled = 2, 0
        for number, part in enumerate(self.fills):
            if self.amended and number == len(self.fills) // 2:
                price, at = 90, at + 1
                said.append(
                    order(_S.PARTIALLY_FILLED if filled else _S.ACKED, filled, at, price_ticks=90, lots=lots)
                )
            at, filled = at + 1, filled + part
            report = fill(f"f{number}", part, venue_ns=at, price_ticks=price)
            said.append(report)
            if bare:
                said.append(msgspec.structs.replace(report, client_order_id=None))
                said.append(msgspec.structs.replace(report, fee=None))
            state = _S.FILLED if filled == lots else _S.PARTIALLY_FILLED
            if state is _S.PARTIALLY_FILLED:
                said.append(order(state, filled, at, price_ticks=price, lots=lots))
        said.append(order(self.end, filled, at + 1, price_ticks=price, lots=lots, reason="end"))
        return said


lives = st.builds(
    Life,
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([_S.FILLED, _S.CANCELED, _S.EXPIRED]),
)


@settings(max_examples=300, deadline=None)
@given(lives, st.booleans(), st.booleans(), st.data())
def test_any_interleaving_ends_in_the_same_events(life, bare, expected, data):
    said = life.reports(bare)
    repeats = data.draw(st.lists(st.sampled_from(said), max_size=8))
    fold, events, now_ns = AccountFold(), [], SECOND
    if expected:
        fold.expect(msgspec.structs.replace(request(), lots=said[0].lots))
    for report in data.draw(st.permutations([*said, *repeats])):
        events += fold.report(report, now_ns)
        now_ns += data.draw(st.integers(0, WAIT_NS // 40))
        events += fold.on_tick(now_ns)
    events += fold.on_tick(now_ns + 100 * SECOND)
    fills = [event for event in events if isinstance(event, Fill)]
    assert sorted((each.fill_id, each.lots) for each in fills) == [
        (f"f{number}", lots) for number, lots in enumerate(life.fills)
    ]
    assert {each.fee for each in fills} == {Decimal("0.01")}
    assert {each.client_order_id for each in fills} == {OURS}
    assert kinds(events).count(OrderAcked) == 1
    assert [each.state for each in events if isinstance(each, OrderDone)] == [life.end]
    assert not {ForeignFill, ForeignOrder, FeeKnown} & set(kinds(events))
    amended = [each.price_ticks for each in events if isinstance(each, OrderAmended)]
    assert amended in ([], [90])
    assert fold.open_orders() == []
    assert fold.on_tick(now_ns + 1000 * SECOND) == []


@settings(max_examples=100, deadline=None)
@given(lives, st.data())
def test_fills_that_never_came_are_asked_for_until_they_have_come(life, data):
    said = life.reports(False)
    fills = [report for report in said if isinstance(report, FillReport)]
    lost = data.draw(st.lists(st.sampled_from(fills), unique_by=lambda each: each.fill_id, min_size=1))
    fold = AccountFold()
    for report in data.draw(st.permutations([report for report in said if report not in lost])):
        fold.report(report, SECOND)
    missing = sum(report.lots for report in lost)
    assert fold.on_tick(SECOND + MISSING_NS - 1) == []
    asked = FillsMissing(BTC, OURS, VenueOrderId("v1"), missing)
    assert fold.on_tick(SECOND + MISSING_NS) == [asked]
    assert fold.on_tick(SECOND + MISSING_NS + 1) == []
    assert fold.on_tick(SECOND + 4 * MISSING_NS) == [asked]
    came = [event for report in fills for event in fold.report(report, 9 * SECOND)]
    assert sorted(event.fill_id for event in came) == sorted(report.fill_id for report in lost)
    assert fold.on_tick(1000 * SECOND) == []


# Orders


def test_a_life_in_order():
    fold = AccountFold()
    assert kinds(fold.report(order(_S.ACKED), 1)) == [OrderAcked]
    assert kinds(fold.report(fill(), 2)) == [Fill]
    assert fold.report(order(_S.PARTIALLY_FILLED, 3, 3), 3) == []
    assert fold.open_orders() == [OpenOrder(OURS, BTC, VenueOrderId("v1"))]
    done = fold.report(order(_S.CANCELED, 3, 4, reason="by hand"), 4)
    assert done == [OrderDone(OURS, _S.CANCELED, "by hand", 4, 9, 3)]
    assert fold.open_orders() == []


def test_an_end_that_comes_first_is_an_ack_too_and_late_fills_pass():
    fold = AccountFold()
    assert kinds(fold.report(order(_S.CANCELED, 3, 4), 1)) == [OrderAcked, OrderDone]
    assert fold.report(order(_S.ACKED), 2) == []
    assert kinds(fold.report(fill(), 3)) == [Fill]
    assert fold.report(fill(), 4) == []


def test_a_rejection_is_no_ack():
    fold = AccountFold()
    report = order(_S.REJECTED, reason="no margin")
    assert fold.report(report, 1) == [OrderRejected(OURS, "", "no margin", 1, 6)]
    assert fold.report(report, 2) == []
    assert fold.open_orders() == []


def test_what_was_never_placed_is_not_open():
    fold = AccountFold()
    fold.expect(request())
    assert fold.open_orders() == [OpenOrder(OURS, BTC, None)]
    fold.refused(OURS)
    assert fold.open_orders() == []


def test_a_change_of_price_or_size_is_told_once_and_never_taken_back():
    fold = AccountFold()
    fold.expect(request())
    fold.report(order(_S.ACKED, at=1), 1)
    assert fold.report(order(_S.ACKED, at=5, lots=6), 2) == [OrderAmended(OURS, 100, 6, 5, 10)]
    assert fold.report(order(_S.ACKED, at=5, lots=6), 3) == []
    assert fold.report(order(_S.ACKED, at=3), 4) == []
    assert fold.report(order(_S.ACKED, at=9, price_ticks=101, lots=6), 5) == [
        OrderAmended(OURS, 101, 6, 9, 14)
    ]


def test_a_change_that_overtook_the_ack_is_told_where_the_order_was_expected():
    fold = AccountFold()
    fold.expect(request())
    assert kinds(fold.report(order(_S.ACKED, at=5, price_ticks=90), 1)) == [OrderAcked, OrderAmended]
    assert fold.report(order(_S.ACKED, at=1), 2) == []


@pytest.mark.parametrize("price_ticks", [100, 90])
def test_the_terms_of_an_order_whose_change_an_earlier_process_lost_are_told(price_ticks):
    fold = AccountFold()
    fold.resume(request(), 0, msgspec.structs.replace(request(), price_ticks=90))
    told = fold.retell(order(_S.ACKED, at=5, price_ticks=price_ticks), 1)
    (amended,) = [each for each in told if isinstance(each, OrderAmended)]
    assert amended.price_ticks == price_ticks
    assert kinds(fold.retell(order(_S.ACKED, at=5, price_ticks=price_ticks), 2)) == [OrderAcked]


def test_fills_that_an_earlier_process_has_booked_are_not_missing():
    fold = AccountFold()
    fold.resume(request(), 3, None)
    fold.report(order(_S.PARTIALLY_FILLED, filled=3), 0)
    assert fold.on_tick(10 * SECOND) == []
    fold.report(order(_S.PARTIALLY_FILLED, filled=5, at=2), 10 * SECOND)
    (missing,) = fold.on_tick(20 * SECOND)
    assert missing.lots == 2
    fold.report(fill("f1", 3), 20 * SECOND)
    fold.report(fill("f2", 2), 20 * SECOND)
    assert fold.on_tick(99 * SECOND) == []


@pytest.mark.parametrize("order_type", [OrderType.MARKET, OrderType.STOP_MARKET])
def test_the_worst_price_of_a_market_order_is_no_price_at_the_venue(order_type):
    fold = AccountFold()
    fold.expect(request(120, order_type))
    assert kinds(fold.report(order(_S.ACKED, price_ticks=0, lots=0, order_type=order_type), 1)) == [
        OrderAcked
    ]
    assert fold.report(order(_S.ACKED, at=2, price_ticks=101, order_type=order_type), 1) == []


def test_orders_that_nobody_made():
    fold = AccountFold()
    strange = order(_S.ACKED, client_order_id=None, client_text="web_1", venue_order_id=VenueOrderId("v9"))
    assert fold.report(strange, 1) == [ForeignOrder(strange)]
    assert fold.report(strange, 2) == []
    ended = msgspec.structs.replace(strange, state=_S.CANCELED, venue_ns=3)
    assert fold.report(ended, 3) == [ForeignOrder(ended)]
    assert fold.report(strange, 4) == []
    its_fill = fill(client_order_id=None, venue_order_id=VenueOrderId("v9"))
    assert fold.report(its_fill, 5) == [ForeignFill(its_fill)]
    assert fold.report(its_fill, 6) == []
    assert fold.open_orders() == []


def test_a_report_without_our_id_is_ours_when_the_venues_id_is():
    fold = AccountFold()
    fold.report(order(_S.ACKED), 1)
    assert kinds(fold.report(order(_S.CANCELED, at=3, client_order_id=None), 2)) == [OrderDone]


# Fills


def test_one_trade_with_both_sides_is_two_fills():
    fold = AccountFold()
    assert kinds(fold.report(fill(), 1) + fold.report(fill(side=Side.SELL), 1)) == [Fill, Fill]


def test_a_fill_before_anybody_told_whose_it_is():
    fold = AccountFold()
    early = fill(client_order_id=None)
    assert fold.report(early, 0) == []
    assert fold.on_tick(WAIT_NS - 1) == []
    assert fold.on_tick(WAIT_NS) == [OwnerMissing(early)]
    assert fold.on_tick(WAIT_NS + 1) == []
    assert kinds(fold.report(order(_S.PARTIALLY_FILLED, 3), 2 * WAIT_NS)) == [OrderAcked, Fill]
    assert fold.on_tick(100 * SECOND) == []


def test_a_fill_that_stays_without_an_owner_is_not_lost():
    fold = AccountFold()
    early = fill(client_order_id=None)
    fold.report(early, 0)
    fold.on_tick(WAIT_NS)
    assert fold.on_tick(WAIT_NS_MAX) == [ForeignFill(early)]
    assert fold.report(early, WAIT_NS_MAX + 1) == []


def test_a_fee_from_another_channel():
    fold = AccountFold()
    assert fold.report(fill(fee=None, fee_asset=Asset("")), 0) == []
    (event,) = fold.report(fill(client_order_id=None), 1)
    assert (event.fee, event.fee_asset, event.client_order_id) == (Decimal("0.01"), "USDT", OURS)
    assert fold.report(fill(fee=None), 2) == []


def test_a_fee_that_does_not_come_raises_an_alarm_and_the_fill_is_not_lost():
    fold = AccountFold()
    bare = fill(fee=None)
    fold.report(bare, 0)
    for asked in range(1, 8):
        assert FeeMissing(bare, booked=False) in fold.on_tick(WAIT_NS << asked)
    alarm, booked = fold.on_tick(FEE_WAIT_NS_MAX)
    assert alarm == FeeMissing(bare, booked=True)
    assert (type(booked), booked.fee, booked.lots) == (Fill, Decimal(0), 3)
    assert fold.report(fill(), FEE_WAIT_NS_MAX + 1) == [
        FeeKnown(FillId("f1"), BTC, OURS, Side.BUY, Decimal("0.01"), Asset("USDT"))
    ]
    assert fold.report(fill(), FEE_WAIT_NS_MAX + 2) == []


# Balances, positions, memory


def test_older_balances_and_positions_do_not_replace_newer_ones():
    def balance(at: int) -> BalanceReport:
        return BalanceReport(
            market=MarketName("x.spot"),
            asset=Asset("BTC"),
            total=Decimal(at),
            free=None,
            venue_ns=at,
            local_ns=1,
        )

    fold = AccountFold()
    assert fold.report(balance(5), 1) == [balance(5)]
    assert fold.report(balance(4), 2) == []
    assert fold.report(balance(0), 3) == [balance(0)]  # it does not say
    assert fold.report(balance(4), 3) == []
    position = PositionReport(instrument_key=BTC, lots=-4, entry_price=Decimal(3), venue_ns=7, local_ns=1)
    assert fold.report(position, 4) == [position]
    assert fold.report(msgspec.structs.replace(position, venue_ns=6), 5) == []


def test_what_a_whole_list_leaves_out_is_nothing_any_more():
    """Venues leave out what is zero: a position that was closed in a gap is told by its absence."""
    fold = AccountFold()
    position = PositionReport(instrument_key=BTC, lots=-4, entry_price=Decimal(3), venue_ns=7, local_ns=1)
    coin = BalanceReport(
        market=MarketName("x.spot"), asset=Asset("BTC"), total=Decimal(1), free=None, venue_ns=5, local_ns=1
    )  # fmt: skip
    fold.report(position, 1)
    fold.report(coin, 2)
    assert fold.listed(PositionReport, {BTC}, 9, 4) == []
    assert fold.listed(PositionReport, set(), 7, 4) == []  # told since it was asked
    closed = msgspec.structs.replace(position, lots=0, entry_price=None, local_ns=4)
    assert fold.listed(PositionReport, set(), 9, 4) == [closed]
    assert fold.listed(PositionReport, set(), 10, 5) == []
    spent = msgspec.structs.replace(coin, total=Decimal(0), free=Decimal(0), local_ns=5)
    assert fold.listed(BalanceReport, set(), 10, 5) == [spent]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(account_fold, "ORDERS_KEPT", 50)
    monkeypatch.setattr(account_fold, "FOREIGN_KEPT", 50)
    monkeypatch.setattr(fold_fills, "FILLS_KEPT", 50)
    fold = AccountFold()
    for n in range(1, 1000):
        mine = {"client_order_id": ClientOrderId(n), "venue_order_id": VenueOrderId(f"v{n}")}
        fold.report(order(_S.ACKED, **mine), n)
        fold.report(fill(f"f{n}", 10, **mine), n)
        fold.report(order(_S.FILLED, 10, 9, **mine), n)
        strange = VenueOrderId(f"s{n}")
        fold.report(order(_S.ACKED, client_order_id=None, venue_order_id=strange), n)
    assert len(fold._orders) <= 51
    assert len(fold._foreign) <= 50
    assert len(fold._owners) <= 200
    assert len(fold._fills._gone) <= 50
    fold.report(fill("f1", 10, client_order_id=ClientOrderId(999)), 2000)
    assert len(fold._orders) <= 51
