"""The account client after gaps: nothing is missing, nothing comes twice, and lines heal."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.support.account_stage import (
    KEY,
    LINE,
    OURS,
    PLACED,
    approved,
    fill,
    order,
    refusal,
)
from tests.support.private_venue import HANG
from trimaran.domain.account import (
    Fill,
    FillId,
    OrderAcked,
    OrderDone,
)
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.instrument import Asset, MarketName, Side
from trimaran.domain.orders import (
    OrderState,
)
from trimaran.domain.reports import BalanceReport, ForeignFill
from trimaran.venues.wire.asks import (
    TokenAction,
)
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import (
    ClockFailed,
    Reconciled,
    ReconcileFailed,
    RequestFailed,
)
from trimaran.venues.wire.fault import FaultKind
from trimaran.venues.wire.fold_port import FeeKnown
from trimaran.venues.wire.line_port import Gap, LineHalted, LineUp
from trimaran.venues.wire.lines import LoggedIn, LoginRefused, Stale
from trimaran.venues.wire.market_spec import SECOND
from trimaran.venues.wire.message import HttpReply

# Gaps


async def test_money_that_no_order_explains_is_compared_soon(stage):
    """A fill of somebody else on this account, and a fee that came after its fill was booked."""
    client = await stage.up()
    theirs = msgspec.structs.replace(order(OrderState.ACKED), client_order_id=None)
    await stage.venue.say(theirs, fill(1, client_order_id=None))
    await stage.until(lambda: stage.of(ForeignFill))
    await stage.until(lambda: len(stage.of(Reconciled)) == 2)
    client._tell([FeeKnown(FillId("f9"), KEY, OURS, Side.BUY, Decimal(1), Asset("USDT"))])
    await stage.until(lambda: len(stage.of(Reconciled)) == 3)
    assert len(stage.of(AccountSnapshot)) == 3


async def test_what_was_missed_while_the_line_was_down_comes_once(stage, place):
    stage.venue.answers["line PlaceOrder"] = [PLACED]
    client = await stage.up()
    await place(client, approved())
    await stage.venue.say(fill(1))
    await stage.until(lambda: stage.of(Fill))
    stage.venue.answers["FillHistory"] = [(fill(1), fill(2)), (fill(2), fill(3, 4)), ()]
    stage.venue.answers["QueryOrder"] = [order(OrderState.FILLED, 10, 9)]
    stage.venue.answers["Balances"] = [
        (BalanceReport(market=MarketName("toy.spot"), asset=Asset("BTC"), total=Decimal(1), free=None,
                       venue_ns=1, local_ns=1),)
    ]  # fmt: skip
    stage.venue.drop(stage.venue.lines[-1])
    await stage.until(lambda: len(stage.of(Reconciled)) == 2)
    assert [event.fill_id for event in stage.of(Fill)] == ["f1", "f2", "f3"]
    assert [event.state for event in stage.of(OrderDone)] == [OrderState.FILLED]
    assert len(stage.of(BalanceReport)) == 1
    assert len(stage.notices(Gap)) == 1
    assert len(stage.notices(LineUp)) == 2
    assert stage.of(Reconciled)[1].since_ns == stage.notices(Gap)[0].since_ns


async def test_holes_that_follow_each_other_are_one_round(stage):
    client = await stage.up(lag_ns=50_000_000)
    for number in range(3):
        await stage.venue.say(Stale(f"hole {number}"))
        await asyncio.sleep(0.01)
    await stage.until(lambda: len(stage.of(Reconciled)) == 2)
    await asyncio.sleep(0.1)
    assert len(stage.of(Reconciled)) == 2
    await client.stop()
    await client.wait()


async def test_without_a_private_line_open_orders_are_asked_for(stage, place):
    stage.venue.answers["PlaceOrder"] = [PLACED]
    client = await stage.up(line=None, poll_s=0.05)
    await place(client, approved())
    stage.venue.answers["FillHistory"] = [(fill(1, 10),), ()]
    stage.venue.answers["QueryOrder"] = [order(OrderState.FILLED, 10, 9)]
    await stage.until(lambda: stage.of(OrderDone) and stage.of(Fill))
    await asyncio.sleep(0.05)
    rounds = len(stage.of(Reconciled))
    await asyncio.sleep(0.25)
    assert len(stage.of(Reconciled)) == rounds, "nothing is open: nobody asks"


async def test_a_round_that_fails_is_begun_again(stage):
    stage.venue.answers["OpenOrders"] = [refusal(FaultKind.UNAVAILABLE), HANG, HttpReply(502, b"?"), ()]
    await stage.up()
    assert len(stage.of(ReconcileFailed)) == 3
    assert len(stage.of(Reconciled)) == 1


async def test_an_open_order_that_the_venue_does_not_know_is_told(stage):
    client = await stage.up()
    await stage.venue.say(order(OrderState.ACKED))
    await stage.until(lambda: stage.of(OrderAcked))
    stage.venue.answers["QueryOrder"] = [refusal(FaultKind.NO_SUCH_ORDER)]
    await client.reconcile(1)
    (failed,) = stage.of(RequestFailed)
    assert (failed.what, failed.client_order_id, failed.fault.kind) == (
        "query",
        OURS,
        FaultKind.NO_SUCH_ORDER,
    )


async def test_markets_that_must_be_asked_by_instrument(stage):
    def rows(ask: object) -> object:
        return refusal(FaultKind.PARAMETER) if ask.symbol is None else (order(OrderState.ACKED),)

    stage.venue.answers["OpenOrders"] = [rows]
    client = stage.make()
    write = client.asker._dialect.write

    def by_instrument(ask: object, stamp: object) -> object:
        if type(ask).__name__ == "OpenOrders" and ask.symbol is None:
            return Unsupported(None, "by instrument")
        return write(ask, stamp)

    client.asker._dialect.write = by_instrument
    await client.start()
    await stage.until(lambda: stage.of(Reconciled))
    assert len(stage.of(OrderAcked)) == 1


async def test_a_fill_without_owner_or_fee_is_asked_for(stage):
    stage.venue.answers["QueryOrder"] = [order(OrderState.PARTIALLY_FILLED, 6, 3)]
    stage.venue.answers["FillHistory"] = [lambda ask: (fill(1), fill(2)) if ask.ref else ()]
    await stage.up()
    await stage.venue.say(fill(1, client_order_id=None), fill(2, fee=None))
    await stage.until(lambda: len(stage.of(Fill)) == 2)
    assert {event.client_order_id for event in stage.of(Fill)} == {OURS}
    assert {event.fee for event in stage.of(Fill)} == {Decimal(1)}


async def test_what_was_spent_in_a_gap_is_told(stage):
    await stage.up()
    coin = BalanceReport(
        market=MarketName("toy.spot"), asset=Asset("BTC"), total=Decimal(2), free=None, venue_ns=1, local_ns=1
    )  # fmt: skip
    await stage.venue.say(coin, Stale("a hole"))
    await stage.until(lambda: len(stage.of(BalanceReport)) == 2)
    assert [balance.total for balance in stage.of(BalanceReport)] == [2, 0]


async def test_a_balance_without_a_time_does_not_replace_what_was_pushed_since_the_question(stage):
    def balance(total: int, at_ns: int) -> BalanceReport:
        return BalanceReport(
            market=MarketName("toy.spot"), asset=Asset("BTC"), total=Decimal(total), free=None,
            venue_ns=at_ns, local_ns=1,
        )  # fmt: skip

    async def slow(ask: object) -> object:
        answer = (balance(1, 0),)
        await stage.venue.say(balance(2, stage.venue.now_ns() + 5 * SECOND))  # while the answer is on its way
        await asyncio.sleep(0.05)
        return answer

    await stage.up()
    stage.venue.answers["Balances"] = [slow]
    rounds = len(stage.of(Reconciled))
    await stage.venue.say(Stale("a hole"))
    await stage.until(lambda: len(stage.of(Reconciled)) > rounds)
    assert [report.total for report in stage.of(BalanceReport)] == [2]


async def test_one_question_serves_all_fills_of_an_order(stage):
    """A history may hold hundreds of fills of one order, and questions are few."""
    stage.venue.answers["QueryOrder"] = [order(OrderState.PARTIALLY_FILLED, 15, 3)]
    await stage.up()
    await stage.venue.say(*(fill(number, client_order_id=None) for number in range(1, 6)))
    await stage.until(lambda: len(stage.of(Fill)) == 5)
    assert stage.venue.count("QueryOrder") == 1


async def test_rounds_that_follow_each_other_at_once_become_rare(stage):
    """A frame that cannot be read, again and again, must not spend the budgets on reconciliation."""

    async def slow(ask: object) -> object:
        await stage.venue.say(Stale("again"))
        await asyncio.sleep(0.01)
        return ()

    await stage.up(retry=Backoff(1000 * SECOND, 1000 * SECOND))
    rounds = len(stage.of(Reconciled))
    stage.venue.answers["OpenOrders"] = [slow]
    await stage.venue.say(Stale("once"))
    await stage.until(lambda: len(stage.of(Reconciled)) > rounds)
    await asyncio.sleep(0.1)
    assert len(stage.of(Reconciled)) == rounds + 1


# Lines


async def test_compressed_lines_and_unreadable_frames(stage):
    stage.venue.compressed = True
    stage.venue.answers["QueryOrder"] = [order(OrderState.ACKED)]
    await stage.up(line=msgspec.structs.replace(LINE, compressed=True))
    await stage.venue.say(order(OrderState.ACKED))
    await stage.until(lambda: stage.of(OrderAcked))
    await stage.venue.lines[-1].send_bytes(b"\x1f\x8bgarbage")
    await stage.until(lambda: stage.notices(Gap))
    await stage.until(lambda: len(stage.of(Reconciled)) == 2)


async def test_a_token_opens_the_line(stage):
    stage.venue.answers["StreamToken"] = [refusal(FaultKind.UNAVAILABLE), "to/ken"]
    spec = msgspec.structs.replace(LINE, needs_token=True, token_keep_ns=SECOND * 60, path="/ws/{token}")
    await stage.up(line=spec)
    assert stage.venue.paths == ["/ws/to/ken"]
    assert stage.venue.asked[1][1].action is TokenAction.START


async def test_a_key_that_is_refused_halts_the_line_until_somebody_resumes(stage):
    stage.venue.login = LoginRefused(refusal(FaultKind.KEY))
    client = stage.make()
    await client.start()
    await stage.until(lambda: stage.notices(LineHalted))
    await asyncio.sleep(0.1)
    assert len(stage.venue.lines) == 1
    stage.venue.login = LoggedIn()
    client.feeds["private"].resume()
    await stage.until(lambda: client.is_up)


async def test_a_login_out_of_time_asks_for_the_time(stage):
    stage.venue.login = LoginRefused(refusal(FaultKind.CLOCK))
    client = stage.make()
    await client.start()
    before = stage.venue.count("ServerTime")
    await stage.until(lambda: stage.venue.count("ServerTime") > before and len(stage.venue.lines) > 1)


async def test_a_venue_that_does_not_tell_its_time_does_not_hinder_the_start(stage):
    stage.venue.answers["ServerTime"] = [refusal(FaultKind.UNAVAILABLE)]
    client = stage.make()
    await client.start()
    await stage.until(lambda: client.is_up)
    assert stage.of(ClockFailed)


async def test_an_exception_of_on_event_is_a_failure_of_the_client(stage):
    client = await stage.up()
    stage.fails = True
    await stage.venue.say(order(OrderState.ACKED))
    with pytest.raises(RuntimeError, match="a bug"):
        await client.wait()
