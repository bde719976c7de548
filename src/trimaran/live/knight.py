"""The Knight check: what leaves is compared with what was decided, at the last point before the market.

In 2012 a router of Knight Capital sent four million orders for 212 that were entered, and nothing compared
the two. Here an order may leave once for each time that the journal has its intent and that risk has let it
pass, and an amendment counts as an order. The three are counted where they happen, by different parts of the
desk: records as the journal takes them, approvals as facts of the engine, departures by who writes to the
line. So neither a loop that sends twice, nor a way around risk or journal, can agree with itself here.

    journaled  +1   GroupOpened (each order), OrderReissued, AmendOpened
    checked    +1   OrderApproved
    sent       +1   at the last look; one that finds no intent, or no check, does not leave
    written    +1   right before the bytes, by whoever writes them; one that was not sent is not written

Whatever was journaled and then not sent (a kill, a stall) is `dropped`: what is left over must not pay for
somebody else's departure, so each id has an account of its own. What was written and is proved to have done
nothing (a refusal for the time) is `undone`, and may be written once more. A breach calls `breach` in the
same call, with the figures.

Non-feature: it does not judge an order. Risk does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from trimaran.domain.client_id import ClientOrderId, encode_client_id
from trimaran.domain.facts import Fact, OrderApproved
from trimaran.domain.ports import Clock
from trimaran.domain.records import AmendOpened, GroupOpened, Heard, JournalRecord, OrderReissued

WINDOW_NS: Final = 1_000_000_000
INTENTS: Final = (OrderReissued, AmendOpened)  # beside new groups
WAITING_MAX: Final = 100_000  # ids that may wait to leave; the oldest of more may not leave any more


class KnightFigures(msgspec.Struct, frozen=True):
    """What was counted: in the process, and in the last whole window of a second."""

    journaled: int = 0
    checked: int = 0
    sent: int = 0
    written: int = 0
    undone: int = 0
    dropped: int = 0
    window_journaled: int = 0
    window_checked: int = 0
    window_sent: int = 0
    breaches: int = 0

    @property
    def text(self) -> str:
        """For the reason of a kill."""
        return (
            f"journaled {self.journaled}, checked {self.checked}, sent {self.sent}, "
            f"written {self.written - self.undone}, dropped {self.dropped}"
        )


class _Waiting:
    """An id that has not left for all that was decided about it."""

    __slots__ = ("checked", "journaled")

    def __init__(self) -> None:
        self.journaled = 0
        self.checked = 0


class Knight:
    """The counters of one process. `breach` is told why, and kills."""

    def __init__(self, clock: Clock, breach: Callable[[str], None]) -> None:
        self._clock = clock
        self._breach = breach
        self._waiting: dict[ClientOrderId, _Waiting] = {}
        self._journaled = 0
        self._checked = 0
        self._sent = 0
        self._unwritten: dict[ClientOrderId, int] = {}  # that were sent, and how often each may be written
        self._written = 0
        self._undone = 0
        self._dropped = 0
        self._breaches = 0
        self._window_began_ns = clock.monotonic_ns()
        self._window_start = (0, 0, 0)
        self._window = (0, 0, 0)  # of the last whole one

    @property
    def figures(self) -> KnightFigures:
        """What was counted until now."""
        return KnightFigures(
            self._journaled,
            self._checked,
            self._sent,
            self._written,
            self._undone,
            self._dropped,
            *self._window,
            self._breaches,
        )

    # --- in -------------------------------------------------------------------------------------------

    def on_record(self, record: JournalRecord) -> None:
        """The journal has taken a record."""
        if type(record) is Heard:  # nearly all of them
            return
        if isinstance(record, GroupOpened):
            for order in record.orders:
                self.on_intent(order.client_order_id)
        elif isinstance(record, INTENTS):
            self.on_intent(record.order.client_order_id)

    def on_fact(self, fact: Fact) -> None:
        """The engine has told a fact."""
        if isinstance(fact, OrderApproved):
            self.on_checked(fact.approved.order.client_order_id)

    def on_intent(self, client_order_id: ClientOrderId) -> None:
        """An intent is in the journal."""
        self._journaled += 1
        self._account(client_order_id).journaled += 1

    def on_checked(self, client_order_id: ClientOrderId) -> None:
        """Risk has let an order pass."""
        self._checked += 1
        self._account(client_order_id).checked += 1

    # --- out ------------------------------------------------------------------------------------------

    def on_sent(self, client_order_id: ClientOrderId) -> bool:
        """An order is about to leave, once; False: it must not, and everything was killed."""
        waiting = self._waiting.get(client_order_id)
        if waiting is None or waiting.journaled == 0 or waiting.checked == 0:
            return self._broken(_why(client_order_id, waiting))
        self._take(client_order_id, waiting)
        self._sent += 1
        self._may_write(client_order_id)
        return True

    def on_dropped(self, client_order_id: ClientOrderId) -> None:
        """An order that was decided does not leave after all."""
        waiting = self._waiting.get(client_order_id)
        if waiting is not None:
            self._take(client_order_id, waiting)
            self._dropped += 1

    def on_wire(self, client_order_id: ClientOrderId) -> bool:
        """The bytes of an order are about to be written; False: they must not, and everything was killed."""
        left = self._unwritten.pop(client_order_id, 0)
        if not left:
            name = encode_client_id(client_order_id)
            return self._broken(f"order {name} is written more often than it was sent")
        if left > 1:
            self._unwritten[client_order_id] = left - 1
        self._written += 1
        return True

    def on_undone(self, client_order_id: ClientOrderId) -> None:
        """Bytes of an order were not written after all, or did nothing, which is proved: once more."""
        self._undone += 1
        self._may_write(client_order_id)

    def on_tick(self) -> None:
        """Some time has passed: windows end."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._window_began_ns >= WINDOW_NS:
            totals = (self._journaled, self._checked, self._sent)
            start = self._window_start
            self._window = (totals[0] - start[0], totals[1] - start[1], totals[2] - start[2])
            self._window_start, self._window_began_ns = totals, now_ns

    # --- accounts -------------------------------------------------------------------------------------

    def _account(self, client_order_id: ClientOrderId) -> _Waiting:
        waiting = self._waiting.get(client_order_id)
        if waiting is None:
            waiting = self._waiting[client_order_id] = _Waiting()
            if len(self._waiting) > WAITING_MAX:
                del self._waiting[next(iter(self._waiting))]
        return waiting

    def _may_write(self, client_order_id: ClientOrderId) -> None:
        self._unwritten[client_order_id] = self._unwritten.get(client_order_id, 0) + 1
        if len(self._unwritten) > WAITING_MAX:
            del self._unwritten[next(iter(self._unwritten))]

    def _take(self, client_order_id: ClientOrderId, waiting: _Waiting) -> None:
        waiting.journaled = max(0, waiting.journaled - 1)
        waiting.checked = max(0, waiting.checked - 1)
        if not waiting.journaled and not waiting.checked:
            del self._waiting[client_order_id]

    def _broken(self, why: str) -> bool:
        self._breaches += 1
        self._breach(f"{why}; {self.figures.text}")
        return False


def _why(client_order_id: ClientOrderId, waiting: _Waiting | None) -> str:
    name = encode_client_id(client_order_id)
    if waiting is None:
        return f"order {name} is sent without an intent, or more often than intended"
    missing = "check by risk" if waiting.journaled else "intent in the journal"
    return f"order {name} is sent without its {missing}"
