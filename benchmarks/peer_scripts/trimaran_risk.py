"""Our end of the risk benchmark: a desk of 60 instruments with 200 open orders, and an order that passes."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from decimal import Decimal

from measuring import Reply, Side, clock_cost_ns, percentiles_us, settle

from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Refused
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Symbol
from trimaran.domain.instrument import Side as OrderSide
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.native._risk import RiskCore
from trimaran.risk.ask import Quote
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import Marks, RiskImage
from trimaran.risk.limits import AMOUNT_MAX, LimitsBook, RiskLimits, ScopeLimits
from trimaran.risk.twin import TwinCore

NOW_NS = 1_700_000_000_000_000_000
MARKETS = ("binance.spot", "binance.usdm", "okx.spot", "okx.swap", "htx.spot", "htx.swap")
STRATEGY = StrategyName("benchmark")
LIMITS = RiskLimits(
    order_notional_max=Decimal(20_000),
    quote_age_ns_max=10**9,
    collar_bps_max=100,
    leverage_max=5,
    open_orders_max=1_000,
    rate_orders_max=1_000,
    rate_window_ns=10**9,
    duplicate_window_ns=10**6,
)
EVERYTHING = ScopeLimits(
    exposure_max=Decimal(10**9),
    open_orders_max=1_000,
    rate_orders_max=1_000,
    messages_max=1_000,
    daily_loss_max=Decimal(1_000),
    drawdown_max=Decimal(1_000),
    leverage_max=10,
    liquidation_bps_min=100,
)


def risk_gate(side: Side, what: str, instruments: int, open_orders: int, count: int, twin: bool) -> Reply:
    """Microseconds of each judgement (`what` is core or desk), or of an order's coming and going (life)."""
    risk = make_desk(instruments, open_orders, twin)
    listed = risk.instruments
    call = {"core": core_call, "desk": desk_call, "life": life_call}[what](risk, listed)
    call(0)
    settle()
    costs = array("q", bytes(8 * count))
    clock = time.perf_counter_ns
    for number in range(count):
        start = clock()
        call(number)
        costs[number] = clock() - start
    return percentiles_us(costs, clock_cost_ns()) | {"instruments": instruments, "orders": open_orders}


def core_call(risk: RiskDesk, listed: tuple[Instrument, ...]) -> Callable[[int], object]:
    """Every rule, and nothing else: the call of the core itself."""
    asks = [risk._case(order(10**6, each), quote(), NOW_NS, 0).ask for each in listed]
    judge = risk.core.judge
    assert not any(judge(*each) for each in asks)
    return lambda number: judge(*asks[number % len(asks)])


def desk_call(risk: RiskDesk, listed: tuple[Instrument, ...]) -> Callable[[int], object]:
    """An order object in, an approval out."""
    wanted = [((order(10**6 + n, each),), (quote(),)) for n, each in enumerate(listed)]

    def judge(number: int) -> object:
        orders, quotes = wanted[number % len(wanted)]
        answer = risk.judge(orders, quotes, NOW_NS)
        assert not isinstance(answer, Refused), answer.text
        return answer

    return judge


def life_call(risk: RiskDesk, listed: tuple[Instrument, ...]) -> Callable[[int], object]:
    """What risk does with an order that was approved, from its record to its end."""
    made = [order(10**6 + n, listed[n % len(listed)]) for n in range(10_000)]

    def live(number: int) -> object:
        one = made[number % len(made)]
        risk.open(one)
        risk._end(one.client_order_id)
        return one

    return live


def make_desk(count: int, open_orders: int, twin: bool) -> RiskDesk:
    """Assets in six markets, a third of them with a position, all limits in force."""
    listed = [instrument(MARKETS[n % len(MARKETS)], f"A{n // len(MARKETS):02}") for n in range(count)]
    scopes = dict.fromkeys((ALL, *(KillScope(ScopeKind.ACCOUNT, name) for name in MARKETS)), EVERYTHING)
    scopes[KillScope(ScopeKind.STRATEGY, STRATEGY)] = EVERYTHING
    book = LimitsBook(default=LIMITS, exposure=AMOUNT_MAX, scopes=scopes)
    risk = RiskDesk(listed, book, TwinCore if twin else RiskCore, lambda asset: Decimal(0))
    balances = {(each.market, asset): Decimal(10**9) for each in listed for asset in (each.base, each.quote)}
    positions = {each.key: (100, Decimal(5_000)) for each in listed[::3]}
    risk.rebuild(RiskImage(balances=balances, positions=positions, ready=MARKETS))
    for number in range(open_orders):
        risk.open(order(number + 1, listed[number % len(listed)], TimeInForce.GTC, 4_990 - number % 7))
    tops = {each.key: (4_999, 5_001) for each in listed}
    equities = dict.fromkeys(scopes, Decimal(0))
    risk.on_tick(NOW_NS, Marks(tops, {}, equities))
    return risk


def instrument(market: str, base: str) -> Instrument:
    """One with plain grids."""
    return Instrument(
        market=MarketName(market),
        symbol=Symbol(f"{base}USDT"),
        base=Asset(base),
        quote=Asset("USDT"),
        kind=ContractKind.SPOT if market.endswith(".spot") else ContractKind.PERPETUAL,
        price_grid=Grid(1, -2),
        size_grid=Grid(1, -3),
        order_step=1,
        min_notional=Decimal(5),
        fees=Fees(20_000, 50_000),
    )


def order(
    number: int, of: Instrument, tif: TimeInForce = TimeInForce.IOC, price_ticks: int = 5_000
) -> OrderRequest:
    """A purchase of 50 USDT."""
    return OrderRequest(
        IntentId(f"intent-{number}"), ClientOrderId(number * 16), of.key, OrderSide.BUY, price_ticks, 1_000,
        tif, STRATEGY, None, False, NOW_NS,
    )  # fmt: skip


def quote() -> Quote:
    """A live book around 50."""
    return Quote(BookStatus.LIVE, 4_999, 5_001, NOW_NS, 10_000, 2)
