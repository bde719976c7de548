"""Groups: the orders of one decision, when they have all ended, and what they leave behind.

What a group bought less what it sold, fees taken in coins included, is owed: its strategy gives it back on
the instrument of the heavier side. A fill that is heard after its group was closed is owed too, on its own
instrument. Groups that trade for the sake of it (`Purpose.EXECUTE`) owe nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.facts import ClosedLeg, GroupClosed, Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey, Side
from trimaran.domain.orders import GroupId, StrategyName
from trimaran.engine.orders import OrderEntry


class GroupEntry(msgspec.Struct):
    """A group with at least one order that has not ended. Of an intent it has the newest attempt."""

    strategy: StrategyName
    purpose: Purpose
    orders: list[ClientOrderId]


class Groups:
    """Open groups and what is owed. Only `engine/durable.py` and `engine/accounts.py` change them."""

    def __init__(self) -> None:
        self.open: dict[GroupId, GroupEntry] = {}
        self.closed = 0
        self.owed: dict[StrategyName, dict[InstrumentKey, Decimal]] = {}

    def close(
        self,
        group: GroupId,
        entries: Sequence[OrderEntry],
        instruments: Mapping[InstrumentKey, Instrument],
        now_ns: int,
    ) -> GroupClosed:
        """Every order of a group has ended."""
        entry = self.open.pop(group)
        self.closed += 1
        legs: list[ClosedLeg] = []
        residual = ZERO
        for each in entries:
            order = each.order
            legs.append(
                ClosedLeg(
                    order.client_order_id, order.instrument_key, order.side, order.lots, each.filled_lots
                )
            )
            if each.filled_lots:
                size = instruments[order.instrument_key].size(each.filled_lots)
                add = EXACT.add if order.side is Side.BUY else EXACT.subtract
                residual = EXACT.subtract(add(residual, size), each.base_fee)
        if residual and entry.purpose is not Purpose.EXECUTE:
            heavier = Side.BUY if residual > 0 else Side.SELL
            first = next((leg for leg in legs if leg.side is heavier), legs[0])
            self.owe(entry.strategy, first.instrument_key, residual)
        return GroupClosed(group, entry.strategy, entry.purpose, tuple(legs), residual, now_ns)

    def owe(self, strategy: StrategyName, key: InstrumentKey, size: Decimal) -> None:
        """Adds to what a strategy is to give back; nothing that is zero is kept."""
        owed = self.owed.setdefault(strategy, {})
        total = EXACT.add(owed.pop(key, ZERO), size)
        if total:
            owed[key] = total
