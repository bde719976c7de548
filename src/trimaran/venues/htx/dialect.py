"""HTX's wording of every ask, spot and USDT swaps: one table a market, from an ask to its writer and reader.

Whatever an answer holds, reading it ends in the answer or in a VenueFault: what is not as HTX documents it is
UNKNOWN. HTX knows no deadline of a request and takes a signature for five minutes, and it keeps a client id
for some hours only: a request that was delayed on its way is carried out when it arrives, and may be found
later than a resolver would like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

import msgspec

from trimaran.base.errors import ConfigError, DecodeError, GridError
from trimaran.domain.instrument import ContractKind, MarketName
from trimaran.venues.htx import account, market_data, order_wire, orders, swap_account, swap_orders
from trimaran.venues.htx.capabilities import SPOT_CAPABILITIES, SWAP_CAPABILITIES
from trimaran.venues.htx.envelope import Access, Envelope
from trimaran.venues.htx.errors import NOTHING_TO_CANCEL, unreadable
from trimaran.venues.htx.spec import SPOT, SWAP
from trimaran.venues.wire import asks
from trimaran.venues.wire.asks import Ask, CancelledAll
from trimaran.venues.wire.capability import Capabilities, Capability, Unsupported
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

T = TypeVar("T")
UNREADABLE: Final = (
    DecodeError,
    GridError,
    ConfigError,
    msgspec.MsgspecError,
    ArithmeticError,
    ValueError,
    RecursionError,
)


class Route(msgspec.Struct, frozen=True):
    """How one ask is said, and how it is answered."""

    write: Callable[[Access, Any, Stamp], HttpRequest | Unsupported]
    read: Callable[[Access, Any, Envelope, int], object]
    settled: Mapping[str, object] = {}  # codes of errors that are an answer


class Wording(msgspec.Struct, frozen=True):
    """One market's routes, and which capability each ask without one lacks."""

    market: MarketName
    kind: ContractKind
    capabilities: Capabilities
    routes: Mapping[type, Route]
    missing: Mapping[type, Capability]
    write_order: Callable[[Access, Ask[object], int], str | Unsupported]


_PUBLIC: Final[Mapping[type, Route]] = {
    asks.ServerTime: Route(market_data.write_time, market_data.read_time),
    asks.Klines: Route(market_data.write_bars, market_data.read_bars),
    asks.RecentTrades: Route(market_data.write_trades, market_data.read_trades),
    asks.Tickers: Route(market_data.write_tickers, market_data.read_tickers),
}

SPOT_WORDING: Final = Wording(
    market=SPOT.market,
    kind=ContractKind.SPOT,
    capabilities=SPOT_CAPABILITIES,
    routes={
        **_PUBLIC,
        asks.PlaceOrder: Route(orders.write_place, orders.read_place),
        asks.CancelOrder: Route(orders.write_cancel, orders.read_cancel),
        asks.CancelAll: Route(orders.write_cancel_all, orders.read_cancel_all),
        asks.QueryOrder: Route(orders.write_query, orders.read_query),
        asks.OpenOrders: Route(orders.write_open, orders.read_orders),
        asks.OrderHistory: Route(orders.write_history, orders.read_orders),
        asks.FillHistory: Route(orders.write_fills, orders.read_fills),
        asks.ArmDeadMan: Route(account.write_switch, account.read_switch),
        asks.Balances: Route(account.write_balances, account.read_balances),
        asks.AccountFees: Route(account.write_fees, account.read_fees),
        asks.AccountId: Route(account.write_account_id, account.read_account_id),
        asks.UserId: Route(account.write_user_id, account.read_user_id),
        asks.ReadKeyPermissions: Route(account.write_key, account.read_key),
    },
    missing={
        asks.AmendOrder: Capability.AMEND_PRICE,
        asks.Positions: Capability.POSITIONS,
        asks.SetLeverage: Capability.LEVERAGE,
        asks.SetMarginMode: Capability.MARGIN_MODE,
        asks.FundingNow: Capability.FUNDING,
    },
    write_order=order_wire.write_spot,
)

