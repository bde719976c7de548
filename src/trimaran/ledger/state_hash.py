"""One number for the state of a ledger: equal states, equal hashes, on every machine.

The canonical bytes are lines of text, sorted, numbers in one spelling; zero totals are left out, so
that a holding that came and went is the same as one that never was. BLAKE2b, 64 bits
(https://www.rfc-editor.org/rfc/rfc7693).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from trimaran.domain.exact import canonical
from trimaran.domain.instrument import InstrumentKey
from trimaran.ledger.double_entry import Account, Accounts
from trimaran.ledger.position import FLAT, Position


def hash_text(text: str) -> int:
    """The first 64 bits of BLAKE2b of a text, as an unsigned integer."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def hash_ledger(accounts: Accounts, positions: Mapping[InstrumentKey, Position], seen_hash: int) -> int:
    """The hash of totals, positions and of the set of events that were seen."""
    lines = [
        f"account|{account.value}|{market}|{asset}|{canonical(amount)}"
        for account in Account
        for (market, asset), amount in accounts.of(account).items()
        if amount
    ]
    lines += [
        f"position|{key}|{position.lots}|{canonical(position.cost)}|{canonical(position.realised)}"
        for key, position in positions.items()
        if position != FLAT
    ]
    lines.append(f"seen|{seen_hash}")
    return hash_text("\n".join(sorted(lines)))
