"""The durable half of the state: orders, groups, the ledger and the kill switch; a fold of facts.

Its hash is the state hash of a desk: two desks that have seen the same account events and made the same
decisions have the same one, whatever their books were doing.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from decimal import Decimal, localcontext

import msgspec

from trimaran.domain.account import Fill
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId
from trimaran.domain.decision import KillState
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.facts import ClosedLeg, GroupClosed, OrderStateChanged, Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey
from trimaran.domain.orders import (
    TERMINAL,
    GroupId,
    OrderEvent,
    OrderRequest,
    OrderState,
    StrategyName,
    advance,
    fill_event,
)
from trimaran.ledger.ledger import Ledger
from trimaran.risk.context import OpenOrder


class OrderRecord(msgspec.Struct):
    """An order and where it is in its life."""

    order: OrderRequest
    state: OrderState
    filled_lots: int
    base_fee: Decimal = ZERO  # what the venue took from the base asset that was bought


class GroupRecord(msgspec.Struct, frozen=True):
    """The orders of one decision."""

    strategy: StrategyName
    purpose: Purpose
    orders: tuple[ClientOrderId, ...]


class Durable:
    """See the module. Only `engine.step` calls the methods that change something."""

    def __init__(self, instruments: Mapping[InstrumentKey, Instrument], counter: ClientIdCounter) -> None:
        self.instruments = instruments
        self.ledger = Ledger(instruments)
        self.kill = KillState.RUNNING
        self.counter = counter
        self.group_sequence = 0
        self.groups_closed = 0
        self.orders: dict[ClientOrderId, OrderRecord] = {}
        self.working: dict[ClientOrderId, OrderRecord] = {}
        self.groups: dict[GroupId, GroupRecord] = {}
        self.recent: deque[OrderRequest] = deque()
        self.frozen: dict[InstrumentKey, str] = {}  # where something was contradictory, and what
        self._ended: deque[tuple[int, ClientOrderId]] = deque()  # (when its group closed, order)
        self._ended_hash = 0  # exclusive or of the hashes of forgotten orders

    def take_client_id(self) -> ClientOrderId:
        """The next client order id; it is never given twice."""
        client_order_id, self.counter = self.counter.take()
        return client_order_id

    def take_group_id(self, strategy: StrategyName) -> GroupId:
        """The next group id."""
        self.group_sequence += 1
        return GroupId(f"{strategy}-{self.counter.epoch}-{self.group_sequence}")

    def open_group(self, group: GroupId, record: GroupRecord, orders: tuple[OrderRequest, ...]) -> None:
        """Adds approved orders, all of one group."""
        self.groups[group] = record
        for order in orders:
            entry = OrderRecord(order, OrderState.NEW, 0)
            self.orders[order.client_order_id] = entry
            self.working[order.client_order_id] = entry
            self.recent.append(order)

    def forget_recent(self, before_ns: int) -> None:
        """Drops approvals that no window of risk reaches any more."""
        while self.recent and self.recent[0].created_ns < before_ns:
            self.recent.popleft()

    def forget_ended(self, before_ns: int) -> None:
        """Drops orders whose group closed before; an event about one of them is not ours any more."""
        while self._ended and self._ended[0][0] < before_ns:
            record = self.orders.pop(self._ended.popleft()[1])
            self._ended_hash ^= _hash_of(record)

    def move(
        self, client_order_id: ClientOrderId, event: OrderEvent, reason: str, now_ns: int
    ) -> OrderStateChanged | None:
        """Moves an order in the state table. None when the state stays. Raises IllegalTransition."""
        record = self.orders[client_order_id]
        before, after = record.state, advance(record.state, event)
        record.state = after
        if after in TERMINAL:
            self.working.pop(client_order_id, None)
        if after is before and event not in (OrderEvent.PARTIAL_FILL, OrderEvent.FULL_FILL):
            return None
        return OrderStateChanged(
            client_order_id,
            record.order.instrument_key,
            before,
            event,
            after,
            record.filled_lots,
            reason,
            now_ns,
        )

    def overfill(self, fill: Fill) -> str | None:
        """What is wrong with a new fill that exceeds its order; None for any other."""
        record = self.orders[fill.client_order_id]
        total = record.filled_lots + fill.lots
        if total <= record.order.lots:
            return None
        return f"fill {fill.fill_id}: expected at most {record.order.lots} lots in total, found {total}"

    def add_fill(self, fill: Fill) -> OrderEvent:
        """Counts a new fill; the event that it is. One beyond the order completes it all the same."""
        record = self.orders[fill.client_order_id]
        record.filled_lots += fill.lots
        if fill.fee_asset == self.instruments[fill.instrument_key].base:
            with localcontext(EXACT):
                record.base_fee += fill.fee
        return fill_event(min(record.filled_lots, record.order.lots), record.order.lots)

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Every order that may still fill."""
        return tuple(
            OpenOrder(r.order, self.instruments[r.order.instrument_key], r.order.lots - r.filled_lots)
            for r in self.working.values()
            if r.filled_lots < r.order.lots
        )

    def closed_group(self, client_order_id: ClientOrderId, now_ns: int) -> GroupClosed | None:
        """The group of an order, once all of its orders have ended; each group is reported once."""
        group = self.orders[client_order_id].order.group
        if group is None or group not in self.groups:
            return None
        record = self.groups[group]
        entries = [self.orders[each] for each in record.orders]
        if any(entry.state not in TERMINAL for entry in entries):
            return None
        del self.groups[group]
        self.groups_closed += 1
        legs = tuple(
            ClosedLeg(
                e.order.client_order_id, e.order.instrument_key, e.order.side, e.order.lots, e.filled_lots
            )
            for e in entries
        )
        with localcontext(EXACT):
            residual = -sum((entry.base_fee for entry in entries), start=ZERO)
            for leg in legs:
                residual += self.instruments[leg.instrument_key].size(leg.filled_lots) * leg.side.sign
        self._ended.extend((now_ns, order) for order in record.orders)
        return GroupClosed(group, record.strategy, record.purpose, legs, residual, now_ns)

    def state_hash(self) -> int:
        """64 bits over orders, groups, ledger, kill switch and counters."""
        orders = self._ended_hash
        for record in self.orders.values():
            orders ^= _hash_of(record)
        scalars = (self.ledger.state_hash(), orders, self.kill, self.counter, self.group_sequence)
        return _hash64(repr((scalars, sorted(self.groups), sorted(self.frozen.items()))).encode())


def _hash_of(record: OrderRecord) -> int:
    return _hash64(msgspec.json.encode(record))


def _hash64(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
