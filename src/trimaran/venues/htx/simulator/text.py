"""How the simulated HTX writes: JSON text of every public payload, made with its own hands.

Market data are JSON numbers. Spot writes them as Java prints a double (8.0E-5, 38.0), swaps write whole
contracts and plain prices. `amount` is base asset and `vol` turnover on spot, contracts on swaps.
Payloads: https://www.htx.com/en-us/opend/newApiPages/ (spot and USDT-margined contracts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from trimaran.venues.sim.bars import Bar
from trimaran.venues.sim.book import Best, Fill, Top
from trimaran.venues.sim.compress import gzip_member
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.matching import LevelView
from trimaran.venues.sim.numerals import Amounts, Numerals, java, plain

DIRECTIONS: Final = ("buy", "sell")
SWAP_TRADE_ID: Final = 10**18  # more than a double holds exactly


class HtxText(Protocol):
    """The payloads of one book of either market. Functions answer what stands in `tick`."""

    symbol: str
    amounts: Amounts

    def price(self, ticks: int) -> str:
        """A price."""

    def size(self, lots: int) -> str:
        """A size."""

    def levels(self, levels: Sequence[LevelView]) -> str:
        """`[[price,size],...]`."""

    def bbo(self, top: Top, time_ms: int, topic: str) -> str:
        """Best bid and offer."""

    def trade_rows(self, fill: Fill, time_ms: int) -> list[str]:
        """What one aggressive order traded, one text per execution."""

    def trades(self, fill: Fill, time_ms: int) -> str:
        """The same as it stands in `tick`."""

    def depth(self, bids: str, asks: str, time_ms: int, book_id: int, topic: str) -> str:
        """A snapshot of the channel `depth.step0`."""

    def day(self, bar: Bar, time_ms: int, book_id: int) -> str:
        """The last 24 hours."""

    def candle(self, bar: Bar, book_id: int) -> str:
        """One bar."""


class SpotText:
    """Payloads of spot."""

    def __init__(self, listing: SimInstrument, number_ids: bool = False) -> None:
        """`number_ids`: the ids of trades, of 26 digits, are written as numbers."""
        instrument = listing.instrument
        self._quotes = "" if number_ids else '"'
        self.symbol: str = instrument.symbol
        self.amounts = Amounts(instrument)
        self.price = Numerals(instrument.price_grid, java).text
        self.size = Numerals(instrument.size_grid, java).text

    def levels(self, levels: Sequence[LevelView]) -> str:
        """`[[price,size],...]`."""
        return _levels(self, levels)

    def bbo(self, top: Top, time_ms: int, topic: str) -> str:
        """Best bid and offer."""
        bid_ticks, bid_lots, ask_ticks, ask_lots = top.best
        return (
            f'{{"seqId":{top.update_id},"ask":{self.price(ask_ticks)},"askSize":{self.size(ask_lots)},'
            f'"bid":{self.price(bid_ticks)},"bidSize":{self.size(bid_lots)},"quoteTime":{time_ms},'
            f'"symbol":"{self.symbol}"}}'
        )

    def trade_rows(self, fill: Fill, time_ms: int, rest: bool = False) -> list[str]:
        """One element per execution; the id has 26 digits, as text or as a number.

        REST calls the trade id `trade-id` and does not say whether the price was improved for retail
        (`isRpiTrade`).
        """
        trade_id, end = ("trade-id", "") if rest else ("tradeId", ',"isRpiTrade":false')
        direction, quotes = DIRECTIONS[fill.side], self._quotes
        return [
            f'{{"id":{quotes}1925{number:022d}{quotes},"ts":{time_ms},"{trade_id}":{number},"amount":{self.size(lots)},'
            f'"price":{self.price(ticks)},"direction":"{direction}"{end}}}'
            for number, (_, _, ticks, lots) in enumerate(fill.executions, fill.first_trade_id)
        ]

    def trades(self, fill: Fill, time_ms: int, rest: bool = False) -> str:
        """What one aggressive order traded."""
        rows = ",".join(self.trade_rows(fill, time_ms, rest))
        return f'{{"id":{fill.first_trade_id},"ts":{time_ms},"data":[{rows}]}}'

    def depth(self, bids: str, asks: str, time_ms: int, book_id: int, topic: str) -> str:
        """A snapshot of the channel `depth.step0`."""
        return f'{{"bids":{bids},"asks":{asks},"version":{book_id},"ts":{time_ms}}}'

    def day(self, bar: Bar, time_ms: int, book_id: int) -> str:
        """The last 24 hours."""
        return f'{{"id":{book_id},{self._bar(bar)},"version":{book_id}}}'

    def ticker(self, bar: Bar, best: Best, last: LevelView) -> str:
        """The last 24 hours, the top and the last trade, without the braces."""
        bid_ticks, bid_lots, ask_ticks, ask_lots = best
        return (
            f'{self._bar(bar)},"bid":{self.price(bid_ticks)},"bidSize":{self.size(bid_lots)},'
            f'"ask":{self.price(ask_ticks)},"askSize":{self.size(ask_lots)},'
            f'"lastPrice":{self.price(last[0])},"lastSize":{self.size(last[1])}'
        )

    def candle(self, bar: Bar, book_id: int) -> str:
        """One bar, by the second in which it opens."""
        return f'{{"id":{bar.start_ns // 1_000_000_000},{self._bar(bar)}}}'

    def _bar(self, bar: Bar) -> str:
        base, quote = java(*self.amounts.base(bar.lots)), java(*self.amounts.quote(bar.value))
        return f'{_prices(self, bar)},"amount":{base},"vol":{quote},"count":{bar.trades}'


class SwapText:
    """Payloads of USDT linear swaps."""

    def __init__(self, listing: SimInstrument) -> None:
        instrument = listing.instrument
        self.symbol: str = instrument.symbol
        self.amounts = Amounts(instrument)
        self.price = Numerals(instrument.price_grid, plain).text
        self.size = Numerals(instrument.size_grid, plain).text

    def levels(self, levels: Sequence[LevelView]) -> str:
        """`[[price,contracts],...]`."""
        return _levels(self, levels)

    def bbo(self, top: Top, time_ms: int, topic: str) -> str:
        """Best bid and offer; `topic` is what the frame says inside."""
        bid_ticks, bid_lots, ask_ticks, ask_lots = top.best
        return (
            f'{{"mrid":{top.update_id},"id":{time_ms // 1000},'
            f'"bid":[{self.price(bid_ticks)},{self.size(bid_lots)}],'
            f'"ask":[{self.price(ask_ticks)},{self.size(ask_lots)}],"ts":{time_ms},'
            f'"version":{top.update_id},"ch":"{topic}"}}'
        )

    def trade_rows(self, fill: Fill, time_ms: int) -> list[str]:
        """One element per execution, in contracts, coins and USDT."""
        return [
            f'{{"amount":{self.size(lots)},"quantity":{plain(*self.amounts.base(lots))},'
            f'"trade_turnover":{plain(*self.amounts.quote(ticks * lots))},"ts":{time_ms},'
            f'"id":{SWAP_TRADE_ID + number},"price":{self.price(ticks)},'
            f'"direction":"{DIRECTIONS[fill.side]}"}}'
            for number, (_, _, ticks, lots) in enumerate(fill.executions, fill.first_trade_id)
        ]

    def trades(self, fill: Fill, time_ms: int) -> str:
        """What one aggressive order traded."""
        rows = ",".join(self.trade_rows(fill, time_ms))
        return f'{{"id":{SWAP_TRADE_ID + fill.first_trade_id},"ts":{time_ms},"data":[{rows}]}}'

    def depth(self, bids: str, asks: str, time_ms: int, book_id: int, topic: str) -> str:
        """A snapshot of the channel `depth.step0`; `topic` is what the frame says inside."""
        return (
            f'{{"mrid":{book_id},"id":{time_ms // 1000},"bids":{bids},"asks":{asks},"ts":{time_ms},'
            f'"version":{book_id},"ch":"{topic}"}}'
        )

    def day(self, bar: Bar, time_ms: int, book_id: int) -> str:
        """The last 24 hours."""
        return f'{{"id":{time_ms // 1000},"mrid":{book_id},{self._bar(bar)}}}'

    def candle(self, bar: Bar, book_id: int) -> str:
        """One bar, by the second in which it opens."""
        return f'{{"id":{bar.start_ns // 1_000_000_000},"mrid":{book_id},{self._bar(bar)}}}'

    def _bar(self, bar: Bar) -> str:
        base, quote = plain(*self.amounts.base(bar.lots)), plain(*self.amounts.quote(bar.value))
        return (
            f'{_prices(self, bar)},"amount":{base},"vol":{self.size(bar.lots)},'
            f'"trade_turnover":{quote},"count":{bar.trades}'
        )


def _levels(text: HtxText, levels: Sequence[LevelView]) -> str:
    price, size = text.price, text.size
    return "[" + ",".join([f"[{price(ticks)},{size(lots)}]" for ticks, lots in levels]) + "]"


def _prices(text: HtxText, bar: Bar) -> str:
    price = text.price
    return (
        f'"open":{price(bar.open)},"close":{price(bar.close)},"low":{price(bar.low)},"high":{price(bar.high)}'
    )


def frame(topic: str, time_ms: int, tick: str) -> bytes:
    """A push, compressed."""
    return gzip_member(f'{{"ch":"{topic}","ts":{time_ms},"tick":{tick}}}'.encode())
