"""What the risk desk is told from outside, as data: marks, and everything at once after a recovery."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

import msgspec

from trimaran.domain.decision import KillState
from trimaran.domain.instrument import Asset, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import OrderRequest, StrategyName


class Prices(msgspec.Struct, frozen=True):
    """What is known of prices now; a missing one is not known. In the quote asset of the limits."""

    mids: Mapping[InstrumentKey, Decimal] = {}  # of live books, each in its own quote asset
    assets: Mapping[Asset, Decimal] = {}


class Marks(msgspec.Struct, frozen=True):
    """What things are worth at a tick. What is missing stays as it was; an equity of None is not known."""

    tops: Mapping[InstrumentKey, tuple[int, int]] = {}  # (bid, ask) in ticks of live books
    rates: Mapping[Asset, Decimal] = {}  # of quote assets, in the quote asset of the limits
    equities: Mapping[KillScope, Decimal | None] = {}  # in the quote asset of the limits


class OpenOrder(msgspec.Struct, frozen=True):
    """An order that may still fill: SENDING and UNKNOWN ones too."""

    order: OrderRequest
    filled_lots: int = 0
    asked: OrderRequest | None = None  # what it is to become, while a change is under way


class EquityMark(msgspec.Struct, frozen=True):
    """What must be known of a scope's equity when a process begins again within a day."""

    day: int  # UTC days since the epoch
    day_start: Decimal
    peak: Decimal
    equity: Decimal


class RiskImage(msgspec.Struct, frozen=True, kw_only=True):
    """Durable state, as far as risk depends on it."""

    open_orders: Collection[OpenOrder] = ()
    recent: Collection[OrderRequest] = ()  # made within the longest window, open ones included
    messages: Collection[tuple[int, OrderRequest]] = ()  # changes and cancels of orders, with their times
    balances: Mapping[tuple[MarketName, Asset], Decimal] = {}
    positions: Mapping[InstrumentKey, tuple[int, Decimal]] = {}  # signed lots and their cost
    kills: Mapping[KillScope, KillState] = {}
    frozen: Collection[InstrumentKey] = ()
    ready: Collection[MarketName] = ()
    takes_risk: bool = True
    traded: Mapping[tuple[StrategyName, InstrumentKey], int] = {}  # signed lots that strategies have traded
    equities: Mapping[KillScope, EquityMark] = {}
