"""What one step gathers: records, which are applied the moment they are made, commands and facts."""

from __future__ import annotations

from trimaran.domain.commands import Command
from trimaran.domain.facts import Fact
from trimaran.domain.records import JournalRecord
from trimaran.engine.desk import Desk


class Turn:
    """One step in the making. A record that was made is in force: whatever is decided next knows it."""

    __slots__ = ("commands", "desk", "facts", "records")

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.records: list[JournalRecord] = []
        self.commands: list[Command] = []
        self.facts: list[Fact] = []

    def record(self, record: JournalRecord) -> tuple[Fact, ...]:
        """Puts a record in force; what has happened by it."""
        facts = self.desk.durable.apply(record)
        risk = self.desk.risk
        risk.record(record)
        risk.take(*facts)
        self.records.append(record)
        self.facts += facts
        return facts

    def tell(self, fact: Fact) -> None:
        """A fact that no record stands behind: it is about what is not durable."""
        self.facts.append(fact)
