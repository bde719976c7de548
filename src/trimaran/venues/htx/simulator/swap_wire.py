"""Orders, fills, positions and margin as the classic contract API of the simulated HTX writes them.

Numbers are JSON numbers. An order's id does not fit into a double: as a number it is rounded, as text exact.
A fee that was paid is negative. Sizes are contracts, turnovers USDT.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb7de1c-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from trimaran.domain.instrument import Instrument
from trimaran.venues.htx.simulator.calls import average_price, size_of, value_of
from trimaran.venues.htx.simulator.cancels import is_canceling
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.trading import (
    MarginView,
    OrderTypeSim,
    SimFill,
    SimOrder,
    SimPosition,
    Status,
)

FIRST_ORDER: Final = 784_017_187_857_760_256
CROSS: Final = "cross"
ISOLATED: Final = "isolated"
SIDES: Final = ("buy", "sell")
MARKET_TYPES: Final = (OrderTypeSim.MARKET, OrderTypeSim.STOP_MARKET, OrderTypeSim.TAKE_PROFIT_MARKET)
_CANCELED: Final = 7
_CANCELING: Final = 11
_PARTLY_CANCELED: Final = 5
_STATES: Final = {
    Status.WAITING: 2, Status.NEW: 3, Status.PARTIALLY_FILLED: 4, Status.FILLED: 6
}  # fmt: skip
_KIND_NUMBERS: Final = {
    "limit": 1, "market": 2, "opponent": 3, "lightning": 4, "post_only": 6, "optimal_5": 7, "optimal_10": 8,
    "optimal_20": 9, "fok": 10, "ioc": 11,
}  # fmt: skip
Row = dict[str, Any]


def wire_id(order: SimOrder) -> int:
    """The exact id."""
    return FIRST_ORDER + order.order_id


def rounded(number: int) -> int:
    """An id as clients of the venue see it when they read it as a double."""
    return (number + 50) // 100 * 100


def order_id_of(text: str) -> int:
    """The exchange's id; 0, which no order has, for what is no id."""
    return int(text) - FIRST_ORDER if text.isascii() and text.isdigit() and len(text) <= 19 else 0


def ids_of(order: SimOrder) -> Row:
    """The id in both spellings."""
    number = wire_id(order)
    return {"order_id": rounded(number), "order_id_str": str(number)}


def client_id_of(order: SimOrder) -> int | None:
    """The client's id, a whole number."""
    return int(order.client_id) if order.client_id else None


def mode_of(order: SimOrder) -> str:
    """Cross or isolated."""
    return str(order.extra.get("mode", CROSS))


def waits(order: SimOrder) -> bool:
    """Whether it is a trigger order that was not reached."""
    return order.trigger_ticks > 0 and not order.working_ns


def triggered(order: SimOrder) -> bool:
    """Whether its trigger was reached and it was placed."""
    return order.working_ns > 0 or (order.status.open and order.status is not Status.WAITING)


def status_of(order: SimOrder) -> int:
    """3 submitted, 4 partly filled, 5 cancelled with fills, 6 filled, 7 cancelled, 11 cancelling."""
    if is_canceling(order):
        return _CANCELING
    ended = _PARTLY_CANCELED if order.filled_lots else _CANCELED
    return _STATES.get(order.status, ended)


def fees_of(order: SimOrder) -> Decimal:
    """What was paid, below zero."""
    return -sum(order.fees.values(), Decimal(0))


def margin_account(instrument: Instrument, mode: str) -> str:
    """What secures it: the quote asset, or the contract itself."""
    return instrument.quote if mode == CROSS else instrument.symbol


def common(instrument: Instrument, mode: str) -> Row:
    """What every row about a contract has."""
    return {
        "business_type": "swap",
        "contract_type": "swap",
        "pair": instrument.symbol,
        "symbol": instrument.base,
        "contract_code": instrument.symbol,
        "margin_asset": instrument.quote,
        "margin_mode": mode,
        "margin_account": margin_account(instrument, mode),
        "trade_partition": instrument.quote,
    }


