"""Balances and positions of ours against those of the venue."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from trimaran.domain.account import Adjusted, AdjustmentId, PositionAdjusted, Transfer, opening_id
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.exact import EXACT, ROUNDING, ZERO, canonical
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey
from trimaran.domain.reports import BalanceReport, PositionReport
from trimaran.ledger.difference import DifferenceKind as Kind
from trimaran.ledger.findings import Findings, heard
from trimaran.ledger.our_view import OurBalance, OurPosition, OurView
from trimaran.ledger.position import COST_STEP, Position
from trimaran.ledger.postings import Contract, postings

NO_POSITION: Final = OurPosition(0, ZERO)
NO_BALANCE: Final = OurBalance(ZERO)


def compare_positions(
    view: OurView, theirs: AccountSnapshot, held: frozenset[InstrumentKey], found: Findings
) -> Mapping[Asset, Decimal]:
    """Compares positions; returns what their sure corrections realise, by asset."""
    rows: dict[InstrumentKey, PositionReport] = {}
    realised: dict[Asset, Decimal] = {}
    for row in theirs.positions:
        if row.instrument_key not in view.instruments:
            if row.lots:
                _tell_position(found, Kind.POSITION_UNLISTED, NO_POSITION, row, "its instrument is not known")
        elif row.instrument_key in rows:
            first = rows[row.instrument_key]
            if first.lots != row.lots:
                _tell_position(found, Kind.POSITION_REPEATED, NO_POSITION, row, f"and also {_shown(first)}")
        else:
            rows[row.instrument_key] = row
    for key in {**rows, **view.positions}:
        ours = view.positions.get(key, NO_POSITION)
        instrument = view.instruments[key]
        earned = _one_position(view, instrument, ours, rows.get(key), held, found)
        realised[instrument.quote] = EXACT.add(realised.get(instrument.quote, ZERO), earned)
    return realised


def compare_balances(
    view: OurView,
    theirs: AccountSnapshot,
    earned: Mapping[Asset, Decimal],
    held: frozenset[InstrumentKey],
    found: Findings,
) -> None:
    """Compares balances. `earned`: what the corrections of positions book into the wallet."""
    unsettled = [view.instruments[key] for key in held if key in view.instruments]
    held_assets = {asset for each in unsettled for asset in (each.base, each.quote)}
    rows: dict[Asset, BalanceReport] = {}
    repeated: set[Asset] = set()
    for row in theirs.balances:
        first = rows.setdefault(row.asset, row)
        if first.total != row.total:
            repeated.add(row.asset)
            text = f"and also {_total(first)}"
            _tell_balance(found, Kind.BALANCE_REPEATED, "one row", _total(row), text, NO_BALANCE, row)
    for asset in {**rows, **view.balances}:
        if asset in repeated:
            continue
        row_or_none = rows.get(asset)
        if row_or_none is not None and not view.secures:
            _consistent(view, row_or_none, found)
        ours = view.balances.get(asset, NO_BALANCE)
        _one_balance(view, asset, ours, row_or_none, earned.get(asset, ZERO), asset in held_assets, found)


# --- positions --------------------------------------------------------------------------------------------


def _one_position(
    view: OurView,
    instrument: Instrument,
    ours: OurPosition,
    row: PositionReport | None,
    held: frozenset[InstrumentKey],
    found: Findings,
) -> Decimal:
    """Compares one position; returns what its correction realises."""
    key = instrument.key
    if row is None:
        if found.is_settled(ours.venue_ns) or ours.venue_ns == 0:
            at_ns, lots = 0, 0
        else:
            return ZERO  # it has changed since the round began
        row = PositionReport(
            instrument_key=key, lots=0, entry_price=None, venue_ns=at_ns, local_ns=found.ended_ns
        )
    elif found.is_stale(row.venue_ns, ours.venue_ns):
        return ZERO  # a trade that we know is newer
    lots = row.lots
    if lots == ours.lots:
        _same_position(view, instrument, ours, row, found)
        return ZERO
    kind, text = _position_kind(view, key, ours.lots, lots)
    events, earned = _adjust_position(view, instrument, ours, row, text, found)
    sure = _tell_position(found, kind, ours, row, text, events, key in held)
    return earned if sure else ZERO


def _position_kind(view: OurView, key: InstrumentKey, ours: int, theirs: int) -> tuple[Kind, str]:
    if theirs == 0 and key in view.delisted:
        return Kind.POSITION_DELISTED, "closed by the venue: its instrument is no longer listed"
    if theirs == 0:
        return Kind.POSITION_GONE, "we have a position, the venue has none"
    if ours == 0:
        return Kind.POSITION_UNKNOWN, "the venue has a position, we have none"
    if ours * theirs < 0:
        return Kind.POSITION_SIDE, "the venue has it on the other side"
    return Kind.POSITION_LOTS, "the venue has it in another size"


def _adjust_position(
    view: OurView, instrument: Instrument, ours: OurPosition, row: PositionReport, text: str, found: Findings
) -> tuple[tuple[PositionAdjusted, ...], Decimal]:
    """The adjustments that lead from our position to the venue's, and what they realise.

    Lots that go leave at our own average cost: what they earned is in the balance, and is adjusted there.
    Lots that come are taken over at the price that makes the average the venue's.
    """
    steps: list[tuple[int, Decimal | None]] = []
    target = row.lots
    contract = Contract.of(instrument)
    average = _average(contract, ours.lots, ours.cost)
    if ours.lots * target < 0:
        steps = [(-ours.lots, average), (target, row.entry_price)]
    elif abs(target) < abs(ours.lots):
        steps = [(target - ours.lots, average)]
    else:
        steps = [(target - ours.lots, _taken_over_at(contract, ours, row))]
    position, earned = Position(ours.lots, ours.cost), ZERO
    events: list[PositionAdjusted] = []
    for number, (lots, price) in enumerate(steps):
        if price is None or price <= 0:
            return (), ZERO  # nobody has said at what price: a person has to
        event = PositionAdjusted(
            AdjustmentId(f"{instrument.key}|{found.began_ns}|{number}"),
            instrument.key,
            lots,
            price,
            f"{text}: {ours.lots} lots for us, {target} at the venue",
            row.venue_ns or found.began_ns,
            found.ended_ns,
        )
        booking = postings(event, contract, position)
        assert booking.after is not None
        position, earned = booking.after, EXACT.add(earned, booking.realised)
        events.append(event)
    return tuple(events), earned


def _average(contract: Contract, lots: int, cost: Decimal) -> Decimal | None:
    """Average entry price, rounded to 1e-8; None when there is no position."""
    if lots == 0:
        return None
    size = EXACT.multiply(contract.lot_size, lots)
    return ROUNDING.divide(cost, size).quantize(COST_STEP, context=ROUNDING)


def _taken_over_at(contract: Contract, ours: OurPosition, row: PositionReport) -> Decimal | None:
    if row.entry_price is None:
        return row.mark_price
    theirs = EXACT.multiply(EXACT.multiply(contract.lot_size, row.lots), row.entry_price)
    price = _average(contract, row.lots - ours.lots, EXACT.subtract(theirs, ours.cost))
    return price if price is not None and price > 0 else row.entry_price


def _same_position(
    view: OurView, instrument: Instrument, ours: OurPosition, row: PositionReport, found: Findings
) -> None:
    """Same lots: entry price, leverage and margin mode are told, and corrected by nobody."""
    if row.lots == 0:
        return
    average = _average(Contract.of(instrument), ours.lots, ours.cost)
    entry = row.entry_price
    if (
        entry is not None
        and average is not None
        and abs(EXACT.subtract(entry, average)) >= instrument.price_grid.step
    ):
        text = f"average entry is {canonical(average)} for us, {canonical(entry)} there"
        _tell_position(found, Kind.POSITION_ENTRY, ours, row, text)
    wanted = view.expected.get(instrument.key)
    if wanted is None:
        return
    if None not in (wanted.leverage, row.leverage) and wanted.leverage != row.leverage:
        text = f"leverage is to be {wanted.leverage}, and is {row.leverage}"
        _tell_position(found, Kind.POSITION_LEVERAGE, ours, row, text)
    if None not in (wanted.margin_mode, row.margin_mode) and wanted.margin_mode is not row.margin_mode:
        text = f"margin mode is to be {wanted.margin_mode}, and is {row.margin_mode}"
        _tell_position(found, Kind.POSITION_MARGIN_MODE, ours, row, text)


def _tell_position(
    found: Findings,
    kind: Kind,
    ours: OurPosition,
    row: PositionReport,
    text: str,
    events: tuple[PositionAdjusted, ...] = (),
    held: bool = False,
) -> bool:
    return found.tell(
        kind,
        row.instrument_key,
        f"{ours.lots} lots, cost {canonical(ours.cost)}",
        _shown(row),
        text,
        ours_ns=ours.venue_ns,
        theirs_ns=row.venue_ns,
        key=row.instrument_key,
        corrections=heard(*events),
        held=held,
    )


def _shown(row: PositionReport) -> str:
    entry = "" if row.entry_price is None else f" @ {canonical(row.entry_price)}"
    return f"{row.lots} lots{entry}"


# --- balances ---------------------------------------------------------------------------------------------


def _one_balance(
    view: OurView,
    asset: Asset,
    ours: OurBalance,
    row: BalanceReport | None,
    earned: Decimal,
    held: bool,
    found: Findings,
) -> None:
    if row is None:
        if ours.venue_ns and not found.is_settled(ours.venue_ns):
            return  # it has moved since the round began
        row = BalanceReport(
            market=view.market, asset=asset, total=ZERO, free=ZERO, venue_ns=0, local_ns=found.ended_ns
        )
        listed = False
    else:
        listed = True
    if row.total is None or found.is_stale(row.venue_ns, ours.venue_ns):
        return  # this row does not say, or something that we know is newer
    amount = EXACT.subtract(row.total, EXACT.add(ours.total, earned))
    if abs(amount) < view.unit(asset):
        return
    kind, text = _balance_kind(view, asset, ours.total, row.total, amount)
    theirs = _total(row) if listed else "not listed"
    _tell_balance(
        found,
        kind,
        canonical(ours.total),
        theirs,
        text,
        ours,
        row,
        _adjust(view, asset, amount, row, text, found),
        held,
    )


def _balance_kind(
    view: OurView, asset: Asset, ours: Decimal, theirs: Decimal, amount: Decimal
) -> tuple[Kind, str]:
    known = asset in view.balances or any(
        asset in (each.base, each.quote) for each in view.instruments.values()
    )
    if not known:
        return Kind.BALANCE_UNKNOWN, "no instrument of ours has this asset"
    if theirs == 0 and ours > 0:
        return Kind.BALANCE_GONE, "the venue has none of it"
    if amount > 0:
        return Kind.BALANCE_HIGHER, f"the venue has {canonical(amount)} more than the ledger"
    return Kind.BALANCE_LOWER, f"the venue has {canonical(-amount)} less than the ledger"


def _adjust(
    view: OurView, asset: Asset, amount: Decimal, row: BalanceReport, text: str, found: Findings
) -> tuple[Adjusted | Transfer, ...]:
    at_ns = row.venue_ns or found.began_ns
    identity = f"{view.market}|{asset}|{found.began_ns}"
    if view.opening:
        opening = opening_id(view.market, asset, found.began_ns)
        return (Transfer(opening, view.market, asset, amount, at_ns, found.ended_ns),)
    evidence = f"{text}: {_total(row)} at {at_ns}"
    return (Adjusted(AdjustmentId(identity), view.market, asset, amount, evidence, at_ns, found.ended_ns),)


def _consistent(view: OurView, row: BalanceReport, found: Findings) -> None:
    """Of an account without margin: what is free is part of the total, and neither is below zero."""
    if row.total is None or row.free is None:
        return
    unit = view.unit(row.asset)
    if row.free > row.total + unit or row.free < -unit:
        ours = view.balances.get(row.asset, NO_BALANCE)
        text = "what is free is no part of the total"
        theirs = f"{_total(row)}, free {canonical(row.free)}"
        _tell_balance(found, Kind.BALANCE_INCONSISTENT, canonical(ours.total), theirs, text, ours, row)


def _tell_balance(
    found: Findings,
    kind: Kind,
    ours: str,
    theirs: str,
    text: str,
    known: OurBalance,
    row: BalanceReport,
    events: tuple[Adjusted | Transfer, ...] = (),
    held: bool = False,
) -> None:
    found.tell(
        kind,
        row.asset,
        ours,
        theirs,
        text,
        ours_ns=known.venue_ns,
        theirs_ns=row.venue_ns,
        corrections=heard(*events),
        held=held,
    )


def _total(row: BalanceReport) -> str:
    return "?" if row.total is None else canonical(row.total)
