"""The image of a ledger: everything that it is, as one value that a snapshot keeps.

Equal states have equal images, whatever the order in which things came. The hash of a ledger is the hash of
its image, so what is restored has the same one. Zero totals and flat positions are left out: a holding that
came and went is the same as one that never was; the times of the last events stay.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b

import msgspec

from trimaran.domain.exact import canonical
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName
from trimaran.ledger.double_entry import Account
from trimaran.ledger.identities import IdentitiesImage


class TotalImage(msgspec.Struct, frozen=True):
    """One total of double entry that is not zero."""

    account: Account
    market: MarketName
    asset: Asset
    amount: Decimal


class MovedImage(msgspec.Struct, frozen=True):
    """When a wallet moved last, by the venue's time."""

    market: MarketName
    asset: Asset
    venue_ns: int


class BookImage(msgspec.Struct, frozen=True):
    """One instrument: its position, and the fills that are remembered."""

    key: InstrumentKey
    lots: int
    cost: Decimal
    realised: Decimal
    traded_ns: int
    fills: IdentitiesImage


class PaymentsImage(msgspec.Struct, frozen=True):
    """The payments of one market that are remembered."""

    market: MarketName
    payments: IdentitiesImage


class LedgerImage(msgspec.Struct, frozen=True):
    """A whole ledger, but for what its instruments mean."""

    totals: tuple[TotalImage, ...] = ()
    moved: tuple[MovedImage, ...] = ()
    books: tuple[BookImage, ...] = ()
    payments: tuple[PaymentsImage, ...] = ()


def plain(amount: Decimal) -> Decimal:
    """One decimal for equal numbers."""
    return Decimal(canonical(amount))


def hash_of(image: LedgerImage) -> int:
    """The first 64 bits of BLAKE2b of the image (https://www.rfc-editor.org/rfc/rfc7693), unsigned."""
    digest = blake2b(msgspec.msgpack.encode(image), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
