"""Trimaran watching books: a live desk without strategies, on the addresses of simulated venues."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import uvloop
from msgspec.structs import replace
from watching import answer, watched

from trimaran.domain.answer import BookStatus, Kind
from trimaran.domain.instrument import MarketName
from trimaran.live.config import DeskConfig
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.market_entry import MarketEntry


class Desk:
    """Looks at a desk's books."""

    def __init__(self, runner: DeskRunner) -> None:
        self._hot = runner.desk.hot
        self._books = list(runner.desk.books.values())

    def live(self) -> int:
        """Books that may be traded on."""
        return sum(self._hot.status(book) == BookStatus.LIVE for book in self._books)

    def updates(self) -> int:
        """Frames that were applied to a book."""
        return sum(self._hot.counters(book)[0] for book in self._books)


def entries(books_only: bool) -> Mapping[MarketName, MarketEntry]:
    """The markets of the registry, with the streams of their books alone or with all that they have."""
    if not books_only:
        return MARKETS
    found = {}
    for name, entry in MARKETS.items():
        session = entry.spec.session
        streams = tuple(stream for stream in session.streams if stream.kind is Kind.DEPTH)
        spec = replace(entry.spec, session=replace(session, streams=streams))
        found[name] = replace(entry, spec=spec)
    return found


def watch(
    told: Mapping[str, Any], markets: Sequence[str], assets: Sequence[str], seconds: float, books_only: bool
) -> Any:
    """Every asset in every market."""
    hosts = {name: told["venues"][name.partition(".")[0]][name.partition(".")[2]] for name in markets}
    config = DeskConfig(
        markets=hosts,
        symbols=tuple(f"{asset}-USDT" for asset in assets),
        exposure_max={asset: Decimal(1) for asset in assets},
    )

    async def session() -> Any:
        runner = DeskRunner(config, SystemClock(), Hot, list, markets=entries(books_only))
        await runner.start()
        try:
            return await watched(Desk(runner), len(markets) * len(assets), seconds)
        finally:
            await runner.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        figures = loop.run(session())
    what = "a live desk without strategies, gap check and scan"
    return figures | {"about": f"Trimaran {version('trimaran')} (Python {platform.python_version()}): {what}"}


if __name__ == "__main__":
    answer(watch)
