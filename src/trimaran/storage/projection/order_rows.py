"""The rows of what was heard of an order."""

from __future__ import annotations

from trimaran.domain.account import (
    AmendLost,
    AmendRefused,
    OrderAbsent,
    OrderAcked,
    OrderDone,
    OrderLost,
    OrderRejected,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.orders import OrderEvent, end_event
from trimaran.storage.projection.row import Insert, Move, Row


def heard_of_order(
    event: OrderAcked | OrderRejected | OrderLost | OrderAbsent | OrderDone | AmendRefused | AmendLost,
) -> tuple[str, str, list[Row]]:
    """Kind, text and moves of what was heard of an order."""
    who, now_ns = event.client_order_id, event.local_ns
    match event:
        case OrderAcked():
            return "acked", event.venue_order_id, [acked(who, event.venue_order_id, now_ns)]
        case OrderRejected():
            text = f"{event.code}: {event.text}"
            return "rejected", text, [moved(OrderEvent.REJECT, who, text, now_ns)]
        case OrderLost():
            return "lost", event.cause, [moved(OrderEvent.LOSE, who, event.cause, now_ns)]
        case OrderAbsent():
            text = f"absent, {event.proofs} proofs"
            return "absent", text, [moved(OrderEvent.PROVE_ABSENT, who, text, now_ns)]
        case OrderDone():
            text = event.reason
            return event.state.name.lower(), text, [moved(end_event(event.state), who, text, now_ns)]
        case AmendRefused():
            return "amend refused", f"{event.code}: {event.text}", []
        case AmendLost():
            return "amend lost", event.cause, []


def acked(who: ClientOrderId, venue_order_id: str, local_ns: int) -> Move:
    """The venue has it."""
    values = {"key": who, "new_venue_order_id": venue_order_id, "at_ns": local_ns}
    return Move(OrderEvent.ACK.name, values)


def moved(event: OrderEvent, who: ClientOrderId, reason: str, local_ns: int) -> Move:
    """Any other event of the state table."""
    return Move(event.name, {"key": who, "new_reason": reason, "at_ns": local_ns})


def order_event(
    sequence: int, who: ClientOrderId, kind: str, text: str, venue_ns: int, local_ns: int
) -> Insert:
    """A line in the history of an order."""
    values = {
        "sequence": sequence,
        "client_order_id": who,
        "kind": kind,
        "text": text,
        "venue_ns": venue_ns,
        "local_ns": local_ns,
    }
    return Insert("order_events", values)
