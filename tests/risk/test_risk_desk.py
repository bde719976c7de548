"""The risk desk: facts in, judgements out, in words; a desk that is built anew is the same one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from tests.support.risk_core import CORES
from trimaran.base.errors import ConfigError
from trimaran.domain.account import Fill, FillId, Liquidity
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, KillState, Refused
from trimaran.domain.facts import (
    BalanceChanged,
    FillBooked,
    InstrumentFrozen,
    InstrumentReleased,
    KillChanged,
    MarketReady,
    OrderStateChanged,
    OrderTermsChanged,
    PositionChanged,
    Purpose,
)
from trimaran.domain.instrument import Asset, Side
from trimaran.domain.kill import ALL, KillScope, ScopeKind
from trimaran.domain.orders import (
    GroupId,
    IntentId,
    OrderEvent,
    OrderRequest,
    OrderState,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.records import AmendOpened, CancelOpened, Durability, GroupOpened, OrderReissued
from trimaran.risk.ask import Quote
from trimaran.risk.desk import RiskDesk
from trimaran.risk.image import EquityMark, Marks, OpenOrder, RiskImage
from trimaran.risk.limits import LimitsBook, RiskLimits, ScopeLimits

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


@pytest.mark.parametrize("core", CORES)
def test_a_refusal_names_rule_limit_value_and_place(core: str) -> None:
    answer = desk(core=core).judge((order(lots=30_000),), (QUOTE,), NOW_NS)
    assert isinstance(answer, Refused)
    assert (answer.rule, answer.limit, answer.value) == ("max_notional", "at most 10000", "15000")
    assert answer.text == (
        "max_notional: notional in quote: expected at most 10000, found 15000 (binance.spot:BTCUSDT)"
    )
    risk = desk(
        replace(BOOK, scopes={KillScope(ScopeKind.STRATEGY, "cross"): ScopeLimits(open_orders_max=1)}),
        core=core,
    )
    risk.open(order(9))
    answer = risk.judge((order(),), (QUOTE,), NOW_NS)
    assert isinstance(answer, Refused)
    assert "open orders of strategy:cross: expected at most 1, found 2" in answer.text


def test_an_instrument_of_another_desk_is_no_order() -> None:
    assert judged(desk(), order(instrument_key="kraken.spot:X")) == "well_formed"


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), "5", 10**400, -1])
@pytest.mark.parametrize("field", ["price_ticks", "lots", "created_ns", "client_order_id"])
def test_nonsense_is_refused(core: str, field: str, bad: Any) -> None:
    assert judged(desk(core=core), replace(order(), **{field: bad})) == "well_formed"


def test_legs_that_fit_one_by_one_and_not_together() -> None:
    half = {"lots": 12_000}  # 6,000 USDT of 10,000
    risk = desk()
    assert judged(risk, order(1, **half)) == judged(risk, order(2, **half)) == ""
    assert judged(risk, order(1, **half), order(2, **half)) == "balance"
    assert judged(risk, order(1, **half), swap(2)) == ""
    assert judged(risk, order(1), order(1)) == "duplicate"
    assert judged(risk, order(1), order(2, intent_id=IntentId("intent-1"))) == "duplicate"
    assert judged(risk, order(1, **half)) == "", "a judgement changes nothing"


def test_an_order_counts_from_its_record_to_its_end() -> None:
    risk = desk()
    risk.record(group(order(1, lots=15_000)))
    assert judged(risk, order(2, lots=10_000)) == "balance"
    risk.take(moved(1, OrderState.UNKNOWN))
    assert judged(risk, order(2, lots=10_000)) == "balance"
    risk.take(moved(1, OrderState.PARTIALLY_FILLED, 10_000, OrderEvent.PARTIAL_FILL))
    assert judged(risk, order(2, lots=10_000)) == ""
    assert judged(risk, order(2, lots=15_000)) == "balance"
    risk.take(moved(1, OrderState.CANCELED, 10_000, OrderEvent.CANCEL))
    assert judged(risk, order(2, lots=15_000)) == ""
    assert judged(risk, order(1)) == "duplicate"


def test_the_next_attempt_replaces_the_one_that_is_proved_absent() -> None:
    risk, first = desk(), order(1, lots=15_000)
    risk.record(group(first))
    anew = replace(first, client_order_id=ClientOrderId(17))
    assert judged(risk, anew) == "duplicate"
    assert judged(risk, anew, instead_of=first.client_order_id) == ""
    assert judged(risk, order(2, lots=10_000)) == "balance", (
        "the first one counts until its record says otherwise"
    )
    risk.record(OrderReissued(anew, first.client_order_id, NOW_NS))
    risk.take(moved(1, OrderState.NOT_PLACED))
    assert judged(risk, order(2, lots=10_000)) == "balance"
    assert judged(risk, order(2, lots=4_000)) == ""


def test_the_worse_of_both_terms_counts_while_a_change_is_under_way() -> None:
    risk, resting = desk(), order(1, tif=TimeInForce.GTC, lots=2_000)
    risk.record(group(resting))
    asked = replace(resting, lots=12_000)
    assert isinstance(risk.judge_amend(asked, QUOTE, NOW_NS), tuple)
    refused = risk.judge_amend(replace(resting, lots=19_999), QUOTE, NOW_NS)
    assert isinstance(refused, Refused)
    assert refused.rule == "balance"
    risk.record(AmendOpened(asked, NOW_NS))
    risk.take(
        OrderTermsChanged(ClientOrderId(16), SPOT.key, 5_000_000, 2_000, 5_000_000, 12_000, 0, "", NOW_NS)
    )
    assert judged(risk, order(2, lots=10_000)) == "balance"
    risk.take(OrderTermsChanged(ClientOrderId(16), SPOT.key, 5_000_000, 2_000, 0, 0, 0, "", NOW_NS))
    assert judged(risk, order(2, lots=10_000)) == ""


def test_switches_readiness_and_frozen_instruments() -> None:
    risk = desk()
    account = KillScope(ScopeKind.ACCOUNT, PERPETUAL.market)
    risk.take(KillChanged(account, KillState.RUNNING, KillState.KILLED, "me", "", NOW_NS))
    assert (judged(risk, order()), judged(risk, swap())) == ("", "kill")
    risk.take(KillChanged(account, KillState.KILLED, KillState.RUNNING, "me", "", NOW_NS))
    risk.take(InstrumentFrozen(PERPETUAL.key, "why", NOW_NS))
    assert (judged(risk, order()), judged(risk, swap())) == ("", "frozen")
    risk.take(InstrumentReleased(PERPETUAL.key, "me", NOW_NS))
    risk.take(MarketReady(SPOT.market, False, "why", NOW_NS))
    assert (judged(risk, order()), judged(risk, swap())) == ("not_ready", "")
    risk.set_takes_risk(False)
    assert judged(risk, swap()) == "journal"


def test_losses_of_a_day_stop_what_grows_and_a_restart_forgives_none() -> None:
    scopes = {ALL: ScopeLimits(daily_loss_max=Decimal(100))}
    risk = desk(replace(BOOK, scopes=scopes))
    assert judged(risk, order()) == "daily_loss", "an equity that nobody knows is no equity"
    risk.on_tick(NOW_NS, Marks(equities={ALL: Decimal(-50)}))
    assert judged(risk, order()) == ""
    risk.on_tick(NOW_NS + 1, Marks(equities={ALL: Decimal("-150.01")}))
    assert judged(risk, order()) == "daily_loss"
    again = desk(replace(BOOK, scopes=scopes))
    again.restore_equities(risk.equity_marks())
    again.on_tick(NOW_NS + 2, Marks(equities={ALL: Decimal("-150.01")}))
    assert judged(again, order()) == "daily_loss"
    again.on_tick(NOW_NS + 86_400 * 10**9, Marks(equities={ALL: Decimal("-151")}))
    assert judged(again, order()) == "", "another day"
    again.on_tick(NOW_NS + 86_400 * 10**9, Marks(equities={ALL: Decimal("NaN")}))
    assert judged(again, order()) == "daily_loss"
    assert again.equity_marks()[ALL] == EquityMark(19_676, Decimal("-150.01"), Decimal(-50))


def test_limits_are_changed_while_orders_are_open_and_as_a_whole() -> None:
    risk = desk()
    risk.record(group(swap(3, lots=100, side=Side.BUY)))  # 5,000 USDT, a half of it held
    assert judged(risk, swap(4, lots=200)) == ""
    risk.set_limits(replace(BOOK, default=replace(LIMITS, leverage_max=1)))
    assert judged(risk, swap(4, lots=200)) == "balance"
    with pytest.raises(ConfigError):
        risk.set_limits(LimitsBook(default=LIMITS))
    assert judged(risk, swap(4, lots=200)) == "balance"


def test_cancels_are_counted_as_messages_and_never_asked_about() -> None:
    scopes = {ALL: ScopeLimits(messages_max=2)}
    risk = desk(replace(BOOK, scopes=scopes))
    risk.record(group(order(1)))
    assert judged(risk, order(2)) == ""
    risk.record(CancelOpened(ClientOrderId(16), "", NOW_NS))
    assert judged(risk, order(2)) == "message_rate"


@pytest.mark.parametrize(("exposure", "rule"), [(1, ""), (2, "asset_exposure")])
def test_exposures_are_the_ledgers(exposure: int, rule: str) -> None:
    assert judged(desk(exposure=exposure), order()) == rule


def test_money_of_a_shared_wallet_is_there_for_both_markets_and_once() -> None:
    both = frozenset((SPOT.market, PERPETUAL.market))
    risk = RiskDesk((SPOT, PERPETUAL), BOOK, CORES["native"], lambda _: Decimal(0), dict.fromkeys(both, both))
    risk.rebuild(replace(IMAGE, balances={(SPOT.market, USDT): Decimal(8_000)}))
    assert judged(risk, swap(lots=100)) == ""
    risk.record(group(order(3, lots=12_000)))
    assert judged(risk, swap(lots=100)) == "balance"


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
        self.risk.take(FillBooked(fill, Decimal(0)))
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
