"""Queries and settings by the newer contract API (`/v5`) of the simulated HTX, and its endpoints."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import swap_wire, v5_wire
from trimaran.venues.htx.simulator.calls import (
    Call,
    Endpoint,
    Family,
    bad_field,
    page_of,
    plain_text,
    read,
)
from trimaran.venues.htx.simulator.refusals import HtxError, swap_error
from trimaran.venues.htx.simulator.swap_account import SwapAccount
from trimaran.venues.htx.simulator.swap_endpoints import query, trade
from trimaran.venues.htx.simulator.v5_orders import V5Orders
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.gate import Request
from trimaran.venues.sim.markets import HTX_SWAP
from trimaran.venues.sim.trading import ExchangeEvent, FundingCharged, SimOrder

BILLS_KEPT: Final = 1_000
SINGLE: Final = "single_side"
_RECEIVED, _PAID = "30", "31"
Row = dict[str, Any]


class Setting(msgspec.Struct, frozen=True):
    """A setting of a contract or of the account."""

    contract_code: str = ""
    margin_mode: str = swap_wire.CROSS
    lever_rate: int | None = None
    position_mode: str = ""


_setting: Final = msgspec.json.Decoder(Setting, strict=False)


class V5Account:
    """What asks and changes no order."""

    def __init__(
        self,
        exchange: Exchange,
        instruments: Mapping[Symbol, Instrument],
        orders: V5Orders,
        classic: SwapAccount,
        moment: Callable[[], Moment],
    ) -> None:
        self._exchange = exchange
        self._instruments = instruments
        self._orders = orders
        self._classic = classic
        self._moment = moment
        self._bills: deque[FundingCharged] = deque(maxlen=BILLS_KEPT)

    def heard(self, event: ExchangeEvent) -> None:
        """Keeps payments of funding."""
        if isinstance(event, FundingCharged) and event.market == HTX_SWAP:
            self._bills.append(event)

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint, those of orders included."""
        orders = self._orders
        trading = (
            ("trade/order", orders.place, Request.ORDER),
            ("trade/batch_orders", orders.place_many, Request.ORDER),
            ("trade/position", orders.close, Request.ORDER),
            ("trade/cancel_order", orders.cancel, Request.CANCEL),
            ("trade/cancel_batch_orders", orders.cancel_many, Request.CANCEL),
            ("trade/cancel_all_orders", orders.cancel_all, Request.CANCEL),
            ("trade/cancel-after", self._classic.cancel_after, Request.OTHER),
            ("algo/order", orders.place_algo, Request.ORDER),
            ("algo/cancel_orders", orders.cancel_algos, Request.CANCEL),
            ("position/lever", self.set_lever, Request.OTHER),
            ("position/mode", self.set_mode, Request.OTHER),
        )
        reading = (
            ("trade/order", self.order),
            ("trade/order/opens", self.open_orders),
            ("trade/order/history", self.history),
            ("trade/order/details", self.fills),
            ("trade/position/opens", self.positions),
            ("algo/order", self.algo),
            ("algo/order/opens", self.open_algos),
            ("algo/order/history", self.algo_history),
            ("account/balance", self.balance),
            ("account/bills", self.bills),
            ("account/asset_mode", self.asset_mode),
            ("position/lever", self.levers),
            ("position/mode", self.mode),
        )
        return [
            *(trade(f"/v5/{name}", answer, request, Family.V5) for name, answer, request in trading),
            *(query(f"/v5/{name}", answer, Family.V5, "GET") for name, answer in reading),
        ]

    def order(self, call: Call) -> Row:
        """One order by either id."""
        by_venue = "order_id" in call.query
        name = call.query.get("order_id") or call.query.get("client_order_id", "")
        order = self._orders.find(call, name, by_venue)
        if order is None:
            raise HtxError(1017, "Order doesn't exist.")
        return v5_wire.order_row(self._instruments[order.symbol], order, self._moment())

    def open_orders(self, call: Call) -> list[Row]:
        """Open orders but for those that wait, newest first."""
        orders = self._exchange.open_orders(call.account_id, HTX_SWAP, self._symbol(call))
        return self._rows(call, [order for order in reversed(orders) if not swap_wire.waits(order)])

    def history(self, call: Call) -> list[Row]:
        """Ended orders, newest first."""
        states = [name for name in call.query.get("states", "").split(",") if name]
        chosen = [
            order
            for order in self._ended(call)
            if not (order.trigger_ticks and not order.working_ns)
            and (not states or v5_wire.state_of(order) in states)
        ]
        return self._rows(call, chosen)

    def fills(self, call: Call) -> list[Row]:
        """Fills, newest first."""
        moment, rows = self._moment(), []
        for fill in reversed(self._exchange.fills(call.account_id, HTX_SWAP, self._symbol(call))):
            order = self._exchange.order_by_id(call.account_id, HTX_SWAP, fill.order_id)
            rows.append(v5_wire.fill_row(self._instruments[fill.symbol], order, fill, moment))
        since, until = _times(call.query)
        wanted = call.query.get("order_id")
        chosen = [
            row
            for row in rows
            if since <= int(row["created_time"]) <= until and wanted in (None, row["order_id"])
        ]
        return chosen[: _count(call)]

    def positions(self, call: Call) -> list[Row]:
        """Open positions."""
        return self.position_rows(call.account_id, self._symbol(call))

    def position_rows(self, account_id: int, symbol: Symbol | None = None, flat: bool = False) -> list[Row]:
        """Open positions; with `flat`, those that were closed too."""
        moment = self._moment()
        return [
            v5_wire.position_row(instrument, position, self._classic.last_price(instrument), moment)
            for position in self._exchange.positions(account_id, HTX_SWAP)
            for instrument in (self._instruments[position.symbol],)
            if (position.lots or flat) and symbol in (None, position.symbol)
        ]

    def algo(self, call: Call) -> list[Row]:
        """One order that waits for its trigger, or did."""
        by_venue = "algo_id" in call.query
        name = call.query.get("algo_id") or call.query.get("algo_client_order_id", "")
        order = self._orders.find(call, name, by_venue)
        if order is None or not order.trigger_ticks:
            raise HtxError(1017, "Order doesn't exist.")
        return [v5_wire.algo_row(self._instruments[order.symbol], order, self._moment())]

    def open_algos(self, call: Call) -> list[Row]:
        """Orders that wait for their trigger."""
        orders = self._exchange.open_orders(call.account_id, HTX_SWAP, self._symbol(call))
        return self._algos(call, [order for order in reversed(orders) if swap_wire.waits(order)])

    def algo_history(self, call: Call) -> list[Row]:
        """Orders that waited, newest first."""
        states = [name for name in call.query.get("states", "").split(",") if name]
        rows = self._algos(call, [order for order in self._ended(call) if order.trigger_ticks])
        return [row for row in rows if not states or row["state"] in states]

    def balance(self, call: Call) -> Row:
        """The account."""
        return self.balance_of(call.account_id)

    def balance_of(self, account_id: int) -> Row:
        """The account of an id."""
        moment = self._moment()
        return v5_wire.balance(self._exchange.margin(account_id, HTX_SWAP), moment.server_ms)

    def bills(self, call: Call) -> list[Row]:
        """Payments of funding, newest first."""
        moment, symbol = self._moment(), self._symbol(call)
        rows = [
            {
                "id": str(event.time_ns // 1000),
                "type": _PAID if event.amount > 0 else _RECEIVED,
                "currency": "USDT",
                "amount": plain_text(-event.amount),
                "contract_code": event.symbol,
                "margin_mode": swap_wire.CROSS,
                "created_time": str(moment.venue_ms(event.time_ns)),
            }
            for event in reversed(self._bills)
            if event.account_id == call.account_id and symbol in (None, event.symbol)
        ]
        return rows[: _count(call)]

    def asset_mode(self, call: Call) -> Row:
        """One asset secures positions, not several."""
        return {"asset_mode": 0}

    def set_lever(self, call: Call) -> Row:
        """Another leverage of a contract."""
        asked = read(_setting, call.body, Family.V5)
        symbol = Symbol(asked.contract_code)
        if symbol not in self._instruments:
            raise HtxError(1013, "This contract symbol doesn't exist.")
        if asked.lever_rate is None:
            raise bad_field("lever_rate", Family.V5)
        refusal = self._exchange.set_leverage(
            call.account_id, HTX_SWAP, symbol, asked.lever_rate, call.now_ns
        )
        if refusal is not None:
            raise swap_error(refusal)
        row = {"contract_code": symbol, "margin_mode": asked.margin_mode}
        return {**row, "lever_rate": asked.lever_rate}

    def set_mode(self, call: Call) -> Row:
        """One-way mode, which is the only one here."""
        if read(_setting, call.body, Family.V5).position_mode != SINGLE:
            raise bad_field("position_mode", Family.V5)
        return {"position_mode": SINGLE}

    def mode(self, call: Call) -> Row:
        """One-way mode."""
        return {"position_mode": SINGLE}

    def levers(self, call: Call) -> list[Row]:
        """The leverage of each contract."""
        symbol = self._symbol(call)
        rows = []
        for name in self._instruments:
            leverage, isolated = self._exchange.leverage(call.account_id, HTX_SWAP, name)
            mode = swap_wire.ISOLATED if isolated else swap_wire.CROSS
            rows.append({"contract_code": name, "margin_mode": mode, "lever_rate": leverage})
        return [row for row in rows if symbol in (None, row["contract_code"])]

    def _symbol(self, call: Call) -> Symbol | None:
        name = call.query.get("contract_code")
        if not name:
            return None
        if Symbol(name) not in self._instruments:
            raise HtxError(1013, "This contract symbol doesn't exist.")
        return Symbol(name)

    def _ended(self, call: Call) -> list[SimOrder]:
        since, until = _times(call.query)
        moment = self._moment()
        orders = self._exchange.ended_orders(call.account_id, HTX_SWAP, self._symbol(call))
        ended = sorted(orders, key=lambda order: order.order_id, reverse=True)
        return [order for order in ended if since <= moment.venue_ms(order.created_ns) <= until]

    def _rows(self, call: Call, orders: Sequence[SimOrder]) -> list[Row]:
        moment, mode = self._moment(), call.query.get("margin_mode")
        return [
            v5_wire.order_row(self._instruments[order.symbol], order, moment)
            for order in orders
            if mode in (None, swap_wire.mode_of(order))
        ][: _count(call)]

    def _algos(self, call: Call, orders: Sequence[SimOrder]) -> list[Row]:
        moment, kind = self._moment(), call.query.get("type")
        rows = [v5_wire.algo_row(self._instruments[order.symbol], order, moment) for order in orders]
        return [row for row in rows if kind in (None, row["type"])][: _count(call)]


def _count(call: Call) -> int:
    return page_of(call.query.get("limit"), 100, 500)


def _times(query: Mapping[str, str]) -> tuple[int, int]:
    """The bounds of a list, in milliseconds. Raises HtxError."""
    bounds = []
    for name, default in (("start_time", 0), ("end_time", 2**62)):
        text = query.get(name)
        if text and not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise bad_field(name, Family.V5)
        bounds.append(int(text) if text else default)
    return bounds[0], bounds[1]
