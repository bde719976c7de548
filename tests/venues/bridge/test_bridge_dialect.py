"""The wording of the bridge: requests, answers, what is unsupported, and what errors prove."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from trimaran.base.errors import ConfigError, DecodeError
from trimaran.domain.client_id import ClientIdCounter, encode_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import ContractKind, MarketName, Side
from trimaran.domain.orders import (
    IntentId,
    OrderRequest,
    OrderState,
    OrderType,
    SelfTrade,
    StrategyName,
    TimeInForce,
)
from trimaran.venues.bridge.dialect import BridgeDialect
from trimaran.venues.bridge.entry import bridge_entry
from trimaran.venues.bridge.errors import CLASSES, fault_of
from trimaran.venues.bridge.instruments import read_instruments
from trimaran.venues.bridge.reports import Desk
from trimaran.venues.wire.asks import (
    AccountFees,
    AmendOrder,
    Balances,
    CancelOrder,
    FillHistory,
    OpenOrders,
    OrderRef,
    PlaceOrder,
    Positions,
    QueryOrder,
    ServerTime,
)
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.fault import Effect, FaultKind, VenueFault
from trimaran.venues.wire.message import HttpReply, Stamp

SYMBOL, STAMP = "BTC/USDT:USDT", Stamp(1)
HAS = ("fetchMyTrades", "fetchPositions", "watchOrders")
ROW = {
    "symbol": SYMBOL, "base": "BTC", "quote": "USDT", "settle": "USDT", "spot": False, "swap": True,
    "linear": True, "active": True, "tick": "0.1", "lot": "1", "contract_size": "0.01", "amount_min": "1",
    "cost_min": "", "maker": "0.0002", "taker": "0.0005",
}  # fmt: skip
MINE, _ = ClientIdCounter(0, 0, 1).take()
ORDER = {
    "id": "v1", "client_id": encode_client_id(MINE), "symbol": SYMBOL, "status": "open", "side": "buy",
    "type": "limit", "tif": "GTC", "post_only": False, "reduce_only": False, "price": "100.5", "amount": "3",
    "filled": "0", "average": "", "created_ms": 1, "ms": 2,
}  # fmt: skip
TRADE = {
    "id": "t1", "order": "v1", "symbol": SYMBOL, "side": "buy", "price": "100.5", "amount": "2",
    "role": "maker", "fee": "0.01", "fee_asset": "USDT", "ms": 5,
}  # fmt: skip


def instruments(kind=ContractKind.PERPETUAL, **fields):
    body = msgspec.json.encode([{**ROW, **fields}])
    return read_instruments(body, MarketName("bridge.x.swap"), kind, [SYMBOL])


INSTRUMENT = instruments()[0]


def dialect(exchange="okx", has=HAS, **config):
    market = bridge_entry(exchange, ContractKind.PERPETUAL, **config)
    desk = Desk(market.name, {SYMBOL: INSTRUMENT}, market.settings.decimal_ids)
    return BridgeDialect(desk, market.capabilities(has))


def approved(**fields):
    known = {
        "intent_id": IntentId("i"), "client_order_id": MINE, "instrument_key": INSTRUMENT.key,
        "side": Side.BUY, "price_ticks": 1_005, "lots": INSTRUMENT.order_step * 3, "tif": TimeInForce.GTC,
        "strategy": StrategyName("s"), "group": None, "reduce_only": False, "created_ns": 1,
    }  # fmt: skip
    return Approved(OrderRequest(**{**known, **fields}))


def reply(result=None, **line):
    message = {"id": 1, **({} if result is None else {"result": result}), **line}
    return HttpReply(200, msgspec.json.encode(message))


def test_an_instrument():
    assert (INSTRUMENT.key, INSTRUMENT.base, INSTRUMENT.quote) == (f"bridge.x.swap:{SYMBOL}", "BTC", "USDT")
    assert (INSTRUMENT.contract_size, INSTRUMENT.order_step) == (Decimal("0.01"), 10_000)
    assert (INSTRUMENT.fees.maker_e8, INSTRUMENT.fees.taker_e8) == (20_000, 50_000)
    assert instruments(maker="", taker="")[0].fees.taker_e8 == 200_000


@pytest.mark.parametrize("fields", [{"active": False}, {"linear": False}, {"settle": "BTC"}, {"lot": ""}])
def test_what_is_no_instrument_of_ours(fields):
    assert instruments(**fields) == ()


@pytest.mark.parametrize("fields", [{"tick": "x"}, {"tick": "0"}, {"contract_size": "nan"}, {"taker": "9"}])
def test_numbers_that_cannot_be(fields):
    with pytest.raises(DecodeError):
        instruments(**fields)


@pytest.mark.parametrize(
    ("tif", "flags"),
    [
        (TimeInForce.GTC, {}),
        (TimeInForce.IOC, {"timeInForce": "IOC"}),
        (TimeInForce.FOK, {"timeInForce": "FOK"}),
        (TimeInForce.POST_ONLY, {"postOnly": True}),
    ],
)
def test_an_order_is_written(tif, flags):
    request = dialect().write(PlaceOrder(approved(tif=tif, reduce_only=True)), STAMP)
    assert request.url == "bridge:create_order"
    assert msgspec.json.decode(request.body) == {
        "symbol": SYMBOL, "side": "buy", "amount": "3.0000", "price": "100.5",
        "client_id": encode_client_id(MINE), "flags": {**flags, "reduceOnly": True},
    }  # fmt: skip


def test_ids_are_decimal_where_the_exchange_wants_numbers():
    request = dialect(decimal_ids=True).write(PlaceOrder(approved()), STAMP)
    assert msgspec.json.decode(request.body)["client_id"] == str(int(MINE))


@pytest.mark.parametrize(
    ("ask", "capability"),
    [
        (PlaceOrder(approved(order_type=OrderType.MARKET)), Capability.MARKET),
        (PlaceOrder(approved(order_type=OrderType.STOP_MARKET, trigger_ticks=9)), Capability.STOP),
        (PlaceOrder(approved(display_lots=10_000)), Capability.ICEBERG),
        (PlaceOrder(approved(self_trade=SelfTrade.CANCEL_BOTH)), Capability.SELF_TRADE),
        (AmendOrder(approved()), Capability.AMEND_PRICE),
        (OpenOrders(None), Capability.STOP),
        (AccountFees(SYMBOL), Capability.TICKERS),
    ],
)
def test_what_is_not_there_says_why_before_a_byte_leaves(ask, capability):
    answer = dialect().write(ask, STAMP)
    assert isinstance(answer, Unsupported)
    assert answer.capability is capability
    assert answer.reason


def test_an_exchange_that_cannot_do_much():
    poor = dialect("poor", has=())
    by_client_id = QueryOrder(OrderRef(SYMBOL, MINE))
    for ask in (by_client_id, FillHistory(SYMBOL), Positions()):
        assert isinstance(poor.write(ask, STAMP), Unsupported)
    assert isinstance(poor.capabilities[Capability.LIMIT], Supported)
    assert set(poor.capabilities) == set(Capability)
    by_id = poor.write(QueryOrder(OrderRef(SYMBOL, MINE, "v1")), STAMP)
    assert msgspec.json.decode(by_id.body)["order_id"] == "v1"
    assert isinstance(poor.write_order(by_client_id, 1, STAMP), Unsupported)


def test_strangers_are_mistakes_of_the_caller():
    with pytest.raises(ConfigError):
        dialect().write(OpenOrders("ETH/USDT"), STAMP)
    with pytest.raises(ConfigError):
        bridge_entry("../okx")


def test_answers():
    told = dialect()
    assert told.read(ServerTime(), reply("1700000000123"), 1) == 1_700_000_000_123_000_000
    placed = told.read(PlaceOrder(approved()), reply({**ORDER, "status": "", "side": ""}), 1)
    assert (placed.venue_order_id, placed.report) == ("v1", None)
    query = QueryOrder(OrderRef(SYMBOL, MINE, "v1"))
    report = told.read(query, reply(ORDER), 1)
    assert (report.state, report.client_order_id, report.lots) == (OrderState.ACKED, MINE, 30_000)
    (fill,) = told.read(FillHistory(SYMBOL), reply([TRADE, {**TRADE, "symbol": "ETH/USDT"}]), 1)
    assert (fill.fill_id, fill.lots, fill.fee) == ("t1", 20_000, Decimal("0.01"))
    (balance,) = told.read(Balances(), reply([{"asset": "usdt", "total": "5.5", "free": ""}]), 1)
    assert (balance.asset, balance.total, balance.free) == ("USDT", Decimal("5.5"), None)
    position = {
        "symbol": SYMBOL, "side": "short", "contracts": "2", "entry": "100", "mark": "", "liquidation": "",
        "unrealised": "", "leverage": "5", "mode": "cross", "ms": 1,
    }  # fmt: skip
    (held,) = told.read(Positions(), reply([position]), 1)
    assert (held.lots, held.entry_price) == (-20_000, Decimal(100))


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "open", "filled": "1"}, OrderState.PARTIALLY_FILLED),
        ({"status": "closed", "filled": "3"}, OrderState.FILLED),
        ({"status": "closed", "filled": "1"}, OrderState.CANCELED),
        ({"status": "canceled"}, OrderState.CANCELED),
        ({"status": "canceling"}, OrderState.ACKED),
        ({"status": "expired"}, OrderState.EXPIRED),
        ({"status": "rejected"}, OrderState.REJECTED),
    ],
)
def test_states(fields, state):
    query = QueryOrder(OrderRef(SYMBOL, MINE))
    assert dialect().read(query, reply({**ORDER, **fields}), 1).state is state


@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(200, b"<html>"),
        reply(),
        reply([]),
        reply({**ORDER, "id": ""}),
        reply({**ORDER, "id": "v2"}),
        reply({**ORDER, "status": "what"}),
        reply({**ORDER, "side": ""}),
        reply({**ORDER, "price": "100.55"}),
        reply({**ORDER, "symbol": "ETH/USDT"}),
        reply({**ORDER, "amount": 3}),
    ],
)
def test_an_answer_that_is_none_proves_nothing(answer):
    with pytest.raises(VenueFault) as caught:
        dialect().read(QueryOrder(OrderRef(SYMBOL, MINE, "v1")), answer, 1)
    assert caught.value.fault.effect is Effect.UNKNOWN
    with pytest.raises(VenueFault):
        dialect().read(PlaceOrder(approved()), reply({**ORDER, "id": ""}), 1)


@pytest.mark.parametrize(
    ("classes", "kind", "effect"),
    [
        (["InsufficientFunds", "ExchangeError"], FaultKind.INSUFFICIENT_FUNDS, Effect.REFUSED),
        (["SomethingNew", "InvalidOrder", "ExchangeError"], FaultKind.FILTER, Effect.REFUSED),
        (["RequestTimeout", "NetworkError", "OperationFailed"], FaultKind.UNKNOWN, Effect.UNKNOWN),
        (["RateLimitExceeded", "NetworkError"], FaultKind.RATE_LIMITED, Effect.UNKNOWN),
        (["OnMaintenance", "ExchangeNotAvailable"], FaultKind.UNAVAILABLE, Effect.UNKNOWN),
        (["ExchangeError", "BaseError"], FaultKind.UNKNOWN, Effect.UNKNOWN),
        (["KeyError"], FaultKind.UNKNOWN, Effect.UNKNOWN),
        ([], FaultKind.UNKNOWN, Effect.UNKNOWN),
    ],
)
def test_what_errors_prove(classes, kind, effect):
    with pytest.raises(VenueFault) as caught:
        dialect().read(PlaceOrder(approved()), reply(error={"classes": classes, "text": "no\n"}), 1)
    assert (caught.value.fault.kind, caught.value.fault.effect) == (kind, effect)
    assert caught.value.fault.text == "no?"


def test_not_found_is_an_answer_to_a_question_about_an_order_alone():
    found = fault_of(["OrderNotFound", "InvalidOrder"], "no", True)
    assert (found.kind, found.effect) == (FaultKind.NO_SUCH_ORDER, Effect.REFUSED)
    found = fault_of(["OrderNotFound", "InvalidOrder"], "no", False)
    assert (found.kind, found.effect) == (FaultKind.UNKNOWN, Effect.UNKNOWN)
    cancel = CancelOrder(OrderRef(SYMBOL, MINE, "v1"))
    with pytest.raises(VenueFault) as caught:
        dialect().read(cancel, reply(error={"classes": ["OrderNotFound"], "text": "no"}), 1)
    assert caught.value.fault.kind is FaultKind.NO_SUCH_ORDER


def test_whatever_failed_on_the_way_is_unknown():
    """Every class of ccxt below OperationFailed: the request may have been processed."""
    on_the_way = {
        "DDoSProtection", "RateLimitExceeded", "OnMaintenance", "ExchangeNotAvailable", "RequestTimeout",
        "InvalidNonce", "NetworkError", "BadResponse", "CancelPending", "OrderNotCached",
    }  # fmt: skip
    assert {name for name, meaning in CLASSES.items() if meaning.effect is Effect.UNKNOWN} == on_the_way
