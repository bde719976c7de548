"""Stage 3 of the step, and of every replay: account events move orders in the state table and money in the
ledger.

An event that contradicts the state table freezes its instrument; a fill is booked all the same, because money
has moved (`domain/orders.py`, law 6).
"""

from __future__ import annotations

from decimal import localcontext

from trimaran.base.errors import IllegalTransition
from trimaran.domain.account import (
    AccountEvent,
    Adjusted,
    AmendLost,
    AmendRefused,
    Fill,
    FundingPaid,
    InterestPaid,
    OrderAbsent,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderLost,
    OrderRejected,
    PositionAdjusted,
    Transfer,
    VenueOrderId,
)
from trimaran.domain.exact import EXACT
from trimaran.domain.facts import EventTooOld, Fact, FillBooked, OrderTermsChanged
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.kill import market_in
from trimaran.domain.orders import OrderEvent, OrderState, end_event, fill_event
from trimaran.engine.durable_state import DurableState
from trimaran.engine.orders import OrderEntry

AboutInstrument = Fill | FundingPaid | PositionAdjusted
MoneyEvent = AboutInstrument | Transfer | InterestPaid | Adjusted
OrderWord = OrderAcked | OrderRejected | OrderLost | OrderAbsent | OrderDone


def heard(durable: DurableState, event: AccountEvent) -> list[Fact]:
    """Applies one account event."""
    if isinstance(event, Fill):
        return _fill(durable, event)
    if isinstance(event, MoneyEvent):
        return _booked(durable, event)
    entry = durable.orders.get(event.client_order_id)
    if entry is None:
        return []  # not ours, or forgotten; reconciliation looks after it
    if not isinstance(event, OrderLost | OrderAbsent | AmendRefused | AmendLost):
        entry.venue_ns = max(entry.venue_ns, event.venue_ns or event.local_ns)
    if isinstance(event, OrderAmended | AmendRefused | AmendLost):
        return _terms(durable, entry, event)
    if isinstance(event, OrderAcked):
        entry.venue_order_id = VenueOrderId(event.venue_order_id)
    return _word(durable, entry, event)


def market_of(event: MoneyEvent) -> MarketName:
    """The market whose account an event is about."""
    if isinstance(event, AboutInstrument):
        return market_in(event.instrument_key)
    return event.market


def _booked(durable: DurableState, event: MoneyEvent) -> list[Fact]:
    """Takes money into the ledger. What is too old to be judged freezes where it may belong."""
    market = market_of(event)
    durable.markets.add(market)
    if isinstance(event, AboutInstrument) and event.instrument_key not in durable.instruments:
        return []  # the journal has never heard of it: reconciliation tells what it did
    facts: list[Fact] = list(durable.ledger.apply(event))
    if facts and isinstance(facts[0], EventTooOld):
        text = f"{type(event).__name__} of {event.venue_ns}: older than what the ledger remembers"
        for key in [each for each in durable.instruments if _is_about(event, each)]:
            facts += durable.freeze(key, text, event.local_ns)
    return facts


def _is_about(event: MoneyEvent, key: InstrumentKey) -> bool:
    if isinstance(event, AboutInstrument):
        return event.instrument_key == key
    return market_in(key) == event.market


def _word(durable: DurableState, entry: OrderEntry, event: OrderWord) -> list[Fact]:
    if isinstance(event, OrderAcked):
        return _moved(durable, entry, OrderEvent.ACK, event.venue_order_id, event.local_ns)
    if isinstance(event, OrderRejected):
        return _moved(durable, entry, OrderEvent.REJECT, f"{event.code}: {event.text}", event.local_ns)
    if isinstance(event, OrderLost):
        return _moved(durable, entry, OrderEvent.LOSE, event.cause, event.local_ns)
    if isinstance(event, OrderAbsent):
        return _moved(durable, entry, OrderEvent.PROVE_ABSENT, f"{event.proofs} proofs", event.local_ns)
    if event.state is not OrderState.FILLED:
        return _moved(durable, entry, end_event(event.state), event.reason, event.local_ns)
    # The fills themselves complete the order; while its terms are in question, the venue's word does.
    facts = _moved(durable, entry, OrderEvent.ACK, "filled, fills still to come", event.local_ns)
    asked = entry.amendment
    if asked is not None and entry.filled_lots in (entry.order.lots, asked.order.lots):
        facts += _moved(durable, entry, OrderEvent.FULL_FILL, event.reason, event.local_ns)
    return facts


def _terms(
    durable: DurableState, entry: OrderEntry, event: OrderAmended | AmendRefused | AmendLost
) -> list[Fact]:
    if entry.order.client_order_id not in durable.working:
        return []  # its end has ended every change
    changed: OrderTermsChanged | None
    if isinstance(event, OrderAmended):
        changed = durable.book.amended(event)
    elif isinstance(event, AmendRefused):
        changed = durable.book.amend_refused(event)
    else:
        changed = durable.book.amend_lost(event)
    facts: list[Fact] = []
    if isinstance(event, OrderAmended):  # it proves placement
        facts += _moved(durable, entry, OrderEvent.ACK, "amended", event.local_ns)
    if changed is not None:
        facts.append(changed)
    if entry.filled_lots >= entry.lots_max:
        facts += _moved(durable, entry, OrderEvent.FULL_FILL, "filled under its terms", event.local_ns)
    return facts


def _fill(durable: DurableState, fill: Fill) -> list[Fact]:
    facts = _booked(durable, fill)
    entry = durable.orders.get(fill.client_order_id)
    if entry is None or not facts or not isinstance(facts[0], FillBooked):
        return facts
    entry.venue_ns = max(entry.venue_ns, fill.venue_ns or fill.local_ns)
    total = entry.filled_lots = entry.filled_lots + fill.lots
    lots_max = entry.lots_max
    if total > lots_max:
        text = f"fill {fill.fill_id}: expected at most {lots_max} lots in total, found {total}"
        facts += durable.freeze(fill.instrument_key, text, fill.local_ns)
        total = lots_max  # one beyond the order completes it all the same
    _keep_fee(durable, entry, fill)
    return facts + _moved(durable, entry, fill_event(total, lots_max), fill.fill_id, fill.local_ns)


def _keep_fee(durable: DurableState, entry: OrderEntry, fill: Fill) -> None:
    """What came off the coins counts with its group, or is owed where that has been closed."""
    instrument = durable.instruments[fill.instrument_key]
    in_base = fill.fee_asset == instrument.base
    if durable.in_open_group(entry):
        if in_base:
            with localcontext(EXACT):
                entry.base_fee += fill.fee
        return
    if entry.owes:
        with localcontext(EXACT):
            size = instrument.size(fill.lots) * fill.side.sign - (fill.fee if in_base else 0)
        durable.groups.owe(entry.order.strategy, fill.instrument_key, size)


def _moved(
    durable: DurableState, entry: OrderEntry, event: OrderEvent, reason: str, now_ns: int
) -> list[Fact]:
    client_order_id = entry.order.client_order_id
    was_working = client_order_id in durable.working
    try:
        changed = durable.book.move(client_order_id, event, reason, now_ns)
    except IllegalTransition as error:
        return durable.freeze(entry.order.instrument_key, str(error), now_ns)
    if changed is None:
        return []
    if not was_working or client_order_id in durable.working:
        return [changed]
    closed = durable.after_end(entry, now_ns)
    return [changed] if closed is None else [changed, closed]
