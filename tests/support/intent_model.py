"""A model of the order-intent protocol in which everything that can happen does, in every order.

One intent, two owners, a slow and lossy network, a venue:

    owner A (its lease ends) -> takeover -> owner B;  each may pause anywhere, and crash at any point
    row: state, who wrote it, when, which attempt;  requests under way;  orders that the venue has accepted

The row moves by `TRANSITIONS` (or a table that a test has spoilt) and by nothing else. What a not-found
proves is asked of the same `VenueLaw` as the resolver asks. The rules can be taken away one by one (`Rule`);
`explore` searches breadth first, so that what it finds is a shortest way:

    DUPLICATE   the venue has accepted two orders of the intent
    LOST        the row says that there is no order, and the venue has one
    ILLEGAL     something happened that the table has no move for

Time is counted in ticks, which stand for nanoseconds. The venue dedupes client ids among open orders alone,
and an accepted order is queryable after LAG.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from trimaran.domain.instrument import MarketName
from trimaran.domain.orders import TERMINAL, TRANSITIONS, OrderEvent, OrderState
from trimaran.domain.venue_law import VenueLaw

DUPLICATE: Final = "DUPLICATE"
LOST: Final = "LOST"
ILLEGAL: Final = "ILLEGAL"
Table = Mapping[OrderState, Mapping[OrderEvent, OrderState]]

DEPARTURE: Final = 1  # an order leaves at most so long after its record
WINDOW: Final = 1  # the venue accepts a request at most so long after its stamp
LAG: Final = 1
LEASE_END: Final = 3  # of owner A; then B may take over
END: Final = 9
ATTEMPTS: Final = 2
LAW: Final = VenueLaw(MarketName("model"), DEPARTURE + WINDOW, LAG, skew_ns=0, proofs=1)
NOTHING_THERE: Final = (OrderState.REJECTED, OrderState.NOT_PLACED)
UNSETTLED: Final = (OrderState.SENDING, OrderState.UNKNOWN)


class Rule(enum.Enum):
    """What the protocol demands."""

    RECORD = "the claim is on record before a byte leaves"
    CLAIM_ONCE = "a claim is a compare-and-set"
    EPOCH = "only the present owner writes"
    LEASE = "an owner sends only while its lease holds"
    DEPARTURE = "what is not sent soon after its record is not sent at all"
    EXPIRY = "the venue refuses a request that is too old"
    WAIT = "a not-found proves nothing before the law says so"
    LAG = "the law counts the time in which an accepted order cannot be seen"
    ERROR = "an error is not a not-found"
    DEDUPE = "the venue refuses an id that is open"
    REISSUE = "an absent order is sent anew"  # a permission: without it nothing is


class Owner(NamedTuple):
    """Where an owner is: none, idle, read (it saw NEW), claimed, waiting (for the answer), dead."""

    at: str
    recorded: int = 0
    attempt: int = 0


class Row(NamedTuple):
    """What is on record."""

    state: OrderState
    recorded: int
    attempt: int


class Request(NamedTuple):
    """Under way to the venue."""

    owner: int
    attempt: int
    stamp: int


class Placed(NamedTuple):
    """An order at the venue."""

    attempt: int
    since: int
    is_open: bool


class State(NamedTuple):
    """Everything."""

    now: int
    present: int  # the owner, 0 or 1
    owners: tuple[Owner, Owner]
    row: Row
    requests: frozenset[Request]
    placed: tuple[Placed, ...]


class Found(NamedTuple):
    """What an exploration found. `verdict` is empty when nothing is wrong."""

    verdict: str
    way: tuple[str, ...]
    states: int
    reached: frozenset[tuple[OrderState, int]]


Step = tuple[str, State]
START: Final = State(0, 0, (Owner("idle"), Owner("none")), Row(OrderState.NEW, 0, 0), frozenset(), ())


class Illegal(Exception):
    """The table has no such move."""


class Model:
    """The protocol with some rules, over a table."""

    def __init__(self, rules: frozenset[Rule], table: Table = TRANSITIONS) -> None:
        self.rules = rules
        self.table = table
        self.law = self._law()

    def explore(self, wrong: Collection[str] = (DUPLICATE, LOST, ILLEGAL)) -> Found:
        """Everything that can happen, breadth first, until something of `wrong` does."""
        came: dict[State, tuple[State, str] | None] = {START: None}
        waiting = deque([START])
        reached: set[tuple[OrderState, int]] = set()
        while waiting:
            state = waiting.popleft()
            reached.add((state.row.state, state.row.attempt))
            verdict = self._wrong(state)
            if verdict in wrong:
                return Found(verdict, _way(came, state), len(came), frozenset(reached))
            try:
                for label, after in self._steps(state):
                    if after not in came:
                        came[after] = (state, label)
                        waiting.append(after)
            except Illegal as error:
                return Found(ILLEGAL, (*_way(came, state), str(error)), len(came), frozenset(reached))
        return Found("", (), len(came), frozenset(reached))

    def _law(self) -> VenueLaw:
        """The law as the resolver has it without some of the rules."""
        if Rule.WAIT not in self.rules:
            return VenueLaw(LAW.market, 0, 0, skew_ns=0, proofs=LAW.proofs)
        lag = LAW.visibility_lag_ns if Rule.LAG in self.rules else 0
        return VenueLaw(LAW.market, LAW.validity_ns, lag, skew_ns=0, reissue=Rule.REISSUE in self.rules)

    def _wrong(self, state: State) -> str:
        if len(state.placed) > 1:
            return DUPLICATE
        return LOST if state.row.state in NOTHING_THERE and state.placed else ""

    def _steps(self, state: State) -> Iterator[Step]:
        if state.now < END:
            yield f"tick {state.now + 1}", state._replace(now=state.now + 1)
        for who in (0, 1):
            yield from self._owner(state, who)
        for request in state.requests:
            yield from self._network(state, request)
        for number, order in enumerate(state.placed):
            if order.is_open:
                yield from self._filled(state, number, order)

    def _owner(self, state: State, who: int) -> Iterator[Step]:
        owner, name = state.owners[who], "AB"[who]
        if owner.at == "none":
            if state.now >= LEASE_END:
                yield f"{name} takes over", _at(state, who, Owner("idle"))._replace(present=who)
            return
        if owner.at == "dead":
            return
        if owner.at == "idle":
            yield from self._claims(state, who)
            if state.row.state in UNSETTLED and self._may_write(state, who):
                yield from self._resolves(state, who)
        elif owner.at == "read" and self._may_write(state, who):
            yield f"{name} claims blindly", self._claimed(state, who, OrderState.SENDING)
        elif owner.at == "claimed":
            yield self._sends(state, who)
        elif owner.at == "waiting":
            after = self._moved(_at(state, who, Owner("idle")), who, owner.attempt, OrderEvent.LOSE)
            yield f"{name} hears nothing", after
        yield f"{name} crashes", _at(state, who, Owner("dead"))

    def _claims(self, state: State, who: int) -> Iterator[Step]:
        name, row = "AB"[who], state.row
        if Rule.RECORD not in self.rules:
            if row.state is OrderState.NEW:
                yield f"{name} reads", _at(state, who, Owner("claimed", state.now, row.attempt))
        elif Rule.CLAIM_ONCE not in self.rules:
            if row.state is OrderState.NEW:
                yield f"{name} reads", _at(state, who, Owner("read", 0, row.attempt))
        else:
            after = self.table[row.state].get(OrderEvent.CLAIM)
            if after is not None and self._may_write(state, who):
                yield f"{name} claims", self._claimed(state, who, after)

    def _claimed(self, state: State, who: int, after: OrderState) -> State:
        row = Row(after, state.now, state.owners[who].attempt or state.row.attempt)
        return _at(state, who, Owner("claimed", state.now, row.attempt))._replace(row=row)

    def _sends(self, state: State, who: int) -> Step:
        owner, name = state.owners[who], "AB"[who]
        if Rule.LEASE in self.rules and who == 0 and state.now >= LEASE_END:
            return f"{name} stops: its lease has ended", _at(state, who, Owner("dead"))
        if Rule.DEPARTURE in self.rules and state.now - owner.recorded > DEPARTURE:
            stopped = _at(state, who, Owner("idle"))
            return f"{name} stops: too late", self._moved(stopped, who, owner.attempt, OrderEvent.REJECT)
        request = Request(who, owner.attempt, state.now)
        waiting = _at(state, who, owner._replace(at="waiting"))
        return f"{name} sends", waiting._replace(requests=state.requests | {request})

    def _resolves(self, state: State, who: int) -> Iterator[Step]:
        """The resolver of an owner that waits for nothing."""
        name, row = "AB"[who], state.row
        if row.state is OrderState.SENDING:
            yield f"{name} finds it sending", self._moved(state, who, row.attempt, OrderEvent.LOSE)
            return
        if any(each.attempt == row.attempt and each.since + LAG <= state.now for each in state.placed):
            yield f"{name} finds it", self._moved(state, who, row.attempt, OrderEvent.ACK)
        elif self.law.proves(row.recorded, state.now):
            yield f"{name} proves it absent", self._absent(state, who)
        if Rule.ERROR not in self.rules:
            yield f"{name} takes an error for a not-found", self._absent(state, who)

    def _absent(self, state: State, who: int) -> State:
        after = self._moved(state, who, state.row.attempt, OrderEvent.PROVE_ABSENT)
        again = self.law.reissue and Rule.REISSUE in self.rules and after.row.attempt + 1 < ATTEMPTS
        if not again:
            return after
        return after._replace(row=Row(OrderState.NEW, 0, after.row.attempt + 1))

    def _network(self, state: State, request: Request) -> Iterator[Step]:
        gone = state._replace(requests=state.requests - {request})
        yield "the request is lost", gone
        if Rule.EXPIRY in self.rules and state.now - request.stamp > WINDOW:
            return
        dedupes = Rule.DEDUPE in self.rules
        if dedupes and any(each.attempt == request.attempt and each.is_open for each in state.placed):
            yield "the venue refuses a repeated id", gone
            return
        placed = tuple(sorted((*state.placed, Placed(request.attempt, state.now, True))))
        accepted = gone._replace(placed=placed)
        yield "the venue accepts", accepted
        who = request.owner
        if state.owners[who] == Owner("waiting", state.owners[who].recorded, request.attempt):
            answered = _at(accepted, who, Owner("idle"))
            yield (
                "the venue accepts, and is heard",
                self._moved(answered, who, request.attempt, OrderEvent.ACK),
            )
            refused = _at(gone, who, Owner("idle"))
            yield (
                "the venue refuses, and is heard",
                self._moved(refused, who, request.attempt, OrderEvent.REJECT),
            )

    def _filled(self, state: State, number: int, order: Placed) -> Iterator[Step]:
        placed = list(state.placed)
        placed[number] = order._replace(is_open=False)
        filled = state._replace(placed=tuple(sorted(placed)))
        yield "the order fills", filled
        who = state.present
        if state.owners[who].at in ("idle", "waiting"):
            heard = self._moved(filled, who, order.attempt, OrderEvent.FULL_FILL)
            yield "the order fills, and is heard", heard

    def _moved(self, state: State, who: int, attempt: int, event: OrderEvent) -> State:
        """The row after an event about an attempt, if this owner may write; it goes where the table goes."""
        row = state.row
        if row.attempt != attempt or not self._may_write(state, who):
            return state
        if Rule.RECORD not in self.rules and row.state is OrderState.NEW:
            return state._replace(row=row._replace(state=self._first(event)))
        after = self.table[row.state].get(event)
        if after is None:
            if row.state in TERMINAL or event is OrderEvent.REJECT:
                return state
            raise Illegal(f"{row.state.name} has no {event.name}")
        return state._replace(row=row._replace(state=after))

    def _first(self, event: OrderEvent) -> OrderState:
        return self.table[OrderState.SENDING].get(event, OrderState.NEW)

    def _may_write(self, state: State, who: int) -> bool:
        return state.present == who or Rule.EPOCH not in self.rules


def _at(state: State, who: int, owner: Owner) -> State:
    owners = (owner, state.owners[1]) if who == 0 else (state.owners[0], owner)
    return state._replace(owners=owners)


def _way(came: Mapping[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    way: list[str] = []
    step = came[state]
    while step is not None:
        before, label = step
        way.append(label)
        step = came[before]
    return tuple(reversed(way))
