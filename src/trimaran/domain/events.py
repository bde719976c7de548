"""Events: everything that enters `engine.step`. Nothing else changes the state of a desk."""

from __future__ import annotations

import msgspec

from trimaran.base.json_value import Buffer
from trimaran.domain.account import AccountEvent, ProbeAnswer
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import InstrumentKey, MarketName
from trimaran.domain.kill import KillScope
from trimaran.domain.reports import BalanceReport, OrderReport, PositionReport


class Frame(msgspec.Struct, frozen=True, gc=False):
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


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Time has passed, whatever else has happened; made by the loop from the times of the other events."""

    local_ns: int


class AccountSnapshot(msgspec.Struct, frozen=True):
    """A reconciliation round of a market is complete: everything that it found was told before, as events.

    `open_orders` are all that the venue has open, ours and others'; `balances` and `positions` all that it
    holds. What is not in them is zero.
    """

    market: MarketName
    open_orders: tuple[OrderReport, ...]
    balances: tuple[BalanceReport, ...]
    positions: tuple[PositionReport, ...]
    venue_ns: int  # the venue's clock, when the round began
    local_ns: int
    ended_venue_ns: int = 0  # the venue's clock at `local_ns`; 0: the two clocks are one


class AccountUncertain(msgspec.Struct, frozen=True):
    """The private line of a market was lost, or a round failed: something may have been missed."""

    market: MarketName
    reason: str
    local_ns: int


class KillRequested(msgspec.Struct, frozen=True):
    """Somebody moves a kill switch. The shell has stopped what was about to leave before it tells."""

    scope: KillScope
    state: KillState
    actor: str
    reason: str
    local_ns: int


class LimitsRequested(msgspec.Struct, frozen=True):
    """Somebody puts other limits in force; the text was read and found valid before."""

    text: str
    actor: str
    local_ns: int


class CancelRequested(msgspec.Struct, frozen=True):
    """Somebody wants open orders cancelled: one, those of a market, or all."""

    client_order_id: ClientOrderId | None
    market: MarketName | None
    actor: str
    local_ns: int


class ReleaseRequested(msgspec.Struct, frozen=True):
    """Somebody releases a frozen instrument, having looked into it."""

    instrument_key: InstrumentKey
    actor: str
    local_ns: int


MarketEvent = Frame | SnapshotBody | FeedUp | FeedDown
OperatorEvent = KillRequested | LimitsRequested | CancelRequested | ReleaseRequested
ShellEvent = AccountSnapshot | AccountUncertain | ProbeAnswer
Event = MarketEvent | Tick | AccountEvent | ShellEvent | OperatorEvent
