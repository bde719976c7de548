"""What the rules are asked, in integers: one order, the quote it is judged by, the time.

Both twins of the core take the fields of `Ask` in this order, by position. What is no integer of 63 bits
arrives as one that no rule lets pass: whoever builds an order out of nonsense gets a refusal, not an
exception.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.domain.answer import BookStatus

WHOLE_MAX: Final = 2**63 - 1
NONSENSE: Final = -(2**63)


class Quote(msgspec.Struct, frozen=True, gc=False):
    """What is known of an instrument's book and price, in the same step. Times are of the local clock.

    The fair price in ticks is the fraction `fair_numerator / fair_denominator`; a numerator of 0: nobody
    knows one.
    """

    status: BookStatus
    bid_ticks: int  # best prices of the book; 0: that side is empty
    ask_ticks: int
    quote_ns: int  # when the book was last confirmed
    fair_numerator: int
    fair_denominator: int = 1


class Ask(msgspec.Struct, frozen=True):
    """One judgement. Indices are those of the core; an index below 0 is nothing that the core has."""

    instrument: int
    strategy: int
    client_order_id: int
    prior_sequence: int  # client id without its attempt, under which this intent was seen; 0: never
    side: int
    price_ticks: int
    lots: int
    filled_lots: int  # of an order that is amended
    held_price_ticks: int  # what it has now, when amended
    held_lots: int  # and what may still fill of it
    reduce_only: int
    order_type: int
    tif: int
    trigger_ticks: int
    display_lots: int
    created_ns: int
    status: int
    bid_ticks: int
    ask_ticks: int
    quote_ns: int
    fair_numerator: int
    fair_denominator: int
    now_ns: int
    amend: int  # 1: not a new order, but other terms of an open one

    @property
    def sign(self) -> int:
        """+1 for a purchase, -1 for a sale."""
        return 1 if self.side == 0 else -1

    @property
    def open_lots(self) -> int:
        """What may fill if the order stands: of an amendment, with the better of both terms."""
        return max(self.lots - self.filled_lots, self.held_lots)


def whole(value: object) -> int:
    """An integer of 64 bits: cut if larger, NONSENSE if it is none."""
    if not isinstance(value, int):
        return NONSENSE
    return max(NONSENSE, min(int(value), WHOLE_MAX))
