"""When to ask for which whole book: one on its way a symbol, growing pauses, and no word on how to ask.

    idle -- need --> due -- ask --> in flight -- applied --> idle
                      ^                 |
                      +--- back-off ----+  too old, refused, unreadable, not answered

How a book is asked for is the session's: over REST, by a request on the stream's connection, or by a new
subscription. `ask` answers None when it cannot be done now (no budget, no connection): the symbol stays due.
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
from trimaran.venues.wire.market_spec import MINUTE, Endpoints, RestDepth
from trimaran.venues.wire.session_port import (
    Action,
    Actions,
    FetchSnapshot,
    SessionCounters,
    SnapshotTrouble,
)

CALM_NS: Final = 10_000_000_000  # a book that lasts so long has earned an immediate snapshot


class SnapshotDesk:
    """Snapshot requests of one market.

    `answer_ns_max` > 0: an answer that is not there by then counts as failed, because nobody reports that.
    """

    def __init__(
        self,
        ask: Callable[[Symbol, int], Actions | None],
        answer_ns_max: int,
        backoff: Backoff,
        rng: Rng,
        counters: SessionCounters,
    ) -> None:
        self._ask = ask
        self._answer_ns_max = answer_ns_max
        self._backoff = backoff
        self._rng = rng
        self._counters = counters
        self._due: dict[Symbol, int] = {}  # symbol -> not before (ns), first come first served
        self._in_flight: dict[Symbol, int] = {}  # symbol -> since (ns)
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
        del self._in_flight[symbol]
        if kind_of(answer) == Kind.ERROR:
            self._counters.snapshot_errors += 1
        elif flags_of(answer) & Flag.NEED_SNAPSHOT:
            self._counters.snapshots_too_old += 1
        else:
            self._applied_ns[symbol] = now_ns
            return ()
        return self._retry(symbol, now_ns)

    def came(self, symbol: Symbol, answer: int, now_ns: int) -> Actions:
        """A snapshot came in the stream and was judged, whether or not it was asked for."""
        if symbol in self._in_flight:
            return self.applied(symbol, answer, now_ns)
        if flags_of(answer) & Flag.NEED_SNAPSHOT:
            return self.need(symbol, now_ns)
        self._due.pop(symbol, None)
        return ()

    def failed(self, symbol: Symbol, reason: str, retry_after_ns: int, now_ns: int) -> Actions:
        """A snapshot could not be had; `retry_after_ns` > 0 stops all symbols for so long."""
        self._counters.snapshot_errors += 1
        if retry_after_ns > 0:
            self._hold_until_ns = max(self._hold_until_ns, now_ns + retry_after_ns)
        trouble = SnapshotTrouble(symbol, reason)
        if symbol not in self._in_flight:
            return [trouble]
        del self._in_flight[symbol]
        return [trouble, *self._retry(symbol, now_ns)]

    def on_tick(self, now_ns: int) -> Actions:
        """Gives up what is not answered, and asks for what is due."""
        actions: list[Action] = []
        for symbol in self._overdue(now_ns):
            actions += self.failed(symbol, f"no answer in {self._answer_ns_max / 1e9:g} s", 0, now_ns)
        if not self._due or now_ns < self._hold_until_ns:
            return actions
        for symbol in [symbol for symbol, due_ns in self._due.items() if due_ns <= now_ns]:
            asked = self._ask(symbol, now_ns)
            if asked is None:
                continue
            del self._due[symbol]
            self._in_flight[symbol] = now_ns
            self._counters.snapshot_fetches += 1
            actions += asked
        return actions

    def reset(self, symbols: Collection[Symbol]) -> None:
        """Forgets what is due and in flight for `symbols`: their books lost their feed and will ask again."""
        for symbol in symbols:
            self._due.pop(symbol, None)
            self._in_flight.pop(symbol, None)

    def _overdue(self, now_ns: int) -> list[Symbol]:
        if not self._answer_ns_max:
            return []
        return [
            symbol for symbol, since_ns in self._in_flight.items() if now_ns - since_ns >= self._answer_ns_max
        ]

    def _retry(self, symbol: Symbol, now_ns: int) -> Actions:
        attempt = self._attempts.get(symbol, 1)
        self._attempts[symbol] = attempt + 1
        self._due[symbol] = now_ns + self._backoff.delay_ns(attempt - 1, self._rng)
        return self.on_tick(now_ns)


class RestSnapshots:
    """Asks over REST, within a share of the request weight that the venue grants an address."""

    def __init__(self, depth: RestDepth, endpoints: Endpoints, levels: int, weight_share: float) -> None:
        """`levels` a side, 0 for the market's default."""
        self._depth = depth
        self._endpoints = endpoints
        self._levels = levels or depth.levels_default
        self._weight = depth.weight(self._levels)
        budget = max(self._weight, int(depth.weight_per_minute_max * weight_share))
        self._budget = WindowBudget(budget, MINUTE)

    def fetch(self, symbol: Symbol, now_ns: int) -> Actions | None:
        """The fetch of one book; None when the budget does not allow it now."""
        if not self._budget.take(self._weight, now_ns):
            return None
        return [FetchSnapshot(symbol, self._depth.url(self._endpoints, symbol, self._levels))]
