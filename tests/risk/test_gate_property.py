"""For any input: an order is approved exactly when a second, plain judge finds nothing against it.

The judge below knows the rules from their words and computes with fractions. It shares no code with
the rules, so a slip in either shows as a disagreement.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, KillState
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    MarketName,
    Side,
    Symbol,
)
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.risk.context import OpenOrder, RiskContext
from trimaran.risk.gate import Leg, gate, gate_group
from trimaran.risk.limits import RiskLimits

T = TypeVar("T", OrderRequest, RiskContext)
NOW_NS = 10**12
BTC, USDT = Asset("BTC"), Asset("USDT")
SPOT = Instrument(
    market=MarketName("one"),
    symbol=Symbol("BTCUSDT"),
    base=BTC,
    quote=USDT,
    kind=ContractKind.SPOT,
    price_grid=Grid(5, -1),
    size_grid=Grid(1, -2),
    order_step=2,
    order_lots_min=4,
    min_notional=Decimal(5),
    fees=Fees(-10_000, 100_000),
)
PERPETUAL = replace(
    SPOT, market=MarketName("two"), kind=ContractKind.PERPETUAL, order_step=1, contract_size=Decimal("0.5")
)
PERPETUAL_HERE = replace(PERPETUAL, market=SPOT.market, symbol=Symbol("BTCUSDT-PERP"))
INVERTED = replace(SPOT, symbol=Symbol("USDTBTC"), base=USDT, quote=BTC, fees=Fees(100_000, -10_000))
INSTRUMENTS = (SPOT, PERPETUAL, PERPETUAL_HERE, INVERTED)
WILD = st.sampled_from((-(2**70), -1, 0, 1, 2**50, 2**50 + 1, 2**62, 2**200))

prices = st.one_of(st.integers(190, 210), WILD)
lots = st.one_of(st.integers(1, 40), WILD)
amounts = st.one_of(
    st.integers(-10, 10**6).map(lambda cents: Decimal(cents).scaleb(-2)),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=12),
)
times = st.one_of(st.integers(NOW_NS - 50, NOW_NS + 2), WILD)


def _plain_order(instrument: Instrument) -> OrderRequest:
    return OrderRequest(
        intent_id=IntentId("1"),
        client_order_id=ClientOrderId(160),
        instrument_key=instrument.key,
        side=Side.BUY,
        price_ticks=200,
        lots=10,
        tif=TimeInForce.IOC,
        strategy=StrategyName("a"),
        group=None,
        reduce_only=False,
        created_ns=NOW_NS,
    )


ORDER_CHANGES: dict[str, st.SearchStrategy[object]] = {
    "intent_id": st.sampled_from(("1", "2", "3")),
    "client_order_id": st.integers(155, 180),
    "instrument_key": st.sampled_from([instrument.key for instrument in INSTRUMENTS]),
    "side": st.sampled_from(Side),
    "price_ticks": prices,
    "lots": lots,
    "strategy": st.sampled_from("ab"),
    "reduce_only": st.booleans(),
    "created_ns": times,
}


@st.composite
def changed(draw: st.DrawFn, plain: T, changes: dict[str, st.SearchStrategy[object]], most: int) -> T:
    """`plain` with up to `most` fields drawn anew."""
    names = draw(st.lists(st.sampled_from(sorted(changes)), max_size=most, unique=True))
    return replace(plain, **{name: draw(changes[name]) for name in names})


@st.composite
def past_orders(draw: st.DrawFn, instrument: Instrument) -> OrderRequest:
    usual = replace(_plain_order(instrument), intent_id=IntentId("9"), client_order_id=ClientOrderId(9 * 16))
    return draw(changed(usual, ORDER_CHANGES, 3))


@st.composite
def open_orders(draw: st.DrawFn) -> OpenOrder:
    instrument = draw(st.sampled_from(INSTRUMENTS))
    order = replace(draw(past_orders(instrument)), instrument_key=instrument.key)
    return OpenOrder(
        replace(order, price_ticks=draw(st.integers(1, 300))), instrument, draw(st.integers(1, 10))
    )


def _plain_context(instrument: Instrument) -> RiskContext:
    return RiskContext(
        instrument=instrument,
        book_status=BookStatus.LIVE,
        bid_ticks=199,
        ask_ticks=201,
        quote_local_ns=NOW_NS - 10,
        fair_price=Decimal(100),
        now_ns=NOW_NS,
        position_lots=0,
        exposure_base=Decimal(0),
        balances={BTC: Decimal(100), USDT: Decimal(100)},
        open_orders=(),
        recent_orders=(),
        kill=KillState.RUNNING,
    )


def _context_changes(instrument: Instrument) -> dict[str, st.SearchStrategy[object]]:
    tops = st.sampled_from((None, -1, 0, 199, 200, 201))
    return {
        "book_status": st.sampled_from(BookStatus),
        "bid_ticks": tops,
        "ask_ticks": tops,
        "quote_local_ns": times,
        "fair_price": st.one_of(st.none(), amounts),
        "position_lots": st.one_of(st.integers(-60, 60), WILD),
        "exposure_base": st.one_of(st.integers(-2, 2).map(Decimal), amounts),
        "balances": st.fixed_dictionaries({}, optional={BTC: amounts, USDT: amounts}),
        "open_orders": st.lists(open_orders(), max_size=3).map(tuple),
        "recent_orders": st.lists(past_orders(instrument), max_size=3).map(tuple),
        "kill": st.sampled_from(KillState),
    }


limits_of = st.builds(
    RiskLimits,
    order_notional_max=st.sampled_from((Decimal(20), Decimal(5_000))),
    order_lots_max=st.sampled_from((20, 2**50)),
    quote_age_ns_max=st.sampled_from((20, 2**62)),
    collar_bps_max=st.sampled_from((100, 9_999)),
    position_lots_max=st.sampled_from((50, 2**50)),
    exposure_base_max=st.sampled_from((Decimal(1), Decimal(10**9))),
    leverage_max=st.sampled_from((1, 3)),
    open_orders_max=st.sampled_from((2, 10)),
    rate_orders_max=st.sampled_from((2, 10)),
    rate_window_ns=st.sampled_from((20, 2**62)),
    duplicate_window_ns=st.sampled_from((0, 20)),
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[OrderRequest, RiskContext, RiskLimits]:
    """Mostly plain, with a few things drawn anew, so that about half is approved."""
    instrument = draw(st.sampled_from(INSTRUMENTS))
    order = draw(changed(_plain_order(instrument), ORDER_CHANGES, 2))
    context = draw(changed(_plain_context(instrument), _context_changes(instrument), 3))
    return order, context, draw(limits_of)


@settings(max_examples=1_000, deadline=None)
@given(questions())
def test_approved_exactly_when_nothing_is_against_it(
    question: tuple[OrderRequest, RiskContext, RiskLimits],
) -> None:
    order, context, limits = question
    answer = gate(order, context, limits)
    against = objections(order, context, limits)
    event(f"approved {isinstance(answer, Approved)}")
    if isinstance(answer, Approved):
        assert not against
        assert answer.order is order
    else:
        assert answer.rule in against
        assert answer.order is order


@settings(max_examples=300, deadline=None)
@given(st.lists(questions(), min_size=1, max_size=3))
def test_an_approved_group_holds_leg_after_leg(
    questions_of_group: list[tuple[OrderRequest, RiskContext, RiskLimits]],
) -> None:
    questions_of_group = [
        (replace(order, intent_id=f"leg-{at}", client_order_id=16 * (100 + at)), context, limits)
        for at, (order, context, limits) in enumerate(questions_of_group)
    ]
    answer = gate_group([Leg(*question) for question in questions_of_group])
    event(f"approved {isinstance(answer, tuple)}, {len(questions_of_group)} legs")
    if not isinstance(answer, tuple):
        return
    earlier: tuple[OpenOrder, ...] = ()
    for order, context, limits in questions_of_group:
        seen = replace(
            context,
            open_orders=context.open_orders + earlier,
            recent_orders=context.recent_orders + tuple(leg.order for leg in earlier),
        )
        assert not objections(order, seen, limits)
        earlier += (OpenOrder(order, context.instrument, order.lots),)
    assert [approved.order for approved in answer] == [order for order, _, _ in questions_of_group]


def objections(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> set[str]:
    """Every rule that has something against the order."""
    instrument, found = context.instrument, set()
    if context.kill is KillState.KILLED or (context.kill is KillState.REDUCE_ONLY and not order.reduce_only):
        found.add("kill")
    in_range = 0 < order.price_ticks <= 2**50 and 0 < order.lots <= 2**50
    if (
        not in_range
        or order.lots % instrument.order_step
        or order.lots < instrument.order_lots_min
        or order.created_ns > context.now_ns
    ):
        found.add("well_formed")
    if order.instrument_key != instrument.key:
        found.add("well_formed")
    tops = (context.bid_ticks, context.ask_ticks)
    if context.book_status is not BookStatus.LIVE or None in tops or not 0 < (tops[0] or 0) < (tops[1] or 0):
        found.add("stale_book")
    if not context.quote_local_ns <= context.now_ns <= context.quote_local_ns + limits.quote_age_ns_max:
        found.add("quote_age")
    if order.lots > limits.order_lots_max:
        found.add("max_lots")
    if len(context.open_orders) >= limits.open_orders_max:
        found.add("open_orders")
    return found | _history(order, context, limits) | _money(order, context, limits)


def _history(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> set[str]:
    found = set()
    ages = [context.now_ns - recent.created_ns for recent in context.recent_orders]
    if sum(age < limits.rate_window_ns for age in ages) >= limits.rate_orders_max:
        found.add("order_rate")
    for other in [open_order.order for open_order in context.open_orders]:
        if other.client_order_id == order.client_order_id or other.intent_id == order.intent_id:
            found.add("duplicate")
    for other, age in zip(context.recent_orders, ages, strict=True):
        same_intent = other.intent_id == order.intent_id
        same_sequence = other.client_order_id // 16 == order.client_order_id // 16
        if same_intent and same_sequence and other.client_order_id < order.client_order_id:
            continue
        wish = [(o.instrument_key, o.side, o.price_ticks, o.lots, o.strategy) for o in (order, other)]
        if same_intent or other.client_order_id == order.client_order_id:
            found.add("duplicate")
        if wish[0] == wish[1] and age < limits.duplicate_window_ns:
            found.add("duplicate")
    return found


def _money(order: OrderRequest, context: RiskContext, limits: RiskLimits) -> set[str]:
    instrument, found = context.instrument, set()
    perpetual = instrument.kind is ContractKind.PERPETUAL
    price = _price(order)
    notional = price * _size(instrument, order.lots)
    fair = context.fair_price
    if fair is None or fair <= 0 or abs(price / Fraction(fair) - 1) > Fraction(limits.collar_bps_max, 10_000):
        found.add("price_collar")
    if notional > Fraction(limits.order_notional_max):
        found.add("max_notional")
    if notional < Fraction(instrument.min_notional) and not (order.reduce_only and perpetual):
        found.add("min_notional")
    same_side = [o for o in context.open_orders if o.order.side is order.side]
    waiting = sum(o.remaining_lots for o in same_side if o.instrument.key == instrument.key)
    toward = context.position_lots if order.side is Side.BUY else -context.position_lots
    if toward + waiting + order.lots > limits.position_lots_max:
        found.add("max_position")
    exposure = Fraction(context.exposure_base) * (1 if order.side is Side.BUY else -1)
    exposure += sum(
        _size(o.instrument, o.remaining_lots) for o in same_side if o.instrument.base == instrument.base
    )
    if exposure + _size(instrument, order.lots) > Fraction(limits.exposure_base_max):
        found.add("max_position")
    if order.reduce_only and (not perpetual or toward + waiting + order.lots > 0):
        found.add("reduce_only")
    if order.lots > 0 and order.instrument_key == instrument.key:
        mine = OpenOrder(order, instrument, order.lots)
        if _overdrawn((*context.open_orders, mine), context, limits.leverage_max, order):
            found.add("balance")
    return found


def _overdrawn(
    everything: tuple[OpenOrder, ...], context: RiskContext, leverage: int, order: OrderRequest
) -> bool:
    """Whether all orders of the account together take more than it has, of the asset that `order` takes."""
    instrument = context.instrument
    here = [
        o
        for o in everything
        if (o.instrument.market, o.instrument.kind) == (instrument.market, instrument.kind)
    ]
    if instrument.kind is ContractKind.PERPETUAL:
        if order.reduce_only:
            return False
        margin = sum(_paid(o, Fraction(1, leverage)) for o in here if not o.order.reduce_only)
        return margin > Fraction(context.balances.get(USDT, Decimal(0)))
    asset = instrument.quote if order.side is Side.BUY else instrument.base
    needed = Fraction(0)
    needed += sum(_paid(o) for o in here if o.order.side is Side.BUY and o.instrument.quote == asset)
    sold = [o for o in here if o.order.side is Side.SELL and o.instrument.base == asset]
    needed += sum(_size(o.instrument, o.remaining_lots) for o in sold)
    return needed > Fraction(context.balances.get(asset, Decimal(0)))


def _paid(open_order: OpenOrder, notional_share: Fraction = Fraction(1)) -> Fraction:
    fee = Fraction(100_000, 10**8)  # the dearer one of every instrument above
    notional = _price(open_order.order) * _size(open_order.instrument, open_order.remaining_lots)
    return notional * (notional_share + fee)


def _price(order: OrderRequest) -> Fraction:
    return Fraction(order.price_ticks, 2)


def _size(instrument: Instrument, size_lots: int) -> Fraction:
    return Fraction(size_lots, 100) * Fraction(instrument.contract_size)
