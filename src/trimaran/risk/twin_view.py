"""The plain core of risk, as the rules read it; `core.py` says what each method means."""

from __future__ import annotations

from collections import defaultdict

from trimaran.domain.client_id import ATTEMPT_BITS
from trimaran.risk.amount import Total
from trimaran.risk.ask import WHOLE_MAX
from trimaran.risk.memory import Memory, Rate, Wish
from trimaran.risk.sums import Cell, Holding, OpenTerms, Place, ScopeState
from trimaran.risk.tables import INSTRUMENT, STRATEGY, Scope, Tables

ATTEMPTS = 1 << ATTEMPT_BITS


class TwinView(Tables):
    """State, without what changes it."""

    def __init__(self) -> None:
        super().__init__()
        self._states: tuple[list[ScopeState], ...] = ([ScopeState()], [], [], [])
        self._places: list[Place] = []
        self._cells: dict[tuple[int, int], Cell] = defaultdict(Cell)
        self._holdings: dict[tuple[int, int], Holding] = defaultdict(Holding)
        self._exposures: list[tuple[int, int]] = []
        self._open_base: list[tuple[Total, Total]] = []
        self._rates: list[int] = []
        self._ready: list[bool] = []
        self._takes_risk = True
        self._orders: dict[int, OpenTerms] = {}
        self._tentative: list[int] = []
        self._memory = Memory()

    def kill(self, kind: int, index: int) -> int:
        return self._states[kind][index].kill

    def ready(self, account: int) -> bool:
        return self._ready[account]

    def takes_risk(self) -> bool:
        return self._takes_risk

    def frozen(self, instrument: int) -> bool:
        return self._places[instrument].frozen

    def position(self, instrument: int) -> int:
        return self._places[instrument].position

    def open_lots(self, instrument: int, side: int) -> int:
        return self._places[instrument].open[side]

    def strategy_lots(self, strategy: int, instrument: int) -> int:
        return self._cells[strategy, instrument].lots

    def strategy_open(self, strategy: int, instrument: int, side: int) -> int:
        return self._cells[strategy, instrument].open[side]

    def open_count(self, kind: int, index: int) -> int:
        return self._places[index].count if kind == INSTRUMENT else self._states[kind][index].count

    def nth_order_ns(self, kind: int, index: int, count: int) -> int:
        rate = self._places[index].rate if kind == INSTRUMENT else self._states[kind][index].orders
        return self._nth(rate, kind, index, count)

    def nth_message_ns(self, kind: int, index: int, count: int) -> int:
        return self._nth(self._states[kind][index].messages, kind, index, count)

    def sequence_open(self, sequence: int) -> bool:
        first = sequence << ATTEMPT_BITS
        return any(first + attempt in self._orders for attempt in range(ATTEMPTS))

    def last_attempt(self, sequence: int) -> int:
        return self._memory.last_attempt(sequence)

    def wish_ns(
        self, instrument: int, strategy: int, side: int, price_ticks: int, lots: int, sequence: int
    ) -> int:
        wish: Wish = (instrument, strategy, side, price_ticks, lots)
        for client_order_id in self._tentative:
            order = self._orders[client_order_id]
            there = (order.instrument, order.strategy, order.side, *order.terms[0])
            if there == wish and client_order_id >> ATTEMPT_BITS != sequence:
                return WHOLE_MAX
        return self._memory.wish_ns(wish, sequence)

    def crossing(self, instrument: int, side: int, price_ticks: int) -> int:
        met = [
            price
            for order in self._orders.values()
            if order.instrument == instrument and order.side != side and order.rests
            for price, lots in order.terms
            if lots and (price <= price_ticks if side == 0 else price >= price_ticks)
        ]
        if not met:
            return 0
        return min(met) if side == 0 else max(met)

    def exposure(self, asset: int, side: int) -> int:
        low, high = self._exposures[asset]
        return high if side == 0 else -low

    def open_base(self, asset: int, side: int) -> int:
        return self._open_base[asset][side].value

    def mark(self, instrument: int) -> tuple[int, int]:
        return self._places[instrument].mark

    def rate(self, asset: int) -> int:
        return self._rates[asset]

    def exposure_beside(self, kind: int, index: int, instrument: int, strategy: int) -> int:
        own = (
            self._cells[strategy, instrument].valued if kind == STRATEGY else self._places[instrument].valued
        )
        return self._states[kind][index].exposure.without(own)

    def equity(self, kind: int, index: int) -> tuple[bool, int, int, int]:
        state = self._states[kind][index]
        return state.known, state.equity, state.day_start, state.peak

    def wallet(self, account: int, asset: int) -> int:
        return self._holdings[account, asset].wallet

    def taken(self, account: int, asset: int) -> tuple[int, int, int]:
        holding = self._holdings[account, asset]
        return holding.needed.value, holding.held.value, holding.lost.value

    def gross_beside(self, account: int, asset: int, instrument: int) -> int:
        return self._holdings[account, asset].gross.without(self._places[instrument].value)

    def _nth(self, rate: Rate, kind: int, index: int, count: int) -> int:
        """Tentative orders are the latest: they are made now."""
        now = 0
        for client_order_id in self._tentative:
            order = self._orders[client_order_id]
            scopes: tuple[Scope, ...] = self.scopes_of(order.instrument, order.strategy)
            now += (kind, index) in (*scopes, (INSTRUMENT, order.instrument))
        return WHOLE_MAX if 0 < count <= now else rate.nth(count - now)
