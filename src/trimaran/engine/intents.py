"""Stages 6 and 7 of the step: proposals become orders, risk judges them, records are made, commands go out.

Nothing is sent, changed or sent anew but here, and always in the same order: risk, record, command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trimaran.domain.commands import SendOrder
from trimaran.domain.decision import Refused
from trimaran.domain.facts import Fact, GroupClosed, OrderApproved, OrderRefused, Purpose
from trimaran.domain.instrument import ContractKind
from trimaran.domain.orders import GroupId, IntentId, OrderRequest, TimeInForce
from trimaran.domain.records import Durability, GroupOpened
from trimaran.engine import approval
from trimaran.engine.desk import Desk
from trimaran.engine.turn import Turn
from trimaran.strategies.port import LegDraft, Proposal

PASSING: Final = (
    TimeInForce.IOC,
    TimeInForce.FOK,
)  # a lost record of one loses no open order


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
    desk.recent.extend(orders)
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
                    decide(turn, wanted)


def _tell_refusal(desk: Desk, proposal: Proposal, refused: Refused) -> None:
    if proposal.pair is not None:
        desk.episodes.mark_missed(proposal.pair, f"refused by {refused.rule}")
    for strategy in desk.strategies:
        if strategy.name == proposal.strategy:
            strategy.on_refused(proposal, refused.rule, desk.now_ns)


def _order(desk: Desk, proposal: Proposal, draft: LegDraft, group: GroupId, number: int) -> OrderRequest:
    return OrderRequest(
        intent_id=IntentId(f"{group}-{number}"),
        client_order_id=desk.take_client_id(),
        instrument_key=draft.instrument_key,
        side=draft.side,
        price_ticks=draft.price_ticks,
        lots=draft.lots,
        tif=draft.tif,
        strategy=proposal.strategy,
        group=group,
        reduce_only=draft.reduce_only or (proposal.purpose is Purpose.UNWIND and _reduces(desk, draft)),
        created_ns=desk.now_ns,
        order_type=draft.order_type,
        trigger_ticks=draft.trigger_ticks,
        display_lots=draft.display_lots,
        self_trade=draft.self_trade,
        valid_until_ns=draft.valid_until_ns,
    )


def _reduces(desk: Desk, draft: LegDraft) -> bool:
    """True when the order can only make a perpetual position smaller: it needs no margin then."""
    position = desk.durable.ledger.positions.get(draft.instrument_key)
    if position is None or desk.instruments[draft.instrument_key].kind is not ContractKind.PERPETUAL:
        return False
    return position.lots * draft.side.sign < 0 and abs(position.lots) >= draft.lots
