"""Where the first records of a journal are gone: the tables begin with the state after them. Pure.

The totals of the ledger are one booking, orders stand as they were then, and what led there is not told.
"""

from __future__ import annotations

import msgspec

from trimaran.domain.instrument import Instrument
from trimaran.domain.orders import OrderRequest, OrderState
from trimaran.domain.records import InstrumentsListed
from trimaran.ledger.image import LedgerImage
from trimaran.storage.projection.row import Insert, Row
from trimaran.storage.projection.rows import Projection


class OpeningOrder(msgspec.Struct, frozen=True):
    """An order that is remembered."""

    order: OrderRequest
    state: OrderState
    filled_lots: int
    venue_order_id: str
    changed_ns: int


class Opening(msgspec.Struct, frozen=True):
    """The state after record `sequence`."""

    sequence: int
    local_ns: int
    instruments: tuple[Instrument, ...]
    ledger: LedgerImage
    orders: tuple[OpeningOrder, ...]


def opening_rows(opening: Opening) -> list[Row]:
    """The rows that stand for everything up to there."""
    projection, sequence = Projection(), opening.sequence
    rows = projection.take(sequence, InstrumentsListed(opening.instruments, opening.local_ns))
    for each in opening.orders:
        order, event = projection.order_rows(sequence, each.order, each.changed_ns, None)
        assert isinstance(order, Insert)
        then = {
            "state": each.state.name.lower(),
            "filled_lots": each.filled_lots,
            "venue_order_id": each.venue_order_id or None,
        }
        rows += [Insert(order.table, {**order.values, **then}), event]
    for number, total in enumerate(opening.ledger.totals):
        values = {
            "sequence": sequence,
            "entry": number,
            "market": total.market,
            "account": total.account.value,
            "asset": total.asset,
            "amount": total.amount,
            "venue_ns": 0,
            "local_ns": opening.local_ns,
        }
        rows.append(Insert("postings", values))
    return rows
