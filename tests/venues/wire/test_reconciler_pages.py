"""What a gap holds is asked for page by page, from either end; an order that was triggered is followed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from trimaran.domain.account import FillId, Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import FillReport, OrderReport
from trimaran.venues.wire import reconciler as module
from trimaran.venues.wire.asks import FillHistory, OpenOrders, OrderRef, QueryOrder
from trimaran.venues.wire.client_port import ClientOptions
from trimaran.venues.wire.fault import VenueFault, too_many_rows
from trimaran.venues.wire.fold_port import OpenOrder
from trimaran.venues.wire.private_spec import PrivateSpec
from trimaran.venues.wire.reconciler import WINDOWS_MAX, Reconciler

SYMBOL, KEY = Symbol("X"), InstrumentKey("m:X")
FILL = FillReport(
    fill_id=FillId("0"), instrument_key=KEY, venue_order_id=VenueOrderId("9"), client_order_id=None,
    side=Side.BUY, price_ticks=1, lots=1, liquidity=Liquidity.MAKER, fee=Decimal(0), fee_asset=Asset("U"),
    venue_ns=0, local_ns=0,
)  # fmt: skip
ORDER = OrderReport(
    instrument_key=KEY, venue_order_id=VenueOrderId("algo:5"), client_order_id=ClientOrderId(7),
    state=OrderState.ACKED, side=Side.SELL, order_type=OrderType.STOP_MARKET, tif=TimeInForce.IOC,
    price_ticks=0, lots=10, filled_lots=0, venue_ns=1, local_ns=1,
)  # fmt: skip


class Market:
    """Answers as a market does: fills between the bounds, the newest or the oldest of them."""

    def __init__(self, fills: list[FillReport], newest: bool) -> None:
        self.fills = fills
        self.newest = newest
        self.asked: list[Any] = []
        self.orders: dict[str, OrderReport] = {}

    async def ask(self, ask: Any, patience: Any) -> Any:
        self.asked.append(ask)
        match ask:
            case FillHistory():
                end = ask.until_ns or 10**9
                found = [fill for fill in self.fills if ask.since_ns <= fill.venue_ns <= end]
                return tuple(found[-ask.limit :] if self.newest else found[: ask.limit])
            case QueryOrder():
                return self.orders[ask.ref.venue_order_id]
        return ()


def spec_of(newest: bool, window_ns: int = 0) -> PrivateSpec:
    return PrivateSpec(
        market=MarketName("toy.spot"),
        live={},
        testnet=None,
        lines=(),
        limits=(),
        clock_window_ns=1,
        visibility_lag_ns=0,
        request_expiry=True,
        fills_newest=newest,
        history_window_ns=window_ns,
        triggers_apart=True,
    )


def reconciler(market: Market, heard: list[Any], page: int = 100) -> Reconciler:
    options = replace(ClientOptions(), page=page)
    asker: Any = market
    spec = spec_of(market.newest)
    return Reconciler(asker, options, [SYMBOL], spec, heard.append, lambda *_: None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 60), max_size=60, unique=True).map(sorted), st.integers(2, 12), st.booleans(),
    st.integers(0, 30),
)  # fmt: skip
async def test_every_fill_of_a_gap_is_heard(times: list[int], page: int, newest: bool, since: int) -> None:
    fills = [replace(FILL, fill_id=FillId(str(at)), venue_ns=at) for at in times]
    heard: list[Any] = []
    await reconciler(Market(fills, newest), heard, page).fills(SYMBOL, since)
    assert sorted(each.venue_ns for each in heard) == [at for at in times if at >= since]


@pytest.mark.parametrize(
    ("triggered", "told"),
    [(ORDER, ["algo:5"]), (replace(ORDER, venue_order_id=VenueOrderId("6")), ["6", "6"])],
)
async def test_what_came_of_a_trigger_is_asked_for(triggered: OrderReport, told: list[str]) -> None:
    market, heard = Market([], False), []
    ended = replace(ORDER, venue_order_id=VenueOrderId("6"), state=OrderState.CANCELED)
    market.orders = {"algo:5": triggered, "6": ended}
    believed = [OpenOrder(ClientOrderId(7), KEY, VenueOrderId("algo:5"))]
    await reconciler(market, heard).everything(lambda: believed, 0)
    assert [each.venue_order_id for each in heard] == told
    assert heard[-1].state is (OrderState.CANCELED if len(told) > 1 else OrderState.ACKED)
    assert [ask.triggered for ask in market.asked if isinstance(ask, OpenOrders)] == [False, True]


@pytest.mark.parametrize("newest", [False, True])
async def test_more_fills_of_one_moment_than_a_page_holds_do_not_hide_the_others(newest: bool) -> None:
    times = [1, *[7] * 5, 20]
    fills = [replace(FILL, fill_id=FillId(str(n)), venue_ns=at * 1_000_000) for n, at in enumerate(times)]
    heard: list[Any] = []
    await reconciler(Market(fills, newest), heard, 3).fills(SYMBOL, 0)
    assert {fill.venue_ns for fill in heard} == {each.venue_ns for each in fills}
    assert len({fill.fill_id for fill in heard}) == len(heard) >= 5


class ShortPages(Market):
    """Cuts an answer to `most` rows, whatever it was asked for, and to a window after its beginning."""

    most, window = 3, 10**9

    async def ask(self, ask: Any, patience: Any) -> Any:
        found = await super().ask(replace(ask, limit=min(ask.limit, self.most)), patience)
        return tuple(fill for fill in found if fill.venue_ns <= ask.since_ns + self.window)


@pytest.mark.parametrize("newest", [False, True])
async def test_an_answer_that_is_shorter_than_it_was_asked_for_is_not_the_end(newest: bool) -> None:
    fills = [replace(FILL, fill_id=FillId(str(at)), venue_ns=at) for at in range(1, 30)]
    heard: list[Any] = []
    await reconciler(ShortPages(fills, newest), heard).fills(SYMBOL, 1)
    assert {fill.venue_ns for fill in heard} == set(range(1, 30))


@pytest.mark.parametrize("newest", [False, True])
async def test_a_gap_that_is_longer_than_an_answer_reaches_is_asked_for_in_parts(newest: bool) -> None:
    fills = [replace(FILL, fill_id=FillId(str(at)), venue_ns=at) for at in (3, 24, 25, 51)]
    market, heard = ShortPages(fills, newest), []
    market.window = 10
    asker: Any = market
    options = replace(ClientOptions(), page=100)
    spec = spec_of(newest, market.window)
    asking = Reconciler(asker, options, [SYMBOL], spec, heard.append, lambda *_: None, lambda: 55)
    await asking.fills(SYMBOL, 2)
    assert [fill.venue_ns for fill in heard] == [3, 24, 25, 51]


async def test_nobody_asks_for_everything_since_the_beginning_of_time() -> None:
    market = ShortPages([], False)
    asker: Any = market
    spec = spec_of(False, 10)
    asking = Reconciler(asker, ClientOptions(), [SYMBOL], spec, [].append, lambda *_: None, lambda: 1_000_000)
    await asking.fills(SYMBOL, 1)
    assert len(market.asked) <= WINDOWS_MAX + 1


async def test_fills_of_one_order_are_not_asked_for_again_and_again() -> None:
    """An order has one page at some venues, whatever the bounds."""

    class OnePage(Market):
        async def ask(self, ask: Any, patience: Any) -> Any:
            self.asked.append(ask)
            return tuple(self.fills)

    fills = [replace(FILL, fill_id=FillId(str(at)), venue_ns=at) for at in range(1, 200)]
    market, heard = OnePage(fills, False), []
    await reconciler(market, heard).fills(SYMBOL, 0, OrderRef(SYMBOL, ClientOrderId(7), VenueOrderId("9")))
    assert len(heard) == 199
    assert len(market.asked) == 2


async def test_more_open_orders_than_one_answer_holds_are_asked_for_by_instrument() -> None:
    class Full(Market):
        async def ask(self, ask: Any, patience: Any) -> Any:
            if isinstance(ask, OpenOrders) and ask.symbol is None:
                raise too_many_rows("a page of 100")
            rows = await super().ask(ask, patience)
            return (replace(ORDER, venue_order_id=VenueOrderId("5")),) if ask == OpenOrders(SYMBOL) else rows

    market, heard = Full([], False), []
    await reconciler(market, heard).everything(list, 0)
    assert [order.venue_order_id for order in heard] == ["5"]


async def test_more_fills_than_can_be_asked_for_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGES_MAX", 3)
    fills = [replace(FILL, fill_id=FillId(str(at)), venue_ns=at) for at in range(1, 40)]
    heard: list[Any] = []
    with pytest.raises(VenueFault, match="more than 3 pages of fills"):
        await reconciler(Market(fills, False), heard, 2).everything(list, 0)
    assert heard
