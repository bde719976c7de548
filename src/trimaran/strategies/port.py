"""What a strategy is: opportunities and ended groups in, proposals out.

A strategy never touches a venue and never approves its own orders. It reads time from its arguments, and
whatever it remembers it can lose: after a restart it starts with nothing but the durable state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from trimaran.domain.facts import GroupClosed, Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey, Side
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import StrategyName


class LegDraft(msgspec.Struct, frozen=True):
    """One IOC order that a strategy wants."""

    instrument_key: InstrumentKey
    side: Side
    price_ticks: int  # the worst price that is accepted
    lots: int


class Proposal(msgspec.Struct, frozen=True):
    """Orders that pass risk together or not at all."""

    strategy: StrategyName
    purpose: Purpose
    legs: tuple[LegDraft, ...]
    pair: Pair | None  # the opportunity that it takes


class Skipped(msgspec.Struct, frozen=True):
    """An opportunity that the strategy lets go, and why."""

    pair: Pair
    reason: str


class DeskView(Protocol):
    """What a strategy may look at."""

    def instrument(self, key: InstrumentKey, /) -> Instrument:
        """An instrument."""

    def top_ticks(self, key: InstrumentKey, /) -> tuple[int, int]:
        """(bid_ticks, ask_ticks); 0 where a side is unknown or the book is not live."""

    def working(self, key: InstrumentKey, /) -> bool:
        """True while an order of ours is open there."""

    def halted(self, key: InstrumentKey, /) -> bool:
        """True while nothing may be sent there: frozen, or the kill switch."""

    @property
    def notional_max(self) -> Decimal:
        """The largest order that is worth proposing, in quote asset."""


class Strategy(Protocol):
    """A member of the catalogue."""

    name: StrategyName

    @property
    def owed(self) -> Mapping[InstrumentKey, Decimal]:
        """Residuals that are still to be given back, in base asset; long is positive."""

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal | Skipped:
        """An opportunity is there, or has changed."""

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Proposal | None:
        """All orders of a group of this strategy have ended."""

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Proposal]:
        """A tenth of a second has passed."""

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """Risk refused a proposal, by this rule."""
