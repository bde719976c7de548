"""The one who decides when a request may leave: one governor a venue, for all its markets and accounts.

    enter -> Ticket -> admit: Admitted -> (sent) -> settle
                              WaitUntil -> admit again by then, or when anything was settled
                              Stopped   -> leave, or wait for the end of the stop

A request pays into every budget that its charges name. Budgets of the address are shared by everything that
leaves from here, budgets of the account by the requests of that account, each under its name; markets that
name the same budget share it. Who waits is served by rank (cancels, orders that close, orders that open,
questions) among those that need the same budget, and in order within a rank; what is urgent may use the
reserved share. So neither a burst of small requests nor a burst of questions can keep a large one, or a
cancel, away, and what gives way under overload are the questions first.

A venue's order to stop (429, 418, a ban) holds for the host that gave it and for every budget of its scope
that the request named: until it has passed nothing of that scope is sent, whatever the budgets say.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from trimaran.venues.wire.budget import NEVER, Budget
from trimaran.venues.wire.clock_offset import VenueTime
from trimaran.venues.wire.message import Charge, HttpRequest
from trimaran.venues.wire.private_spec import LimitSpec, Scope

RETRY_NS_MAX: Final = 50_000_000  # who waits for an answer of others looks again so soon
BUDGETS_SWEPT: Final = 256  # budgets of symbols that are idle are forgotten from so many on
USED_MAX: Final = 10**9  # in a header; above it is nonsense
NO_HEADERS: Final[Mapping[str, str]] = {}


class Rank(enum.IntEnum):
    """Who is served first where all are short of room."""

    ASK = 0
    OPEN = 1  # an order that may take a risk
    CLOSE = 2  # one that can only make a position smaller
    CANCEL = 3


Key = tuple[str, str]  # (account or "", budget) or ("host", netloc)


class Admitted(msgspec.Struct, frozen=True):
    """It may leave now, and is counted already: `settle` or `give_back` must follow."""


class WaitUntil(msgspec.Struct, frozen=True):
    """Not now. Ask again at `local_ns`, or earlier when something was settled."""

    local_ns: int


class Stopped(msgspec.Struct, frozen=True):
    """The venue has ordered to stop until `local_ns`."""

    local_ns: int
    scope: str  # for people: what is stopped


Verdict = Admitted | WaitUntil | Stopped


class Ticket(msgspec.Struct, eq=False):
    """One request's place in the queue; `eq` is identity."""

    number: int
    charges: tuple[tuple[Key, Charge], ...]
    url: str
    urgent: bool
    rank: Rank
    left: VenueTime | None = None  # when it was admitted

    @property
    def host(self) -> Key:
        """Where it goes."""
        return "host", urlsplit(self.url).netloc

    @property
    def admitted(self) -> bool:
        """Whether it may leave, and is counted."""
        return self.left is not None


class Cost(msgspec.Struct, frozen=True):
    """What requests of one shape cost, prepared: see `cost_of`."""

    rows: tuple[tuple[Key, Charge, int], ...]  # budget, charge, and how much may weigh in it at most
    charges: tuple[tuple[Key, Charge], ...]
    url: str
    urgent: bool
    rank: Rank