def frozen_margin(instrument: Instrument, order: SimOrder) -> Decimal:
    """About what an open order binds: the value of its rest by its leverage."""
    if not order.status.open or order.reduce_only or waits(order):
        return Decimal(0)
    left = value_of(instrument, order.price_ticks * (order.lots - order.filled_lots))
    return left / int(order.extra.get("lever", 1))


def order_row(instrument: Instrument, order: SimOrder, moment: Moment) -> Row:
    """An order."""
    ended = order.status in (Status.CANCELED, Status.EXPIRED, Status.REJECTED)
    average = average_price(instrument, order)
    return {
        **common(instrument, mode_of(order)),
        **ids_of(order),
        "client_order_id": client_id_of(order),
        "volume": size_of(instrument, order.lots),
        "price": instrument.price(order.price_ticks),
        "order_price_type": order.extra.get("kind", "limit"),
        "order_type": 1,
        "direction": SIDES[order.side],
        "offset": order.extra.get("offset", "both"),
        "lever_rate": order.extra.get("lever", 1),
        "created_at": moment.venue_ms(order.created_ns),
        "update_time": moment.venue_ms(order.updated_ns),
        "trade_volume": size_of(instrument, order.filled_lots),
        "trade_turnover": value_of(instrument, order.filled_value),
        "trade_avg_price": average if order.filled_lots else None,
        "fee": fees_of(order),
        "fee_asset": instrument.quote,
        "margin_frozen": frozen_margin(instrument, order),
        "profit": order.realised,
        "real_profit": order.realised,
        "status": status_of(order),
        "order_source": "api",
        "liquidation_type": "0",
        "canceled_at": moment.venue_ms(order.updated_ns) if ended else 0,
        "canceled_source": "api" if ended else None,
        "is_tpsl": 0,
        "reduce_only": int(order.reduce_only),
    }


def history_row(row: Row) -> Row:
    """An order as histories write it: with a number for its type of price."""
    kind = _KIND_NUMBERS.get(row["order_price_type"], 1)
    created = {"create_date": row["created_at"]}
    return {**row, **created, "order_price_type": kind, "trade_avg_price": row["trade_avg_price"] or 0}


def fill_id(fill: SimFill) -> str:
    """The unique id of a fill: the same by every channel, also while no query shows its order."""
    return f"{fill.trade_id}-{FIRST_ORDER + fill.order_id}-{fill.number}"


def trade_row(instrument: Instrument, fill: SimFill, moment: Moment) -> Row:
    """A fill within an order."""
    return {
        "trade_id": fill.trade_id,
        "id": fill_id(fill),
        "trade_volume": size_of(instrument, fill.lots),
        "trade_price": instrument.price(fill.price_ticks),
        "trade_turnover": value_of(instrument, fill.price_ticks * fill.lots),
        "trade_fee": -fill.fee,
        "fee_asset": fill.fee_asset,
        "profit": fill.realised,
        "real_profit": fill.realised,
        "created_at": moment.venue_ms(fill.time_ns),
        "role": "maker" if fill.maker else "taker",
    }


def match_row(instrument: Instrument, order: SimOrder | None, fill: SimFill, moment: Moment) -> Row:
    """A fill by itself."""
    row = trade_row(instrument, fill, moment)
    number = FIRST_ORDER + fill.order_id
    extra = {} if order is None else order.extra
    return {
        **common(instrument, CROSS if order is None else mode_of(order)),
        "query_id": fill.execution_id,
        "match_id": fill.trade_id,
        "order_id": rounded(number),
        "order_id_str": str(number),
        "client_order_id": None if order is None else client_id_of(order),
        "direction": SIDES[fill.side],
        "offset": extra.get("offset", "both"),
        **{name: row[name] for name in ("id", "trade_volume", "trade_price", "trade_turnover", "trade_fee")},
        "fee_asset": fill.fee_asset,
        "offset_profitloss": fill.realised,
        "real_profit": fill.realised,
        "create_date": row["created_at"],
        "role": "Maker" if fill.maker else "Taker",
        "order_source": "api",
        "reduce_only": 0 if order is None else int(order.reduce_only),
    }


