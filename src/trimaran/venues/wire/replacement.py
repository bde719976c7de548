"""When one connection may take over from another that still works. Pure questions; the session acts.

Make before break: the old one goes when the new one delivers every class of stream that it is to deliver.
A class that is silent on both is not waited for beyond some patience: perhaps nothing happens there.
"""

from __future__ import annotations

from trimaran.venues.wire.link import Link, LinkState
from trimaran.venues.wire.market_spec import SessionSpec


def outlived(link: Link, spec: SessionSpec, age_margin_ns: int, now_ns: int) -> str:
    """Why a connection must be replaced though it works; "" when it need not."""
    age_ns_max = spec.connection_age_ns_max - age_margin_ns
    if link.opened_ns and spec.connection_age_ns_max and now_ns - link.opened_ns >= age_ns_max:
        return "age"
    return "its requests are used up" if link.requests.spent(now_ns) else ""


def confirmed(old: Link, new: Link, patience_ns: int, now_ns: int) -> bool:
    """Whether `new` delivers all that `old` does."""
    if new.state is not LinkState.READY and not (
        new.opened_ns and new.requests.settled and old.state is not LinkState.READY
    ):
        return False
    missing = new.kinds - new.kinds_spoken()
    if not missing:
        return True
    patient = now_ns - new.opened_ns < patience_ns
    return not patient and not missing & old.kinds_spoken_since(new.opened_ns)
