"""Events: everything that enters `engine.step`. Nothing else changes the state of a desk."""

from __future__ import annotations

import msgspec

from trimaran.base.json_value import Buffer
from trimaran.domain.account import AccountEvent


class Frame(msgspec.Struct, frozen=True):
    """One WebSocket message of a market. The payload is borrowed: nobody keeps it beyond the step."""

    market: int
    payload: Buffer
    local_ns: int


class SnapshotBody(msgspec.Struct, frozen=True):
    """The body of a REST depth answer for one book."""

    book: int
    payload: Buffer
    local_ns: int


class FeedUp(msgspec.Struct, frozen=True):
    """The connection of a market's books is open."""

    market: int
    local_ns: int


class FeedDown(msgspec.Struct, frozen=True):
    """The connection of a market's books is lost: of `books`, or of all of them when it names none."""

    market: int
    reason: str
    local_ns: int
    books: tuple[int, ...] = ()


class Tick(msgspec.Struct, frozen=True):
    """Time has passed, whatever else has happened; made by the loop from the times of the other events."""

    local_ns: int


Event = Frame | SnapshotBody | FeedUp | FeedDown | Tick | AccountEvent
