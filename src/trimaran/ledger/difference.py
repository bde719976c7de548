"""Differences: what we believe of an account and what its venue says, where the two are not one.

A `Difference` is a finding about one thing, complete in itself, with the records that correct it; none where
no record can (a person or the resolver has to look). Nothing here changes anything: whoever applies the
corrections tells the `Discrepancy` of each, so that no correction is silent.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from trimaran.domain.account import Adjusted, PositionAdjusted, Transfer
from trimaran.domain.facts import Discrepancy
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.records import Heard, JournalRecord, OrderAdopted


class DifferenceKind(enum.Enum):
    """What differs. `docs/ledger.md` has the table of what each one means and what is done about it."""

    ORDER_CANCELED = "order_canceled"  # open for us, ended at the venue
    ORDER_FILLED = "order_filled"
    ORDER_EXPIRED = "order_expired"
    ORDER_REJECTED = "order_rejected"
    ORDER_MISSING = "order_missing"  # open for us; the venue does not list it and says no more
    ORDER_DELISTED = "order_delisted"  # gone together with its instrument
    ORDER_REVIVED = "order_revived"  # ended for us, open at the venue
    ORDER_PLACED = "order_placed"  # refused or never placed for us; the venue had it
    ORDER_SENT = "order_sent"  # SENDING or UNKNOWN for us; the venue has it
    ORDER_UNTRACKED = "order_untracked"  # ours by its id, and the record does not know it
    ORDER_OTHER_EPOCH = "order_other_epoch"  # an id that we have not given out yet: somebody else does
    ORDER_OTHER_SHARD = "order_other_shard"
    ORDER_OTHER_REGION = "order_other_region"
    ORDER_FOREIGN = "order_foreign"  # no id of ours
    ORDER_UNLISTED = "order_unlisted"  # on an instrument that we do not know
    ORDER_DOUBLED = "order_doubled"  # two orders of the venue have one client id
    ORDER_INSTRUMENT = "order_instrument"
    ORDER_SIDE = "order_side"
    ORDER_VENUE_ID = "order_venue_id"
    ORDER_PRICE = "order_price"
    ORDER_TRIGGER = "order_trigger"
    ORDER_LOTS = "order_lots"
    ORDER_FILLED_MORE = "order_filled_more"  # than the fills tell that we have
    ORDER_FILLED_LESS = "order_filled_less"
    ORDER_OVERFILLED = "order_overfilled"  # more than it asked for
    ORDER_TIME = "order_time"  # no clock can be so wrong

    FILL_MISSING = "fill_missing"
    FILL_FOREIGN = "fill_foreign"  # of an order that is not ours; money has moved all the same
    FILL_DENIED = "fill_denied"  # booked by us; the venue does not have it
    FILL_FORGOTTEN = "fill_forgotten"  # so old that nobody can say whether it was booked
    FILL_AMBIGUOUS = "fill_ambiguous"  # the venue tells one fill twice, with other terms
    FILL_UNLISTED = "fill_unlisted"  # on an instrument that we do not know
    FILL_PRICE = "fill_price"
    FILL_LOTS = "fill_lots"
    FILL_SIDE = "fill_side"
    FILL_FEE = "fill_fee"
    FILL_FEE_ASSET = "fill_fee_asset"
    FILL_ORDER = "fill_order"  # it belongs to another order
    FILL_TIME = "fill_time"

    BALANCE_HIGHER = "balance_higher"  # a transfer by hand, interest, a fee discount, funding nobody told
    BALANCE_LOWER = "balance_lower"
    BALANCE_UNKNOWN = "balance_unknown"  # of an asset that we never had to do with
    BALANCE_GONE = "balance_gone"  # the venue has none of an asset that we hold
    BALANCE_INCONSISTENT = "balance_inconsistent"  # total and free contradict each other
    BALANCE_REPEATED = "balance_repeated"  # one asset has two rows, and they differ

    POSITION_LOTS = "position_lots"
    POSITION_SIDE = "position_side"
    POSITION_UNKNOWN = "position_unknown"  # the venue has one, we have none
    POSITION_GONE = "position_gone"  # we have one, the venue has none
    POSITION_DELISTED = "position_delisted"  # gone together with its instrument
    POSITION_UNLISTED = "position_unlisted"  # on an instrument that we do not know
    POSITION_ENTRY = "position_entry"
    POSITION_LEVERAGE = "position_leverage"
    POSITION_MARGIN_MODE = "position_margin_mode"
    POSITION_REPEATED = "position_repeated"


OPENED: Final = "opened"  # what an account held before the first record of it
_K = DifferenceKind
CONTRADICTIONS = frozenset({
    _K.ORDER_REVIVED,
    _K.ORDER_PLACED,
    _K.ORDER_OTHER_EPOCH,
    _K.ORDER_DOUBLED,
    _K.ORDER_INSTRUMENT,
    _K.ORDER_SIDE,
    _K.ORDER_VENUE_ID,
    _K.ORDER_FILLED_LESS,
    _K.ORDER_OVERFILLED,
    _K.ORDER_TIME,
    _K.FILL_DENIED,
    _K.FILL_FORGOTTEN,
    _K.FILL_AMBIGUOUS,
    _K.FILL_PRICE,
    _K.FILL_LOTS,
    _K.FILL_SIDE,
    _K.FILL_ORDER,
    _K.FILL_TIME,
})  # fmt: skip


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. Two rounds that find the same thing make equal `identity`s of it."""

    kind: DifferenceKind
    market: MarketName
    subject: str  # an order, a fill, an asset or an instrument
    ours: str
    theirs: str
    text: str  # for a person
    instrument_key: InstrumentKey | None = None  # None: it is about no instrument
    corrections: tuple[JournalRecord, ...] = ()  # all of them or none are to be applied

    @property
    def identity(self) -> tuple[DifferenceKind, str, str, str]:
        """What makes it the same finding."""
        return self.kind, self.subject, self.ours, self.theirs

    @property
    def contradicts(self) -> bool:
        """Whether its instrument is to be frozen: what the venue says cannot be, if we are right."""
        return self.kind in CONTRADICTIONS

    @property
    def done(self) -> str:
        """What applying the corrections does, in the word of `Discrepancy`."""
        if not self.corrections:
            return "reported"
        if any(isinstance(record, OrderAdopted) for record in self.corrections):
            return "adopted"
        made = [record.event for record in self.corrections if isinstance(record, Heard)]
        if any(isinstance(event, Transfer) for event in made):
            return OPENED
        adjusted = any(isinstance(event, Adjusted | PositionAdjusted) for event in made)
        return "adjusted" if adjusted else "booked"

    def fact(self, local_ns: int) -> Discrepancy:
        """The fact that tells of it, after the corrections were applied."""
        return Discrepancy(
            self.kind.value, self.market, self.subject, self.ours, self.theirs, self.done, local_ns
        )


class Doubt(msgspec.Struct, frozen=True):
    """A difference that something under way may explain."""

    difference: Difference
    ours_ns: int  # the time of the last that we knew of it
    since_ns: int  # when the round ended that found it first, by the venue's clock


class Comparison(msgspec.Struct, frozen=True):
    """Both sides compared: what differs, and what has to be asked again. See the law in `compare.py`."""

    differences: tuple[Difference, ...]
    doubts: tuple[Doubt, ...] = ()  # to be given to the comparison of the next round
    again_ns: int = 0  # our clock: a round that begins then or later decides the doubts; 0: there are none
