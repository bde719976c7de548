"""What can be asked of a market, as values that no venue's wording has touched yet.

Every ask names the type of its answer: `Balances` is an `Ask[tuple[BalanceReport, ...]]`. A venue's dialect
writes an ask as a request and reads the reply as that answer (`dialect.py`). An ask that creates or enlarges
risk carries `Approved`, which only the risk gate builds.

Times are nanoseconds of the venue's clock; 0 leaves a bound open.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Fees, InstrumentKey, Side, Symbol
from trimaran.domain.reports import (
    BalanceReport,
    FillReport,
    MarginMode,
    OrderReport,
    PositionReport,
)

AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class Ask(msgspec.Struct, Generic[AnswerT_co], frozen=True):
    """Something asked of a market; `AnswerT_co` is what comes back."""


# --- orders -------------------------------------------------------------------------------------------


class OrderRef(msgspec.Struct, frozen=True):
    """An order that is to be found again: by our id, or by the venue's where it is known."""

    symbol: Symbol
    client_order_id: ClientOrderId | None
    venue_order_id: VenueOrderId | None = None
    triggered: bool = False  # it waits for its trigger; for venues that keep such orders apart


class Placed(msgspec.Struct, frozen=True):
    """The venue has accepted the order. What it says of state and fills at once, if it does."""

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    report: OrderReport | None = None
    fills: tuple[FillReport, ...] = ()


class CancelTaken(msgspec.Struct, frozen=True):
    """The venue has taken the request to cancel. `report` where it is done already; else it is on its way."""

    report: OrderReport | None = None


class CancelledAll(msgspec.Struct, frozen=True):
    """How far a request to cancel everything came; `count` None where the venue does not say."""

    count: int | None
    failed: tuple[str, ...] = ()  # venue order ids, or the venue's words


class PlaceOrder(Ask[Placed], frozen=True):
    """Place an order, once."""

    approved: Approved


class AmendOrder(Ask[Placed], frozen=True):
    """Change an open order into `approved.order`: same client id, other price or size (filled included)."""

    approved: Approved
    venue_order_id: VenueOrderId | None = None
    known: tuple[int, int] | None = None  # price in ticks and lots in force now; None: they are not known


class CancelOrder(Ask[CancelTaken], frozen=True):
    """Cancel one order."""

    ref: OrderRef


class CancelAll(Ask[CancelledAll], frozen=True):
    """Cancel every open order of one instrument (of the market, where `symbol` is None and it can).

    `triggered` asks for those that wait for a trigger instead, where the venue keeps them apart.
    """

    symbol: Symbol | None
    triggered: bool = False


class CancelMany(Ask[CancelledAll], frozen=True):
    """Cancel some orders of one instrument in one request, where `PrivateSpec.cancels_at_once` says so.

    A fault may mean that only some of them could not be cancelled: what is open must be asked for.
    """

    refs: tuple[OrderRef, ...]


class QueryOrder(Ask[OrderReport], frozen=True):
    """One order. A fault NO_SUCH_ORDER is the venue's word that it does not know it."""

    ref: OrderRef


class OpenOrders(Ask[tuple[OrderReport, ...]], frozen=True):
    """All open orders of one instrument, or of the market, triggered ones that wait included.

    Where the venue keeps those that wait apart (`PrivateSpec.triggers_apart`), `triggered` asks for them,
    and the answer without it is of the others. The answer is all of them, or a fault TOO_MANY_ORDERS. Those
    of one instrument may be asked for in pages where the venue has them (`PrivateSpec.open_page`): `page`
    counts from 1, `behind` is the last order of the page before, and one that is not full is the last.
    """

    symbol: Symbol | None
    triggered: bool = False
    page: int = 0  # 0: all of them at once
    behind: VenueOrderId | None = None


class OrderHistory(Ask[tuple[OrderReport, ...]], frozen=True):
    """Orders that ended, oldest first; at most `limit` of them. The bounds are those of their creation.

    Where there are more of them, pages lead on as those of `FillHistory` do.
    """

    symbol: Symbol
    since_ns: int = 0
    limit: int = 100
    until_ns: int = 0


class FillHistory(Ask[tuple[FillReport, ...]], frozen=True):
    """Fills, oldest first: of one order where `ref` is given, otherwise of the instrument.

    Where there are more between the bounds than `limit`, the oldest of them are told, so that the next page
    begins where this one ends. Some venues tell the newest of them (`PrivateSpec.fills_newest`): there the
    next page ends where this one begins.
    """

    symbol: Symbol
    since_ns: int = 0
    limit: int = 100
    ref: OrderRef | None = None
    until_ns: int = 0


class Disarmed(msgspec.Struct, frozen=True):
    """The dead-man switch is off."""


