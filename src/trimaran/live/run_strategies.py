"""The strategies of a run, made from its settings, and what must be true before an order of each leaves."""

from __future__ import annotations

from collections.abc import Mapping

from trimaran.domain.orders import StrategyName
from trimaran.domain.records import Durability
from trimaran.live.run_sections import StrategySettings
from trimaran.strategies.cross_market import NAME as CROSS_MARKET
from trimaran.strategies.cross_market import CrossMarket
from trimaran.strategies.port import Strategy


def strategies_of(settings: StrategySettings) -> list[Strategy]:
    """The strategies that have a section."""
    cross_market = settings.cross_market
    return [] if cross_market is None else [CrossMarket(cross_market.config())]


def durability_of(settings: StrategySettings) -> Mapping[StrategyName, Durability]:
    """What each of them demands."""
    cross_market = settings.cross_market
    return {} if cross_market is None else {CROSS_MARKET: cross_market.durability}
