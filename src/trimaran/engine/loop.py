"""Pushes events through the step and its commands to the venue, in one order for live, paper and backtest.

    step -> records are appended -> cancels, probes -> commit -> orders, changes; facts are told beside

A command that sends or changes an order is carried out when the records of its step are as safe as its
durability demands: FAST when they are written, DURABLE when they are synced, in the order of the commits.
Cancels and probes wait for nothing. Whatever the venue has ready by the time of an event enters the step
before that event, and a tick every tenth of a second of event time, so that what waits for time to pass works
alike in live and in replay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from trimaran.base.buggify import hooks, point
from trimaran.domain.account import AccountEvent, AmendRefused, OrderRejected
from trimaran.domain.commands import AmendOrder, Command, SendOrder
from trimaran.domain.events import Event, ShellEvent, Tick
from trimaran.domain.facts import Fact, OrderApproved
from trimaran.domain.orders import OrderState
from trimaran.domain.ports import OrderVenue, Record
from trimaran.domain.records import Durability
from trimaran.engine.desk import Desk
from trimaran.engine.no_record import NoRecord
from trimaran.engine.step import Output, step

TICK_NS: Final = 100_000_000
CANCELLED: Final = "LOCAL_CANCELLED"
CANCELLED_TEXT: Final = "not sent: its end was asked for before it could leave"
WAITING: Final = (SendOrder, AmendOrder)  # commands that wait for the records of their step


class Loop:
    """One desk, one venue, one record, and whoever listens to the facts."""

    def __init__(
        self,
        desk: Desk,
        venue: OrderVenue,
        on_facts: Callable[[Sequence[Fact]], None],
        record: Record | None = None,
        on_approved: Callable[[OrderApproved], None] | None = None,
    ) -> None:
        """Without a `record` nothing survives the process: paper and replay.

        `on_approved` is told what risk let pass before any of it can leave; `on_facts` hears it after.
        """
        self.desk = desk
        self._venue = venue
        self._on_facts = on_facts
        self._record = NoRecord() if record is None else record
        self._on_approved = on_approved
        self._ready: deque[AccountEvent | ShellEvent] = deque()
        self._ticked_ns = 0

    @property
    def next_due_ns(self) -> int | None:
        """When the venue will have something; None when nothing is under way."""
        return self._venue.next_due_ns

    def push(self, event: Event) -> int:
        """Takes one event; the packed answer of the hot state."""
        due_ns = self._venue.next_due_ns
        if self._ready or (due_ns is not None and due_ns <= event.local_ns):
            self.settle(event.local_ns)
        self.tick(event.local_ns)
        if type(event) is Tick:
            return 0
        output = step(self.desk, event)
        if output.facts or output.records or output.commands:
            self._carry_out(output, event.local_ns)
        return output.answer

    def tick(self, now_ns: int) -> None:
        """Makes the tick that is due. Who has no other event for long calls it ten times a second.

        A clock that was set back ticks at once: what waits for time must not wait for the old one.
        """
        if 0 <= now_ns - self._ticked_ns < TICK_NS:
            return
        self._ticked_ns = now_ns
        self.desk.takes_risk = self._record.takes_risk
        self._carry_out(step(self.desk, Tick(now_ns)), now_ns)

    def settle(self, now_ns: int) -> int | None:
        """Takes what the venue has ready by `now_ns`; when it will have more, or None."""
        while self._ready or ((due_ns := self._venue.next_due_ns) is not None and due_ns <= now_ns):
            self._ready.extend(self._venue.due(now_ns))
            while self._ready:  # what is taken from the venue is never lost, whatever a step may raise
                self._carry_out(step(self.desk, self._ready.popleft()), now_ns)
        return due_ns

    def _carry_out(self, output: Output, now_ns: int) -> None:
        commands, record = output.commands, self._record
        for each in output.records:
            if hooks:
                point("record.before_append")
            record.append(each)
        waiting: list[SendOrder | AmendOrder] = []
        for command in commands:
            if isinstance(command, WAITING):
                waiting.append(command)
            else:
                self._venue.carry_out(command, now_ns)
        if output.records:
            if hooks:
                point("record.before_commit")
            if waiting:
                self._commit(waiting, output.facts, now_ns)
            else:
                record.commit(None)
            if hooks:
                point("record.after_commit")
            self.desk.takes_risk = record.takes_risk
        if output.facts:
            self._on_facts(output.facts)

    def _commit(self, waiting: Sequence[SendOrder | AmendOrder], facts: Sequence[Fact], now_ns: int) -> None:
        """One commit for each durability that a command of this step demands."""
        if self._on_approved is not None:
            for fact in facts:
                if type(fact) is OrderApproved:
                    self._on_approved(fact)
        first = waiting[0].durability
        if all(command.durability is first for command in waiting):
            self._record.commit(first, partial(self._send, waiting, now_ns))
            return
        for durability in (Durability.FAST, Durability.DURABLE):
            sends = [command for command in waiting if command.durability is durability]
            self._record.commit(durability, partial(self._send, sends, now_ns))

    def _send(self, commands: Sequence[Command], now_ns: int) -> None:
        for command in commands:
            if not self._is_wanted(command):
                continue
            ended = self._is_cancelled(command)
            if ended is None:
                self._venue.carry_out(command, now_ns)
            else:
                self._ready.append(ended)  # a step may be under way: it enters before the next event

    def _is_cancelled(self, command: Command) -> OrderRejected | AmendRefused | None:
        """The end of an order whose cancel was asked for while it waited: after its cancel it must not leave.

        A venue that has answered the cancel knows nothing of the order, and would keep it.
        """
        assert isinstance(command, SendOrder | AmendOrder), command
        number = command.approved.order.client_order_id
        if not self.desk.durable.working[number].cancel_ns:
            return None
        now_ns = self.desk.now_ns
        if isinstance(command, SendOrder):
            return OrderRejected(number, CANCELLED, CANCELLED_TEXT, 0, now_ns)
        return AmendRefused(number, CANCELLED, CANCELLED_TEXT, now_ns)

    def _is_wanted(self, command: Command) -> bool:
        """Whether an order that has waited for its record may leave: not after it was given up as lost.

        The resolver has begun to count by then, and may prove it absent before it arrives.
        """
        assert isinstance(command, SendOrder | AmendOrder), command
        order = command.approved.order
        entry = self.desk.durable.working.get(order.client_order_id)
        if entry is None:
            return False
        if isinstance(command, SendOrder):
            return entry.state is OrderState.SENDING
        asked = entry.amendment
        return asked is not None and not asked.lost and asked.order == order