class Armed(msgspec.Struct, frozen=True):
    """The dead-man switch cancels everything at `fires_ns` (venue's clock; 0 where it does not say)."""

    fires_ns: int


class ArmDeadMan(Ask[Armed | Disarmed], frozen=True):
    """Let the venue cancel all open orders unless this is repeated within `timeout_ns`; 0 disarms."""

    timeout_ns: int
    symbol: Symbol | None = None  # where the venue has one switch an instrument


# --- account ------------------------------------------------------------------------------------------


class Balances(Ask[tuple[BalanceReport, ...]], frozen=True):
    """Every asset that the account holds any of."""


class Positions(Ask[tuple[PositionReport, ...]], frozen=True):
    """Every open perpetual position."""

    symbol: Symbol | None = None


class AccountFees(Ask[Fees], frozen=True):
    """The account's own fee rates on one instrument."""

    symbol: Symbol


class SetLeverage(Ask[Decimal], frozen=True):
    """Sets the leverage of one instrument; answers what is in force."""

    symbol: Symbol
    leverage: int
    mode: MarginMode = MarginMode.CROSS


class SetMarginMode(Ask[MarginMode], frozen=True):
    """Sets the margin mode of one instrument; answers what is in force. Already so is a success."""

    symbol: Symbol
    mode: MarginMode


class KeyPermissions(msgspec.Struct, frozen=True):
    """What a key may do. None: the venue does not say."""

    may_read: bool
    may_trade: bool
    may_withdraw: bool | None
    addresses: tuple[str, ...] = ()  # that it is bound to; empty: any, or not said
    account: str = ""  # the venue's id of it


class ReadKeyPermissions(Ask[KeyPermissions], frozen=True):
    """What the key in use may do. One that may withdraw is refused at start-up."""


class TokenAction(enum.Enum):
    """What to do with a token of a private stream."""

    START = "start"
    KEEP = "keep"
    END = "end"


class StreamToken(Ask[str], frozen=True):
    """A token that opens a private stream, where the venue still has such a thing; answers the token."""

    action: TokenAction
    token: str = ""


class AccountId(Ask[str], frozen=True):
    """The venue's id of the account that orders go to, where requests must name it (HTX spot)."""


class UserId(Ask[str], frozen=True):
    """The venue's id of the user, where `ReadKeyPermissions` must name it (HTX)."""


# --- public -------------------------------------------------------------------------------------------


class Interval(enum.Enum):
    """Length of a kline. Days and weeks begin at 00:00 UTC where the venue lets one choose."""

    MINUTE_1 = "1m"
    MINUTE_3 = "3m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"
    HOUR_2 = "2h"
    HOUR_4 = "4h"
    HOUR_6 = "6h"
    HOUR_12 = "12h"
    DAY_1 = "1d"
    WEEK_1 = "1w"


class Kline(msgspec.Struct, frozen=True):
    """A bar. Volumes are decimals: in base asset, and in quote asset where the venue says it."""

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    base_volume: Decimal
    quote_volume: Decimal | None
    closed: bool


class PublicTrade(msgspec.Struct, frozen=True):
    """A trade that anybody made. `side` is the taker's."""

    trade_id: str
    side: Side
    price_ticks: int
    lots: int
    venue_ns: int


class TickerRow(msgspec.Struct, frozen=True):
    """Last day and top of one instrument; None where the venue does not say."""

    instrument_key: InstrumentKey
    last: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    base_volume: Decimal | None
    quote_volume: Decimal | None
    venue_ns: int


class Funding(msgspec.Struct, frozen=True):
    """Funding of a perpetual. The rate is a fraction of the notional; longs pay when it is above 0."""

    instrument_key: InstrumentKey
    rate: Decimal
    next_ns: int  # when it is due
    mark_price: Decimal | None
    index_price: Decimal | None


class ServerTime(Ask[int], frozen=True):
    """The venue's clock, in nanoseconds since the epoch."""


class Klines(Ask[tuple[Kline, ...]], frozen=True):
    """Bars, oldest first; the newest ones up to `limit` unless `since_ns` is given."""

    symbol: Symbol
    interval: Interval
    since_ns: int = 0
    limit: int = 100


class RecentTrades(Ask[tuple[PublicTrade, ...]], frozen=True):
    """The last trades, oldest first."""

    symbol: Symbol
    limit: int = 100


class Tickers(Ask[tuple[TickerRow, ...]], frozen=True):
    """Tickers of one instrument or of all that are known to the desk."""

    symbol: Symbol | None = None


class FundingNow(Ask[Funding], frozen=True):
    """Funding rate, mark and index of a perpetual."""

    symbol: Symbol
