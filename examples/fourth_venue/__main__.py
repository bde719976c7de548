"""A desk on Binance and on the fourth venue, both simulated, for a few seconds.

    python -m examples.fourth_venue [SECONDS]

Prints what each book shows, and whether it is live.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

from examples.fourth_venue import entry
from examples.fourth_venue.simulator import MARKET, RULES, BybitVenue
from trimaran.domain.answer import STATUS_WORD, BookStatus
from trimaran.live.config import DeskConfig
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.venues.binance.simulator.venue import BinanceRules, BinanceVenue
from trimaran.venues.registry import with_markets
from trimaran.venues.sim.options import ServerOptions
from trimaran.venues.sim.server import Simulator, VenueMakers, running
from trimaran.venues.sim.venue_rules import RULES as VENUE_RULES
from trimaran.venues.wire.clock import SystemClock

KNOWN = with_markets(entry.SPOT)  # the one line
MARKETS = ("binance.spot", "bybit.spot")
PAIRS = ("BTC-USDT", "ETH-USDT")


def simulator() -> Simulator:
    """Binance as it is, and the fourth venue beside it, over one market."""
    options = ServerOptions(venues=("binance", "bybit"), symbols=PAIRS, further_markets=(MARKET,))
    makers: VenueMakers = {
        "binance": lambda stage: BinanceVenue(stage, BinanceRules()),
        "bybit": BybitVenue,
    }
    return Simulator(options, makers, {**VENUE_RULES, "bybit": RULES})


async def main(seconds: float) -> int:
    """0 when every book is live at the end."""
    async with running(simulator()) as simulated:
        urls = simulated.urls()["venues"]
        bases = {market: urls[market.partition(".")[0]]["spot"] for market in MARKETS}
        config = DeskConfig(bases, PAIRS, exposure_max={"BTC": Decimal(1), "ETH": Decimal(10)})
        runner = DeskRunner(config, SystemClock(), Hot, list, print, markets=KNOWN)
        await runner.start()
        try:
            await asyncio.sleep(seconds)
            statuses = [show(runner, book) for book in range(len(runner.desk.legs))]
        finally:
            await runner.stop()
    return 0 if set(statuses) == {BookStatus.LIVE} else 1


def show(runner: DeskRunner, book: int) -> BookStatus:
    """One line a book; its status."""
    instrument, hot = runner.desk.legs[book].instrument, runner.desk.hot
    status = BookStatus(hot.status(book))
    bid, _, ask, _ = hot.top(book)[:4]
    path = "slow path" if KNOWN[instrument.market].slow_path else "native"
    prices = f"{instrument.price(bid)} {instrument.price(ask)}"
    print(f"{instrument.key:24} {STATUS_WORD[status]:6} {prices:22} {path}")
    return status


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)))
