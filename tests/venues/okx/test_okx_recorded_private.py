"""Recorded private sessions of OKX: orders of many fills, positions, accounts, replayed through both lines.

The recordings were made by somebody else, with orders that are not ours: Python literals, one a line. The
last line of the orders was cut off in the recording, and so the order that it ends stays open here.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.okx_desk import BTC_SWAP, CREDENTIALS, LOCAL_NS, SPOT_INSTRUMENTS, line
from tests.support.recordings import recording
from trimaran.domain.account import Liquidity
from trimaran.domain.instrument import Asset, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, MarginMode, OrderReport, PositionReport
from trimaran.venues.okx.private import OkxLine
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.lines import LineUnknown, LoggedIn, SubscriptionTaken

# The sessions are of the demo environment, where a contract was a thousandth of a bitcoin.
DEMO_SWAP = replace(BTC_SWAP, contract_size=Decimal("0.001"))
USDC_SWAP = replace(DEMO_SWAP, symbol=Symbol("BTC-USDC-SWAP"), quote=Asset("USDC"))
SWAPS = {each.symbol: each for each in (DEMO_SWAP, USDC_SWAP)}
LONG_SELL = "1848670189392691200"


def lines_of(name: str) -> Iterator[tuple[bytes, Any]]:
    """Every line as the bytes that were received, and as a value; None for one that was cut off."""
    for text in recording(f"nexustrader/{name}").read_text(encoding="utf-8").splitlines():
        if text.strip():
            try:
                value = ast.literal_eval(text)
            except SyntaxError:
                yield text.encode(), None
            else:
                yield msgspec.json.encode(value), value


def both() -> tuple[OkxLine, OkxLine]:
    return (line(SPOT, instruments=SPOT_INSTRUMENTS), line(SWAP, instruments=SWAPS, credentials=CREDENTIALS))


def test_orders_replay_to_the_right_states_fills_and_fees() -> None:
    spot, swap = both()
    states: dict[str, OrderReport] = {}
    filled: dict[str, int] = defaultdict(int)
    fees: dict[str, Decimal] = defaultdict(Decimal)
    fill_ids: set[tuple[str, str]] = set()
    pushes = cut_off = 0
    for payload, value in lines_of("okx_orders.log"):
        heard = [list(of.read(payload, LOCAL_NS)) for of in (spot, swap)]
        if value is None:
            cut_off += 1
            assert all(isinstance(message, LineUnknown) for messages in heard for message in messages)
            continue
        if "event" in value:
            continue
        (row,) = value["data"]
        of_market, of_other = heard if row["instType"] == "SPOT" else reversed(heard)
        assert [type(message) for message in of_other] == [LineUnknown]  # nothing is told twice
        pushes += 1
        for message in of_market:
            assert isinstance(message, OrderReport | FillReport)
            if isinstance(message, FillReport):
                assert message.fee is not None
                fees[message.venue_order_id] += message.fee
                filled[message.venue_order_id] += message.lots
                fill_ids.add((message.instrument_key, message.fill_id))
            else:
                states[message.venue_order_id] = message
                assert message.filled_lots == filled[message.venue_order_id]
        assert fees[row["ordId"]] == -Decimal(row["fee"])  # which the venue adds up over the order
    assert (pushes, cut_off, len(states), len(fill_ids)) == (51, 1, 17, 32)
    by_state: dict[OrderState, int] = defaultdict(int)
    for report in states.values():
        by_state[report.state] += 1
    assert by_state == {OrderState.FILLED: 15, OrderState.CANCELED: 1, OrderState.ACKED: 1}
    sell = states[LONG_SELL]
    assert (sell.lots, filled[LONG_SELL], fees[LONG_SELL]) == (
        300_708_129,
        300_708_129,
        Decimal("157.4878235858928"),
    )


def test_the_long_sell_in_detail() -> None:
    spot, _ = both()
    messages: list[Any] = []
    for payload, value in lines_of("okx_orders.log"):
        if value is not None and value.get("data", [{}])[0].get("ordId") == LONG_SELL:
            messages += spot.read(payload, LOCAL_NS)
    orders = [each for each in messages if isinstance(each, OrderReport)]
    fills = [each for each in messages if isinstance(each, FillReport)]
    assert (len(orders), len(fills)) == (18, 17)
    assert [each.state for each in orders] == [
        OrderState.ACKED, *[OrderState.PARTIALLY_FILLED] * 16, OrderState.FILLED,
    ]  # fmt: skip
    assert {each.price_ticks for each in fills} == {654_654}
    assert {(each.liquidity, each.fee_asset) for each in fills} == {(Liquidity.MAKER, "USDT")}
    assert (fills[0].lots, fills[0].fee) == (76_124_279, Decimal("39.8680509955728"))
    assert (fills[0].fill_id, fills[-1].fill_id) == ("797592319", "797592336")
    assert fills[0].venue_ns == 1_727_597_074_013_000_000
    assert (orders[0].client_order_id, orders[0].tif) == (None, TimeInForce.GTC)


@pytest.mark.parametrize(
    ("order_id", "expected"),
    [
        ("1848671342490746880", ("okx.swap:BTC-USDT-SWAP", "FILLED", "MARKET", 2_000_000_000, "65487")),
        ("1851973790391271424", ("okx.swap:BTC-USDT-SWAP", "FILLED", "LIMIT", 20_000_000, "63690.5")),
        ("1852080340275494912", ("okx.swap:BTC-USDT-SWAP", "FILLED", "MARKET", 100_000, "63830.5")),
        ("1883399229886103553", ("okx.swap:BTC-USDC-SWAP", "FILLED", "LIMIT", 10_000_000, "60743.8")),
        ("1883432187116322816", ("okx.spot:BTC-USDT", "FILLED", "LIMIT", 1_000_000, "60702")),
        ("1883433263609610240", ("okx.spot:ETH-BTC", "CANCELED", "LIMIT", 100_000_000, None)),
        ("1883447032301682688", ("okx.spot:ETH-BTC", "FILLED", "MARKET", 0, "0.03967")),
    ],
)
def test_ends_of_orders(order_id: str, expected: tuple[object, ...]) -> None:
    last: Any = None
    for payload, value in lines_of("okx_orders.log"):
        if value is not None and value.get("data", [{}])[0].get("ordId") == order_id:
            heard = [message for of in both() for message in of.read(payload, LOCAL_NS)]
            last = next(message for message in heard if isinstance(message, OrderReport))
    average = None if expected[4] is None else Decimal(str(expected[4]))
    assert (last.instrument_key, last.state.name, last.order_type.name, last.lots) == expected[:4]
    assert last.average_price == average
    if last.state is OrderState.CANCELED:
        assert last.reason == "cancelled by the user"
    if last.order_type is OrderType.MARKET:
        assert (last.price_ticks, last.tif) == (0, TimeInForce.IOC)


def test_the_position_is_worth_what_the_venue_says() -> None:
    _, swap = both()
    heard = [swap.read(payload, LOCAL_NS) for payload, _ in lines_of("okx_positions.log")]
    assert [list(each) for each in heard[:3]] == [[LoggedIn()], [SubscriptionTaken("positions")], []]
    found = [message for messages in heard[3:] for message in messages]
    assert len(found) == 29
    for position in found:
        assert isinstance(position, PositionReport)
        assert (position.lots, position.entry_price) == (2_000_000_000, Decimal("65459.3"))
        assert position.mark_price is not None
        assert position.unrealised is not None
        worth = DEMO_SWAP.size(position.lots) * (position.mark_price - position.entry_price)
        assert abs(worth - position.unrealised) < Decimal("1e-9")
        assert (position.margin_mode, position.leverage) == (MarginMode.CROSS, None)
    assert found[0].mark_price == Decimal("65494.5")
    assert found[-1].venue_ns == 1_727_596_800_209_000_000


def test_the_account_is_told_whole_by_each_push() -> None:
    spot, _ = both()
    pushes = [
        spot.read(payload, LOCAL_NS) for payload, value in lines_of("okx_account.log") if "arg" in value
    ]
    balances = [each for each in pushes if all(isinstance(message, BalanceReport) for message in each)]
    assert [len(each) for each in balances[-6:]] == [6] * 6
    for report in balances[-6:]:
        by_asset: dict[str, Any] = {each.asset: each for each in report if isinstance(each, BalanceReport)}
        assert by_asset["USDT"].total == by_asset["USDT"].free == Decimal("281977.59356437845")
        assert by_asset["BTC"].total == Decimal("0.00999")
        assert by_asset["BTC"].venue_ns == 1_726_070_804_690_000_000
        assert set(by_asset) == {"USDT", "OKB", "USDC", "USDK", "BTC", "JFI"}


def test_a_session_with_an_isolated_position() -> None:
    text = recording("nexustrader/okx_position_account_ws01.json").read_text(encoding="utf-8")
    parts = [part.strip() for part in re.split(r"receive \w+:", text) if part.strip()]
    frames = [json.JSONDecoder().raw_decode(part)[0] for part in parts]
    _, swap = both()
    (position,), balances = (swap.read(msgspec.json.encode(frame), LOCAL_NS) for frame in frames)
    assert isinstance(position, PositionReport)
    assert (position.lots, position.entry_price) == (20_000_000, Decimal("94521.7"))
    assert (position.leverage, position.margin_mode) == (Decimal(3), MarginMode.ISOLATED)
    assert position.liquidation_price == Decimal("63299.4135777666")
    assert position.unrealised == Decimal("-7.460000000000582")
    assert {each.asset: each.total for each in balances if isinstance(each, BalanceReport)} == {
        "BTC": Decimal("0.66534424921"),
        "USDT": Decimal("30281.144245873144"),
        "OKB": Decimal(100),
        "ETH": Decimal(1),
    }
