"""The private REST endpoints of simulated HTX swaps by the classic contract API.

Cross and isolated margin have the same endpoints under two names.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb7de1c-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trimaran.venues.htx.simulator.calls import Call, Endpoint, Family
from trimaran.venues.htx.simulator.limits import SWAP_READ, SWAP_TRADE
from trimaran.venues.htx.simulator.swap_account import SwapAccount
from trimaran.venues.htx.simulator.swap_orders import SwapOrders
from trimaran.venues.htx.simulator.swap_triggers import SwapTriggers
from trimaran.venues.sim.gate import Request
from trimaran.venues.sim.trading import Permission

V1: Final = "/linear-swap-api/v1/"
V3: Final = "/linear-swap-api/v3/"
Answer = Callable[[Call], object]


def mode_endpoints(
    prefix: str, orders: SwapOrders, account: SwapAccount, triggers: SwapTriggers
) -> list[Endpoint]:
    """The endpoints of one margin mode; `prefix` is `swap_cross_` or `swap_`."""
    trading: tuple[tuple[str, Answer, Request], ...] = (
        ("order", orders.place, Request.ORDER),
        ("batchorder", orders.place_many, Request.ORDER),
        ("lightning_close_position", orders.close, Request.ORDER),
        ("cancel", orders.cancel, Request.CANCEL),
        ("cancelall", orders.cancel_all, Request.CANCEL),
        ("trigger_order", triggers.place, Request.ORDER),
        ("trigger_cancel", orders.cancel_triggers, Request.CANCEL),
        ("trigger_cancelall", orders.cancel_all_triggers, Request.CANCEL),
        ("switch_lever_rate", account.switch_lever_rate, Request.OTHER),
        ("switch_position_mode", account.switch_position_mode, Request.OTHER),
    )
    reading: tuple[tuple[str, Answer], ...] = (
        ("order_info", account.order_info),
        ("order_detail", account.order_detail),
        ("openorders", account.open_orders),
        ("hisorders", account.history),
        ("matchresults", account.matches),
        ("trigger_openorders", triggers.open_orders),
        ("trigger_hisorders", triggers.history),
        ("account_info", account.account_info),
        ("position_info", account.position_info),
        ("account_position_info", account.account_position_info),
        ("available_level_rate", account.available_level_rate),
    )
    newer: tuple[tuple[str, Answer], ...] = (
        ("hisorders", account.history_v3),
        ("matchresults", account.matches_v3),
        ("matchresults_exact", account.matches_exact),
    )
    return [
        *(trade(f"{V1}{prefix}{name}", answer, request) for name, answer, request in trading),
        *(query(f"{V1}{prefix}{name}", answer) for name, answer in reading),
        *(query(f"{V3}{prefix}{name}", answer, Family.SWAP_V3) for name, answer in newer),
        query(f"{V1}{prefix}position_side", account.position_side, method="GET"),
    ]


def common_endpoints(account: SwapAccount) -> list[Endpoint]:
    """Those that are the same for both modes."""
    return [
        query(f"{V1}swap_fee", account.fees),
        trade(f"{V1}linear-cancel-after", account.cancel_after, Request.OTHER, Family.SWAP_V3),
        query(f"{V3}swap_unified_account_type", account.account_type, Family.SWAP_V3, "GET"),
    ]


def trade(path: str, answer: Answer, request: Request, family: Family = Family.SWAP) -> Endpoint:
    """An endpoint that changes something."""
    return Endpoint("POST", path, answer, family, SWAP_TRADE, request, Permission.TRADE)


def query(path: str, answer: Answer, family: Family = Family.SWAP, method: str = "POST") -> Endpoint:
    """An endpoint that asks."""
    return Endpoint(method, path, answer, family, SWAP_READ)
