"""Cross-market arbitrage: what is proposed, what is let go and why, and how a residual is given back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL as BASE_PERPETUAL
from tests.support.instruments import SPOT as BASE_SPOT
from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import ClosedLeg, GroupClosed, Purpose
from trimaran.domain.instrument import (
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
)
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import GroupId, StrategyName
from trimaran.engine.groups import Groups
from trimaran.strategies.catalogue import STRATEGIES
from trimaran.strategies.cross_market import NAME, CrossMarket, CrossMarketConfig
from trimaran.strategies.port import LegDraft, Proposal, Skipped

SPOT = replace(BASE_SPOT, order_step=10)
PERPETUAL = replace(BASE_PERPETUAL, fees=SPOT.fees, min_notional=Decimal(100))
PAIR = Pair(SPOT.key, PERPETUAL.key)
FOUND = Opportunity(
    pair=PAIR,
    edge_e8=1_000,
    size=Decimal("0.5"),
    buy_lots=50_000,
    sell_lots=500,
    buy_limit_ticks=6_000_100,
    sell_limit_ticks=600_500,
    cost=Decimal(30_000),
    proceeds=Decimal(30_050),
    fees=Decimal(45),
    buy_age_ns=60,
    sell_age_ns=100,
    local_ns=5_000_000_000,
)


class View:
    """A desk of two instruments, as a strategy sees it."""

    def __init__(
        self,
        tops: Mapping[InstrumentKey, tuple[int, int]] | None = None,
        more: Mapping[InstrumentKey, Instrument] | None = None,
    ) -> None:
        self.tops = {SPOT.key: (6_000_000, 6_000_100), PERPETUAL.key: (600_500, 600_600), **(tops or {})}
        self.more = more or {}
        self.at_work: set[InstrumentKey] = set()
        self.stopped: set[InstrumentKey] = set()
        self.notional_max = Decimal(1_000_000)
        self.groups = Groups()

    def instrument(self, key: InstrumentKey) -> Instrument:
        return {SPOT.key: SPOT, PERPETUAL.key: PERPETUAL, **self.more}[key]

    def top_ticks(self, key: InstrumentKey) -> tuple[int, int]:
        return self.tops[key]

    def halted(self, key: InstrumentKey, strategy: StrategyName) -> bool:
        return key in self.stopped

    def owed(self, strategy: StrategyName) -> Mapping[InstrumentKey, Decimal]:
        return self.groups.owed.get(strategy, {})

    def working(self, key: InstrumentKey) -> bool:
        return key in self.at_work


def after(cross: CrossMarket, ended: GroupClosed, view: View) -> Proposal | None:
    """A group has ended: durable state takes over its residual, then the strategy hears of it."""
    heavier = Side.BUY if ended.residual > 0 else Side.SELL
    if ended.residual:
        first = next((leg for leg in ended.legs if leg.side is heavier), ended.legs[0])
        view.groups.owe(ended.strategy, first.instrument_key, ended.residual)
    return cross.on_group_closed(ended, view)


def strategy(**settings: Any) -> CrossMarket:
    return CrossMarket(CrossMarketConfig(**settings))


def test_both_legs_are_proposed_together() -> None:
    assert strategy().on_opportunity(FOUND, View()) == Proposal(
        NAME,
        Purpose.OPEN,
        (LegDraft(SPOT.key, Side.BUY, 6_000_100, 50_000), LegDraft(PERPETUAL.key, Side.SELL, 600_500, 500)),
        PAIR,
    )


SKIPPED = [
    ("net below minimum", {"proceeds": Decimal("30045.49")}),
    ("quote too old", {"buy_age_ns": 1_000_000_001}),
    ("quote too old", {"sell_age_ns": 1_000_000_001}),
    ("below minimum notional", {"buy_lots": 8}),
    ("below minimum notional", {"sell_lots": 1}),
]


@pytest.mark.parametrize(("reason", "changes"), SKIPPED)
def test_what_is_let_go_has_a_reason(reason: str, changes: dict[str, Any]) -> None:
    assert strategy().on_opportunity(replace(FOUND, **changes), View()) == Skipped(PAIR, reason)


@pytest.mark.parametrize(
    "changes",
    [{"proceeds": Decimal("30045.50")}, {"buy_age_ns": 1_000_000_000}, {"buy_lots": 9}, {"sell_lots": 2}],
)
def test_the_borders_of_what_is_taken(changes: dict[str, Any]) -> None:
    assert isinstance(strategy().on_opportunity(replace(FOUND, **changes), View()), Proposal)


@pytest.mark.parametrize("market", [SPOT, PERPETUAL])
def test_an_opportunity_below_the_smallest_order_is_let_go(market: Instrument) -> None:
    lots = FOUND.buy_lots if market is SPOT else FOUND.sell_lots
    enough = View(more={market.key: replace(market, order_lots_min=lots)})
    assert isinstance(strategy().on_opportunity(FOUND, enough), Proposal)
    more = View(more={market.key: replace(market, order_lots_min=lots + 1)})
    assert strategy().on_opportunity(FOUND, more) == Skipped(PAIR, "below minimum size")


def test_a_residual_below_the_smallest_order_waits_and_stops_nothing() -> None:
    """It is worth 300 in quote, and the venue takes orders of 0.01 only: it can wait, the market cannot."""
    cross = strategy(repeat_pause_ns=0)
    view = View(more={SPOT.key: replace(SPOT, order_lots_min=1_000)})
    assert after(cross, closed(500, 0), view) is None
    assert view.owed(NAME) == {SPOT.key: Decimal("0.005")}
    assert cross.on_tick(10**18, view) == []
    assert isinstance(cross.on_opportunity(FOUND, view), Proposal)
    unwinding = after(cross, closed(500, 0), view)
    assert unwinding is not None
    assert unwinding.legs[0].lots == 1_000
    assert cross.on_opportunity(FOUND, view) == Skipped(PAIR, "residual owed")


@pytest.mark.parametrize("key", [SPOT.key, PERPETUAL.key])
def test_one_group_at_a_time(key: InstrumentKey) -> None:
    view = View()
    view.at_work.add(key)
    assert strategy().on_opportunity(FOUND, view) == Skipped(PAIR, "orders at work")


def at(opportunity: Opportunity, later_ns: int) -> Opportunity:
    return replace(opportunity, local_ns=FOUND.local_ns + later_ns)


def test_the_books_must_show_what_was_taken_before_it_is_taken_again() -> None:
    cross = strategy(repeat_pause_ns=100)
    assert isinstance(cross.on_opportunity(FOUND, View()), Proposal)
    assert cross.on_opportunity(at(FOUND, 99), View()) == Skipped(PAIR, "taken just before")
    assert isinstance(cross.on_opportunity(at(FOUND, 100), View()), Proposal)


def test_what_was_taken_is_gone_for_every_pair_that_shares_the_side() -> None:
    third = replace(PERPETUAL, market=MarketName("okx.swap"))
    view = View({third.key: (600_500, 600_600)}, {third.key: third})
    cross = strategy(repeat_pause_ns=100)
    first = cross.on_opportunity(FOUND, view)
    assert isinstance(first, Proposal)
    shares_buy, shares_sell = Pair(SPOT.key, third.key), Pair(third.key, PERPETUAL.key)
    for pair, lots in ((shares_buy, 50_000), (shares_sell, 500)):
        other = replace(FOUND, pair=pair, buy_lots=lots)
        assert cross.on_opportunity(other, view) == Skipped(pair, "taken just before")
    other = replace(FOUND, pair=shares_sell, buy_lots=500, buy_limit_ticks=600_100)
    cross.on_refused(first, "max_notional", FOUND.local_ns)  # so nothing was taken
    assert isinstance(cross.on_opportunity(other, view), Proposal)


def test_a_refusal_pauses_its_pair_alone() -> None:
    cross = strategy(refusal_pause_ns=100, repeat_pause_ns=0)
    proposal = cross.on_opportunity(FOUND, View())
    assert isinstance(proposal, Proposal)
    cross.on_refused(proposal, "max_notional", FOUND.local_ns)
    back = Pair(PERPETUAL.key, SPOT.key)
    other = replace(FOUND, pair=back, buy_lots=500, sell_lots=50_000, buy_limit_ticks=600_100)
    for later_ns in (0, 99):
        assert cross.on_opportunity(at(FOUND, later_ns), View()) == Skipped(PAIR, "refused by max_notional")
        assert isinstance(cross.on_opportunity(at(other, later_ns), View()), Proposal)
    assert isinstance(cross.on_opportunity(at(FOUND, 100), View()), Proposal)
    cross.on_refused(replace(proposal, pair=None), "max_notional", FOUND.local_ns + 100)
    assert isinstance(cross.on_opportunity(at(FOUND, 101), View()), Proposal)


def closed(bought_lots: int, sold_lots: int, purpose: Purpose = Purpose.OPEN) -> GroupClosed:
    legs = (
        ClosedLeg(ClientOrderId(1), SPOT.key, Side.BUY, 50_000, bought_lots),
        ClosedLeg(ClientOrderId(2), PERPETUAL.key, Side.SELL, 500, sold_lots),
    )
    residual = SPOT.size(bought_lots) - PERPETUAL.size(sold_lots)
    return GroupClosed(GroupId("g"), NAME, purpose, legs, residual, 1)


RESIDUALS = [
    # bought and sold lots, what is given back: where, side, price through the top by 20 bps, lots
    (50_000, 500, None),
    (0, 0, None),
    (50_000, 0, LegDraft(SPOT.key, Side.SELL, 5_988_000, 50_000)),
    (50_005, 499, LegDraft(SPOT.key, Side.SELL, 5_988_000, 100)),  # whole order steps only
    (49_905, 499, None),  # less than one step
    (0, 500, LegDraft(PERPETUAL.key, Side.BUY, 601_802, 500)),  # rounded away from us
    (49_000, 500, LegDraft(PERPETUAL.key, Side.BUY, 601_802, 10)),
    (49_900, 500, None),  # 0.001 at 60,180.2 is 60.18: below the minimum of 100
]


@pytest.mark.parametrize(("bought", "sold", "draft"), RESIDUALS)
def test_what_one_leg_filled_more_is_given_back(bought: int, sold: int, draft: LegDraft | None) -> None:
    wanted = after(strategy(), closed(bought, sold), View())
    assert wanted == (None if draft is None else Proposal(NAME, Purpose.UNWIND, (draft,), None))


def unwound(lots: int) -> GroupClosed:
    legs = (ClosedLeg(ClientOrderId(3), SPOT.key, Side.SELL, 50_000, lots),)
    return GroupClosed(GroupId("u"), NAME, Purpose.UNWIND, legs, -SPOT.size(lots), 2)


def test_what_is_owed_is_tried_again_until_it_is_gone() -> None:
    cross, view, pause_ns = strategy(), View(), CrossMarketConfig().repeat_pause_ns
    assert isinstance(after(cross, closed(50_000, 0), view), Proposal)
    assert view.owed(NAME) == {SPOT.key: Decimal("0.5")}
    view.at_work.add(SPOT.key)
    assert cross.on_tick(pause_ns * 10, view) == []  # one order at a time
    view.at_work.clear()
    assert after(cross, unwound(0), view) is None  # it did not fill; not at once again
    assert cross.on_tick(pause_ns, view) == []
    (again,) = cross.on_tick(pause_ns + 1, view)
    assert again.legs == (LegDraft(SPOT.key, Side.SELL, 5_988_000, 50_000),)
    assert after(cross, unwound(30_000), view) is None
    assert view.owed(NAME) == {SPOT.key: Decimal("0.2")}
    (rest,) = cross.on_tick(pause_ns * 3, view)
    assert rest.legs[0].lots == 20_000
    assert after(cross, unwound(20_000), view) is None
    assert view.owed(NAME) == {}
    assert cross.on_tick(pause_ns * 9, view) == []


def test_a_refused_unwinding_waits_and_is_tried_again() -> None:
    cross, view, pause_ns = strategy(), View(), CrossMarketConfig().refusal_pause_ns
    proposal = after(cross, closed(50_000, 0), view)
    assert proposal is not None
    cross.on_refused(proposal, "price_collar", 100)
    assert cross.on_tick(99 + pause_ns, view) == []
    assert len(cross.on_tick(100 + pause_ns, view)) == 1


def test_a_strategy_that_has_lost_its_memory_gives_back_what_is_owed() -> None:
    view = View({SPOT.key: (0, 0)})
    assert after(strategy(), closed(50_000, 0), view) is None
    view.tops[SPOT.key] = (6_000_000, 6_000_100)
    (wanted,) = strategy().on_tick(2, view)
    assert wanted.legs == (LegDraft(SPOT.key, Side.SELL, 5_988_000, 50_000),)


def test_nothing_is_sent_where_all_is_stopped() -> None:
    cross, view = strategy(), View()
    view.stopped.add(SPOT.key)
    assert cross.on_opportunity(FOUND, view) == Skipped(PAIR, "halted")
    assert after(cross, closed(50_000, 0), view) is None
    assert cross.on_tick(2, view) == []
    view.stopped.clear()
    assert len(cross.on_tick(2, view)) == 1


def test_a_residual_that_slack_makes_too_small_stops_nothing() -> None:
    """Worth 100.1 at the touch and 99.9 where it could be sold: it waits, and the market goes on."""
    view = View({SPOT.key: (10_010_000, 10_010_100)}, {SPOT.key: replace(SPOT, min_notional=Decimal(100))})
    cross = strategy(repeat_pause_ns=0)
    assert after(cross, closed(100, 0), view) is None
    assert view.owed(NAME) == {SPOT.key: Decimal("0.001")}
    there = replace(FOUND, buy_limit_ticks=10_010_100, sell_limit_ticks=1_002_000)
    assert isinstance(cross.on_opportunity(there, view), Proposal)


def test_a_large_residual_goes_in_parts_and_before_new_opportunities() -> None:
    cross, view = strategy(), View()
    view.notional_max = Decimal(10_000)
    proposal = after(cross, closed(50_000, 0), view)
    assert proposal is not None
    assert proposal.legs == (LegDraft(SPOT.key, Side.SELL, 5_988_000, 16_700),)
    assert cross.on_opportunity(FOUND, view) == Skipped(PAIR, "residual owed")


def test_an_unknown_book_is_waited_for() -> None:
    cross, view = strategy(), View({SPOT.key: (0, 0)})
    assert after(cross, closed(50_000, 0), view) is None
    view.tops[SPOT.key] = (6_000_000, 6_000_100)
    assert len(cross.on_tick(2, view)) == 1


def test_fees_in_coins_add_up_until_they_can_be_traded() -> None:
    cross, view = strategy(), View()
    for count in range(1, 4):
        group = replace(closed(50_000, 500), residual=Decimal("-0.0005"), local_ns=count)
        wanted = after(cross, group, view)
        assert view.owed(NAME) == {PERPETUAL.key: Decimal("-0.0005") * count}
        assert wanted is None  # 0.001 at 60,180.2 is below the minimum of 100
    wanted = after(cross, replace(group, local_ns=9), view)
    assert wanted is not None
    assert wanted.legs == (LegDraft(PERPETUAL.key, Side.BUY, 601_802, 2),)


@pytest.mark.parametrize(("bought", "sold", "key"), [(50_000, 0, SPOT.key), (0, 500, PERPETUAL.key)])
def test_nothing_is_given_back_into_an_unknown_book(bought: int, sold: int, key: InstrumentKey) -> None:
    assert after(strategy(), closed(bought, sold), View({key: (0, 0)})) is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("net_min", Decimal(-1)),
        ("net_min", Decimal("NaN")),
        ("quote_age_ns_max", 0),
        ("refusal_pause_ns", -1),
        ("repeat_pause_ns", -1),
        ("unwind_slack_bps", 10_000),
        ("unwind_slack_bps", -1),
    ],
)
def test_settings_are_checked(setting: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"cross_market\.{setting}: expected"):
        strategy(**{setting: value})


def test_the_catalogue_has_it() -> None:
    assert {name: make().name for name, make in STRATEGIES.items()} == {name: name for name in STRATEGIES}
    assert isinstance(STRATEGIES[NAME](), CrossMarket)
