"""What the plain core remembers of orders that were made: for rates, repeated ids and repeated wishes.

Times of a rate never go back: an order that was made before its predecessor counts as made with it, so that a
clock which is set back makes a rate stricter, never laxer. Ids and wishes of the latest `KEPT` orders are
kept, and no longer than `forget` allows.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from trimaran.domain.client_id import ATTEMPT_BITS
from trimaran.risk.ask import NONSENSE

KEPT: Final = 2**16
Wish = tuple[int, int, int, int, int]  # instrument, strategy, side, price in ticks, lots


class Rate:
    """The times of the latest orders of a scope, as many as its limit needs."""

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=0)
        self._last_ns = NONSENSE

    def resize(self, count: int) -> None:
        """Keeps so many times. What it has forgotten already counts as made with the oldest one it knows."""
        known = list(self._times)
        if known and len(known) == self._times.maxlen and count > len(known):
            known = [known[0]] * (count - len(known)) + known
        self._times = deque(known, maxlen=count)

    def add(self, local_ns: int) -> None:
        """An order was made."""
        self._last_ns = max(self._last_ns, local_ns)
        self._times.append(self._last_ns)

    def nth(self, count: int) -> int:
        """When the `count`-th latest was made; NONSENSE when there were not so many."""
        return self._times[-count] if 0 < count <= len(self._times) else NONSENSE


class Memory:
    """Ids and wishes."""

    def __init__(self) -> None:
        self._made: deque[tuple[int, int, Wish]] = deque()  # (time, client order id, wish)
        self._attempts: dict[int, int] = {}  # sequence -> latest client order id
        self._wishes: dict[Wish, tuple[int, int, int, int]] = {}  # two latest sequences with their times

    def add(self, client_order_id: int, wish: Wish, created_ns: int) -> None:
        """An order was made."""
        if len(self._made) == KEPT:
            self._drop()
        self._made.append((created_ns, client_order_id, wish))
        sequence = client_order_id >> ATTEMPT_BITS
        self._attempts[sequence] = max(self._attempts.get(sequence, 0), client_order_id)
        latest, latest_ns, other, other_ns = self._wishes.get(wish, (0, NONSENSE, 0, NONSENSE))
        if latest == sequence:
            self._wishes[wish] = (latest, max(latest_ns, created_ns), other, other_ns)
        elif created_ns >= latest_ns:
            self._wishes[wish] = (sequence, created_ns, latest, latest_ns)
        elif created_ns >= other_ns:
            self._wishes[wish] = (latest, latest_ns, sequence, created_ns)

    def forget(self, before_ns: int) -> None:
        """Drops what was made before."""
        while self._made and self._made[0][0] < before_ns:
            self._drop()

    def last_attempt(self, sequence: int) -> int:
        """The latest client order id of a sequence; 0: none."""
        return self._attempts.get(sequence, 0)

    def wish_ns(self, wish: Wish, sequence: int) -> int:
        """When an equal order of another sequence was last made."""
        latest, latest_ns, _, other_ns = self._wishes.get(wish, (0, NONSENSE, 0, NONSENSE))
        return other_ns if latest == sequence else latest_ns

    def _drop(self) -> None:
        created_ns, client_order_id, wish = self._made.popleft()
        sequence = client_order_id >> ATTEMPT_BITS
        if self._attempts.get(sequence) == client_order_id:
            del self._attempts[sequence]
        known = self._wishes.get(wish)
        if known is not None and known[1] <= created_ns:
            del self._wishes[wish]
