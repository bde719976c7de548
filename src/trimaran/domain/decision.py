"""What risk says about an order, and the state of the kill switch.

`Approved` may be built only by `risk/gate.py`; a test reads the source tree to see to it. Everything
that sends takes `Approved` and nothing else, so an order that risk has not seen does not type-check.
"""

from __future__ import annotations

import enum

import msgspec

from trimaran.domain.orders import OrderRequest


class KillState(enum.IntEnum):
    """What the kill switch allows."""

    RUNNING = 0
    REDUCE_ONLY = 1  # only orders that make a position smaller
    KILLED = 2  # no order at all; cancels still go out


class Approved(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An order that every rule let pass, at the moment of the decision."""

    order: OrderRequest


class Refused(msgspec.Struct, frozen=True, tag=True):
    """An order that a rule stopped. `limit` and `value` are what was compared, as text."""

    order: OrderRequest
    rule: str
    limit: str
    value: str
    text: str  # for a person: expected, found, where
