"""The governor against a model of the venue: any alignment, any delays, an offset within its bound."""

from __future__ import annotations

import heapq

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.venues.wire.clock_offset import VenueTime
from trimaran.venues.wire.governor import (
    BUDGETS_SWEPT,
    RETRY_NS_MAX,
    Admitted,
    Governor,
    Rank,
    Stopped,
    Ticket,
    WaitUntil,
)
from trimaran.venues.wire.message import Charge, HttpRequest
from trimaran.venues.wire.private_spec import LimitSpec, Scope

MS = 1_000_000
SECOND = 1000 * MS


def limit(name: str = "weight", units: int = 10, **fields: object) -> LimitSpec:
    known = {"scope": Scope.ADDRESS, "window_ns": SECOND, "aligned": False, **fields}
    return LimitSpec(name=name, units=units, **known)


def request(*charges: Charge | str, urgent: bool = False, host: str = "api.venue.test") -> HttpRequest:
    paid = tuple(Charge(charge) if isinstance(charge, str) else charge for charge in charges)
    return HttpRequest("GET", f"https://{host}/x?y=1", charges=paid, urgent=urgent)


def at(local_ns: int, ahead_ns: int = 0, error_ns: int = 0) -> VenueTime:
    return VenueTime(local_ns, local_ns + ahead_ns, error_ns)


def enter(governor: Governor, asked: HttpRequest, account: str = "") -> Ticket:
    return governor.enter(asked, account)


def sent(governor: Governor, asked: HttpRequest, now: VenueTime, account: str = "") -> Ticket:
    ticket = governor.enter(asked, account)
    assert governor.admit(ticket, now) == Admitted()
    return ticket


class Model:
    """The venue's counter, and a crowd of clients that do as the governor says."""

    def __init__(self, spec: LimitSpec, start_ns: int, error_ns: int, lie_ns: int) -> None:
        self.spec = spec
        self.start_ns = start_ns  # of the venue's clock
        self.error_ns = error_ns
        self.lie_ns = lie_ns  # how far our estimate is off, within the error
        self.counted: list[tuple[int, int]] = []  # (venue's time of arrival, units)
        self.waits_ns: dict[int, int] = {}  # client -> how long it waited
        self.urgent_waits_ns: list[int] = []

    def seen(self, local_ns: int) -> VenueTime:
        return VenueTime(local_ns, self.start_ns + local_ns + self.lie_ns, self.error_ns)

    def used(self, venue_ns: int) -> int:
        window_ns = self.spec.window_ns
        since_ns = venue_ns // window_ns * window_ns if self.spec.aligned else venue_ns - window_ns + 1
        return sum(units for counted_ns, units in self.counted if since_ns <= counted_ns <= venue_ns)

    def run(self, clients: list[tuple[int, int, bool, int, int]], header: bool) -> None:
        governor, queue, order = Governor([self.spec]), [], 0
        for client, (at_ns, units, urgent, there_ns, back_ns) in enumerate(clients):
            ticket_of = (client, None, at_ns, units, urgent, there_ns, back_ns)
            queue.append((at_ns, client, "try", ticket_of))
        heapq.heapify(queue)
        order = len(clients)
        while queue:
            now_ns, _, what, (client, ticket, born_ns, units, urgent, there_ns, back_ns) = heapq.heappop(
                queue
            )
            order += 1
            if what == "try":
                if ticket is None:
                    ticket = governor.enter(request(Charge("weight", units), urgent=urgent))
                verdict = governor.admit(ticket, self.seen(now_ns))
                again_ns, what = now_ns + there_ns, "arrive"
                if isinstance(verdict, WaitUntil):
                    assert verdict.local_ns > now_ns
                    again_ns, what = min(verdict.local_ns, now_ns + RETRY_NS_MAX), "try"
                else:
                    self.waits_ns[client] = now_ns - born_ns
            elif what == "arrive":
                self.counted.append((self.start_ns + now_ns, units))
                assert self.used(self.start_ns + now_ns) <= self.spec.units, "the venue would refuse"
                again_ns, what = now_ns + back_ns, "answer"
            else:
                used = self.used(self.start_ns + now_ns)
                governor.settle(ticket, self.seen(now_ns), {"used": str(used)} if header else {})
                continue
            heapq.heappush(
                queue, (again_ns, order, what, (client, ticket, born_ns, units, urgent, there_ns, back_ns))
            )


