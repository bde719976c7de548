"""Placing and cancelling on simulated HTX spot, the same over REST and over the socket for orders.

A limit-maker that would take is refused. A market buy names the value that it spends. A cancel that was
accepted answers the id; what becomes of the order comes as a push.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec4ee16-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import spot_wire
from trimaran.venues.htx.simulator.answers import decimals_of
from trimaran.venues.htx.simulator.calls import Call, Family, bad_field, plain_text, read, sane
from trimaran.venues.htx.simulator.cancels import Cancels, Taken
from trimaran.venues.htx.simulator.refusals import HtxError, order_state, spot_error
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.markets import HTX_SPOT
from trimaran.venues.sim.trading import BUY, SELL, OrderSpec, OrderTypeSim, Refusal, SimOrder, Why

BATCH_MAX: Final = 10
CANCELS_MAX: Final = 50
CANCELING: Final = 10
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TRIGGERED_ABOVE: Final = {BUY: "gte", SELL: "lte"}  # otherwise it takes a profit
Row = dict[str, Any]


class Placed(msgspec.Struct, frozen=True, rename="kebab"):
    """A new order."""

    account_id: str | int = ""
    symbol: str = ""
    type: str = ""
    amount: Decimal | None = None
    price: Decimal | None = None
    source: str = spot_wire.SOURCE
    client_order_id: str = ""
    self_match_prevent: int = 0
    stop_price: Decimal | None = None
    operator: str = ""


class CancelMany(msgspec.Struct, frozen=True, rename="kebab"):
    """Orders to cancel."""

    order_ids: list[str | int] = []
    client_order_ids: list[str] = []


class CancelOpen(msgspec.Struct, frozen=True, rename="kebab"):
    """Open orders to cancel by what they are."""

    account_id: str | int = ""
    symbol: str = ""
    types: str = ""
    side: str = ""
    size: int = 100


class CancelOne(msgspec.Struct, frozen=True, rename="kebab"):
    """An order to cancel by the client's id."""

    client_order_id: str = ""


_place: Final = msgspec.json.Decoder(Placed, strict=False)
_place_many: Final = msgspec.json.Decoder(list[Placed], strict=False)
_cancel_many: Final = msgspec.json.Decoder(CancelMany, strict=False)
_cancel_open: Final = msgspec.json.Decoder(CancelOpen, strict=False)
_cancel_one: Final = msgspec.json.Decoder(CancelOne, strict=False)


