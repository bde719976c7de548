"""Queries and settings of simulated HTX swaps by the classic contract API: orders, fills, money, leverage.

Histories are newest first. The account is in one-way mode and stays so.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb7b08a-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import swap_wire
from trimaran.venues.htx.simulator.calls import Call, Family, bad_field, plain_text, read
from trimaran.venues.htx.simulator.refusals import HtxError, swap_error
from trimaran.venues.htx.simulator.swap_orders import SwapOrders
from trimaran.venues.htx.simulator.swap_paging import Wanted, after, paged
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SWAP
from trimaran.venues.sim.trading import SimOrder, SimPosition

LEVERAGES: Final = "1,2,3,5,10,20,30,50,75,100,125"
TIMEOUT_MIN_MS: Final = 5_000
SINGLE: Final = "single_side"
Row = dict[str, Any]


class Switched(msgspec.Struct, frozen=True):
    """A setting."""

    contract_code: str = ""
    margin_account: str = "USDT"
    lever_rate: int | None = None
    position_mode: str = ""
    on_off: int | None = None
    time_out: int = 0


_wanted: Final = msgspec.json.Decoder(Wanted, strict=False)
_switched: Final = msgspec.json.Decoder(Switched, strict=False)


class SwapAccount:
    """Queries of one margin mode."""

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

    # orders and fills

    def order_info(self, call: Call) -> list[Row]:
        """Orders by either id."""
        asked = read(_wanted, call.body, Family.SWAP)
        self._orders.instrument(asked.code)
        names = str(asked.order_id or asked.client_order_id).split(",")
        moment, rows = self._moment(), []
        for name in names:
            order = self._order(call, name, by_client=not asked.order_id)
            if order is not None:
                rows.append(self._row(order, moment))
        if not rows:
            raise HtxError(1017, "Order doesn't exist.")
        return rows

    def order_detail(self, call: Call) -> Row:
        """An order with its fills."""
        asked = read(_wanted, call.body, Family.SWAP)
        self._orders.instrument(asked.code)
        order = self._order(call, str(asked.order_id), by_client=False)
        if order is None:
            raise HtxError(1017, "Order doesn't exist.")
        moment, instrument = self._moment(), self._instruments[order.symbol]
        trades = [swap_wire.trade_row(instrument, fill, moment) for fill in order.fills]
        return {**self._row(order, moment), **paged(trades, asked, "trades")}

    def open_orders(self, call: Call) -> Row:
        """Open orders but for trigger orders, newest first."""
        asked = read(_wanted, call.body, Family.SWAP)
        symbol = self._orders.instrument(asked.code).symbol if asked.code else None
        orders = self._exchange.open_orders(call.account_id, HTX_SWAP, symbol)
        moment = self._moment()
        rows = [self._row(order, moment) for order in reversed(orders) if self._own(order)]
        return paged(rows, asked)

    def history(self, call: Call) -> Row:
        """Orders of a contract by page."""
        asked = read(_wanted, call.body, Family.SWAP)
        return paged(self._history(call, asked), asked)

    def history_v3(self, call: Call) -> list[Row]:
        """Orders of a contract from an id on."""
        asked = read(_wanted, call.body, Family.SWAP)
        rows = [{**row, "query_id": int(row["order_id_str"])} for row in self._history(call, asked)]
        return after(rows, asked, "query_id")

    def matches(self, call: Call) -> Row:
        """Fills of a contract by page."""
        asked = read(_wanted, call.body, Family.SWAP)
        return paged(self._matches(call, asked), asked, "trades")

    def matches_v3(self, call: Call) -> list[Row]:
        """Fills of a contract from an id on."""
        asked = read(_wanted, call.body, Family.SWAP)
        return after(self._matches(call, asked), asked, "query_id")

    def matches_exact(self, call: Call) -> Row:
        """Fills of a contract from an id on, with how many are left."""
        asked = read(_wanted, call.body, Family.SWAP)
        rows = self._matches(call, asked)
        page = after(rows, asked, "query_id")
        older = [row for row in rows if page and row["query_id"] < page[-1]["query_id"]]
        next_id = page[-1]["query_id"] if older else None
        return {"trades": page, "remain_size": len(older), "next_id": next_id}

    # money

    def account_info(self, call: Call) -> list[Row]:
        """The account that secures positions."""
        return self.account_rows(call.account_id)

    def account_rows(self, account_id: int) -> list[Row]:
        """One row for cross margin, one a contract for isolated margin."""
        if self._orders.mode == swap_wire.CROSS:
            return [self._account(account_id)]
        held = {each.symbol: each for each in self._positions(account_id)}
        return [
            self._isolated(account_id, each, held.get(each.symbol)) for each in self._instruments.values()
        ]

    def position_info(self, call: Call) -> list[Row]:
        """Open positions."""
        asked = read(_wanted, call.body, Family.SWAP)
        symbol = self._orders.instrument(asked.code).symbol if asked.code else None
        return [
            self.position_row(call.account_id, position)
            for position in self._positions(call.account_id)
            if symbol in (None, position.symbol)
        ]

    def account_position_info(self, call: Call) -> Row | list[Row]:
        """Both together."""
        positions = self.position_info(call)
        if self._orders.mode == swap_wire.CROSS:
            return {**self._account(call.account_id), "positions": positions}
        return [
            {
                **row,
                "positions": [each for each in positions if each["contract_code"] == row["contract_code"]],
            }
            for row in self.account_info(call)
        ]

    def position_row(self, account_id: int, position: SimPosition) -> Row:
        """A position as the venue writes it."""
        instrument = self._instruments[position.symbol]
        closing = sum(
            order.lots - order.filled_lots
            for order in self._exchange.open_orders(account_id, HTX_SWAP, position.symbol)
            if order.side == (position.lots > 0) and order.reduce_only
        )
        return swap_wire.position_row(instrument, position, closing, self.last_price(instrument))

    def last_price(self, instrument: Instrument) -> Decimal:
        """The price of the last trade; the mark price before there was one."""
        book = self._exchange.book(HTX_SWAP, instrument.symbol)
        if book is None or not book.recent_fills:
            return self._exchange.mark_price(HTX_SWAP, instrument.symbol)
        return instrument.price(book.recent_fills[-1].executions[-1][2])

    # settings

    def switch_lever_rate(self, call: Call) -> Row:
        """Another leverage of a contract."""
        asked = read(_switched, call.body, Family.SWAP)
        instrument = self._orders.instrument(asked.contract_code)
        if asked.lever_rate is None:
            raise bad_field("lever_rate", Family.SWAP)
        refusal = self._exchange.set_leverage(
            call.account_id, HTX_SWAP, instrument.symbol, asked.lever_rate, call.now_ns
        )
        if refusal is not None:
            raise swap_error(refusal)
        return {**swap_wire.common(instrument, self._orders.mode), "lever_rate": asked.lever_rate}

    def available_level_rate(self, call: Call) -> list[Row]:
        """Leverages that may be chosen."""
        asked = read(_switched, call.body, Family.SWAP)
        chosen = [self._orders.instrument(asked.contract_code)] if asked.contract_code else []
        return [
            {
                **swap_wire.common(instrument, self._orders.mode),
                "available_level_rate": LEVERAGES,
            }
            for instrument in chosen or self._instruments.values()
        ]

    def switch_position_mode(self, call: Call) -> Row:
        """One-way mode, which is the only one here."""
        asked = read(_switched, call.body, Family.SWAP)
        if asked.position_mode != SINGLE:
            raise bad_field("position_mode", Family.SWAP)
        return {"margin_account": asked.margin_account, "position_mode": SINGLE}

    def position_side(self, call: Call) -> Row:
        """One-way mode."""
        return {"margin_account": call.query.get("margin_account", "USDT"), "position_mode": SINGLE}

    def fees(self, call: Call) -> list[Row]:
        """Rates of a contract, or of all."""
        asked = read(_switched, call.body, Family.SWAP)
        chosen = [self._orders.instrument(asked.contract_code)] if asked.contract_code else []
        rows = []
        for instrument in chosen or self._instruments.values():
            fees = instrument.fees
            maker, taker = (plain_text(Decimal(rate).scaleb(-8)) for rate in (fees.maker_e8, fees.taker_e8))
            rates = {"open_maker_fee": maker, "open_taker_fee": taker}
            rates |= {"close_maker_fee": maker, "close_taker_fee": taker, "delivery_fee": "0"}
            rows.append({**swap_wire.common(instrument, self._orders.mode), "fee_asset": "USDT", **rates})
        return rows

    def cancel_after(self, call: Call) -> Row:
        """Arms the dead man's switch for all contracts, or disarms it."""
        asked = read(_switched, call.body, Family.SWAP)
        if asked.on_off not in (0, 1) or (asked.on_off == 1 and asked.time_out < TIMEOUT_MIN_MS):
            raise bad_field("on_off" if asked.on_off not in (0, 1) else "time_out", Family.SWAP)
        fires_ns = call.now_ns + asked.time_out * 1_000_000 if asked.on_off else 0
        self._exchange.arm_dead_man(call.account_id, HTX_SWAP, None, fires_ns)
        fires_ms = call.time_ms + asked.time_out if asked.on_off else None
        return {"current_time": call.time_ms, "trigger_time": fires_ms}

    def account_type(self, call: Call) -> Row:
        """Not a unified account."""
        return {"account_type": 1}

    # helpers

    def _order(self, call: Call, name: str, by_client: bool) -> SimOrder | None:
        if by_client:
            return self._exchange.order_by_client_id(call.account_id, HTX_SWAP, name)
        return self._exchange.order_by_id(call.account_id, HTX_SWAP, swap_wire.order_id_of(name))

    def _row(self, order: SimOrder, moment: Moment) -> Row:
        return swap_wire.order_row(self._instruments[order.symbol], order, moment)

    def _own(self, order: SimOrder) -> bool:
        """Whether it is a plain order of this margin mode."""
        return swap_wire.mode_of(order) == self._orders.mode and not swap_wire.waits(order)

    def _history(self, call: Call, asked: Wanted) -> list[Row]:
        symbol = self._orders.instrument(asked.code).symbol
        moment, exchange = self._moment(), self._exchange
        states = [int(each) for each in str(asked.status).split(",") if each.isdigit() and each != "0"]
        orders = [
            *exchange.ended_orders(call.account_id, HTX_SWAP, symbol),
            *(exchange.open_orders(call.account_id, HTX_SWAP, symbol) if asked.type == 1 else []),
        ]
        return [
            swap_wire.history_row(self._row(order, moment))
            for order in sorted(orders, key=lambda order: order.order_id, reverse=True)
            if self._own(order)
            and (not states or swap_wire.status_of(order) in states)
            and asked.start_time <= moment.venue_ms(order.created_ns) <= asked.end_time
        ]

    def _matches(self, call: Call, asked: Wanted) -> list[Row]:
        symbol = self._orders.instrument(asked.code).symbol
        moment, exchange, rows = self._moment(), self._exchange, []
        for fill in reversed(exchange.fills(call.account_id, HTX_SWAP, symbol)):
            order = exchange.order_by_id(call.account_id, HTX_SWAP, fill.order_id)
            mode = swap_wire.CROSS if order is None else swap_wire.mode_of(order)
            if mode == self._orders.mode and (
                asked.start_time <= moment.venue_ms(fill.time_ns) <= asked.end_time
            ):
                rows.append(swap_wire.match_row(self._instruments[fill.symbol], order, fill, moment))
        return rows

    def _positions(self, account_id: int) -> list[SimPosition]:
        isolated = self._orders.mode == swap_wire.ISOLATED
        held = self._exchange.positions(account_id, HTX_SWAP)
        return [each for each in held if each.lots and each.isolated == isolated]

    def _account(self, account_id: int) -> Row:
        margin = self._exchange.margin(account_id, HTX_SWAP)
        held = {each.symbol: each for each in self._positions(account_id)}
        details = []
        for instrument in self._instruments.values():
            position = held.get(instrument.symbol)
            leverage, _ = self._exchange.leverage(account_id, HTX_SWAP, instrument.symbol)
            details.append(
                {
                    "symbol": instrument.base,
                    "contract_code": instrument.symbol,
                    "pair": instrument.symbol,
                    "margin_position": position.initial_margin if position else Decimal(0),
                    "margin_frozen": Decimal(0),
                    "margin_available": margin.available,
                    "profit_unreal": position.unrealised if position else Decimal(0),
                    "liquidation_price": position.liquidation_price if position else None,
                    "lever_rate": leverage,
                    "adjust_factor": Decimal("0.04"),
                    "contract_type": "swap",
                    "business_type": "swap",
                }
            )
        account = swap_wire.account_row("USDT", margin)
        return {**account, "contract_detail": details, "futures_contract_detail": []}

    def _isolated(self, account_id: int, instrument: Instrument, position: SimPosition | None) -> Row:
        leverage, _ = self._exchange.leverage(account_id, HTX_SWAP, instrument.symbol)
        margin = position.isolated_margin if position else Decimal(0)
        profit = position.unrealised if position else Decimal(0)
        return {
            **swap_wire.common(instrument, swap_wire.ISOLATED),
            "margin_balance": margin + profit,
            "margin_static": margin,
            "margin_position": position.initial_margin if position else Decimal(0),
            "margin_frozen": Decimal(0),
            "margin_available": Decimal(0),
            "profit_real": Decimal(0),
            "profit_unreal": profit,
            "risk_rate": None,
            "new_risk_rate": None,
            "withdraw_available": Decimal(0),
            "liquidation_price": position.liquidation_price if position else None,
            "lever_rate": leverage,
            "adjust_factor": Decimal("0.04"),
            "position_mode": SINGLE,
        }
