"""Commands: what a step asks the world to do. They are durable before they are carried out."""

from __future__ import annotations

import msgspec

from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import InstrumentKey


class SendOrder(msgspec.Struct, frozen=True, tag=True):
    """Send this order once. The outcome comes back as account events only."""

    approved: Approved


class CancelOrder(msgspec.Struct, frozen=True, tag=True):
    """Ask the venue to cancel. It may fail because the order has just ended: that is no error."""

    client_order_id: ClientOrderId
    instrument_key: InstrumentKey
    reason: str


Command = SendOrder | CancelOrder
