"""The durable half of the state: orders, groups, money, trades, switches, limits, marks: a fold of records.

`apply` is the only way to change it. It reads no clock, no book and no setting, so that a journal that is
replayed gives the same state, and the same hash, as the process that wrote it. The hash says nothing about
books.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimaran.domain.client_id import ClientIdCounter, ClientOrderId, last_id_of, same_epoch
from trimaran.domain.facts import Fact, InstrumentReleased, LimitsChanged, OrderStateChanged, Purpose
from trimaran.domain.instrument import InstrumentKey
from trimaran.domain.orders import OrderEvent, OrderState, fill_event
from trimaran.domain.records import (
    AmendOpened,
    CancelOpened,
    EquityMarked,
    FreezeMoved,
    GroupOpened,
    Heard,
    InstrumentsListed,
    JournalRecord,
    KillMoved,
    LimitsSet,
    OrderAdopted,
    OrderReissued,
    RunOpened,
)
from trimaran.engine import accounts, image
from trimaran.engine.durable_state import DurableState
from trimaran.engine.groups import GroupEntry
from trimaran.engine.orders import OrderEntry
from trimaran.ledger.position import FLAT
from trimaran.ledger.regrid import regrid

REASONS: Final = {each: each.value for each in Purpose}


class Durable(DurableState):
    """See the module."""

    def apply(self, record: JournalRecord) -> tuple[Fact, ...]:
        """Takes one record; what has happened."""
        return tuple(_APPLY[type(record)](self, record))

    def image(self) -> image.DurableImage:
        """All of it as one value, that shares nothing which changes."""
        return image.image(self)

    def state_hash(self) -> int:
        """64 bits over orders, groups, ledger, switches, limits; made on demand."""
        return image.state_hash(self)


def _run_opened(durable: Durable, record: RunOpened) -> list[Fact]:
    assert record.epoch > durable.counter.epoch or not durable.orders, record
    durable.pass_to(record.local_ns)
    durable.last_id = last_id_of(ClientIdCounter(record.region, record.shard, record.epoch, record.sequence))
    return []


def _instruments_listed(durable: Durable, record: InstrumentsListed) -> list[Fact]:
    durable.pass_to(record.local_ns)
    durable.ledger.list_instruments(record.instruments)
    facts: list[Fact] = []
    for instrument in record.instruments:
        key = instrument.key
        before = durable.instruments.get(key)
        if before is not None and before != instrument:
            durable.trades.restate(before, instrument)
            change = regrid(before, instrument, FLAT)
            if not change.is_identity and (misfits := durable.book.restate(key, change.price, change.lots)):
                text = f"its grid has changed, and {misfits} orders at work have no whole numbers on it"
                facts += durable.freeze(key, text, record.local_ns)
        durable.instruments[key] = instrument
    return facts


def _group_opened(durable: Durable, record: GroupOpened) -> list[Fact]:
    durable.pass_to(record.local_ns)
    reason, now_ns = REASONS[record.purpose], record.local_ns
    owes = record.purpose is not Purpose.EXECUTE
    facts: list[Fact] = []
    ids: list[ClientOrderId] = []
    for order in record.orders:
        durable.book.add(OrderEntry(order, OrderState.SENDING, now_ns, owes=owes))
        ids.append(order.client_order_id)
        facts.append(_claimed(order.client_order_id, order.instrument_key, reason, now_ns))
    durable.groups.open[record.group] = GroupEntry(record.strategy, record.purpose, ids)
    if ids[-1] > durable.last_id and same_epoch(ids[-1], durable.last_id):
        durable.last_id = ids[-1]
    return facts


def _order_reissued(durable: Durable, record: OrderReissued) -> list[Fact]:
    """The record has the proof that the earlier attempt is absent: its group never closes between."""
    durable.pass_to(record.local_ns)
    order, now_ns = record.order, record.local_ns
    earlier = durable.orders[record.replaces]
    moved = durable.book.move(earlier, OrderEvent.PROVE_ABSENT, "sent anew", now_ns)
    facts: list[Fact] = [] if moved is None else [moved]
    group = None if order.group is None else durable.groups.open.get(order.group)
    if group is not None:
        group.orders[group.orders.index(record.replaces)] = order.client_order_id
    durable.after_end(earlier, now_ns)
    durable.book.add(OrderEntry(order, OrderState.SENDING, now_ns, owes=earlier.owes))
    facts.append(_claimed(order.client_order_id, order.instrument_key, "sent anew", now_ns))
    return facts


def _amend_opened(durable: Durable, record: AmendOpened) -> list[Fact]:
    durable.pass_to(record.local_ns)
    durable.messages.append((record.local_ns, record.order.client_order_id))
    return [durable.book.open_amendment(record.order, record.local_ns)]


def _cancel_opened(durable: Durable, record: CancelOpened) -> list[Fact]:
    durable.pass_to(record.local_ns)
    entry = durable.working.get(record.client_order_id)
    durable.messages.append((record.local_ns, record.client_order_id))
    if entry is not None and not entry.cancel_ns:
        entry.cancel_ns = record.local_ns
    return []


def _heard(durable: Durable, record: Heard) -> list[Fact]:
    event = record.event
    durable.pass_to(event.local_ns)
    return accounts.HEARD[type(event)](durable, event)


def _order_adopted(durable: Durable, record: OrderAdopted) -> list[Fact]:
    durable.pass_to(record.local_ns)
    order = record.order
    entry = OrderEntry(order, OrderState.SENDING, record.local_ns, venue_order_id=record.venue_order_id)
    durable.book.add(entry)
    facts: list[Fact] = [_claimed(order.client_order_id, order.instrument_key, "adopted", record.local_ns)]
    facts += accounts.moved(durable, entry, OrderEvent.ACK, record.venue_order_id, record.local_ns)
    filled = min(durable.book.strays.pop(order.client_order_id, 0), order.lots)
    if filled:  # its fills came before it was known
        entry.filled_lots = filled
        event = fill_event(filled, order.lots)
        facts += accounts.moved(durable, entry, event, "fills before it was adopted", record.local_ns)
    return facts


def _kill_moved(durable: Durable, record: KillMoved) -> list[Fact]:
    durable.pass_to(record.local_ns)
    changed = durable.kill.move(record)
    return [] if changed is None else [changed]


def _limits_set(durable: Durable, record: LimitsSet) -> list[Fact]:
    durable.pass_to(record.local_ns)
    before = 0 if durable.limits is None else durable.limits.version
    durable.limits = record
    return [LimitsChanged(before, record.version, record.digest, record.actor, record.local_ns)]


def _freeze_moved(durable: Durable, record: FreezeMoved) -> list[Fact]:
    durable.pass_to(record.local_ns)
    key = record.instrument_key
    if record.text:
        return durable.freeze(key, record.text, record.local_ns)
    if durable.frozen.pop(key, None) is None:
        return []
    return [InstrumentReleased(key, record.actor, record.local_ns)]


def _equity_marked(durable: Durable, record: EquityMarked) -> list[Fact]:
    durable.pass_to(record.local_ns)
    durable.equities[record.scope] = record
    return []


def _claimed(
    client_order_id: ClientOrderId, key: InstrumentKey, reason: str, now_ns: int
) -> OrderStateChanged:
    return OrderStateChanged(
        client_order_id, key, OrderState.NEW, OrderEvent.CLAIM, OrderState.SENDING, 0, reason, now_ns
    )


_APPLY: Final[Mapping[type, Callable[[Durable, Any], list[Fact]]]] = {
    RunOpened: _run_opened,
    InstrumentsListed: _instruments_listed,
    GroupOpened: _group_opened,
    OrderReissued: _order_reissued,
    AmendOpened: _amend_opened,
    CancelOpened: _cancel_opened,
    Heard: _heard,
    OrderAdopted: _order_adopted,
    KillMoved: _kill_moved,
    LimitsSet: _limits_set,
    FreezeMoved: _freeze_moved,
    EquityMarked: _equity_marked,
}
