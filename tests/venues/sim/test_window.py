"""The best levels of a book as told: what a client that follows them must hold."""

from __future__ import annotations

import random

import pytest

from trimaran.native._matching import Matching
from trimaran.venues.sim.book import UpdateIds, VenueBook
from trimaran.venues.sim.codes import OrderKind
from trimaran.venues.sim.instruments import instruments_of
from trimaran.venues.sim.window import LevelWindow

DEPTH = 6


@pytest.mark.parametrize("deletes_pushed_out", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_a_client_that_trims_holds_the_best_levels(deletes_pushed_out: bool, seed: int) -> None:
    rng = random.Random(seed)
    book = VenueBook(instruments_of(("BTC",))[0], Matching(), UpdateIds(1), 1)
    window = LevelWindow(book, DEPTH, deletes_pushed_out)
    held: list[dict[int, int]] = [{}, {}]
    orders: list[int] = []
    for turn in range(400):
        for _ in range(rng.randrange(4)):
            side = rng.randrange(2)
            price = 100 + (-1 if side == 0 else 1) * rng.randrange(-2, 15)
            order_id, _ = book.submit(turn, 0, side, price, rng.randrange(1, 9), OrderKind.LIMIT)
            orders.append(order_id)
            if rng.random() < 0.5:
                book.cancel(turn, orders.pop(rng.randrange(len(orders))))
        for side, changes in enumerate(window.advance()):
            assert changes == sorted(changes, reverse=side == 0)
            for ticks, lots in changes:
                assert lots > 0 or ticks in held[side], "deletes nothing that was not told"
                held[side][ticks] = lots
                if lots == 0:
                    del held[side][ticks]
            ordered = sorted(held[side], reverse=side == 0)
            if deletes_pushed_out:
                assert len(ordered) <= DEPTH
            for ticks in ordered[DEPTH:]:
                del held[side][ticks]
            assert held[side] == dict(book.engine.depth(side, DEPTH))
            assert window.told(side) == book.engine.depth(side, DEPTH)
