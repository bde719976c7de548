"""The demo account of a simulated venue: keys that follow from the seed, and generous balances.

Four keys, so that clients can test what a venue refuses: one that reads and trades, one that signs with
Ed25519, one that may only read, one that may withdraw too. They guard nothing: they are printed at the start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trimaran.domain.instrument import Asset, ContractKind, MarketName, Symbol
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.trading import ApiKey, Permission

QUOTE_BALANCE: Final = Decimal(1_000_000)
INVENTORY_VALUE: Final = Decimal(500_000)  # of each base asset at its start price, rounded to a round number
_READ: Final = frozenset((Permission.READ,))
_TRADE: Final = frozenset((Permission.READ, Permission.TRADE))
_WITHDRAW: Final = frozenset(Permission)


class DemoAccount(msgspec.Struct, frozen=True):
    """The keys of the demo account."""

    trading: ApiKey
    ed25519: ApiKey
    ed25519_seed: str  # the private key, hex
    read_only: ApiKey
    withdrawing: ApiKey

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """All of them, the trading one first."""
        return self.trading, self.ed25519, self.read_only, self.withdrawing

    def printed(self) -> dict[str, Any]:
        """What a client needs to know."""
        return {
            "key": self.trading.key,
            "secret": self.trading.secret,
            "passphrase": self.trading.passphrase,
            "account_id": self.trading.account_id,
            "ed25519_key": self.ed25519.key,
            "ed25519_seed": self.ed25519_seed,
            "read_only_key": self.read_only.key,
            "read_only_secret": self.read_only.secret,
            "withdraw_key": self.withdrawing.key,
            "withdraw_secret": self.withdrawing.secret,
        }


def demo_account(venue: str, seed: int) -> DemoAccount:
    """The demo account of a venue."""
    passphrase = _word(venue, seed, "passphrase")[:12]

    def key(purpose: str, permissions: frozenset[Permission], public_key: str = "") -> ApiKey:
        name, secret = _word(venue, seed, f"{purpose} key"), _word(venue, seed, f"{purpose} secret")
        return ApiKey(name, secret, passphrase, permissions, DEMO_ACCOUNT_ID, public_key)

    private = hashlib.sha256(f"{venue}:{seed}:ed25519".encode()).digest()
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return DemoAccount(
        trading=key("trading", _TRADE),
        ed25519=key("ed25519", _TRADE, public.hex()),
        ed25519_seed=private.hex(),
        read_only=key("read-only", _READ),
        withdrawing=key("withdrawing", _WITHDRAW),
    )


def demo_balances(
    books: Mapping[tuple[MarketName, Symbol], VenueBook], one_wallet: bool
) -> dict[MarketName, dict[Asset, Decimal]]:
    """A million of the quote asset in each wallet, and an inventory of each base asset on spot."""
    balances: dict[MarketName, dict[Asset, Decimal]] = {}
    for (market, _), book in books.items():
        instrument = book.listing.instrument
        funded = next(iter(balances)) if one_wallet and balances else market
        wallet = balances.setdefault(funded, {instrument.quote: QUOTE_BALANCE})
        if instrument.kind is ContractKind.SPOT:
            price = instrument.price(book.listing.start_ticks)
            wallet[instrument.base] = Decimal(1).scaleb((INVENTORY_VALUE / price).adjusted())
    return balances


def _word(venue: str, seed: int, purpose: str) -> str:
    return hashlib.sha256(f"{venue}:{seed}:{purpose}".encode()).hexdigest()[:32]
