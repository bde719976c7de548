"""When to fetch which book snapshot over REST: one in flight a symbol, a weight budget for all.

    idle -- need --> due -- budget --> in flight -- applied --> idle
                      ^                    |
                      +---- back-off ------+  too old, refused, unreadable

A snapshot that is too old is normal (REST answers lag the streams), so the first retries are quick.
A venue's order to stop (HTTP 429, 418) holds every symbol, since the limit belongs to the address.
Pure: time and randomness are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from trimaran.domain.answer import Flag, Kind, flags_of, kind_of
from trimaran.domain.instrument import Symbol
from trimaran.domain.ports import Rng
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.session_port import Actions, FetchSnapshot, SessionCounters, SnapshotTrouble

CALM_NS: Final = 10_000_000_000  # a book that lasts so long has earned an immediate snapshot


class SnapshotDesk:
    """Snapshot requests of one market."""

    def __init__(
        self,
        url_of: Callable[[Symbol], str],
        weight: int,
        budget: WindowBudget,
        backoff: Backoff,
        rng: Rng,
        counters: SessionCounters,
    ) -> None:
        self._url_of = url_of
        self._weight = weight
        self._budget = budget
        self._backoff = backoff
        self._rng = rng
        self._counters = counters
        self._due: dict[Symbol, int] = {}  # symbol -> not before (ns), first come first served
        self._in_flight: set[Symbol] = set()
        self._attempts: dict[Symbol, int] = {}
        self._applied_ns: dict[Symbol, int] = {}
        self._hold_until_ns = 0

    def need(self, symbol: Symbol, now_ns: int) -> Actions:
        """A book asks for a snapshot. Nothing happens while one is due or on its way already."""
        if symbol in self._in_flight or symbol in self._due:
            return ()
        self._counters.resyncs += 1
        applied_ns = self._applied_ns.get(symbol)
        if applied_ns is None or now_ns - applied_ns >= CALM_NS:
            self._attempts.pop(symbol, None)
        attempt = self._attempts.get(symbol, 0)
        delay_ns = 0 if attempt == 0 else self._backoff.delay_ns(attempt - 1, self._rng)
        self._attempts[symbol] = attempt + 1
        self._due[symbol] = now_ns + delay_ns
        return self.on_tick(now_ns)

    def applied(self, symbol: Symbol, answer: int, now_ns: int) -> Actions:
        """The sink has judged a snapshot. Ignores one that was asked for before a `reset`."""
        if symbol not in self._in_flight:
            return ()
        self._in_flight.discard(symbol)
        if kind_of(answer) == Kind.ERROR:
            self._counters.snapshot_errors += 1
        elif flags_of(answer) & Flag.NEED_SNAPSHOT:
            self._counters.snapshots_too_old += 1
        else:
            self._applied_ns[symbol] = now_ns
            return ()
        return self._retry(symbol, now_ns)

    def failed(self, symbol: Symbol, reason: str, retry_after_ns: int, now_ns: int) -> Actions:
        """A snapshot could not be fetched; `retry_after_ns` > 0 stops all symbols for so long."""
        self._counters.snapshot_errors += 1
        if retry_after_ns > 0:
            self._hold_until_ns = max(self._hold_until_ns, now_ns + retry_after_ns)
        trouble = SnapshotTrouble(symbol, reason)
        if symbol not in self._in_flight:
            return [trouble]
        self._in_flight.discard(symbol)
        return [trouble, *self._retry(symbol, now_ns)]

    def on_tick(self, now_ns: int) -> Actions:
        """Fetches what is due, as far as the budget goes."""
        if not self._due or now_ns < self._hold_until_ns:
            return ()
        actions: list[FetchSnapshot] = []
        for symbol in [symbol for symbol, due_ns in self._due.items() if due_ns <= now_ns]:
            if not self._budget.take(self._weight, now_ns):
                break
            del self._due[symbol]
            self._in_flight.add(symbol)
            self._counters.snapshot_fetches += 1
            actions.append(FetchSnapshot(symbol, self._url_of(symbol)))
        return actions

    def reset(self, symbols: Collection[Symbol]) -> None:
        """Forgets what is due and in flight for `symbols`: their books lost their feed and will ask again."""
        for symbol in symbols:
            self._due.pop(symbol, None)
            self._in_flight.discard(symbol)

    def _retry(self, symbol: Symbol, now_ns: int) -> Actions:
        attempt = self._attempts.get(symbol, 1)
        self._attempts[symbol] = attempt + 1
        self._due[symbol] = now_ns + self._backoff.delay_ns(attempt - 1, self._rng)
        return self.on_tick(now_ns)
