"""Reconciliation in the step: a market's account is compared with what the venue says, and corrected.

`ledger/compare.py` finds the differences and proposes the records. Here they are put in force, all of one
round or none, and never silently: each difference is a `Discrepancy`, those that nothing corrects are told
once. Money that no event explains is booked only while the market is quiet: nothing in flight, nothing heard
for `VenueLaw.quiet_ns`, nothing missed. Markets that share a wallet wait for each other, or one that is busy
would let the other wait for ever. Orders that the venue does not list are the resolver's. What contradicts
freezes its instrument.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trimaran.domain.account import Adjusted, OrderAcked, OrderAmended, PositionAdjusted, Transfer
from trimaran.domain.client_id import encode_client_id
from trimaran.domain.commands import CompareAccount
from trimaran.domain.events import AccountSnapshot, AccountUncertain
from trimaran.domain.facts import MarketReady
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import market_in
from trimaran.domain.orders import OrderState
from trimaran.domain.records import FreezeMoved, Heard
from trimaran.engine import intents
from trimaran.engine.accounts import AboutOrder
from trimaran.engine.desk import Desk
from trimaran.engine.orders import OrderEntry
from trimaran.engine.readiness import AGAIN_NS, AGAIN_NS_MAX, MarketState
from trimaran.engine.turn import Turn
from trimaran.ledger.compare import Comparison, Difference, DifferenceKind, OurView, compare
from trimaran.ledger.our_view import OurOrder, positions_of, wallet_of

RECONCILIATION: Final = "reconciliation"
UNSAID: Final = "something may have been missed"
IN_FLIGHT: Final = (OrderState.SENDING, OrderState.UNKNOWN)


def uncertain(turn: Turn, event: AccountUncertain) -> None:
    """Something may have been missed: nothing new goes there until the next comparison."""
    state = turn.desk.readiness.markets.get(event.market)
    if state is not None:
        state.sound, state.compared = False, False
        state.missing = event.reason or UNSAID
        update(turn)


def told(turn: Turn, event: AboutOrder) -> None:
    """The venue's word about an order. One that was missing and is there is looked for in the next round."""
    desk = turn.desk
    if not isinstance(event, OrderAcked | OrderAmended) or not desk.resolver.found(event.client_order_id):
        return
    market = market_in(desk.durable.orders[event.client_order_id].order.instrument_key)
    _again(desk, (market,), desk.now_ns, f"order {event.client_order_id} was not listed, and is there")
    update(turn)


def snapshot(turn: Turn, event: AccountSnapshot) -> None:
    """A round is complete."""
    desk = turn.desk
    state = desk.readiness.markets.get(event.market)
    if state is None:
        return
    found = compare(_our_view(desk, event.market, state), event, doubts=state.doubts)
    state.again_ns, state.sound = found.again_ns, True
    state.doubts = found.doubts
    if any(_is_made_up(each) for each in found.differences) and not is_quiet(desk, event.market, state):
        text = f"{len(found.differences)} differences wait until the market is quiet"
        again_ns = max(found.again_ns, desk.now_ns + state.law.quiet_ns)
        _again(desk, _wallet(desk, event.market), again_ns, text)
    else:
        _correct(turn, event.market, state, found)
        state.compared = not found.doubts
        state.missing = f"{len(found.doubts)} differences are in doubt" if found.doubts else ""
        if any(_is_made_up(each.difference) for each in found.doubts):
            others = _wallet(desk, event.market) - {event.market}
            _again(desk, others, found.again_ns, f"the money of {event.market} is in doubt")
    update(turn)


def tick(turn: Turn) -> None:
    """Asks for another round where one is wanted, and tells what has become ready."""
    now_ns = turn.desk.now_ns
    for market, state in turn.desk.readiness.all():
        if state.again_ns and not now_ns < state.again_ns <= now_ns + AGAIN_NS_MAX:
            state.again_ns = now_ns + AGAIN_NS
            turn.commands.append(CompareAccount(market, state.missing))
    update(turn)


def update(turn: Turn) -> None:
    """Tells which markets have become ready, or wait for something else."""
    desk = turn.desk
    for market, state in desk.readiness.all():
        if state.compared:
            state.missing = _open_question(desk, market)
        if state.missing != state.told:
            state.told = state.missing
            turn.tell(MarketReady(market, not state.missing, state.missing, desk.now_ns))


