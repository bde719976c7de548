"""What the rules judge by, kept up to date by records and facts.

It names what the core numbers, and rounds: what an order needs up, what there is down. `record` and `take`
are given everything that a step records and tells, in order; `on_tick` gives marks; `rebuild` gives the
same state anew from what is durable. Rates and repeats go back as far as the durable state remembers orders.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from trimaran.domain.client_id import ATTEMPT_BITS, ClientOrderId
from trimaran.domain.exact import EXACT, ZERO
from trimaran.domain.facts import (
    BalanceChanged,
    Fact,
    FillBooked,
    InstrumentFrozen,
    InstrumentReleased,
    KillChanged,
    MarketReady,
    OrderStateChanged,
    OrderTermsChanged,
    PositionChanged,
)
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import TERMINAL, IntentId, OrderRequest
from trimaran.domain.records import (
    AmendOpened,
    CancelOpened,
    GroupOpened,
    Heard,
    JournalRecord,
    OrderAdopted,
    OrderReissued,
)
from trimaran.risk.amount import RATE_ONE, attos_between, attos_down, attos_up, decimal_of
from trimaran.risk.core import RiskCore
from trimaran.risk.gate import may_rest
from trimaran.risk.image import EquityMark, Marks, RiskImage
from trimaran.risk.limits import LimitsBook
from trimaran.risk.open_entry import OpenEntry, with_terms
from trimaran.risk.registry import NO_WALLETS, Registry, Wallets

DAY_NS: Final = 86_400_000_000_000
IDS_KEPT_NS: Final = 60_000_000_000  # at least so long an intent is remembered
Place = tuple[int, int, tuple[MarketName, ...]]  # wallet and asset as the core knows them, who shares it


class RiskState:
    """See the module. `exposure_of` says the net exposure to an asset, as the ledger has it."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        book: LimitsBook,
        make_core: Callable[[], RiskCore],
        exposure_of: Callable[[Asset], Decimal],
        wallets: Wallets = NO_WALLETS,
    ) -> None:
        """Raises ConfigError when something that is traded has no limits."""
        self._make_core = make_core
        self.exposure_of = exposure_of
        self.instruments = tuple(instruments)
        self.book = book
        self._wallets = wallets  # markets that share one with a market, by market
        self._begin()

    def _begin(self) -> None:
        self.core = self._make_core()
        self.names = Registry(self.core, self.instruments, self.book, self._wallets)
        self._takes_risk = self.core.takes_risk()
        self._ready: dict[int, bool] = {}  # what the core was told last, by account
        self._places: dict[tuple[MarketName, Asset], Place] = {}
        self._balances: dict[tuple[MarketName, Asset], Decimal] = {}
        self.open_orders: dict[ClientOrderId, OpenEntry] = {}
        self.intents: dict[IntentId, int] = {}
        self._made: deque[tuple[int, IntentId, ClientOrderId]] = deque()
        self._traded: dict[tuple[int, int], int] = {}
        self.stale: set[Asset] = {instrument.base for instrument in self.instruments}
        self._days: dict[KillScope, int] = {}  # UTC days of the newest marks

    def set_limits(self, book: LimitsBook) -> None:
        """Puts other limits in force, as a whole."""
        self.names.set_limits(book)
        self.book = book

    def record(self, record: JournalRecord) -> None:
        """A record is in force."""
        if type(record) is Heard:
            return  # its facts say what it did
        if type(record) is GroupOpened:
            for order in record.orders:
                self.open(order)
        elif type(record) is OrderReissued:
            self._end(record.replaces)
            self.open(record.order)
        elif type(record) is OrderAdopted:
            self.open(record.order)
        elif type(record) is AmendOpened:
            self._message(record.order.client_order_id, record.local_ns)
        elif type(record) is CancelOpened:
            self._message(record.client_order_id, record.local_ns)

    def open(self, order: OrderRequest) -> None:
        """An approved order was recorded: from now on it counts."""
        instrument = self.names.instrument(order.instrument_key)
        if instrument < 0:
            return  # of an instrument that this desk does not trade any more
        known = OpenEntry(order, instrument, self.names.strategy(order.strategy))
        client_order_id = order.client_order_id
        self.open_orders[client_order_id] = known
        self.count(known)
        self._remember(order, known)
        self.core.count_order(
            instrument,
            known.strategy,
            client_order_id,
            order.side,
            order.price_ticks,
            order.lots,
            order.created_ns,
        )

    def take(self, *facts: Fact) -> None:
        """Something has happened."""
        for fact in facts:
            taken = _TAKE.get(type(fact))
            if taken is not None:
                taken(self, fact)

    def set_takes_risk(self, takes_risk: bool) -> None:
        """Whether the journal has room for intents."""
        if takes_risk is not self._takes_risk:
            self._takes_risk = takes_risk
            self.core.set_takes_risk(takes_risk)

    def set_ready(self, market: MarketName, ready: bool) -> None:
        """Whether an account is reconciled."""
        account = self.names.account(market)
        if account >= 0 and self._ready.get(account) is not ready:
            self._ready[account] = ready
            self.core.set_ready(account, ready)

    def set_frozen(self, key: InstrumentKey, frozen: bool) -> None:
        """Whether nothing may be sent there until somebody has looked into it."""
        instrument = self.names.instrument(key)
        if instrument >= 0:
            self.core.set_frozen(instrument, frozen)

    def on_tick(self, now_ns: int, marks: Marks) -> None:
        """Values of now: what has no number now is not known from now on."""
        for key, (bid_ticks, ask_ticks) in marks.tops.items():
            instrument = self.names.instrument(key)
            if instrument >= 0 and 0 < bid_ticks < ask_ticks:
                self.core.set_mark(instrument, bid_ticks, ask_ticks)
        for asset, rate in marks.rates.items():
            index = self.names.asset(asset)
            if index >= 0 and asset != self.book.quote:
                known = rate.is_finite() and rate > 0
                self.core.set_rate(index, min(attos_up(rate * RATE_ONE) // 10**18 + 1, 2**62) if known else 0)
        for scope, equity in marks.equities.items():
            where = self.names.scope(scope)
            if where is None:
                continue
            if equity is None or not equity.is_finite():
                self.core.clear_equity(*where)
            else:
                self.core.set_equity(*where, attos_down(equity), now_ns // DAY_NS)
                self._days[scope] = max(now_ns // DAY_NS, self._days.get(scope, 0))

    def equity_marks(self) -> Mapping[KillScope, EquityMark]:
        """What the next process must know. Of a scope whose equity is not known now, the last that was."""
        marks: dict[KillScope, EquityMark] = {}
        for scope, day in self._days.items():
            where = self.names.scope(scope)
            if where is not None:
                _, equity, start, peak = self.core.equity(*where)
                marks[scope] = EquityMark(day, decimal_of(start), decimal_of(peak), decimal_of(equity))
        return marks

    def restore_equities(self, marks: Mapping[KillScope, EquityMark]) -> None:
        """What an earlier process knew, so that a restart forgives no loss; nothing is known of now."""
        for scope, mark in marks.items():
            where = self.names.scope(scope)
            if where is not None:
                self.core.restore_equity(*where, mark.day, attos_up(mark.day_start), attos_up(mark.peak))
                self.core.set_equity(*where, attos_down(mark.equity), mark.day)
                self.core.clear_equity(*where)
                self._days[scope] = mark.day

    def rebuild(self, image: RiskImage) -> None:
        """Forgets everything but the limits, and begins with what is durable."""
        self._begin()
        for scope, state in image.kills.items():
            self._switch(scope, state)
        for market in image.ready:
            self.set_ready(market, True)
        for key in image.frozen:
            self.set_frozen(key, True)
        self.set_takes_risk(image.takes_risk)
        for (market, asset), amount in image.balances.items():
            self._wallet(market, asset, amount)
        for key, (lots, cost) in image.positions.items():
            self._position(key, lots, cost)
        for (strategy, key), lots in image.traded.items():
            self._trade(self.names.strategy(strategy), self.names.instrument(key), lots)
        still = {each.order.client_order_id: each for each in image.open_orders}
        orders = {each.order.client_order_id: each.order for each in image.open_orders}
        orders |= {order.client_order_id: order for order in image.recent}
        sent = [(order.created_ns, order, True) for order in orders.values()]
        sent += [(local_ns, order, False) for local_ns, order in image.messages]
        for local_ns, order, is_order in sorted(sent, key=lambda each: each[0]):
            if is_order:
                self.open(order)
                if order.client_order_id not in still:
                    self._end(order.client_order_id)
            else:
                self._count_message(order, local_ns)
        self.restore_equities(image.equities)
        for client_order_id, each in still.items():
            asked = (0, 0) if each.asked is None else (each.asked.price_ticks, each.asked.lots)
            self._terms(client_order_id, each.order.price_ticks, each.order.lots, asked, each.filled_lots)

    def count(self, known: OpenEntry) -> None:
        """Makes an open order count, with what may still fill of it."""
        order = known.order
        self.core.open(
            known.instrument,
            known.strategy,
            order.client_order_id,
            order.side,
            order.price_ticks,
            max(order.lots - known.filled_lots, 0),
            may_rest(order),
            order.reduce_only,
            False,
        )
        if known.asked[1]:
            price_ticks, lots = known.asked
            self.core.amend(order.client_order_id, price_ticks, max(lots - known.filled_lots, 0))

    def _remember(self, order: OrderRequest, known: OpenEntry) -> None:
        self.intents[order.intent_id] = order.client_order_id >> ATTEMPT_BITS
        self._made.append((order.created_ns, order.intent_id, order.client_order_id))
        before_ns = order.created_ns - max(IDS_KEPT_NS, self.names.memory_ns)
        if self._made[0][0] >= before_ns:
            return
        self.core.forget(before_ns)
        while self._made[0][0] < before_ns:
            _, intent_id, client_order_id = self._made.popleft()
            if client_order_id in self.open_orders:
                self._made.append((order.created_ns, intent_id, client_order_id))
            elif self.intents.get(intent_id) == client_order_id >> ATTEMPT_BITS:
                del self.intents[intent_id]

    def _message(self, client_order_id: ClientOrderId, local_ns: int) -> None:
        known = self.open_orders.get(client_order_id)
        if known is not None:
            self.core.count_message(known.instrument, known.strategy, local_ns)

    def _count_message(self, order: OrderRequest, local_ns: int) -> None:
        instrument = self.names.instrument(order.instrument_key)
        if instrument >= 0:
            self.core.count_message(instrument, self.names.strategy(order.strategy), local_ns)

    def _end(self, client_order_id: ClientOrderId) -> None:
        if self.open_orders.pop(client_order_id, None) is not None:
            self.core.end(client_order_id)

    def _state(self, fact: OrderStateChanged) -> None:
        if fact.after in TERMINAL:
            self._end(fact.client_order_id)
            return
        known = self.open_orders.get(fact.client_order_id)
        if known is not None and fact.filled_lots != known.filled_lots:
            more = fact.filled_lots - known.filled_lots
            known.filled_lots = fact.filled_lots
            self.core.fill(fact.client_order_id, more)

    def _terms_changed(self, fact: OrderTermsChanged) -> None:
        asked = (fact.asked_price_ticks, fact.asked_lots) if fact.asked_price_ticks else (0, 0)
        self._terms(fact.client_order_id, fact.price_ticks, fact.lots, asked, fact.filled_lots)

    def _terms(
        self, client_order_id: ClientOrderId, price: int, lots: int, asked: tuple[int, int], filled: int
    ) -> None:
        known = self.open_orders.get(client_order_id)
        if known is None:
            return
        known.order = with_terms(known.order, price, lots)
        known.asked, known.filled_lots = asked, filled
        self.core.settle(client_order_id, price, max(lots - filled, 0))
        if asked[1]:
            self.core.amend(client_order_id, asked[0], max(asked[1] - filled, 0))

    def _fill(self, fact: FillBooked) -> None:
        fill = fact.fill
        instrument = self.names.instrument(fill.instrument_key)
        if instrument < 0:
            return
        if self.core.mark(instrument) == (0, 0):
            self.core.set_mark(instrument, fill.price_ticks, fill.price_ticks)
        if fact.strategy is not None:
            strategy = self.names.strategy(fact.strategy)
            lots = self._traded.get((strategy, instrument), 0) + fill.side.sign * fill.lots
            self._trade(strategy, instrument, lots)

    def _trade(self, strategy: int, instrument: int, lots: int) -> None:
        if instrument >= 0:
            self._traded[strategy, instrument] = lots
            self.core.set_strategy_lots(strategy, instrument, lots)

    def _balance(self, fact: BalanceChanged) -> None:
        self._wallet(fact.market, fact.asset, fact.after)

    def _wallet(self, market: MarketName, asset: Asset, amount: Decimal) -> None:
        holding = market, asset
        place = self._places.get(holding)
        if place is None:
            place = self._places[holding] = self._place(market, asset)
        wallet, index, sharing = place
        if index < 0:
            return
        self.stale.add(asset)
        if len(sharing) > 1:
            self._balances[holding] = amount
            amount = ZERO
            for each in sharing:
                amount = EXACT.add(amount, self._balances.get((each, asset), ZERO))
        if sharing:
            self.core.set_wallet(wallet, index, attos_down(amount))

    def _place(self, market: MarketName, asset: Asset) -> Place:
        sharing = self.names.sharing(market)
        return self.names.wallet(market) if sharing else -1, self.names.asset(asset), sharing

    def _moved(self, fact: PositionChanged) -> None:
        self._position(fact.instrument_key, fact.after_lots, fact.after_cost)

    def _position(self, key: InstrumentKey, lots: int, cost: Decimal) -> None:
        instrument = self.names.instrument(key)
        if instrument >= 0:
            self.stale.add(self.instruments[instrument].base)
            self.core.set_position(instrument, lots, *attos_between(cost))

    def _kill(self, fact: KillChanged) -> None:
        self._switch(fact.scope, fact.after)

    def _switch(self, scope: KillScope, state: int) -> None:
        where = self.names.scope(scope)
        if where is not None:
            self.core.set_kill(*where, state)

    def _freeze(self, fact: InstrumentFrozen) -> None:
        self.set_frozen(fact.instrument_key, True)

    def _release(self, fact: InstrumentReleased) -> None:
        self.set_frozen(fact.instrument_key, False)

    def _readiness(self, fact: MarketReady) -> None:
        self.set_ready(fact.market, fact.ready)


_TAKE: Final[Mapping[type, Callable[[RiskState, Any], None]]] = {
    OrderStateChanged: RiskState._state,
    OrderTermsChanged: RiskState._terms_changed,
    FillBooked: RiskState._fill,
    BalanceChanged: RiskState._balance,
    PositionChanged: RiskState._moved,
    KillChanged: RiskState._kill,
    InstrumentFrozen: RiskState._freeze,
    InstrumentReleased: RiskState._release,
    MarketReady: RiskState._readiness,
}
