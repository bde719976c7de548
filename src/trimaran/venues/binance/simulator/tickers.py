"""Tickers of the simulated Binance: prices of now, and what the last day was like.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints#24hr-ticker-price-change-statistics
The day is that of the minutes that had trades.
"""

from __future__ import annotations

from collections.abc import Callable

from trimaran.venues.binance.simulator.day import day_of
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Weigh
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.params import Params
from trimaran.venues.binance.simulator.periodic import five_minutes
from trimaran.venues.binance.simulator.public import array, feeds_of
from trimaran.venues.binance.simulator.streams import BookFeed


class Tickers:
    """The ticker requests of one market."""

    def __init__(self, accounts: MarketAccounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        spot = self._accounts.spot
        prefix = "/api/v3/" if spot else "/fapi/v1/"
        few: Weigh = _weight(2, 4) if spot else _weight(1, 2)
        book: Weigh = _weight(2, 4) if spot else _weight(2, 5)
        day: Weigh = _day_weight if spot else _weight(1, 40)
        price = self._each(self._price)
        found = [
            Endpoint(
                "GET", prefix + "ticker/bookTicker", self._each(self._book), book, methods=("ticker.book",)
            ),
            Endpoint("GET", prefix + "ticker/price", price, few, methods=("ticker.price",)),
            Endpoint("GET", prefix + "ticker/24hr", self._each(self._day), day, methods=("ticker.24hr",)),
        ]
        if spot:
            average = self._each(self._average)
            return [
                *found,
                Endpoint("GET", prefix + "avgPrice", average, _weight(2, 2), methods=("avgPrice",)),
            ]
        return [*found, Endpoint("GET", "/fapi/v2/ticker/price", price, few)]

    def _each(self, write: Callable[[BookFeed, int], str]) -> Callable[[Call], str]:
        def answer(call: Call) -> str:
            call.params.text("type")
            feeds = feeds_of(self._accounts, call.params)
            if "symbol" in call.params.values:
                return write(feeds[0], call.server_ms)
            return array(write(feed, call.server_ms) for feed in feeds)

        return answer

    def _book(self, feed: BookFeed, now_ms: int) -> str:
        text, (bid_ticks, bid_lots, ask_ticks, ask_lots) = feed.text, feed.book.best
        tail = "" if text.spot else f',"time":{text.venue_ms(feed.book.last_time_ns)}'
        return (
            f'{{"symbol":"{text.symbol}","bidPrice":"{text.price(bid_ticks)}","bidQty":"{text.size(bid_lots)}",'
            f'"askPrice":"{text.price(ask_ticks)}","askQty":"{text.size(ask_lots)}"{tail}}}'
        )

    def _price(self, feed: BookFeed, now_ms: int) -> str:
        text, day = feed.text, day_of(feed.book)
        tail = "" if text.spot else f',"time":{now_ms}'
        return f'{{"symbol":"{text.symbol}","price":"{text.price(day.last)}"{tail}}}'

    def _average(self, feed: BookFeed, now_ms: int) -> str:
        """The volume weighted price of five minutes."""
        price = feed.text.price(five_minutes(feed.book))
        return f'{{"mins":5,"price":"{price}","closeTime":{now_ms}}}'

    def _day(self, feed: BookFeed, now_ms: int) -> str:
        text, book, day = feed.text, feed.book, day_of(feed.book)
        bid_ticks, bid_lots, ask_ticks, ask_lots = book.best
        sides = (
            f'"prevClosePrice":"{text.price(day.open)}","bidPrice":"{text.price(bid_ticks)}",'
            f'"bidQty":"{text.size(bid_lots)}","askPrice":"{text.price(ask_ticks)}","askQty":"{text.size(ask_lots)}",'
            if text.spot
            else ""
        )
        return (
            f'{{"symbol":"{text.symbol}","priceChange":"{day.change(text)}",'
            f'"priceChangePercent":"{day.percent}","weightedAvgPrice":"{text.price(day.average)}",'
            f'"lastPrice":"{text.price(day.last)}","lastQty":"{text.size(day.last_lots)}",{sides}'
            f'"openPrice":"{text.price(day.open)}","highPrice":"{text.price(day.high)}",'
            f'"lowPrice":"{text.price(day.low)}","volume":"{text.size(day.lots)}",'
            f'"quoteVolume":"{text.quote(day.value)}","openTime":{now_ms - 86_400_000},"closeTime":{now_ms},'
            f'"firstId":{day.first_id},"lastId":{day.last_id},"count":{day.trades}}}'
        )


def _weight(one: int, all_of_them: int) -> Weigh:
    return lambda params: one if "symbol" in params.values else all_of_them


def _day_weight(params: Params) -> int:
    if "symbol" in params.values:
        return 2
    count = params.values.get("symbols", "").count(",") + 1
    return 80 if "symbols" not in params.values or count > 100 else 2 if count <= 20 else 40
