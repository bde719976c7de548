"""The credentials of each market of a run: from the key store, or a simulator's demo account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.instrument import MarketName
from trimaran.live.run_config import SIMULATOR, RunSettings, read_simulator_line
from trimaran.storage.keys import KeyStore
from trimaran.venues.wire.credentials import Credentials

DEMO: Final = "the demo account"
SIGNS_ED25519: Final = ("binance",)  # orders over its WebSocket need such a key


def credentials_of(settings: RunSettings, store: KeyStore) -> Callable[[MarketName], Credentials]:
    """Opens the key of a market; each key once. The function raises ConfigError."""
    config = settings.config
    opened: dict[str, Credentials] = {}

    def credentials(market: MarketName) -> Credentials:
        wanted = config.markets[market]
        venue = market.partition(".")[0]
        name = wanted.key or f"{DEMO} of {venue}"
        if name not in opened:
            opened[name] = _stored(store, wanted.key, venue) if wanted.key else _demo(settings, market)
        return opened[name]

    return credentials


def _stored(store: KeyStore, name: str, venue: str) -> Credentials:
    key = store.open(name)
    if key.venue != venue:
        raise ConfigError(f"key {name}: expected one of {venue}, found one of {key.venue}")
    return Credentials(key.key, key.secret, key.passphrase, key.kind)


def _demo(settings: RunSettings, market: MarketName) -> Credentials:
    """What the simulator printed. Those keys are worth nothing, and anybody may read them."""
    venue = market.partition(".")[0]
    assert settings.config.markets[market].hosts == SIMULATOR, market
    account = read_simulator_line(settings.path(settings.config.simulator.file)).accounts.get(venue, {})
    wanted = ("ed25519_key", "ed25519_seed") if venue in SIGNS_ED25519 else ("key", "secret")
    key, secret, passphrase = (account.get(name) for name in (*wanted, "passphrase"))
    if not isinstance(key, str) or not isinstance(secret, str):
        raise ConfigError(f"simulator.file: expected a demo account of {venue}, found none")
    kind = KeyKind.ED25519 if venue in SIGNS_ED25519 else KeyKind.HMAC
    return Credentials(key, Secret(secret), Secret(passphrase) if isinstance(passphrase, str) else None, kind)
