"""Stages 6 and 7 of the step: proposals become orders, risk judges them, commands go out."""

from __future__ import annotations

from decimal import Decimal

from trimaran.domain.answer import BookStatus
from trimaran.domain.commands import Command, SendOrder
from trimaran.domain.decision import KillState, Refused
from trimaran.domain.exact import ZERO
from trimaran.domain.facts import Fact, OrderApproved, OrderRefused, Purpose
from trimaran.domain.instrument import Asset, ContractKind, Instrument
from trimaran.domain.orders import GroupId, IntentId, OrderEvent, OrderRequest, TimeInForce
from trimaran.engine.desk import Desk, underlying_of
from trimaran.engine.durable import GroupRecord
from trimaran.ledger.position import Position
from trimaran.risk.context import RiskContext
from trimaran.risk.gate import Leg, gate_group
from trimaran.signals.fair_price import fair_price
from trimaran.strategies.port import LegDraft, Proposal


def decide(desk: Desk, proposal: Proposal, commands: list[Command], facts: list[Fact]) -> None:
    """Approves a proposal as a whole and sends it, or refuses it as a whole."""
    group = desk.durable.take_group_id(proposal.strategy)
    orders = tuple(_order(desk, proposal, draft, group, n) for n, draft in enumerate(proposal.legs))
    legs = [Leg(order, _context(desk, order), desk.setup.limits[order.instrument_key]) for order in orders]
    decision = gate_group(legs)
    if isinstance(decision, Refused):
        facts.append(OrderRefused(decision, desk.now_ns))
        _tell_refusal(desk, proposal, decision)
        return
    ids = tuple(order.client_order_id for order in orders)
    desk.durable.open_group(group, GroupRecord(proposal.strategy, proposal.purpose, ids), orders)
    if proposal.pair is not None:
        desk.episodes.mark_taken(proposal.pair, group)
    for approved in decision:
        facts.append(OrderApproved(approved, desk.now_ns))
        moved = desk.durable.move(
            approved.order.client_order_id, OrderEvent.CLAIM, proposal.purpose.value, desk.now_ns
        )
        assert moved is not None
        facts.append(moved)
        commands.append(SendOrder(approved))


def _tell_refusal(desk: Desk, proposal: Proposal, refused: Refused) -> None:
    if proposal.pair is not None:
        desk.episodes.mark_missed(proposal.pair, f"refused by {refused.rule}")
    for strategy in desk.strategies:
        if strategy.name == proposal.strategy:
            strategy.on_refused(proposal, refused.rule, desk.now_ns)


def _order(desk: Desk, proposal: Proposal, draft: LegDraft, group: GroupId, number: int) -> OrderRequest:
    return OrderRequest(
        intent_id=IntentId(f"{group}-{number}"),
        client_order_id=desk.durable.take_client_id(),
        instrument_key=draft.instrument_key,
        side=draft.side,
        price_ticks=draft.price_ticks,
        lots=draft.lots,
        tif=TimeInForce.IOC,
        strategy=proposal.strategy,
        group=group,
        reduce_only=proposal.purpose is Purpose.UNWIND and _reduces(desk, draft),
        created_ns=desk.now_ns,
    )


def _reduces(desk: Desk, draft: LegDraft) -> bool:
    """True when the order can only make a perpetual position smaller: it needs no margin then."""
    position = desk.durable.ledger.positions.get(draft.instrument_key)
    if position is None or desk.instruments[draft.instrument_key].kind is not ContractKind.PERPETUAL:
        return False
    return position.lots * draft.side.sign < 0 and abs(position.lots) >= draft.lots


def _context(desk: Desk, order: OrderRequest) -> RiskContext:
    instrument = desk.instruments[order.instrument_key]
    limits = desk.setup.limits[order.instrument_key]
    book = desk.books[order.instrument_key]
    bid_ticks, _, ask_ticks, _, _, _, quote_local_ns = desk.hot.top(book)
    durable = desk.durable
    durable.forget_recent(desk.now_ns - max(limits.rate_window_ns, limits.duplicate_window_ns))
    position = durable.ledger.positions.get(instrument.key)
    return RiskContext(
        instrument=instrument,
        book_status=BookStatus(desk.hot.status(book)),
        bid_ticks=bid_ticks or None,
        ask_ticks=ask_ticks or None,
        quote_local_ns=quote_local_ns,
        fair_price=fair_price(desk.live_tops(underlying_of(instrument))),
        now_ns=desk.now_ns,
        position_lots=0 if position is None else position.lots,
        exposure_base=durable.ledger.exposure_base(instrument.base),
        balances=_balances(desk, instrument),
        open_orders=durable.open_orders(),
        recent_orders=tuple(durable.recent),
        kill=KillState.KILLED if instrument.key in durable.frozen else durable.kill,
    )


def _balances(desk: Desk, instrument: Instrument) -> dict[Asset, Decimal]:
    """Free balances; of a margin account, without what its open positions hold and have lost."""
    wallet = desk.durable.ledger.balances
    free = {
        asset: wallet.get((instrument.market, asset), ZERO) for asset in (instrument.base, instrument.quote)
    }
    if instrument.kind is ContractKind.PERPETUAL:
        free[instrument.quote] -= _margin_held(desk, instrument)
    return free


def _margin_held(desk: Desk, instrument: Instrument) -> Decimal:
    leverage = desk.setup.limits[instrument.key].leverage_max
    held = ZERO
    for key, position in desk.durable.ledger.positions.items():
        other = desk.instruments[key]
        margined = other.kind is ContractKind.PERPETUAL and other.market == instrument.market
        if margined and other.quote == instrument.quote:
            held += abs(position.cost) / leverage + _loss(desk, other, position)
    return held


def _loss(desk: Desk, instrument: Instrument, position: Position) -> Decimal:
    """Unrealised loss at the mid; none is counted while the book has no top, when nothing is sent either."""
    bid_ticks, ask_ticks = desk.top_ticks(instrument.key)
    if not bid_ticks or not ask_ticks:
        return ZERO
    mid = (instrument.price(bid_ticks) + instrument.price(ask_ticks)) / 2
    return max(ZERO, position.cost - instrument.size(position.lots) * mid)
