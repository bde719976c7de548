"""Protective stops that a dead-man switch took away, proposed again. Pure.

A switch that fires cancels everything, also the stops that protect a position. A stop (an order that waits
for a trigger and may only make a position smaller) is lost when the venue ended it unfilled, nobody here had
asked for that, and the venue gives the switch as the reason or we had been silent for longer than the switch
allows. What is left of it is proposed anew, by its own strategy, through risk like any order: risk refuses it
where the position is gone, and then it is proposed again until it is taken or `GIVE_UP_NS` is over. One that
risk let pass and that the venue, or the last look before it, refused is proposed again as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import Fact, GroupClosed, OrderApproved, OrderStateChanged, Purpose
from trimaran.domain.instrument import MarketName, Symbol, symbol_in
from trimaran.domain.kill import market_in
from trimaran.domain.opportunity import Opportunity
from trimaran.domain.orders import TERMINAL, OrderRequest, OrderState, StrategyName
from trimaran.domain.records import CancelOpened, JournalRecord, OrderAdopted
from trimaran.strategies.port import DeskView, LegDraft, Proposal, Skipped, Strategy, Wish

SECOND: Final = 1_000_000_000
SETTLE_NS: Final = 60 * SECOND  # ends that are heard so long after a lapse are its work
RETRY_NS: Final = SECOND // 4
REJECTED_NS: Final = SECOND  # the same after a refusal behind risk
GIVE_UP_NS: Final = 60 * SECOND
ENDED_KEPT: Final = 1_000
LAPSES_KEPT: Final = 100
NEVER_RESTED: Final = (OrderState.REJECTED, OrderState.NOT_PLACED)
BY_SWITCH: Final = ("dead-man", "dead man", "cancel all after")


class Lapsed(msgspec.Struct, frozen=True):
    """A switch has fired, as far as we know. Times of the local wall clock."""

    markets: tuple[MarketName, ...]
    symbol: Symbol | None  # None: all of the markets
    fires_ns: int  # not before that, by what we last asked for
    until_ns: int  # when we noticed, or armed it again


class _Ended(msgspec.Struct, frozen=True):
    order: OrderRequest
    lots: int  # that were left
    reason: str
    local_ns: int


class _Owed(msgspec.Struct):
    """A stop that is to be proposed."""

    proposal: Proposal
    next_ns: int
    give_up_ns: int


class ProtectiveStops:
    """Fed with facts and records as they come; `take` gives the proposals of a strategy that are due."""

    def __init__(self) -> None:
        self.restored = 0  # proposals that were given out, again and again included
        self.given_up = 0
        self._open: dict[ClientOrderId, OrderRequest] = {}
        self._asked: set[ClientOrderId] = set()  # of those that are open: somebody here wants it cancelled
        self._ended: deque[_Ended] = deque(maxlen=ENDED_KEPT)
        self._lapses: deque[Lapsed] = deque(maxlen=LAPSES_KEPT)
        self._owed: dict[StrategyName, list[_Owed]] = {}

    def know(self, order: OrderRequest) -> None:
        """An order that was open before this process: at the start, or adopted."""
        if order.reduce_only and order.order_type.is_triggered:
            self._open[order.client_order_id] = order

    def on_record(self, record: JournalRecord) -> None:
        """A cancel of ours is no loss; an order that was adopted may be a stop."""
        if type(record) is OrderAdopted:
            self.know(record.order)
        elif type(record) is CancelOpened and record.client_order_id in self._open:
            self._asked.add(record.client_order_id)

    def on_fact(self, fact: Fact) -> None:
        """An order was approved, or has ended."""
        if type(fact) is OrderApproved:
            self.know(fact.approved.order)
        elif type(fact) is OrderStateChanged and (self._open or self._asked) and fact.after in TERMINAL:
            order = self._open.pop(fact.client_order_id, None)
            asked = fact.client_order_id in self._asked
            self._asked.discard(fact.client_order_id)
            if order is not None and not asked and fact.after in NEVER_RESTED:
                self._again(order, fact.local_ns + REJECTED_NS)
            taken_away = fact.after in (OrderState.CANCELED, OrderState.EXPIRED)
            if order is None or asked or not taken_away or fact.filled_lots >= order.lots:
                return
            ended = _Ended(order, order.lots - fact.filled_lots, fact.reason.lower(), fact.local_ns)
            if any(word in ended.reason for word in BY_SWITCH) or any(
                _did(lapse, ended) for lapse in self._lapses
            ):
                self._owe(ended, fact.local_ns)
            else:
                self._ended.append(ended)

    def on_lapse(self, lapse: Lapsed) -> None:
        """A switch has fired: what ended meanwhile is its work, and what is heard soon too."""
        self._lapses.append(lapse)
        for ended in list(self._ended):
            if _did(lapse, ended):
                self._ended.remove(ended)
                self._owe(ended, lapse.until_ns)

    def take(self, strategy: StrategyName, now_ns: int) -> Sequence[Proposal]:
        """What is to be proposed now; each once, unless it is `refused`."""
        owed = self._owed.get(strategy)
        if not owed:
            return ()
        due = [each for each in owed if each.next_ns <= now_ns]
        for each in due:
            each.next_ns = each.give_up_ns + 1  # taken, unless a refusal says otherwise
        self._owed[strategy] = [each for each in owed if each.give_up_ns > now_ns]
        self.given_up += len(owed) - len(self._owed[strategy])
        self.restored += len(due)
        return [each.proposal for each in due if each.give_up_ns > now_ns]

    def refused(self, proposal: Proposal, now_ns: int) -> bool:
        """Risk refused a proposal; True when it was one of these, which comes again."""
        for each in self._owed.get(proposal.strategy, ()):
            if each.proposal is proposal:
                each.next_ns = now_ns + RETRY_NS
                return True
        return False

    def _again(self, order: OrderRequest, at_ns: int) -> None:
        """What was proposed for a stop did not come to rest at the venue, and is not on its way anew."""
        if any(other.intent_id == order.intent_id for other in self._open.values()):
            return
        for each in self._owed.get(order.strategy, ()):
            (leg,) = each.proposal.legs
            same = (leg.instrument_key, leg.side, leg.trigger_ticks, leg.lots, leg.order_type)
            if same == (order.instrument_key, order.side, order.trigger_ticks, order.lots, order.order_type):
                each.next_ns = min(each.next_ns, at_ns)
                return

    def _owe(self, ended: _Ended, now_ns: int) -> None:
        order = ended.order
        leg = LegDraft(
            order.instrument_key,
            order.side,
            order.price_ticks,
            ended.lots,
            order.tif,
            order.order_type,
            order.trigger_ticks,
            reduce_only=True,
            self_trade=order.self_trade,
        )
        proposal = Proposal(order.strategy, Purpose.EXECUTE, (leg,), None)
        self._owed.setdefault(order.strategy, []).append(_Owed(proposal, now_ns, now_ns + GIVE_UP_NS))


class Restoring:
    """A strategy, and the stops that it lost: they are proposed with its wishes on the next tick."""

    def __init__(self, inner: Strategy, stops: ProtectiveStops) -> None:
        self.name = inner.name
        self._inner = inner
        self._stops = stops

    def on_opportunity(self, opportunity: Opportunity, desk: DeskView) -> Proposal | Skipped:
        """As the strategy does."""
        return self._inner.on_opportunity(opportunity, desk)

    def on_group_closed(self, closed: GroupClosed, desk: DeskView) -> Wish | None:
        """As the strategy does."""
        return self._inner.on_group_closed(closed, desk)

    def on_tick(self, now_ns: int, desk: DeskView) -> Sequence[Wish]:
        """What was lost comes first."""
        return (*self._stops.take(self.name, now_ns), *self._inner.on_tick(now_ns, desk))

    def on_refused(self, proposal: Proposal, rule: str, now_ns: int) -> None:
        """The strategy hears of its own proposals alone."""
        if not self._stops.refused(proposal, now_ns):
            self._inner.on_refused(proposal, rule, now_ns)


def _did(lapse: Lapsed, ended: _Ended) -> bool:
    """Whether a switch that fired covers an order whose end was heard after that, or soon after."""
    key = ended.order.instrument_key
    covered = market_in(key) in lapse.markets and lapse.symbol in (None, symbol_in(key))
    return covered and lapse.fires_ns <= ended.local_ns <= lapse.until_ns + SETTLE_NS
