"""NautilusTrader's cost of a simulated order: its backtest engine over quotes, with orders and without.

The venue fills at once, as its default is; the log is bypassed. The engine's own risk engine is on.
"""

from __future__ import annotations

import time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import TraderId, Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from watching import answer

BID, ASK = Decimal("60000.0"), Decimal("60000.1")
SIZE = Decimal("0.010")
START_NS, STEP_NS = 1_700_000_000_000_000_000, 20_000_000  # its risk engine takes 100 orders a second


class InTurns(Strategy):
    """Buys and sells in turns, one IOC order a quote."""

    def __init__(self, instrument: Any) -> None:
        super().__init__(StrategyConfig())
        self.instrument = instrument
        self.number = 0
        self.filled = 0

    def on_start(self) -> None:
        """Quotes."""
        self.subscribe_quote_ticks(self.instrument.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """One order."""
        self.number += 1
        buys = self.number % 2
        order = self.order_factory.limit(
            self.instrument.id,
            OrderSide.BUY if buys else OrderSide.SELL,
            self.instrument.make_qty(SIZE),
            tick.ask_price if buys else tick.bid_price,
            time_in_force=TimeInForce.IOC,
        )
        self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        """Counted."""
        self.filled += 1


def took_s(count: int, trades: bool) -> float:
    """Seconds of one run. Raises RuntimeError when an order was not filled."""
    engine = BacktestEngine(
        BacktestEngineConfig(trader_id=TraderId("BENCH-001"), logging=LoggingConfig(bypass_logging=True))
    )
    instrument = TestInstrumentProvider.btcusdt_perp_binance()
    engine.add_venue(
        Venue("BINANCE"),
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(10_000_000, USDT)],
        default_leverage=Decimal(5),
    )
    engine.add_instrument(instrument)
    price, size = instrument.make_price, instrument.make_qty
    engine.add_data(
        [
            QuoteTick(
                instrument.id, price(BID), price(ASK), size(Decimal(9)), size(Decimal(9)),
                START_NS + number * STEP_NS, START_NS + number * STEP_NS,
            )
            for number in range(count)
        ]
    )  # fmt: skip
    strategy = InTurns(instrument)
    if trades:
        engine.add_strategy(strategy)
    began_s = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - began_s
    if trades and strategy.filled != count:
        raise RuntimeError(f"expected {count} fills, found {strategy.filled}")
    engine.dispose()
    return seconds


def simulated(count: int, rounds: int) -> Any:
    """Microseconds of an order, in each round."""
    took_s(min(count, 1_000), trades=True)  # warms up
    costs = [(took_s(count, trades=True) - took_s(count, trades=False)) / count * 1e6 for _ in range(rounds)]
    what = "BacktestEngine, one IOC limit order a quote"
    return {"costs": costs, "about": f"NautilusTrader {version('nautilus_trader')}: {what}"}


if __name__ == "__main__":
    answer(simulated)
