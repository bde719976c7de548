"""Instruments that change while they trade: coarser grids, halts, and what every venue says of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.exchange_room import Room
from tests.support.raw_books import SYMBOLS
from tests.support.simulated import Client, VirtualFeed, simulated
from trimaran.base.errors import ConfigError
from trimaran.venues.okx.simulator.venue import OkxRules
from trimaran.venues.sim.book_rules import ORDINARY, BookRules, TradingState
from trimaran.venues.sim.trading import BUY, OrderTypeSim, Refusal, SimOrder, Status, Why

HALTED, CANCEL_ONLY = TradingState.HALTED, TradingState.CANCEL_ONLY
LISTS = {
    "binance.spot": "/api/v3/exchangeInfo?symbol=XRPUSDT",
    "binance.usdm": "/fapi/v1/exchangeInfo",
    "okx.spot": "/api/v5/public/instruments?instType=SPOT&instId=XRP-USDT",
    "okx.swap": "/api/v5/public/instruments?instType=SWAP&instId=XRP-USDT-SWAP",
    "htx.spot": "/v1/settings/common/market-symbols?symbols=xrpusdt",
    "htx.swap": "/linear-swap-api/v1/swap_contract_info?contract_code=XRP-USDT",
}
STATES = {
    "binance.spot": ("TRADING", "CANCEL_ONLY", "HALT"),
    "binance.usdm": ("TRADING", "SETTLING", "SETTLING"),
    "okx.spot": ("live", "suspend", "suspend"),
    "okx.swap": ("live", "suspend", "suspend"),
    "htx.spot": ("online", "suspend", "suspend"),
    "htx.swap": (1, 3, 3),
}


def published(market: str, answer: Any) -> tuple[Any, Decimal, Decimal]:
    """State, tick and lot as a venue lists them."""
    if market.startswith("binance"):
        row = next(each for each in answer["symbols"] if each["symbol"] == "XRPUSDT")
        filters = {each["filterType"]: each for each in row["filters"]}
        tick, lot = filters["PRICE_FILTER"]["tickSize"], filters["LOT_SIZE"]["stepSize"]
        return row["status"], Decimal(tick), Decimal(lot)
    (row,) = answer["data"]
    if market.startswith("okx"):
        return row["state"], Decimal(row["tickSz"]), Decimal(row["lotSz"])
    if market == "htx.spot":
        return row["state"], Decimal(1).scaleb(-row["pp"]), Decimal(1).scaleb(-row["ap"])
    return row["contract_status"], Decimal(str(row["price_tick"])), Decimal(1)


async def test_every_venue_lists_what_holds_now() -> None:
    async with simulated(symbols=("XRP",), okx=OkxRules(connections_per_s=0)) as client:
        for market, path in LISTS.items():
            lists = client.base(market, "rest") + path
            name = f"market={market}&symbol={SYMBOLS[market]}"
            state, tick, lot = published(market, (await client.fetch(lists))[1])
            assert state == STATES[market][0]
            factor = 1 if market == "htx.swap" else 100
            told = await client.post(f"/rules?{name}&tick_factor=10&lot_factor={factor}")
            assert (told["state"], Decimal(told["tick"]), Decimal(told["lot"])) == (
                "trading", tick * 10, lot * factor,
            )  # fmt: skip
            assert published(market, (await client.fetch(lists))[1]) == (state, tick * 10, lot * factor)
            for number, name_of_state in ((1, "cancel-only"), (2, "halted")):
                await client.post(f"/rules?{name}&state={name_of_state}")
                found = published(market, (await client.fetch(lists))[1])
                assert found == (STATES[market][number], tick, lot)


async def test_okx_pushes_the_new_row(client: Client) -> None:
    url = client.base("okx.spot", "ws") + "/ws/v5/public"
    async with client.ws(url) as socket:
        await socket.send_json({"op": "subscribe", "args": [{"channel": "instruments", "instType": "SPOT"}]})
        assert (await client.receive(socket))["event"] == "subscribe"
        assert (await client.receive(socket))["data"][0]["state"] == "live"
        await client.post("/rules?market=okx.spot&symbol=XRP-USDT&state=halted&tick_factor=10")
        (row,) = (await client.receive(socket))["data"]
        assert (row["instId"], row["state"], row["tickSz"]) == ("XRP-USDT", "suspend", "0.001")


async def test_handles_refuse_what_makes_no_sense(client: Client) -> None:
    name = "market=htx.swap&symbol=XRP-USDT"
    for query in (
        f"{name}&state=closed",
        f"{name}&tick_factor=7",
        f"{name}&lot_factor=10",
        f"{name}&ticks=1",
    ):
        assert "error" in await client.post(f"/rules?{query}"), query
    assert "error" in await client.post("/rules?market=htx.swap&symbol=ABC-USDT")
    with pytest.raises(ConfigError, match="factors"):
        BookRules(tick_factor=3)


@pytest.fixture
async def client() -> Any:
    async with simulated(symbols=("XRP",), venues=("okx", "htx"), okx=OkxRules(connections_per_s=0)) as found:
        yield found


def test_the_crowd_keeps_to_a_coarser_grid_and_stands_still_in_a_halt() -> None:
    virtual = VirtualFeed("binance.usdm", "XRPUSDT", rate=4.0)
    virtual.pass_time(1.0)
    book = virtual.book
    book.rule(virtual.now_ns, BookRules(tick_factor=10, lot_factor=10))
    virtual.pass_time(2.0)
    for side in (0, 1):
        levels = book.engine.depth(side, book.engine.level_count(side))
        assert levels
        assert not any(ticks % 10 for ticks, _ in levels)
    trades = book.trade_count()
    book.rule(virtual.now_ns, BookRules(CANCEL_ONLY))
    state = book.engine.state_hash()
    virtual.pass_time(2.0)
    assert (book.trade_count(), book.engine.state_hash()) == (trades, state)
    book.rule(virtual.now_ns, ORDINARY)
    virtual.pass_time(2.0)
    assert book.trade_count() > trades


@pytest.mark.parametrize(
    ("side", "ticks", "expected"),
    [(0, 57, 50), (1, 57, 60), (0, 50, 50), (1, 50, 50), (0, 7, 7), (0, 0, 0), (1, 0, 0)],
)
def test_prices_of_the_crowd_move_away_from_the_middle(side: int, ticks: int, expected: int) -> None:
    assert BookRules(tick_factor=10).crowd_ticks(side, ticks) == expected
    assert BookRules(lot_factor=10).crowd_lots(7) == 10


def test_orders_must_be_on_the_grid_of_now_and_older_ones_stay() -> None:
    room = Room("binance")
    room.quotes(room.spot, "60000", "60010")
    old = room.place(room.spot, BUY, price="59999.99", size="0.00101")
    room.book(room.spot).rule(room.tick(), BookRules(tick_factor=100, lot_factor=100))
    off_tick = room.refused(room.spot, BUY, price="59999.90", size="0.01")
    assert (off_tick.why, Decimal(off_tick.limit)) == (Why.BAD_TICK, 1)
    off_lot = room.refused(room.spot, BUY, price="59999", size="0.0015")
    assert (off_lot.why, Decimal(off_lot.limit)) == (Why.BAD_STEP, Decimal("0.001"))
    assert room.place(room.spot, BUY, price="59999", size="0.001").status is Status.NEW
    valued = room.place(room.spot, BUY, quote_size="200")
    assert valued.filled_lots % 100 == 0
    assert old.status is Status.NEW
    assert isinstance(room.exchange.cancel(1, old, room.tick()), SimOrder)


@pytest.mark.parametrize("state", [HALTED, CANCEL_ONLY])
def test_where_nobody_trades_orders_can_only_be_cancelled(state: TradingState) -> None:
    room = Room("okx")
    room.quotes(room.spot, "60000", "60010")
    resting = room.place(room.spot, BUY, price="59000", size="0.01")
    stop = room.place(room.spot, BUY, type=OrderTypeSim.STOP_MARKET, size="0.01", trigger_price="60011")
    room.crowd(room.spot, BUY, "60020", "11")
    room.book(room.spot).rule(room.tick(), BookRules(state))
    assert room.refused(room.spot, BUY, price="59000", size="0.01").why is Why.HALTED
    amended = room.exchange.amend(1, resting, Decimal(58_000), None, room.tick())
    assert isinstance(amended, Refusal)
    assert amended.why is Why.HALTED
    room.turn()
    assert stop.status is Status.WAITING
    assert room.exchange.cancel_all(1, room.spot, None, room.tick()) == [resting, stop]
