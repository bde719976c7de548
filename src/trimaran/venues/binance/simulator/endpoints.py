"""What can be asked of the simulated Binance: each request once, for REST and for the WebSocket API.

An endpoint answers with JSON text or raises `ApiError`; how it is wrapped, signed and counted is the business
of `rest` and `ws_api`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.sim.gate import Request
from trimaran.venues.sim.trading import ApiKey


class Security(enum.Enum):
    """What a request must bring."""

    NONE = "none"
    KEY = "key"  # the name of a key, no signature
    READ = "read"  # a signature of a key that may read
    TRADE = "trade"  # a signature of a key that may trade


class Call:
    """One request that has passed its security."""

    __slots__ = ("key", "now_ns", "params", "server_ms")

    def __init__(self, params: Params, key: ApiKey | None, server_ms: int, now_ns: int) -> None:
        self.params = params
        self.key = key
        self.server_ms = server_ms
        self.now_ns = now_ns  # simulated

    @property
    def account_id(self) -> int:
        """The account of the key."""
        assert self.key is not None
        return self.key.account_id


_REQUESTS: Final = {"POST": Request.ORDER, "PUT": Request.AMEND, "DELETE": Request.CANCEL}
Weigh = Callable[[Params], int]
Answer = Callable[[Call], str]


class Endpoint(msgspec.Struct, frozen=True):
    """One request. `path` is that of REST, `methods` its names on the WebSocket API; either may be empty."""

    verb: str
    path: str
    answer: Answer
    weigh: Weigh
    security: Security = Security.NONE
    methods: tuple[str, ...] = ()
    orders: bool = False  # answers carry the counts of new orders; success costs no weight

    @property
    def request(self) -> Request:
        """What it is in the eyes of the faults."""
        if self.orders:
            return _REQUESTS[self.verb]
        return Request.QUERY if self.security is Security.READ and self.verb == "GET" else Request.OTHER


def weighs(weight: int) -> Weigh:
    """Always the same weight."""
    return lambda params: weight


def with_symbol(weight: int, without: int) -> Weigh:
    """One weight with a symbol, another one for all of them."""
    return lambda params: weight if "symbol" in params.values else without


def constant(text: str) -> Answer:
    """Always the same answer, whatever is asked."""
    return lambda call: text


EMPTY_LIST: Final = constant("[]")