crowds = st.lists(
    st.tuples(
        st.integers(0, 1_500).map(lambda ms: ms * MS),
        st.integers(1, 2),
        st.booleans(),
        st.integers(0, 400).map(lambda ms: ms * MS),
        st.integers(0, 200).map(lambda ms: ms * MS),
    ),
    max_size=40,
)
TIGHT = limit(units=3, reserved=1)  # so that the crowd always wants more than there is


@settings(max_examples=200, deadline=None)
@given(
    crowds,
    st.booleans(),
    st.integers(0, 999).map(lambda ms: ms * MS),
    st.integers(0, 300).map(lambda ms: ms * MS),
    st.sampled_from([-1, 0, 1]),
    st.booleans(),
)
def test_the_venue_never_counts_more_than_its_limit(clients, aligned, start_ns, error_ns, lie, header):
    spec = msgspec.structs.replace(TIGHT, aligned=aligned, used_header="used")
    model = Model(spec, 1_780_000_000 * SECOND + start_ns, error_ns, lie * error_ns)
    model.run(clients, header)
    assert len(model.waits_ns) == len(clients), "everybody was served"


@settings(max_examples=60, deadline=None)
@given(crowds, st.booleans())
def test_nobody_waits_longer_than_those_before_need(clients, aligned):
    """Each window and round trip serves at least one waiter, in their order: no starvation."""
    model = Model(msgspec.structs.replace(TIGHT, aligned=aligned), 0, 50 * MS, 20 * MS)
    model.run(clients, header=False)
    for client, wait_ns in model.waits_ns.items():
        before = sum(1 for other in clients if other[0] <= clients[client][0] + wait_ns)
        assert wait_ns <= before * (3 * SECOND + 2 * RETRY_NS_MAX)


@given(st.lists(st.integers(1, 6), max_size=50), st.integers(1, 4))
def test_a_cancel_within_the_reserve_goes_at_once_whatever_else_was_asked(others, cancels):
    governor = Governor([limit(units=10, reserved=4)])
    for units in others:
        governor.admit(enter(governor, request(Charge("weight", units))), at(0))
    for _ in range(cancels):
        sent(governor, request("weight", urgent=True), at(0))


def test_a_large_request_is_not_starved_by_small_ones():
    governor = Governor([limit(units=10)])
    small = [sent(governor, request("weight"), at(0)) for _ in range(10)]
    large = enter(governor, request(Charge("weight", 8)))
    assert isinstance(governor.admit(large, at(1)), WaitUntil)
    for n, ticket in enumerate(small):
        governor.settle(ticket, at(n * 50 * MS))
    late = enter(governor, request("weight"))
    two_free_ns = SECOND + 60 * MS  # two have left the window
    assert isinstance(governor.admit(late, at(two_free_ns)), WaitUntil)
    assert governor.admit(large, at(SECOND + 360 * MS)) == Admitted()
    assert governor.admit(late, at(SECOND + 460 * MS)) == Admitted()


def test_who_waits_for_one_budget_does_not_bar_the_others():
    governor = Governor([limit("weight", 100), limit("orders", 1, scope=Scope.ACCOUNT)])
    sent(governor, request("weight", "orders"), at(0))
    waits = enter(governor, request("weight", "orders"))
    assert isinstance(governor.admit(waits, at(1)), WaitUntil)
    sent(governor, request("weight"), at(2))
    governor.leave(waits)


def test_an_aligned_window_is_over_only_when_it_surely_is():
    governor = Governor([limit(units=1, aligned=True)])
    first = sent(governor, request("weight"), at(900 * MS, 0, 30 * MS))
    governor.settle(first, at(950 * MS, 0, 30 * MS))
    second = enter(governor, request("weight"))
    assert governor.admit(second, at(1_010 * MS, 0, 30 * MS)) == WaitUntil(1_030 * MS)
    assert governor.admit(second, at(1_030 * MS, 0, 30 * MS)) == Admitted()
    # Answered so close to the end that it may lie in the next window.
    governor.settle(second, at(1_980 * MS, 0, 30 * MS))
    third = enter(governor, request("weight"))
    assert governor.admit(third, at(2_040 * MS, 0, 30 * MS)) == WaitUntil(2_980 * MS)


