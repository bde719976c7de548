"""ccxt's orders, trades, balances and positions as reports.

The client's account has orders of other instruments and of other people too: a row of an instrument that the
desk does not trade is left out. Each reader raises DecodeError that names the field; a status that ccxt does
not document is no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.errors import DecodeError, DecodeKind
from trimaran.base.limits import PRICE_TICKS_MAX, SIZE_LOTS_MAX
from trimaran.books.decimal_text import steps_of
from trimaran.domain.account import FillId, Liquidity, VenueOrderId
from trimaran.domain.client_id import ClientOrderId, decode_client_id, decode_client_id_decimal
from trimaran.domain.instrument import Asset, Instrument, MarketName, Side, Symbol
from trimaran.domain.orders import OrderState, OrderType, TimeInForce
from trimaran.domain.reports import BalanceReport, FillReport, MarginMode, OrderReport, PositionReport
from trimaran.venues.bridge.messages import BalanceRow, OrderRow, PositionRow, TradeRow
from trimaran.venues.wire.instrument_list import decimal_of
from trimaran.venues.wire.market_spec import MS

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
TIFS: Final = {
    "GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "PO": TimeInForce.POST_ONLY
}  # fmt: skip
ENDS: Final = {
    "canceled": OrderState.CANCELED, "expired": OrderState.EXPIRED, "rejected": OrderState.REJECTED
}  # fmt: skip
ROLES: Final = {"maker": Liquidity.MAKER, "taker": Liquidity.TAKER}
MODES: Final = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


class Desk(msgspec.Struct, frozen=True):
    """What the readers know of the desk's side."""

    market: MarketName
    instruments: Mapping[Symbol, Instrument]
    decimal_ids: bool = False
    fees_turned: bool = False  # ccxt has the sign of this market's fees the wrong way round

    def client_id(self, text: str) -> ClientOrderId | None:
        """The id that a text is; None for one that is not ours."""
        try:
            return decode_client_id_decimal(text) if self.decimal_ids else decode_client_id(text)
        except DecodeError:
            return None

    def instrument(self, symbol: str) -> Instrument | None:
        """None for one that the desk does not trade."""
        return self.instruments.get(Symbol(symbol))


def order_report(row: OrderRow, desk: Desk, local_ns: int) -> OrderReport | None:
    """An order; None for one of an instrument that the desk does not trade."""
    instrument = desk.instrument(row.symbol)
    if instrument is None:
        return None
    lots = _lots("amount", row.amount, instrument)
    filled_lots = _lots("filled", row.filled, instrument)
    return OrderReport(
        instrument_key=instrument.key,
        venue_order_id=_venue_id(row.id),
        client_order_id=desk.client_id(row.client_id),
        client_text=row.client_id,
        state=_state(row.status, lots, filled_lots),
        side=_side(row.side),
        order_type=OrderType.MARKET if row.type == "market" else OrderType.LIMIT,
        tif=TimeInForce.POST_ONLY if row.post_only else TIFS.get(row.tif),
        price_ticks=steps_of(row.price, instrument.price_grid, PRICE_TICKS_MAX, "price") if row.price else 0,
        lots=lots,
        filled_lots=filled_lots,
        average_price=decimal_of("average", row.average),
        reduce_only=row.reduce_only,
        reason=row.status,
        created_ns=row.created_ms * MS,
        venue_ns=row.ms * MS,
        local_ns=local_ns,
    )


def fill_report(row: TradeRow, desk: Desk, local_ns: int) -> FillReport | None:
    """A trade of ours. Its fee is in the asset that ccxt names, positive when paid."""
    instrument = desk.instrument(row.symbol)
    if instrument is None:
        return None
    if not row.id:
        raise DecodeError(DecodeKind.SCHEMA, "id", "a trade id", row.id)
    return FillReport(
        fill_id=FillId(row.id),
        instrument_key=instrument.key,
        venue_order_id=_venue_id(row.order),
        client_order_id=None,
        side=_side(row.side),
        price_ticks=steps_of(row.price, instrument.price_grid, PRICE_TICKS_MAX, "price"),
        lots=steps_of(row.amount, instrument.size_grid, SIZE_LOTS_MAX, "amount"),
        liquidity=ROLES.get(row.role, Liquidity.TAKER),
        fee=_fee(row, desk),
        fee_asset=Asset(row.fee_asset.upper() or instrument.quote),
        venue_ns=row.ms * MS,
        local_ns=local_ns,
    )


def balance_report(row: BalanceRow, desk: Desk, venue_ns: int, local_ns: int) -> BalanceReport:
    """One asset; ccxt does not say when it was so, and `venue_ns` is the time of the question."""
    return BalanceReport(
        market=desk.market,
        asset=Asset(row.asset.upper()),
        total=decimal_of("total", row.total),
        free=decimal_of("free", row.free),
        venue_ns=venue_ns,
        local_ns=local_ns,
    )


def position_report(row: PositionRow, desk: Desk, local_ns: int) -> PositionReport | None:
    """A position."""
    instrument = desk.instrument(row.symbol)
    if instrument is None:
        return None
    if row.side not in ("long", "short"):
        raise DecodeError(DecodeKind.SCHEMA, "side", "long or short", row.side)
    lots = steps_of(row.contracts, instrument.size_grid, SIZE_LOTS_MAX, "contracts")
    return PositionReport(
        instrument_key=instrument.key,
        lots=lots if row.side == "long" else -lots,
        entry_price=decimal_of("entry", row.entry),
        mark_price=decimal_of("mark", row.mark),
        liquidation_price=decimal_of("liquidation", row.liquidation),
        unrealised=decimal_of("unrealised", row.unrealised),
        leverage=decimal_of("leverage", row.leverage),
        margin_mode=MODES.get(row.mode),
        venue_ns=row.ms * MS,
        local_ns=local_ns,
    )


def _state(status: str, lots: int, filled_lots: int) -> OrderState:
    """`closed` is the end of an order that was filled, whole unless its size says otherwise."""
    if status in ENDS:
        return ENDS[status]
    if status == "closed":
        return OrderState.CANCELED if filled_lots < lots else OrderState.FILLED
    if status in ("open", "canceling"):
        return OrderState.PARTIALLY_FILLED if filled_lots else OrderState.ACKED
    raise DecodeError(DecodeKind.SCHEMA, "status", "a status of ccxt", status)


def _fee(row: TradeRow, desk: Desk) -> Decimal | None:
    fee = decimal_of("fee", row.fee) if row.fee_asset else None
    return -fee if fee is not None and desk.fees_turned else fee


def _venue_id(text: str) -> VenueOrderId:
    if not text:
        raise DecodeError(DecodeKind.SCHEMA, "order id", "an id", text)
    return VenueOrderId(text)


def _side(text: str) -> Side:
    if text not in SIDES:
        raise DecodeError(DecodeKind.SCHEMA, "side", "buy or sell", text)
    return SIDES[text]


def _lots(field: str, text: str, instrument: Instrument) -> int:
    return steps_of(text, instrument.size_grid, SIZE_LOTS_MAX, field) if text else 0
