"""Commands: what a step asks the world to do. `SendOrder` and `AmendOrder` take `Approved`, and so only what
risk let pass. Their outcomes come back as events only.

A command is carried out after the records of its step are as safe as its durability demands; a cancel, a
probe and a comparison wait for nothing.
"""

from __future__ import annotations

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.records import Durability


class SendOrder(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Send this order once."""

    approved: Approved
    durability: Durability = Durability.DURABLE


class AmendOrder(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Change an open order into `approved.order`, once."""

    approved: Approved
    durability: Durability = Durability.DURABLE


class CancelOrder(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Ask the venue to cancel. It may fail because the order has just ended: that is no error."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    reason: str


class ProbeOrder(msgspec.Struct, frozen=True, tag=True):
    """Ask the venue for an order: by id, among the open ones, in the history, among the fills.

    What is found comes as account events; then `ProbeAbsent` or `ProbeFailed`, or nothing more.
    """

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    since_ns: int  # local clock: the order cannot be older


class CompareAccount(msgspec.Struct, frozen=True, tag=True):
    """Ask a market for a new round of reconciliation: it ends with an `AccountSnapshot`."""

    market: MarketName
    reason: str


Command = SendOrder | AmendOrder | CancelOrder | ProbeOrder | CompareAccount
