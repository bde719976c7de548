"""What a market guarantees about our requests, for the resolver: from its `PrivateSpec` and our patience.

A request is stamped when it leaves, which is later than the record of its order: it may wait before it leaves
(`send_age_ns_max` of the executor, then the governor), and may leave once more after a refusal for its time.
All of that counts into `validity_ns`, so that whoever counts from the record counts enough.

    recvWindow  https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security
    expTime     https://www.okx.com/docs-v5/en/#overview-general-info
    signatures  https://huobiapi.github.io/docs/spot/v1/en/#authentication (taken for five minutes)
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.venue_law import SECOND, VenueLaw
from trimaran.venues.wire.patience import ORDER, Patience, departure_ns_max
from trimaran.venues.wire.private_spec import PrivateSpec

SEND_AGE_NS_MAX: Final = SECOND  # from the step that made an order to its departure
SKEW_NS: Final = SECOND  # Binance takes what is stamped up to a second ahead of its clock


def law_of(spec: PrivateSpec, patience: Patience = ORDER, send_age_ns_max: int = SEND_AGE_NS_MAX) -> VenueLaw:
    """The law of a market. `patience` is that of its orders.

    Where the venue itself does not refuse what is too old, a request can arrive for as long as its signature
    is good, and an order that was not found is never sent again.
    """
    departure_ns = send_age_ns_max + departure_ns_max(patience)
    validity_ns = departure_ns + (patience.valid_ns if spec.request_expiry else spec.clock_window_ns)
    return VenueLaw(
        market=spec.market,
        validity_ns=validity_ns,
        visibility_lag_ns=spec.visibility_lag_ns,
        skew_ns=SKEW_NS,
        reissue=spec.request_expiry,
    )
