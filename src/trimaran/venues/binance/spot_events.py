"""Binance spot's account events as reports.

    https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream

A fill comes before the report of its order, so that an order that is over has all its fills. `C` is the
order's own id where `c` is that of a cancel or of an amendment.

A deposit or a transfer (`balanceUpdate`) comes with an `outboundAccountPosition`, which says the balance
itself; a lock from outside (`externalLockUpdate`) does not, hence the order to ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.reports import BalanceReport, OrderReport
from trimaran.venues.binance.fields import (
    MS,
    Milliseconds,
    Number,
    amount,
    amount_or_none,
    average_price,
    client_id_of,
    lots_of,
    order_id_of,
    side_of,
    ticks_of,
    total,
)
from trimaran.venues.binance.reports import fill_of, state_of, tif_of, traded, type_of
from trimaran.venues.binance.routes import Desk
from trimaran.venues.wire.instrument_list import asset_of
from trimaran.venues.wire.lines import LineEnded, LineMessage, LineShutdown, Stale

_NO_REASON: Final = "NONE"


class _Execution(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    client_text: str = msgspec.field(name="c")
    side: str = msgspec.field(name="S")
    type: str = msgspec.field(name="o")
    time_in_force: str = msgspec.field(name="f")
    size: str = msgspec.field(name="q")
    price: str = msgspec.field(name="p")
    execution: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    order_id: Number = msgspec.field(name="i")
    last_size: str = msgspec.field(name="l")
    filled_size: str = msgspec.field(name="z")
    last_price: str = msgspec.field(name="L")
    time: Milliseconds = msgspec.field(name="T")
    trade_id: Number = msgspec.field(name="t", default=-1)
    original_text: str = msgspec.field(name="C", default="")
    trigger: str = msgspec.field(name="P", default="")
    reject_reason: str = msgspec.field(name="r", default="")
    expiry_reason: str = msgspec.field(name="eR", default="")
    fee: Decimal = msgspec.field(name="n", default=Decimal(0))
    fee_asset: str | None = msgspec.field(name="N", default=None)
    maker: bool = msgspec.field(name="m", default=False)
    created: Milliseconds = msgspec.field(name="O", default=0)
    filled_value: str = msgspec.field(name="Z", default="")


class _Held(msgspec.Struct):
    asset: str = msgspec.field(name="a")
    free: Decimal = msgspec.field(name="f")
    locked: Decimal = msgspec.field(name="l")


class _AccountPosition(msgspec.Struct):
    sent: Milliseconds = msgspec.field(name="E")
    held: list[_Held] = msgspec.field(name="B")
    updated: Milliseconds = msgspec.field(name="u", default=0)


_EXECUTION: Final = msgspec.json.Decoder(_Execution)
_ACCOUNT_POSITION: Final = msgspec.json.Decoder(_AccountPosition)


def read_execution(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`executionReport`: an order's change, after its fill where there was one."""
    event = _EXECUTION.decode(body)
    instrument = traded(desk.by_symbol, event.symbol)
    if instrument is None:
        return ()
    text = _order_text(event)
    filled = lots_of(instrument, event.filled_size, "z")
    price_ticks = ticks_of(instrument, event.price, "p")
    order_type = type_of(event.type, price_ticks)
    report = OrderReport(
        instrument_key=instrument.key,
        venue_order_id=order_id_of(event.order_id),
        client_order_id=client_id_of(text),
        client_text=text,
        state=state_of(event.status, filled, order_type, "X"),
        side=side_of(event.side, "S"),
        order_type=order_type,
        tif=tif_of(event.type, event.time_in_force),
        price_ticks=price_ticks,
        lots=lots_of(instrument, event.size, "q"),
        filled_lots=filled,
        average_price=_average(event) if filled else None,
        trigger_ticks=ticks_of(instrument, event.trigger or "0", "P"),
        reason=event.expiry_reason or event.reject_reason.replace(_NO_REASON, ""),
        created_ns=event.created * MS,
        venue_ns=event.time * MS,
        local_ns=local_ns,
    )
    if event.execution != "TRADE":
        return (report,)
    fill = fill_of(
        instrument,
        event.trade_id,
        event.order_id,
        report.client_order_id,
        side=report.side,
        price=event.last_price,
        size=event.last_size,
        maker=event.maker,
        fee=(event.fee, event.fee_asset or ("" if event.fee else instrument.quote)),
        times=(event.time, local_ns),
    )
    return (fill, report)


def read_account_position(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`outboundAccountPosition`: the assets whose balance may have changed."""
    event = _ACCOUNT_POSITION.decode(body)
    return tuple(
        BalanceReport(
            market=desk.words.spec.market,
            asset=asset_of("a", held.asset),
            total=total(amount(held.free, "f"), amount(held.locked, "l")),
            free=held.free,
            venue_ns=(event.updated or event.sent) * MS,
            local_ns=local_ns,
        )
        for held in event.held
    )


def read_nothing(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """An event that says nothing that another one does not say."""
    return ()


def read_shutdown(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    """`serverShutdown`: in about ten minutes."""
    return (LineShutdown(),)


def _read_terminated(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    return (LineEnded("the event stream was terminated"),)


def _read_lock(desk: Desk, body: bytes, local_ns: int) -> Sequence[LineMessage]:
    return (Stale("a balance was locked or released from outside"),)


def _order_text(event: _Execution) -> str:
    """The order's own client id: the original one where it is ours, or where the other is a cancel's."""
    original = event.original_text
    if original and (event.execution == "CANCELED" or client_id_of(original) is not None):
        return original
    return event.client_text


def _average(event: _Execution) -> Decimal | None:
    value, size = amount_or_none(event.filled_value, "Z"), amount_or_none(event.filled_size, "z")
    return average_price(value, size) if value is not None and size is not None else None


SPOT_EVENTS: Final[Mapping[str, Callable[[Desk, bytes, int], Sequence[LineMessage]]]] = {
    "executionReport": read_execution,
    "outboundAccountPosition": read_account_position,
    "balanceUpdate": read_nothing,
    "listStatus": read_nothing,  # of order lists, which we do not place
    "externalLockUpdate": _read_lock,
    "eventStreamTerminated": _read_terminated,
    "serverShutdown": read_shutdown,
}
