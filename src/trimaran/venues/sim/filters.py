"""What a venue checks of an order before it looks at money: grids, sizes, values, bands, combinations."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from trimaran.base.limits import PRICE_TICKS_MAX
from trimaran.venues.sim.tradable import DIGITS_MAX, ORDER_LOTS_MAX, Tradable
from trimaran.venues.sim.trading import BUY, OrderSpec, OrderTypeSim, Refusal, Tif, VenueRules, Why
from trimaran.venues.sim.units import units_floor

TRIGGERED: Final = frozenset(
    (
        OrderTypeSim.STOP_MARKET,
        OrderTypeSim.STOP_LIMIT,
        OrderTypeSim.TAKE_PROFIT_MARKET,
        OrderTypeSim.TAKE_PROFIT_LIMIT,
    )
)
MARKET_TYPES: Final = frozenset(
    (OrderTypeSim.MARKET, OrderTypeSim.STOP_MARKET, OrderTypeSim.TAKE_PROFIT_MARKET)
)
STOPS: Final = frozenset((OrderTypeSim.STOP_MARKET, OrderTypeSim.STOP_LIMIT))
PERCENT: Final = 10_000  # bands are read to a hundredth of a per cent


class Numbers(msgspec.Struct, frozen=True, gc=False):
    """The numbers of an order on the grids of its instrument. 0: it has no such number."""

    price_ticks: int
    lots: int
    trigger_ticks: int
    display_lots: int
    quote_units: int


def numbers_of(tradable: Tradable, spec: OrderSpec, rules: VenueRules) -> Numbers | Refusal:
    """Reads and checks an order."""
    if spec.reduce_only and not tradable.perpetual:
        return Refusal(Why.UNSUPPORTED)
    priced = spec.type not in MARKET_TYPES
    if priced != (spec.price is not None) or (spec.type in TRIGGERED) != (spec.trigger_price is not None):
        return Refusal(Why.UNSUPPORTED)
    price_ticks = trigger_ticks = lots = display_lots = quote_units = 0
    if spec.price is not None:
        ticks = price_of(tradable, spec.price)
        if isinstance(ticks, Refusal):
            return ticks
        price_ticks = ticks
    if spec.trigger_price is not None:
        ticks = price_of(tradable, spec.trigger_price)
        if isinstance(ticks, Refusal):
            return ticks
        trigger_ticks = ticks
    if spec.quote_size is not None:
        if spec.size is not None or spec.type is not OrderTypeSim.MARKET or tradable.perpetual:
            return Refusal(Why.UNSUPPORTED)
        if not spec.quote_size.is_finite() or spec.quote_size <= 0:
            return Refusal(Why.TOO_SMALL)
        quote_units = units_floor(spec.quote_size) if spec.quote_size.adjusted() < DIGITS_MAX else 0
        if quote_units < max(1, tradable.notional_min):
            return Refusal(Why.NOTIONAL_TOO_SMALL, str(tradable.book.listing.instrument.min_notional))
    else:
        size = lots_of(tradable, spec.size)
        if isinstance(size, Refusal):
            return size
        lots = size
    if spec.display_size is not None:
        refusal = _bad_display(spec)
        shown = refusal or lots_of(tradable, spec.display_size)
        if isinstance(shown, Refusal):
            return shown
        display_lots = shown if shown < lots else 0
    refusal = limits_refusal(tradable, price_ticks or trigger_ticks, lots, spec.reduce_only)
    if price_ticks and spec.type is OrderTypeSim.LIMIT:
        refusal = refusal or band_refusal(tradable, spec.side, price_ticks, rules)
    return refusal or Numbers(price_ticks, lots, trigger_ticks, display_lots, quote_units)


def price_of(tradable: Tradable, price: Decimal) -> int | Refusal:
    """A price in ticks."""
    if not price.is_finite() or price <= 0:
        return Refusal(Why.BAD_PRICE)
    ticks = tradable.price_reader.steps(price)
    if ticks is None or ticks % tradable.book.rules.tick_factor:
        return Refusal(Why.BAD_TICK, str(tradable.book.tick()))
    return ticks if ticks <= PRICE_TICKS_MAX else Refusal(Why.BAD_PRICE)


def lots_of(tradable: Tradable, size: Decimal | None) -> int | Refusal:
    """A size in lots, within what one order may have."""
    if size is None:
        return Refusal(Why.UNSUPPORTED)
    if not size.is_finite() or size <= 0:
        return Refusal(Why.TOO_SMALL, str(tradable.book.smallest()))
    lots = tradable.size_reader.steps(size)
    if lots is None or lots % tradable.book.rules.lot_factor:
        return Refusal(Why.BAD_STEP, str(tradable.book.lot()))
    if lots < tradable.lots_min:
        return Refusal(Why.TOO_SMALL, str(tradable.book.smallest()))
    return lots if lots <= ORDER_LOTS_MAX else Refusal(Why.TOO_LARGE)


def limits_refusal(tradable: Tradable, price_ticks: int, lots: int, reduce_only: bool) -> Refusal | None:
    """The smallest value of an order; a market order's is judged by the mark price, reductions are free."""
    if tradable.notional_min and lots and not reduce_only:
        ticks = price_ticks or tradable.mark_ticks()
        if ticks * lots * tradable.value_unit < tradable.notional_min:
            return Refusal(Why.NOTIONAL_TOO_SMALL, str(tradable.book.listing.instrument.min_notional))
    return None


def band_refusal(tradable: Tradable, side: int, price_ticks: int, rules: VenueRules) -> Refusal | None:
    """A buy far above the mark price, or a sell far below it, is taken for a mistake."""
    band = int(rules.band * PERCENT)
    if band == 0:
        return None
    mark = tradable.mark_ticks()
    instrument = tradable.book.listing.instrument
    if side == BUY and price_ticks * PERCENT > mark * (PERCENT + band):
        return Refusal(Why.PRICE_BAND_HIGH, str(instrument.price(mark * (PERCENT + band) // PERCENT)))
    if side != BUY and price_ticks * PERCENT < mark * (PERCENT - band):
        return Refusal(Why.PRICE_BAND_LOW, str(instrument.price(-(-mark * (PERCENT - band) // PERCENT))))
    return None


def _bad_display(spec: OrderSpec) -> Refusal | None:
    """Only what may rest can be an iceberg."""
    rests = spec.type in (OrderTypeSim.LIMIT, OrderTypeSim.STOP_LIMIT, OrderTypeSim.TAKE_PROFIT_LIMIT)
    return None if rests and spec.tif in (Tif.GTC, Tif.POST_ONLY) else Refusal(Why.UNSUPPORTED)
