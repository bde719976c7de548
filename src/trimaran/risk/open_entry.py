"""An open order, as far as risk must remember it beside what the core counts."""

from __future__ import annotations

from msgspec.structs import replace

from trimaran.domain.orders import OrderRequest


class OpenEntry:
    """An open order, as far as judging a change of it needs."""

    __slots__ = ("asked", "filled_lots", "instrument", "order", "strategy")

    def __init__(self, order: OrderRequest, instrument: int, strategy: int) -> None:
        self.order = order
        self.instrument = instrument
        self.strategy = strategy
        self.filled_lots = 0
        self.asked = (0, 0)  # price and lots of a change under way


def with_terms(order: OrderRequest, price_ticks: int, lots: int) -> OrderRequest:
    """The order with these terms."""
    if (order.price_ticks, order.lots) == (price_ticks, lots):
        return order
    return replace(order, price_ticks=price_ticks, lots=lots)
