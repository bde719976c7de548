"""The clocks that the simulated OKX reads; the server's stage has them."""

from __future__ import annotations

from typing import Protocol

from trimaran.venues.sim.feed import Moment


class Clock(Protocol):
    """Time of the server and of the market."""

    def server_ms(self) -> int:
        """The server's clock."""

    def moment(self) -> Moment:
        """Now, in every clock there is."""

    def trading_ns(self) -> int:
        """Simulated time, as orders carry it."""
