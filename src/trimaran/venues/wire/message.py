"""Requests and answers of HTTP as values: what pure code writes and reads, and a shell carries.

A request is written whole, signature included: method, URL as it goes onto the wire (percent-encoded), body
as bytes, headers. It is sent once or not at all; no shell rewrites, redirects or repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

NO_HEADERS: Mapping[str, str] = {}


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """When a request is signed and how long it may live, by the venue's clock as we estimate it."""

    venue_ns: int  # nanoseconds since the Unix epoch
    valid_ns: int = 2_000_000_000  # after that the venue shall refuse it, where it can (OPERATIONS: fences)

    @property
    def ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.venue_ns // 1_000_000

    @property
    def is_draft(self) -> bool:
        """Whether the request is written for its charges alone: see `DRAFT`."""
        return not self.venue_ns


DRAFT: Final = Stamp(0)  # of a request that is never sent: it says what it would cost


class Charge(msgspec.Struct, frozen=True):
    """What a request costs in one of the venue's budgets."""

    budget: str  # a name of the market's `LimitSpec`s
    units: int = 1


class HttpRequest(msgspec.Struct, frozen=True):
    """One request, ready to be sent."""

    method: str  # GET, POST, PUT, DELETE
    url: str
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes = b""
    charges: tuple[Charge, ...] = ()
    urgent: bool = False  # cancels and the like: may use the share of the budgets that is reserved

    def __repr__(self) -> str:
        """Without headers and query, which carry keys and signatures."""
        return f"HttpRequest({self.method} {self.url.partition('?')[0]})"


class HttpReply(msgspec.Struct, frozen=True):
    """An answer of any status. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = NO_HEADERS


Departs = Callable[[], None]


class Sender(Protocol):
    """What carries a request: HTTP (`rest.py`), or something else that answers (`venues/bridge`)."""

    async def send(
        self, request: HttpRequest, total_s_max: float = 0.0, departs: Departs | None = None
    ) -> HttpReply:
        """The answer of any status. Raises RestError when there is none, with what that proves.

        `departs` is called once, right before the first byte leaves, however long that took: what it raises
        is raised, and nothing has left.
        """

    def stop(self, url: str, stop_ns: int) -> None:
        """Sends nothing to the host of `url` for so long."""
