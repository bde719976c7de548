"""Both books, as one fixture: what holds for one holds for the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pytest

from trimaran.books.l2 import Book as TwinBook
from trimaran.native._hot import Book as NativeBook

Level = tuple[int, int]


class AnyBook(Protocol):
    """What both books can do."""

    def apply(self, bids: Sequence[Level], asks: Sequence[Level]) -> None: ...

    def load(self, bids: Sequence[Level], asks: Sequence[Level]) -> None: ...

    def trim(self, count: int) -> None: ...

    def clear(self) -> None: ...

    def crossed(self) -> bool: ...

    def depth(self, side: int, count: int) -> Sequence[Level]: ...

    def state_hash(self) -> int: ...


@pytest.fixture(params=[NativeBook, TwinBook], ids=["native", "twin"])
def make_book(request: pytest.FixtureRequest) -> Callable[[], AnyBook]:
    make: Callable[[], AnyBook] = request.param
    return make


@pytest.fixture
def book(make_book: Callable[[], AnyBook]) -> AnyBook:
    return make_book()
