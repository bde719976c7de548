"""What a market guarantees about requests, as far as the fate of an order depends on it.

The resolver's third fence (`engine/resolver.py`): after `provable_ns` a request that was recorded at
`sent_ns` can neither arrive any more nor be accepted and not yet seen, so that only then a positive not-found
is a proof.
"""

from __future__ import annotations

import msgspec

from trimaran.domain.instrument import MarketName

SECOND = 1_000_000_000


class VenueLaw(msgspec.Struct, frozen=True):
    """One market's law. Times in nanoseconds."""

    market: MarketName
    validity_ns: int  # a request is accepted at most so long after its record, waiting to leave included
    visibility_lag_ns: int  # an accepted order is queryable after so long
    skew_ns: int = SECOND // 2  # how far our idea of the venue's clock may be off
    reissue: bool = True  # whether an order that is proved absent may be sent anew (never at HTX)
    proofs: int = 3  # positive not-founds in a row, from open orders, history and fills
    proof_pause_ns: int = SECOND // 4  # between two of them
    probe_retry_ns: int = SECOND  # after a question that failed, or a cancel that did nothing
    quiet_ns: int = 2 * SECOND  # after so long without an order in flight or a word: corrections are booked

    def provable_ns(self, sent_ns: int) -> int:
        """From when on a not-found proves something about a request whose record is of `sent_ns`."""
        return sent_ns + self.validity_ns + self.visibility_lag_ns + self.skew_ns

    def proves(self, sent_ns: int, asked_ns: int) -> bool:
        """Whether a not-found to a question of `asked_ns` says that a request is absent for ever."""
        return asked_ns >= self.provable_ns(sent_ns)
