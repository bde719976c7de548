"""How the simulated OKX writes: JSON text of every public payload, made with its own hands.

Every number is a string without trailing zeros; sizes of swaps are contracts. A level has four strings, the
third is always "0" and the fourth the number of orders. Payloads: https://www.okx.com/docs-v5/en/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trimaran.domain.instrument import ContractKind, Grid
from trimaran.venues.sim.bars import Bar
from trimaran.venues.sim.book import Aggregate, Best, VenueBook
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.numerals import Amounts, Numerals, plain
from trimaran.venues.sim.reference import Reference

SIDES: Final = ("buy", "sell")
BAND_PERCENT: Final = 10  # how far limit prices may be from the middle of the book
ORDERS_MAX: Final = 9  # of one level; the matching engine does not tell, so it is made from the size


class OkxText:
    """The payloads of one book. Functions answer what stands in `data`, without the brackets."""

    def __init__(self, listing: SimInstrument, checksum: int | None = 0) -> None:
        instrument = listing.instrument
        self._checksum = "" if checksum is None else f'"checksum":{checksum},'
        self.symbol: str = instrument.symbol
        self.perpetual = instrument.kind is ContractKind.PERPETUAL
        self.kind = "SWAP" if self.perpetual else "SPOT"
        self.price = Numerals(instrument.price_grid, plain).text
        self.size = Numerals(instrument.size_grid, plain).text
        self.amounts = Amounts(instrument)

    def levels(self, levels: Sequence[tuple[int, int]]) -> str:
        """`[["price","size","0","orders"],...]`."""
        price, size = self.price, self.size
        return (
            "["
            + ",".join(
                [
                    f'["{price(ticks)}","{size(lots)}","0","{1 + lots % ORDERS_MAX if lots else 0}"]'
                    for ticks, lots in levels
                ]
            )
            + "]"
        )

    def sides(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> str:
        """Both sides, asks first."""
        return f'"asks":{self.levels(asks)},"bids":{self.levels(bids)}'

    def top(self, best: Best) -> str:
        """Both sides with one level each."""
        bid_ticks, bid_lots, ask_ticks, ask_lots = best
        return self.sides(
            [(bid_ticks, bid_lots)] if bid_ticks else [], [(ask_ticks, ask_lots)] if ask_ticks else []
        )

    def book(self, sides: str, time_ms: int, previous_id: int, book_id: int) -> str:
        """A snapshot (previous id -1) or an update of the channel `books`. The checksum means nothing."""
        return f'{{{sides},"ts":"{time_ms}",{self._checksum}"prevSeqId":{previous_id},"seqId":{book_id}}}'

    def picture(self, sides: str, time_ms: int, book_id: int) -> str:
        """Channels that repeat whole pictures: `bbo-tbt` and `books5`."""
        return f'{{{sides},"instId":"{self.symbol}","ts":"{time_ms}","seqId":{book_id}}}'

    def trade(self, group: Aggregate, time_ms: int, book_id: int | None) -> str:
        """The trades of one aggressive order at one price; REST has neither count nor sequence."""
        head = (
            f'{{"instId":"{self.symbol}","tradeId":"{group.last_trade_id}",'
            f'"px":"{self.price(group.price_ticks)}","sz":"{self.size(group.lots)}",'
            f'"side":"{SIDES[group.side]}","ts":"{time_ms}"'
        )
        if book_id is None:
            return head + ',"source":"0"}'
        count = group.last_trade_id - group.first_trade_id + 1
        return f'{head},"count":"{count}","source":"0","seqId":{book_id}}}'

    def ticker(self, best: Best, last: tuple[int, int], day: Bar | None, time_ms: int) -> str:
        """The 24 hour ticker; `last` is ticks and lots of the last trade."""
        bid_ticks, bid_lots, ask_ticks, ask_lots = best
        low, opened, high = (day.low, day.open, day.high) if day else (last[0],) * 3
        lots, value = (day.lots, day.value) if day else (0, 0)
        amounts, price, size = self.amounts, self.price, self.size
        turnover = plain(*(amounts.base(lots) if self.perpetual else amounts.quote(value)))
        return (
            f'{{"instType":"{self.kind}","instId":"{self.symbol}","last":"{price(last[0])}",'
            f'"lastSz":"{size(last[1])}","askPx":"{price(ask_ticks)}","askSz":"{size(ask_lots)}",'
            f'"bidPx":"{price(bid_ticks)}","bidSz":"{size(bid_lots)}","open24h":"{price(opened)}",'
            f'"high24h":"{price(high)}","low24h":"{price(low)}","volCcy24h":"{turnover}",'
            f'"vol24h":"{size(lots)}","sodUtc0":"{price(opened)}","sodUtc8":"{price(opened)}",'
            f'"ts":"{time_ms}"}}'
        )

    def candle(self, bar: Bar, confirmed: bool) -> str:
        """One bar: time, open, high, low, close, size, base or quote, quote, whether it is complete."""
        price, amounts = self.price, self.amounts
        quote = plain(*amounts.quote(bar.value))
        middle = plain(*amounts.base(bar.lots)) if self.perpetual else quote
        return (
            f'["{bar.start_ns // 1_000_000}","{price(bar.open)}","{price(bar.high)}","{price(bar.low)}",'
            f'"{price(bar.close)}","{self.size(bar.lots)}","{middle}","{quote}","{int(confirmed)}"]'
        )

    def mark_price(self, now: Reference, time_ms: int) -> str:
        """The mark price."""
        return (
            f'{{"instId":"{self.symbol}","instType":"{self.kind}","markPx":"{self.price(now.mark_ticks)}",'
            f'"ts":"{time_ms}"}}'
        )

    def price_candle(self, bar: Bar, confirmed: bool) -> str:
        """A bar of an index or of the mark price: no volumes."""
        price = self.price
        return (
            f'["{bar.start_ns // 1_000_000}","{price(bar.open)}","{price(bar.high)}","{price(bar.low)}",'
            f'"{price(bar.close)}","{int(confirmed)}"]'
        )

    def index_ticker(self, book: VenueBook, time_ms: int) -> str:
        """The index of a pair, read from its spot book."""
        middle, day = sum(book.best[0::2]) // 2, book.bars.last_day()
        price = self.price
        low, opened, high = (day.low, day.open, day.high) if day else (middle,) * 3
        return (
            f'{{"instId":"{self.symbol}","idxPx":"{price(middle)}","high24h":"{price(high)}",'
            f'"low24h":"{price(low)}","open24h":"{price(opened)}","sodUtc0":"{price(opened)}",'
            f'"sodUtc8":"{price(opened)}","ts":"{time_ms}"}}'
        )

    def open_interest(self, book: VenueBook, time_ms: int) -> str:
        """Open interest, as if a tenth of what was traded within a day were still open."""
        day = book.bars.last_day()
        lots = day.lots // 10 if day else 0
        base = plain(*self.amounts.base(lots))
        usd = plain(*self.amounts.quote(lots * (sum(book.best[0::2]) // 2)))
        return (
            f'{{"instId":"{self.symbol}","instType":"{self.kind}","oi":"{self.size(lots)}","oiCcy":"{base}",'
            f'"oiUsd":"{usd}","ts":"{time_ms}"}}'
        )

    def price_limit(self, book: VenueBook, time_ms: int) -> str:
        """Between which prices limit orders are taken."""
        middle = sum(book.best[0::2]) // 2
        highest, lowest = (middle * (100 + sign * BAND_PERCENT) // 100 for sign in (1, -1))
        return (
            f'{{"buyLmt":"{self.price(highest)}","enabled":true,"instId":"{self.symbol}",'
            f'"instType":"{self.kind}","sellLmt":"{self.price(lowest)}","ts":"{time_ms}"}}'
        )

    def funding(self, now: Reference, next_ms: int, time_ms: int) -> str:
        """The funding rate of the running period; the next one is not known."""
        period_ms = 8 * 3600 * 1000
        return (
            f'{{"formulaType":"noRate","fundingRate":"{now.rate}","fundingTime":"{next_ms}",'
            f'"impactValue":"","instId":"{self.symbol}","instType":"{self.kind}","interestRate":"",'
            f'"maxFundingRate":"0.0075","method":"current_period","minFundingRate":"-0.0075",'
            f'"nextFundingRate":"","nextFundingTime":"{next_ms + period_ms}","premium":"",'
            f'"settFundingRate":"{now.rate}","settState":"settled","ts":"{time_ms}"}}'
        )


def instrument_text(book: VenueBook, code: int, state: str) -> str:
    """One row of the instrument list. What does not apply is an empty string."""
    instrument = book.listing.instrument
    swap = instrument.kind is ContractKind.PERPETUAL
    family = f"{instrument.base}-{instrument.quote}"
    contract, tick, lot = (
        plain(grid.units, grid.exponent)
        for grid in map(Grid.of, (instrument.contract_size, book.tick(), book.lot()))
    )
    kind = (
        f'"instType":"SWAP","baseCcy":"","quoteCcy":"","settleCcy":"{instrument.quote}","ctVal":"{contract}",'
        f'"ctMult":"1","ctValCcy":"{instrument.base}","ctType":"linear","instFamily":"{family}",'
        f'"uly":"{family}","lever":"100"'
        if swap
        else f'"instType":"SPOT","baseCcy":"{instrument.base}","quoteCcy":"{instrument.quote}",'
        f'"settleCcy":"","ctVal":"","ctMult":"","ctValCcy":"","ctType":"","instFamily":"","uly":"","lever":"10"'
    )
    return (
        f'{{{kind},"instId":"{instrument.symbol}","instIdCode":{code},"tickSz":"{tick}","lotSz":"{lot}",'
        f'"minSz":"{book.smallest():f}","maxLmtSz":"100000000","maxMktSz":"1000000","maxLmtAmt":"20000000",'
        f'"maxMktAmt":"1000000","maxStopSz":"1000000","maxTriggerSz":"100000000","maxTwapSz":"100000000","maxIcebergSz":"100000000","state":"{state}","ruleType":"normal","alias":"",'
        f'"category":"1","listTime":"1548133413000","expTime":"","stk":"","optType":"","openType":"",'
        f'"groupId":"1","contTdSwTime":"","upcChg":[],"tradeQuoteCcyList":["{instrument.quote}"]}}'
    )


def push_text(channel: str, symbol: str, data: str, action: str = "") -> str:
    """A push of a channel of one instrument; `data` holds the elements of the array."""
    told = f'"action":"{action}",' if action else ""
    return f'{{"arg":{{"channel":"{channel}","instId":"{symbol}"}},{told}"data":[{data}]}}'


def push(channel: str, symbol: str, data: str, action: str = "") -> bytes:
    """The same as it is sent."""
    return push_text(channel, symbol, data, action).encode()


def envelope(data: str) -> str:
    """An answer of REST."""
    return f'{{"code":"0","msg":"","data":[{data}]}}'


def envelope_of(code: str, text: str, rows: str, began_us: int, ended_us: int) -> str:
    """An answer to an operation on orders, with the times in microseconds between which it was done."""
    return f'{{"code":"{code}","msg":"{text}","data":[{rows}],"inTime":"{began_us}","outTime":"{ended_us}"}}'


def answer_of(
    request_id: str, operation: str, code: str, text: str, rows: str, began_us: int, ended_us: int
) -> str:
    """The same on a WebSocket."""
    return (
        f'{{"id":"{request_id}","op":"{operation}","code":"{code}","msg":"{text}","data":[{rows}],'
        f'"inTime":"{began_us}","outTime":"{ended_us}"}}'
    )
