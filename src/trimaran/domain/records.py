"""Records: what the journal keeps. The durable state is a fold of them, and of nothing else.

    record -> Durable.apply(record) -> facts

A step makes records and applies them; the loop appends them to the journal before any command leaves;
start-up applies those of the journal again. Both ways run the same `apply`, so replay gives the same state
hash. A record is complete: applying it reads no clock, no book and no setting.

    RunOpened          a process became the owner: a new epoch, so no client id is ever given twice
    InstrumentsListed  what the ticks and lots of the records behind it mean
    GroupOpened        risk has approved the orders of a group: reservation, NEW and SENDING in one record
    OrderReissued      an intent whose earlier attempt is proved absent is sent under the next attempt's id
    AmendOpened        an open order is about to be changed
    CancelOpened       an open order is about to be cancelled
    Heard              an account event: acks, fills, ends, transfers, funding, interest, adjustments
    OrderAdopted       an order of ours that the venue has, and the journal did not know
    KillMoved          a kill switch was moved
    LimitsSet          another set of risk limits is in force
    FreezeMoved        an instrument was frozen or released
    EquityMarked       what the losses of a scope are measured from

The tags of the records stand in journals: never rename one, never give a field another meaning; a new field
has a default.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from trimaran.domain.account import AccountEvent, VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState
from trimaran.domain.facts import Purpose
from trimaran.domain.instrument import Instrument, InstrumentKey
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import GroupId, OrderRequest, StrategyName


class Durability(enum.Enum):
    """What must be true of an intent before its order leaves."""

    DURABLE = "durable"  # synced to disk: what was acknowledged survives a power cut
    FAST = "fast"  # written: survives a killed process; synced within milliseconds. IOC and FOK orders only


class RunOpened(msgspec.Struct, frozen=True, tag="run"):
    """The first record of every process."""

    region: int
    shard: int
    epoch: int
    holder: str  # a nonce of the process
    version: str  # of Trimaran
    local_ns: int
    sequence: int = 0  # the ids of this process come after it


class InstrumentsListed(msgspec.Struct, frozen=True, tag="instruments"):
    """Instruments as the venues list them now; those that are not named stay as they were."""

    instruments: tuple[Instrument, ...]
    local_ns: int


class GroupOpened(msgspec.Struct, frozen=True, gc=False, tag="group"):
    """Approved orders, all of one group: from now on they count, and may be at the venue."""

    group: GroupId
    strategy: StrategyName
    purpose: Purpose
    orders: tuple[OrderRequest, ...]
    durability: Durability
    local_ns: int


class OrderReissued(msgspec.Struct, frozen=True, gc=False, tag="reissue"):
    """The next attempt of an intent. `order` has the next attempt's client id."""

    order: OrderRequest
    replaces: ClientOrderId  # proved absent
    local_ns: int


class AmendOpened(msgspec.Struct, frozen=True, gc=False, tag="amend"):
    """An open order is to become `order`: same client id, other price or size (filled included)."""

    order: OrderRequest
    local_ns: int


class CancelOpened(msgspec.Struct, frozen=True, gc=False, tag="cancel"):
    """An open order is to be cancelled. It is open until the venue says that it is not."""

    client_order_id: ClientOrderId
    reason: str
    local_ns: int


class Heard(msgspec.Struct, frozen=True, gc=False, tag="heard"):
    """An account event, as it came."""

    event: AccountEvent


class OrderAdopted(msgspec.Struct, frozen=True, tag="adopt"):
    """An order of ours that the venue told of. Its events follow as `Heard`.

    `order.group` is None: what belonged together is not known any more.
    """

    order: OrderRequest
    venue_order_id: VenueOrderId
    local_ns: int


class KillMoved(msgspec.Struct, frozen=True, tag="kill"):
    """A kill switch was moved, and by whom."""

    scope: KillScope
    state: KillState
    actor: str
    reason: str
    local_ns: int


class LimitsSet(msgspec.Struct, frozen=True, tag="limits"):
    """Another set of limits is in force; the whole file, so that any later judge can read it."""

    version: int
    digest: str  # SHA-256 of the text, hexadecimal
    text: str
    actor: str
    local_ns: int


class FreezeMoved(msgspec.Struct, frozen=True, tag="freeze"):
    """An instrument was frozen (`text` says why) or released by a person (`text` is empty)."""

    instrument_key: InstrumentKey
    text: str
    actor: str
    local_ns: int


class EquityMarked(msgspec.Struct, frozen=True, tag="equity"):
    """What daily loss and drawdown of a scope are measured from, so that a restart forgives none of it.

    Amounts are in the quote asset of the limits.
    """

    scope: KillScope
    day: int  # UTC days since the epoch
    day_start: Decimal
    peak: Decimal
    equity: Decimal
    local_ns: int


JournalRecord = (
    RunOpened
    | InstrumentsListed
    | GroupOpened
    | OrderReissued
    | AmendOpened
    | CancelOpened
    | Heard
    | OrderAdopted
    | KillMoved
    | LimitsSet
    | FreezeMoved
    | EquityMarked
)
