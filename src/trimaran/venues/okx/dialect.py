"""OKX's wording of every ask, for spot and for swaps: the tables of its parts, put together.

Implements `MarketDialect`. Which ask is written and read where stands in the tables of `orders.py`,
`answers.py`, `account.py` and `market_data.py`; the order line has a wording of its own in `order_wire.py`,
and the same readers.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from trimaran.base.errors import DecodeError
from trimaran.domain.instrument import ContractKind, MarketName
from trimaran.venues.okx import account, answers, market_data, orders
from trimaran.venues.okx.envelope import Context, request, rows
from trimaran.venues.okx.errors import unreadable
from trimaran.venues.okx.order_wire import write_order
from trimaran.venues.okx.signing import check_credentials
from trimaran.venues.okx.spec import SPOT_CAPABILITIES, SWAP_CAPABILITIES
from trimaran.venues.wire.asks import Ask
from trimaran.venues.wire.capability import Capabilities, Unsupported
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

T = TypeVar("T")
WRITERS: Final = {**orders.WRITERS, **account.WRITERS, **market_data.WRITERS}
READERS: Final = {**answers.READERS, **account.READERS, **market_data.READERS}


def context_of(spec: MarketSpec, setup: AccountSetup) -> Context:
    """What the parts of the adapter know of a market."""
    spot = spec.contract is ContractKind.SPOT
    capabilities = SPOT_CAPABILITIES if spot else SWAP_CAPABILITIES
    return Context(spec.market, spec.contract, setup.instruments, setup.symbol_codes, capabilities)


class OkxDialect:
    """One OKX market and account."""

    def __init__(self, spec: MarketSpec, setup: AccountSetup) -> None:
        """Raises ConfigError for a key that is not one of OKX's."""
        if setup.credentials is not None:
            check_credentials(setup.credentials)
        self._setup = setup
        self._context = context_of(spec, setup)

    @property
    def market(self) -> MarketName:
        """`okx.spot` or `okx.swap`."""
        return self._context.market

    @property
    def capabilities(self) -> Capabilities:
        """What the market can do."""
        return self._context.capabilities

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        """The request of an ask. Raises ConfigError as the port says."""
        write: Any = WRITERS[type(ask)]
        draft = write(ask, self._context, stamp)
        if isinstance(draft, Unsupported):
            return draft
        setup = self._setup
        return request(draft, setup.rest, setup.credentials, stamp, setup.demo)

    def read(self, ask: Ask[T], reply: HttpReply, local_ns: int) -> T:
        """The answer in a reply, over REST or over the order line. Raises VenueFault."""
        read: Any = READERS[type(ask)]
        try:
            answer: T = read(ask, rows(reply), self._context, local_ns)
        except DecodeError as error:
            raise VenueFault(unreadable(str(error), reply.status)) from None
        return answer

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        """The text of an order request for the private line."""
        return write_order(ask, request_id, self._context, stamp)