def is_quiet(desk: Desk, market: MarketName, state: MarketState) -> bool:
    """Whether nothing is in flight at a market, nothing was heard of it for a while, and nothing was missed.

    So it must be at every market that shares its wallet: they move the same money. What was heard in the
    future was heard before the clock was set back.
    """
    wallet = _wallet(desk, market)
    for entry in desk.durable.working.values():
        busy = entry.state is OrderState.SENDING or entry.amendment is not None
        if busy and market_in(entry.order.instrument_key) in wallet:
            return False
    sharing = [each for name, each in desk.readiness.all() if name in wallet]
    return all(each.sound and abs(desk.now_ns - each.heard_ns) >= state.law.quiet_ns for each in sharing)


def _wallet(desk: Desk, market: MarketName) -> frozenset[MarketName]:
    return desk.setup.wallets.get(market, frozenset((market,)))


def _again(desk: Desk, markets: Iterable[MarketName], again_ns: int, text: str) -> None:
    """Markets are to be compared once more, and take nothing new before."""
    for market in markets:
        state = desk.readiness.markets.get(market)
        if state is not None:
            state.again_ns, state.compared, state.missing = again_ns, False, text


def _open_question(desk: Desk, market: MarketName) -> str:
    """What is not known there, although it was compared; empty when all is."""
    missing = desk.resolver.asks(market)
    if missing:
        return f"{missing} orders that are open here are not listed there"
    for client_order_id in list(desk.before_start):
        entry = desk.durable.working.get(client_order_id)
        if entry is None or entry.state not in IN_FLIGHT:
            desk.before_start.discard(client_order_id)
        elif market_in(entry.order.instrument_key) == market:
            return f"the fate of order {client_order_id} of before the start is not known"
    return ""


def _our_view(desk: Desk, market: MarketName, state: MarketState) -> OurView:
    durable, law = desk.durable, state.law
    wallet = _wallet(desk, market)
    return OurView(
        market=market,
        counter=durable.counter,
        margin_ns=law.visibility_lag_ns + law.skew_ns,
        instruments=durable.instruments,
        orders={
            each: _our_order(entry)
            for each, entry in durable.orders.items()
            if market_in(entry.order.instrument_key) == market
        },
        balances=wallet_of(durable.ledger, wallet),
        positions=positions_of(durable.ledger, market),
        wallet=wallet,
        others=tuple(
            [
                _our_order(each)
                for each in (durable.working.values() if len(wallet) > 1 else ())
                if market_in(each.order.instrument_key) in wallet - {market}
            ]
        ),
        opening=not wallet & durable.markets,
    )


def _our_order(entry: OrderEntry) -> OurOrder:
    return OurOrder(
        order=entry.order,
        state=entry.state,
        filled_lots=entry.filled_lots,
        venue_order_id=entry.venue_order_id or None,
        amending=None if entry.amendment is None else entry.amendment.order,
        venue_ns=entry.venue_ns or entry.order.created_ns,
        ending=entry.ending is not None,
    )


def _correct(turn: Turn, market: MarketName, state: MarketState, found: Comparison) -> None:
    desk = turn.desk
    for difference in found.differences:
        for record in difference.corrections:
            intents.react(turn, turn.record(record))
        if difference.kind is DifferenceKind.ORDER_MISSING:
            _ask(desk, market, difference)
        if difference.contradicts and difference.instrument_key is not None:
            key, text = difference.instrument_key, f"{difference.kind.value}: {difference.text}"
            if key not in desk.durable.frozen:
                turn.record(FreezeMoved(key, text, RECONCILIATION, desk.now_ns))
        if difference.corrections or difference.identity not in state.reported:
            turn.tell(difference.fact(desk.now_ns))
    state.reported = frozenset([each.identity for each in found.differences if not each.corrections])


def _ask(desk: Desk, market: MarketName, difference: Difference) -> None:
    """The order that a difference is about is asked for until its end is told."""
    for client_order_id, entry in desk.durable.working.items():
        same = encode_client_id(client_order_id) == difference.subject
        if same and entry.is_open:
            desk.resolver.miss(client_order_id, market)


def _is_made_up(difference: Difference) -> bool:
    """Whether its correction is money or a position that no event of the venue explains."""
    made_up = Adjusted | PositionAdjusted | Transfer
    return any(isinstance(each, Heard) and isinstance(each.event, made_up) for each in difference.corrections)
