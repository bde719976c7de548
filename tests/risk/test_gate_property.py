"""For any input: an order is approved exactly when a second, plain judge finds nothing against it.

The judge is `tests/support/risk_judge.py`; a slip in the rules, in a core or in the judge shows as
a disagreement.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.risk_core import CORES
from tests.support.risk_judge import (
    BTC,
    INSTRUMENTS,
    NOW_NS,
    SCOPES,
    STRATEGIES,
    USDT,
    Judge,
)
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState, Refused
from trimaran.domain.instrument import Side
from trimaran.domain.orders import IntentId, OrderRequest, TimeInForce
from trimaran.risk.ask import Quote
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import Marks, OpenOrder, RiskImage
from trimaran.risk.limits import Allowed, LimitsBook, RiskLimits, ScopeLimits

WILD = st.sampled_from((-(2**70), -1, 0, 1, 2**50 + 1, 2**62, 2**200, float("nan"), float("inf"), None))

amounts = st.integers(-10, 3 * 10**4).map(lambda cents: Decimal(cents).scaleb(-2))
prices = st.integers(195, 205)
sizes = st.integers(5, 30).map(lambda half: half * 2)
keys = st.sampled_from(sorted(INSTRUMENTS))


def rare(draw: st.DrawFn, share: int = 20) -> bool:
    """True about once in `share`: bounds are drawn more often than what is between them."""
    return draw(st.integers(0, share)) == share // 2


@st.composite
def orders(draw: st.DrawFn, number: int, wild: bool = True) -> OrderRequest:
    resting = draw(st.booleans())
    plain = OrderRequest(
        IntentId(f"intent-{number}"), ClientOrderId(number * 16), draw(keys), draw(st.sampled_from(Side)),
        draw(prices), draw(sizes), TimeInForce.GTC if resting else TimeInForce.IOC,
        draw(st.sampled_from(STRATEGIES)), None, rare(draw, 8), NOW_NS - draw(st.integers(0, 40)),
    )  # fmt: skip
    if wild and rare(draw, 12):
        field = draw(
            st.sampled_from(("price_ticks", "lots", "created_ns", "client_order_id", "trigger_ticks"))
        )
        plain = replace(plain, **{field: draw(WILD)})
    if wild and rare(draw, 12):
        plain = replace(
            plain, intent_id=IntentId("intent-20"), client_order_id=ClientOrderId(draw(st.integers(319, 322)))
        )
    return plain


limits = st.builds(
    RiskLimits,
    order_notional_max=st.sampled_from((Decimal("55.5"), Decimal(5_000))),
    quote_age_ns_max=st.sampled_from((20, 2**62)),
    collar_bps_max=st.sampled_from((240, 9_999)),
    leverage_max=st.sampled_from((1, 3)),
    open_orders_max=st.sampled_from((3, 10)),
    rate_orders_max=st.sampled_from((4, 10)),
    rate_window_ns=st.sampled_from((20, 2**62)),
    order_lots_max=st.sampled_from((50, 2**50)),
    position_lots_max=st.sampled_from((60, 2**50)),
    duplicate_window_ns=st.sampled_from((0, 20)),
)
scope_limits = st.builds(
    ScopeLimits,
    exposure_max=st.sampled_from((None, Decimal(30), Decimal(150))),
    open_orders_max=st.sampled_from((None, 2)),
    rate_orders_max=st.sampled_from((None, 2)),
    rate_window_ns=st.sampled_from((20, 2**62)),
    messages_max=st.sampled_from((None, 2)),
    messages_window_ns=st.just(20),
    daily_loss_max=st.sampled_from((None, None, Decimal(5))),
    drawdown_max=st.sampled_from((None, None, Decimal(9))),
    leverage_max=st.sampled_from((None, 1, 2)),
    liquidation_bps_min=st.sampled_from((None, 2_000)),
)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """What is known; mostly so that about half of the orders pass."""
    live = [draw(orders(number, wild=False)) for number in range(20, 20 + draw(st.integers(0, 4)))]
    ended = [draw(orders(number, wild=False)) for number in range(30, 30 + draw(st.integers(0, 2)))]
    scopes = {scope: draw(scope_limits) for scope in draw(st.sets(st.sampled_from(SCOPES), max_size=2))}
    accounts = [(each.market, asset) for each in INSTRUMENTS.values() for asset in (BTC, USDT)]
    balances = dict.fromkeys(accounts, Decimal(300)) | draw(
        st.dictionaries(st.sampled_from(accounts), amounts, max_size=2)
    )
    positions = draw(st.dictionaries(keys, st.sampled_from((-40, -20, -8, -3, 1, 5, 12, 30)), max_size=2))
    return {
        "book": LimitsBook(
            default=replace(
                draw(limits), allowed=draw(st.sampled_from(Allowed)) if rare(draw) else Allowed.ALL
            ),
            exposure=draw(st.sampled_from((Decimal("0.3"), Decimal(10**6)))),
            scopes=scopes,
        ),
        "open": [(each, draw(st.integers(0, each.lots - 1))) for each in live],
        "recent": sorted((*live, *ended), key=lambda each: each.created_ns),
        "balances": balances,
        "positions": {
            key: (lots, Decimal(lots * draw(st.integers(90, 110))) / 100) for key, lots in positions.items()
        },
        "traded": draw(
            st.dictionaries(st.tuples(st.sampled_from(STRATEGIES), keys), st.integers(-40, 40), max_size=2)
        ),
        "kills": {draw(st.sampled_from(SCOPES)): draw(st.sampled_from(KillState))} if rare(draw) else {},
        "frozen": {draw(keys)} if rare(draw) else set(),
        "unready": {draw(st.sampled_from(("one.spot", "two.swap")))} if rare(draw) else set(),
        "exposure": draw(st.sampled_from((Decimal(0), Decimal("0.1"), Decimal("-0.2")))),
        "equities": [
            {scope: Decimal(draw(st.integers(-10, 10))) for scope in draw(st.sets(st.sampled_from(SCOPES)))}
            for _ in range(2)
        ],
        "room": not rare(draw, 40),
        "quote": Quote(
            BookStatus.STALE if rare(draw, 40) else BookStatus.LIVE,
            0 if rare(draw, 40) else 199,
            201,
            NOW_NS - (25 if rare(draw) else 5),
            draw(st.sampled_from((0, 398))) if rare(draw) else 400,
            2,
        ),
    }


def build(world: dict[str, Any], core: str) -> RiskDesk:
    risk = RiskDesk(
        INSTRUMENTS.values(),
        world["book"],
        CORES[core],
        lambda asset: world["exposure"] if asset == BTC else Decimal(0),
    )
    risk.rebuild(
        RiskImage(
            open_orders=[OpenOrder(order, filled) for order, filled in world["open"]],
            recent=world["recent"],
            balances=world["balances"],
            positions=world["positions"],
            kills=world["kills"],
            frozen=world["frozen"],
            ready={each.market for each in INSTRUMENTS.values()} - world["unready"],
            takes_risk=world["room"],
            traded=world["traded"],
        )
    )
    tops = dict.fromkeys(INSTRUMENTS, (199, 201))
    risk.on_tick(NOW_NS, Marks(tops, {BTC: Decimal(100)}))
    for equities in world["equities"]:
        risk.on_tick(NOW_NS, Marks(equities=equities))
    return risk


@settings(max_examples=500, deadline=None)
@given(worlds(), orders(40), st.sampled_from(sorted(CORES)))
def test_approved_exactly_when_nothing_is_against_it(
    world: dict[str, Any], order: OrderRequest, core: str
) -> None:
    answer = build(world, core).judge((order,), (world["quote"],), NOW_NS)
    against = Judge(world, order, ()).objections()
    event(answer.rule if isinstance(answer, Refused) else "approved")
    if isinstance(answer, Refused):
        assert answer.rule in against, (answer.text, against)
    else:
        assert not against


@settings(max_examples=250, deadline=None)
@given(worlds(), orders(40), orders(41), st.sampled_from(sorted(CORES)))
def test_an_approved_group_holds_leg_after_leg(
    world: dict[str, Any], first: OrderRequest, second: OrderRequest, core: str
) -> None:
    answer = build(world, core).judge((first, second), (world["quote"],) * 2, NOW_NS)
    against = Judge(world, first, ()).objections() or Judge(world, second, (first,)).objections()
    event(answer.rule if isinstance(answer, Refused) else "approved")
    if isinstance(answer, Refused):
        assert answer.rule in against, (answer.text, against)
    else:
        assert not against
