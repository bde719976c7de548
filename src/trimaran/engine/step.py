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

Most frames end after stage 2: the answer says that nothing worth waking for has changed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.domain.account import AccountEvent
from trimaran.domain.answer import NO_BOOK, Flag, Kind
from trimaran.domain.commands import Command
from trimaran.domain.events import Event, FeedDown, FeedUp, Frame, SnapshotBody, Tick
from trimaran.domain.facts import Fact, GroupClosed
from trimaran.engine import accounts, approval, observe
from trimaran.engine.desk import Desk
from trimaran.strategies.port import Proposal


class Output(msgspec.Struct, frozen=True):
    """What one step gives back. `answer` is that of the hot state, 0 for events that it never sees."""

    answer: int
    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]


WAKING: Final = int(Flag.WENT_STALE | Flag.WENT_LIVE | Flag.WAKE | Flag.CROSSED | Flag.NEED_SNAPSHOT)
ENDED_KEPT_NS: Final = 600_000_000_000  # a late event about an order is understood for so long


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
    if isinstance(event, SnapshotBody):
        answer = desk.hot.on_snapshot(event.book, event.payload, event.local_ns)
        return _woken(desk, answer, desk.market_of_book[event.book])
    if isinstance(event, FeedUp):
        desk.hot.mark_up(event.market)
        return _woken(desk, Kind.IGNORED | NO_BOOK << 16, event.market)
    if isinstance(event, FeedDown):
        flags = 0
        for book in event.books:
            flags |= desk.hot.mark_book_down(book)
        if not event.books:
            flags = desk.hot.mark_down(event.market)
        return _woken(desk, Kind.IGNORED | flags << 8 | NO_BOOK << 16, event.market)
    if isinstance(event, Tick):
        return _tick(desk)
    assert not isinstance(event, Frame)
    return _account(desk, event)


def _woken(desk: Desk, answer: int, market: int) -> Output:
    facts: list[Fact] = []
    commands: list[Command] = []
    facts += observe.market_facts(desk, answer, market)
    # 4 signals
    opportunities = observe.opportunities(desk, answer, market, facts)
    # 5 strategies
    for strategy in desk.strategies:
        for opportunity in opportunities:
            wanted = strategy.on_opportunity(opportunity, desk)
            if isinstance(wanted, Proposal):
                # 6 risk, 7 commands
                approval.decide(desk, wanted, commands, facts)
            else:
                desk.episodes.mark_missed(wanted.pair, wanted.reason)
    return Output(answer, tuple(commands), tuple(facts))


def _account(desk: Desk, event: AccountEvent) -> Output:
    facts: list[Fact] = []
    commands: list[Command] = []
    # 3 ledger
    facts += accounts.apply(desk, event)
    # 5 strategies
    for closed in [fact for fact in facts if isinstance(fact, GroupClosed)]:
        for strategy in desk.strategies:
            if strategy.name == closed.strategy:
                wanted = strategy.on_group_closed(closed, desk)
                if wanted is not None:
                    # 6 risk, 7 commands
                    approval.decide(desk, wanted, commands, facts)
    return Output(0, tuple(commands), tuple(facts))


def _tick(desk: Desk) -> Output:
    facts: list[Fact] = []
    commands: list[Command] = []
    desk.durable.forget_ended(desk.now_ns - ENDED_KEPT_NS)
    # 5 strategies
    for strategy in desk.strategies:
        for wanted in strategy.on_tick(desk.now_ns, desk):
            # 6 risk, 7 commands
            approval.decide(desk, wanted, commands, facts)
    return Output(0, tuple(commands), tuple(facts))
