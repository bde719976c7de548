"""Comparison of what we believe of an account with what its venue says. Pure; `engine` carries it out.

    compare(view, theirs, doubts=..., ended=..., fills=...) -> Comparison(differences, doubts, again_ns)

`theirs` is a complete round of reconciliation: it began at `theirs.venue_ns` of the venue's clock, every list
in it was read after that, and what it found out was told as events before it came. The law:

 1. A thing is compared only with what is at least as new. A row that is older than something we heard of
    during the round, or within `view.margin_ns` before it, says nothing.
 2. A difference is sure when the venue's row was settled as the round began: older than that by the venue's
    visibility lag and the error of our idea of its clock (`view.margin_ns`). Its event would have come. (And
    not older than our own last event, although its list was read later: that is a doubt.)
 3. Any other difference is a doubt: the event that explains it may be under way. Rows without a time, and
    rows that are missing from a list, are as old as the list, so they begin as doubts. A doubt becomes sure
    when a round that began `margin_ns` after the end of the first one finds the same on both sides, and we
    have heard nothing of that thing meanwhile. While there are doubts, the market is not ready; where nothing
    new is sent, nothing moves, and the second round decides.
 4. Orders in SENDING and UNKNOWN that the venue does not list are no difference: they are the resolver's. A
    change under way allows both terms.
 5. Money comes after its causes. Balances and positions are compared as they will be once the fills that are
    sure to be missing are booked; those of an instrument whose orders may have filled more than we know
    (not listed, or filled more than the fills tell) remain doubts until that is known, on all markets of one
    wallet. Balances are compared as they will be once the positions are corrected. So no cause is booked
    twice.
 6. Less than the smallest amount of an asset (`view.unit`) is rounding, not a difference.
 7. What contradicts us and cannot be explained is told, its instrument is to be frozen
    (`Difference.contradicts`), and no record is made up for it.

Apply all corrections of a comparison or none. To compare again after that finds nothing: the identities of
adjustments follow from the round, and the ledger books each identity once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from trimaran.domain.account import AccountEvent, Fill
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import Asset, InstrumentKey
from trimaran.domain.reports import OrderReport
from trimaran.ledger.compare_fills import FillWindow, compare_fills
from trimaran.ledger.compare_holdings import NO_BALANCE, NO_POSITION, compare_balances, compare_positions
from trimaran.ledger.compare_orders import FATE_OPEN, compare_orders
from trimaran.ledger.difference import Comparison, Difference, DifferenceKind, Doubt
from trimaran.ledger.double_entry import Account
from trimaran.ledger.findings import Findings
from trimaran.ledger.our_view import OurBalance, OurPosition, OurView
from trimaran.ledger.position import Position
from trimaran.ledger.postings import MONEY_EVENTS, Contract, MoneyEvent, postings

__all__ = ["Comparison", "Difference", "DifferenceKind", "Doubt", "FillWindow", "OurView", "compare"]


def compare(
    view: OurView,
    theirs: AccountSnapshot,
    *,
    doubts: Sequence[Doubt] = (),
    ended: Iterable[OrderReport] = (),
    fills: FillWindow | None = None,
) -> Comparison:
    """Compares one market's account. `doubts` are those of the round before.

    `ended`: answers about single orders that the venue's list does not have. `fills`: all fills of a window
    of time, where both sides have been asked for them.
    """
    assert theirs.market == view.market, (theirs.market, view.market)
    ahead_ns = theirs.local_ns - theirs.ended_venue_ns if theirs.ended_venue_ns else 0
    found = Findings(view.market, theirs.venue_ns, theirs.local_ns, view.margin_ns, doubts, ahead_ns)
    if fills is not None:
        compare_fills(view, fills, found)
    told_lots: dict[ClientOrderId, int] = {}
    for event in found.events:
        if isinstance(event, Fill):
            told_lots[event.client_order_id] = told_lots.get(event.client_order_id, 0) + event.lots
    booked = _with_booked(view, found.events)
    held = compare_orders(view, theirs, ended, told_lots, found)
    held |= {each.order.instrument_key for each in view.others if each.state in FATE_OPEN}
    earned = compare_positions(booked, theirs, held, found)
    compare_balances(booked, theirs, earned, held, found)
    return found.result()


def _with_booked(view: OurView, events: Iterable[AccountEvent]) -> OurView:
    """Our balances and positions once these events are booked."""
    balances, positions = dict(view.balances), dict(view.positions)
    for event in events:
        if isinstance(event, MONEY_EVENTS):
            _book(view, event, balances, positions)
    return msgspec.structs.replace(view, balances=balances, positions=positions)


def _book(
    view: OurView,
    event: MoneyEvent,
    balances: dict[Asset, OurBalance],
    positions: dict[InstrumentKey, OurPosition],
) -> None:
    contract, before = None, NO_POSITION
    if isinstance(event, Fill):
        instrument = view.instruments[event.instrument_key]
        contract, before = Contract.of(instrument), positions.get(instrument.key, NO_POSITION)
    booking = postings(event, contract, Position(before.lots, before.cost))
    if booking.after is not None and contract is not None and contract.perpetual:
        moved_ns = max(before.venue_ns, event.venue_ns)
        positions[contract.key] = OurPosition(booking.after.lots, booking.after.cost, moved_ns)
    for account, asset, amount in booking.entries:
        if account is Account.WALLET:
            known = balances.get(asset, NO_BALANCE)
            total = EXACT.add(known.total, amount)
            balances[asset] = OurBalance(total, max(known.venue_ns, event.venue_ns))
