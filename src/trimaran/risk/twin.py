"""The plain core of risk: the same state as the native one, and the rules of `rules/` asked one by one.

Every sum is kept as terms that can be taken out again exactly, so that what was added by one update is
removed by the next, and a core that is built anew from the same state is equal. The law of the sums:

    open lots       by instrument and side, and by strategy there
    value           of an instrument: the larger of both ways its position could go with its open orders, in
                    lots, at the offer; the sum over instruments is the exposure of a scope
    need            of an open order, in the asset that it takes: spot purchases quote with fee, spot sales
                    base, perpetuals margin with fee, nothing when they only reduce
    held, lost      of a perpetual position: its cost over the leverage; its cost less its value, if positive
"""

from __future__ import annotations

from trimaran.risk.amount import (
    EXPOSURE_MAX,
    INFINITE,
    RATE_ONE,
    TERM_MAX,
    WALLET_MAX,
    Total,
    clamp,
    scaled_down,
    scaled_up,
)
from trimaran.risk.ask import NONSENSE, Ask, whole
from trimaran.risk.rules.catalogue import RULES
from trimaran.risk.sums import (
    OpenTerms,
    Place,
    ScopeState,
    base_of,
    need_of,
    notional_of,
    value_of,
    worst_lots,
)
from trimaran.risk.tables import ACCOUNT, STRATEGY, VENUE, Terms
from trimaran.risk.twin_view import TwinView


