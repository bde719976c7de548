"""What a record becomes: rows that are added, and orders that move. Pure.

    Projection.take(sequence, record) -> [Insert(table, values) | Move(kind, values)]

The postings are those of the ledger, made by the same function over the same events, so the tables cannot
say anything else than the ledger said. Whether a fill was booked before is the ledger's to know: the
projection has a ledger of its own, whose image is its only memory.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from trimaran.domain.account import (
    AccountEvent,
    Adjusted,
    Fill,
    FundingPaid,
    InterestPaid,
    OrderAmended,
    PositionAdjusted,
    Transfer,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import EventTooOld, FillBooked, FillRepeated
from trimaran.domain.instrument import Instrument, InstrumentKey
from trimaran.domain.orders import OrderEvent, OrderRequest, OrderState
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
from trimaran.ledger.image import LedgerImage
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.position import FLAT
from trimaran.ledger.postings import Contract, MoneyEvent, postings
from trimaran.storage.projection.money_rows import fill_rows, payment_rows, subject_of
from trimaran.storage.projection.order_rows import acked, heard_of_order, moved, order_event
from trimaran.storage.projection.row import ADOPTED, TERMS, Insert, Move, Row, discrepancy


class ProjectionImage(msgspec.Struct, frozen=True):
    """What a projection remembers."""

    instruments: tuple[Instrument, ...]
    ledger: LedgerImage


class Projection:
    """The fold of records into rows."""

    def __init__(self, image: ProjectionImage | None = None) -> None:
        listed = () if image is None else image.instruments
        self.instruments: dict[InstrumentKey, Instrument] = {each.key: each for each in listed}
        self.ledger = Ledger(self.instruments)
        if image is not None:
            self.ledger.restore(image.ledger)

    def image(self) -> ProjectionImage:
        """All that it remembers."""
        return ProjectionImage(tuple(self.instruments.values()), self.ledger.image())

    def take(self, sequence: int, record: JournalRecord) -> list[Row]:
        """The rows of the next record."""
        match record:
            case Heard():
                return self._heard(sequence, record.event)
            case GroupOpened():
                return self._group(sequence, record)
            case OrderReissued():
                before: list[Row] = [
                    moved(OrderEvent.PROVE_ABSENT, record.replaces, "sent anew", record.local_ns)
                ]
                return [*before, *self.order_rows(sequence, record.order, record.local_ns, record.replaces)]
            case OrderAdopted():
                return self._adopted(sequence, record)
            case AmendOpened():
                order = record.order
                text = f"to {order.lots} lots at {order.price_ticks} ticks"
                return [
                    order_event(sequence, order.client_order_id, "amend opened", text, 0, record.local_ns)
                ]
            case CancelOpened():
                order_id = record.client_order_id
                return [order_event(sequence, order_id, "cancel opened", record.reason, 0, record.local_ns)]
            case InstrumentsListed():
                return self._listed(sequence, record)
            case RunOpened():
                return [_plain("runs", sequence, record)]
            case KillMoved():
                changed = {"scope": record.scope.text, "state": record.state.name.lower()}
                return [_plain("kill_moves", sequence, record, **changed)]
            case LimitsSet():
                return [_plain("limits", sequence, record)]
            case EquityMarked():
                return []  # the marks follow from ledger and prices, and are for risk alone
            case FreezeMoved():
                return [_plain("freezes", sequence, record)]

    def _listed(self, sequence: int, record: InstrumentsListed) -> list[Row]:
        self.ledger.list_instruments(record.instruments)
        self.instruments.update({each.key: each for each in record.instruments})
        return [
            Insert(
                "instruments",
                {
                    "sequence": sequence,
                    "instrument_key": each.key,
                    "base": each.base,
                    "quote": each.quote,
                    "kind": each.kind.value,
                    "tick": each.price_grid.step,
                    "lot": each.size(1),
                    "local_ns": record.local_ns,
                },
            )
            for each in {each.key: each for each in record.instruments}.values()
        ]

    def _group(self, sequence: int, record: GroupOpened) -> list[Row]:
        values = {
            "group_id": record.group,
            "sequence": sequence,
            "strategy": record.strategy,
            "purpose": record.purpose.value,
            "durability": record.durability.value,
            "orders": len(record.orders),
            "local_ns": record.local_ns,
        }
        rows: list[Row] = [Insert("groups", values)]
        for order in record.orders:
            rows += self.order_rows(sequence, order, record.local_ns, None)
        return rows

    def order_rows(
        self, sequence: int, order: OrderRequest, local_ns: int, replaces: ClientOrderId | None
    ) -> list[Row]:
        """An order that begins, and the first line of its history."""
        instrument = self.instruments.get(order.instrument_key)
        values = {
            "client_order_id": order.client_order_id,
            "sequence": sequence,
            "intent_id": order.intent_id,
            "group_id": order.group,
            "strategy": order.strategy,
            "instrument_key": order.instrument_key,
            "side": order.side.name.lower(),
            "order_type": order.order_type.name.lower(),
            "tif": order.tif.name.lower(),
            "reduce_only": order.reduce_only,
            "price_ticks": order.price_ticks,
            "lots": order.lots,
            "price": None if instrument is None else instrument.price(order.price_ticks),
            "size": None if instrument is None else instrument.size(order.lots),
            "replaces": replaces,
            "adopted": False,
            "venue_order_id": None,
            "state": OrderState.SENDING.name.lower(),
            "filled_lots": 0,
            "reason": "",
            "created_ns": order.created_ns,
            "changed_ns": local_ns,
        }
        event = order_event(sequence, order.client_order_id, "opened", "", 0, local_ns)
        return [Insert("orders", values), event]

    def _adopted(self, sequence: int, record: OrderAdopted) -> list[Row]:
        order, now_ns = record.order, record.local_ns
        opened, event = self.order_rows(sequence, order, now_ns, None)
        assert isinstance(opened, Insert)
        return [
            Insert(ADOPTED, {**opened.values, "adopted": True}),
            event,
            acked(order.client_order_id, record.venue_order_id, now_ns),
            discrepancy(sequence, "adopted", order.instrument_key, f"order {record.venue_order_id}", now_ns),
        ]

    def _heard(self, sequence: int, event: AccountEvent) -> list[Row]:
        match event:
            case Fill() | Transfer() | FundingPaid() | InterestPaid() | Adjusted() | PositionAdjusted():
                return self._money(sequence, event)
            case OrderAmended():
                return self._amended(sequence, event)
        kind, text, moves = heard_of_order(event)
        venue_ns = getattr(event, "venue_ns", 0)
        return [order_event(sequence, event.client_order_id, kind, text, venue_ns, event.local_ns), *moves]

    def _amended(self, sequence: int, event: OrderAmended) -> list[Row]:
        text = f"{event.lots} lots at {event.price_ticks} ticks"
        values = {
            "key": event.client_order_id,
            "new_price_ticks": event.price_ticks,
            "new_lots": event.lots,
            "at_ns": event.local_ns,
        }
        who = event.client_order_id
        told = order_event(sequence, who, "amended", text, event.venue_ns, event.local_ns)
        return [told, Move(TERMS, values)]

    def _money(self, sequence: int, event: MoneyEvent) -> list[Row]:
        key = event.instrument_key if isinstance(event, Fill | FundingPaid | PositionAdjusted) else None
        instrument = None if key is None else self.instruments.get(key)
        before = FLAT if key is None else self.ledger.positions.get(key, FLAT)
        facts = self.ledger.apply(event)
        for fact in facts:
            if isinstance(fact, EventTooOld):
                return [discrepancy(sequence, "too_old", subject_of(event), repr(event), event.local_ns)]
            if isinstance(fact, FillRepeated):
                if not fact.conflict:
                    return []
                return [discrepancy(sequence, "conflict", subject_of(event), repr(event), event.local_ns)]
        if not facts:
            return []
        booking = postings(event, None if instrument is None else Contract.of(instrument), before)
        rows: list[Row] = []
        if isinstance(event, Fill):
            assert instrument is not None
            assert isinstance(facts[0], FillBooked)
            rows += fill_rows(sequence, event, instrument, facts[0])
        else:
            rows += payment_rows(sequence, event, booking.market, instrument)
        for number, (account, asset, amount) in enumerate(booking.entries):
            values = {
                "sequence": sequence,
                "entry": number,
                "market": booking.market,
                "account": account.value,
                "asset": asset,
                "amount": amount,
                "venue_ns": event.venue_ns,
                "local_ns": event.local_ns,
            }
            rows.append(Insert("postings", values))
        return rows


def project(records: Iterable[tuple[int, JournalRecord]]) -> list[Row]:
    """The rows of a whole journal."""
    projection = Projection()
    return [row for sequence, record in records for row in projection.take(sequence, record)]


def _plain(table: str, sequence: int, record: msgspec.Struct, **changed: object) -> Insert:
    """A row that is the record. Its `sequence` is the record's place, whatever the record calls so."""
    values = {name: getattr(record, name) for name in record.__struct_fields__}
    return Insert(table, {**values, **changed, "sequence": sequence})
