"""What simulated HTX spot pushes: orders, clearing, balances.

    orders#$symbol            creation, trade, cancellation; trigger and deletion of conditional orders
    trade.clearing#$symbol#m  each trade with its fee; with m = 1 cancellations too
    accounts.update#m         0: when the balance changed; 1: balance and available, in pushes of their own;
                              2: both in one push

Orders come in order, clearing may not. All numbers are text but for ids and times. Of a market buy,
`remainAmt` and `execAmt` are values.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec53c8f-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from trimaran.domain.instrument import Asset, Instrument, Symbol
from trimaran.venues.htx.simulator import spot_wire
from trimaran.venues.htx.simulator.calls import encoded, plain_text, size_of, value_of
from trimaran.venues.htx.simulator.push_hub import Push, PushHub, Subscription
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SPOT
from trimaran.venues.sim.trading import (
    BalanceCause,
    BalanceChanged,
    ExchangeEvent,
    Happening,
    OrderHappened,
    OrderTypeSim,
    SimFill,
    SimOrder,
    Status,
)

ORDERS: Final = "orders"
CLEARING: Final = "trade.clearing"
ACCOUNTS: Final = "accounts.update"
FIRST_SEQUENCE: Final = 86_872_993_928
_ENDS: Final = (Happening.CANCELED, Happening.EXPIRED)
_CAUSES: Final = {
    BalanceCause.TRADE: "order.match",
    BalanceCause.TRANSFER: "transfer",
    BalanceCause.FUNDING: "other",
    BalanceCause.LIQUIDATION: "other",
    BalanceCause.SETTINGS: "other",
}
Row = dict[str, Any]


def rendered(data: Row) -> Callable[[Subscription], bytes]:
    """A push of the second socket, written once for all topics."""
    body = encoded(data)
    return lambda subscription: f'{{"action":"push","ch":"{subscription.topic}","data":{body}}}'.encode()


class SpotPushes:
    """Listens to the exchange and says what it hears."""

    def __init__(
        self,
        exchange: Exchange,
        instruments: Mapping[Symbol, Instrument],
        hub: PushHub,
        moment: Callable[[], Moment],
    ) -> None:
        self._exchange = exchange
        self._instruments = instruments
        self._hub = hub
        self._moment = moment
        self._sequence = itertools.count(FIRST_SEQUENCE)
        self._known: dict[tuple[int, Asset], tuple[Decimal, Decimal]] = {}

    def heard(self, event: ExchangeEvent) -> None:
        """Says it, if it is about spot."""
        if isinstance(event, OrderHappened):
            if event.order.market == HTX_SPOT:
                self._order(event)
        elif isinstance(event, BalanceChanged) and event.market == HTX_SPOT:
            self._balance(event)

    def snapshot(self, account_id: int, subscription: Subscription) -> list[bytes]:
        """What a new subscription to balances gets at once: every currency, changed by nothing."""
        pushes = []
        for balance in self._exchange.balances(account_id, HTX_SPOT):
            self._known[account_id, balance.asset] = balance.total, balance.free
            row = self._row(account_id, balance.asset, None, None)
            row |= {"balance": plain_text(balance.total), "available": plain_text(balance.free)}
            pushes.append(rendered(row)(subscription))
        return pushes

    def _order(self, event: OrderHappened) -> None:
        order = event.order
        if self._hub.wants(order.account_id, (ORDERS,)):
            data = self._order_data(event)
            if data is not None:
                self._hub.say(order.account_id, Push(ORDERS, order.symbol, rendered(data)))
        if self._hub.wants(order.account_id, (CLEARING,)):
            if event.what is Happening.TRADE and event.fill is not None:
                data = self._clearing(order, event.fill)
                self._hub.say(order.account_id, Push(CLEARING, order.symbol, rendered(data)))
            elif event.what in _ENDS and order.working_ns:
                data = self._clearing_end(order, event.time_ns)
                self._hub.say(order.account_id, Push(CLEARING, order.symbol, rendered(data), ("1",)))

    def _order_data(self, event: OrderHappened) -> Row | None:
        order, instrument = event.order, self._instruments[event.order.symbol]
        time_ms = self._moment().venue_ms(event.time_ns)
        row = self._named(instrument, order)
        if event.what is Happening.TRADE and event.fill is not None:
            return row | self._trade(instrument, order, event.fill)
        if event.what in _ENDS:
            if order.trigger_ticks and not order.working_ns:
                return row | {"eventType": "deletion", "orderStatus": "canceled", "lastActTime": time_ms}
            ended = {"eventType": "cancellation", "orderStatus": spot_wire.state_of(order)}
            return row | ended | self._amounts(instrument, order) | {"lastActTime": time_ms}
        if event.what is Happening.REJECTED:
            words = {"errCode": 2002, "errMessage": f"{order.end_reason.value} (NT)"}
            return row | {"eventType": "trigger", "orderStatus": "rejected", "lastActTime": time_ms} | words
        waits = event.what is Happening.ACCEPTED and order.trigger_ticks and not order.working_ns
        if waits or event.what not in (Happening.ACCEPTED, Happening.TRIGGERED):
            return None
        return row | {"eventType": "creation", "orderStatus": "submitted", "orderCreateTime": time_ms}

    def _named(self, instrument: Instrument, order: SimOrder) -> Row:
        """What every push about an order has."""
        row: Row = {
            "symbol": instrument.symbol,
            "accountId": spot_wire.account_of(order.account_id),
            "orderId": spot_wire.wire_id(order),
            "clientOrderId": order.client_id,
            "orderSource": spot_wire.SOURCE,
            "type": spot_wire.type_of(order),
        }
        amount = plain_text(spot_wire.amount_of(instrument, order))
        if spot_wire.by_value(order):
            row["orderValue"] = amount
        else:
            row["orderSize"] = amount
        if order.type is not OrderTypeSim.MARKET:
            row["orderPrice"] = plain_text(instrument.price(order.price_ticks))
        return row

    def _amounts(self, instrument: Instrument, order: SimOrder) -> Row:
        if spot_wire.by_value(order):
            done = value_of(instrument, order.filled_value)
        else:
            done = size_of(instrument, order.filled_lots)
        left = max(Decimal(0), spot_wire.amount_of(instrument, order) - done)
        return {"remainAmt": plain_text(left), "execAmt": plain_text(done)}

    def _trade(self, instrument: Instrument, order: SimOrder, fill: SimFill) -> Row:
        return {
            "eventType": "trade",
            "tradePrice": plain_text(instrument.price(fill.price_ticks)),
            "tradeVolume": plain_text(size_of(instrument, fill.lots)),
            "tradeId": fill.trade_id,
            "tradeTime": self._moment().venue_ms(fill.time_ns),
            "aggressor": not fill.maker,
            "orderStatus": "filled" if order.status is Status.FILLED else "partial-filled",
            "totalTradeAmount": plain_text(value_of(instrument, order.filled_value)),
            **self._amounts(instrument, order),
        }

    def _clearing(self, order: SimOrder, fill: SimFill) -> Row:
        instrument = self._instruments[order.symbol]
        trade = self._trade(instrument, order, fill)
        fee = {
            "transactFee": plain_text(fill.fee),
            "feeCurrency": fill.fee_asset.lower(),
            "feeDeduct": "0",
            "feeDeductType": "",
        }
        names = ("eventType", "tradePrice", "tradeVolume", "tradeId", "tradeTime", "aggressor", "orderStatus")
        return self._cleared(instrument, order) | {name: trade[name] for name in names} | fee

    def _clearing_end(self, order: SimOrder, time_ns: int) -> Row:
        instrument = self._instruments[order.symbol]
        ended = {
            "eventType": "cancellation",
            "orderStatus": spot_wire.state_of(order),
            "remainAmt": self._amounts(instrument, order)["remainAmt"],
            "lastActTime": self._moment().venue_ms(time_ns),
        }
        return self._cleared(instrument, order) | ended

    def _cleared(self, instrument: Instrument, order: SimOrder) -> Row:
        named = self._named(instrument, order)
        order_type = named.pop("type")
        source = named.pop("orderSource")
        return named | {
            "orderSide": spot_wire.SIDES[order.side],
            "orderType": order_type,
            "source": source,
            "orderCreateTime": self._moment().venue_ms(order.created_ns),
        }

    def _balance(self, event: BalanceChanged) -> None:
        account_id = event.account_id
        if not self._hub.wants(account_id, (ACCOUNTS,)):
            return
        time_ms = self._moment().venue_ms(event.time_ns)
        balances = {each.asset: each for each in self._exchange.balances(account_id, HTX_SPOT)}
        for asset in event.assets:
            balance = balances.get(asset)
            if balance is None:
                continue
            before = self._known.get((account_id, asset), (Decimal(0), Decimal(0)))
            now = balance.total, balance.free
            self._known[account_id, asset] = now
            if now == before:
                continue
            placed = "order.place" if now[1] < before[1] else "order.cancel"
            row = self._row(account_id, asset, _CAUSES.get(event.cause, placed), time_ms)
            total, free = {"balance": plain_text(now[0])}, {"available": plain_text(now[1])}
            if now[0] != before[0]:
                self._say(account_id, row | total, ("0", "1"))
            if now[1] != before[1]:
                self._say(account_id, row | free, ("1",))
            self._say(account_id, row | total | free, ("2",))

    def _row(self, account_id: int, asset: Asset, cause: str | None, time_ms: int | None) -> Row:
        return {
            "currency": asset.lower(),
            "accountId": spot_wire.account_of(account_id),
            "changeType": cause,
            "accountType": "trade",
            "seqNum": str(next(self._sequence)),
            "changeTime": time_ms,
        }

    def _say(self, account_id: int, row: Row, modes: tuple[str, ...]) -> None:
        self._hub.say(account_id, Push(ACCOUNTS, "*", rendered(row), modes))
