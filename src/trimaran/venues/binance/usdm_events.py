"""Binance USD-M's account events as reports.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams

A fill comes before the report of its order, so that an order that is over has all its fills. `TRADE_LITE`
tells a fill some milliseconds early and without its fee; `ORDER_TRADE_UPDATE` tells it again under the same
trade id, with the fee.

Of a conditional order that is triggered comes an ordinary order with a number of its own. From then on
`ALGO_UPDATE` goes by that number, so that whoever keeps our orders knows whose it is.

After a margin call everything is asked for anew: the prices at which positions are liquidated count now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.reports import BalanceReport, MarginMode, OrderReport, PositionReport
from trimaran.venues.binance.fields import (
    MS,
    Milliseconds,
    Number,
    amount,
    amount_or_none,
    client_id_of,
    lots_of,
    order_id_of,
    positive_or_none,
    side_of,
    signed_lots_of,
    ticks_of,
)
from trimaran.venues.binance.reports import AlgoBody, algo_report, fill_of, state_of, tif_of, traded, type_of
from trimaran.venues.binance.routes import Desk
from trimaran.venues.binance.spot_events import read_nothing, read_shutdown
from trimaran.venues.wire.instrument_list import asset_of
from trimaran.venues.wire.lines import LineEnded, LineMessage, Stale

_MARGIN_MODES: Final = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_ONE_WAY: Final = "BOTH"
_NO_REASON: Final = ("", "0", 0)


class _Order(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    client_text: str = msgspec.field(name="c")
    side: str = msgspec.field(name="S")
    type: str = msgspec.field(name="o")
    time_in_force: str = msgspec.field(name="f")
    size: str = msgspec.field(name="q")
    price: str = msgspec.field(name="p")
    status: str = msgspec.field(name="X")
    order_id: Number = msgspec.field(name="i")
    time: Milliseconds = msgspec.field(name="T")
    last_size: str = msgspec.field(name="l")
    filled_size: str = msgspec.field(name="z")
    last_price: str = msgspec.field(name="L")
    average_price: str = msgspec.field(name="ap", default="")
    trigger: str = msgspec.field(name="sp", default="")
    trade_id: Number = msgspec.field(name="t", default=0)
    fee: Decimal = msgspec.field(name="n", default=Decimal(0))
    realised: Decimal | None = msgspec.field(name="rp", default=None)
    fee_asset: str | None = msgspec.field(name="N", default=None)
    maker: bool = msgspec.field(name="m", default=False)
    reduce_only: bool = msgspec.field(name="R", default=False)
    original_type: str = msgspec.field(name="ot", default="")
    expiry_reason: str | int = msgspec.field(name="er", default="")


class _OrderUpdate(msgspec.Struct):
    order: _Order = msgspec.field(name="o")


class _Wallet(msgspec.Struct):
    asset: str = msgspec.field(name="a")
    balance: Decimal = msgspec.field(name="wb")


class _Position(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    size: str = msgspec.field(name="pa")
    entry_price: str = msgspec.field(name="ep", default="")
    unrealised: str = msgspec.field(name="up", default="")
    margin_type: str = msgspec.field(name="mt", default="")
    side: str = msgspec.field(name="ps", default=_ONE_WAY)


class _Changes(msgspec.Struct):
    balances: list[_Wallet] = msgspec.field(name="B", default_factory=list)
    positions: list[_Position] = msgspec.field(name="P", default_factory=list)


class _AccountUpdate(msgspec.Struct):
    time: Milliseconds = msgspec.field(name="T")
    changes: _Changes = msgspec.field(name="a")


class _TradeLite(msgspec.Struct):
    time: Milliseconds = msgspec.field(name="T")
    symbol: str = msgspec.field(name="s")
    side: str = msgspec.field(name="S")
    client_text: str = msgspec.field(name="c")
    last_price: str = msgspec.field(name="L")
    last_size: str = msgspec.field(name="l")
    trade_id: Number = msgspec.field(name="t")
    order_id: Number = msgspec.field(name="i")
    maker: bool = msgspec.field(name="m", default=False)


class _Algo(msgspec.Struct):
    client_text: str = msgspec.field(name="caid")
    algo_id: Number = msgspec.field(name="aid")
    type: str = msgspec.field(name="o")
    symbol: str = msgspec.field(name="s")
    side: str = msgspec.field(name="S")
    size: str = msgspec.field(name="q")
    status: str = msgspec.field(name="X")
    trigger: str = msgspec.field(name="tp")
    time_in_force: str = msgspec.field(name="f", default="")
    price: str = msgspec.field(name="p", default="")
    child: str = msgspec.field(name="ai", default="")  # number of the order that came of it
    filled_price: str = msgspec.field(name="ap", default="")
    filled_size: str = msgspec.field(name="aq", default="")
    reduce_only: bool = msgspec.field(name="R", default=False)
    reason: str = msgspec.field(name="rm", default="")


class _AlgoUpdate(msgspec.Struct):
    time: Milliseconds = msgspec.field(name="T")
    order: _Algo = msgspec.field(name="o")


_ORDER_UPDATE: Final = msgspec.json.Decoder(_OrderUpdate)
_ACCOUNT_UPDATE: Final = msgspec.json.Decoder(_AccountUpdate)
_TRADE_LITE: Final = msgspec.json.Decoder(_TradeLite)
_ALGO_UPDATE: Final = msgspec.json.Decoder(_AlgoUpdate)


def read_order(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`ORDER_TRADE_UPDATE`: an order's change, after its fill where there was one."""
    order = _ORDER_UPDATE.decode(body).order
    instrument = traded(desk.by_symbol, order.symbol)
    if instrument is None:
        return ()
    price_ticks = ticks_of(instrument, order.price, "p")
    filled = lots_of(instrument, order.filled_size, "z")
    name = order.original_type or order.type
    order_type = type_of(name, price_ticks)
    report = OrderReport(
        instrument_key=instrument.key,
        venue_order_id=order_id_of(order.order_id),
        client_order_id=client_id_of(order.client_text),
        client_text=order.client_text,
        state=state_of(order.status, filled, order_type, "X"),
        side=side_of(order.side, "S"),
        order_type=order_type,
        tif=tif_of(name, order.time_in_force),
        price_ticks=price_ticks,
        lots=lots_of(instrument, order.size, "q"),
        filled_lots=filled,
        average_price=positive_or_none(order.average_price, "ap"),
        trigger_ticks=ticks_of(instrument, order.trigger or "0", "sp"),
        reduce_only=order.reduce_only,
        reason="" if order.expiry_reason in _NO_REASON else str(order.expiry_reason),
        venue_ns=order.time * MS,
        local_ns=local_ns,
    )
    if order.trade_id <= 0 or not lots_of(instrument, order.last_size, "l"):
        return (report,)
    fill = fill_of(
        instrument,
        order.trade_id,
        order.order_id,
        report.client_order_id,
        side=report.side,
        price=order.last_price,
        size=order.last_size,
        maker=order.maker,
        fee=(order.fee, order.fee_asset or ("" if order.fee else instrument.quote)),
        times=(order.time, local_ns),
        realised=order.realised,
    )
    return (fill, report)


