"""What a market guarantees about requests, as far as the fate of an order depends on it.

The resolver's third fence (`engine/resolver.py`): after `provable_ns` a request that left at `sent_ns` can
neither arrive any more nor be accepted and not yet seen, so that only then a positive not-found is a proof.
"""

from __future__ import annotations

import msgspec

from trimaran.domain.instrument import MarketName

SECOND = 1_000_000_000


class VenueLaw(msgspec.Struct, frozen=True):
    """One market's law. Times in nanoseconds."""

    market: MarketName
    validity_ns: int  # a request is accepted at most so long after it was stamped
    visibility_lag_ns: int  # an accepted order is queryable after so long
    departure_ns: int = SECOND  # a request is stamped at most so long after its record, or never sent
    skew_ns: int = SECOND // 2  # how far our idea of the venue's clock may be off
    reissue: bool = True  # whether an order that is proved absent may be sent anew (never at HTX)
    proofs: int = 3  # positive not-founds in a row, from open orders, history and fills
    proof_pause_ns: int = SECOND // 4  # between two of them
    probe_retry_ns: int = SECOND  # after a question that failed

    def left_by_ns(self, recorded_ns: int) -> int:
        """When a request whose record is of `recorded_ns` was stamped at the latest."""
        return recorded_ns + self.departure_ns

    def provable_ns(self, sent_ns: int) -> int:
        """From when on a not-found proves something about a request that was stamped at `sent_ns`."""
        return sent_ns + self.validity_ns + self.visibility_lag_ns + self.skew_ns
