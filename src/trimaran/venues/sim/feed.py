"""What the shared server needs to know of one book as its venue publishes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from trimaran.venues.sim.book import VenueBook


class Moment(msgspec.Struct, frozen=True):
    """The time of one turn of the market."""

    wall_ns: int  # of this machine; what is due is measured against it
    server_ms: int  # the server's clock, as frames carry it
    shift_ns: int  # from simulated time to the server's clock

    def venue_ms(self, time_ns: int) -> int:
        """Simulated nanoseconds as milliseconds of the server's clock."""
        return (time_ns + self.shift_ns) // 1_000_000


class Feed(Protocol):
    """One book of one venue."""

    book: VenueBook
    listed: bool  # false after the instrument has disappeared

    @property
    def price(self) -> Callable[[int], str]:
        """Writes ticks."""

    @property
    def size(self) -> Callable[[int], str]:
        """Writes lots."""

    def wire_id(self, update_id: int) -> int:
        """The id that frames carry for a change of the book."""

    def keep_stale(self) -> None:
        """Remembers the book of now, to be served as an old snapshot later."""

    def delist(self) -> None:
        """The instrument disappears."""

    def reset(self) -> bool:
        """Starts the numbers of the stream again from a small one; False where the venue never does."""
