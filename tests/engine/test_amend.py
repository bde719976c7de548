"""The law of a change of an order (`engine/orders.py`): what counts meanwhile, and what ends it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.support.desk import only
from tests.support.instruments import SPOT
from tests.support.order_desk import BUY, LAW, USDT, OrderDesk
from trimaran.domain.account import (
    AmendLost,
    AmendRefused,
    Fill,
    FillId,
    Liquidity,
    OrderAcked,
    OrderAmended,
    OrderDone,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.commands import AmendOrder, CancelOrder, ProbeOrder
from trimaran.domain.events import CancelRequested
from trimaran.domain.facts import GroupClosed, InstrumentFrozen, OrderTermsChanged
from trimaran.domain.instrument import Side
from trimaran.domain.orders import OrderState, TimeInForce
from trimaran.engine.orders import OrderEntry
from trimaran.engine.recovery import recovered
from trimaran.strategies.port import AmendDraft, CancelDraft, OwnOrder

GTC = replace(BUY, tif=TimeInForce.GTC)  # 1,000 lots at 6,000,000 ticks
HIGHER = (6_000_100, 1_500)
LOWER = (5_999_000, 500)


class Resting:
    """A desk with one order that rests, and with a change of it that may be under way."""

    def __init__(self, asked: tuple[int, int] | None = None) -> None:
        self.desk = OrderDesk()
        self.desk.ready()
        (order,) = self.desk.send(GTC)
        self.number = order.client_order_id
        self.desk.play(OrderAcked(self.number, VenueOrderId("1"), 0, self.desk.now_ns))
        if asked is not None:
            (command,) = self.desk.wish(AmendDraft(self.number, *asked))
            assert isinstance(command, AmendOrder)

    @property
    def entry(self) -> OrderEntry:
        return self.desk.desk.durable.orders[self.number]

    def terms(self) -> tuple[int, int]:
        return self.entry.order.price_ticks, self.entry.order.lots

    def amended(self, price_ticks: int, lots: int) -> None:
        self.desk.play(OrderAmended(self.number, price_ticks, lots, 0, self.desk.now_ns))

    def fill(self, name: str, lots: int) -> None:
        fill = Fill(
            FillId(name), self.number, SPOT.key, Side.BUY, 5_999_000, lots, Liquidity.MAKER, Decimal(0),
            USDT, self.desk.now_ns, self.desk.now_ns,
        )  # fmt: skip
        self.desk.play(fill)


@pytest.mark.parametrize(
    ("asked", "worst"),
    [(HIGHER, HIGHER), (LOWER, (6_000_000, 1_000)), ((5_999_000, 1_500), (6_000_000, 1_500))],
)
def test_the_worse_of_both_terms_is_open_risk(asked: tuple[int, int], worst: tuple[int, int]) -> None:
    resting = Resting(asked)
    assert resting.terms() == (6_000_000, 1_000)
    assert (resting.entry.worst.price_ticks, resting.entry.worst.lots) == worst
    (told,) = only(resting.desk.facts, OrderTermsChanged)
    assert (told.price_ticks, told.lots, told.asked_price_ticks, told.asked_lots) == (
        6_000_000,
        1_000,
        *asked,
    )


def test_the_venues_word_ends_a_change() -> None:
    resting = Resting(HIGHER)
    resting.amended(6_000_000, 1_000)  # repeats what is known: an older change told once more
    assert resting.entry.amendment is not None
    resting.amended(*HIGHER)
    assert resting.entry.amendment is None
    assert resting.terms() == HIGHER
    resting.amended(*HIGHER)
    assert len(only(resting.desk.facts, OrderTermsChanged)) == 2


def test_a_refusal_leaves_the_order_as_it_was() -> None:
    resting = Resting(HIGHER)
    resting.desk.play(AmendRefused(resting.number, "-1", "no", resting.desk.now_ns))
    assert resting.entry.amendment is None
    assert resting.terms() == (6_000_000, 1_000)


def test_other_terms_than_either_are_the_venues_word_all_the_same() -> None:
    resting = Resting(HIGHER)
    resting.amended(6_000_050, 1_200)
    assert resting.terms() == (6_000_050, 1_200)
    assert resting.entry.amendment is not None


@pytest.mark.parametrize("terms", [(6_000_000, 1_000), HIGHER])
def test_a_lost_change_is_asked_about_until_the_terms_are_told(terms: tuple[int, int]) -> None:
    resting = Resting(HIGHER)
    desk = resting.desk
    desk.play(AmendLost(resting.number, "timeout", desk.now_ns))
    assert resting.entry.amendment is not None
    before = len(desk.takes.commands)
    desk.pass_ns(LAW.provable_ns(0) - 300_000_000)
    assert (
        desk.takes.commands[before:] == []
    )  # the request may still arrive: the old terms would prove nothing
    desk.pass_ns(500_000_000)
    (asked,) = desk.takes.commands[before:]
    assert isinstance(asked, ProbeOrder)
    resting.amended(*terms)
    assert resting.entry.amendment is None
    assert resting.terms() == terms
    desk.pass_ns(60_000_000_000)
    assert desk.takes.commands[before:] == [asked]


def test_one_change_at_a_time_and_none_of_what_is_cancelled() -> None:
    resting = Resting(HIGHER)
    assert resting.desk.wish(AmendDraft(resting.number, *LOWER)) == []
    resting.amended(*HIGHER)
    (cancel,) = resting.desk.wish(CancelDraft(resting.number, "enough"))
    assert isinstance(cancel, CancelOrder)
    assert resting.desk.wish(AmendDraft(resting.number, *LOWER)) == []
    (own,) = resting.desk.desk.own_orders(resting.desk.asked.name)
    expected = OwnOrder(resting.entry.order, OrderState.ACKED, 0, changing=False, cancelling=True)
    assert own == expected


@pytest.mark.parametrize("draft", [(6_000_000, 1_000), (6_000_000, 0)])
def test_a_change_into_the_same_or_into_nothing_is_none(draft: tuple[int, int]) -> None:
    resting = Resting()
    assert resting.desk.wish(AmendDraft(resting.number, *draft)) == []


def test_nobody_changes_what_is_not_his_or_not_there() -> None:
    resting = Resting()
    resting.entry.order = replace(resting.entry.order, strategy=resting.desk.asked.name + "x")
    for draft in (
        AmendDraft(resting.number, *LOWER),
        CancelDraft(resting.number, ""),
        CancelDraft(ClientOrderId(9), ""),
    ):
        assert resting.desk.wish(draft) == []


def test_risk_judges_a_change_in_place_of_the_order() -> None:
    resting = Resting()
    before = len(resting.desk.takes.commands)
    assert resting.desk.wish(AmendDraft(resting.number, 6_000_000, 9_000_000)) == []
    assert len(resting.desk.takes.commands) == before
    assert resting.entry.amendment is None


def test_an_order_is_full_only_under_both_terms() -> None:
    resting = Resting(HIGHER)
    resting.fill("1", 1_000)
    assert resting.entry.state is OrderState.PARTIALLY_FILLED
    resting.desk.play(AmendRefused(resting.number, "-1", "it has ended", resting.desk.now_ns))
    assert resting.entry.state is OrderState.FILLED
    assert only(resting.desk.facts, GroupClosed)


def test_fills_beyond_the_old_terms_contradict_nothing_while_a_change_is_under_way() -> None:
    resting = Resting(HIGHER)
    resting.fill("1", 1_200)
    assert only(resting.desk.facts, InstrumentFrozen) == []
    resting.fill("2", 301)
    assert len(only(resting.desk.facts, InstrumentFrozen)) == 1
    assert resting.entry.state is OrderState.FILLED


def test_a_change_below_what_is_filled_completes_the_order() -> None:
    resting = Resting((6_000_000, 500))
    resting.fill("1", 500)
    assert resting.entry.state is OrderState.PARTIALLY_FILLED
    resting.amended(6_000_000, 500)
    assert resting.entry.state is OrderState.FILLED


@pytest.mark.parametrize(("filled", "terms"), [(1_000, (6_000_000, 1_000)), (1_500, HIGHER)])
def test_the_end_of_an_order_ends_its_change(filled: int, terms: tuple[int, int]) -> None:
    resting = Resting(HIGHER)
    resting.fill("1", filled)
    done = OrderDone(resting.number, OrderState.FILLED, "filled", 0, resting.desk.now_ns)
    resting.desk.play(done, AmendLost(resting.number, "late", resting.desk.now_ns))
    assert resting.entry.state is OrderState.FILLED
    assert (resting.entry.amendment, resting.terms()) == (None, terms)
    assert only(resting.desk.facts, InstrumentFrozen) == []


def test_a_change_that_was_under_way_when_the_process_ended_is_lost_and_asked_about() -> None:
    before = Resting(HIGHER)
    desk = OrderDesk(past=recovered(None, before.desk.takes.records))
    entry = desk.desk.durable.orders[before.number]
    assert entry.amendment is not None
    assert entry.amendment.lost
    assert entry.lots_max == HIGHER[1]
    desk.pass_ns(LAW.provable_ns(0) + 500_000_000)
    assert any(isinstance(each, ProbeOrder) for each in desk.takes.commands)
    desk.play(OrderAmended(before.number, *HIGHER, 0, desk.now_ns))
    assert (entry.amendment, entry.order.lots) == (None, HIGHER[1])


def test_a_cancel_is_asked_again_while_the_order_is_open() -> None:
    resting = Resting()
    desk = resting.desk
    before = len(desk.takes.commands)
    desk.play(CancelRequested(None, SPOT.market, "me", desk.now_ns))
    desk.pass_ns(4_500_000_000)
    assert [type(each) for each in desk.takes.commands[before:]] == [CancelOrder] * 3
    desk.play(OrderDone(resting.number, OrderState.CANCELED, "asked", 0, desk.now_ns))
    desk.pass_ns(9_000_000_000)
    assert len(desk.takes.commands[before:]) == 3
