"""Placing and cancelling by the newer contract API (`/v5`) of the simulated HTX.

The same contracts and accounts as those of the classic API; orders of either are seen by both.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Instrument
from trimaran.venues.htx.simulator import swap_wire, v5_wire
from trimaran.venues.htx.simulator.calls import Call, Family, bad_field, read, sane
from trimaran.venues.htx.simulator.cancels import Cancels, Taken
from trimaran.venues.htx.simulator.refusals import HtxError, swap_error
from trimaran.venues.htx.simulator.swap_orders import SwapOrders, canceling, client_id_text, trigger_type_of
from trimaran.venues.sim.codes import SelfTrade
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.markets import HTX_SWAP
from trimaran.venues.sim.trading import BUY, SELL, OrderSpec, OrderTypeSim, Refusal, SimOrder, Tif, Why

BATCH_MAX: Final = 20
GOOD: Final[dict[str, Any]] = {"code": 200, "message": "Success"}
_TIFS: Final = {"gtc": Tif.GTC, "ioc": Tif.IOC, "fok": Tif.FOK, "boc": Tif.POST_ONLY}
_TRUE: Final = (True, 1, "1", "true")
_SELF_TRADE: Final = {
    "cancel_taker": SelfTrade.EXPIRE_TAKER,
    "cancel_maker": SelfTrade.EXPIRE_MAKER,
    "cancel_both": SelfTrade.EXPIRE_BOTH,
    "allow": SelfTrade.ALLOW,
}
Row = dict[str, Any]


class Placed(msgspec.Struct, frozen=True):
    """A new order, or one that waits for a trigger."""

    contract_code: str = ""
    margin_mode: str = swap_wire.CROSS
    position_side: str = "both"
    side: str = ""
    type: str = "limit"
    time_in_force: str = "gtc"
    volume: Decimal | None = None
    price: Decimal | None = None
    lever_rate: int | None = None
    reduce_only: bool | int | str = False
    client_order_id: int | None = None
    algo_client_order_id: int | None = None
    self_match_prevent: str = "cancel_taker"
    trigger_price: Decimal | None = None
    tp_trigger_price: Decimal | None = None
    tp_order_price: Decimal | None = None
    sl_trigger_price: Decimal | None = None
    sl_order_price: Decimal | None = None


class Named(msgspec.Struct, frozen=True):
    """Orders by their ids."""

    contract_code: str = ""
    margin_mode: str = swap_wire.CROSS
    order_id: str | int | list[str | int] = ""
    client_order_id: str | int | list[str | int] = ""
    algo_id: str | int = ""
    algo_client_order_id: str | int = ""
    side: str = ""


_place: Final = msgspec.json.Decoder(Placed, strict=False)
_place_many: Final = msgspec.json.Decoder(list[Placed], strict=False)
_named: Final = msgspec.json.Decoder(Named, strict=False)
_named_many: Final = msgspec.json.Decoder(list[Named], strict=False)


class V5Orders:
    """What changes orders."""

    def __init__(self, exchange: Exchange, modes: Mapping[str, SwapOrders], cancels: Cancels) -> None:
        """`modes` are the classic ones by margin mode."""
        self._exchange = exchange
        self._cancels = cancels
        self._modes = modes
        self._classic = modes[swap_wire.CROSS]

    def place(self, call: Call) -> Row:
        """A new order; its ids."""
        return v5_wire.ids_of(self._place(call, read(_place, call.body, Family.V5)))

    def place_many(self, call: Call) -> list[Row]:
        """Several orders, each with an answer of its own."""
        orders = read(_place_many, call.body, Family.V5)
        if not 1 <= len(orders) <= BATCH_MAX:
            raise bad_field("orders", Family.V5)
        rows: list[Row] = []
        for asked in orders:
            try:
                rows.append({**GOOD, **v5_wire.ids_of(self._place(call, asked))})
            except HtxError as error:
                rows.append({"code": error.code, "message": error.text, "order_id": None})
        return rows

    def place_algo(self, call: Call) -> list[Row]:
        """An order that waits for its trigger; its ids."""
        return [_algo_ids(self._place_algo(call, read(_place, call.body, Family.V5)))]

    def close(self, call: Call) -> Row:
        """Closes a whole position at the market."""
        asked = read(_place, call.body, Family.V5)
        instrument = self._classic.instrument(asked.contract_code)
        held = self._exchange.positions(call.account_id, HTX_SWAP)
        lots = sum(each.lots for each in held if each.symbol == instrument.symbol)
        if lots == 0:
            raise swap_error(Refusal(Why.REDUCE_ONLY))
        leverage, isolated = self._exchange.leverage(call.account_id, HTX_SWAP, instrument.symbol)
        mode = swap_wire.ISOLATED if isolated else swap_wire.CROSS
        return v5_wire.ids_of(
            self._classic.send(
                call,
                OrderSpec(
                    market=HTX_SWAP,
                    symbol=instrument.symbol,
                    side=SELL if lots > 0 else BUY,
                    type=OrderTypeSim.MARKET,
                    size=instrument.size_grid.decimal(abs(lots)),
                    reduce_only=True,
                    client_id=client_id_text(asked.client_order_id),
                    extra={"kind": "market", "lever": leverage, "mode": mode, "offset": "both"},
                ),
            )
        )

    def cancel(self, call: Call) -> Row:
        """Cancels one order by either id."""
        asked = read(_named, call.body, Family.V5)
        self._classic.instrument(asked.contract_code)
        by_venue = asked.order_id not in ("", None)
        name = asked.order_id if by_venue else asked.client_order_id
        return v5_wire.ids_of(self._cancel(call, str(name), by_venue))

    def cancel_many(self, call: Call) -> list[Row]:
        """Cancels several orders by either id."""
        asked = read(_named, call.body, Family.V5)
        by_venue = bool(asked.order_id)
        names = asked.order_id or asked.client_order_id
        rows = []
        for name in names if isinstance(names, list) else str(names).split(","):
            try:
                rows.append({**GOOD, **v5_wire.ids_of(self._cancel(call, str(name), by_venue))})
            except HtxError as error:
                key = "order_id" if by_venue else "client_order_id"
                rows.append({"code": error.code, "message": error.text, key: str(name)})
        return rows

    def cancel_all(self, call: Call) -> list[Row]:
        """Cancels all but trigger orders, of a contract or of all."""
        asked = read(_named, call.body, Family.V5)
        symbol = self._classic.instrument(asked.contract_code).symbol if asked.contract_code else None
        rows = []
        for order in self._exchange.open_orders(call.account_id, HTX_SWAP, symbol):
            if not swap_wire.waits(order) and asked.side in ("", swap_wire.SIDES[order.side]):
                self._cancels.ask(call.account_id, order, call.now_ns)
                rows.append({**GOOD, **v5_wire.ids_of(order)})
        return rows

    def cancel_algos(self, call: Call) -> list[Row]:
        """Cancels orders that wait for their trigger."""
        rows: list[Row] = []
        for asked in read(_named_many, call.body, Family.V5):
            by_venue = asked.algo_id != ""
            name = str(asked.algo_id if by_venue else asked.algo_client_order_id)
            named = {"algo_id" if by_venue else "algo_client_order_id": name}
            try:
                order = self._cancel(call, name, by_venue)
            except HtxError as error:
                rows.append({"code": error.code, "message": error.text, **named})
                continue
            rows.append({**GOOD, **_algo_ids(order)})
        return rows

    def find(self, call: Call, name: str, by_venue: bool) -> SimOrder | None:
        """An order by either id; the venue's serves as the client's where the client gave none."""
        if by_venue:
            return self._exchange.order_by_id(call.account_id, HTX_SWAP, swap_wire.order_id_of(name))
        found = self._exchange.order_by_client_id(call.account_id, HTX_SWAP, name) if name else None
        return found or self._exchange.order_by_id(call.account_id, HTX_SWAP, swap_wire.order_id_of(name))

    def _cancel(self, call: Call, name: str, by_venue: bool) -> SimOrder:
        order = self.find(call, name, by_venue)
        if order is None:
            raise swap_error(Refusal(Why.NO_SUCH_ORDER))
        answer = self._cancels.ask(call.account_id, order, call.now_ns)
        if isinstance(answer, Refusal):
            raise swap_error(answer)
        if answer is Taken.ALREADY:
            raise canceling()
        return order

    def _checked(self, asked: Placed) -> tuple[SwapOrders, Instrument, int, Decimal]:
        """Mode, contract, side and size of an order whose fields make sense. Raises HtxError."""
        orders = self._modes.get(asked.margin_mode)
        if orders is None:
            raise bad_field("margin_mode", Family.V5)
        instrument = orders.instrument(asked.contract_code)
        if asked.side not in swap_wire.SIDES:
            raise bad_field("side", Family.V5)
        if asked.position_side != "both":
            raise bad_field("position_side", Family.V5)
        volume = sane(asked.volume, "volume", Family.V5)
        if volume is None:
            raise bad_field("volume", Family.V5)
        sane(asked.price, "price", Family.V5)
        return orders, instrument, swap_wire.SIDES.index(asked.side), volume

    def _place(self, call: Call, asked: Placed) -> SimOrder:
        orders, instrument, side, volume = self._checked(asked)
        if asked.type not in ("market", "limit", "post_only") or asked.time_in_force not in _TIFS:
            raise HtxError(1034, "Incorrect field of order price type.")
        market = asked.type == "market"
        if not market and asked.price is None:
            raise bad_field("price", Family.V5)
        tif = Tif.POST_ONLY if asked.type == "post_only" else _TIFS[asked.time_in_force]
        lever = orders.use(call, instrument, asked.lever_rate)
        kind = "limit" if tif is Tif.GTC and not market else "market" if market else tif.value
        return orders.send(
            call,
            OrderSpec(
                market=HTX_SWAP,
                symbol=instrument.symbol,
                side=side,
                type=OrderTypeSim.MARKET if market else OrderTypeSim.LIMIT,
                tif=Tif.GTC if market else tif,
                price=None if market else asked.price,
                size=volume,
                reduce_only=asked.reduce_only in _TRUE,
                client_id=client_id_text(asked.client_order_id),
                self_trade=_SELF_TRADE.get(asked.self_match_prevent, SelfTrade.EXPIRE_TAKER),
                extra={"kind": kind, "lever": lever, "mode": asked.margin_mode, "offset": "both"},
            ),
        )

    def _place_algo(self, call: Call, asked: Placed) -> SimOrder:
        orders, instrument, side, volume = self._checked(asked)
        algo, trigger, price = _trigger_of(asked)
        for name, value in (("trigger_price", trigger), ("order_price", price)):
            sane(value, name, Family.V5)
        if trigger is None:
            raise bad_field("trigger_price", Family.V5)
        above = trigger >= self._exchange.mark_price(HTX_SWAP, instrument.symbol)
        market = price is None or price == 0
        lever = orders.use(call, instrument, asked.lever_rate)
        extra = {
            "kind": "market" if market else "limit",
            "lever": lever,
            "mode": asked.margin_mode,
            "offset": "both",
            "algo": algo,
            "trigger_type": "ge" if above else "le",
        }
        return orders.send(
            call,
            OrderSpec(
                market=HTX_SWAP,
                symbol=instrument.symbol,
                side=side,
                type=trigger_type_of(side, above, market),
                price=None if market else price,
                size=volume,
                trigger_price=trigger,
                reduce_only=asked.reduce_only in _TRUE or algo in ("tp", "sl"),
                client_id=client_id_text(asked.algo_client_order_id),
                extra=extra,
            ),
        )


def _algo_ids(order: SimOrder) -> Row:
    return {"algo_id": str(swap_wire.wire_id(order)), "algo_client_order_id": order.client_id or None}


def _trigger_of(asked: Placed) -> tuple[str, Decimal | None, Decimal | None]:
    """Kind, trigger and price of an order that waits. Raises HtxError for a kind that is not simulated."""
    if asked.type == "sl":
        return "sl", asked.sl_trigger_price, asked.sl_order_price
    if asked.type == "tp":
        return "tp", asked.tp_trigger_price, asked.tp_order_price
    if asked.type not in ("trigger", "limit", "market"):
        raise HtxError(1034, "Incorrect field of order price type.")
    return "trigger", asked.trigger_price, None if asked.type == "market" else asked.price
