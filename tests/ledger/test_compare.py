"""Planted discrepancies: each is found with its kind, alone and all together, and nothing else is.

The tables are in `tests/support/compare_plants.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.support.compare_plants import (
    PERPETUAL,
    PLANTS,
    SPOT,
    WALLET,
    Plant,
    discount,
    ends,
    missing_fill,
    place,
    unheld,
)
from tests.support.compare_world import (
    BEGAN,
    BNB,
    OLD,
    SECOND,
    USDT,
    World,
    client_id,
)
from trimaran.domain.account import Adjusted, Fill, OrderAmended, OrderDone, PositionAdjusted
from trimaran.domain.instrument import ContractKind, MarketName
from trimaran.domain.orders import OrderState, OrderType
from trimaran.domain.records import Heard, OrderAdopted
from trimaran.ledger.difference import CONTRADICTIONS, Comparison, DifferenceKind

K = DifferenceKind


def kinds(comparison: Comparison) -> Counter[DifferenceKind]:
    assert not comparison.doubts
    return Counter(difference.kind for difference in comparison.differences)


@pytest.mark.parametrize("kind", ContractKind)
def test_where_both_sides_agree_nothing_is_found(kind: ContractKind) -> None:
    assert World(kind).round() == Comparison(())


@pytest.mark.parametrize(
    ("kind", "name", "plant", "expected"), PLANTS, ids=[f"{kind.value} {name}" for kind, name, *_ in PLANTS]
)
def test_each_is_found_alone(
    kind: ContractKind, name: str, plant: Plant, expected: set[DifferenceKind]
) -> None:
    for number in (1, 2):
        world = World(kind)
        plant(world, number)
        assert kinds(world.reconcile()) == Counter(expected), name


@pytest.mark.parametrize("tables", [(SPOT,), (WALLET,), (PERPETUAL,)], ids=["orders", "wallet", "perpetual"])
def test_all_are_found_together(tables: tuple[dict[str, tuple[Plant, set[DifferenceKind]]], ...]) -> None:
    world = World(ContractKind.PERPETUAL if tables == (PERPETUAL,) else ContractKind.SPOT)
    wanted: Counter[DifferenceKind] = Counter()
    for table in tables:
        for number, (plant, expected) in enumerate(table.values()):
            plant(world, number)
            wanted.update(expected)
    assert kinds(world.reconcile()) == wanted


def test_there_are_more_than_thirty_sorts_and_each_kind_is_planted() -> None:
    planted = {kind for row in PLANTS for kind in row[3]}
    assert len(PLANTS) >= 60
    assert planted == set(DifferenceKind)
    assert planted > CONTRADICTIONS


def test_the_table_of_the_documents_has_every_kind_and_says_which_freeze() -> None:
    text = (Path(__file__).parents[2] / "docs/ledger.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    told = {name: row[3] for row in rows for name in re.findall(r"`([a-z_]+)`", row[1])}
    assert set(told) >= {kind.value for kind in K}
    frozen = {kind for kind in K if ", F" in told[kind.value]}
    assert frozen == CONTRADICTIONS


# --- corrections ------------------------------------------------------------------------------------------


def _only(world: World) -> tuple[object, ...]:
    (difference,) = world.reconcile().differences
    return tuple(record.event if isinstance(record, Heard) else record for record in difference.corrections)


def test_an_order_that_ended_is_ended_by_the_venues_word() -> None:
    world = World(ContractKind.SPOT)
    ends(OrderState.CANCELED)(world, 3)
    (event,) = _only(world)
    assert isinstance(event, OrderDone)
    assert (event.client_order_id, event.state) == (client_id(4), OrderState.CANCELED)


def test_an_order_of_ours_is_adopted_with_its_terms() -> None:
    world = World(ContractKind.SPOT)
    world.open_orders.append(world.report(3, client_id(700), venue_order_id="x", filled_lots=4))
    (difference,) = world.reconcile().differences
    adopted, acked = difference.corrections
    assert isinstance(adopted, OrderAdopted)
    assert isinstance(acked, Heard)
    order = adopted.order
    assert (order.client_order_id, order.instrument_key, order.lots) == (client_id(700), world.key(3), 50)
    assert order.group is None
    assert (difference.done, difference.fact(5).kind) == ("adopted", "order_untracked")


def test_terms_are_taken_from_the_venue() -> None:
    world = World(ContractKind.SPOT)
    world.theirs(3, price_ticks=91)
    (event,) = _only(world)
    assert isinstance(event, OrderAmended)
    assert (event.price_ticks, event.lots) == (91, 50)


def test_a_missing_fill_is_booked_and_what_it_explains_is_not() -> None:
    world = World(ContractKind.SPOT)
    missing_fill(world, 3)
    (event,) = _only(world)
    assert isinstance(event, Fill)
    assert (event.fill_id, event.client_order_id) == ("new3", client_id(4))


def test_of_what_a_missing_fill_does_not_explain_the_rest_is_adjusted() -> None:
    world = World(ContractKind.SPOT)
    missing_fill(world, 3)
    world.move(USDT, "-7")
    fill, lower = world.reconcile().differences
    assert (fill.kind, lower.kind) == (K.FILL_MISSING, K.BALANCE_LOWER)
    (record,) = lower.corrections
    assert isinstance(record, Heard)
    assert isinstance(record.event, Adjusted)
    assert record.event.amount == -7


def test_a_discount_gives_back_the_one_fee_and_takes_the_other() -> None:
    world = World(ContractKind.SPOT)
    discount(world, 3)
    events = _only(world)
    assert [(e.asset, e.amount) for e in events if isinstance(e, Adjusted)] == [
        (USDT, Decimal("0.1")),
        (BNB, Decimal("-0.0002")),
    ]


@pytest.mark.parametrize(
    ("lots", "entry", "steps"),
    [
        (20, "100", [(-10, 100)]),  # what left, leaves at our average: what it earned is in the balance
        (50, "110", [(20, 125)]),  # what came, came at the price that makes the average theirs
        (-10, "120", [(-30, 100), (-10, 120)]),
        (0, None, [(-30, 100)]),
    ],
)
def test_positions_are_led_to_the_venues(lots: int, entry: str | None, steps: list[tuple[int, int]]) -> None:
    world = World(ContractKind.PERPETUAL)
    place(world, 3, lots, entry)
    events = [event for event in _only(world) if isinstance(event, PositionAdjusted)]
    assert [(event.lots, event.price) for event in events] == steps


def test_a_position_that_nobody_prices_is_left_to_a_person() -> None:
    world = World(ContractKind.PERPETUAL)
    unheld(world, 3)
    place(world, 3, 10, None)
    (difference,) = world.reconcile().differences
    assert (difference.kind, difference.corrections, difference.done) == (K.POSITION_UNKNOWN, (), "reported")


def test_the_first_time_money_is_brought_in_and_not_adjusted() -> None:
    world = World(ContractKind.SPOT)
    world.balances.clear()
    world.more["opening"] = True
    events = [
        record.event
        for difference in world.reconcile().differences
        for record in difference.corrections
        if isinstance(record, Heard)
    ]
    assert {type(event).__name__ for event in events} == {"Transfer"}
    assert len(events) == len(world.their_balances)


# --- what is no difference --------------------------------------------------------------------------------


def test_an_unheard_event_is_a_doubt_and_the_next_round_decides() -> None:
    world = World(ContractKind.SPOT)
    world.move(world.asset(3), "5")
    world.their_balances[world.asset(3)] = msgspec.structs.replace(
        world.their_balances[world.asset(3)], venue_ns=BEGAN
    )
    first = world.round()
    assert (first.differences, len(first.doubts)) == ((), 1)
    assert first.again_ns == BEGAN + SECOND + SECOND
    early = world.round(SECOND, first.doubts)
    assert (early.differences, early.again_ns) == ((), first.again_ns)
    assert kinds(world.round(first.again_ns - BEGAN, early.doubts)) == Counter([K.BALANCE_HIGHER])


def test_a_doubt_that_we_hear_of_is_none() -> None:
    world = World(ContractKind.SPOT)
    asset = world.asset(3)
    world.move(asset, "5")
    world.their_balances[asset] = msgspec.structs.replace(world.their_balances[asset], venue_ns=BEGAN)
    first = world.round()
    world.balances[asset] = msgspec.structs.replace(world.balances[asset], total=Decimal(9), venue_ns=BEGAN)
    assert world.round(10 * SECOND, first.doubts) == Comparison(())


def test_older_than_our_last_fill_is_no_news() -> None:
    world = World(ContractKind.SPOT)
    asset = world.asset(3)
    world.balances[asset] = msgspec.structs.replace(world.balances[asset], total=Decimal(9), venue_ns=BEGAN)
    assert world.round() == Comparison(())
    assert world.round(10 * SECOND).doubts  # the list was read long after: it would have to know


def test_less_than_the_unit_is_dust() -> None:
    world = World(ContractKind.SPOT)
    world.move(world.asset(3), "0.000000009")
    world.more["units"] = {world.asset(4): Decimal("0.001")}
    world.move(world.asset(4), "-0.0009")
    assert world.round() == Comparison(())


def test_orders_under_way_are_the_resolvers_and_their_money_waits() -> None:
    world = World(ContractKind.SPOT)
    world.unlisted(3)
    world.ours(3, state=OrderState.UNKNOWN)
    assert world.round() == Comparison(())
    world.move(world.asset(3), "5")
    first = world.round()
    later = world.round(10 * SECOND, first.doubts)
    assert (later.differences, len(later.doubts)) == ((), 1)
    world.ours(3, state=OrderState.NOT_PLACED)
    assert kinds(world.round(20 * SECOND, later.doubts)) == Counter([K.BALANCE_HIGHER])


def test_a_change_under_way_allows_both_terms() -> None:
    world = World(ContractKind.SPOT)
    order = world.orders[client_id(4)].order
    world.ours(3, amending=msgspec.structs.replace(order, price_ticks=91, lots=60))
    assert world.round() == Comparison(())
    world.theirs(3, price_ticks=91, lots=60, venue_order_id="after")
    assert world.round() == Comparison(())
    world.theirs(3, price_ticks=92)
    assert kinds(world.reconcile()) == Counter([K.ORDER_PRICE])


def test_orders_under_way_on_another_market_of_the_wallet_hold_its_money() -> None:
    world = World(ContractKind.SPOT)
    world.move(world.asset(3), "5")
    world.more["others"] = (msgspec.structs.replace(world.orders[client_id(4)], state=OrderState.UNKNOWN),)
    first = world.round()
    assert (first.differences, len(first.doubts)) == ((), 1)
    world.more["others"] = ()
    assert kinds(world.round()) == Counter([K.BALANCE_HIGHER])


def test_where_a_wallet_secures_perpetuals_more_may_be_free_than_there_is() -> None:
    world = World(ContractKind.SPOT)
    row = world.their_balances[world.asset(3)]
    world.their_balances[world.asset(3)] = msgspec.structs.replace(row, free=Decimal(10**6))
    swap = msgspec.structs.replace(
        world.instrument(3), market=MarketName("a.swap"), kind=ContractKind.PERPETUAL
    )
    world.instruments[swap.key] = swap
    assert world.round() == Comparison(())
    world.more["wallet"] = frozenset({world.market, swap.market})
    assert world.round() == Comparison(())
    world.more["wallet"] = frozenset({world.market})
    assert kinds(world.round()) == Counter([K.BALANCE_INCONSISTENT])


def test_what_comes_of_a_triggered_order_has_an_id_of_its_own() -> None:
    world = World(ContractKind.SPOT)
    order = world.orders[client_id(4)].order
    world.ours(3, order=msgspec.structs.replace(order, order_type=OrderType.STOP_LIMIT, trigger_ticks=95))
    world.theirs(3, trigger_ticks=95)
    world.open_orders.append(world.report(3, client_id(4), venue_order_id="what came of it"))
    assert world.round() == Comparison(())
    world.theirs(3, venue_order_id="what came of it", trigger_ticks=0)
    assert world.round() == Comparison(())


def test_a_time_of_making_is_not_the_time_of_a_fill() -> None:
    world = World(ContractKind.SPOT)
    world.theirs(3, filled_lots=20, state=OrderState.PARTIALLY_FILLED)
    first = world.round()
    assert (first.differences, len(first.doubts)) == ((), 1)
    world.theirs(3, venue_ns=OLD + SECOND)
    assert kinds(world.round()) == Counter([K.ORDER_FILLED_MORE])