class Governor:
    """All budgets of one venue, and the orders to stop. Local times must not run backwards."""

    def __init__(self, limits: Iterable[LimitSpec]) -> None:
        self._specs: dict[str, LimitSpec] = {}
        for limit in limits:
            known = self._specs.setdefault(limit.name, limit)
            assert known == limit, f"two budgets are called {limit.name}"
        self._budgets: dict[Key, Budget] = {}
        self._stops: dict[Key, int] = {}  # until when, local
        self._waiting: dict[int, Ticket] = {}  # in the order of arrival
        self._next = 1
        self.waited = 0  # times that somebody had to wait
        self.stops = 0  # orders to stop

    def cost_of(self, request: HttpRequest, account: str = "", rank: Rank | None = None) -> Cost:
        """What a request costs. `account` names whose budgets of Scope.ACCOUNT are meant.

        Without a rank, what is urgent counts as a cancel and all else as a question.
        """
        rows: list[tuple[Key, Charge, int]] = []
        for charge in request.charges:
            spec = self._spec(charge)
            most = spec.units - (0 if request.urgent else spec.reserved)
            assert 0 < charge.units <= most, f"{charge}: can never fit into {spec}"
            rows.append((self._key(charge, account), charge, most))
        charges = tuple((key, charge) for key, charge, _ in rows)
        known = rank if rank is not None else Rank.CANCEL if request.urgent else Rank.ASK
        return Cost(tuple(rows), charges, request.url, request.urgent, known)

    def admit_now(self, cost: Cost, now: VenueTime) -> Ticket | None:
        """A ticket that is admitted, or None when it would have to wait or is stopped."""
        if self._waiting or self._stops:
            return self._admit_in_turn(cost, now)
        for key, charge, most in cost.rows:
            if not self._budget(key, charge).has_room(charge.units, most, now):
                self.waited += 1
                return None
        for key, charge, _ in cost.rows:
            self._budgets[key].take(charge.units)
        ticket = Ticket(self._next, cost.charges, cost.url, cost.urgent, cost.rank, now)
        self._next += 1
        return ticket

    def _admit_in_turn(self, cost: Cost, now: VenueTime) -> Ticket | None:
        """The same while others wait, or something is stopped: nobody is overtaken."""
        ticket = self._queued(cost)
        if isinstance(self.admit(ticket, now), Admitted):
            return ticket
        self.leave(ticket)
        return None

    def enter(self, request: HttpRequest, account: str = "", rank: Rank | None = None) -> Ticket:
        """Joins the queue, as `cost_of` says."""
        return self._queued(self.cost_of(request, account, rank))

    def _queued(self, cost: Cost) -> Ticket:
        ticket = Ticket(self._next, cost.charges, cost.url, cost.urgent, cost.rank)
        self._next += 1
        self._waiting[ticket.number] = ticket
        return ticket

    def admit(self, ticket: Ticket, now: VenueTime) -> Verdict:
        """Whether it may leave now. Admitted is said once."""
        assert not ticket.admitted
        stopped = self._stop_of(ticket, now.local_ns)
        if stopped is not None:
            return stopped
        again_ns = self._again_ns(ticket, now)
        if again_ns:
            self.waited += 1
            return WaitUntil(again_ns)
        for key, charge in ticket.charges:
            self._budget(key, charge).take(charge.units)
        ticket.left = now
        del self._waiting[ticket.number]
        return Admitted()

    def leave(self, ticket: Ticket) -> None:
        """Gives up waiting."""
        assert not ticket.admitted
        self._waiting.pop(ticket.number, None)

    def settle(self, ticket: Ticket, now: VenueTime, headers: Mapping[str, str] = NO_HEADERS) -> None:
        """It was answered (with these headers), or nobody waits for the answer any more."""
        assert ticket.admitted
        for key, charge in ticket.charges:
            self._budget(key, charge).settle(charge.units, now)
        self._read_headers(ticket, headers, now)
        self._sweep(now)

    def give_back(self, ticket: Ticket) -> None:
        """It was admitted and has never left."""
        assert ticket.admitted
        for key, charge in ticket.charges:
            self._budget(key, charge).give_back(charge.units)

    def stop(self, ticket: Ticket, until_ns: int, of_account: bool = False) -> bool:
        """The venue answered `ticket` with an order to stop; whether it is one for the whole host.

        A request with budgets of the account alone, or an order `of_account`, stops those budgets. Any other
        stops its host and its budgets of the address, for everybody. A shorter stop ends no longer one.
        """
        scopes = {self._spec(charge).scope for _, charge in ticket.charges}
        narrow = scopes == {Scope.ACCOUNT} or (of_account and Scope.ACCOUNT in scopes)
        meant = Scope.ACCOUNT if narrow else Scope.ADDRESS
        keys = [key for key, charge in ticket.charges if self._spec(charge).scope is meant]
        if not narrow:
            keys.append(ticket.host)
        for key in keys:
            self._stops[key] = max(until_ns, self._stops.get(key, 0))
        self.stops += 1
        return not narrow

    def exhausted(self, ticket: Ticket, now: VenueTime) -> None:
        """The venue says that its budgets are spent, not for how long: full until the window is over."""
        for key, charge in ticket.charges:
            budget = self._budget(key, charge)
            budget.told(budget.spec.units, now)

    def used(self, budget: str, now: VenueTime, account: str = "") -> int:
        """Units of a budget that weigh now; for metrics."""
        key = self._key(Charge(budget), account)
        known = self._budgets.get(key)
        return 0 if known is None else known.used(now)

    def _spec(self, charge: Charge) -> LimitSpec:
        name, colon, _ = charge.budget.partition(":")
        spec = self._specs.get(charge.budget) or self._specs.get(name)
        assert spec is not None, f"no budget {charge.budget}"
        assert spec.per_symbol == bool(colon), f"{charge.budget}: names an instrument, or must"
        return spec

    def _key(self, charge: Charge, account: str) -> Key:
        return (account if self._spec(charge).scope is Scope.ACCOUNT else "", charge.budget)

    def _budget(self, key: Key, charge: Charge) -> Budget:
        budget = self._budgets.get(key)
        if budget is None:
            budget = self._budgets[key] = Budget(self._spec(charge))
        return budget

    def _stop_of(self, ticket: Ticket, now_ns: int) -> Stopped | None:
        if not self._stops:
            return None
        for key in [key for key, until_ns in self._stops.items() if until_ns <= now_ns]:
            del self._stops[key]
        keys = [ticket.host, *(key for key, _ in ticket.charges)]
        until_ns, key = max(((self._stops.get(key, 0), key) for key in keys), default=(0, ("", "")))
        return Stopped(until_ns, " ".join(key).strip()) if until_ns else None

    def _again_ns(self, ticket: Ticket, now: VenueTime) -> int:
        """0 when every budget has room for it and for those served first; else when to look again."""
        again_ns = 0
        for key, charge in ticket.charges:
            budget = self._budget(key, charge)
            if not budget.fits(charge.units, ticket.urgent, now):
                release_ns = budget.next_release_ns(now)
                known = release_ns != NEVER
                again_ns = max(again_ns, release_ns if known else now.local_ns + RETRY_NS_MAX)
            elif not budget.fits(charge.units + self._ahead(ticket, key, now), ticket.urgent, now):
                again_ns = max(again_ns, now.local_ns + RETRY_NS_MAX)
        return again_ns

    def _ahead(self, ticket: Ticket, key: Key, now: VenueTime) -> int:
        """Units of a budget that are set aside for who is of a higher rank, or came earlier within it."""
        return sum(
            charge.units
            for other in self._waiting.values()
            if other.rank > ticket.rank or (other.rank == ticket.rank and other.number < ticket.number)
            for other_key, charge in other.charges
            if other_key == key and self._stop_of(other, now.local_ns) is None
        )

    def _read_headers(self, ticket: Ticket, headers: Mapping[str, str], now: VenueTime) -> None:
        """Each budget of the request that the answer tells of is corrected upwards."""
        assert ticket.left is not None
        for key, charge in ticket.charges if headers else ():
            budget = self._budget(key, charge)
            spec = budget.spec
            if not budget.in_one_window(ticket.left, now):
                continue  # the count may be that of a window that is over
            used, left = _count(headers, spec.used_header), _count(headers, spec.left_header)
            if used is not None:
                budget.told(used, now)
            if left is not None:
                budget.told(spec.units - left, now)

    def _sweep(self, now: VenueTime) -> None:
        if len(self._budgets) < BUDGETS_SWEPT:
            return
        for budget in self._budgets.values():
            budget.used(now)
        self._budgets = {key: budget for key, budget in self._budgets.items() if not budget.idle}


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "") if name else ""
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        return None
    return min(int(text), USED_MAX)
