"""
Native kernels of the desk: decode, books, sequencing, scan. Twins: trimaran.engine.hot_twin and below.
"""

from collections.abc import Sequence


def allocations() -> int:
    """Allocations made by this module since it was loaded."""

def steps_of(text: str, units: int, exponent: int, maximum: int) -> tuple[int, int]:
    """Decimal text on a grid, exactly: (fault, steps)."""

def e12_of(text: str) -> tuple[int, int]:
    """Signed decimal text in 1e-12, towards zero: (fault, value)."""

class Book:
    def __init__(self) -> None: ...

    def apply(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> None: ...

    def load(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> None: ...

    def trim(self, count: int) -> None:
        """Forgets the worst levels of each side beyond count."""

    def clear(self) -> None: ...

    def crossed(self) -> bool: ...

    def depth(self, side: int, count: int) -> list[tuple[int, int]]: ...

    def state_hash(self) -> int: ...

class FrameDecoder:
    def __init__(self, dialect: int) -> None: ...

    def add_symbol(self, symbol: str, price_units: int, price_exponent: int, size_units: int, size_exponent: int) -> int: ...

    def frame(self, payload: bytes | bytearray | memoryview) -> tuple[int, int, int, bool, int, int, int, int, list[tuple[int, int]], list[tuple[int, int]], tuple[int, int, int, int], bool, tuple[int, int]]: ...

    def snapshot(self, payload: bytes | bytearray | memoryview, book: int) -> tuple[int, int, int, bool, int, int, int, int, list[tuple[int, int]], list[tuple[int, int]], tuple[int, int, int, int], bool, tuple[int, int]]: ...

class Hot:
    def __init__(self) -> None: ...

    def add_market(self, dialect: int) -> int:
        """
        Adds a market that speaks a dialect of trimaran.domain.dialect; returns its index.
        """

    def add_instrument(self, market: int, symbol: str, price_units: int, price_exponent: int, size_units: int, size_exponent: int, base_units: int, base_exponent: int, order_step: int, group: int, taker_fee_e8: int) -> int:
        """
        Adds a book: grids of its frames, one lot in base asset, orders in multiples of order_step. Returns its index.
        """

    def on_frame(self, market: int, payload: bytes | bytearray | memoryview, local_ns: int) -> int:
        """
        Takes one WebSocket message; returns the packed answer of trimaran.domain.answer.
        """

    def on_snapshot(self, book: int, payload: bytes | bytearray | memoryview, local_ns: int) -> int:
        """Takes a REST depth answer for one book."""

    def mark_up(self, market: int) -> None: ...

    def mark_down(self, market: int) -> int:
        """The connection of all books of a market is lost; returns flags."""

    def mark_book_down(self, book: int) -> int:
        """The connection of one book is lost; returns flags."""

    def set_threshold(self, edge_e8: int) -> None:
        """Net edge, in 1e-8, from which a pair wakes the caller."""

    def find(self, market: int, symbol: str) -> int:
        """Index of a book, or 65535."""

    def status(self, book: int) -> int: ...

    def last_id(self, book: int) -> int: ...

    def top(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        """
        Effective best (bid_ticks, bid_lots, ask_ticks, ask_lots, last_id, venue_ns, quote_ns); zeros unless live.
        """

    def book_top(self, book: int) -> tuple[int, int, int, int]:
        """Best levels of the sequenced book alone, whatever its status."""

    def ticker(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        """
        (id, bid_ticks, bid_lots, ask_ticks, ask_lots, venue_ns, local_ns); id -1: none yet.
        """

    def last_trade(self, book: int) -> tuple[int, int, int, bool, int, int]:
        """
        (id, price_ticks, size_lots, aggressor_sold, venue_ns, local_ns); id -1: none yet.
        """

    def reference(self, book: int) -> tuple[int, int, int, int, int, int, int]:
        """
        (mark_e12, mark_ns, funding_e12, funding_ms, funding_ns, last_ticks, stats_ns); a time of 0: not told yet.
        """

    def depth(self, book: int, side: int, count: int) -> list[tuple[int, int]]:
        """Best levels of side 0 (bids) or 1 (asks)."""

    def ladder(self, book: int, side: int, count: int) -> list[tuple[int, int]]:
        """
        As depth, corrected by a newer ticker: what a taker meets now. Empty unless live.
        """

    def state_hash(self, book: int) -> int: ...

    def counters(self, book: int) -> tuple[int, int, int, int, int, int]:
        """(deltas, duplicates, gaps, crossings, snapshots, overflows)"""

    def frames(self, market: int) -> int: ...

    def faults(self, market: int) -> list[int]:
        """Refused frames by DecodeKind; index 0 is unused."""

    def edge(self, buy: int, sell: int) -> int | None:
        """
        Net edge at the top, in 1e-8 of the ask, or None while a side is unknown.
        """

    def edges(self, book: int) -> list[tuple[int, int, int]]:
        """
        Pairs of the book's group above the threshold: (buy_book, sell_book, edge_e8).
        """

    def walk(self, buy: int, sell: int, size_cap: int) -> tuple[int, int, int, int, int]:
        """
        (size, cost, proceeds, worst_ask_ticks, worst_bid_ticks) in the group's common units, before fees.
        """

    def best(self, book: int, size_cap: int, since_ns: int) -> tuple[int, int, int, int, int, int, int, int]:
        """
        The pair of the book's group that gains most, net and walked, or else lacks least, of quotes since since_ns: (buy_book, sell_book, edge_e8, size, cost, proceeds, worst_ask_ticks, worst_bid_ticks); 65535: no pair.
        """

    def units(self, book: int) -> tuple[int, int, int, int]:
        """
        (price_exponent, size_exponent) of the group and the book's (price_factor, size_factor).
        """
