"""The private side of a market as numbers: hosts, lines, budgets. Each venue's `spec.py` fills it in.

Budgets are what the venue counts. A charge names a budget; the governor (`governor.py`) spends no unit that
the venue would not grant, however its windows are aligned, and keeps a share for cancels.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from trimaran.domain.instrument import MarketName
from trimaran.venues.wire.lines import LineSpec


class Scope(enum.Enum):
    """Whose requests a budget counts: budgets of one name and scope are shared by what shares the scope."""

    ADDRESS = "address"
    ACCOUNT = "account"


class LimitSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One budget of a venue."""

    name: str  # unique within the venue; markets that share a budget use the same name
    scope: Scope
    units: int  # in `window_ns`
    window_ns: int
    aligned: bool  # windows begin at whole multiples of their length of the venue's clock; else they slide
    reserved: int = 0  # ours: units that only urgent requests may use
    used_header: str = ""  # answers tell the units used so far (lower case)
    left_header: str = ""  # or the units that are left
    per_symbol: bool = False  # the venue counts each instrument apart; charges name "budget:symbol"


class DeadManSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's switch that cancels what is open unless we go on telling it not to."""

    per_symbol: bool  # one switch an instrument; otherwise one for all of `shared_by`
    timeout_ns: int  # ours: of one arming; the next one comes after a third of it
    timeout_ns_min: int  # what the venue takes
    timeout_ns_max: int  # 0: it does not say
    shared_by: tuple[MarketName, ...] = ()  # the markets that one switch covers; empty: its own market
    spares_triggers: bool = False  # orders that wait for a trigger stay


class PrivateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One market's private side."""

    market: MarketName
    live: Mapping[str, str]  # base URLs: "rest", "ws_private", "ws_api"; without a trailing slash
    testnet: Mapping[str, str] | None
    lines: tuple[LineSpec, ...]
    limits: tuple[LimitSpec, ...]
    clock_window_ns: int  # how far the time of a request may be off: what the clock offset must stay within
    visibility_lag_ns: int  # ours: an accepted order is queryable after that
    request_expiry: bool  # the venue itself refuses a request that is too old
    fills_newest: bool = False  # a full page of `FillHistory` has the newest between the bounds: page back
    open_page: int = 0  # rows of a page of `OpenOrders` of one instrument; 0: the venue has no pages of them
    history_window_ns: int = 0  # one answer of `FillHistory` reaches so far; 0: to its end, or to now
    cancels_at_once: int = 0  # orders in one `CancelMany`; 0: the market has no such request
    triggers_apart: bool = False  # orders that wait for a trigger are asked for apart: `OpenOrders.triggered`
    dead_man: DeadManSpec | None = None  # None: the market has no such switch
