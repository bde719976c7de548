"""The one sentence of Trimaran: events in -> step(desk, event) -> commands and facts out.

Live, paper and backtest run this same step; only the feed, the clock and the venue differ. It reads no
clock, draws no random number and does no I/O.

    1 stamp        the event's local time becomes the desk's time
    2 hot          one native call: decode, sequence, apply, scan
    3 ledger       account events move orders in the state table and money in the ledger
    4 signals      opportunities at their best size, from the pairs that the scan names
    5 strategies   proposals, from opportunities and from groups that have ended
    6 risk         every proposal is approved as a whole or refused as a whole, by name of the rule
    7 commands     what the world is asked to do, beside the facts of what has happened

Whatever must outlive the process is a record: it is in force the moment it is made, and the loop writes it
down before any order of the same step leaves. Most frames end after stage 2: the answer says that nothing
worth waking for has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

import msgspec

from trimaran.domain.account import OrderAbsent, ProbeAnswer
from trimaran.domain.answer import NO_BOOK, Flag, Kind
from trimaran.domain.commands import Command
from trimaran.domain.events import (
    AccountSnapshot,
    AccountUncertain,
    CancelRequested,
    Event,
    FeedDown,
    FeedUp,
    Frame,
    KillRequested,
    LimitsRequested,
    ReleaseRequested,
    SnapshotBody,
    Tick,
)
from trimaran.domain.facts import Fact
from trimaran.domain.kill import market_in
from trimaran.domain.records import Heard, JournalRecord
from trimaran.engine import approval, equity, fates, intents, observe, operator, reconcile
from trimaran.engine.accounts import AboutOrder, MoneyEvent, market_of
from trimaran.engine.desk import Desk
from trimaran.engine.turn import Turn
from trimaran.strategies.port import Proposal


class Output(msgspec.Struct, frozen=True, gc=False):
    """What one step gives back. `answer` is that of the hot state, 0 for events that it never sees."""

    answer: int
    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
    records: tuple[JournalRecord, ...] = ()


NOTHING: Final = Output(0, (), ())
WAKING: Final = int(Flag.WENT_STALE | Flag.WENT_LIVE | Flag.WAKE | Flag.CROSSED | Flag.NEED_SNAPSHOT)


def step(desk: Desk, event: Event) -> Output:
    """Takes one event."""
    # 1 stamp
    desk.now_ns = event.local_ns
    # 2 hot
    if type(event) is Frame:
        answer = desk.hot.on_frame(event.market, event.payload, event.local_ns)
        if not answer >> 8 & WAKING and answer & 0xF != Kind.ERROR:
            return Output(answer, (), ())
        return _woken(desk, answer, event.market)
    return _STEPS[type(event)](desk, event)


def _output(answer: int, turn: Turn) -> Output:
    return Output(answer, tuple(turn.commands), tuple(turn.facts), tuple(turn.records))


def _woken(desk: Desk, answer: int, market: int) -> Output:
    turn = Turn(desk)
    turn.facts += observe.market_facts(desk, answer, market)
    # 4 signals
    opportunities = observe.opportunities(desk, answer, market, turn.facts)
    # 5 strategies
    for strategy in desk.strategies:
        for opportunity in opportunities:
            wanted = strategy.on_opportunity(opportunity, desk)
            if isinstance(wanted, Proposal):
                # 6 risk, 7 commands
                intents.decide(turn, wanted)
            else:
                desk.episodes.mark_missed(wanted.pair, wanted.reason)
    return _output(answer, turn)


def _snapshot_body(desk: Desk, event: SnapshotBody) -> Output:
    answer = desk.hot.on_snapshot(event.book, event.payload, event.local_ns)
    return _woken(desk, answer, desk.market_of_book[event.book])


def _feed_up(desk: Desk, event: FeedUp) -> Output:
    desk.hot.mark_up(event.market)
    return _woken(desk, Kind.IGNORED | NO_BOOK << 16, event.market)


def _feed_down(desk: Desk, event: FeedDown) -> Output:
    flags = 0
    for book in event.books:
        flags |= desk.hot.mark_book_down(book)
    if not event.books:
        flags = desk.hot.mark_down(event.market)
    return _woken(desk, Kind.IGNORED | flags << 8 | NO_BOOK << 16, event.market)


def _money(desk: Desk, event: MoneyEvent) -> Output:
    turn = Turn(desk)
    if desk.is_real:
        desk.readiness.heard(market_of(event), event.local_ns)
    # 3 ledger, then 5 strategies, 6 risk, 7 commands
    intents.react(turn, turn.record(Heard(event)))
    return _output(0, turn)


def _word(desk: Desk, event: AboutOrder) -> Output:
    """A word about an order; of one that is not ours, or forgotten, reconciliation knows."""
    entry = desk.durable.orders.get(event.client_order_id)
    if entry is None:
        return NOTHING
    turn = Turn(desk)
    # 3 ledger, then 5 strategies, 6 risk, 7 commands
    if not desk.is_real:
        intents.react(turn, turn.record(Heard(event)))
        return _output(0, turn)
    desk.readiness.heard(market_in(entry.order.instrument_key), event.local_ns)
    if isinstance(event, OrderAbsent):
        fates.prove_absent(turn, event)
    else:
        intents.react(turn, turn.record(Heard(event)))
        fates.after(turn, event)
        reconcile.told(turn, event)
    return _output(0, turn)


def _answered(turn: Turn, event: ProbeAnswer) -> None:
    fates.answered(turn, event)
    reconcile.update(turn)


def _turned(take: Callable[[Turn, Any], None]) -> Callable[[Desk, Any], Output]:
    """A step of something that fills a turn."""

    def turned(desk: Desk, event: Any) -> Output:
        turn = Turn(desk)
        take(turn, event)
        return _output(0, turn)

    return turned


def _tick(desk: Desk, event: Tick) -> Output:
    turn = Turn(desk)
    approval.tick(desk)
    equity.tick(turn)
    # 3 ledger: what was lost is lost, what was never placed is released
    if desk.is_real:
        fates.tick(turn)
        reconcile.tick(turn)
    # 5 strategies
    for strategy in desk.strategies:
        for wanted in strategy.on_tick(desk.now_ns, desk):
            # 6 risk, 7 commands
            intents.grant(turn, strategy.name, wanted)
    return _output(0, turn)


_STEPS: Final[Mapping[type, Callable[[Desk, Any], Output]]] = {
    SnapshotBody: _snapshot_body,
    FeedUp: _feed_up,
    FeedDown: _feed_down,
    Tick: _tick,
    **dict.fromkeys(get_args(MoneyEvent), _money),
    **dict.fromkeys(get_args(AboutOrder), _word),
    **dict.fromkeys(get_args(ProbeAnswer), _turned(_answered)),
    AccountSnapshot: _turned(reconcile.snapshot),
    AccountUncertain: _turned(reconcile.uncertain),
    KillRequested: _turned(operator.kill),
    CancelRequested: _turned(operator.cancel),
    ReleaseRequested: _turned(operator.release),
    LimitsRequested: _turned(operator.limits),
}
