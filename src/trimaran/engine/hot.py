"""The port of the hot state: native (`trimaran.native._hot.Hot`) or its twin (`hot_twin.TwinHot`).

Hot holds every book of the desk. One call takes one frame: decode, sequence, apply, scan. It answers what
changed (`trimaran.domain.answer`), and only a change worth waking for runs the stages behind it. Hot is
rebuilt from the venues after a restart; it is never journalled.
"""

from __future__ import annotations

from typing import Protocol

from trimaran.base.json_value import Buffer
from trimaran.domain.market import Level


class HotFeed(Protocol):
    """What events push into the hot state."""

    def on_frame(self, market: int, payload: Buffer, local_ns: int, /) -> int:
        """Takes one WebSocket message; the packed answer. The payload is not kept."""

    def on_snapshot(self, book: int, payload: Buffer, local_ns: int, /) -> int:
        """Takes a REST depth answer for one book; the packed answer."""

    def mark_up(self, market: int, /) -> None:
        """The market's connection is up."""

    def mark_down(self, market: int, /) -> int:
        """The connection of all books of a market is lost; flags."""

    def mark_book_down(self, book: int, /) -> int:
        """The connection of one book is lost; flags."""


class HotSetup(Protocol):
    """How the hot state is built, once, at the start."""

    def add_market(self, dialect: int, /) -> int:
        """A market that speaks a dialect; its index."""

    def add_instrument(  # one flat row of integers, as it crosses the border of the native core
        self,
        market: int,
        symbol: str,
        price_units: int,
        price_exponent: int,
        size_units: int,
        size_exponent: int,
        base_units: int,
        base_exponent: int,
        order_step: int,
        group: int,
        taker_fee_e8: int,
    ) -> int:
        """A book; its index. Raises ValueError on anything out of range.

        The price and size grids are those of the frames; `base_*` is one lot in base asset, which differs
        where sizes are contracts. `order_step` is in lots.
        """

    def set_threshold(self, edge_e8: int, /) -> None:
        """Net edge in 1e-8 from which a pair wakes the caller."""


class HotViews(Protocol):
    """What the stages read of one book."""

    def status(self, book: int, /) -> int:
        """Its `BookStatus`."""

    def top(self, book: int, /) -> tuple[int, int, int, int, int, int, int]:
        """(bid_ticks, bid_lots, ask_ticks, ask_lots, last_id, venue_ns, quote_ns); zeros unless live.

        `quote_ns` is the local time at which it was true: when it was heard, less the delay on the way.
        """

    def ladder(self, book: int, side: int, count: int, /) -> list[Level]:
        """What a taker meets on side 0 (bids) or 1 (asks); empty unless live."""

    def counters(self, book: int, /) -> tuple[int, int, int, int, int, int]:
        """(deltas, duplicates, gaps, crossings, snapshots, overflows)."""


class HotScan(Protocol):
    """What the stages read of the scan."""

    def edges(self, book: int, /) -> list[tuple[int, int, int]]:
        """Pairs of the book's group above the threshold: (buy_book, sell_book, edge_e8)."""

    def edge(self, buy: int, sell: int, /) -> int | None:
        """Net edge at the top in 1e-8, None while a side is unknown."""

    def walk(self, buy: int, sell: int, size_cap: int, /) -> tuple[int, int, int, int, int]:
        """(size, cost, proceeds, worst_ask_ticks, worst_bid_ticks) in common units, before fees."""

    def best(
        self, book: int, size_cap: int, since_ns: int, /
    ) -> tuple[int, int, int, int, int, int, int, int]:
        """(buy_book, sell_book, edge_e8, size, cost, proceeds, worst_ask_ticks, worst_bid_ticks).

        Of all pairs of the book's group the one that gains most, net of taker fees and walked up to
        `size_cap` common units; where none gains the one that lacks least, size 0. Books whose quotes are
        older than `since_ns` do not count. `NO_BOOK`: no pair.
        """

    def units(self, book: int, /) -> tuple[int, int, int, int]:
        """(price_exponent, size_exponent) of the group, (price_factor, size_factor) of the book."""


class Hot(HotFeed, HotSetup, HotViews, HotScan, Protocol):
    """All of it."""

    def frames(self, market: int, /) -> int:
        """Frames taken."""

    def faults(self, market: int, /) -> list[int]:
        """Refused frames by DecodeKind; index 0 is unused."""

    def book_top(self, book: int, /) -> tuple[int, int, int, int]:
        """Best levels of the sequenced book alone, whatever its status."""

    def ticker(self, book: int, /) -> tuple[int, int, int, int, int, int, int]:
        """(id, bid_ticks, bid_lots, ask_ticks, ask_lots, venue_ns, local_ns); id -1: none yet."""

    def last_trade(self, book: int, /) -> tuple[int, int, int, bool, int, int]:
        """(id, price_ticks, size_lots, aggressor_sold, venue_ns, local_ns)."""

    def reference(self, book: int, /) -> tuple[int, int, int, int, int, int, int]:
        """(mark_e12, mark_ns, funding_e12, funding_ms, funding_ns, last_ticks, stats_ns); time 0: untold.

        Mark price in 1e-12 of the quote asset, funding rate in 1e-12 and when it is settled; `_ns` are the
        venue's times.
        """

    def last_id(self, book: int, /) -> int:
        """Update id of the sequenced book."""

    def depth(self, book: int, side: int, count: int, /) -> list[Level]:
        """Best levels of the sequenced book alone."""

    def state_hash(self, book: int, /) -> int:
        """Hash of the sequenced book; equal in both twins."""
