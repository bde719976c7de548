"""What an account client is made with, and what it tells."""

from __future__ import annotations

import msgspec

from trimaran.domain.account import AmendLost, AmendRefused, OrderLost, ProbeAnswer
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.events import AccountSnapshot, AccountUncertain
from trimaran.domain.reports import Report
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.fault import Fault
from trimaran.venues.wire.fold_port import FoldEvent
from trimaran.venues.wire.line_port import LineConfig, LineNotice
from trimaran.venues.wire.market_spec import MINUTE, MS, SECOND
from trimaran.venues.wire.patience import ASK, ORDER, Patience


class RequestFailed(msgspec.Struct, frozen=True):
    """An amendment, a cancel or a query of an order failed. `fault.effect` says whether it did anything."""

    what: str  # "amend", "cancel", "query"
    client_order_id: ClientOrderId | None
    fault: Fault


class LineNews(msgspec.Struct, frozen=True):
    """Something happened to a private line."""

    line: str
    notice: LineNotice


class Reconciled(msgspec.Struct, frozen=True):
    """Orders, fills, balances and positions were asked for, and what was missing has been told."""

    since_ns: int  # the venue's clock
    reason: str


class ReconcileFailed(msgspec.Struct, frozen=True):
    """They could not be; it is tried again."""

    reason: str
    fault: Fault


class ClockFailed(msgspec.Struct, frozen=True):
    """The venue did not tell its time; it is asked again."""

    fault: Fault


ClientEvent = (
    FoldEvent
    | OrderLost
    | AmendRefused
    | AmendLost
    | ProbeAnswer
    | AccountSnapshot
    | AccountUncertain
    | Report
    | RequestFailed
    | LineNews
    | Reconciled
    | ReconcileFailed
    | ClockFailed
)


class ClientOptions(msgspec.Struct, frozen=True):
    """How a client behaves. Seconds and nanoseconds as the names say."""

    ask: Patience = ASK
    order: Patience = ORDER
    line: LineConfig = LineConfig()
    tick_s: float = 0.1
    clock_every_s: float = 30.0
    clock_error_ns_max: int = 100 * MS  # then the venue is asked earlier
    since_ns: int = 0  # the venue's clock: fills from then on are asked for at the start; 0: `lookback_ns`
    poll_s: float = 5.0  # while no line tells of open orders, they are asked for so often
    lookback_ns: int = 5 * MINUTE  # before the first connection
    retry: Backoff = Backoff(base_ns=SECOND // 2, cap_ns=30 * SECOND)  # of a reconciliation
    page: int = 100  # rows of one answer of history
