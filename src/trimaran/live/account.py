"""Opening an account at a market: instruments, identities, the check of the key, then the client.

    open_account(market, key, ...) -> AccountClient that is ready to start

A key that may withdraw is refused, whatever else it may do, before any order could be sent with it. Where a
market cannot tell what its key may do, another market of the same venue is asked with the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.limits import EXCHANGE_INFO_BYTES_MAX
from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.domain.ports import Clock, Rng
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asker import Asker, Gate
from trimaran.venues.wire.asks import AccountId, Ask, KeyPermissions, ReadKeyPermissions, UserId
from trimaran.venues.wire.capability import Capability, Supported, Unsupported
from trimaran.venues.wire.client_port import ClientEvent, ClientOptions
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.market_entry import TESTNET, Bases, MarketEntry
from trimaran.venues.wire.rest import RestClient
from trimaran.venues.wire.websocket import WebSocketOptions

T = TypeVar("T")
Hosts = Mapping[MarketName, Bases | str]


class UnsafeKey(ConfigError):
    """A key that may do more than a desk needs, or less."""


class Surroundings(msgspec.Struct, frozen=True):
    """What every account of a venue shares."""

    gate: Gate  # one a venue
    rest: RestClient
    clock: Clock
    rng: Rng
    options: ClientOptions | None = None
    websocket: WebSocketOptions | None = None
    markets: Mapping[MarketName, MarketEntry] = msgspec.field(default_factory=lambda: MARKETS)


def gate_of(venue: str, markets: Mapping[MarketName, MarketEntry] = MARKETS) -> Gate:
    """The gate of a venue: the budgets of all its markets in one governor."""
    entries = [entry for entry in markets.values() if entry.venue == venue]
    limits = {limit.name: limit for entry in entries for limit in entry.private.spec.limits}
    return Gate(Governor(limits.values()))


def refuse_unsafe(permissions: KeyPermissions, name: str) -> None:
    """Raises UnsafeKey for a key that may withdraw, or may not trade."""
    if permissions.may_withdraw:
        raise UnsafeKey(f"key {name}: expected one that may not withdraw, found one that may; make another")
    if not (permissions.may_read and permissions.may_trade):
        raise UnsafeKey(f"key {name}: expected one that may read and trade, found one that may not")


async def open_account(
    market: MarketName,
    hosts: Hosts,
    credentials: Credentials,
    symbols: Sequence[Symbol],
    around: Surroundings,
    on_event: Callable[[ClientEvent], None],
) -> AccountClient:
    """A client of one account at one market, not started yet.

    `hosts` are those of the market, and of the others of its venue that are known. `symbols` are those that
    it may trade. Raises ConfigError, UnsafeKey, VenueFault or VenueError.
    """
    entry, bases = around.markets[market], hosts[market]
    body = (await around.rest.get(_instruments_url(entry, bases, symbols), EXCHANGE_INFO_BYTES_MAX)).body
    instruments = {each.symbol: each for each in entry.open(bases).read_instruments(body, symbols)}
    missing = [symbol for symbol in symbols if symbol not in instruments]
    if missing:
        found = ", ".join(missing)
        raise ConfigError(f"{market}: expected instruments that trade, found none called {found}")
    codes = entry.private.read_codes(body, symbols) if entry.private.read_codes else {}
    setup = await identified(entry, bases, credentials, instruments, around)
    setup = msgspec.structs.replace(setup, symbol_codes=codes)
    refuse_unsafe(await read_permissions(entry, hosts, credentials, around), f"{credentials.key[:6]}...")
    urls, lines = entry.private.bases(bases), entry.private.spec.lines
    return AccountClient(
        entry.private.spec,
        entry.private.make_dialect(setup),
        {line.name: entry.private.make_line(line, urls[line.base], setup) for line in lines},
        urls,
        tuple(symbols),
        around.gate,
        around.rest,
        around.clock,
        around.rng,
        on_event,
        account=credentials.key,
        options=around.options,
        websocket=around.websocket,
    )


async def identified(
    entry: MarketEntry,
    bases: Bases | str,
    credentials: Credentials,
    instruments: Mapping[Symbol, Instrument],
    around: Surroundings,
) -> AccountSetup:
    """A setup with the ids of account and user, where requests must name them. Raises VenueFault."""
    setup = AccountSetup(
        rest=entry.private.bases(bases)["rest"],
        instruments=instruments,
        credentials=credentials,
        demo=bases == TESTNET,
    )
    if not entry.private.names_account:
        return setup
    asker = market_asker(entry, setup, around)
    account_id = await _answer(asker, AccountId())
    user_id = await _answer(asker, UserId())
    return msgspec.structs.replace(setup, account_id=account_id or "", user_id=user_id or "")


async def read_permissions(
    entry: MarketEntry, hosts: Hosts, credentials: Credentials, around: Surroundings
) -> KeyPermissions:
    """What a key may do, said by this market or by another one of its venue. Raises VenueFault.

    A market that says whether the key may trade, and not whether it may withdraw, is completed by the next
    one that does. Where none can say it, nothing is known of withdrawals, and trading is taken for granted.
    """
    told: KeyPermissions | None = None
    known = around.markets.values()
    others = (each for each in known if each.venue == entry.venue and each is not entry)
    for teller in (entry, *others):
        bases = _bases_of(teller, entry, hosts)
        able = isinstance(teller.private.capabilities[Capability.KEY_PERMISSIONS], Supported)
        if bases is None or not able:
            continue
        setup = await identified(teller, bases, credentials, {}, around)
        found = await _answer(market_asker(teller, setup, around), ReadKeyPermissions())
        if found is None:
            continue
        told = found if told is None else msgspec.structs.replace(told, may_withdraw=found.may_withdraw)
        if told.may_withdraw is not None:
            return told
    return told if told is not None else KeyPermissions(may_read=True, may_trade=True, may_withdraw=None)


def _bases_of(teller: MarketEntry, entry: MarketEntry, hosts: Hosts) -> Bases | str | None:
    """Those of the market itself, or those of the same environment; base URLs of one market are its own."""
    same = hosts[entry.name]
    return hosts.get(teller.name, same if isinstance(same, str) else None)


def market_asker(entry: MarketEntry, setup: AccountSetup, around: Surroundings) -> Asker:
    """Carries asks to one market, with a clock of its own."""
    clock = VenueClock(around.clock.monotonic_ns(), around.clock.wall_ns())
    key = setup.credentials.key if setup.credentials is not None else ""
    return Asker(entry.private.make_dialect(setup), around.gate, around.rest, around.clock, clock, key)


async def _answer(asker: Asker, ask: Ask[T]) -> T | None:
    answer = await asker.ask(ask)
    return None if isinstance(answer, Unsupported) else answer


def _instruments_url(entry: MarketEntry, bases: Bases | str, symbols: Sequence[Symbol]) -> str:
    return entry.open(bases).instruments_url(symbols)
