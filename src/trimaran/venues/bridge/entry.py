"""A bridged market opened: the child started, the instruments read, feeds and clients made on it.

    market = bridge_entry("kraken")                  # bridge.kraken.spot; in no registry
    async with opened(market, python, credentials, rng) as bridge:
        instruments = await bridge.instruments([Symbol("BTC/USDT")])
        feed = bridge.feed(instruments, sink, clock)
        client = bridge.client(instruments, clock, rng, on_event)

The interpreter must have ccxt; `python -m tools.peers ccxt` makes one at `.peers/ccxt/bin/python`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from trimaran.base.errors import ConfigError, VenueError
from trimaran.domain.instrument import ContractKind, Instrument, Symbol
from trimaran.domain.ports import Clock, Rng
from trimaran.venues.bridge.client import OPTIONS, BridgeClient
from trimaran.venues.bridge.errors import fault_of
from trimaran.venues.bridge.feed import BridgeFeed
from trimaran.venues.bridge.instruments import read_instruments
from trimaran.venues.bridge.messages import BridgeSettings, read_line
from trimaran.venues.bridge.process import BridgeProcess, ProcessOptions
from trimaran.venues.bridge.spec import BridgeMarket
from trimaran.venues.wire.client_port import ClientEvent, ClientOptions
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.session_port import FrameSink, Notice

PROVED_BY_CLIENT_ID: Final = ("okx", "binance", "htx")
FEES_TURNED: Final = (("htx", ContractKind.PERPETUAL),)  # seen with ccxt 4.5.90 and HTX's v5
Instruments = Mapping[Symbol, Instrument]


def bridge_entry(
    exchange: str,
    kind: ContractKind = ContractKind.SPOT,
    *,
    config: Mapping[str, Any] | None = None,
    urls: Mapping[str, Any] | None = None,
    sandbox: bool = False,
    decimal_ids: bool = False,
) -> BridgeMarket:
    """The market of an exchange of ccxt. Raises ConfigError for what is no id."""
    default_type = {"options": {"defaultType": "spot" if kind is ContractKind.SPOT else "swap"}}
    settings = BridgeSettings(exchange, {**default_type, **(config or {})}, urls or {}, sandbox, decimal_ids)
    return BridgeMarket(
        settings=settings,
        kind=kind,
        queries_by_client_id=exchange in PROVED_BY_CLIENT_ID,
        fees_turned=(exchange, kind) in FEES_TURNED,
    )


class Bridge:
    """An exchange behind a child that is up."""

    def __init__(self, market: BridgeMarket, process: BridgeProcess) -> None:
        self.market = market
        self.process = process

    async def instruments(self, symbols: Sequence[Symbol]) -> dict[Symbol, Instrument]:
        """The instruments of `symbols`. Raises DecodeError, VenueFault or RestError; ConfigError for one
        that does not trade."""
        known = {each.symbol: each for each in await self.traded(symbols)}
        missing = [symbol for symbol in symbols if symbol not in known]
        if missing:
            raise ConfigError(
                f"{self.market.name}: expected instruments that trade, found none called {', '.join(missing)}"
            )
        return known

    async def traded(self, symbols: Sequence[Symbol]) -> tuple[Instrument, ...]:
        """Those of `symbols` that trade. Raises DecodeError, VenueFault or RestError."""
        payload = await self.process.ask("markets", msgspec.json.encode({"symbols": list(symbols)}))
        line = read_line(payload)
        if line is None:
            raise VenueError("bridge: expected instruments, found something else")
        if line.error is not None:
            raise VenueFault(fault_of(line.error.classes, line.error.text, False))
        return read_instruments(bytes(line.result), self.market.name, self.market.kind, symbols)

    def feed(
        self,
        symbols: Collection[Symbol],
        sink: FrameSink,
        clock: Clock,
        on_notice: Callable[[Notice], None] | None = None,
    ) -> BridgeFeed:
        """A feed, not started yet."""
        return BridgeFeed(self.process, self.market, tuple(symbols), sink, clock, on_notice)

    def client(
        self,
        instruments: Instruments,
        clock: Clock,
        rng: Rng,
        on_event: Callable[[ClientEvent], None],
        options: ClientOptions = OPTIONS,
    ) -> BridgeClient:
        """A client of the account, not started yet."""
        return BridgeClient(self.process, self.market, instruments, clock, rng, on_event, options)


@contextlib.asynccontextmanager
async def opened(
    market: BridgeMarket,
    python: Path,
    credentials: Credentials | None,
    rng: Rng,
    options: ProcessOptions | None = None,
) -> AsyncIterator[Bridge]:
    """A child that is up, for the time of a block. Raises RestError when none comes up."""
    process = BridgeProcess(python, market.settings, credentials, rng, options)
    try:
        await process.start()
        yield Bridge(market, process)
    finally:
        await process.close()
