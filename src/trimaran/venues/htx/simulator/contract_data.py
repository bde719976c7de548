"""More public data of simulated HTX swaps: funding, references, limits, open interest, tickers of all.

The older endpoints (`/linear-swap-api/v1`, `/linear-swap-ex`) write prices as JSON numbers and rates as text,
the newer ones (`/v5/market`) write everything as text. Open interest is made up: what was traded in 24 hours.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb71825-77b5-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.venues.htx.simulator.answers import UNKNOWN_CONTRACT, Feeds, Query, number_of
from trimaran.venues.htx.simulator.refusals import HtxError
from trimaran.venues.htx.simulator.streams import HtxFeed
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.numerals import plain
from trimaran.venues.sim.reference import FUNDING_PERIOD_MS, Reference, next_funding_ms, reference_of

BAND: Final = Decimal("0.1")
RATE_MAX: Final = "0.0005"
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
Row = dict[str, Any]


class ContractData:
    """The endpoints."""

    def __init__(
        self, feeds: Feeds, index_books: Mapping[str, VenueBook], server_ms: Callable[[], int]
    ) -> None:
        self._feeds = feeds
        self._index_books = index_books
        self._server_ms = server_ms

    def table(self) -> dict[str, Callable[[Query], str]]:
        """Every path."""
        v1, v5 = "/linear-swap-api/v1/swap_", "/v5/market/"
        return {
            f"{v1}batch_funding_rate": self._rows(self.funding_row),
            f"{v1}index": self._rows(self._index_row),
            f"{v1}price_limit": self._rows(self._limit_row),
            f"{v1}open_interest": self._rows(self._interest_row),
            f"{v1}historical_funding_rate": self._funding_history,
            "/linear-swap-ex/market/detail/batch_merged": self._tickers,
            "/v2/linear-swap-ex/market/detail/batch_merged": self._tickers,
            f"{v5}funding_rate": self._v5(self._v5_funding),
            f"{v5}funding_rate_history": self._v5_history,
            f"{v5}open_interest": self._v5_interest,
        }

    def reference(self, feed: HtxFeed) -> Reference:
        """Mark and index price, and the rate of funding."""
        return reference_of(feed.book, self._index_books.get(feed.text.symbol))

    def funding_row(self, feed: HtxFeed) -> Row:
        """The rate of funding of now and when it is paid."""
        instrument, next_ms = feed.book.listing.instrument, next_funding_ms(self._server_ms())
        return {
            "estimated_rate": None,
            "funding_rate": self.reference(feed).rate,
            "contract_code": instrument.symbol,
            "symbol": instrument.base,
            "fee_asset": "USDT",
            "funding_time": str(next_ms),
            "next_funding_time": str(next_ms + FUNDING_PERIOD_MS),
            "trade_partition": "USDT",
        }

    def _chosen(self, query: Query) -> list[HtxFeed]:
        wanted = query.get("contract_code")
        if not wanted or wanted == "*":
            return [feed for feed in self._feeds.values() if feed.listed]
        feed = self._feeds.get(wanted.upper())
        if feed is None or not feed.listed:
            raise HtxError(UNKNOWN_CONTRACT, "This contract doesn't exist.")
        return [feed]

    def _rows(self, row: Callable[[HtxFeed], Row]) -> Callable[[Query], str]:
        return lambda query: self._ok([row(feed) for feed in self._chosen(query)])

    def _v5(self, row: Callable[[HtxFeed], Row]) -> Callable[[Query], str]:
        return lambda query: self._ok_v5([row(feed) for feed in self._chosen(query)])

    def _ok(self, data: object) -> str:
        return _encoder.encode({"status": "ok", "data": data, "ts": self._server_ms()}).decode()

    def _ok_v5(self, data: object) -> str:
        answer = {"code": 200, "message": "Success", "data": data, "ts": self._server_ms()}
        return _encoder.encode(answer).decode()

    def _index_row(self, feed: HtxFeed) -> Row:
        instrument = feed.book.listing.instrument
        return {
            "index_price": instrument.price(self.reference(feed).index_ticks),
            "index_ts": self._server_ms(),
            "contract_code": instrument.symbol,
            "trade_partition": "USDT",
        }

    def _limit_row(self, feed: HtxFeed) -> Row:
        instrument = feed.book.listing.instrument
        mark, tick = instrument.price(self.reference(feed).mark_ticks), instrument.price_grid.step
        return {
            "symbol": instrument.base,
            "high_limit": (mark * (1 + BAND)).quantize(tick),
            "low_limit": (mark * (1 - BAND)).quantize(tick),
            "contract_code": instrument.symbol,
            "pair": instrument.symbol,
            "contract_type": "swap",
            "business_type": "swap",
            "trade_partition": "USDT",
        }

    def _interest(self, feed: HtxFeed) -> tuple[int, Decimal, Decimal]:
        """Contracts, coins and value."""
        day, amounts = feed.day(), feed.text.amounts
        coins, value = (Decimal(plain(*pair)) for pair in (amounts.base(day.lots), amounts.quote(day.value)))
        return day.lots, coins, value

    def _interest_row(self, feed: HtxFeed) -> Row:
        instrument, (contracts, coins, value) = feed.book.listing.instrument, self._interest(feed)
        return {
            "volume": contracts,
            "amount": coins,
            "symbol": instrument.base,
            "value": value,
            "contract_code": instrument.symbol,
            "trade_amount": coins,
            "trade_volume": contracts,
            "trade_turnover": value,
            "business_type": "swap",
            "pair": instrument.symbol,
            "contract_type": "swap",
            "trade_partition": "USDT",
        }

    def _funding_history(self, query: Query) -> str:
        (feed,) = self._chosen({"contract_code": query.get("contract_code") or "BTC-USDT"})
        size = number_of(query, "page_size", 20)
        row = {**self.funding_row(feed), "avg_premium_index": "0", "realized_rate": self.reference(feed).rate}
        last_ms = next_funding_ms(self._server_ms()) - FUNDING_PERIOD_MS
        rows = [
            {**row, "funding_time": str(last_ms - back * FUNDING_PERIOD_MS)} for back in range(min(size, 50))
        ]
        return self._ok({"total_page": 1, "current_page": 1, "total_size": len(rows), "data": rows})

    def _tickers(self, query: Query) -> str:
        now_ms = self._server_ms()
        rows = ",".join(self._ticker(feed, now_ms) for feed in self._chosen(query))
        return f'{{"status":"ok","ticks":[{rows}],"ts":{now_ms}}}'

    def _ticker(self, feed: HtxFeed, now_ms: int) -> str:
        bid_ticks, bid_lots, ask_ticks, ask_lots = feed.book.best
        day = feed.text.day(feed.day(), now_ms, feed.book_id)
        return (
            f'{day[:-1]},"bid":[{feed.price(bid_ticks)},{feed.size(bid_lots)}],'
            f'"ask":[{feed.price(ask_ticks)},{feed.size(ask_lots)}],"ts":{now_ms},'
            f'"contract_code":"{feed.text.symbol}","business_type":"swap","trade_partition":"USDT",'
            f'"number_of":{feed.day().lots}}}'
        )

    def _v5_funding(self, feed: HtxFeed) -> Row:
        row = self.funding_row(feed)
        names = ("contract_code", "funding_rate", "funding_time", "next_funding_time")
        limits = {"min_funding_rate": f"-{RATE_MAX}", "max_funding_rate": RATE_MAX}
        return {**{name: row[name] for name in names}, **limits}

    def _v5_history(self, query: Query) -> str:
        (feed,) = self._chosen({"contract_code": query.get("contract_code") or "BTC-USDT"})
        last_ms = next_funding_ms(self._server_ms()) - FUNDING_PERIOD_MS
        rate, code = self.reference(feed).rate, feed.text.symbol
        return self._ok_v5(
            [
                {
                    "id": str(1 + back),
                    "contract_code": code,
                    "funding_rate": rate,
                    "funding_time": str(last_ms - back * FUNDING_PERIOD_MS),
                }
                for back in range(min(number_of(query, "limit", 20), 100))
            ]
        )

    def _v5_interest(self, query: Query) -> str:
        (feed,) = self._chosen({"contract_code": query.get("contract_code") or "BTC-USDT"})
        contracts, coins, value = self._interest(feed)
        traded = {"trade_amount": str(coins), "trade_volume": str(contracts), "trade_turnover": str(value)}
        held = {"amount": str(coins), "volume": str(contracts), "value": str(value)}
        return self._ok_v5({**held, "contract_code": feed.text.symbol, **traded})
