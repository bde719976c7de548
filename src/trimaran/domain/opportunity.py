"""An arbitrage opportunity between two markets: what it is worth now, after taker fees, at its best size."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trimaran.domain.instrument import InstrumentKey


class Pair(msgspec.Struct, frozen=True):
    """Where to buy and where to sell one asset."""

    buy: InstrumentKey
    sell: InstrumentKey

    def __str__(self) -> str:
        return f"{self.buy}>{self.sell}"


class Opportunity(msgspec.Struct, frozen=True):
    """Depth-walked: `size` is the largest whole order size at which the last unit still pays."""

    pair: Pair
    edge_e8: int  # at the top, net of both taker fees, in 1e-8 of the ask
    size: Decimal  # base asset
    buy_lots: int
    sell_lots: int
    buy_limit_ticks: int  # the worst ask that the size reaches
    sell_limit_ticks: int  # the worst bid that the size reaches
    cost: Decimal  # quote paid for `size`, before fees
    proceeds: Decimal  # quote received for `size`, before fees
    fees: Decimal  # both taker fees, in quote
    buy_age_ns: int  # since the buying market's quote was last heard
    sell_age_ns: int
    local_ns: int

    @property
    def net(self) -> Decimal:
        """Profit in quote asset, after fees."""
        return self.proceeds - self.cost - self.fees

    @property
    def age_ns(self) -> int:
        """Age of the older of both quotes."""
        return max(self.buy_age_ns, self.sell_age_ns)
