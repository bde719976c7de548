"""NautilusTrader watching books: a live node whose strategy has subscribed to order book deltas.

Its cache keeps the books, as it does for every strategy. Nothing is switched off but the log, and nothing is
changed but the addresses, which its settings take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from nautilus_trader.adapters.binance import (
    BinanceAccountType,
    BinanceDataClientConfig,
    BinanceLiveDataClientFactory,
)
from nautilus_trader.adapters.okx import OKXDataClientConfig, OKXLiveDataClientFactory
from nautilus_trader.config import InstrumentProviderConfig, LoggingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.core.nautilus_pyo3 import OKXInstrumentType
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId, TraderId, Venue
from nautilus_trader.trading.strategy import Strategy
from watching import answer, watched

CLIENTS = {
    "binance.spot": "BINANCE_SPOT",
    "binance.usdm": "BINANCE_USDM",
    "okx.spot": "OKX",
    "okx.swap": "OKX",
}
NAMES = {
    "binance.spot": "{}USDT.BINANCE_SPOT",
    "binance.usdm": "{}USDT-PERP.BINANCE_USDM",
    "okx.spot": "{}-USDT.OKX",
    "okx.swap": "{}-USDT-SWAP.OKX",
}

SPEED = {"update_speed": 100}  # ms; without it USD-M is asked for a stream that no page of Binance names


class Watching(Strategy):
    """Subscribes, and counts."""

    def __init__(self, instruments: Sequence[InstrumentId], books_only: bool) -> None:
        super().__init__(StrategyConfig())
        self.instruments = list(instruments)
        self.books_only = books_only
        self.seen = dict.fromkeys(self.instruments, 0)

    def on_start(self) -> None:
        """Every book, and the rest where it is wanted."""
        for instrument_id in self.instruments:
            self.subscribe_order_book_deltas(instrument_id, BookType.L2_MBP, params=dict(SPEED))
            if not self.books_only:
                self.subscribe_quote_ticks(instrument_id)
                self.subscribe_trade_ticks(instrument_id)

    def on_order_book_deltas(self, deltas: Any) -> None:
        """One message."""
        self.seen[deltas.instrument_id] += 1

    def live(self) -> int:
        """Books that were told of more than once, with both sides in the cache."""
        told = (instrument_id for instrument_id, count in self.seen.items() if count > 1)
        books = (self.cache.order_book(instrument_id) for instrument_id in told)
        return sum(
            book is not None and book.best_bid_price() is not None and book.best_ask_price() is not None
            for book in books
        )

    def updates(self) -> int:
        """Messages with deltas of a book."""
        return sum(self.seen.values())


def data_clients(
    told: Mapping[str, Any], instruments: Mapping[str, Sequence[InstrumentId]]
) -> dict[str, Any]:
    """The settings of each client."""
    found: dict[str, Any] = {}
    for market, account_type in (
        ("binance.spot", BinanceAccountType.SPOT),
        ("binance.usdm", BinanceAccountType.USDT_FUTURES),
    ):
        if market in instruments:
            urls = told["venues"]["binance"][market.partition(".")[2]]
            name = CLIENTS[market]
            found[name] = BinanceDataClientConfig(
                venue=Venue(name),
                account_type=account_type,
                base_url_http=urls["rest"],
                base_url_ws=urls["ws"] if market == "binance.spot" else urls["ws_public"],
                instrument_provider=InstrumentProviderConfig(load_ids=frozenset(instruments[market])),
            )
    okx = [each for market in ("okx.spot", "okx.swap") for each in instruments.get(market, ())]
    if okx:
        urls = told["venues"]["okx"]["spot"]
        account = told["accounts"]["okx"]
        found["OKX"] = OKXDataClientConfig(
            api_key=account["key"],
            api_secret=account["secret"],
            api_passphrase=account["passphrase"],
            instrument_types=(OKXInstrumentType.SPOT, OKXInstrumentType.SWAP),
            base_url_http=urls["rest"],
            base_url_ws=urls["ws"] + "/ws/v5/public",
            instrument_provider=InstrumentProviderConfig(load_all=True),
        )
    return found


async def session(
    told: Mapping[str, Any], markets: Sequence[str], assets: Sequence[str], seconds: float, books_only: bool
) -> Any:
    """Runs a node until it was measured."""
    instruments = {
        market: [InstrumentId.from_str(NAMES[market].format(asset)) for asset in assets] for market in markets
    }
    node = TradingNode(
        config=TradingNodeConfig(
            trader_id=TraderId("BENCH-001"),
            logging=LoggingConfig(log_level="ERROR"),
            data_clients=data_clients(told, instruments),
        )
    )
    everything = [each for group in instruments.values() for each in group]
    strategy = Watching(everything, books_only)
    node.trader.add_strategy(strategy)
    for name in {CLIENTS[market] for market in markets}:
        factory = OKXLiveDataClientFactory if name == "OKX" else BinanceLiveDataClientFactory
        node.add_data_client_factory(name, factory)
    node.build()
    running = asyncio.ensure_future(node.run_async())
    measured = asyncio.ensure_future(watched(strategy, len(everything), seconds))
    await asyncio.wait({running, measured}, return_when=asyncio.FIRST_COMPLETED)
    if not measured.done():
        running.result()
        raise RuntimeError("expected the node to run, found it ended")
    return measured.result()


def watch(**request: Any) -> Any:
    """The figures of a node."""
    what = "a live node, its cache keeping L2 books from deltas"
    return asyncio.run(session(**request)) | {"about": f"NautilusTrader {version('nautilus_trader')}: {what}"}


if __name__ == "__main__":
    answer(watch)