class TwinCore(TwinView):
    """See the module, and `core.py` for what each method means."""

    def add_venue(self) -> int:
        self._states[VENUE].append(ScopeState())
        return super().add_venue()

    def add_account(self, venue: int) -> int:
        self._states[ACCOUNT].append(ScopeState())
        self._ready.append(False)
        return super().add_account(venue)

    def add_strategy(self) -> int:
        self._states[STRATEGY].append(ScopeState())
        return super().add_strategy()

    def add_asset(self) -> int:
        self._exposures.append((0, 0))
        self._open_base.append((Total(), Total()))
        self._rates.append(0)
        return super().add_asset()

    def add_instrument(self, *terms: int) -> int:
        self._places.append(Place())
        return super().add_instrument(*terms)

    def limit_instrument(self, instrument: int, *bounds: int) -> None:
        mine = [order for order in self._orders.values() if order.instrument == instrument]
        for order in mine:
            self._add(order, -1)
        super().limit_instrument(instrument, *bounds)
        for order in mine:
            self._add(order, 1)
        self._revalue(instrument)
        self._places[instrument].rate.resize(self.bounds[instrument].rate_orders_max)

    def limit_scope(self, kind: int, index: int, *bounds: int) -> None:
        super().limit_scope(kind, index, *bounds)
        state, limits = self._states[kind][index], self.scopes[kind][index]
        state.orders.resize(max(limits.rate_orders_max, 0))
        state.messages.resize(max(limits.messages_max, 0))

    def set_kill(self, kind: int, index: int, state: int) -> None:
        self._states[kind][index].kill = state

    def set_ready(self, account: int, ready: bool) -> None:
        self._ready[account] = ready

    def set_takes_risk(self, takes_risk: bool) -> None:
        self._takes_risk = takes_risk

    def set_frozen(self, instrument: int, frozen: bool) -> None:
        self._places[instrument].frozen = frozen

    def set_wallet(self, account: int, asset: int, amount: int) -> None:
        self._holdings[account, asset].wallet = clamp(amount, WALLET_MAX)

    def set_exposure(self, asset: int, low: int, high: int) -> None:
        self._exposures[asset] = (clamp(low, EXPOSURE_MAX), clamp(high, EXPOSURE_MAX))

    def set_position(self, instrument: int, lots: int, cost_low: int, cost_high: int) -> None:
        place = self._places[instrument]
        place.position = whole(lots)
        place.cost = (clamp(cost_low, EXPOSURE_MAX), clamp(cost_high, EXPOSURE_MAX))
        self._revalue(instrument)

    def set_mark(self, instrument: int, bid_ticks: int, ask_ticks: int) -> None:
        mark = (bid_ticks, ask_ticks)
        if self._places[instrument].mark != mark:
            self._places[instrument].mark = mark
            self._revalue(instrument)
            self._revalue_cells(instrument)

    def set_rate(self, asset: int, rate_e9: int) -> None:
        if self._rates[asset] == rate_e9:
            return
        self._rates[asset] = rate_e9
        for instrument, terms in enumerate(self.terms):
            if terms.quote == asset:
                self._revalue(instrument)
                self._revalue_cells(instrument)

    def set_strategy_lots(self, strategy: int, instrument: int, lots: int) -> None:
        self._cells[strategy, instrument].lots = whole(lots)
        self._revalue_cell(strategy, instrument)

    def set_equity(self, kind: int, index: int, equity: int, day: int) -> None:
        state, mark = self._states[kind][index], clamp(equity, EXPOSURE_MAX)
        first = state.day == NONSENSE
        if first or day > state.day:
            state.day_start = mark if first else state.equity
            state.day = day
        state.peak = mark if first else max(state.peak, mark)
        state.equity, state.known = mark, True

    def clear_equity(self, kind: int, index: int) -> None:
        self._states[kind][index].known = False

    def restore_equity(self, kind: int, index: int, day: int, day_start: int, peak: int) -> None:
        state = self._states[kind][index]
        state.day, state.known = day, False
        state.day_start = state.equity = clamp(day_start, EXPOSURE_MAX)
        state.peak = clamp(peak, EXPOSURE_MAX)

    def open(
        self,
        instrument: int,
        strategy: int,
        client_order_id: int,
        side: int,
        price_ticks: int,
        lots: int,
        rests: bool,
        reduce_only: bool,
        tentative: bool,
    ) -> None:
        self.end(client_order_id)
        terms = [(max(whole(price_ticks), 0), max(whole(lots), 0))]
        order = OpenTerms(instrument, strategy, side, terms, rests, reduce_only)
        self._orders[client_order_id] = order
        if tentative:
            self._tentative.append(client_order_id)
        self._count(order, 1)
        self._add(order, 1)

    def amend(self, client_order_id: int, price_ticks: int, lots: int) -> None:
        order = self._orders.get(client_order_id)
        if order is not None:
            self._change(order, [order.terms[0], (max(whole(price_ticks), 0), max(whole(lots), 0))])

    def settle(self, client_order_id: int, price_ticks: int, lots: int) -> None:
        order = self._orders.get(client_order_id)
        if order is not None:
            self._change(order, [(max(whole(price_ticks), 0), max(whole(lots), 0))])

    def fill(self, client_order_id: int, lots: int) -> None:
        order = self._orders.get(client_order_id)
        if order is not None:
            self._change(order, [(price, max(left - max(whole(lots), 0), 0)) for price, left in order.terms])

    def end(self, client_order_id: int) -> None:
        order = self._orders.pop(client_order_id, None)
        if order is not None:
            self._add(order, -1)
            self._count(order, -1)
            if client_order_id in self._tentative:
                self._tentative.remove(client_order_id)

    def lift(self, client_order_id: int) -> None:
        order = self._orders.get(client_order_id)
        if order is not None:
            self._add(order, -1)

    def lower(self, client_order_id: int) -> None:
        order = self._orders.get(client_order_id)
        if order is not None:
            self._add(order, 1)

    def release(self) -> None:
        while self._tentative:
            self.end(self._tentative[-1])

    def count_order(
        self,
        instrument: int,
        strategy: int,
        client_order_id: int,
        side: int,
        price_ticks: int,
        lots: int,
        created_ns: int,
    ) -> None:
        self._places[instrument].rate.add(created_ns)
        for kind, index in self.scopes_of(instrument, strategy):
            self._states[kind][index].orders.add(created_ns)
            self._states[kind][index].messages.add(created_ns)
        self._memory.add(client_order_id, (instrument, strategy, side, price_ticks, lots), created_ns)

    def count_message(self, instrument: int, strategy: int, local_ns: int) -> None:
        for kind, index in self.scopes_of(instrument, strategy):
            self._states[kind][index].messages.add(local_ns)

    def forget(self, before_ns: int) -> None:
        self._memory.forget(before_ns)

    def judge(self, *ask: int) -> int:
        case = Ask(*map(whole, ask))
        for number, rule in enumerate(RULES, start=1):
            if rule.check(case, self, self) is not None:
                return number
        return 0

    # The sums.

    def _count(self, order: OpenTerms, by: int) -> None:
        self._places[order.instrument].count += by
        for kind, index in self.scopes_of(order.instrument, order.strategy):
            self._states[kind][index].count += by

    def _change(self, order: OpenTerms, terms: list[tuple[int, int]]) -> None:
        self._add(order, -1)
        order.terms = terms
        self._add(order, 1)

    def _add(self, order: OpenTerms, by: int) -> None:
        terms = self.terms[order.instrument]
        lots, side = order.lots, order.side
        self._places[order.instrument].open[side] += by * lots
        self._cells[order.strategy, order.instrument].open[side] += by * lots
        leverage = self.bounds[order.instrument].leverage_max
        needs = [
            need_of(terms, leverage, side, order.reduce_only, left, price) for price, left in order.terms
        ]
        asset, need = max(needs)
        needed, base = self._holdings[terms.wallet, asset].needed, self._open_base[terms.base][side]
        if by > 0:
            needed.add(need)
            base.add(base_of(terms, lots))
        else:
            needed.take(need)
            base.take(base_of(terms, lots))
        self._revalue(order.instrument)
        self._revalue_cell(order.strategy, order.instrument)

    def _revalue(self, instrument: int) -> None:
        place, terms = self._places[instrument], self.terms[instrument]
        holding = self._holdings[terms.wallet, terms.quote]
        before = (place.value, place.valued, place.held, place.lost)
        place.value = value_of(terms, worst_lots(place.position, *place.open), place.mark[1])
        place.valued = self._valued(terms.quote, place.value)
        place.held, place.lost = self._margin(place, terms, self.bounds[instrument].leverage_max)
        if before == (place.value, place.valued, place.held, place.lost):
            return
        for kind, index in self.scopes_of(instrument, 0)[:3]:
            exposure = self._states[kind][index].exposure
            exposure.take(before[1])
            exposure.add(place.valued)
        if terms.perpetual:
            pairs = zip((holding.gross, holding.held, holding.lost), (0, 2, 3), strict=True)
            for (total, at), after in zip(pairs, (place.value, place.held, place.lost), strict=True):
                total.take(before[at])
                total.add(after)

    def _margin(self, place: Place, terms: Terms, leverage: int) -> tuple[int, int]:
        """(held, lost) of a perpetual position."""
        if not terms.perpetual or not place.position:
            return 0, 0
        low, high = place.cost
        held = scaled_up(max(abs(low), abs(high)), 1, leverage)
        bid, ask = place.mark
        if bid <= 0 or ask <= 0:
            return held, INFINITE
        lots = abs(place.position)
        if place.position < 0:
            return held, max(min(notional_of(terms, lots, ask) + high, INFINITE), 0)
        worth = scaled_down(lots * bid, terms.value_numerator, terms.value_denominator)
        return held, max(high - min(worth, TERM_MAX), 0)

    def _revalue_cells(self, instrument: int) -> None:
        for strategy in range(len(self._states[STRATEGY])):
            if (strategy, instrument) in self._cells:
                self._revalue_cell(strategy, instrument)

    def _revalue_cell(self, strategy: int, instrument: int) -> None:
        cell, terms = self._cells[strategy, instrument], self.terms[instrument]
        before = cell.valued
        value = value_of(terms, worst_lots(cell.lots, *cell.open), self._places[instrument].mark[1])
        cell.valued = self._valued(terms.quote, value)
        exposure = self._states[STRATEGY][strategy].exposure
        exposure.take(before)
        exposure.add(cell.valued)

    def _valued(self, asset: int, value: int) -> int:
        if not value:
            return 0
        return scaled_up(value, self._rates[asset], RATE_ONE) if self._rates[asset] > 0 else INFINITE
