"""What is told of an order that somebody asks for, and of an account that was reconciled."""

from __future__ import annotations

import time

import msgspec
import pytest

from tests.support.account_stage import BTC, LINE, OURS, V1, WEIGHT, approved, fill, order, refusal
from tests.support.private_venue import HANG
from trimaran.domain.account import (
    AmendLost,
    Fill,
    OrderAcked,
    OrderAmended,
    OrderDone,
    ProbeAbsent,
    ProbeFailed,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.events import AccountSnapshot, AccountUncertain
from trimaran.domain.instrument import MarketName
from trimaran.domain.orders import OrderState
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire import reconciler
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.client_port import Reconciled, ReconcileFailed
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.law import law_of
from trimaran.venues.wire.lines import LoginRefused, Stale
from trimaran.venues.wire.market_spec import MINUTE, SECOND
from trimaran.venues.wire.patience import ORDER
from trimaran.venues.wire.private_spec import PrivateSpec

WANTED = OrderRef(BTC, OURS)
NOT_FOUND = refusal(FaultKind.NO_SUCH_ORDER)
STRANGER = ClientOrderId(78)


def absent(stage):
    stage.venue.answers["QueryOrder"] = [NOT_FOUND]
    stage.venue.answers["OrderHistory"] = [()]
    return stage.venue.answers


async def test_a_part_of_the_fills_proves_nothing(stage, monkeypatch):
    monkeypatch.setattr(reconciler, "PAGES_MAX", 4)
    client = await stage.up()
    pages = [(fill(2 * number), fill(2 * number + 1)) for number in range(5)]
    other = OrderRef(BTC, STRANGER)
    absent(stage)["FillHistory"] = [*pages, ()]
    answer = await client.probe(other, time.time_ns())
    assert isinstance(answer, ProbeFailed)
    assert "more than 4 pages of fills" in answer.cause
    stage.venue.answers["FillHistory"] = [*pages[:2], ()]
    assert isinstance(await client.probe(other, time.time_ns()), ProbeAbsent)


async def test_absent_is_what_every_channel_has_denied(stage):
    client = await stage.up()
    absent(stage)
    before_ns = time.time_ns()
    answer = await client.probe(WANTED, before_ns - SECOND)
    assert isinstance(answer, ProbeAbsent)
    assert before_ns <= answer.asked_ns <= answer.local_ns
    assert stage.of(ProbeAbsent) == [answer]
    asked = [name for name, _, _ in stage.venue.asked][-4:]
    assert asked == ["QueryOrder", "OpenOrders", "OrderHistory", "FillHistory"]
    _, history, _ = stage.venue.asked[-2]
    assert abs(history.since_ns - (before_ns - 2 * SECOND)) < SECOND


@pytest.mark.parametrize("name", ["QueryOrder", "OpenOrders", "OrderHistory", "FillHistory"])
@pytest.mark.parametrize(
    "answer",
    [
        refusal(FaultKind.UNKNOWN, Effect.UNKNOWN),
        refusal(FaultKind.KEY),
        HANG,
        refusal(FaultKind.NO_SUCH_ORDER, Effect.UNKNOWN),
    ],
    ids=["unknown", "refused", "silence", "not found, perhaps"],
)
async def test_an_error_is_never_a_not_found(stage, name, answer):
    client = await stage.up()
    absent(stage)[name] = [answer]
    answer = await client.probe(WANTED, 1)
    assert isinstance(answer, ProbeFailed)
    assert stage.of(ProbeFailed, ProbeAbsent) == [answer]


@pytest.mark.parametrize(
    ("missing", "kind"),
    [
        (("OrderHistory",), ProbeAbsent),
        (("FillHistory",), ProbeAbsent),
        (("OrderHistory", "FillHistory"), ProbeFailed),
        (("QueryOrder",), ProbeFailed),
    ],
)
async def test_a_channel_that_the_market_does_not_have_is_left_out_but_not_all(stage, missing, kind):
    client = await stage.up(unsupported=missing)
    absent(stage)
    assert isinstance(await client.probe(WANTED, 1), kind)


@pytest.mark.parametrize(
    ("name", "found", "told"),
    [
        ("QueryOrder", order(OrderState.ACKED), [OrderAcked]),
        ("OpenOrders", (order(OrderState.ACKED),), [OrderAcked]),
        ("OrderHistory", (order(OrderState.CANCELED),), [OrderAcked, OrderDone]),
        ("FillHistory", (fill(1),), [Fill]),
    ],
)
async def test_what_any_channel_finds_is_told_and_nothing_is_absent(stage, name, found, told):
    client = await stage.up()
    absent(stage)[name] = [found] if name == "QueryOrder" else [found, ()]
    assert await client.probe(WANTED, 1) is None
    assert [type(event) for event in stage.of(OrderAcked, OrderDone, Fill, ProbeAbsent, ProbeFailed)] == told


async def test_who_asks_is_told_again_what_was_told_before(stage):
    client = await stage.up()
    await stage.venue.say(order(OrderState.CANCELED))
    await stage.until(lambda: stage.of(OrderDone))
    absent(stage)["QueryOrder"] = [order(OrderState.CANCELED)]
    stage.heard.clear()
    assert await client.probe(WANTED, 1) is None
    assert [type(event) for event in stage.of(OrderAcked, OrderDone)] == [OrderAcked, OrderDone]


@pytest.mark.parametrize("ours", [True, False])
async def test_fills_that_name_nobody_are_asked_about(stage, ours):
    client = await stage.up()
    owner = OURS if ours else STRANGER
    theirs = msgspec.structs.replace(
        order(OrderState.FILLED, 3, 5), client_order_id=owner, venue_order_id=VenueOrderId("v9")
    )
    nameless = fill(5, client_order_id=None, venue_order_id=VenueOrderId("v9"))
    answers = absent(stage)
    answers["FillHistory"] = [(nameless,), ()]
    answers["QueryOrder"] = [lambda ask: theirs if ask.ref.venue_order_id else NOT_FOUND]
    answer = await client.probe(WANTED, 1)
    assert answer is None if ours else isinstance(answer, ProbeAbsent)


async def test_the_terms_after_a_lost_amendment_are_told_whether_they_changed_or_not(stage):
    client = await stage.up()
    await stage.venue.say(order(OrderState.ACKED))
    await stage.until(lambda: stage.of(OrderAcked))
    stage.venue.answers["line AmendOrder"] = [refusal(FaultKind.UNKNOWN, Effect.UNKNOWN)]
    absent(stage)["QueryOrder"] = [order(OrderState.ACKED, 0, 2)]
    await client.amend(approved(90), V1)
    assert stage.of(AmendLost)
    assert not stage.of(OrderAmended)  # a report right after it proves nothing
    assert await client.probe(WANTED, 1) is None
    assert [(event.price_ticks, event.lots) for event in stage.of(OrderAmended)] == [(100, 10)]


# Snapshots


async def test_a_round_that_is_complete_tells_all_that_it_found(stage):
    stage.venue.answers["OpenOrders"] = [lambda ask: () if ask.symbol else (order(OrderState.ACKED),)]
    await stage.up()
    (snapshot,) = stage.of(AccountSnapshot)
    assert snapshot.market == "toy.spot"
    assert [report.client_order_id for report in snapshot.open_orders] == [OURS]
    assert (snapshot.balances, snapshot.positions) == ((), ())
    assert abs(snapshot.venue_ns - stage.venue.now_ns()) < 10 * SECOND
    kinds = [type(event) for event in stage.heard]
    assert kinds.index(OrderAcked) < kinds.index(AccountSnapshot)


async def test_a_hole_makes_the_account_uncertain_until_the_next_round(stage):
    await stage.up()
    await stage.until(lambda: stage.of(AccountSnapshot))
    stage.heard.clear()
    await stage.venue.say(Stale("a hole"))
    await stage.until(lambda: stage.of(AccountSnapshot))
    told = [type(event) for event in stage.of(AccountUncertain, AccountSnapshot)]
    assert told == [AccountUncertain, AccountSnapshot]


async def test_a_round_that_fails_or_was_overtaken_by_a_hole_is_no_snapshot(stage):
    client = await stage.up()
    stage.heard.clear()

    async def hole(ask: object) -> object:
        await stage.venue.say(Stale("while a round was under way"))
        await stage.until(lambda: stage.of(AccountUncertain))
        return ()

    stage.venue.answers["Balances"] = [hole, refusal(FaultKind.INTERNAL), ()]
    await client.reconcile(1)
    await stage.until(lambda: stage.of(AccountSnapshot))
    told = [type(each) for each in stage.of(AccountUncertain, ReconcileFailed, AccountSnapshot)]
    assert told[0] is AccountUncertain
    assert told[-1] is AccountSnapshot
    assert told.count(AccountSnapshot) == told.count(ReconcileFailed) == 1
    assert len(stage.of(Reconciled)) == 2


async def test_while_the_line_is_down_a_round_is_no_snapshot(stage):
    client = await stage.up()
    stage.venue.login = LoginRefused(refusal(FaultKind.UNAVAILABLE))
    stage.venue.drop(stage.venue.lines[-1])
    await stage.until(lambda: stage.of(AccountUncertain))
    stage.heard.clear()
    await client.reconcile(1)
    assert stage.of(Reconciled)
    assert stage.of(AccountSnapshot) == []


# The law


def test_the_law_counts_from_the_record_to_the_last_departure_and_its_validity():
    spec = PrivateSpec(
        market=MarketName("toy.spot"),
        live={},
        testnet=None,
        limits=(WEIGHT,),
        lines=(LINE,),
        clock_window_ns=5 * MINUTE,
        visibility_lag_ns=SECOND,
        request_expiry=True,
    )
    law = law_of(spec)
    waits_ns = round(ORDER.wait_s_max * SECOND)
    assert law.validity_ns == SECOND + waits_ns + 2 * ORDER.valid_ns
    assert (law.market, law.visibility_lag_ns, law.reissue) == ("toy.spot", SECOND, True)
    deaf = law_of(msgspec.structs.replace(spec, request_expiry=False))
    assert deaf.validity_ns == SECOND + waits_ns + ORDER.valid_ns + 5 * MINUTE
    assert not deaf.reissue


@pytest.mark.parametrize("market", sorted(MARKETS))
def test_only_htx_is_never_sent_to_again(market):
    assert law_of(MARKETS[market].private.spec).reissue == (not market.startswith("htx."))
