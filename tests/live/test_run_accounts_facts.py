"""What the accounts of a run hear of the desk."""

from __future__ import annotations

import random
from types import SimpleNamespace

from tests.support.account_stage import KEY, OURS, PLACED, approved
from tests.support.private_venue import PrivateVenue, ToyDialect
from trimaran.domain.facts import OrderStateChanged
from trimaran.domain.instrument import MarketName
from trimaran.domain.orders import OrderEvent, OrderState
from trimaran.engine.fates import FORGOTTEN
from trimaran.live.run_accounts import RunAccount, RunAccounts
from trimaran.venues.wire.account_client import AccountClient
from trimaran.venues.wire.asker import Gate
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.governor import Governor
from trimaran.venues.wire.private_spec import PrivateSpec
from trimaran.venues.wire.rest import RestClient, RestOptions

TOY = MarketName("toy.spot")


def accounts_of(events: list[object]) -> tuple[RunAccounts, AccountClient]:
    """A run with one account."""
    clock = SystemClock()
    spec = PrivateSpec(
        market=TOY, live={}, testnet=None, limits=(), lines=(), clock_window_ns=1, visibility_lag_ns=0,
        request_expiry=True,
    )  # fmt: skip
    client = AccountClient(
        spec, ToyDialect(PrivateVenue()), {}, {}, [], Gate(Governor([])), RestClient(clock, RestOptions()),
        clock, random.Random(1), events.append,
    )  # fmt: skip
    accounts = RunAccounts(SimpleNamespace(config=SimpleNamespace(desk=SimpleNamespace(seed=1))), clock)
    accounts.by_market[TOY] = RunAccount(TOY, client, [], SimpleNamespace())
    return accounts, client


def test_an_order_that_was_proved_to_be_absent_is_not_open_for_its_account() -> None:
    events: list[object] = []
    accounts, client = accounts_of(events)
    client.fold.expect(approved().order)
    lost, absent = OrderState.UNKNOWN, OrderState.NOT_PLACED
    accounts.on_fact(OrderStateChanged(OURS, KEY, OrderState.SENDING, OrderEvent.LOSE, lost, 0, "", 0))
    assert [each.client_order_id for each in client.fold.open_orders()] == [OURS]
    accounts.on_fact(OrderStateChanged(OURS, KEY, lost, OrderEvent.PROVE_ABSENT, absent, 0, "", 0))
    assert client.fold.open_orders() == []
    assert events == []


def test_an_order_that_the_venue_had_and_knows_no_more_is_not_open_for_its_account() -> None:
    accounts, client = accounts_of([])
    client.fold.expect(approved().order)
    client.fold.placed(PLACED, KEY, 1, 1, 1)
    ended = OrderState.CANCELED
    accounts.on_fact(OrderStateChanged(OURS, KEY, OrderState.ACKED, OrderEvent.CANCEL, ended, 0, "asked", 0))
    assert [each.client_order_id for each in client.fold.open_orders()] == [OURS]
    accounts.on_fact(
        OrderStateChanged(OURS, KEY, OrderState.ACKED, OrderEvent.CANCEL, ended, 0, FORGOTTEN, 0)
    )
    assert client.fold.open_orders() == []