def read_trade_lite(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`TRADE_LITE`: a fill, early and without its fee."""
    event = _TRADE_LITE.decode(body)
    instrument = traded(desk.by_symbol, event.symbol)
    if instrument is None:
        return ()
    fill = fill_of(
        instrument,
        event.trade_id,
        event.order_id,
        client_id_of(event.client_text),
        side=side_of(event.side, "S"),
        price=event.last_price,
        size=event.last_size,
        maker=event.maker,
        fee=(None, ""),
        times=(event.time, local_ns),
    )
    return (fill,)


def read_algo(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`ALGO_UPDATE`: a conditional order's change."""
    event = _ALGO_UPDATE.decode(body)
    order = event.order
    instrument = traded(desk.by_symbol, order.symbol)
    if instrument is None:
        return ()
    answer = AlgoBody(
        algo_id=order.algo_id,
        client_algo_id=order.client_text,
        symbol=order.symbol,
        side=order.side,
        order_type=order.type,
        algo_status=order.status,
        quantity=order.size,
        trigger_price=order.trigger,
        price=order.price,
        time_in_force=order.time_in_force,
        reduce_only=order.reduce_only,
        actual_order_id=order.child,
        actual_qty=order.filled_size,
        actual_price=order.filled_price,
        update_time=event.time,
    )
    report = algo_report(answer, instrument, local_ns)
    return (msgspec.structs.replace(report, reason=order.reason),)


def read_account(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`ACCOUNT_UPDATE`: balances and positions that changed. It does not say what is free."""
    event = _ACCOUNT_UPDATE.decode(body)
    messages: list[LineMessage] = [
        BalanceReport(
            market=desk.words.spec.market,
            asset=asset_of("a", wallet.asset),
            total=amount(wallet.balance, "wb"),
            free=None,
            venue_ns=event.time * MS,
            local_ns=local_ns,
        )
        for wallet in event.changes.balances
    ]
    for position in event.changes.positions:
        if position.side == _ONE_WAY:
            messages += _position(desk, position, event.time, local_ns)
        else:
            messages.append(
                Stale(f"a {position.side} side of {position.symbol}: the account is in hedge mode")
            )
    return messages


def _position(desk: Desk, row: _Position, time_ms: int, local_ns: int) -> Sequence[PositionReport]:
    instrument = traded(desk.by_symbol, row.symbol)
    if instrument is None:
        return ()
    lots = signed_lots_of(instrument, row.size, "pa")
    report = PositionReport(
        instrument_key=instrument.key,
        lots=lots,
        entry_price=positive_or_none(row.entry_price, "ep") if lots else None,
        unrealised=amount_or_none(row.unrealised, "up") if lots else None,
        margin_mode=_MARGIN_MODES.get(row.margin_type),
        venue_ns=time_ms * MS,
        local_ns=local_ns,
    )
    return (report,)


def _read_expired(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    return (LineEnded("the listen key has expired"),)


def _read_margin_call(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    return (Stale("margin call"),)


USDM_EVENTS: Final[Mapping[str, Callable[[Desk, bytes, int], Sequence[LineMessage]]]] = {
    "ORDER_TRADE_UPDATE": read_order,
    "TRADE_LITE": read_trade_lite,
    "ALGO_UPDATE": read_algo,
    "ACCOUNT_UPDATE": read_account,
    "listenKeyExpired": _read_expired,
    "MARGIN_CALL": _read_margin_call,
    "ACCOUNT_CONFIG_UPDATE": read_nothing,
    "STRATEGY_UPDATE": read_nothing,
    "GRID_UPDATE": read_nothing,
    "CONDITIONAL_ORDER_TRIGGER_REJECT": read_nothing,  # ALGO_UPDATE says it too
    "serverShutdown": read_shutdown,
}
