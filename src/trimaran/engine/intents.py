"""Stages 6 and 7 of the step: proposals become orders, risk judges them, records are made, commands go out.

Nothing is sent, changed or sent anew but here, and always in the same order: risk, record, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from trimaran.domain.commands import AmendOrder, SendOrder
from trimaran.domain.decision import Refused
from trimaran.domain.facts import Fact, GroupClosed, OrderApproved, OrderRefused, Purpose
from trimaran.domain.instrument import ContractKind
from trimaran.domain.orders import GroupId, IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.domain.records import AmendOpened, Durability, GroupOpened
from trimaran.engine import approval, operator
from trimaran.engine.desk import Desk
from trimaran.engine.orders import OrderEntry
from trimaran.engine.turn import Turn
from trimaran.strategies.port import AmendDraft, CancelDraft, LegDraft, Proposal, Wish

PASSING: Final = (
    TimeInForce.IOC,
    TimeInForce.FOK,
)  # a lost record of one loses no open order


def grant(turn: Turn, strategy: StrategyName, wish: Wish) -> None:
    """What a strategy wants, as far as risk lets it; of other strategies' orders it can want nothing."""
    if isinstance(wish, Proposal):
        decide(turn, wish)
        return
    entry = turn.desk.durable.working.get(wish.client_order_id)
    if entry is None or entry.order.strategy != strategy:
        return
    if isinstance(wish, CancelDraft):
        operator.cancel_order(turn, entry, wish.reason)
    elif entry.is_open and entry.amendment is None and not entry.cancel_ns:
        _change(turn, entry, wish)


def _change(turn: Turn, entry: OrderEntry, draft: AmendDraft) -> None:
    """Risk judges the order as it would be, in place of the one that is open."""
    desk, order = turn.desk, entry.order
    if (draft.price_ticks, draft.lots) == (order.price_ticks, order.lots) or draft.lots <= entry.filled_lots:
        return
    asked = replace(order, price_ticks=draft.price_ticks, lots=draft.lots)
    decision = approval.judge(desk, (asked,), order.client_order_id)
    if isinstance(decision, Refused):
        turn.tell(OrderRefused(decision, desk.now_ns))
        return
    turn.tell(OrderApproved(decision[0], desk.now_ns))
    turn.record(AmendOpened(asked, desk.now_ns))
    turn.commands.append(AmendOrder(decision[0]))


def decide(turn: Turn, proposal: Proposal) -> None:
    """Approves a proposal as a whole and sends it, or refuses it as a whole."""
    desk = turn.desk
    group = desk.take_group_id(proposal.strategy)
    orders = tuple([_order(desk, proposal, draft, group, n) for n, draft in enumerate(proposal.legs)])
    decision = approval.judge(desk, orders)
    if isinstance(decision, Refused):
        turn.tell(OrderRefused(decision, desk.now_ns))
        _tell_refusal(desk, proposal, decision)
        return
    if proposal.pair is not None:
        desk.episodes.mark_taken(proposal.pair, group)
    durability = desk.setup.durability.get(proposal.strategy, Durability.DURABLE)
    for approved in decision:
        turn.tell(OrderApproved(approved, desk.now_ns))
        assert durability is Durability.DURABLE or approved.order.tif in PASSING, approved
        turn.commands.append(SendOrder(approved, durability))
    turn.record(GroupOpened(group, proposal.strategy, proposal.purpose, orders, durability, desk.now_ns))


def react(turn: Turn, facts: Sequence[Fact]) -> None:
    """A strategy hears that its groups have ended, and may answer with another one."""
    for fact in facts:
        if type(fact) is not GroupClosed:
            continue
        for strategy in turn.desk.strategies:
            if strategy.name == fact.strategy:
                wanted = strategy.on_group_closed(fact, turn.desk)
                if wanted is not None:
                    grant(turn, strategy.name, wanted)


def _tell_refusal(desk: Desk, proposal: Proposal, refused: Refused) -> None:
    if proposal.pair is not None:
        desk.episodes.mark_missed(proposal.pair, f"refused by {refused.rule}")
    for strategy in desk.strategies:
        if strategy.name == proposal.strategy:
            strategy.on_refused(proposal, refused.rule, desk.now_ns)


def _order(desk: Desk, proposal: Proposal, draft: LegDraft, group: GroupId, number: int) -> OrderRequest:
    reduce_only = draft.reduce_only or (proposal.purpose is Purpose.UNWIND and _reduces(desk, draft))
    return OrderRequest(  # by position: sixteen names cost more than a microsecond
        IntentId(f"{group}-{number}"),
        desk.take_client_id(),
        draft.instrument_key,
        draft.side,
        draft.price_ticks,
        draft.lots,
        draft.tif,
        proposal.strategy,
        group,
        reduce_only,
        desk.now_ns,
        draft.order_type,
        draft.trigger_ticks,
        draft.display_lots,
        draft.self_trade,
        draft.valid_until_ns,
    )


def _reduces(desk: Desk, draft: LegDraft) -> bool:
    """True when the order can only make a perpetual position smaller: it needs no margin then."""
    position = desk.durable.ledger.positions.get(draft.instrument_key)
    if position is None or desk.instruments[draft.instrument_key].kind is not ContractKind.PERPETUAL:
        return False
    return position.lots * draft.side.sign < 0 and abs(position.lots) >= draft.lots
