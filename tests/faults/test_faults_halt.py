"""A real desk that is halted, by SIGSTOP, between the record of an order and its sending."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.support.fault_books import Books
from tests.support.fault_venue import Venue, desk, quiet, settings, until
from trimaran.domain.account import OrderRejected
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.orders import OrderState
from trimaran.domain.records import GroupOpened, Heard
from trimaran.venues.wire.asker import STALE

MARKET: Final = "binance.usdm"
DEAD_MAN: Final = "[dead_man]\nafter_s = 3\n"


def newest(books: Books) -> ClientOrderId:
    """The order that was written last."""
    groups = [record for record in books.records() if isinstance(record, GroupOpened)]
    return groups[-1].orders[-1].client_order_id


def judge_stale(books: Books, client_order_id: ClientOrderId) -> None:
    """An order never left, and the journal knows why."""
    assert client_order_id not in dict(books.orders())
    assert books.replay().orders[client_order_id].state is OrderState.REJECTED
    ends = [
        record.event.code
        for record in books.records()
        if isinstance(record, Heard)
        and isinstance(record.event, OrderRejected)
        and record.event.client_order_id == client_order_id
    ]
    assert ends == [STALE]


@pytest.mark.parametrize("durability", [pytest.param("fast", marks=pytest.mark.long), "durable"])
def test_an_order_that_was_halted_on_its_way_out_does_not_leave(
    venue: Venue, tmp_path: Path, durability: str
) -> None:
    path, shard = settings(venue, tmp_path, [MARKET], DEAD_MAN)
    books = Books(venue, path, shard, [MARKET])
    with desk(path, fail_at="order.before_send:5:stop", durability=durability, per_tick=1.0) as process:
        until(lambda: process.said("halts"), process)
        until(process.halted, process)
        halted = newest(books)
        if durability == "durable":  # orders rest, and the venue's own switch takes them
            until(lambda: not books.open(), process)
        time.sleep(3)
        count = len(books.orders())
        process.send(signal.SIGCONT)
        until(lambda: len(books.orders()) > count, process)
        quiet(path)
        books.settle(process)
        judge_stale(books, halted)
        if durability == "durable":
            assert any("may have fired" in line for line in process.lines), process.lines
