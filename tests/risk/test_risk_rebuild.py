"""A risk desk that is built anew from what an engine keeps is the same one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from tests.support.risk_core import CORES
from tests.support.risk_room import (
    BALANCES,
    NOW_NS,
    STRATEGY,
    USDT,
    balance,
    desk,
    group,
    judged,
    moved,
    order,
    swap,
)
from trimaran.domain.account import Fill, FillId, Liquidity
from trimaran.domain.decision import KillState
from trimaran.domain.facts import (
    FillBooked,
    InstrumentFrozen,
    InstrumentReleased,
    KillChanged,
    OrderTermsChanged,
    PositionChanged,
)
from trimaran.domain.instrument import Side
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import (
    OrderEvent,
    OrderRequest,
    OrderState,
    TimeInForce,
)
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import Marks, OpenOrder, RiskImage

numbers = st.integers(1, 12)
STEPS = st.one_of(
    st.tuples(st.just("group"), numbers, st.sampled_from((500, 1_000, 5_000)), st.booleans(), st.booleans()),
    st.tuples(st.just("fill"), numbers, st.integers(1, 500)),
    st.tuples(st.just("end"), numbers),
    st.tuples(st.just("wallet"), st.integers(0, 2), st.integers(0, 20_000)),
    st.tuples(st.just("kill"), st.integers(0, 3), st.sampled_from(KillState)),
    st.tuples(st.just("frozen"), st.booleans()),
    st.tuples(st.just("terms"), numbers, st.integers(1, 6_000), st.booleans()),
)
SCOPES = (
    ALL,
    KillScope(ScopeKind.VENUE, "binance"),
    KillScope(ScopeKind.ACCOUNT, PERPETUAL.market),
    KillScope(ScopeKind.STRATEGY, "cross"),
)


class Past:
    """What an engine would have kept of the same steps, to build a risk desk anew."""

    def __init__(self, risk: RiskDesk) -> None:
        self.risk = risk
        self.orders: dict[int, OrderRequest] = {}
        self.filled: dict[int, int] = {}
        self.asked: dict[int, OrderRequest | None] = {}
        self.recent: list[OrderRequest] = []
        self.lots: dict[Any, int] = {}
        self.traded: dict[Any, int] = {}
        self.balances = dict(BALANCES)
        self.kills: dict[KillScope, KillState] = {}
        self.frozen = False

    def go(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"_{step[0]}")(*step[1:])

    def _group(self, number: int, lots: int, perpetual: bool, resting: bool) -> None:
        if any(each.client_order_id == number * 16 for each in self.recent):
            return
        tif = TimeInForce.GTC if resting else TimeInForce.IOC
        new = swap(number, lots=lots // 100, tif=tif) if perpetual else order(number, lots=lots, tif=tif)
        self.orders[number], self.filled[number], self.asked[number] = new, 0, None
        self.recent.append(new)
        self.risk.record(group(new))

    def _fill(self, number: int, lots: int) -> None:
        known = self.orders.get(number)
        if known is None or self.filled[number] + lots >= known.lots:
            return
        self.filled[number] += lots
        key, sign = known.instrument_key, known.side.sign
        self.lots[key] = self.lots.get(key, 0) + sign * lots
        self.traded[STRATEGY, key] = self.lots[key]
        fill = Fill(
            FillId("f"), known.client_order_id, key, known.side, known.price_ticks, lots, Liquidity.TAKER,
            Decimal(0), USDT, NOW_NS, NOW_NS,
        )  # fmt: skip
        self.risk.take(FillBooked(fill, Decimal(0), known.strategy))
        cost = Decimal(self.lots[key])
        self.risk.take(PositionChanged(key, 0, self.lots[key], Decimal(0), cost, NOW_NS))
        self.risk.take(
            moved(number, OrderState.PARTIALLY_FILLED, self.filled[number], OrderEvent.PARTIAL_FILL)
        )

    def _end(self, number: int) -> None:
        if self.orders.pop(number, None) is not None:
            self.risk.take(moved(number, OrderState.CANCELED, self.filled[number], OrderEvent.CANCEL))

    def _wallet(self, at: int, amount: int) -> None:
        market, asset = list(BALANCES)[at]
        self.balances[market, asset] = Decimal(amount)
        self.risk.take(balance(market, asset, str(amount)))

    def _kill(self, at: int, state: KillState) -> None:
        self.kills[SCOPES[at]] = state
        self.risk.take(KillChanged(SCOPES[at], KillState.RUNNING, state, "me", "", NOW_NS))

    def _frozen(self, frozen: bool) -> None:
        self.frozen = frozen
        fact = InstrumentFrozen(SPOT.key, "", NOW_NS) if frozen else InstrumentReleased(SPOT.key, "", NOW_NS)
        self.risk.take(fact)

    def _terms(self, number: int, lots: int, under_way: bool) -> None:
        known = self.orders.get(number)
        if known is None or lots <= self.filled[number]:
            return
        if under_way:
            self.asked[number] = replace(known, lots=lots)
        else:
            self.orders[number], self.asked[number] = replace(known, lots=lots), None
        now = self.orders[number]
        price, asked = (now.price_ticks, lots) if under_way else (0, 0)
        filled = self.filled[number]
        key, id_ = now.instrument_key, now.client_order_id
        self.risk.take(
            OrderTermsChanged(id_, key, now.price_ticks, now.lots, price, asked, filled, "", NOW_NS)
        )

    def image(self) -> RiskImage:
        return RiskImage(
            open_orders=[OpenOrder(o, self.filled[n], self.asked[n]) for n, o in self.orders.items()],
            recent=self.recent,
            balances=self.balances,
            positions={key: (lots, Decimal(lots)) for key, lots in self.lots.items()},
            kills=self.kills,
            frozen=(SPOT.key,) if self.frozen else (),
            ready=(SPOT.market, PERPETUAL.market),
            traded=self.traded,
        )


def seen(risk: RiskDesk) -> list[Any]:
    """All sums, and answers that depend on most of them."""
    core, found = risk.core, []
    for instrument in (0, 1):
        found += [core.position(instrument), core.frozen(instrument), core.open_count(4, instrument)]
        found += [core.open_lots(instrument, side) for side in (0, 1)]
        found += [core.crossing(instrument, side, 500_000) for side in (0, 1)]
        found += [core.nth_order_ns(4, instrument, n) for n in range(1, 12)]
        found += [core.strategy_lots(0, instrument), core.strategy_open(0, instrument, 0)]
    found += [(core.wallet(a, b), core.taken(a, b)) for a in (0, 1) for b in (0, 1)]
    found += [
        (core.kill(kind, index), core.open_count(kind, index))
        for kind, index in ((0, 0), (1, 0), (2, 1), (3, 0))
    ]
    found += [core.last_attempt(n) for n in range(13)]
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=30), st.sampled_from(sorted(CORES)))
def test_built_anew_is_the_same(steps: Sequence[tuple[Any, ...]], core: str) -> None:
    risk = desk(core=core)
    risk.names.strategy(STRATEGY)
    past = Past(risk)
    for step in steps:
        past.go(step)
    again = desk(core=core)
    again.rebuild(past.image())
    again.names.strategy(STRATEGY)
    tops = {SPOT.key: (4_999_900, 5_000_100), PERPETUAL.key: (499_990, 500_010)}
    for each in (risk, again):
        each.on_tick(NOW_NS, Marks(tops))
    assert seen(risk) == seen(again)
    for number in (*range(1, 13), 50):
        for new in (order(number, lots=900), swap(number), swap(number, side=Side.BUY, reduce_only=True)):
            assert judged(risk, new) == judged(again, new)
