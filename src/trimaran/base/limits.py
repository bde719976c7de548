"""Every limit of the platform in one place, with the relations between them asserted.

The native core takes its copies from `native/include/trimaran/limits.hpp`; `tests/base/test_limits.py`
proves that both files agree.
"""

from __future__ import annotations

from typing import Final

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024  # one WebSocket message or REST body
EXCHANGE_INFO_BYTES_MAX: Final = 32 * 1024 * 1024  # the list of all instruments of a market; Python only
JSON_DEPTH_MAX: Final = 32  # nesting of a venue frame; real ones use 4
NUMBER_BYTES_MAX: Final = 1_000  # one number; a venue's longest has about 30 digits
LEVELS_PER_SIDE_MAX: Final = 10_000  # one frame; Binance's largest snapshot has 5,000
BOOK_LEVELS_MAX: Final = 20_000  # one side of a book that lives for days
OKX_LEVELS: Final = 400  # a side that OKX maintains in `books`
HTX_LEVELS: Final = 150  # a side that HTX maintains in `mbp.150` and `size_150`
PENDING_DELTAS_MAX: Final = 4_096  # deltas kept while a snapshot is on its way
PENDING_LEVELS_MAX: Final = 262_144  # their levels, together
DUPLICATES_RUN_MAX: Final = 256  # in a row; at one delta in 100 ms, 26 s of nothing new
RECENT_LINKS: Final = 64  # of a stream, remembered to tell a repeat from a gap
LEAP_RUN_MAX: Final = 8  # links in a row on the way of a snapshot that count as repeats: 0.8 s
DEPTH_LAG_NS_MAX: Final = 3_000_000_000  # a ticker ahead of its book for longer: the deltas are not coming
OFFSET_STEP_NS: Final = 1_000_000_000  # so much earlier than ever is a wrong stamp or a clock that was set
OFFSET_STEP_RUN: Final = 16  # events in a row that make it a clock that was set
OFFSET_WINDOW_NS: Final = 120_000_000_000  # the least local - venue time within it counts as no lag
SYMBOL_BYTES_MAX: Final = 32
BOOKS_MAX: Final = 4_096
ENDED_ORDERS_MAX: Final = 20_000  # orders that have ended and are still remembered
GROUP_BOOKS_MAX: Final = 64  # books of one asset that are scanned against each other

PRICE_TICKS_MAX: Final = 2**50  # also in the common units of a scan group
SIZE_LOTS_MAX: Final = 2**62
UPDATE_ID_MAX: Final = 2**62
TIME_MS_MAX: Final = 2**43  # year 2248
E12_MAX: Final = 2**62  # what lives on no grid, in 1e-12: mark prices (4.6 million quote), funding rates
FEE_E8_MAX: Final = 5_000_000  # 5 %
FEE_E8_ONE: Final = 100_000_000
EDGE_E8_MAX: Final = 2**62  # an edge beyond it (a bid 46 thousand million times the ask) is cut to it

assert EXCHANGE_INFO_BYTES_MAX >= FRAME_BYTES_MAX
assert PENDING_LEVELS_MAX >= 2 * LEVELS_PER_SIDE_MAX
assert BOOK_LEVELS_MAX >= LEVELS_PER_SIDE_MAX
# In 128 bits: the scan multiplies a price by (1 +- fee) and compares in 1e-8, the walk adds price * size.
assert PRICE_TICKS_MAX.bit_length() + 2 * (FEE_E8_ONE + FEE_E8_MAX).bit_length() < 127
assert PRICE_TICKS_MAX.bit_length() + SIZE_LOTS_MAX.bit_length() < 127
