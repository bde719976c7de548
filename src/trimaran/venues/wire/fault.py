"""What a venue's error means: one typed fault for every documented code of every venue.

Each venue's `errors.py` is a table from its codes to a `Meaning`. A code that is not in the table is UNKNOWN
and proves nothing. The law of `Effect`:

 1. REFUSED says that the request changed nothing at the venue. It is given only to codes that the venue
    documents as a refusal; together they are the closed list of definitive answers.
 2. Everything else is UNKNOWN: timeouts, resets, 5xx, unreadable answers, codes that nobody documented. An
    order whose request met UNKNOWN may be at the venue or not; the resolver asks.
 3. Not found is an answer only to a question about an order (`FaultKind.NO_SUCH_ORDER` of a query), and only
    where the table says so. No other error is ever a not-found.

    VenueError
    +- VenueFault    carries a `Fault`
"""

from __future__ import annotations

import enum

import msgspec

from trimaran.base.errors import VenueError


class FaultKind(enum.Enum):
    """What went wrong, in the words of the field. The value is what people read."""

    UNKNOWN = "not documented, or no answer at all"
    # the request
    PARAMETER = "a parameter is missing, malformed or out of range"
    NO_SUCH_INSTRUMENT = "no such instrument"
    FILTER = "price or size breaks the instrument's filters"
    TOO_SMALL = "below the smallest size or value"
    TOO_LARGE = "above the largest size or value"
    PRICE_BAND = "price outside of the venue's band"
    UNSUPPORTED = "the venue does not offer this here"
    # the order
    INSUFFICIENT_FUNDS = "balance or margin is not enough"
    DUPLICATE_ID = "the client order id is taken"
    WOULD_TAKE = "a post-only order would take"
    WOULD_TRIGGER = "the trigger price has been reached already"
    NOT_FILLABLE = "a fill-or-kill order cannot be filled at once"
    REDUCE_ONLY = "a reduce-only order would make the position larger"
    POSITION_LIMIT = "position, leverage or margin mode does not allow it"
    TOO_MANY_ORDERS = "too many open orders"
    SELF_TRADE = "it would trade with an order of the same account"
    REJECTED = "refused by the matching engine for another reason"
    NO_SUCH_ORDER = "the venue does not know the order"
    ORDER_ENDED = "the order has ended already, or is ending"
    NOTHING_TO_CHANGE = "the order is as it was asked to become"
    # the account
    SIGNATURE = "the signature is wrong"
    CLOCK = "the time of the request is outside of the venue's window"
    EXPIRED = "the request's own deadline had passed; it was not processed"
    KEY = "key or passphrase is wrong, or not for this environment"
    PERMISSION = "the key may not do this, or not from this address"
    LOGIN = "not logged in"
    ACCOUNT = "the account may not trade"
    # the venue
    RATE_LIMITED = "too many requests"
    BANNED = "the address or key is banned for a while"
    OVERLOADED = "the venue is too busy and did not process the request"
    UNAVAILABLE = "the venue is closed for maintenance, or the instrument is"
    INTERNAL = "the venue failed inside"


class Effect(enum.Enum):
    """Whether the request did anything at the venue."""

    REFUSED = "refused"  # definitely nothing
    UNKNOWN = "unknown"


class Meaning(msgspec.Struct, frozen=True):
    """What a code of a venue means: a row of its table."""

    kind: FaultKind
    effect: Effect = Effect.REFUSED
    note: str = ""  # the venue's words, for the table in the docs


UNDOCUMENTED = Meaning(FaultKind.UNKNOWN, Effect.UNKNOWN)


class Fault(msgspec.Struct, frozen=True):
    """One error of a venue, understood as far as it is documented."""

    kind: FaultKind
    effect: Effect
    code: str  # the venue's; empty when there was no answer
    text: str  # the venue's words; printable, bounded, without secrets
    retry_after_ns: int = 0  # above 0: the venue ordered to stop for so long
    of_account: bool = False  # the stop is for what the account may do (new orders), not for the address


class VenueFault(VenueError):
    """A venue answered a request with an error, or did not answer it properly."""

    def __init__(self, fault: Fault) -> None:
        code = f" {fault.code}" if fault.code else ""
        super().__init__(f"{fault.kind.name}{code}: {fault.text}")
        self.fault = fault


def too_many_rows(text: str) -> VenueFault:
    """More open orders than one answer holds: whoever asks must ask for fewer of them at once."""
    return VenueFault(Fault(FaultKind.TOO_MANY_ORDERS, Effect.UNKNOWN, "", text))
