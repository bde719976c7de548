"""The six simulated markets: fees, how late each sees the price, and how each numbers its books.

Further ones are given to the server (`ServerOptions.further_markets`), and change nothing of these six.

Fees are the conservative base tier of each venue. Lags are those of the efficient price of `price.py`: the
perpetual of the largest venue leads, the other perpetuals and its own spot market follow by tens of
milliseconds, the other spot markets more (lead and lag of futures over spot: Stoll, Whaley 1990, JFQA 25).

    id_stride 0     one counter for all books of the market
    id_jump_max 0   ids of a book are contiguous; otherwise they jump by less than that
"""

from __future__ import annotations

from typing import Final

import msgspec

from trimaran.domain.instrument import Fees, MarketName

MS: Final = 1_000_000


class SimMarket(msgspec.Struct, frozen=True):
    """One market of a simulated venue."""

    name: MarketName
    perpetual: bool
    fees: Fees
    lag_ns: tuple[int, int]  # the lag wanders between these two
    first_id: int
    id_stride: int
    id_jump_max: int
    lists_as: MarketName | None = None  # a further market lists what this one does, in the same spelling

    @property
    def venue(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


def _fees(maker_bps: int, taker_bps: int) -> Fees:
    return Fees(maker_e8=maker_bps * 10_000, taker_e8=taker_bps * 10_000)


BINANCE_SPOT: Final = MarketName("binance.spot")
BINANCE_USDM: Final = MarketName("binance.usdm")
OKX_SPOT: Final = MarketName("okx.spot")
OKX_SWAP: Final = MarketName("okx.swap")
HTX_SPOT: Final = MarketName("htx.spot")
HTX_SWAP: Final = MarketName("htx.swap")

MARKETS: Final = (
    SimMarket(BINANCE_SPOT, False, _fees(10, 10), (30 * MS, 180 * MS), 50_093_000_000, 10**9, 0),
    SimMarket(BINANCE_USDM, True, _fees(2, 5), (0, 0), 5_123_135_000_000, 0, 40),
    SimMarket(OKX_SPOT, False, _fees(8, 10), (60 * MS, 300 * MS), 79_706_000_000, 10**9, 24),
    SimMarket(OKX_SWAP, True, _fees(2, 5), (20 * MS, 120 * MS), 333_794_000_000, 10**9, 24),
    SimMarket(HTX_SPOT, False, _fees(20, 20), (80 * MS, 400 * MS), 129_803_000_000, 10**9, 60),
    SimMarket(HTX_SWAP, True, _fees(2, 5), (30 * MS, 150 * MS), 151_246_700_000, 10**9, 8),
)
WHOLE_LOTS: Final = (HTX_SWAP,)  # lists of these markets name no lot: one contract, whatever happens
VENUES: Final = tuple(dict.fromkeys(market.venue for market in MARKETS))


def markets_of(venues: tuple[str, ...], further: tuple[SimMarket, ...] = ()) -> tuple[SimMarket, ...]:
    """The markets of some venues, in the order of `MARKETS`, then of `further` ones."""
    return tuple(market for market in (*MARKETS, *further) if market.venue in venues)
