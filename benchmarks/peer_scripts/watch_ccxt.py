"""ccxt.pro watching books: a loop of `watch_order_book` for each, as its manual has it."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from ccxt_addresses import exchange_at, run, symbol_of, versions
from watching import answer, watched


class Loops:
    """Counts what the loops are given."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], int] = {}

    def live(self) -> int:
        """Books that have been given once."""
        return len(self.seen)

    def updates(self) -> int:
        """Times that a book was given: ccxt may have changed it several times before."""
        return sum(self.seen.values())

    async def follow(self, exchange: Any, market: str, symbol: str) -> None:
        """One book, for ever."""
        key = market, symbol
        while True:
            book = await exchange.watch_order_book(symbol)
            if book["bids"] and book["asks"]:
                self.seen[key] = self.seen.get(key, 0) + 1

    async def follow_trades(self, exchange: Any, symbol: str) -> None:
        """The trades of one instrument, for ever."""
        while True:
            await exchange.watch_trades(symbol)

    async def follow_tops(self, exchange: Any, symbol: str) -> None:
        """The best bid and offer of one instrument, for ever; HTX's is part of its ticker."""
        while True:
            if exchange.id == "htx":
                await exchange.watch_ticker(symbol)
            else:
                await exchange.watch_bids_asks([symbol])


def watch(
    told: Mapping[str, Any], markets: Sequence[str], assets: Sequence[str], seconds: float, books_only: bool
) -> Any:
    """Every asset in every market; one exchange object a market, so that each has its own defaults."""

    async def session() -> Any:
        loops = Loops()
        exchanges = {market: exchange_at(told, market) for market in markets}
        for exchange in exchanges.values():
            await exchange.load_markets()
        tasks = [
            asyncio.ensure_future(loops.follow(exchange, market, symbol_of(market, asset)))
            for market, exchange in exchanges.items()
            for asset in assets
        ]
        measured = asyncio.ensure_future(watched(loops, len(tasks), seconds))
        if not books_only:
            for market, exchange in exchanges.items():
                for symbol in (symbol_of(market, asset) for asset in assets):
                    tasks.append(asyncio.ensure_future(loops.follow_trades(exchange, symbol)))
                    tasks.append(asyncio.ensure_future(loops.follow_tops(exchange, symbol)))
        done, _ = await asyncio.wait([measured, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for exchange in exchanges.values():
            await exchange.close()
        return measured.result()

    what = "a loop of watch_order_book for each book" + (
        "" if books_only else ", of bids and asks, of trades"
    )
    return run(session()) | {"about": f"{versions()}, Python {platform.python_version()}: {what}"}


if __name__ == "__main__":
    answer(watch)
