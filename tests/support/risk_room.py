"""A risk desk with two markets, plain orders, and the facts about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from tests.support.risk_core import CORES
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, Refused
from trimaran.domain.facts import (
    BalanceChanged,
    OrderStateChanged,
    Purpose,
)
from trimaran.domain.instrument import Asset, Side
from trimaran.domain.orders import (
    GroupId,
    IntentId,
    OrderEvent,
    OrderRequest,
    OrderState,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.records import Durability, GroupOpened
from trimaran.risk.ask import Quote
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import RiskImage
from trimaran.risk.limits import LimitsBook, RiskLimits

NOW_NS = 1_700_000_000_000_000_000
USDT, BTC = Asset("USDT"), Asset("BTC")
STRATEGY = StrategyName("cross")
QUOTE = Quote(BookStatus.LIVE, 4_999_900, 5_000_100, NOW_NS, 10_000_000, 2)
SWAP_QUOTE = Quote(BookStatus.LIVE, 499_990, 500_010, NOW_NS, 10_000_000, 20)
QUOTES = {SPOT.key: QUOTE, PERPETUAL.key: SWAP_QUOTE}
LIMITS = RiskLimits(
    order_notional_max=Decimal(10_000),
    quote_age_ns_max=10**9,
    collar_bps_max=50,
    leverage_max=2,
    open_orders_max=10,
    rate_orders_max=10,
    rate_window_ns=10**9,
    duplicate_window_ns=0,
)
BOOK = LimitsBook(default=LIMITS, exposure=Decimal(2))
BALANCES = {(SPOT.market, USDT): Decimal(10_000), (SPOT.market, BTC): Decimal(1)}
BALANCES |= {(PERPETUAL.market, USDT): Decimal(10_000)}
IMAGE = RiskImage(balances=BALANCES, ready=(SPOT.market, PERPETUAL.market))


def desk(
    book: LimitsBook = BOOK, image: RiskImage = IMAGE, core: str = "native", exposure: int = 0
) -> RiskDesk:
    made = RiskDesk(
        (SPOT, PERPETUAL), book, CORES[core], lambda asset: Decimal(exposure if asset == BTC else 0)
    )
    made.rebuild(image)
    return made


def order(number: int = 1, **changes: Any) -> OrderRequest:
    """Buys 0.01 BTC at 50,000 on spot."""
    plain = OrderRequest(
        IntentId(f"intent-{number}"), ClientOrderId(number * 16), SPOT.key, Side.BUY, 5_000_000, 1_000,
        TimeInForce.IOC, STRATEGY, None, False, NOW_NS,
    )  # fmt: skip
    return replace(plain, **changes)


def swap(number: int = 2, **changes: Any) -> OrderRequest:
    """Sells as much as a perpetual."""
    return order(
        number,
        **(
            {"instrument_key": PERPETUAL.key, "side": Side.SELL, "price_ticks": 500_000, "lots": 10} | changes
        ),
    )


def judged(risk: RiskDesk, *orders: OrderRequest, **more: Any) -> str:
    """ "" or the rule."""
    answer = risk.judge(orders, [QUOTES.get(each.instrument_key, QUOTE) for each in orders], NOW_NS, **more)
    if isinstance(answer, Refused):
        return answer.rule
    assert [approved.order for approved in answer] == list(orders)
    assert all(isinstance(approved, Approved) for approved in answer)
    return ""


def group(*orders: OrderRequest) -> GroupOpened:
    return GroupOpened(GroupId("g"), STRATEGY, Purpose.OPEN, orders, Durability.FAST, NOW_NS)


def moved(
    number: int, after: OrderState, filled: int = 0, event: OrderEvent = OrderEvent.ACK
) -> OrderStateChanged:
    return OrderStateChanged(
        ClientOrderId(number * 16), SPOT.key, OrderState.SENDING, event, after, filled, "", NOW_NS
    )


def balance(market: Any, asset: Asset, amount: str) -> BalanceChanged:
    return BalanceChanged(market, asset, Decimal(0), Decimal(amount), NOW_NS)
