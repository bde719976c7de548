"""Limits of the simulated Binance: request weight, new orders, raw requests; windows aligned to the clock.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits. Weight is counted for the address
(here: for the market), orders for the account. An order counts one in every window when it is placed; its
first fill gives back one as taker, five as maker, never below nothing (spot alone: USD-M gives nothing back).
Above a limit comes 429, and for who goes on 418.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.venues.binance.simulator.refusals import ApiError

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
BAN_AFTER: Final = 20  # answers of 429 in one window before 418
BAN_S: Final = 120
MAKER_CREDIT: Final = 5
TAKER_CREDIT: Final = 1


class Rate(msgspec.Struct, frozen=True):
    """One limit of `rateLimits`."""

    kind: str  # REQUEST_WEIGHT, ORDERS, RAW_REQUESTS
    interval: str  # SECOND, MINUTE, DAY
    count: int  # of intervals
    limit: int

    @property
    def span_ms(self) -> int:
        """The length of its window."""
        return self.count * {"SECOND": SECOND_MS, "MINUTE": MINUTE_MS, "DAY": DAY_MS}[self.interval]

    @property
    def letter(self) -> str:
        """As the headers name it: 10S, 1M, 1D."""
        return f"{self.count}{self.interval[0]}"

    def text(self, used: int | None = None) -> str:
        """As JSON, with the count of now in answers of the WebSocket API."""
        tail = "" if used is None else f',"count":{used}'
        return (
            f'{{"rateLimitType":"{self.kind}","interval":"{self.interval}","intervalNum":{self.count},'
            f'"limit":{self.limit}{tail}}}'
        )


def order_rates(spot: bool) -> tuple[Rate, ...]:
    """The limits of new orders of an account."""
    if spot:
        return Rate("ORDERS", "SECOND", 10, 100), Rate("ORDERS", "DAY", 1, 200_000)
    return Rate("ORDERS", "SECOND", 10, 300), Rate("ORDERS", "MINUTE", 1, 1_200)


class Weights:
    """Used weight of one address in the running minute, and its requests of five."""

    def __init__(self, limit: int, enforced: bool, raw_limit: int = 0) -> None:
        self.limit = limit
        self.used = 0
        self.rate = Rate("REQUEST_WEIGHT", "MINUTE", 1, limit)
        self._enforced = enforced
        self._raw_limit = raw_limit  # 0: not counted
        self._raw = 0
        self._raw_window = 0
        self._minute = 0
        self._refused = 0
        self._banned_until_ms = 0

    def charge(self, weight: int, now_ms: int) -> tuple[int, int]:
        """Adds a request; HTTP status (200, 429, 418) and seconds to wait."""
        if now_ms // MINUTE_MS != self._minute:
            self._minute, self.used, self._refused = now_ms // MINUTE_MS, 0, 0
        if now_ms // (5 * MINUTE_MS) != self._raw_window:
            self._raw_window, self._raw = now_ms // (5 * MINUTE_MS), 0
        self.used += weight
        self._raw += 1
        if self._enforced and now_ms < self._banned_until_ms:
            return 418, (self._banned_until_ms - now_ms) // 1000 + 1
        raw_over = self._raw_limit > 0 and self._raw > self._raw_limit
        if not self._enforced or not (self.used > self.limit or raw_over):
            return 200, 0
        self._refused += 1
        if self._refused > BAN_AFTER:
            self._banned_until_ms = now_ms + BAN_S * 1000
            return 418, BAN_S
        return 429, 60 - now_ms // 1000 % 60

    def give_back(self, weight: int) -> None:
        """A successful order costs no weight."""
        self.used = max(0, self.used - weight)


class OrderCounts:
    """Orders that one account has placed and not filled, in every window."""

    def __init__(self, rates: tuple[Rate, ...], enforced: bool) -> None:
        self.rates = rates
        self._enforced = enforced
        self._windows = [0] * len(rates)
        self._counts = [0] * len(rates)

    def counts(self, now_ms: int) -> list[int]:
        """The count of every window."""
        for index, rate in enumerate(self.rates):
            window = now_ms // rate.span_ms
            if window != self._windows[index]:
                self._windows[index], self._counts[index] = window, 0
        return self._counts

    def check(self, now_ms: int) -> None:
        """Raises -1015 when no more orders may be placed now."""
        if not self._enforced:
            return
        for rate, count in zip(self.rates, self.counts(now_ms), strict=True):
            if count >= rate.limit:
                words = f"{rate.limit} orders per {rate.count} {rate.interval}"
                wait_ms = rate.span_ms - now_ms % rate.span_ms
                raise ApiError(
                    429,
                    -1015,
                    f"Too many new orders; current limit is {words}.",
                    {"serverTime": now_ms, "retryAfter": now_ms + wait_ms},
                )

    def add(self, now_ms: int, orders: int = 1) -> None:
        """Counts orders that were placed."""
        counts = self.counts(now_ms)
        for index in range(len(counts)):
            counts[index] = max(0, counts[index] + orders)

    def credit(self, now_ms: int, maker: bool) -> None:
        """An order got its first fill."""
        counts = self.counts(now_ms)
        for index, count in enumerate(counts):
            counts[index] = max(0, count - (MAKER_CREDIT if maker else TAKER_CREDIT))

    def headers(self, now_ms: int) -> dict[str, str]:
        """`X-MBX-ORDER-COUNT-10S` and its like."""
        counts = self.counts(now_ms)
        return {
            f"X-MBX-ORDER-COUNT-{rate.letter}": str(count)
            for rate, count in zip(self.rates, counts, strict=True)
        }
