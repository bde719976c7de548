"""Orders, fills, positions and balances as the newer contract API (`/v5`) of the simulated HTX writes them.

Everything is text but for leverages and flags. An order without an id of the client's has the venue's as
both. The fee of an order is below zero when it was paid, that of a fill above, as seen on the venue.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from trimaran.domain.instrument import Instrument
from trimaran.venues.htx.simulator import swap_wire
from trimaran.venues.htx.simulator.calls import average_price, plain_text, size_of, value_of
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.trading import (
    EndReason,
    MarginView,
    SimFill,
    SimOrder,
    SimPosition,
    Status,
    Tif,
)

_STATES: Final = {
    Status.WAITING: "new",
    Status.NEW: "new",
    Status.PARTIALLY_FILLED: "partially_filled",
    Status.FILLED: "filled",
    Status.REJECTED: "rejected",
}
_TIFS: Final = {Tif.GTC: "gtc", Tif.IOC: "ioc", Tif.FOK: "fok", Tif.POST_ONLY: "gtc"}
_NO_TARGETS: Final = {
    f"{name}{field}": ""
    for name in ("tp_", "sl_")
    for field in ("trigger_price", "order_price", "type", "trigger_price_type")
}
Row = dict[str, Any]


def state_of(order: SimOrder) -> str:
    """The state of an order."""
    ended = "partially_canceled" if order.filled_lots else "canceled"
    return _STATES.get(order.status, ended)


def ids_of(order: SimOrder) -> Row:
    """Both ids."""
    number = str(swap_wire.wire_id(order))
    return {"order_id": number, "client_order_id": order.client_id or number}


def type_of(order: SimOrder) -> str:
    """market, limit or post_only."""
    if order.type in swap_wire.MARKET_TYPES:
        return "market"
    return "post_only" if order.tif is Tif.POST_ONLY else "limit"


def order_row(instrument: Instrument, order: SimOrder, moment: Moment) -> Row:
    """An order."""
    fees = swap_wire.fees_of(order)
    ended = order.end_reason is not EndReason.NONE
    return {
        "id": str(swap_wire.wire_id(order)),
        **ids_of(order),
        "contract_code": instrument.symbol,
        "side": swap_wire.SIDES[order.side],
        "position_side": "both",
        "type": type_of(order),
        "price_match": None,
        "price": plain_text(instrument.price(order.price_ticks)),
        "volume": plain_text(size_of(instrument, order.lots)),
        "state": state_of(order),
        "profit": plain_text(order.realised),
        "real_profit": plain_text(order.realised),
        "margin_mode": swap_wire.mode_of(order),
        "lever_rate": order.extra.get("lever", 1),
        "order_source": "api",
        "reduce_only": order.reduce_only,
        "time_in_force": _TIFS[order.tif],
        "trade_avg_price": plain_text(average_price(instrument, order)),
        "trade_volume": plain_text(size_of(instrument, order.filled_lots)),
        "trade_turnover": plain_text(value_of(instrument, order.filled_value)),
        "fee_currency": instrument.quote if order.fees else "",
        "fee": plain_text(fees) if fees else "0",
        "price_protect": False,
        "contract_type": "swap",
        "created_time": str(moment.venue_ms(order.created_ns)),
        "updated_time": str(moment.venue_ms(order.updated_ns)),
        "cancel_reason": order.end_reason.value if ended else None,
        "self_match_prevent": "cancel_taker",
        **_NO_TARGETS,
    }


def fill_row(instrument: Instrument, order: SimOrder | None, fill: SimFill, moment: Moment) -> Row:
    """A fill, as queries answer it."""
    time_ms = str(moment.venue_ms(fill.time_ns))
    return {
        "id": str(fill.execution_id),
        "contract_code": instrument.symbol,
        "order_id": str(swap_wire.FIRST_ORDER + fill.order_id),
        "client_order_id": "" if order is None else ids_of(order)["client_order_id"],
        "trade_id": str(fill.trade_id),
        "side": swap_wire.SIDES[fill.side],
        "position_side": "both",
        "order_type": "1",
        "margin_mode": swap_wire.CROSS if order is None else swap_wire.mode_of(order),
        "type": "limit" if order is None else type_of(order),
        "role": "MAKER" if fill.maker else "TAKER",
        "trade_price": plain_text(instrument.price(fill.price_ticks)),
        "trade_volume": plain_text(size_of(instrument, fill.lots)),
        "trade_turnover": plain_text(value_of(instrument, fill.price_ticks * fill.lots)),
        "created_time": time_ms,
        "updated_time": time_ms,
        "order_source": "api",
        "fee_currency": fill.fee_asset,
        "trade_fee": plain_text(fill.fee),
        "deduction_price": "",
        "profit": plain_text(fill.realised),
        "contract_type": "swap",
    }


def pushed_fill(instrument: Instrument, order: SimOrder, fill: SimFill, moment: Moment) -> Row:
    """A fill as it is pushed: fast, and without its fee."""
    row = fill_row(instrument, order, fill, moment)
    names = (
        "contract_code", "order_id", "client_order_id", "trade_id", "position_side", "trade_price",
        "trade_volume", "trade_turnover", "contract_type", "created_time", "updated_time",
    )  # fmt: skip
    return {
        "direction": row["side"],
        "id": swap_wire.fill_id(fill),
        "role": row["role"].lower(),
        **{name: row[name] for name in names},
    }


def algo_row(instrument: Instrument, order: SimOrder, moment: Moment) -> Row:
    """An order that waits for its trigger, or did."""
    waiting = order.status is Status.WAITING
    state = "active" if waiting else "effective" if swap_wire.triggered(order) else "canceled"
    price = plain_text(instrument.price(order.price_ticks)) if order.price_ticks else ""
    trigger = plain_text(instrument.price(order.trigger_ticks))
    kind = str(order.extra.get("algo", "trigger"))
    row = {
        "id": str(order.order_id),
        "algo_id": str(swap_wire.wire_id(order)),
        "algo_client_order_id": order.client_id or None,
        "contract_code": instrument.symbol,
        "volume": plain_text(size_of(instrument, order.lots)),
        "type": kind,
        "state": state,
        "side": swap_wire.SIDES[order.side],
        "position_side": "both",
        "margin_mode": swap_wire.mode_of(order),
        "created_time": str(moment.venue_ms(order.created_ns)),
        "updated_time": str(moment.venue_ms(order.updated_ns)),
        "order_source": "api",
        "reduce_only": order.reduce_only,
    }
    if kind not in ("tp", "sl"):
        return {**row, "trigger_price": trigger, "price": price, "order_price": price}
    names = f"{kind}_trigger_price", f"{kind}_order_price", f"{kind}_type", f"{kind}_trigger_price_type"
    values = trigger, price or "0", "limit" if price else "market", "last"
    return {**row, **dict(zip(names, values, strict=True))}


def position_row(instrument: Instrument, position: SimPosition, last: Decimal, moment: Moment) -> Row:
    """A position that is open."""
    margin, profit = position.initial_margin, position.unrealised
    liquidation = position.liquidation_price
    time_ms = str(moment.venue_ms(position.updated_ns))
    size = plain_text(size_of(instrument, abs(position.lots)))
    rate = round(profit / margin, 4) if margin else Decimal(0)
    return {
        "contract_code": instrument.symbol,
        "symbol": instrument.base,
        "position_mode": "single_side",
        "position_side": "both",
        "direction": swap_wire.SIDES[position.lots < 0],
        "margin_mode": swap_wire.ISOLATED if position.isolated else swap_wire.CROSS,
        "open_avg_price": plain_text(position.entry_price),
        "volume": size,
        "available": size,
        "lever_rate": position.leverage,
        "adl_risk_percent": 3,
        "liquidation_price": "" if liquidation is None else plain_text(liquidation),
        "margin": plain_text(margin),
        "initial_margin": plain_text(margin),
        "maintenance_margin": plain_text(position.maintenance_margin),
        "profit_unreal": plain_text(profit),
        "profit": plain_text(position.realised),
        "profit_rate": plain_text(rate),
        "margin_rate": "0.0012",
        "mark_price": plain_text(position.mark_price),
        "last_price": plain_text(last),
        "margin_currency": instrument.quote,
        "contract_type": "swap",
        "created_time": time_ms,
        "updated_time": time_ms,
    }


def balance(margin: MarginView, time_ms: int) -> Row:
    """The account."""
    used = plain_text(margin.position_margin + margin.order_margin)
    free = plain_text(margin.available)
    equity, profit = plain_text(margin.equity), plain_text(margin.unrealised)
    held = plain_text(margin.maintenance_margin)
    times = {"created_time": 1_770_293_270_932, "updated_time": time_ms}
    shared = {
        "equity": equity,
        "initial_margin": used,
        "maintenance_margin": held,
        "maintenance_margin_rate": "0",
        "profit_unreal": profit,
        "available_margin": free,
        "voucher_value": "0",
        **times,
    }
    detail = {
        "currency": "USDT",
        **shared,
        "available": free,
        "initial_margin_rate": "0",
        "voucher": "0",
        "withdraw_available": plain_text(min(margin.available, margin.wallet)),
        "isolated_equity": "0",
        "isolated_profit_unreal": "0",
    }
    return {"state": "normal", **shared, "details": [detail]}
