"""What the simulated OKX tells of a position beyond what the exchange keeps: its beginning, fees, funding.

A position begins when the first lot is opened after none, or on the other side; fees and funding count from
then.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trimaran.domain.instrument import Symbol
from trimaran.venues.sim.markets import OKX_SWAP
from trimaran.venues.sim.trading import BUY, ExchangeEvent, FundingCharged, OrderHappened, SimFill

NOTHING: Final = Decimal(0)


class Entry:
    """One position. Fees and funding are below zero when they were paid."""

    __slots__ = ("fees", "funding", "lots", "opened_ns", "trade_id")

    def __init__(self) -> None:
        self.lots = 0
        self.opened_ns = 0
        self.trade_id = 0
        self.fees = self.funding = NOTHING


class PositionDiary:
    """Entries by account and instrument, written from the events of the exchange."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, Symbol], Entry] = {}

    def entry(self, account_id: int, symbol: Symbol) -> Entry:
        """The entry of a position; an empty one where there never was any."""
        return self._entries.get((account_id, symbol)) or Entry()

    def happened(self, event: ExchangeEvent) -> None:
        """Writes down fills of swaps and payments of funding."""
        if isinstance(event, OrderHappened):
            if event.fill is not None and event.fill.market == OKX_SWAP:
                self._filled(event.fill)
        elif isinstance(event, FundingCharged):
            self._entry(event.account_id, event.symbol).funding -= event.amount

    def _filled(self, fill: SimFill) -> None:
        entry = self._entry(fill.account_id, fill.symbol)
        before, entry.lots = entry.lots, entry.lots + (fill.lots if fill.side == BUY else -fill.lots)
        if before == 0 or before * entry.lots < 0:
            entry.opened_ns, entry.fees, entry.funding = fill.time_ns, NOTHING, NOTHING
        entry.fees -= fill.fee
        entry.trade_id = fill.trade_id

    def _entry(self, account_id: int, symbol: Symbol) -> Entry:
        return self._entries.setdefault((account_id, symbol), Entry())