def test_with_an_unknown_clock_an_aligned_window_slides():
    governor = Governor([limit(units=1, aligned=True)])
    governor.settle(sent(governor, request("weight"), at(0, 0, 3600 * SECOND)), at(20 * MS, 0, 3600 * SECOND))
    ticket = enter(governor, request("weight"))
    assert governor.admit(ticket, at(SECOND, 0, 3600 * SECOND)) == WaitUntil(SECOND + 20 * MS)
    assert governor.admit(ticket, at(SECOND + 20 * MS, 0, 3600 * SECOND)) == Admitted()


def test_a_request_under_way_weighs_until_it_is_answered():
    governor = Governor([limit(units=1)])
    first, second = sent(governor, request("weight"), at(0)), enter(governor, request("weight"))
    assert governor.admit(second, at(9 * SECOND)) == WaitUntil(9 * SECOND + RETRY_NS_MAX)
    governor.give_back(first)
    assert governor.admit(second, at(9 * SECOND)) == Admitted()


@pytest.mark.parametrize(("header", "value"), [("used_header", "7"), ("left_header", "3")])
def test_a_header_corrects_upwards_and_never_downwards(header, value):
    governor = Governor([limit(units=10, **{header: "x-units"})])
    first, second = (sent(governor, request("weight"), at(0)) for _ in range(2))
    governor.settle(first, at(1), {"x-units": value})
    assert governor.used("weight", at(2)) == 7
    governor.settle(second, at(3), {"x-units": "1" if header == "used_header" else "9"})
    assert governor.used("weight", at(4)) == 7
    assert governor.used("weight", at(SECOND + 4)) == 0


def test_a_header_of_a_window_that_may_be_over_is_not_believed():
    """A late answer tells of the minute that has just ended; the new one must not be held full for it."""
    governor = Governor([limit(units=10, aligned=True, used_header="used")])
    governor.settle(sent(governor, request("weight"), at(990 * MS)), at(1_005 * MS), {"used": "9"})
    assert governor.used("weight", at(1_006 * MS)) == 1
    governor.settle(sent(governor, request("weight"), at(1_300 * MS)), at(1_400 * MS), {"used": "9"})
    assert governor.used("weight", at(1_401 * MS)) == 9
    assert governor.used("weight", at(2_000 * MS)) == 0


@pytest.mark.parametrize("aligned", [False, True])
def test_a_budget_that_is_wanted_is_used(aligned):
    """One client that always wants more gets nearly all of it, at 20 ms a round trip."""
    governor, sent_count, now_ns = Governor([limit(units=10, aligned=aligned)]), 0, 0
    while now_ns < 20 * SECOND:
        ticket = enter(governor, request("weight"))
        while isinstance(verdict := governor.admit(ticket, at(now_ns, 0, 2 * MS)), WaitUntil):
            now_ns = verdict.local_ns
        now_ns += 20 * MS
        governor.settle(ticket, at(now_ns, 0, 2 * MS))
        sent_count += 1
    assert 190 <= sent_count <= 210


@pytest.mark.parametrize("text", ["", "-1", "1.5", "many", "9" * 30, "٣"])
def test_a_header_that_is_no_number_is_ignored(text):
    governor = Governor([limit(units=10, used_header="used")])
    governor.settle(sent(governor, request("weight"), at(0)), at(1), {"used": text})
    assert governor.used("weight", at(2)) == 1


