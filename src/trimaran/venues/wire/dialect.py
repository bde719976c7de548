"""The port between a market's wording and everything that asks: one object a market and account.

    ask -> write -> HttpRequest -> shell -> HttpReply -> read -> answer
    ask -> write_order -> text of an order line -> LineReply -> read -> answer

Pure: signing needs a `Stamp`, which the shell makes from the estimated clock of the venue. A dialect is made
with the hosts, the instruments that the desk trades, and the credentials, or without them for public asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec

from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.venues.wire.asks import Ask
from trimaran.venues.wire.capability import Capabilities, Unsupported
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

T = TypeVar("T")


class AccountSetup(msgspec.Struct, frozen=True):
    """What a dialect is made of."""

    rest: str  # base URL, without a trailing slash
    instruments: Mapping[Symbol, Instrument]
    credentials: Credentials | None = None  # None: public asks only
    account_id: str = ""  # where requests must name the account (HTX spot): the answer to `AccountId`
    symbol_codes: Mapping[Symbol, int] = {}  # where the order line names instruments by number (OKX)
    user_id: str = ""  # where key permissions must name the user (HTX): the answer to `UserId`
    leverage: Mapping[Symbol, int] = {}  # where an order must name it (HTX swaps); 1 where nothing is said
    demo: bool = False  # the venue's demo environment, where a header tells it from the live one (OKX)


class MarketDialect(Protocol):
    """A market's wording of every ask."""

    @property
    def market(self) -> MarketName:
        """`venue.kind`."""

    @property
    def capabilities(self) -> Capabilities:
        """What the market can do."""

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        """The request of an ask, signed where it must be. With `DRAFT` for a stamp it is written for its
        charges alone, and may lack query, headers and signature.

        Charges, host and urgency of PlaceOrder depend on nothing of it but instrument, order type, time in
        force and `reduce_only`; those of AmendOrder and CancelOrder beside on whether the venue's id is
        known, what stands before a colon in it, and `triggered`.

        Raises ConfigError where it needs credentials, an account id, or an instrument that the setup does
        not have.
        """

    def read(self, ask: Ask[T], reply: HttpReply, local_ns: int) -> T:
        """The answer in a reply of any status. Raises VenueFault for an error of the venue, and for an answer
        that is not what the venue documents: its effect is UNKNOWN then, whatever was asked."""

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        """The same for the order line: PlaceOrder, AmendOrder, CancelOrder and CancelAll, where the venue
        takes them over WebSocket. The reply comes back as a `LineReply` and is read by `read`."""