SWAP_WORDING: Final = Wording(
    market=SWAP.market,
    kind=ContractKind.PERPETUAL,
    capabilities=SWAP_CAPABILITIES,
    routes={
        **_PUBLIC,
        asks.PlaceOrder: Route(swap_orders.write_place, swap_orders.read_place),
        asks.CancelOrder: Route(swap_orders.write_cancel, swap_orders.read_cancel),
        asks.CancelAll: Route(
            swap_orders.write_cancel_all, swap_orders.read_cancel_all, {NOTHING_TO_CANCEL: CancelledAll(0)}
        ),
        asks.QueryOrder: Route(swap_orders.write_query, swap_orders.read_query),
        asks.OpenOrders: Route(swap_orders.write_open, swap_orders.read_open),
        asks.OrderHistory: Route(swap_orders.write_history, swap_orders.read_history),
        asks.FillHistory: Route(swap_orders.write_fills, swap_orders.read_fills),
        asks.ArmDeadMan: Route(swap_account.write_switch, account.read_switch),
        asks.Balances: Route(swap_account.write_balances, swap_account.read_balances),
        asks.Positions: Route(swap_account.write_positions, swap_account.read_positions),
        asks.AccountFees: Route(swap_account.write_fees, swap_account.read_fees),
        asks.SetLeverage: Route(swap_account.write_leverage, swap_account.read_leverage),
        asks.FundingNow: Route(market_data.write_funding, market_data.read_funding),
    },
    missing={
        asks.AmendOrder: Capability.AMEND_PRICE,
        asks.SetMarginMode: Capability.MARGIN_MODE,
        asks.ReadKeyPermissions: Capability.KEY_PERMISSIONS,
    },
    write_order=order_wire.write_swap,
)

# What no account of HTX needs: the answer is neither a capability nor the lack of one.
_NEEDLESS: Final[Mapping[type, str]] = {
    asks.StreamToken: "no token opens a private line of HTX: the key logs in on it",
    asks.AccountId: "requests about swaps name no account",
    asks.UserId: "requests about swaps name no user",
}


class HtxDialect:
    """One market of HTX for one account. Implements `MarketDialect`."""

    def __init__(self, wording: Wording, setup: AccountSetup) -> None:
        """Raises ConfigError when the key is none."""
        self._wording = wording
        self._access = Access(wording.market, wording.kind, setup)

    @property
    def market(self) -> MarketName:
        """`htx.spot` or `htx.swap`."""
        return self._wording.market

    @property
    def capabilities(self) -> Capabilities:
        """What the market can do."""
        return self._wording.capabilities

    def write(self, ask: Ask[object], stamp: Stamp) -> HttpRequest | Unsupported:
        """The request of an ask. Raises ConfigError for what the setup does not have."""
        route = self._wording.routes.get(type(ask))
        return self._refused(ask) if route is None else route.write(self._access, ask, stamp)

    def read(self, ask: Ask[T], reply: HttpReply, local_ns: int) -> T:
        """The answer in a reply, over REST or over an order line. Raises VenueFault."""
        route = self._wording.routes[type(ask)]
        try:
            envelope = self._access.open(reply)
        except VenueFault as refused:
            settled = route.settled.get(refused.fault.code)
            if settled is None:
                raise
            return cast(T, settled)
        try:
            return cast(T, route.read(self._access, ask, envelope, local_ns))
        except UNREADABLE as error:
            raise unreadable(error) from error

    def write_order(self, ask: Ask[object], request_id: int, stamp: Stamp) -> str | Unsupported:
        """The text of an ask for the order line, which needs no signature of its own."""
        if type(ask) in self._wording.missing:
            return self._refused(ask)
        return self._wording.write_order(self._access, ask, request_id)

    def _refused(self, ask: Ask[object]) -> Unsupported:
        needless = _NEEDLESS.get(type(ask))
        if needless is not None:
            return Unsupported(Capability.PRIVATE_STREAM, needless)
        lacking = self._wording.capabilities[self._wording.missing[type(ask)]]
        assert isinstance(lacking, Unsupported), lacking
        return lacking


class HtxSpotDialect(HtxDialect):
    """HTX spot."""

    def __init__(self, setup: AccountSetup) -> None:
        super().__init__(SPOT_WORDING, setup)


class HtxSwapDialect(HtxDialect):
    """HTX's USDT swaps, cross margin, one-way mode."""

    def __init__(self, setup: AccountSetup) -> None:
        super().__init__(SWAP_WORDING, setup)
