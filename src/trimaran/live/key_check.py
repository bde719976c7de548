"""Asks a venue about a key: what it may do, how far the clocks are apart, and whether it is safe to run with.

Nothing is ordered, and nothing is changed.
"""

from __future__ import annotations

import random

import msgspec

from trimaran.base.errors import ConfigError, VenueError
from trimaran.domain.instrument import MarketName
from trimaran.domain.ports import Clock
from trimaran.live.account import (
    Hosts,
    Surroundings,
    UnsafeKey,
    gate_of,
    identified,
    market_asker,
    read_permissions,
    refuse_unsafe,
)
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asks import Balances, KeyPermissions
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.rest import RestClient


class MarketCheck(msgspec.Struct, frozen=True):
    """What one market said."""

    market: MarketName
    reached: bool
    assets: int  # of which the account holds some
    offset_ms: float | None  # the venue's clock less ours
    trouble: str = ""


class KeyCheck(msgspec.Struct, frozen=True):
    """What a venue said of a key; `refusal` is why a desk would not start with it."""

    permissions: KeyPermissions | None
    markets: tuple[MarketCheck, ...]
    refusal: str = ""


async def check_key(
    venue: str, hosts: Hosts, credentials: Credentials, rest: RestClient, clock: Clock
) -> KeyCheck:
    """Asks every market of `hosts`. Errors of the venue are part of the answer. Raises ConfigError."""
    around = Surroundings(gate_of(venue), rest, clock, random.Random())
    markets = tuple([await _market(name, hosts, credentials, around) for name in hosts])
    entry = MARKETS[next(iter(hosts))]
    try:
        permissions = await read_permissions(entry, hosts, credentials, around)
    except VenueError as error:
        return KeyCheck(None, markets, str(error))
    try:
        refuse_unsafe(permissions, f"{credentials.key[:6]}...")
    except UnsafeKey as error:
        return KeyCheck(permissions, markets, str(error))
    unreached = [check.trouble for check in markets if not check.reached]
    return KeyCheck(permissions, markets, unreached[0] if unreached else "")


async def _market(
    name: MarketName, hosts: Hosts, credentials: Credentials, around: Surroundings
) -> MarketCheck:
    entry = MARKETS[name]
    try:
        setup = await identified(entry, hosts[name], credentials, {}, around)
        asker = market_asker(entry, setup, around)
        await asker.sync_clock()
        balances = await asker.ask(Balances())
    except (VenueError, ConfigError) as error:
        return MarketCheck(name, False, 0, None, str(error))
    now = asker.venue_clock.at(around.clock.monotonic_ns())
    offset_ms = round((now.venue_ns - around.clock.wall_ns()) / 1e6, 1)
    return MarketCheck(name, True, 0 if isinstance(balances, Unsupported) else len(balances), offset_ms)
