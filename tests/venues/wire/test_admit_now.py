"""Leave at once is leave as ever: the same verdicts as waiting in the queue for no time at all."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.venues.wire.clock_offset import VenueTime
from trimaran.venues.wire.governor import Admitted, Governor
from trimaran.venues.wire.market_spec import MS, SECOND
from trimaran.venues.wire.message import Charge, HttpRequest
from trimaran.venues.wire.private_spec import LimitSpec, Scope

LIMITS = (
    LimitSpec(name="weight", scope=Scope.ADDRESS, units=12, window_ns=SECOND, aligned=True, reserved=3,
              used_header="used"),
    LimitSpec(name="orders", scope=Scope.ACCOUNT, units=5, window_ns=SECOND // 2, aligned=False),
)  # fmt: skip
ORDER = HttpRequest("POST", "http://venue.test/order", charges=(Charge("weight", 2), Charge("orders")))
CANCEL = HttpRequest("POST", "http://venue.test/cancel", charges=(Charge("weight"),), urgent=True)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "cancel", "settle", "give back", "stop", "told", "wait"]),
        st.integers(0, 400),
    ),
    max_size=60,
)


def at(now_ns: int) -> VenueTime:
    return VenueTime(now_ns, 1_700_000_000_000_000_000 + now_ns, 5 * MS)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_at_once_and_in_the_queue_are_one_law(steps: list[tuple[str, int]]) -> None:
    quick, patient = Governor(LIMITS), Governor(LIMITS)
    costs = {request.url: quick.cost_of(request, "a") for request in (ORDER, CANCEL)}
    pairs: list[tuple[Any, Any]] = []
    waits = 0
    now_ns = SECOND
    for what, milliseconds in steps:
        now_ns += milliseconds * MS
        now = at(now_ns)
        if what in ("order", "cancel"):
            request = ORDER if what == "order" else CANCEL
            mine, ticket = quick.admit_now(costs[request.url], now), patient.enter(request, "a")
            admitted = isinstance(patient.admit(ticket, now), Admitted)
            assert (mine is not None) == admitted
            if mine is None:
                patient.leave(ticket)
            else:
                pairs.append((mine, ticket))
        elif what == "wait" and not waits:  # somebody waits in the queue of both
            waits = 1
            for governor in (quick, patient):
                governor.admit(governor.enter(ORDER, "a"), now)
        elif pairs:
            mine, ticket = pairs.pop(0)
            for governor, each in ((quick, mine), (patient, ticket)):
                if what == "settle":
                    governor.settle(each, now, {"used": "7"} if milliseconds > 300 else {})
                elif what == "give back":
                    governor.give_back(each)
                else:
                    governor.stop(each, now_ns + 50 * MS) if what == "stop" else governor.exhausted(each, now)
                    governor.settle(each, now)
        for name in ("weight", "orders"):
            assert quick.used(name, now, "a") == patient.used(name, now, "a")