def trigger_row(instrument: Instrument, order: SimOrder, moment: Moment) -> Row:
    """A trigger order: 2 waits, 4 was placed, 6 cancelled, 7 failed."""
    placed = triggered(order)
    state = 2 if order.status is Status.WAITING else 4 if placed else 6
    return {
        **common(instrument, mode_of(order)),
        **ids_of(order),
        "trigger_type": order.extra.get("trigger_type", "ge"),
        "volume": size_of(instrument, order.lots),
        "order_type": 1,
        "direction": SIDES[order.side],
        "offset": order.extra.get("offset", "both"),
        "lever_rate": order.extra.get("lever", 1),
        "relation_order_id": str(wire_id(order)) if placed else "-1",
        "order_price_type": order.extra.get("kind", "limit"),
        "status": 7 if order.status is Status.REJECTED else state,
        "order_source": "api",
        "trigger_price": instrument.price(order.trigger_ticks),
        "triggered_price": instrument.price(order.trigger_ticks) if placed else None,
        "order_price": instrument.price(order.price_ticks),
        "created_at": moment.venue_ms(order.created_ns),
        "triggered_at": moment.venue_ms(order.updated_ns) if placed else None,
        "order_insert_at": moment.venue_ms(order.updated_ns) if placed else 0,
        "canceled_at": moment.venue_ms(order.updated_ns) if state == 6 else 0,
        "update_time": moment.venue_ms(order.updated_ns),
        "fail_code": None,
        "fail_reason": None,
        "reduce_only": int(order.reduce_only),
    }


def position_row(instrument: Instrument, position: SimPosition, closing_lots: int, last: Decimal) -> Row:
    """A position that is open; `closing_lots` are those of orders that would close it."""
    volume = size_of(instrument, abs(position.lots))
    frozen = size_of(instrument, min(closing_lots, abs(position.lots)))
    profit = position.unrealised
    margin = position.initial_margin
    mode = ISOLATED if position.isolated else CROSS
    return {
        **common(instrument, mode),
        "volume": volume,
        "available": volume - frozen,
        "frozen": frozen,
        "cost_open": position.entry_price,
        "cost_hold": position.entry_price,
        "profit_unreal": profit,
        "profit_rate": round(profit / margin, 18) if margin else Decimal(0),
        "profit": profit,
        "position_margin": margin,
        "lever_rate": position.leverage,
        "direction": SIDES[position.lots < 0],
        "last_price": last,
        "mark_price": position.mark_price,
        "liquidation_price": position.liquidation_price,
        "adl_risk_percent": "3",
        "position_mode": "single_side",
        "new_risk_rate": None,
    }


def account_row(quote: str, margin: MarginView) -> Row:
    """The cross account."""
    used = margin.position_margin + margin.order_margin
    risk = round(margin.equity / used, 18) if used else None
    return {
        "margin_mode": CROSS,
        "margin_account": quote,
        "margin_asset": quote,
        "margin_balance": margin.equity,
        "margin_static": margin.wallet,
        "margin_position": margin.position_margin,
        "margin_frozen": margin.order_margin,
        "profit_real": Decimal(0),
        "profit_unreal": margin.unrealised,
        "withdraw_available": min(margin.available, margin.wallet),
        "margin_available": margin.available,
        "risk_rate": risk,
        "new_risk_rate": risk,
        "position_mode": "single_side",
        "trade_partition": quote,
        "money_in": 0,
        "money_out": 0,
    }
