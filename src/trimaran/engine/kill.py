"""The kill switches of a desk: which were moved, and what they mean together for one order."""

from __future__ import annotations

from trimaran.domain.decision import KillState
from trimaran.domain.facts import KillChanged
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import KillScope, scopes_of
from trimaran.domain.orders import StrategyName
from trimaran.domain.records import KillMoved


class KillSwitches:
    """Only `engine/durable.py` moves them. A switch that was never moved is RUNNING."""

    def __init__(self) -> None:
        self.states: dict[KillScope, KillState] = {}  # without those that are RUNNING

    def move(self, record: KillMoved) -> KillChanged | None:
        """Moves one; None where it is there already."""
        before = self.states.get(record.scope, KillState.RUNNING)
        if before is record.state:
            return None
        if record.state is KillState.RUNNING:
            del self.states[record.scope]
        else:
            self.states[record.scope] = record.state
        return KillChanged(record.scope, before, record.state, record.actor, record.reason, record.local_ns)

    def effective(self, market: MarketName, strategy: StrategyName) -> KillState:
        """What an order of `strategy` on `market` may do: the strictest of the switches above it."""
        if not self.states:
            return KillState.RUNNING
        states = self.states
        return max(states.get(scope, KillState.RUNNING) for scope in scopes_of(market, strategy))
