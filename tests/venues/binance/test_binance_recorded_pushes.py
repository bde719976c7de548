"""A recorded private stream of Binance spot: 23 market orders, 36 fills, and the balances that they left."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any, Final

import msgspec

from tests.support.binance_account import NOW_NS, instrument, line
from tests.support.instruments import SPOT
from tests.support.recordings import recording
from trimaran.domain.account import Liquidity
from trimaran.domain.instrument import Instrument, InstrumentKey, Side, Symbol, symbol_in
from trimaran.domain.orders import OrderState, OrderType
from trimaran.domain.reports import BalanceReport, FillReport, OrderReport

BASES: Final = (
    "BNB", "WLD", "PENDLE", "BOME", "NOT", "ORDI", "CYBER", "MINA", "DAR", "ICP", "TWT", "SXP", "AVAX",
)  # fmt: skip
INSTRUMENTS: Final = {
    Symbol(f"{base}USDT"): instrument(SPOT, f"{base}USDT", base, "USDT", -8, -8) for base in BASES
}

# venue order id -> size, value in USDT, commission in BNB, fills; added up by hand
SOME_ORDERS: Final = {
    "5863070795": ("0.02", "11.78200000", "0.00000412", 1),
    "1454455423": ("10", "20.62000000", "0.00000724", 2),
    "1288822773": ("2760", "19.99978600", "0.00000692", 7),
    "2233880350": ("0.5", "18.44000000", "0.00000636", 3),
    "1194572015": ("75.2", "20.00270000", "0.00000690", 2),
    "3466501176": ("3", "85.47000000", "0.00002953", 1),
}
# USDT that was free after the first order and after the last one
FIRST_FREE, LAST_FREE = Decimal("7248.14979396"), Decimal("6426.31521496")


def traded(key: InstrumentKey) -> Instrument:
    """The instrument of a report."""
    return INSTRUMENTS[symbol_in(key)]


def messages(name: str) -> list[Any]:
    """What every line of a recording says."""
    private = line(instruments=INSTRUMENTS)
    frames = recording(f"nexustrader/{name}.log").read_bytes().splitlines()
    return [message for frame in frames for message in private.read(frame, NOW_NS)]


def test_recorded_orders_and_fills() -> None:
    found = messages("executionReport")
    orders: dict[str, list[OrderReport]] = defaultdict(list)
    fills: dict[str, list[FillReport]] = defaultdict(list)
    for message in found:
        assert isinstance(message, OrderReport | FillReport)
        if isinstance(message, OrderReport):
            orders[message.venue_order_id].append(message)
        else:
            fills[message.venue_order_id].append(message)
    assert len(orders) == 23
    assert sum(map(len, fills.values())) == 36
    for number, reports in orders.items():
        last = reports[-1]
        assert reports[0].state is OrderState.ACKED
        assert (last.state, last.order_type, last.side) == (OrderState.FILLED, OrderType.MARKET, Side.BUY)
        assert last.filled_lots == last.lots == sum(fill.lots for fill in fills[number])
        assert last.client_order_id is None
        assert {fill.liquidity for fill in fills[number]} == {Liquidity.TAKER}
        assert len({fill.fill_id for fill in fills[number]}) == len(fills[number])
    for number, (size, value, fee, count) in SOME_ORDERS.items():
        one = traded(orders[number][0].instrument_key)
        assert one.size(orders[number][-1].filled_lots) == Decimal(size)
        assert sum(
            (one.notional(fill.price_ticks, fill.lots) for fill in fills[number]), Decimal(0)
        ) == Decimal(value)
        assert sum((fill.fee or Decimal(0) for fill in fills[number]), Decimal(0)) == Decimal(fee)
        assert {fill.fee_asset for fill in fills[number]} == {"BNB"}
        assert len(fills[number]) == count


def test_recorded_balances_follow_from_the_fills() -> None:
    fills = [message for message in messages("executionReport") if isinstance(message, FillReport)]
    spent = sum(
        (
            traded(fill.instrument_key).notional(fill.price_ticks, fill.lots)
            for fill in fills
            if fill.venue_order_id != "5863070795"
        ),
        Decimal(0),
    )
    balances = messages("outboundAccountPosition")
    assert all(isinstance(balance, BalanceReport) for balance in balances)
    free = [balance.free for balance in balances if balance.asset == "USDT"]
    assert (free[0], free[-1]) == (FIRST_FREE, LAST_FREE)
    assert FIRST_FREE - spent == LAST_FREE
    assert all(balance.total == balance.free for balance in balances)


def test_recorded_transfers_say_nothing_that_balances_do_not_say() -> None:
    frames = recording("nexustrader/balanceUpdate.log").read_bytes().splitlines()
    assert [msgspec.json.decode(frame)["d"] for frame in frames] == ["-0.01000000", "-0.01000000"]
    assert messages("balanceUpdate") == []
