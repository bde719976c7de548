"""The native core and the plain one: equal views and equal answers after any row of updates, however wild."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.support.risk_core import ATTO, NOW_NS, ask, furnish, view
from tests.support.risk_core import fields as fields_of
from trimaran.native._risk import RiskCore as NativeCore
from trimaran.risk.ask import Ask, whole
from trimaran.risk.rules.catalogue import RULES
from trimaran.risk.tables import Bounds, ScopeBounds
from trimaran.risk.twin import TwinCore

WILD = st.sampled_from((-(2**200), -(2**63), -1, 0, 1, 2**50, 2**62, 2**63, 2**130))
BIG = st.one_of(st.integers(-100 * ATTO, 100 * ATTO), st.sampled_from((-(2**130), 0, 2**106, 2**110, 2**126)))
instruments, strategies = st.integers(0, 3), st.integers(0, 1)
sides = st.integers(0, 1)
ids = st.integers(1, 190)
prices = st.one_of(st.integers(4_900, 5_100), st.sampled_from((0, 1, 2**50, 2**63 - 1)))
sizes = st.one_of(st.integers(0, 2_000), st.sampled_from((2**50, 2**62, 2**63 - 1)))
times = st.one_of(st.integers(NOW_NS - 50, NOW_NS + 5), st.sampled_from((0, NOW_NS - 10**9, 2**62)))
scopes = st.sampled_from([(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0), (3, 1)])
counts = st.integers(1, 4)
most = st.one_of(st.just(-1), st.integers(0, 10 * ATTO))

bounds = st.builds(
    Bounds,
    tick_lots_max=st.sampled_from((10**6, 2**120)),
    lots_max=st.sampled_from((500, 2**62)),
    quote_age_ns_max=st.sampled_from((20, 2**62)),
    collar_bps_max=st.sampled_from((50, 10_000)),
    position_lots_max=st.sampled_from((3_000, 2**62)),
    leverage_max=st.sampled_from((1, 3, 125)),
    open_orders_max=st.sampled_from((2, 100)),
    rate_orders_max=counts,
    rate_window_ns=st.sampled_from((20, 2**62)),
    duplicate_window_ns=st.sampled_from((0, 20, 2**62)),
    restriction=st.sampled_from((0, 0, 0, 1, 2, 4)),
)
scope_bounds = st.builds(
    ScopeBounds,
    exposure_max=most,
    open_orders_max=st.sampled_from((-1, 3)),
    rate_orders_max=st.sampled_from((-1, 3)),
    rate_window_ns=st.sampled_from((20, 2**62)),
    messages_max=st.sampled_from((-1, 2, 4)),
    messages_window_ns=st.sampled_from((20, 2**62)),
    daily_loss_max=most,
    drawdown_max=most,
    leverage_max=st.sampled_from((-1, 1, 10)),
    liquidation_bps=st.sampled_from((-1, 100, 20_000)),
)
updates = st.one_of(
    st.tuples(st.just("limit_instrument"), instruments, bounds),
    st.tuples(st.just("limit_scope"), scopes, scope_bounds),
    st.tuples(st.just("limit_asset"), st.integers(0, 2), st.integers(0, ATTO)),
    st.tuples(st.just("set_kill"), scopes, st.sampled_from((0, 0, 1, 2))),
    st.tuples(st.just("set_ready"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("set_takes_risk"), st.sampled_from((True, True, False))),
    st.tuples(st.just("set_frozen"), instruments, st.sampled_from((False, False, True))),
    st.tuples(st.just("set_wallet"), st.integers(0, 2), st.integers(0, 2), BIG),
    st.tuples(st.just("set_exposure"), st.integers(0, 2), BIG, BIG),
    st.tuples(st.just("set_position"), instruments, st.one_of(st.integers(-3_000, 3_000), WILD), BIG, BIG),
    st.tuples(st.just("set_mark"), instruments, prices, prices),
    st.tuples(st.just("set_rate"), st.integers(0, 2), st.sampled_from((0, 1, 10**9, 2**62))),
    st.tuples(st.just("set_strategy_lots"), strategies, instruments, st.integers(-3_000, 3_000)),
    st.tuples(st.just("set_equity"), scopes, BIG, st.integers(5, 7)),
    st.tuples(st.just("clear_equity"), scopes),
    st.tuples(st.just("restore_equity"), scopes, st.integers(5, 7), BIG, BIG),
    *[
        st.tuples(
            st.just("open"),
            instruments,
            strategies,
            ids,
            sides,
            prices,
            sizes,
            st.booleans(),
            st.booleans(),
            st.sampled_from((False, False, True)),
        )
    ]
    * 4,
    st.tuples(st.just("amend"), ids, prices, sizes),
    st.tuples(st.just("settle"), ids, prices, sizes),
    st.tuples(st.just("fill"), ids, sizes),
    *[st.tuples(st.just("end"), ids)] * 2,
    st.tuples(st.just("release")),
    *[st.tuples(st.just("count_order"), instruments, strategies, ids, sides, prices, sizes, times)] * 3,
    st.tuples(st.just("count_message"), instruments, strategies, times),
    st.tuples(st.just("forget"), times),
)
USUAL = {
    "instrument": st.one_of(instruments, st.sampled_from((-1, 4, 2**70))),
    "strategy": st.one_of(strategies, st.sampled_from((-1, 2))),
    "client_order_id": st.one_of(ids, WILD),
    "prior_sequence": st.integers(0, 11),
    "side": st.one_of(sides, st.sampled_from((2, -1))),
    "price_ticks": st.one_of(prices, WILD),
    "lots": st.one_of(sizes, WILD),
    "filled_lots": st.integers(-1, 50),
    "held_price_ticks": prices,
    "held_lots": sizes,
    "reduce_only": st.sampled_from((0, 1, True, 2)),
    "order_type": st.integers(-1, 6),
    "tif": st.integers(-1, 4),
    "trigger_ticks": st.sampled_from((0, 5_000, -1)),
    "display_lots": st.sampled_from((0, 10, 100)),
    "created_ns": st.one_of(times, WILD),
    "status": st.integers(-1, 5),
    "bid_ticks": prices,
    "ask_ticks": prices,
    "quote_ns": st.one_of(times, WILD),
    "fair_numerator": st.one_of(prices, WILD),
    "fair_denominator": st.sampled_from((1, 2, 0, -1, 2**62)),
    "now_ns": st.one_of(st.just(NOW_NS), WILD),
    "amend": st.integers(0, 1),
}
NOT_A_NUMBER = st.sampled_from((float("nan"), float("inf"), -float("inf"), "5000", 5_000.0))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Any, ...]:
    """Mostly plain, so that some of them reach the last rules."""
    plain = {"instrument": draw(instruments), "side": draw(sides), "lots": draw(st.integers(1, 200)) * 10}
    names = draw(st.lists(st.sampled_from(sorted(USUAL)), max_size=3, unique=True))
    changes = plain | {name: draw(USUAL[name]) for name in names}
    if draw(st.integers(0, 9)) == 0:
        changes[draw(st.sampled_from(sorted(USUAL)))] = draw(NOT_A_NUMBER)
    return ask(**changes)


def flat(update: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """A method and its arguments: structs and scopes are spread."""
    arguments: list[Any] = []
    for part in update[1:]:
        spread = isinstance(part, Bounds | ScopeBounds)
        arguments += fields_of(part) if spread else part if isinstance(part, tuple) else [part]
    return update[0], arguments


@settings(max_examples=400, deadline=None)
@given(st.lists(updates, max_size=25), st.lists(questions(), min_size=1, max_size=6))
def test_both_see_and_answer_the_same(rows: list[tuple[Any, ...]], asked: list[tuple[Any, ...]]) -> None:
    native, twin = furnish(NativeCore()), furnish(TwinCore())
    for row in rows:
        name, arguments = flat(row)
        getattr(native, name)(*arguments)
        getattr(twin, name)(*arguments)
    assert view(native) == view(twin)
    for question in asked:
        number = native.judge(*question)
        assert number == twin.judge(*question)
        event(f"rule {RULES[number - 1].name if number else 'none'}")
        if number:
            assert RULES[number - 1].check(Ask(*map(whole, question)), native, twin) is not None
    assert view(native) == view(twin)


@settings(max_examples=150, deadline=None)
@given(st.lists(updates, max_size=20), st.lists(updates, max_size=12))
def test_what_was_added_is_taken_out_again(
    before: list[tuple[Any, ...]], orders: list[tuple[Any, ...]]
) -> None:
    core = furnish(NativeCore())
    for row in before:
        name, arguments = flat(row)
        getattr(core, name)(*arguments)
    core.release()
    for number in range(200, 12 * 16 + 200):
        core.end(number)
    seen = view(core)
    used = 1_000
    opened = []
    for row in orders:
        if row[0] == "open":
            used += 16
            core.open(*row[1:3], used, *row[4:])
            opened.append(used)
            core.lift(used)
            core.lower(used)
            core.amend(used, 5_050, 77)
            core.fill(used, 5)
    core.release()
    for each in opened:
        core.end(each)
    assert view(core) == seen
