"""The private REST endpoints of simulated HTX spot, with their limits and what a key needs for them.

https://www.htx.com/en-us/opend/newApiPages/?id=7ec4ee16-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable

from trimaran.venues.htx.simulator.calls import Call, Endpoint, Family, Limit
from trimaran.venues.htx.simulator.limits import SPOT_BATCH, SPOT_READ, SPOT_TRADE
from trimaran.venues.htx.simulator.spot_account import SpotAccount
from trimaran.venues.htx.simulator.spot_orders import SpotOrders
from trimaran.venues.sim.gate import Request
from trimaran.venues.sim.trading import Permission


def spot_endpoints(orders: SpotOrders, account: SpotAccount) -> list[Endpoint]:
    """Every endpoint. Paths with a fixed name stand before those with an id."""

    def read(path: str, answer: Callable[[Call], object], family: Family = Family.SPOT) -> Endpoint:
        return Endpoint("GET", path, answer, family, SPOT_READ)

    def trade(path: str, answer: Callable[[Call], object], kind: Request, limit: Limit) -> Endpoint:
        return Endpoint("POST", path, answer, Family.SPOT, limit, kind, Permission.TRADE)

    v1 = "/v1/order/"
    switch = Endpoint(
        "POST",
        "/v2/algo-orders/cancel-all-after",
        account.cancel_all_after,
        Family.SPOT_V2,
        SPOT_READ,
        Request.OTHER,
        Permission.TRADE,
    )
    return [
        trade(f"{v1}orders/place", orders.place, Request.ORDER, SPOT_TRADE),
        trade(f"{v1}batch-orders", orders.place_many, Request.ORDER, SPOT_BATCH),
        trade(f"{v1}orders/submitCancelClientOrder", orders.cancel_by_client_id, Request.CANCEL, SPOT_TRADE),
        trade(f"{v1}orders/batchcancel", orders.cancel_many, Request.CANCEL, SPOT_BATCH),
        trade(f"{v1}orders/batchCancelOpenOrders", orders.cancel_open, Request.CANCEL, SPOT_BATCH),
        trade(f"{v1}orders/{{id}}/submitcancel", orders.cancel, Request.CANCEL, SPOT_TRADE),
        switch,
        read("/v1/account/accounts", account.accounts),
        read("/v1/account/accounts/{id}/balance", account.balance),
        read(f"{v1}openOrders", account.open_orders),
        read(f"{v1}orders/getClientOrder", account.order_by_client_id),
        read(f"{v1}orders", account.orders),
        read(f"{v1}history", account.history),
        read(f"{v1}matchresults", account.matches),
        read(f"{v1}orders/{{id}}/matchresults", account.order_matches),
        read(f"{v1}orders/{{id}}", account.order),
        read("/v2/reference/transact-fee-rate", account.fee_rates, Family.SPOT_V2),
        read("/v2/user/uid", account.user, Family.SPOT_V2),
        read("/v2/user/api-key", account.api_keys, Family.SPOT_V2),
    ]
