"""Pushes events through the step and its commands to the venue, in one order for live, paper and backtest.

Whatever the venue has ready by the time of an event enters the step before that event, and a tick every tenth
of a second of event time, so that what waits for time to pass works alike in live and in replay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from trimaran.domain.account import AccountEvent
from trimaran.domain.commands import SendOrder
from trimaran.domain.events import Event, Tick
from trimaran.domain.facts import Fact
from trimaran.domain.ports import OrderVenue
from trimaran.engine.desk import Desk
from trimaran.engine.step import Output, step

TICK_NS: Final = 100_000_000


class Loop:
    """One desk, one venue, and whoever listens to the facts."""

    def __init__(self, desk: Desk, venue: OrderVenue, on_facts: Callable[[Sequence[Fact]], None]) -> None:
        self.desk = desk
        self._venue = venue
        self._on_facts = on_facts
        self._ready: deque[AccountEvent] = deque()
        self._ticked_ns = 0

    @property
    def next_due_ns(self) -> int | None:
        """When the venue will have something; None when nothing is under way."""
        return self._venue.next_due_ns

    def push(self, event: Event) -> int:
        """Takes one event; the packed answer of the hot state."""
        due_ns = self._venue.next_due_ns
        if due_ns is not None and due_ns <= event.local_ns:
            self.settle(event.local_ns)
        if event.local_ns - self._ticked_ns >= TICK_NS:
            self._ticked_ns = event.local_ns
            self._carry_out(step(self.desk, Tick(event.local_ns)), event.local_ns)
        output = step(self.desk, event)
        if output.commands or output.facts:
            self._carry_out(output, event.local_ns)
        return output.answer

    def settle(self, now_ns: int) -> int | None:
        """Takes what the venue has ready by `now_ns`; when it will have more, or None."""
        while self._ready or ((due_ns := self._venue.next_due_ns) is not None and due_ns <= now_ns):
            self._ready.extend(self._venue.due(now_ns))
            while self._ready:  # what is taken from the venue is never lost, whatever a step may raise
                self._carry_out(step(self.desk, self._ready.popleft()), now_ns)
        return due_ns

    def _carry_out(self, output: Output, now_ns: int) -> None:
        for command in output.commands:
            assert isinstance(command, SendOrder), command  # nothing cancels yet: all orders are IOC
            self._venue.send(command.approved, now_ns)
        if output.facts:
            self._on_facts(output.facts)
