"""Orders: the life of an order as one table, and what is asked of a venue.

The law of `TRANSITIONS`:

    NEW -> SENDING -> {ACKED, REJECTED, UNKNOWN};  UNKNOWN -> {ACKED, NOT_PLACED}
    ACKED -> PARTIALLY_FILLED -> FILLED;  either of them -> {CANCELED, EXPIRED}

 1. CLAIM is a compare-and-set: it is legal once, from NEW, and it is durable before a byte leaves.
 2. Only a definitive answer leads to ACKED or REJECTED. Everything else is LOSE: it makes SENDING
    UNKNOWN, and changes nothing where the fate is already known from another channel.
 3. UNKNOWN ends by evidence of placement (an ack, a fill, an end), or by PROVE_ABSENT, the resolver's
    positive not-found. An error is never a not-found, and a rejection that comes after the answer was
    given up does not end UNKNOWN either: it may answer another question.
 4. Pushes overtake answers. A fill, a cancellation or an expiry before the ack proves placement; the
    ack that follows is absorbed.
 5. FILLED, CANCELED, EXPIRED, REJECTED and NOT_PLACED are terminal. A terminal state absorbs what
    repeats it and what was merely late: the ack, a lost answer, and, after CANCELED or EXPIRED, fills
    that happened before the end and are heard after it. If those fills complete the order, FILLED is
    the truth. FILLED never leaves. CANCELED and EXPIRED are one end, for which the channels of a venue
    have two words: the first that was heard stays. A refusal after NOT_PLACED says the same once more.
 6. What contradicts is illegal, never ignored: a fill after REJECTED or NOT_PLACED, a rejection after
    an ack, a proof of absence for an order that was seen. The caller freezes the instrument; the
    ledger books the fill all the same, because money moved.
 7. A request to cancel is no state. Only its outcome is: the order is open until the venue says that
    it is not.

Every order has a price: of a market or stop-market order it is the worst price that its owner accepts. Risk
judges by it, and the venue never sees it; where the venue must keep to it, an IOC limit order says so. The
numbers of the enums are written to journals: never renumber.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NewType

import msgspec

from trimaran.base.errors import IllegalTransition
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import InstrumentKey, Side

IntentId = NewType("IntentId", str)  # made by the caller; asking twice with the same one is one intent
StrategyName = NewType("StrategyName", str)
GroupId = NewType("GroupId", str)  # the legs of one decision


class OrderState(enum.IntEnum):
    """Where an order is in its life."""

    NEW = 0  # intent is durable, nothing was sent
    SENDING = 1  # claimed; a byte may have left
    ACKED = 2  # the venue has it, nothing filled
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELED = 5
    EXPIRED = 6  # ended by the venue: remainder of an IOC, missed FOK, self-trade prevention
    REJECTED = 7  # the venue definitely refused it
    UNKNOWN = 8  # the answer was lost; the resolver works on it
    NOT_PLACED = 9  # never sent, or proved to be absent from the venue


class OrderEvent(enum.IntEnum):
    """What can happen to an order."""

    CLAIM = 0  # the one sender takes it
    ABANDON = 1  # the intent is not sent at all (its price or time is not valid any more)
    ACK = 2
    REJECT = 3
    LOSE = 4  # timeout, reset, 5xx, unreadable: no definitive answer
    PROVE_ABSENT = 5  # positive not-found from open orders, history and fills, often enough
    PARTIAL_FILL = 6
    FULL_FILL = 7  # the fill that completes the order
    CANCEL = 8  # the venue says it is cancelled
    EXPIRE = 9  # the venue ended it


class TimeInForce(enum.IntEnum):
    """How long an order may rest."""

    IOC = 0  # fills what it can at once, the rest expires
    GTC = 1
    FOK = 2  # all at once or nothing
    POST_ONLY = 3  # never takes


class OrderType(enum.IntEnum):
    """What makes an order start to trade, and whether its price binds the venue."""

    LIMIT = 0
    MARKET = 1
    STOP_MARKET = 2  # a market order once the price has gone against us as far as the trigger
    STOP_LIMIT = 3
    TAKE_PROFIT_MARKET = 4  # a market order once the price has gone our way as far as the trigger
    TAKE_PROFIT_LIMIT = 5

    @property
    def is_triggered(self) -> bool:
        """Whether it waits for a trigger price."""
        return self >= OrderType.STOP_MARKET

    @property
    def has_venue_price(self) -> bool:
        """Whether the venue is told the limit price."""
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


class SelfTrade(enum.IntEnum):
    """What the venue does when an order of ours meets another one of ours."""

    VENUE_DEFAULT = 0
    CANCEL_TAKER = 1
    CANCEL_MAKER = 2
    CANCEL_BOTH = 3


_S = OrderState
_E = OrderEvent

TRANSITIONS: Final[Mapping[OrderState, Mapping[OrderEvent, OrderState]]] = MappingProxyType({
    _S.NEW: {_E.CLAIM: _S.SENDING, _E.ABANDON: _S.NOT_PLACED},
    _S.SENDING: {
        _E.ACK: _S.ACKED,
        _E.REJECT: _S.REJECTED,
        _E.LOSE: _S.UNKNOWN,
        _E.PARTIAL_FILL: _S.PARTIALLY_FILLED,
        _E.FULL_FILL: _S.FILLED,
        _E.CANCEL: _S.CANCELED,
        _E.EXPIRE: _S.EXPIRED,
    },
    _S.UNKNOWN: {
        _E.ACK: _S.ACKED,
        _E.REJECT: _S.UNKNOWN,
        _E.LOSE: _S.UNKNOWN,
        _E.PROVE_ABSENT: _S.NOT_PLACED,
        _E.PARTIAL_FILL: _S.PARTIALLY_FILLED,
        _E.FULL_FILL: _S.FILLED,
        _E.CANCEL: _S.CANCELED,
        _E.EXPIRE: _S.EXPIRED,
    },
    _S.ACKED: {
        _E.ACK: _S.ACKED,
        _E.LOSE: _S.ACKED,
        _E.PARTIAL_FILL: _S.PARTIALLY_FILLED,
        _E.FULL_FILL: _S.FILLED,
        _E.CANCEL: _S.CANCELED,
        _E.EXPIRE: _S.EXPIRED,
    },
    _S.PARTIALLY_FILLED: {
        _E.ACK: _S.PARTIALLY_FILLED,
        _E.LOSE: _S.PARTIALLY_FILLED,
        _E.PARTIAL_FILL: _S.PARTIALLY_FILLED,
        _E.FULL_FILL: _S.FILLED,
        _E.CANCEL: _S.CANCELED,
        _E.EXPIRE: _S.EXPIRED,
    },
    _S.FILLED: {
        _E.ACK: _S.FILLED,
        _E.LOSE: _S.FILLED,
        _E.PARTIAL_FILL: _S.FILLED,
        _E.FULL_FILL: _S.FILLED,
    },
    _S.CANCELED: {
        _E.ACK: _S.CANCELED,
        _E.LOSE: _S.CANCELED,
        _E.PARTIAL_FILL: _S.CANCELED,
        _E.FULL_FILL: _S.FILLED,
        _E.CANCEL: _S.CANCELED,
        _E.EXPIRE: _S.CANCELED,
    },
    _S.EXPIRED: {
        _E.ACK: _S.EXPIRED,
        _E.LOSE: _S.EXPIRED,
        _E.PARTIAL_FILL: _S.EXPIRED,
        _E.FULL_FILL: _S.FILLED,
        _E.CANCEL: _S.EXPIRED,
        _E.EXPIRE: _S.EXPIRED,
    },
    _S.REJECTED: {_E.REJECT: _S.REJECTED, _E.LOSE: _S.REJECTED},
    _S.NOT_PLACED: {
        _E.ABANDON: _S.NOT_PLACED,
        _E.REJECT: _S.NOT_PLACED,
        _E.LOSE: _S.NOT_PLACED,
        _E.PROVE_ABSENT: _S.NOT_PLACED,
    },
})  # fmt: skip

TERMINAL: Final = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.NOT_PLACED})

_EVENT_OF_END: Final = {
    _S.FILLED: _E.FULL_FILL,
    _S.CANCELED: _E.CANCEL,
    _S.EXPIRED: _E.EXPIRE,
    _S.REJECTED: _E.REJECT,
    _S.NOT_PLACED: _E.PROVE_ABSENT,
}


def advance(state: OrderState, event: OrderEvent) -> OrderState:
    """The state after `event`. Raises IllegalTransition when the table has no such move."""
    after = TRANSITIONS[state].get(event)
    if after is None:
        legal = ", ".join(possible.name for possible in TRANSITIONS[state])
        raise IllegalTransition(f"order in {state.name}: expected one of {legal}, found {event.name}")
    return after


def fill_event(filled_lots: int, order_lots: int) -> OrderEvent:
    """The event of a fill after which `filled_lots` of `order_lots` are filled in total.

    Raises IllegalTransition when the venue filled more than was ordered.
    """
    assert filled_lots > 0, filled_lots
    if filled_lots > order_lots:
        raise IllegalTransition(f"fill: expected at most {order_lots} lots in total, found {filled_lots}")
    return OrderEvent.FULL_FILL if filled_lots == order_lots else OrderEvent.PARTIAL_FILL


def end_event(state: OrderState) -> OrderEvent:
    """The event that a venue's report of a terminal `state` stands for."""
    return _EVENT_OF_END[state]


class OrderRequest(msgspec.Struct, frozen=True, gc=False):
    """An order that somebody wants; it means nothing until risk has approved it.

    It is deliberately not validated at birth: the gate is the one judge of what may be sent.
    """

    intent_id: IntentId
    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    side: Side
    price_ticks: int  # the worst price that is accepted
    lots: int
    tif: TimeInForce
    strategy: StrategyName
    group: GroupId | None  # None: an order on its own
    reduce_only: bool  # may only make a position smaller
    created_ns: int  # local clock of the step that made it
    order_type: OrderType = OrderType.LIMIT
    trigger_ticks: int = 0  # of a triggered type, otherwise 0
    display_lots: int = 0  # of an iceberg: what the book shows at once; 0: all of it
    self_trade: SelfTrade = SelfTrade.VENUE_DEFAULT
    valid_until_ns: int = 0  # local clock: proved absent, it may be sent anew until then; 0: never
