"""Trigger orders of simulated HTX swaps: placed apart, listed apart, cancelled apart.

An order keeps its id when it is triggered, where the venue gives it a second one.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb7f12c-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import swap_wire
from trimaran.venues.htx.simulator.calls import Call, Family, bad_field, read, sane
from trimaran.venues.htx.simulator.swap_orders import SwapOrders, trigger_type_of
from trimaran.venues.htx.simulator.swap_paging import Wanted, paged
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SWAP
from trimaran.venues.sim.trading import OrderSpec, SimOrder

Row = dict[str, Any]


class Triggered(msgspec.Struct, frozen=True):
    """A new trigger order; one without a price of its own becomes a market order."""

    contract_code: str = ""
    pair: str = ""
    trigger_type: str = ""
    trigger_price: Decimal | None = None
    order_price: Decimal | None = None
    order_price_type: str = "limit"
    volume: Decimal | None = None
    direction: str = ""
    offset: str = "both"
    lever_rate: int | None = None
    reduce_only: int = 0


_placed: Final = msgspec.json.Decoder(Triggered, strict=False)
_wanted: Final = msgspec.json.Decoder(Wanted, strict=False)


class SwapTriggers:
    """Trigger orders of one margin mode."""

    def __init__(
        self,
        exchange: Exchange,
        instruments: Mapping[Symbol, Instrument],
        orders: SwapOrders,
        moment: Callable[[], Moment],
    ) -> None:
        self._exchange = exchange
        self._instruments = instruments
        self._orders = orders
        self._moment = moment

    def place(self, call: Call) -> Row:
        """A new trigger order; its ids."""
        asked = read(_placed, call.body, Family.SWAP)
        instrument = self._orders.instrument(asked.contract_code or asked.pair)
        for name, value in (("trigger_price", asked.trigger_price), ("volume", asked.volume)):
            if sane(value, name, Family.SWAP) is None:
                raise bad_field(name, Family.SWAP)
        if asked.direction not in swap_wire.SIDES:
            raise bad_field("direction", Family.SWAP)
        if asked.trigger_type not in ("ge", "le"):
            raise bad_field("trigger_type", Family.SWAP)
        market = asked.order_price_type != "limit"
        if not market and sane(asked.order_price, "order_price", Family.SWAP) is None:
            raise bad_field("order_price", Family.SWAP)
        side = swap_wire.SIDES.index(asked.direction)
        extra = {
            "kind": asked.order_price_type,
            "lever": self._orders.use(call, instrument, asked.lever_rate),
            "mode": self._orders.mode,
            "offset": asked.offset,
            "trigger_type": asked.trigger_type,
        }
        order = self._orders.send(
            call,
            OrderSpec(
                market=HTX_SWAP,
                symbol=instrument.symbol,
                side=side,
                type=trigger_type_of(side, asked.trigger_type == "ge", market),
                price=None if market else asked.order_price,
                size=asked.volume,
                trigger_price=asked.trigger_price,
                reduce_only=asked.reduce_only == 1 or asked.offset == "close",
                extra=extra,
            ),
        )
        return swap_wire.ids_of(order)

    def open_orders(self, call: Call) -> Row:
        """Those that wait, newest first."""
        asked = read(_wanted, call.body, Family.SWAP)
        return paged(self._rows(call, asked, waiting=True), asked)

    def history(self, call: Call) -> Row:
        """Those that were placed or cancelled, newest first."""
        asked = read(_wanted, call.body, Family.SWAP)
        return paged(self._rows(call, asked, waiting=False), asked)

    def _rows(self, call: Call, asked: Wanted, waiting: bool) -> list[Row]:
        symbol = self._orders.instrument(asked.code).symbol if asked.code else None
        moment = self._moment()
        exchange, account_id = self._exchange, call.account_id
        orders: list[SimOrder] = [
            *exchange.ended_orders(account_id, HTX_SWAP, symbol),
            *exchange.open_orders(account_id, HTX_SWAP, symbol),
        ]
        return [
            swap_wire.trigger_row(self._instruments[order.symbol], order, moment)
            for order in sorted(orders, key=lambda order: order.order_id, reverse=True)
            if order.trigger_ticks
            and swap_wire.mode_of(order) == self._orders.mode
            and (order.status.open and swap_wire.waits(order)) == waiting
        ]