class SpotOrders:
    """What changes orders."""

    def __init__(
        self, exchange: Exchange, instruments: Mapping[Symbol, Instrument], cancels: Cancels
    ) -> None:
        self._exchange = exchange
        self._cancels = cancels
        self._instruments = instruments

    def place(self, call: Call) -> str:
        """A new order; its id."""
        return str(self._place(call, read(_place, call.body, Family.SPOT)))

    def place_many(self, call: Call) -> list[Row]:
        """Up to ten orders, each with an answer of its own."""
        orders = read(_place_many, call.body, Family.SPOT)
        if not 1 <= len(orders) <= BATCH_MAX:
            raise HtxError("invalid-batch-size", f"Batch size must be 1 to {BATCH_MAX}.")
        return [self._placed_row(call, order) for order in orders]

    def cancel(self, call: Call) -> str:
        """Cancels by the venue's id."""
        order = self.find(call, call.path_id)
        self._cancel(call, order)
        return str(spot_wire.wire_id(order))

    def cancel_by_client_id(self, call: Call) -> int:
        """Cancels by the client's id; a numeric state, 10 when the cancel was accepted."""
        client_id = read(_cancel_one, call.body, Family.SPOT).client_order_id
        if not client_id:
            raise HtxError("validation-constraints-required", "Field is missing: client-order-id.")
        order = self._exchange.order_by_client_id(call.account_id, HTX_SPOT, client_id)
        if order is None:
            return 0
        answer = self._cancels.ask(call.account_id, order, call.now_ns)
        return order_state(order) if isinstance(answer, Refusal) else CANCELING

    def cancel_many(self, call: Call) -> Row:
        """Up to fifty orders by either id."""
        asked = read(_cancel_many, call.body, Family.SPOT)
        if not 1 <= len(asked.order_ids) + len(asked.client_order_ids) <= CANCELS_MAX:
            raise bad_field("order-ids", Family.SPOT)
        success: list[str] = []
        failed: list[Row] = []
        for name in asked.order_ids:
            order_id = spot_wire.order_id_of(str(name))
            order = self._exchange.order_by_id(call.account_id, HTX_SPOT, order_id)
            self._cancel_listed(call, order, {"order-id": str(name)}, success, failed)
        for name in asked.client_order_ids:
            order = self._exchange.order_by_client_id(call.account_id, HTX_SPOT, name)
            self._cancel_listed(call, order, {"order-id": "", "client-order-id": name}, success, failed)
        return {"success": success, "failed": failed}

    def cancel_open(self, call: Call) -> Row:
        """Open orders by symbol, type and side; at most a hundred."""
        asked = read(_cancel_open, call.body, Family.SPOT)
        symbols = [Symbol(name) for name in asked.symbol.split(",") if name]
        types = [name for name in asked.types.split(",") if name]
        chosen = [
            order
            for order in self._exchange.open_orders(call.account_id, HTX_SPOT)
            if (not symbols or order.symbol in symbols)
            and (not types or spot_wire.type_of(order) in types)
            and asked.side in ("", spot_wire.SIDES[order.side])
        ]
        chosen = chosen[: max(1, min(asked.size, 100))]
        ended = sum(
            self._cancels.ask(call.account_id, order, call.now_ns) is Taken.ACCEPTED for order in chosen
        )
        return {"success-count": ended, "failed-count": len(chosen) - ended, "next-id": -1}

    def find(self, call: Call, order_id: str) -> SimOrder:
        """An order by the venue's id. Raises HtxError."""
        found = self._exchange.order_by_id(call.account_id, HTX_SPOT, spot_wire.order_id_of(order_id))
        if found is None or found.visible_from_ns > call.now_ns:
            raise HtxError("base-record-invalid", "record invalid")
        return found

    def _placed_row(self, call: Call, order: Placed) -> Row:
        named = {"client-order-id": order.client_order_id}
        try:
            return {"order-id": self._place(call, order), **named}
        except HtxError as error:
            return {**named, "err-code": error.code, "err-msg": error.text}

    def _place(self, call: Call, asked: Placed) -> int:
        instrument = self._checked(call, asked)
        side_name, _, kind = asked.type.partition("-")
        side = spot_wire.SIDES.index(side_name)
        order_type, tif = spot_wire.TYPES[kind]
        amount, extra = asked.amount, {"type": asked.type, "amount": str(asked.amount)}
        if asked.operator:
            extra["operator"] = asked.operator
            if asked.operator != _TRIGGERED_ABOVE[side]:
                order_type = OrderTypeSim.TAKE_PROFIT_LIMIT
        valued = order_type is OrderTypeSim.MARKET and side == BUY
        answer = self._exchange.place(
            call.account_id,
            OrderSpec(
                market=HTX_SPOT,
                symbol=instrument.symbol,
                side=side,
                type=order_type,
                tif=tif,
                price=None if order_type is OrderTypeSim.MARKET else asked.price,
                size=None if valued else amount,
                quote_size=amount if valued else None,
                trigger_price=asked.stop_price,
                client_id=asked.client_order_id,
                self_trade=SelfTrade.EXPIRE_TAKER if asked.self_match_prevent else SelfTrade.ALLOW,
                extra=extra,
            ),
            call.now_ns,
        )
        if isinstance(answer, Refusal):
            raise self._refused(call, instrument, side, answer, order_type)
        return spot_wire.wire_id(answer)

    def _checked(self, call: Call, asked: Placed) -> Instrument:
        """The instrument of an order whose fields make sense. Raises HtxError."""
        if str(asked.account_id) != str(spot_wire.account_of(call.account_id)):
            raise HtxError("account-get-accounts-inexistent-error", "account for id does not exist")
        instrument = self._instruments.get(Symbol(asked.symbol))
        if instrument is None:
            raise HtxError("base-symbol-error", "The symbol is invalid")
        side, _, kind = asked.type.partition("-")
        if side not in spot_wire.SIDES or kind not in spot_wire.TYPES:
            raise HtxError("invalid-order-type", "Parameter `type` is invalid.")
        if asked.amount is None or asked.amount <= 0:
            raise HtxError("invalid-amount", "Paramemter `amount` is invalid.")
        for name, value in (
            ("amount", asked.amount),
            ("price", asked.price),
            ("stop-price", asked.stop_price),
        ):
            sane(value, name, Family.SPOT)
        if asked.client_order_id and not _CLIENT_ID.fullmatch(asked.client_order_id):
            raise HtxError("invalid-client-order-id", "Parameter `client-order-id` is invalid.")
        if kind != "market" and asked.price is None:
            raise HtxError("order-invalid-price", "invalid price")
        if kind.startswith("stop") != (asked.stop_price is not None):
            raise HtxError("invalid-stop-price", "Parameter `stop-price` is invalid.")
        if asked.stop_price is not None and asked.operator not in ("gte", "lte"):
            raise HtxError("invalid-operator", "Parameter `operator` is invalid.")
        return instrument

    def _refused(
        self, call: Call, instrument: Instrument, side: int, refusal: Refusal, order_type: OrderTypeSim
    ) -> HtxError:
        """With what the venue names as the limit: precisions are numbers of decimals."""
        limit = refusal.limit
        if refusal.why is Why.NO_FUNDS:
            asset = instrument.quote if side == BUY else instrument.base
            balances = self._exchange.balances(call.account_id, HTX_SPOT)
            limit = plain_text(sum((each.free for each in balances if each.asset == asset), Decimal(0)))
        if refusal.why in (Why.BAD_TICK, Why.BAD_STEP):
            limit = str(decimals_of(Decimal(limit)))
        elif refusal.why is Why.NOTIONAL_TOO_SMALL and not limit:
            limit = plain_text(instrument.min_notional)
        return spot_error(msgspec.structs.replace(refusal, limit=limit), order_type is OrderTypeSim.MARKET)

    def _cancel(self, call: Call, order: SimOrder) -> None:
        answer = self._cancels.ask(call.account_id, order, call.now_ns)
        if answer is not Taken.ACCEPTED:
            error = spot_error(answer if isinstance(answer, Refusal) else Refusal(Why.ORDER_ENDED))
            raise HtxError(error.code, error.text, order_state(order))

    def _cancel_listed(
        self, call: Call, order: SimOrder | None, named: Row, success: list[str], failed: list[Row]
    ) -> None:
        if order is None:
            failed.append({"err-msg": "The record is not found.", **named, "err-code": "base-not-found"})
            return
        try:
            self._cancel(call, order)
        except HtxError as error:
            known = {"order-id": str(spot_wire.wire_id(order)), "client-order-id": order.client_id}
            failed.append(
                {"err-msg": error.text, "order-state": error.state, **known, "err-code": error.code}
            )
            return
        success.append(named.get("client-order-id") or named["order-id"])


def matching(orders: Sequence[SimOrder], names: str | None) -> list[SimOrder]:
    """Those of the named types; all without names."""
    wanted = names.split(",") if names else []
    return [order for order in orders if not wanted or spot_wire.type_of(order) in wanted]
