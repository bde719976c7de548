"""OKX's order line: operations, instruments by number, and what does not go over it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.support.okx_desk import (
    BTC_SWAP,
    CLIENT_ID,
    CLIENT_TEXT,
    LOCAL_NS,
    STAMP,
    approved,
    dialect,
)
from trimaran.domain.account import VenueOrderId
from trimaran.domain.instrument import Symbol
from trimaran.domain.orders import OrderType, TimeInForce
from trimaran.venues.okx.spec import SPOT, SWAP
from trimaran.venues.wire.asks import (
    AmendOrder,
    Balances,
    CancelAll,
    CancelOrder,
    OrderRef,
    Placed,
    PlaceOrder,
)
from trimaran.venues.wire.capability import Capability, Unsupported
from trimaran.venues.wire.message import HttpReply

SYMBOL = Symbol("BTC-USDT")


def written(ask: Any, **changes: Any) -> Any:
    text = dialect(**changes).write_order(ask, 1512, STAMP)
    assert isinstance(text, str), text
    return msgspec.json.decode(text)


def test_an_order_names_its_instrument_by_number() -> None:
    assert written(PlaceOrder(approved())) == {
        "id": "1512",
        "op": "order",
        "args": [
            {
                "instIdCode": 10459,
                "tdMode": "cash",
                "side": "buy",
                "ordType": "limit",
                "px": "60400.5",
                "sz": "0.015",
                "clOrdId": CLIENT_TEXT,
            }
        ],
        "expTime": "1607418539715",
    }


def test_a_market_order_of_swaps() -> None:
    order = approved(BTC_SWAP, order_type=OrderType.MARKET, tif=TimeInForce.IOC, reduce_only=True)
    (argument,) = written(PlaceOrder(order), spec=SWAP)["args"]
    assert argument == {
        "instIdCode": 10461, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1.5",
        "clOrdId": CLIENT_TEXT, "reduceOnly": True,
    }  # fmt: skip


def test_amendments_have_a_deadline_and_cancels_none() -> None:
    amended = written(AmendOrder(approved()))
    assert (amended["op"], amended["expTime"]) == ("amend-order", "1607418539715")
    assert amended["args"] == [
        {"instIdCode": 10459, "clOrdId": CLIENT_TEXT, "newSz": "0.015", "newPx": "60400.5"}
    ]
    cancelled = written(CancelOrder(OrderRef(SYMBOL, CLIENT_ID, VenueOrderId("12"))))
    assert cancelled == {"id": "1512", "op": "cancel-order", "args": [{"instIdCode": 10459, "ordId": "12"}]}


@pytest.mark.parametrize(
    ("ask", "changes", "capability"),
    [
        (PlaceOrder(approved(order_type=OrderType.STOP_MARKET, trigger_ticks=1)), {},
         Capability.ORDERS_OVER_WEBSOCKET),
        (CancelOrder(OrderRef(SYMBOL, CLIENT_ID, triggered=True)), {}, Capability.ORDERS_OVER_WEBSOCKET),
        (PlaceOrder(approved()), {"symbol_codes": {}}, Capability.ORDERS_OVER_WEBSOCKET),
        (PlaceOrder(approved(reduce_only=True)), {}, Capability.REDUCE_ONLY),
        (AmendOrder(approved(order_type=OrderType.MARKET)), {}, Capability.AMEND_PRICE),
        (CancelAll(None), {}, Capability.CANCEL_ALL),
        (Balances(), {}, Capability.ORDERS_OVER_WEBSOCKET),
    ],
)  # fmt: skip
def test_what_does_not_go_over_the_line_has_a_reason(ask: Any, changes: Any, capability: Capability) -> None:
    answer = dialect(SPOT, **changes).write_order(ask, 1, STAMP)
    assert isinstance(answer, Unsupported)
    assert answer.capability is capability


def test_answers_of_the_line_are_read_by_the_same_readers() -> None:
    row = {"clOrdId": CLIENT_TEXT, "ordId": "12345689", "tag": "", "sCode": "0", "sMsg": ""}
    frame = {"id": "1512", "op": "order", "code": "0", "msg": "", "data": [row], "inTime": "1"}
    reply = HttpReply(200, msgspec.json.encode(frame))
    assert dialect().read(PlaceOrder(approved()), reply, LOCAL_NS) == Placed(
        CLIENT_ID, VenueOrderId("12345689")
    )