def test_what_others_spend_is_the_most_of_the_last_window():
    governor = Governor([limit(units=100, used_header="used")])
    for local_ns, used in ((0, "50"), (SECOND // 2, "30"), (SECOND * 3 // 4, "40")):
        governor.settle(sent(governor, request("weight"), at(local_ns)), at(local_ns), {"used": used})
    assert governor.used("weight", at(SECOND - 1)) == 52  # 49 of others and 3 of ours
    assert governor.used("weight", at(SECOND)) == 39  # 37 of others as told last, and 2 of ours


def test_what_is_short_of_room_is_served_by_rank_and_questions_give_way_first() -> None:
    """Under overload: cancel, then close, then open, then ask, whoever came first."""
    governor = Governor([limit(units=1, window_ns=SECOND)])
    first = sent(governor, request("weight"), at(0))
    governor.settle(first, at(0))
    ranks = [Rank.ASK, Rank.OPEN, Rank.CLOSE, Rank.CANCEL, Rank.OPEN]
    waiting = {number: governor.enter(request("weight"), "", rank) for number, rank in enumerate(ranks)}
    served: list[int] = []
    for second in range(1, 6):
        now = at(second * SECOND)
        for number, ticket in list(waiting.items()):
            if isinstance(governor.admit(ticket, now), Admitted):
                governor.settle(waiting.pop(number), now)
                served.append(number)
    assert served == [3, 2, 1, 4, 0]


@pytest.mark.parametrize("urgent", [False, True])
def test_a_stop_is_obeyed_by_every_request_of_the_address(urgent):
    governor = Governor([limit("weight", 100), limit("orders", 100, scope=Scope.ACCOUNT), limit("other", 9)])
    governor.stop(sent(governor, request("weight", "orders"), at(0), "a"), 7 * SECOND)
    bound = [
        request("weight", urgent=urgent),
        request("weight", urgent=urgent, host="ws-api.venue.test"),  # the same budget by another way
        request("other", urgent=urgent),  # the same host
        request(urgent=urgent),
    ]
    for asked in bound:
        for account in ("a", "b"):
            verdict = governor.admit(enter(governor, asked, account), at(7 * SECOND - 1))
            assert isinstance(verdict, Stopped)
            assert verdict.local_ns == 7 * SECOND
    sent(governor, request("other", host="futures.venue.test"), at(1))
    for asked in bound:
        sent(governor, asked, at(7 * SECOND))


def test_a_stop_of_an_account_leaves_the_others_alone():
    governor = Governor([limit("weight", 100), limit("orders", 100, scope=Scope.ACCOUNT)])
    governor.stop(sent(governor, request("orders"), at(0), "a"), 7 * SECOND)
    assert isinstance(governor.admit(enter(governor, request("orders"), "a"), at(1)), Stopped)
    sent(governor, request("orders"), at(1), "b")
    sent(governor, request("weight"), at(1), "a")


def test_too_many_new_orders_stop_new_orders_and_nothing_else():
    governor = Governor([limit("weight", 100), limit("orders", 100, scope=Scope.ACCOUNT)])
    assert not governor.stop(sent(governor, request("weight", "orders"), at(0), "a"), 7 * SECOND, True)
    assert isinstance(governor.admit(enter(governor, request("weight", "orders"), "a"), at(1)), Stopped)
    sent(governor, request("weight", urgent=True), at(1), "a")
    sent(governor, request("weight", "orders"), at(1), "b")


def test_a_shorter_stop_does_not_end_a_longer_one():
    governor = Governor([limit()])
    first, second = (sent(governor, request("weight"), at(0)) for _ in range(2))
    governor.stop(first, 120 * SECOND)
    governor.stop(second, 7 * SECOND)
    verdict = governor.admit(enter(governor, request("weight")), at(8 * SECOND))
    assert verdict == Stopped(120 * SECOND, "host api.venue.test")


def test_a_refusal_without_a_time_fills_the_budget():
    governor = Governor([limit(units=10)])
    ticket = sent(governor, request("weight"), at(0))
    governor.exhausted(ticket, at(1))
    governor.settle(ticket, at(1))
    assert governor.used("weight", at(2)) == 10
    assert governor.used("weight", at(SECOND + 1)) == 0


def test_instruments_are_counted_apart():
    governor = Governor([limit("place", 1, per_symbol=True, scope=Scope.ACCOUNT)])
    sent(governor, request("place:BTC-USDT"), at(0))
    sent(governor, request("place:ETH-USDT"), at(0))
    assert isinstance(governor.admit(enter(governor, request("place:BTC-USDT")), at(0)), WaitUntil)


def test_idle_budgets_of_instruments_are_forgotten():
    governor = Governor([limit("place", 1, per_symbol=True)])
    for n in range(4 * BUDGETS_SWEPT):
        now = at(n * SECOND)
        governor.settle(sent(governor, request(f"place:{n}"), now), now)
    assert len(governor._budgets) <= BUDGETS_SWEPT


@pytest.mark.parametrize(
    "charge", ["unknown", "place", "weight:BTC", Charge("weight", 11), Charge("weight", 0)]
)
def test_a_charge_that_can_never_be_paid_is_a_bug(charge):
    governor = Governor([limit(), limit("place", 1, per_symbol=True)])
    with pytest.raises(AssertionError):
        governor.enter(request(charge))


def test_markets_share_a_budget_of_one_name():
    governor = Governor([limit(units=1), limit(units=1)])
    sent(governor, request("weight"), at(0))
    assert isinstance(governor.admit(enter(governor, request("weight")), at(0)), WaitUntil)
    with pytest.raises(AssertionError):
        Governor([limit(units=1), limit(units=2)])
