"""Fills of ours against those of the venue, over a window of the venue's time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.domain.account import Adjusted, AdjustmentId, Fill, FillId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.exact import EXACT, ZERO, canonical
from trimaran.domain.instrument import InstrumentKey, Side
from trimaran.domain.reports import FillReport
from trimaran.ledger.difference import DifferenceKind as Kind
from trimaran.ledger.findings import IMPOSSIBLE_NS, Findings, heard
from trimaran.ledger.our_view import OurView

FOREIGN_ORDER: Final = ClientOrderId(0)  # no id of ours: the order of a fill that Trimaran did not make

FillKey = tuple[InstrumentKey, Side, FillId]


class FillWindow(msgspec.Struct, frozen=True):
    """All fills of both sides from `since_ns` on, before `until_ns`, of the venue's clock."""

    since_ns: int
    until_ns: int
    ours: Sequence[Fill]
    theirs: Sequence[FillReport]


def compare_fills(view: OurView, window: FillWindow, found: Findings) -> None:
    """Compares fills. Those that are missing, and fees that are others, can be booked."""
    ours = {_key(fill): fill for fill in window.ours}
    theirs: dict[FillKey, FillReport] = {}
    for report in window.theirs:
        first = theirs.setdefault(_key(report), report)
        if _terms(first) != _terms(report):
            _tell(found, Kind.FILL_AMBIGUOUS, None, report, f"the venue also tells {describe(first)}")
    for key, report in theirs.items():
        fill = ours.get(key)
        if fill is not None:
            _compare_one(view, fill, report, found)
            continue
        instrument_key, side, fill_id = key
        mirrored = (instrument_key, side.opposite, fill_id)
        if mirrored in ours and mirrored not in theirs:
            _tell(found, Kind.FILL_SIDE, ours[mirrored], report, "we booked it on the other side")
        else:
            _missing(view, window, report, found)
    for key, fill in ours.items():
        mirrored = (key[0], key[1].opposite, key[2])
        known = key in theirs or (mirrored in theirs and mirrored not in ours)
        if not known and window.since_ns <= fill.venue_ns < window.until_ns:
            text = "we have booked it, and the venue does not have it"
            found.tell(
                Kind.FILL_DENIED,
                subject_of(fill),
                describe(fill),
                "not listed",
                text,
                ours_ns=fill.venue_ns,
                theirs_ns=fill.venue_ns,  # settled when the round began: the answer must have it
                key=fill.instrument_key,
            )


def subject_of(fill: Fill | FillReport) -> str:
    """A fill as people read it."""
    return f"{fill.instrument_key} {fill.side.name} {fill.fill_id}"


def describe(fill: Fill | FillReport) -> str:
    """The terms of a fill in one line."""
    fee = "?" if fill.fee is None else canonical(fill.fee)
    return f"{fill.lots} @ {fill.price_ticks}, fee {fee} {fill.fee_asset}"


def _key(fill: Fill | FillReport) -> FillKey:
    return fill.instrument_key, fill.side, fill.fill_id


def _terms(report: FillReport) -> tuple[int, int]:
    return report.price_ticks, report.lots


def _tell(
    found: Findings,
    kind: Kind,
    fill: Fill | None,
    report: FillReport,
    text: str,
    events: tuple[Fill | Adjusted, ...] = (),
) -> None:
    found.tell(
        kind,
        subject_of(report),
        "unknown" if fill is None else describe(fill),
        describe(report),
        text,
        ours_ns=0 if fill is None else fill.venue_ns,
        theirs_ns=report.venue_ns,
        key=report.instrument_key,
        corrections=heard(*events),
    )


def _missing(view: OurView, window: FillWindow, report: FillReport, found: Findings) -> None:
    """A fill that we do not have."""
    if not window.since_ns <= report.venue_ns < window.until_ns:
        if report.venue_ns > found.ended_venue_ns + IMPOSSIBLE_NS:
            _tell(found, Kind.FILL_TIME, None, report, f"it happens at {report.venue_ns}, in the future")
        return
    if report.instrument_key not in view.instruments:
        _tell(found, Kind.FILL_UNLISTED, None, report, "its instrument is not known here")
        return
    remembered_ns = view.remembered_ns.get(report.instrument_key, 0)
    if report.venue_ns < remembered_ns:
        _tell(found, Kind.FILL_FORGOTTEN, None, report, f"fills are remembered since {remembered_ns}")
        return
    kind, text = Kind.FILL_MISSING, "we have not booked it"
    if report.client_order_id is None:
        kind, text = Kind.FILL_FOREIGN, "of an order that Trimaran did not make"
    _tell(found, kind, None, report, text, (_fill(report),))


def _fill(report: FillReport) -> Fill:
    owner = report.client_order_id
    return Fill(
        fill_id=report.fill_id,
        client_order_id=FOREIGN_ORDER if owner is None else owner,
        instrument_key=report.instrument_key,
        side=report.side,
        price_ticks=report.price_ticks,
        lots=report.lots,
        liquidity=report.liquidity,
        fee=ZERO if report.fee is None else report.fee,
        fee_asset=report.fee_asset,
        venue_ns=report.venue_ns,
        local_ns=report.local_ns,
        realised=report.realised,
    )


def _compare_one(view: OurView, fill: Fill, report: FillReport, found: Findings) -> None:
    """A fill that both sides have."""
    if report.price_ticks != fill.price_ticks:
        _tell(found, Kind.FILL_PRICE, fill, report, "we booked another price")
    if abs(report.lots - fill.lots) > (1 if report.rest else 0):  # a rest may have made up a lot
        _tell(found, Kind.FILL_LOTS, fill, report, "we booked another size")
    if report.client_order_id not in (None, fill.client_order_id):
        _tell(found, Kind.FILL_ORDER, fill, report, f"it belongs to order {report.client_order_id}")
    if abs(report.venue_ns - fill.venue_ns) > IMPOSSIBLE_NS and report.venue_ns and fill.venue_ns:
        _tell(found, Kind.FILL_TIME, fill, report, f"at {fill.venue_ns} for us, at {report.venue_ns} there")
    if report.fee is None or (report.fee == fill.fee == 0):
        return
    if report.fee_asset != fill.fee_asset:
        _tell(
            found,
            Kind.FILL_FEE_ASSET,
            fill,
            report,
            "the fee is in another asset",
            _other_fee(view, fill, report),
        )
    elif abs(EXACT.subtract(report.fee, fill.fee)) >= view.unit(fill.fee_asset):
        _tell(found, Kind.FILL_FEE, fill, report, "the fee is another one", _other_fee(view, fill, report))


def _other_fee(view: OurView, fill: Fill, report: FillReport) -> tuple[Adjusted, ...]:
    """What was booked as fee comes back, what the venue says goes."""
    assert report.fee is not None
    change = {fill.fee_asset: fill.fee}
    change[report.fee_asset] = EXACT.subtract(change.get(report.fee_asset, ZERO), report.fee)
    subject = subject_of(report)
    return tuple(
        Adjusted(
            AdjustmentId(f"fee|{subject}|{asset}"),
            view.market,
            asset,
            amount,
            f"fee of {subject}: {describe(fill)} for us, {describe(report)} at the venue",
            report.venue_ns,
            report.local_ns,
        )
        for asset, amount in change.items()
        if amount
    )
