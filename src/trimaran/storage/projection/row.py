"""A row that is added, and a move of an order: what records become before any SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

FILLED: Final = "filled"  # a move that adds lots
ADOPTED: Final = "orders_once"  # the orders' table, unless it has the order: a desk may have forgotten it
TERMS: Final = "terms"  # a move that changes price and size


class Insert(msgspec.Struct, frozen=True, gc=False):
    """A row that is added."""

    table: str
    values: Mapping[str, object]


class Move(msgspec.Struct, frozen=True, gc=False):
    """A change of one order: the name of an `OrderEvent`, FILLED or TERMS."""

    kind: str
    values: Mapping[str, object]  # `key` is the client order id


Row = Insert | Move


def discrepancy(sequence: int, kind: str, subject: str, text: str, local_ns: int) -> Insert:
    """What differed, and what is known of it."""
    values = {"sequence": sequence, "kind": kind, "subject": subject, "text": text, "local_ns": local_ns}
    return Insert("discrepancies", values)
