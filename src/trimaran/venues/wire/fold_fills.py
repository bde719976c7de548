"""Fills on their way out of the fold: each one once, complete, and never lost. Pure.

A fill is known by instrument, venue's trade id and side of ours. It goes out when its order's owner and its
fee are known; the venue's channels may tell these apart and in any order. Times are of the local clock:

    owner unknown for WAIT_NS: `OwnerMissing`; for WAIT_NS_MAX: it goes out as a ForeignFill, and once more as
    a Fill if it turns out to be of an order of ours after all
    fee unknown for WAIT_NS: `FeeMissing`. A fill of ours waits for its fee, for FEE_WAIT_NS_MAX at most (for
    WAIT_NS_MAX where the venue has left the fee out of FEELESS_MAX answers): what goes out without it
    leaves the money wrong until it is compared. It goes out with a fee of 0 and an alarm then, and the fee
    follows as `FeeKnown`

Either is asked for again after twice the time, four times and so on: a question may fail.

The last FILLS_KEPT fills are remembered. A repeat of an older one would pass again; no answer and no stream
of a venue reaches back so far, for all that is asked begins at a gap (the ledger absorbs repeats as well).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.account import Fill, FillId, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.exact import EXACT
from trimaran.domain.instrument import InstrumentKey, Side
from trimaran.domain.reports import FillReport, ForeignFill
from trimaran.venues.wire.fold_port import FeeKnown, FeeMissing, FoldEvent, OwnerMissing

WAIT_NS: Final = 500_000_000
WAIT_NS_MAX: Final = 10_000_000_000
FEE_WAIT_NS_MAX: Final = 300_000_000_000
FEELESS_MAX: Final = 3
FILLS_KEPT: Final = 100_000
ORPHANS_KEPT: Final = 4_096
NOTHING: Final = Decimal(0)
ONE: Final = Decimal(1)

FillKey = tuple[InstrumentKey, FillId, Side]


class Foreign(msgspec.Struct, frozen=True):
    """The owner of an order that is not ours."""


FOREIGN: Final = Foreign()
Owner = ClientOrderId | Foreign | None  # None: nobody has told yet
FindOwner = Callable[[InstrumentKey, VenueOrderId], Owner]


class _Held(msgspec.Struct):
    """A fill that waits for its owner or its fee."""

    report: FillReport
    since_ns: int
    counted: bool = False
    owner_asks: int = 0
    fee_asks: int = 0
    feeless: int = 0  # told again without its fee, after it was asked for


class FillDesk:
    """The fills of one account's market. `find_owner` knows the orders."""

    def __init__(self, find_owner: FindOwner) -> None:
        self._find_owner = find_owner
        self._gone: OrderedDict[FillKey, ClientOrderId | None] = (
            OrderedDict()
        )  # who has a fee to come, in the order of going
        self._held: dict[FillKey, _Held] = {}
        self._orphans: dict[FillKey, FillReport] = {}  # went out as foreign: nobody had told whose
        self._rests: dict[ClientOrderId, Decimal] = {}  # parts of a lot, filled and not counted yet
        self._ours: list[tuple[ClientOrderId, InstrumentKey, int]] = []

    def add(self, report: FillReport, now_ns: int) -> list[FoldEvent]:
        """What goes out by a fill."""
        key = (report.instrument_key, report.fill_id, report.side)
        if key in self._orphans:
            self._orphans[key] = _merged(self._orphans[key], report)
            return self._adopt(key)
        if key in self._gone:
            return self._late_fee(key, report)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(report, now_ns)
        else:
            held.report = _merged(held.report, report)
            held.feeless += report.fee is None and held.fee_asks > 0
        return self._release(key, held)

    def owner_of(self, report: FillReport) -> Owner:
        """Whose order it was."""
        if report.client_order_id is not None:
            return report.client_order_id
        return self._find_owner(report.instrument_key, report.venue_order_id)

    def take_ours(self) -> list[tuple[ClientOrderId, InstrumentKey, int]]:
        """(order, instrument, lots) of fills that have become known as ours since the last call."""
        ours, self._ours = self._ours, []
        return ours

    def recheck(self) -> list[FoldEvent]:
        """The owner of an order has become known."""
        late = [event for key in list(self._orphans) for event in self._adopt(key)]
        return late + [event for key, held in list(self._held.items()) for event in self._release(key, held)]

    def on_tick(self, now_ns: int) -> list[FoldEvent]:
        """What has waited for too long."""
        events: list[FoldEvent] = []
        for key, held in list(self._held.items()):
            events += self._overdue(key, held, now_ns - held.since_ns)
        return events

    def _release(self, key: FillKey, held: _Held) -> list[FoldEvent]:
        owner = self.owner_of(held.report)
        if isinstance(owner, int) and not held.counted:
            held.counted = True
            held.report = self._counted(owner, held.report)
        if owner is None or held.report.fee is None:
            return []
        return [self._goes(key, held.report, owner)]

    def _overdue(self, key: FillKey, held: _Held, waited_ns: int) -> list[FoldEvent]:
        report, owner = held.report, self.owner_of(held.report)
        waits = isinstance(owner, int) and report.fee is None and held.feeless < FEELESS_MAX
        if waited_ns >= (FEE_WAIT_NS_MAX if waits else WAIT_NS_MAX):
            if isinstance(owner, int) and report.fee is None:
                return [FeeMissing(report, booked=True), self._goes(key, report, owner, fee_owed=True)]
            if owner is None:
                self._orphans[key] = report
                if len(self._orphans) > ORPHANS_KEPT:
                    del self._orphans[next(iter(self._orphans))]
            return [self._goes(key, report, FOREIGN if owner is None else owner)]
        events: list[FoldEvent] = []
        if owner is None and waited_ns >= WAIT_NS << held.owner_asks:
            held.owner_asks += 1
            events.append(OwnerMissing(report))
        if report.fee is None and waited_ns >= WAIT_NS << held.fee_asks:
            held.fee_asks += 1
            events.append(FeeMissing(report, booked=False))
        return events

    def _adopt(self, key: FillKey) -> list[FoldEvent]:
        """A fill that went out as foreign, as soon as somebody has told whose it is."""
        report = self._orphans[key]
        owner = self.owner_of(report)
        if owner is None:
            return []
        del self._orphans[key]
        if not isinstance(owner, int):
            return []
        report = self._counted(owner, report)
        alarm: list[FoldEvent] = [FeeMissing(report, booked=True)] if report.fee is None else []
        return [*alarm, self._goes(key, report, owner, fee_owed=report.fee is None)]

    def _counted(self, owner: ClientOrderId, report: FillReport) -> FillReport:
        """A fill of ours is counted, with what the fills before it have left over of a lot.

        So the fills of an order add up to what was filled of it, however they were cut; and each is at least
        one lot.
        """
        lots, rest = report.lots, EXACT.add(report.rest, self._rests.pop(owner, NOTHING))
        if rest >= 1:
            lots, rest = lots + 1, EXACT.subtract(rest, ONE)
        elif rest <= -1 and lots > 1:
            lots, rest = lots - 1, EXACT.add(rest, ONE)
        if rest:
            self._rests[owner] = rest
            if len(self._rests) > ORPHANS_KEPT:
                del self._rests[next(iter(self._rests))]
        self._ours.append((owner, report.instrument_key, lots))
        return report if lots == report.lots else msgspec.structs.replace(report, lots=lots)

    def _goes(self, key: FillKey, report: FillReport, owner: Owner, fee_owed: bool = False) -> FoldEvent:
        self._held.pop(key, None)
        self._gone[key] = owner if fee_owed and isinstance(owner, int) else None
        if len(self._gone) > FILLS_KEPT:
            self._gone.popitem(last=False)
        if not isinstance(owner, int):
            return ForeignFill(report)
        return Fill(
            fill_id=report.fill_id,
            client_order_id=owner,
            instrument_key=report.instrument_key,
            side=report.side,
            price_ticks=report.price_ticks,
            lots=report.lots,
            liquidity=report.liquidity,
            fee=report.fee if report.fee is not None else Decimal(0),
            fee_asset=report.fee_asset,
            venue_ns=report.venue_ns,
            local_ns=report.local_ns,
            realised=report.realised,
        )

    def _late_fee(self, key: FillKey, report: FillReport) -> list[FoldEvent]:
        owner = self._gone[key]
        if owner is None or report.fee is None:
            return []
        self._gone[key] = None
        instrument_key, fill_id, side = key
        return [FeeKnown(fill_id, instrument_key, owner, side, report.fee, report.fee_asset)]


def _merged(known: FillReport, more: FillReport) -> FillReport:
    """One fill as two channels tell it: what the first left out is taken from the second."""
    owner = known.client_order_id if known.client_order_id is not None else more.client_order_id
    realised = known.realised if known.realised is not None else more.realised
    if known.fee is not None or more.fee is None:
        return msgspec.structs.replace(known, client_order_id=owner, realised=realised)
    return msgspec.structs.replace(
        known, client_order_id=owner, realised=realised, fee=more.fee, fee_asset=more.fee_asset
    )
