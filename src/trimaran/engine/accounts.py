"""Stage 3 of the step, and of every replay: account events move orders in the state table and money in the
ledger.

An event that contradicts the state table freezes its instrument; a fill is booked all the same, because money
has moved (`domain/orders.py`, law 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from trimaran.base.errors import IllegalTransition
from trimaran.domain.account import (
    NOT_AWAITED,
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
    opened_ns,
)
from trimaran.domain.exact import EXACT
from trimaran.domain.facts import EventTooOld, Fact, FillBooked, FillRepeated, OrderTermsChanged
from trimaran.domain.instrument import Instrument, InstrumentKey, MarketName, Side
from trimaran.domain.kill import market_in
from trimaran.domain.orders import TERMINAL, OrderEvent, OrderState, end_event, fill_event
from trimaran.engine.durable_state import DurableState
from trimaran.engine.orders import Ending, OrderEntry
from trimaran.ledger.compare_orders import ADOPTED

AboutInstrument = Fill | FundingPaid | PositionAdjusted
MoneyEvent = AboutInstrument | Transfer | InterestPaid | Adjusted
AboutOrder = (
    OrderAcked | OrderRejected | OrderLost | OrderAbsent | OrderDone | OrderAmended | AmendRefused | AmendLost
)
MONEY: Final = frozenset(get_args(MoneyEvent))


def market_of(event: MoneyEvent) -> MarketName:
    """The market whose account an event is about."""
    if isinstance(event, AboutInstrument):
        return market_in(event.instrument_key)
    return event.market


def _acked(durable: DurableState, event: OrderAcked) -> list[Fact]:
    entry = _told(durable, event)
    if entry is None:
        return []
    entry.venue_order_id = event.venue_order_id
    return moved(durable, entry, OrderEvent.ACK, event.venue_order_id, event.local_ns)


def _rejected(durable: DurableState, event: OrderRejected) -> list[Fact]:
    entry = _told(durable, event)
    if entry is None:
        return []
    return moved(durable, entry, OrderEvent.REJECT, f"{event.code}: {event.text}", event.local_ns)


def _lost(durable: DurableState, event: OrderLost) -> list[Fact]:
    entry = durable.orders.get(event.client_order_id)
    return [] if entry is None else moved(durable, entry, OrderEvent.LOSE, event.cause, event.local_ns)


def _absent(durable: DurableState, event: OrderAbsent) -> list[Fact]:
    entry = durable.orders.get(event.client_order_id)
    if entry is None:
        return []
    return moved(durable, entry, OrderEvent.PROVE_ABSENT, f"{event.proofs} proofs", event.local_ns)


def _done(durable: DurableState, event: OrderDone) -> list[Fact]:
    entry = _told(durable, event)
    if entry is None:
        return []
    if event.state is not OrderState.FILLED:
        if entry.state not in TERMINAL and _told_more(entry, event):
            return _await_fills(durable, entry, event)
        return moved(durable, entry, end_event(event.state), event.reason, event.local_ns)
    # The fills themselves complete the order; while its terms are in question, the venue's word does.
    facts = moved(durable, entry, OrderEvent.ACK, "filled, fills still to come", event.local_ns)
    asked = entry.amendment
    if asked is not None and entry.filled_lots in (entry.order.lots, asked.order.lots):
        facts += moved(durable, entry, OrderEvent.FULL_FILL, event.reason, event.local_ns)
    return facts


def _told_more(entry: OrderEntry, event: OrderDone) -> bool:
    """Whether the venue says, now or before, that more was filled than the fills tell."""
    if event.filled_lots == NOT_AWAITED:
        return False
    before = 0 if entry.ending is None else entry.ending.filled_lots
    return max(before, event.filled_lots) > entry.filled_lots


def _await_fills(durable: DurableState, entry: OrderEntry, event: OrderDone) -> list[Fact]:
    """It ends when its fills have come, and its untold lots count until then."""
    known = entry.ending
    if known is not None and known.filled_lots >= event.filled_lots:
        return []
    facts = moved(durable, entry, OrderEvent.ACK, "ended, fills still to come", event.local_ns)
    ending = Ending(event.state, event.reason, event.filled_lots)
    return [*facts, durable.book.await_fills(entry, ending, event.local_ns)]


def _amended(durable: DurableState, event: OrderAmended) -> list[Fact]:
    entry = _told(durable, event)
    if entry is None or entry.ending is not None or event.client_order_id not in durable.working:
        return []  # its end has ended every change
    changed = durable.book.amended(event)
    facts = moved(durable, entry, OrderEvent.ACK, "amended", event.local_ns)  # it proves placement
    return facts + _settled(durable, entry, changed, event.local_ns)


def _amend_refused(durable: DurableState, event: AmendRefused) -> list[Fact]:
    entry = durable.working.get(event.client_order_id)
    if entry is None:
        return []
    return _settled(durable, entry, durable.book.amend_refused(event), event.local_ns)


def _amend_lost(durable: DurableState, event: AmendLost) -> list[Fact]:
    changed = None
    if event.client_order_id in durable.working:
        changed = durable.book.amend_lost(event)
    return [] if changed is None else [changed]


def _settled(
    durable: DurableState, entry: OrderEntry, changed: OrderTermsChanged | None, now_ns: int
) -> list[Fact]:
    """The terms of an order may be other ones, and it may be full under them."""
    facts: list[Fact] = [] if changed is None else [changed]
    if entry.filled_lots >= entry.lots_max:
        facts += moved(durable, entry, OrderEvent.FULL_FILL, "filled under its terms", now_ns)
    return facts


def _money(durable: DurableState, event: MoneyEvent) -> list[Fact]:
    """Takes money into the ledger. What is too old to be judged freezes where it may belong."""
    market = market_of(event)
    durable.markets.add(market)
    if isinstance(event, Transfer) and (at_ns := opened_ns(event)):
        durable.opened[market] = max(at_ns, durable.opened.get(market, 0))
    if isinstance(event, AboutInstrument) and event.instrument_key not in durable.instruments:
        return []  # the journal has never heard of it: reconciliation tells what it did
    return _judged(durable, event, durable.ledger.apply(event))


def _judged(durable: DurableState, event: MoneyEvent, told: tuple[Fact, ...]) -> list[Fact]:
    facts = list(told)
    if facts and type(facts[0]) is EventTooOld:
        text = f"{type(event).__name__} of {event.venue_ns}: older than what the ledger remembers"
        for key in [each for each in durable.instruments if _is_about(event, each)]:
            facts += durable.freeze(key, text, event.local_ns)
    return facts


def _is_about(event: MoneyEvent, key: InstrumentKey) -> bool:
    if isinstance(event, AboutInstrument):
        return event.instrument_key == key
    return market_in(key) == event.market


def _fill(durable: DurableState, fill: Fill) -> list[Fact]:
    instrument = durable.instruments.get(fill.instrument_key)
    if instrument is None:
        return []  # as above
    entry = durable.orders.get(fill.client_order_id)
    if _in_opening(durable, fill, instrument.market, entry):
        repeated = durable.ledger.remember_fill(fill)
        if repeated is not None:
            return _repeated(durable, repeated)
        facts: list[Fact] = []
    else:
        durable.markets.add(instrument.market)
        strategy = None if entry is None else entry.order.strategy
        facts = _judged(durable, fill, durable.ledger.apply_fill(fill, strategy))
        if type(facts[0]) is FillRepeated:
            return _repeated(durable, facts[0])
        if type(facts[0]) is not FillBooked:
            return facts
        if strategy is not None:
            durable.trades.take(strategy, fill)
    if entry is not None:
        return facts + _filled(durable, entry, fill, instrument)
    if fill.client_order_id:  # none: it is nobody's of ours
        durable.book.stray(fill.client_order_id, fill.lots)
    return facts


def _in_opening(durable: DurableState, fill: Fill, market: MarketName, entry: OrderEntry | None) -> bool:
    """Whether the opening balances and positions of a market have a fill in them, or will have it.

    So it is with what happened before them to an order that this journal has not made.
    """
    if entry is not None and entry.order.strategy != ADOPTED:
        return False
    if market not in durable.markets:
        return True
    return 0 < fill.venue_ns <= durable.opened.get(market, 0)


def _repeated(durable: DurableState, repeated: FillRepeated) -> list[Fact]:
    """A fill that is known. One with other terms than it was booked with freezes its instrument.

    One lot more or less is no contradiction: parts of a lot that the fills of an order leave over are counted
    with the next one of them, and which one that is depends on what was told before.
    """
    fill = repeated.fill
    known = durable.ledger.known_terms(fill) if repeated.conflict else None
    if known is None or (known[0] == fill.price_ticks and abs(known[1] - fill.lots) <= 1):
        return [repeated]
    text = (
        f"fill {fill.fill_id}: told again as {fill.lots} lots at {fill.price_ticks} ticks, "
        f"known as {known[1]} lots at {known[0]} ticks"
    )
    return [repeated, *durable.freeze(fill.instrument_key, text, fill.local_ns)]


def _filled(durable: DurableState, entry: OrderEntry, fill: Fill, instrument: Instrument) -> list[Fact]:
    """What a fill does to its order."""
    facts: list[Fact] = []
    entry.venue_ns = max(entry.venue_ns, fill.venue_ns or fill.local_ns)
    total = entry.filled_lots = entry.filled_lots + fill.lots
    lots_max = entry.lots_max
    if total > lots_max:
        text = f"fill {fill.fill_id}: expected at most {lots_max} lots in total, found {total}"
        facts += durable.freeze(fill.instrument_key, text, fill.local_ns)
        total = lots_max  # one beyond the order completes it all the same
    if not durable.in_open_group(entry):
        _owe(durable, entry, fill, instrument)
    elif fill.fee_asset == instrument.base:
        entry.base_fee = EXACT.add(entry.base_fee, fill.fee)
    facts += moved(durable, entry, fill_event(total, lots_max), fill.fill_id, fill.local_ns)
    ending = entry.ending
    if ending is not None and entry.filled_lots >= ending.filled_lots:
        facts += moved(durable, entry, end_event(ending.state), ending.reason, fill.local_ns)
    return facts


def _owe(durable: DurableState, entry: OrderEntry, fill: Fill, instrument: Instrument) -> None:
    """A fill that was heard after its group was closed."""
    if entry.owes:
        size = instrument.size(fill.lots) if fill.side is Side.BUY else -instrument.size(fill.lots)
        if fill.fee_asset == instrument.base:
            size = EXACT.subtract(size, fill.fee)
        durable.groups.owe(entry.order.strategy, fill.instrument_key, size)


def _told(
    durable: DurableState, event: OrderAcked | OrderRejected | OrderDone | OrderAmended
) -> OrderEntry | None:
    """The order that the venue has told of, which is as old as that by now."""
    entry = durable.orders.get(event.client_order_id)
    if entry is not None:
        told_ns = event.venue_ns or event.local_ns
        entry.venue_ns = max(entry.venue_ns, told_ns)
    return entry


def moved(
    durable: DurableState, entry: OrderEntry, event: OrderEvent, reason: str, now_ns: int
) -> list[Fact]:
    """Moves an order in the state table; what contradicts it freezes its instrument."""
    try:
        changed = durable.book.move(entry, event, reason, now_ns)
    except IllegalTransition as error:
        return durable.freeze(entry.order.instrument_key, str(error), now_ns)
    if changed is None:
        return []
    if changed.after not in TERMINAL or changed.before in TERMINAL:
        return [changed]
    closed = durable.after_end(entry, now_ns)
    return [changed] if closed is None else [changed, closed]


# How each event is applied; one about an order that is not known, or forgotten, changes nothing.
HEARD: Final[Mapping[type, Callable[[DurableState, Any], list[Fact]]]] = {
    OrderAcked: _acked,
    OrderRejected: _rejected,
    OrderLost: _lost,
    OrderAbsent: _absent,
    OrderDone: _done,
    OrderAmended: _amended,
    AmendRefused: _amend_refused,
    AmendLost: _amend_lost,
    Fill: _fill,
    **dict.fromkeys(MONEY - {Fill}, _money),
}
