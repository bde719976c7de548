"""How the simulated Binance writes: JSON text of every public payload, made with its own hands.

Nothing here is shared with the adapter, so that a mistake in one is not hidden by the same mistake in
the other. Spot writes eight decimals, USD-M the precision of the instrument.
Payloads: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from trimaran.venues.sim.bars import Bar
from trimaran.venues.sim.book import Aggregate, Top
from trimaran.venues.sim.instruments import SimInstrument
from trimaran.venues.sim.markets import BINANCE_SPOT
from trimaran.venues.sim.numerals import Amounts, Numerals, fixed, scaled

INTERVAL_MINUTES: Final = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440,
}  # fmt: skip


class BookText:
    """The payloads of one book."""

    def __init__(self, listing: SimInstrument) -> None:
        instrument = listing.instrument
        self.symbol: str = instrument.symbol
        self.spot = instrument.market == BINANCE_SPOT
        self.shift_ns = 0  # from simulated time to the server's clock
        self.price = Numerals(instrument.price_grid, fixed(listing.price_decimals)).text
        self.size = Numerals(instrument.size_grid, fixed(listing.size_decimals)).text
        self._amounts = Amounts(instrument)
        self._step = instrument.price_grid.step

    def quote(self, ticks_lots: int, decimals: int = 8) -> str:
        """A sum of price times size with so many decimals; what is finer is lost."""
        value, exponent = self._amounts.quote(ticks_lots)
        shift = exponent + decimals
        return scaled(value * 10**shift if shift >= 0 else value // 10**-shift, decimals)

    def exact_price(self, ticks_lots: int, lots: int) -> Decimal:
        """The mean price of so many lots that cost so many ticks times lots."""
        return self._step * ticks_lots / lots

    def venue_ms(self, time_ns: int) -> int:
        """Simulated nanoseconds as milliseconds of the server's clock."""
        return (time_ns + self.shift_ns) // 1_000_000

    def levels(self, levels: Sequence[tuple[int, int]]) -> str:
        """`[["price","size"],...]`."""
        price, size = self.price, self.size
        return "[" + ",".join([f'["{price(ticks)}","{size(lots)}"]' for ticks, lots in levels]) + "]"

    def depth_update(
        self, event_ms: int, time_ms: int, ids: tuple[int, int, int], bids: str, asks: str
    ) -> str:
        """A diff, and on USD-M also a partial book. `ids` are first, last and previous last."""
        first, last, previous = ids
        if self.spot:
            return (
                f'{{"e":"depthUpdate","E":{event_ms},"s":"{self.symbol}","U":{first},"u":{last},'
                f'"b":{bids},"a":{asks}}}'
            )
        return (
            f'{{"e":"depthUpdate","E":{event_ms},"T":{time_ms},"s":"{self.symbol}","U":{first},"u":{last},'
            f'"pu":{previous},"b":{bids},"a":{asks}}}'
        )

    def partial_depth(self, last_id: int, bids: str, asks: str) -> str:
        """A partial book of spot, which names no symbol."""
        assert self.spot
        return f'{{"lastUpdateId":{last_id},"bids":{bids},"asks":{asks}}}'

    def snapshot(self, event_ms: int, time_ms: int, last_id: int, bids: str, asks: str) -> str:
        """The answer to a depth request."""
        times = "" if self.spot else f'"E":{event_ms},"T":{time_ms},'
        return f'{{"lastUpdateId":{last_id},{times}"bids":{bids},"asks":{asks}}}'

    def book_ticker(self, event_ms: int, top: Top) -> str:
        """Best bid and offer as streamed."""
        bid_ticks, bid_lots, ask_ticks, ask_lots = top.best
        sides = (
            f'"s":"{self.symbol}","b":"{self.price(bid_ticks)}","B":"{self.size(bid_lots)}",'
            f'"a":"{self.price(ask_ticks)}","A":"{self.size(ask_lots)}"'
        )
        if self.spot:
            return f'{{"u":{top.update_id},{sides}}}'
        times = f'"E":{event_ms},"T":{self.venue_ms(top.time_ns)}'
        return f'{{"e":"bookTicker","u":{top.update_id},{times},{sides}}}'

    def trade(self, event_ms: int, time_ms: int, side: int, trade_id: int, ticks: int, lots: int) -> str:
        """One execution as streamed; `m` is true when the aggressor sold."""
        tail = '"M":true' if self.spot else '"X":"MARKET"'
        return (
            f'{{"e":"trade","E":{event_ms},"s":"{self.symbol}","t":{trade_id},"p":"{self.price(ticks)}",'
            f'"q":"{self.size(lots)}","T":{time_ms},"m":{_bool(side == 1)},{tail}}}'
        )

    def aggregate(self, event_ms: int, group: Aggregate) -> str:
        """One aggregate trade as streamed."""
        return f'{{"e":"aggTrade","E":{event_ms},"s":"{self.symbol}",{self.aggregate_fields(group)}}}'

    def aggregate_fields(self, group: Aggregate) -> str:
        """The fields that the stream and REST have in common."""
        tail = ',"M":true' if self.spot else ""
        return (
            f'"a":{group.aggregate_id},"p":"{self.price(group.price_ticks)}","q":"{self.size(group.lots)}",'
            f'"f":{group.first_trade_id},"l":{group.last_trade_id},"T":{self.venue_ms(group.time_ns)},'
            f'"m":{_bool(group.side == 1)}{tail}'
        )


def kline_row(text: BookText, bar: Bar, minutes: int) -> str:
    """A bar as REST answers it."""
    price, size = text.price, text.size
    start_ms = bar.start_ns // 1_000_000
    return (
        f'[{start_ms},"{price(bar.open)}","{price(bar.high)}","{price(bar.low)}","{price(bar.close)}",'
        f'"{size(bar.lots)}",{start_ms + minutes * 60_000 - 1},"{text.quote(bar.value)}",{bar.trades},'
        f'"{size(bar.taker_buy_lots)}","{text.quote(bar.taker_buy_value)}","0"]'
    )


def mark_price_update(event_ms: int, symbol: str, mark: str, index: str, rate: str, next_ms: int) -> str:
    """Mark price, index price and funding of a perpetual as streamed."""
    return (
        f'{{"e":"markPriceUpdate","E":{event_ms},"s":"{symbol}","p":"{mark}","ap":"{mark}","i":"{index}",'
        f'"P":"{mark}","r":"{rate}","T":{next_ms}}}'
    )


def server_shutdown(event_ms: int) -> str:
    """Notice that the server will close its connections."""
    return f'{{"e":"serverShutdown","E":{event_ms}}}'


def _bool(value: bool) -> str:
    return "true" if value else "false"
