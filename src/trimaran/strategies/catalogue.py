"""Every strategy by name, and how it is made from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from trimaran.domain.orders import StrategyName
from trimaran.strategies.cross_market import NAME as CROSS_MARKET
from trimaran.strategies.cross_market import CrossMarket, CrossMarketConfig
from trimaran.strategies.port import Strategy

STRATEGIES: Final[Mapping[StrategyName, Callable[[], Strategy]]] = {
    CROSS_MARKET: lambda: CrossMarket(CrossMarketConfig()),
}
