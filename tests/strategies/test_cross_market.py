"""Cross-market arbitrage: what is proposed, what is let go and why, and how a residual is given back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import ClosedLeg, GroupClosed, Purpose
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
    Symbol,
)
from trimaran.domain.opportunity import Opportunity, Pair
from trimaran.domain.orders import GroupId
from trimaran.strategies.catalogue import STRATEGIES
from trimaran.strategies.cross_market import NAME, CrossMarket, CrossMarketConfig
from trimaran.strategies.port import LegDraft, Proposal, Skipped

SPOT = Instrument(
    market=MarketName("binance.spot"),
    symbol=Symbol("BTCUSDT"),
    base=Asset("BTC"),
    quote=Asset("USDT"),
    kind=ContractKind.SPOT,
    price_grid=Grid(1, -2),
    size_grid=Grid(1, -5),
    order_step=10,
    min_notional=Decimal(5),
    fees=Fees(100_000, 100_000),
)
PERPETUAL = replace(
    SPOT,
    market=MarketName("binance.usdm"),
    kind=ContractKind.PERPETUAL,
    price_grid=Grid(1, -1),
    size_grid=Grid(1, -3),
    order_step=1,
    min_notional=Decimal(100),
)
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

    def __init__(self, tops: Mapping[InstrumentKey, tuple[int, int]] | None = None) -> None:
        self.tops = {SPOT.key: (6_000_000, 6_000_100), PERPETUAL.key: (600_500, 600_600), **(tops or {})}
        self.at_work: set[InstrumentKey] = set()

    def instrument(self, key: InstrumentKey) -> Instrument:
        return {SPOT.key: SPOT, PERPETUAL.key: PERPETUAL}[key]

    def top_ticks(self, key: InstrumentKey) -> tuple[int, int]:
        return self.tops[key]

    def working(self, key: InstrumentKey) -> bool:
        return key in self.at_work


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
    assert cross.on_opportunity(at(FOUND, 99), View()) == Skipped(PAIR, "proposed just before")
    assert isinstance(cross.on_opportunity(at(FOUND, 100), View()), Proposal)


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
    (50_000, 0, LegDraft(SPOT.key, Side.SELL, 5_988_000, 49_950)),  # the fee was taken from the coins
    (50_000, 499, LegDraft(SPOT.key, Side.SELL, 5_988_000, 90)),  # whole order steps only
    (49_910, 499, None),  # less than one step
    (0, 500, LegDraft(PERPETUAL.key, Side.BUY, 601_802, 500)),  # rounded away from us
    (49_000, 500, LegDraft(PERPETUAL.key, Side.BUY, 601_802, 10)),
    (49_900, 500, None),  # 0.001 at 60,180.2 is 60.18: below the minimum of 100
]


@pytest.mark.parametrize(("bought", "sold", "draft"), RESIDUALS)
def test_what_one_leg_filled_more_is_given_back(bought: int, sold: int, draft: LegDraft | None) -> None:
    wanted = strategy().on_group_closed(closed(bought, sold), View())
    assert wanted == (None if draft is None else Proposal(NAME, Purpose.UNWIND, (draft,), None))


def test_an_unwinding_is_not_unwound() -> None:
    assert strategy().on_group_closed(closed(50_000, 0, Purpose.UNWIND), View()) is None


@pytest.mark.parametrize(("bought", "sold", "key"), [(50_000, 0, SPOT.key), (0, 500, PERPETUAL.key)])
def test_nothing_is_given_back_into_an_unknown_book(bought: int, sold: int, key: InstrumentKey) -> None:
    assert strategy().on_group_closed(closed(bought, sold), View({key: (0, 0)})) is None


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
