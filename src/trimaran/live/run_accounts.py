"""The accounts of a run: one client a market, opened with its key, and what is asked of all of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError, VenueError
from trimaran.domain.facts import Fact, OrderStateChanged
from trimaran.domain.instrument import MarketName, Symbol, symbol_in
from trimaran.domain.kill import KillScope, ScopeKind, market_in
from trimaran.domain.orders import OrderState
from trimaran.domain.ports import Clock
from trimaran.domain.venue_law import VenueLaw
from trimaran.engine.desk import Desk
from trimaran.engine.durable import Durable
from trimaran.engine.fates import FORGOTTEN
from trimaran.live.account import Hosts, Surroundings, gate_of, open_account
from trimaran.live.executor import Executor
from trimaran.live.listing import Listing
from trimaran.live.run_config import RunSettings
from trimaran.live.startup import patiently
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.client_port import ClientOptions
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.law import law_of
from trimaran.venues.wire.rest import RestClient
from trimaran.venues.wire.websocket import WebSocketOptions

SECOND: Final = 1_000_000_000
MARGIN_NS: Final = 60 * SECOND  # before the last record: clocks differ, and a fill may have been on its way
ON_THE_WAY: Final = (OrderState.SENDING, OrderState.UNKNOWN)
ONE_WALLET: Final = ("okx",)  # venues whose markets are one account with one wallet


class ClearedMarket(msgspec.Struct, frozen=True):
    """What is open on a market after everything was to be cancelled."""

    left: int | None  # None: it could not be asked
    trouble: str = ""


class RunAccount:
    """One account, as the kill switch and people command it (`KillAccount`)."""

    def __init__(
        self, market: MarketName, client: AccountClient, symbols: Sequence[Symbol], desk: Desk
    ) -> None:
        self.market = market
        self.client = client
        self._symbols = symbols
        self._desk = desk

    def on_the_way(self) -> int:
        """Orders of ours without a definitive answer."""
        return sum(
            entry.state in ON_THE_WAY and market_in(entry.order.instrument_key) == self.market
            for entry in self._desk.durable.working.values()
        )

    @property
    def visibility_lag_ns(self) -> int:
        """How late the venue may show what it has accepted."""
        return self.client.visibility_lag_ns

    async def end_all(self) -> int:
        """One quick round against all that is open, ours or not; how much is left. Raises VenueFault."""
        return len(await self.client.cancel_all_fast(self._symbols[0] if len(self._symbols) == 1 else None))

    async def clear(self) -> int:
        """Ends everything that is open, ours or not; how much is left at last. Raises VenueFault."""
        left = await asyncio.gather(*(self.client.cancel_all(symbol) for symbol in self._symbols))
        return sum(map(len, left))

    async def end(self, refs: Sequence[OrderRef]) -> None:
        """Asks for the end of some orders: at once over the line, the others in as few requests as may be."""
        await self.client.cancel_some([ref for ref in refs if not self.client.cancel_now(ref)])


class RunAccounts:
    """All of them. `open`, then `start`; `stop` at the end."""

    def __init__(self, settings: RunSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._rng = random.Random(settings.config.desk.seed)
        self.by_market: dict[MarketName, RunAccount] = {}
        self._desk: Desk

    async def open(
        self,
        listings: Sequence[Listing],
        hosts: Hosts,
        credentials: Callable[[MarketName], Credentials],
        rests: Mapping[str, RestClient],
        executor: Executor,
        desk: Desk,
        tell: Callable[[str], None],
    ) -> None:
        """Opens every account, with patience, and tells it which orders are ours.

        `tell` hears of each attempt that failed. Raises ConfigError or VenueError.
        """
        self._desk = desk
        gates = {venue: gate_of(venue) for venue in rests}
        options = ClientOptions(since_ns=asked_since_ns(desk.durable))
        for listing in listings:
            market, venue = listing.market, listing.market.partition(".")[0]
            symbols = [instrument.symbol for instrument in listing.setup.instruments]
            proxy = self._settings.config.proxies.get(venue)
            websocket = WebSocketOptions(proxy=proxy)
            rng = random.Random(self._rng.getrandbits(64))
            around = Surroundings(gates[venue], rests[venue], self._clock, rng, options, websocket)
            hear = executor.listener(market)
            opens = partial(open_account, market, hosts, credentials(market), symbols, around, hear)
            patience_s = self._settings.config.desk.start_patience_s
            client = await patiently(opens, self._clock, rng, patience_s, tell)
            executor.add(market, client)
            self.by_market[market] = RunAccount(market, client, symbols, desk)
        for entry in desk.durable.working.values():
            owner = self.by_market.get(market_in(entry.order.instrument_key))
            if owner is not None:
                asked = None if entry.amendment is None else entry.amendment.order
                owner.client.fold.resume(entry.order, entry.filled_lots, asked)

    async def start(self) -> None:
        """Connects, and begins to reconcile."""
        for account in self.by_market.values():
            await account.client.start()

    async def stop(self) -> None:
        """Closes every line. Orders stay as they are."""
        await asyncio.gather(*(account.client.stop() for account in self.by_market.values()))

    def on_fact(self, fact: Fact) -> None:
        """An order that was proved to be absent is not open at its venue: nobody asks for it any more.

        Neither for one that the venue has had, and does not know any more.
        """
        if not isinstance(fact, OrderStateChanged):
            return
        if fact.after is OrderState.NOT_PLACED or fact.reason == FORGOTTEN:
            account = self.by_market.get(market_in(fact.instrument_key))
            if account is not None:
                account.client.fold.gone(fact.client_order_id)

    def open_orders(self, market: MarketName, scope: KillScope, spare_reducing: bool) -> list[OrderRef]:
        """The orders under a switch that have not ended as far as the desk knows."""
        account = self.by_market[market]
        refs = []
        for client_order_id, entry in self._desk.durable.working.items():
            order = entry.order
            mine = market_in(order.instrument_key) == market
            under = scope.kind is not ScopeKind.STRATEGY or order.strategy == scope.name
            if mine and under and not (spare_reducing and order.reduce_only):
                refs.append(account.client.ref_of(client_order_id, order.instrument_key))
        return refs

    def open_symbols(self, market: MarketName) -> set[Symbol]:
        """The symbols of a market with an order that is open, or on its way."""
        keys = (entry.order.instrument_key for entry in self._desk.durable.working.values())
        return {symbol_in(key) for key in keys if market_in(key) == market}

    async def clear(self, market: MarketName | None) -> dict[str, ClearedMarket]:
        """Ends everything that is open on one market, or on all, side by side. Raises ConfigError."""
        wanted = self._wanted(market)
        cleared = await asyncio.gather(*(self._clear(account) for account in wanted))
        return {account.market: row for account, row in zip(wanted, cleared, strict=True)}

    async def reconcile(self, market: MarketName | None, reason: str) -> dict[MarketName, str]:
        """A round on one market, or on all; what was in the way, or nothing. Raises ConfigError."""
        wanted = self._wanted(market)
        troubles = await asyncio.gather(*(self._reconcile(account, reason) for account in wanted))
        return {account.market: trouble for account, trouble in zip(wanted, troubles, strict=True)}

    def _wanted(self, market: MarketName | None) -> list[RunAccount]:
        if market is not None and market not in self.by_market:
            raise ConfigError(f"market: expected one of {', '.join(self.by_market)}, found {market[:40]!r}")
        return [each for name, each in self.by_market.items() if market in (None, name)]

    async def _clear(self, account: RunAccount) -> ClearedMarket:
        try:
            return ClearedMarket(await account.clear())
        except VenueError as error:
            return ClearedMarket(None, str(error))

    async def _reconcile(self, account: RunAccount, reason: str) -> str:
        client = account.client
        now = client.venue_clock.at(self._clock.monotonic_ns())
        try:
            await client.reconcile(now.venue_ns - MARGIN_NS, reason)
        except VenueError as error:
            return str(error)
        return ""


def laws_of(markets: Sequence[MarketName]) -> dict[MarketName, VenueLaw]:
    """What each market guarantees."""
    return {name: law_of(MARKETS[name].private.spec) for name in markets}


def wallets_of(settings: RunSettings) -> dict[MarketName, frozenset[MarketName]]:
    """Markets that share a wallet: those of one venue under one key, where the venue has one for all."""
    shared: dict[tuple[str, str], set[MarketName]] = {}
    for name, market in settings.config.markets.items():
        venue = name.partition(".")[0]
        if venue in ONE_WALLET:
            shared.setdefault((venue, market.key), set()).add(MarketName(name))
    return {name: frozenset(names) for names in shared.values() for name in names}


def asked_since_ns(durable: Durable) -> int:
    """From when on fills are asked for at the start: the last record, or the oldest order that is open.

    Not from before the ledger remembers fills: of those nobody could say whether they were booked.
    """
    if not durable.now_ns:
        return 0
    created = (entry.order.created_ns for entry in durable.working.values())
    remembered = (durable.ledger.remembered_ns(key) for key in durable.instruments)
    return max(min([durable.now_ns, *created]) - MARGIN_NS, *remembered, 0)
