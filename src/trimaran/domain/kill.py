"""The kill switch's scopes: what a switch stops, and which switches an order passes under.

Four scopes: all, a venue, an account (one market's account of a venue), a strategy. An order may leave only
while every switch that it passes under is RUNNING. A switch that is not set is RUNNING. The text of a scope
is what people type: `all`, `venue:okx`, `account:okx.swap`, `strategy:cross_market`.
"""

from __future__ import annotations

import enum
import functools
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.orders import StrategyName

KEYS_KEPT: Final = 8_192  # twice as many as a desk has books


class ScopeKind(enum.Enum):
    """How far a switch reaches."""

    ALL = "all"
    VENUE = "venue"
    ACCOUNT = "account"
    STRATEGY = "strategy"


class KillScope(msgspec.Struct, frozen=True, order=True):
    """One switch. `name` is empty for ALL."""

    kind: ScopeKind
    name: str = ""

    @property
    def text(self) -> str:
        """As people type it."""
        return self.kind.value if self.kind is ScopeKind.ALL else f"{self.kind.value}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> KillScope:
        """Reads what people type. Raises ConfigError."""
        kind, colon, name = text.partition(":")
        known = {each.value: each for each in ScopeKind}
        if kind not in known or bool(colon) == (kind == ScopeKind.ALL.value) or bool(colon) != bool(name):
            expected = "all, venue:NAME, account:MARKET or strategy:NAME"
            raise ConfigError(f"scope: expected {expected}, found {text[:80]!r}")
        return cls(known[kind], name)


ALL = KillScope(ScopeKind.ALL)


def scopes_of(market: MarketName, strategy: StrategyName) -> tuple[KillScope, ...]:
    """The switches that an order of `strategy` on `market` passes under, the widest first."""
    return (
        ALL,
        KillScope(ScopeKind.VENUE, market.partition(".")[0]),
        KillScope(ScopeKind.ACCOUNT, market),
        KillScope(ScopeKind.STRATEGY, strategy),
    )


@functools.lru_cache(maxsize=KEYS_KEPT)
def market_in(key: InstrumentKey) -> MarketName:
    """The market of an instrument."""
    return MarketName(key.partition(":")[0])
