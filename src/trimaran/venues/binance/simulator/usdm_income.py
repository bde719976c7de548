"""What an account of USD-M earned and paid: realised profit, commissions, funding.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History
"""

from __future__ import annotations

from collections import defaultdict, deque
from decimal import Decimal
from typing import Final

import msgspec

from trimaran.domain.instrument import Symbol
from trimaran.venues.binance.simulator.endpoints import Call
from trimaran.venues.binance.simulator.refusals import bad
from trimaran.venues.binance.simulator.usdm_text import money
from trimaran.venues.sim.trading import FundingCharged, SimFill

KINDS: Final = ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "TRANSFER")
KEPT: Final = 10_000


class Income(msgspec.Struct, frozen=True):
    """One entry; what was paid is below nothing."""

    symbol: Symbol
    kind: str
    amount: Decimal
    time_ms: int
    number: int
    trade_id: str
    asset: str = "USDT"


class Incomes:
    """The entries of every account, the oldest forgotten."""

    def __init__(self) -> None:
        self._entries: dict[int, deque[Income]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._number = 0

    def fill(self, fill: SimFill, time_ms: int) -> None:
        """A fill paid its commission, and perhaps realised a profit."""
        if fill.realised:
            self._add(
                fill.account_id, fill.symbol, "REALIZED_PNL", fill.realised, time_ms, str(fill.trade_id)
            )
        if fill.fee:
            asset, trade_id = str(fill.fee_asset), str(fill.trade_id)
            self._add(fill.account_id, fill.symbol, "COMMISSION", -fill.fee, time_ms, trade_id, asset)

    def funding(self, charged: FundingCharged, time_ms: int) -> None:
        """A position paid or received funding."""
        self._add(charged.account_id, charged.symbol, "FUNDING_FEE", -charged.amount, time_ms, "")

    def answer(self, call: Call, symbol: Symbol | None) -> str:
        """The entries that a request asks for, oldest first. Raises ApiError."""
        params = call.params
        kind, limit = params.text("incomeType"), params.limit(100, 1_000)
        start_ms, end_ms = params.integer("startTime"), params.integer("endTime", 10**20)
        if kind and kind not in KINDS:
            raise bad(-1130, "Data sent for parameter 'incomeType' is not valid.")
        found = [
            entry
            for entry in self._entries[call.account_id]
            if symbol in (None, entry.symbol)
            and kind in ("", entry.kind)
            and start_ms <= entry.time_ms <= end_ms
        ]
        return msgspec.json.encode(
            [
                {
                    "symbol": entry.symbol,
                    "incomeType": entry.kind,
                    "income": money(entry.amount),
                    "asset": entry.asset,
                    "info": entry.kind,
                    "time": entry.time_ms,
                    "tranId": entry.number,
                    "tradeId": entry.trade_id,
                }
                for entry in (found[:limit] if start_ms else found[-limit:])
            ]
        ).decode()

    def _add(
        self, account_id: int, symbol: Symbol, kind: str, amount: Decimal, time_ms: int, trade_id: str,
        asset: str = "USDT",
    ) -> None:  # fmt: skip
        self._number += 1
        entry = Income(symbol, kind, amount, time_ms, 9_000_000_000 + self._number, trade_id, asset)
        self._entries[account_id].append(entry)
