"""Messages of the order side: frozen, and the same after a journal."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from trimaran.domain.account import (
    AccountEvent,
    Fill,
    FillId,
    FundingId,
    FundingPaid,
    Liquidity,
    OrderAbsent,
    OrderAcked,
    OrderDone,
    OrderLost,
    OrderRejected,
    Transfer,
    TransferId,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import CancelOrder, Command
from trimaran.domain.decision import KillState, Refused
from trimaran.domain.facts import (
    BalanceChanged,
    Fact,
    FillBooked,
    FillRepeated,
    KillChanged,
    OrderRefused,
    OrderStateChanged,
    PositionChanged,
)
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName, Side
from trimaran.domain.kill import ALL
from trimaran.domain.orders import (
    GroupId,
    IntentId,
    OrderEvent,
    OrderRequest,
    OrderState,
    StrategyName,
    TimeInForce,
)

ID = ClientOrderId(2**62 - 1)
KEY = InstrumentKey("binance.spot:BTCUSDT")
MARKET = MarketName("binance.spot")
USDT = Asset("USDT")
ORDER = OrderRequest(
    IntentId("i-1"),
    ID,
    KEY,
    Side.SELL,
    100,
    5,
    TimeInForce.IOC,
    StrategyName("cross"),
    GroupId("g"),
    False,
    1,
)
REFUSED = Refused(ORDER, "max_lots", "at most 4", "5", "max_lots: size in lots: expected at most 4, found 5")
FILL = Fill(
    FillId("7"),
    ID,
    KEY,
    Side.BUY,
    100,
    5,
    Liquidity.TAKER,
    Decimal("0.0000000000000000000000000000001"),
    USDT,
    0,
    2,
)

EVENTS: list[AccountEvent] = [
    OrderAcked(ID, VenueOrderId("28"), 1, 2),
    OrderRejected(ID, "-2010", "Duplicate order sent.", 1, 2),
    OrderLost(ID, "timeout", 2),
    OrderAbsent(ID, 3, 2),
    FILL,
    OrderDone(ID, OrderState.EXPIRED, "UNFILLED_IOC", 1, 2),
    Transfer(TransferId("opening"), MARKET, USDT, Decimal("1000.10"), 0, 2),
    FundingPaid(FundingId("8"), KEY, USDT, Decimal("-0.5"), 1, 2),
]
FACTS: list[Fact] = [
    OrderRefused(REFUSED, 3),
    OrderStateChanged(ID, KEY, OrderState.NEW, OrderEvent.CLAIM, OrderState.SENDING, 0, "", 3),
    FillBooked(FILL, Decimal(0)),
    FillRepeated(FILL, conflict=True),
    BalanceChanged(MARKET, USDT, Decimal(1), Decimal("1E+3"), 3),
    PositionChanged(KEY, 0, 5, Decimal(0), Decimal("500"), 3),
    KillChanged(ALL, KillState.RUNNING, KillState.KILLED, "operator", "test", 3),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_account_events_survive_a_journal(event: AccountEvent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=AccountEvent) == event
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=AccountEvent) == event


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_facts_survive_a_journal(fact: Fact) -> None:
    assert msgspec.json.decode(msgspec.json.encode(fact), type=Fact) == fact
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=Fact) == fact


def test_commands_survive_a_journal() -> None:
    command: Command = CancelOrder(ID, KEY, "stale")
    assert msgspec.json.decode(msgspec.json.encode(command), type=Command) == command


def test_messages_are_frozen() -> None:
    with pytest.raises(AttributeError):
        ORDER.lots = 6  # type: ignore[misc]


@pytest.mark.parametrize("bad", [{"price_ticks": 0}, {"lots": 0}, {"lots": -1}, {"fee": Decimal("NaN")}])
def test_an_impossible_fill_is_a_programmer_error(bad: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        msgspec.structs.replace(FILL, **bad)


def test_an_order_is_not_done_in_an_open_state() -> None:
    with pytest.raises(AssertionError):
        OrderDone(ID, OrderState.ACKED, "", 1, 2)
