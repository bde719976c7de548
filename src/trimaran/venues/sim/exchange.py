"""One simulated venue's accounts over its books: the `Exchange` of `exchange_port.py`.

Account books of its own (never those of the desk), whole numbers throughout, time as an argument. The parts:
`accounts.py` (keys, what is remembered), `order_desk.py` (the life of orders), `settlement.py` (fills become
money), `wallets.py` and `positions.py` (what is owned and bound). See `docs/simulator.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trimaran.domain.instrument import Asset, Instrument, MarketName, Symbol
from trimaran.venues.sim.accounts import Account, Accounts, OrderShelf, order_refusal
from trimaran.venues.sim.amendments import amend
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.clearing import Clearing
from trimaran.venues.sim.demo import demo_account, demo_balances
from trimaran.venues.sim.exchange_port import DEMO_ACCOUNT_ID
from trimaran.venues.sim.filters import TRIGGERED, numbers_of
from trimaran.venues.sim.funding import Funding
from trimaran.venues.sim.gate import MarketGate
from trimaran.venues.sim.liquidation import Liquidation
from trimaran.venues.sim.matching import Execution
from trimaran.venues.sim.order_desk import OrderDesk
from trimaran.venues.sim.positions import LEVERAGE_MAX
from trimaran.venues.sim.settlement import Settlement
from trimaran.venues.sim.tradable import Books, Tradable, index_book
from trimaran.venues.sim.trading import (
    ApiKey,
    BalanceCause,
    EndReason,
    ExchangeEvent,
    Listener,
    MarginView,
    OrderSpec,
    Refusal,
    SimBalance,
    SimFill,
    SimOrder,
    SimPosition,
    VenueRules,
    Why,
)
from trimaran.venues.sim.triggers import Triggers
from trimaran.venues.sim.units import units_of
from trimaran.venues.sim.venue_rules import RULES

Balances = Mapping[MarketName, Mapping[Asset, Decimal]]


class SimExchange:
    """See `exchange_port.Exchange`, which it implements."""

    def __init__(
        self,
        books: Books,
        rules: VenueRules,
        gates: Mapping[MarketName, MarketGate],
        demo_keys: Sequence[ApiKey],
        demo_balances: Balances,
    ) -> None:
        self.rules = rules
        self._listeners: list[Listener] = []
        self._gates = gates
        self.telling = False
        self._now_ns = 0
        self._tradables = {key: Tradable(book, index_book(books, book)) for key, book in books.items()}
        self._by_book = {tradable.book: tradable for tradable in self._tradables.values()}
        self.markets = tuple(dict.fromkeys(market for market, _ in books))
        self.accounts = Accounts(self.markets, rules.one_wallet)
        self.settlement = Settlement(rules.fee_quantum, self._emit, Clearing(gates))
        self.funding = Funding(self.accounts, self.settlement, self._emit)
        self._desk = OrderDesk(self.accounts, rules, gates, self.settlement, self._emit)
        self._triggers = Triggers(self._desk)
        self._liquidation = Liquidation(self._desk)
        self._dead_men: dict[tuple[int, MarketName, Symbol | None], int] = {}
        for book in books.values():
            book.watcher = self
        self._demo_key = demo_keys[0]
        self._open(DEMO_ACCOUNT_ID, demo_keys, demo_balances)

    def listen(self, listener: Listener) -> None:
        """Every event from now on goes to the listener."""
        self._listeners.append(listener)

    # keys and accounts

    def key(self, key: str) -> ApiKey | None:
        """The key of that name."""
        return self.accounts.key(key)

    def add_account(self, keys: Sequence[ApiKey], balances: dict[MarketName, dict[Asset, Decimal]]) -> int:
        """Opens an account; its id. The keys say an id that is not taken."""
        account_id = keys[0].account_id if keys else max(self.accounts.by_id) + 1
        self._open(account_id, keys, balances)
        return account_id

    def demo_key(self) -> ApiKey:
        """READ and TRADE of the demo account."""
        return self._demo_key

    def deposit(
        self, account_id: int, market: MarketName, asset: Asset, amount: Decimal, now_ns: int
    ) -> None:
        """Credits a wallet, or debits it below zero."""
        account = self.accounts.by_id[account_id]
        account.wallets[market].add(asset, units_of(amount))
        tradable = next(each for each in self._tradables.values() if each.market == market)
        self.settlement.touch(account, tradable, BalanceCause.TRANSFER, (asset,), change=units_of(amount))
        self.settlement.flush(self._at(now_ns))

    def orders_placed(self) -> int:
        """Orders that were accepted or refused by the engine since the start."""
        return self._desk.orders_made()

    # orders

    def place(self, account_id: int, spec: OrderSpec, now_ns: int) -> SimOrder | Refusal:
        """Checks filters, id, funds, margin; locks; matches."""
        now_ns = self._at(now_ns)
        tradable = self._tradables.get((spec.market, spec.symbol))
        if tradable is None or not tradable.listed:
            return Refusal(Why.NO_SUCH_INSTRUMENT)
        if not tradable.book.rules.trading:
            return Refusal(Why.HALTED)
        if self._gates[spec.market].rejects():
            return Refusal(Why.ENGINE_REFUSED)
        account = self.accounts.by_id[account_id]
        numbers = self._desk.check(account, tradable, spec, now_ns)
        if isinstance(numbers, Refusal):
            return numbers
        if spec.type in TRIGGERED:
            return self._triggers.wait(account, tradable, spec, numbers, now_ns)
        order = self._desk.new(account, spec, numbers, now_ns)
        refusal = self._desk.work(account, tradable, order, now_ns, new=True)
        if refusal is not None:
            return refusal
        self._desk.conclude(now_ns)
        return order

    def unfit(self, spec: OrderSpec) -> Refusal | None:
        """What the filters of the instrument have against an order."""
        tradable = self._tradables.get((spec.market, spec.symbol))
        found = (
            Refusal(Why.NO_SUCH_INSTRUMENT) if tradable is None else numbers_of(tradable, spec, self.rules)
        )
        return found if isinstance(found, Refusal) else None

    def cancel(self, account_id: int, order: SimOrder, now_ns: int) -> SimOrder | Refusal:
        """Cancels an open order."""
        now_ns = self._at(now_ns)
        refusal = order_refusal(account_id, order)
        if refusal is not None:
            return refusal
        self._desk.cancel(self._tradables[order.market, order.symbol], order, EndReason.BY_USER, now_ns)
        self.settlement.flush(now_ns)
        return order

    def cancel_all(
        self, account_id: int, market: MarketName, symbol: Symbol | None, now_ns: int
    ) -> list[SimOrder]:
        """Cancels every open order, waiting ones included."""
        return self._cancel_all(account_id, market, symbol, EndReason.BY_USER, self._at(now_ns))

    def amend(
        self, account_id: int, order: SimOrder, price: Decimal | None, size: Decimal | None, now_ns: int
    ) -> SimOrder | Refusal:
        """Changes price and total size."""
        now_ns = self._at(now_ns)
        refusal = order_refusal(account_id, order)
        if refusal is not None:
            return refusal
        account, tradable = self.accounts.by_id[account_id], self._tradables[order.market, order.symbol]
        if not tradable.book.rules.trading:
            return Refusal(Why.HALTED, "", order)
        return amend(self._desk, account, tradable, order, price, size, now_ns)

    def rename(self, order: SimOrder, client_id: str) -> Refusal | None:
        """Gives an order another client id."""
        shelf = self._shelf(order.account_id, order.market)
        holder = shelf.by_client.get(client_id)
        if holder is not None and holder is not order and holder.status.open:
            return Refusal(Why.DUPLICATE_ID, "", holder)
        shelf.rename(order, client_id)
        return None

    def order_by_id(self, account_id: int, market: MarketName, order_id: int) -> SimOrder | None:
        """An order, open or ended."""
        return self._visible(self._shelf(account_id, market).by_id.get(order_id))

    def order_by_client_id(self, account_id: int, market: MarketName, client_id: str) -> SimOrder | None:
        """The newest order with that id."""
        return self._visible(self._shelf(account_id, market).by_client.get(client_id))

    def open_orders(
        self, account_id: int, market: MarketName, symbol: Symbol | None = None
    ) -> list[SimOrder]:
        """Open orders, oldest first."""
        return self._chosen(self._shelf(account_id, market).open.values(), symbol)

    def ended_orders(
        self, account_id: int, market: MarketName, symbol: Symbol | None = None
    ) -> list[SimOrder]:
        """Ended orders, oldest first."""
        return self._chosen(self._shelf(account_id, market).ended, symbol)

    def fills(self, account_id: int, market: MarketName, symbol: Symbol | None = None) -> list[SimFill]:
        """Fills, oldest first."""
        fills = self._shelf(account_id, market).fills
        return [fill for fill in fills if symbol is None or fill.symbol == symbol]

    # money

    def balances(
        self, account_id: int, market: MarketName, assets: Sequence[Asset] | None = None
    ) -> list[SimBalance]:
        """Every asset of the wallet that serves the market, or some of them."""
        return self.accounts.by_id[account_id].wallets[market].balances(assets)

    def positions(self, account_id: int, market: MarketName) -> list[SimPosition]:
        """Open positions, and closed ones whose instrument was traded."""
        wallet = self.accounts.by_id[account_id].wallets[market]
        return [
            position.view(wallet.secured(position))
            for tradable, position in wallet.positions.items()
            if tradable.market == market and position.traded
        ]

    def margin(self, account_id: int, market: MarketName) -> MarginView:
        """The wallet as margin."""
        return self.accounts.by_id[account_id].wallets[market].margin_view()

    def leverage(self, account_id: int, market: MarketName, symbol: Symbol) -> tuple[int, bool]:
        """Leverage, and whether the margin mode is isolated."""
        tradable = self._tradables[market, symbol]
        position = self.accounts.by_id[account_id].wallets[market].position(tradable)
        return position.leverage, position.isolated

    def set_leverage(
        self, account_id: int, market: MarketName, symbol: Symbol, leverage: int, now_ns: int
    ) -> Refusal | None:
        """1..125; a lower one needs the margin that it asks for."""
        tradable = self._tradables.get((market, symbol))
        if tradable is None or not tradable.perpetual:
            return Refusal(Why.NO_SUCH_INSTRUMENT)
        if not 1 <= leverage <= LEVERAGE_MAX:
            return Refusal(Why.LEVERAGE_RANGE, str(LEVERAGE_MAX))
        account = self.accounts.by_id[account_id]
        wallet = account.wallets[market]
        position = wallet.position(tradable)
        before, position.leverage = position.leverage, leverage
        if leverage < before and wallet.margin_available() < 0:
            position.leverage = before
            return Refusal(Why.NO_MARGIN)
        self._settings_changed(account, tradable, now_ns)
        return None

    def set_isolated(
        self, account_id: int, market: MarketName, symbol: Symbol, isolated: bool, now_ns: int
    ) -> Refusal | None:
        """NOTHING_TO_CHANGE when it is so; HAS_POSITION while a position or an order is open."""
        tradable = self._tradables.get((market, symbol))
        if tradable is None or not tradable.perpetual:
            return Refusal(Why.NO_SUCH_INSTRUMENT)
        account = self.accounts.by_id[account_id]
        position = account.wallets[market].position(tradable)
        if position.isolated == isolated:
            return Refusal(Why.NOTHING_TO_CHANGE)
        if position.lots or account.shelves[market].open_counts.get(symbol, 0):
            return Refusal(Why.HAS_POSITION)
        position.isolated = isolated
        self._settings_changed(account, tradable, now_ns)
        return None

    # time

    def arm_dead_man(self, account_id: int, market: MarketName, symbol: Symbol | None, fires_ns: int) -> None:
        """At `fires_ns` all open orders (of the instrument) are cancelled; 0 disarms."""
        self._dead_men.pop((account_id, market, symbol), None)
        if fires_ns:
            self._dead_men[account_id, market, symbol] = fires_ns

    def turn(self, now_ns: int) -> None:
        """Triggers, dead-man switches, funding, liquidation: all that time brings."""
        now_ns = self._at(now_ns)
        for tradable in self._tradables.values():
            if tradable.waiting and tradable.book.rules.trading:
                self._triggers.turn(tradable, now_ns)
        for switch, fires_ns in list(self._dead_men.items()):
            if fires_ns <= now_ns:
                del self._dead_men[switch]
                self._cancel_all(*switch, EndReason.DEAD_MAN, now_ns)
        if self.funding.turn(self._tradables.values(), now_ns):
            self.settlement.flush(now_ns)
        self._liquidation.turn(now_ns)
        self.settlement.clear(now_ns)
        self._desk.conclude(now_ns)

    def fund(self, now_ns: int) -> None:
        """Charges funding now, out of turn."""
        now_ns = self._at(now_ns)
        self.funding.charge(self._tradables.values(), now_ns)
        self.settlement.flush(now_ns)

    def delist(self, market: MarketName, symbol: Symbol, now_ns: int) -> None:
        """An instrument disappears: its orders end, new ones are refused."""
        tradable, now_ns = self._tradables[market, symbol], self._at(now_ns)
        tradable.listed = False
        for account_id in self.accounts.by_id:
            self._cancel_all(account_id, market, symbol, EndReason.DELISTED, now_ns)

    def met(self, book: VenueBook, now_ns: int, first_trade_id: int, executions: list[Execution]) -> None:
        """The crowd has traded; see `book.Watcher`."""
        tradable = self._by_book[book]
        if tradable.resting:
            self._desk.met(tradable, self._at(now_ns), first_trade_id, executions)

    # references

    def instrument(self, market: MarketName, symbol: Symbol) -> Instrument:
        """An instrument, listed or not."""
        return self._tradables[market, symbol].book.listing.instrument

    def book(self, market: MarketName, symbol: Symbol) -> VenueBook | None:
        """The book of an instrument that is listed."""
        tradable = self._tradables.get((market, symbol))
        return tradable.book if tradable is not None and tradable.listed else None

    def mark_price(self, market: MarketName, symbol: Symbol) -> Decimal:
        """What margin and triggers go by."""
        tradable = self._tradables[market, symbol]
        return tradable.book.listing.instrument.price(tradable.mark_ticks())

    def _open(self, account_id: int, keys: Sequence[ApiKey], balances: Balances) -> None:
        account = self.accounts.open(account_id, keys)
        for market, amounts in balances.items():
            for asset, amount in amounts.items():
                account.wallets[market].add(asset, units_of(amount))

    def _cancel_all(
        self, account_id: int, market: MarketName, symbol: Symbol | None, reason: EndReason, now_ns: int
    ) -> list[SimOrder]:
        orders = [
            order
            for order in self._shelf(account_id, market).open.values()
            if symbol is None or order.symbol == symbol
        ]
        for order in orders:
            self._desk.cancel(self._tradables[market, order.symbol], order, reason, now_ns)
        self.settlement.flush(now_ns)
        return orders

    def _settings_changed(self, account: Account, tradable: Tradable, now_ns: int) -> None:
        self.settlement.touch(account, tradable, BalanceCause.SETTINGS, (tradable.quote,), tradable.symbol)
        self.settlement.flush(self._at(now_ns))

    def _shelf(self, account_id: int, market: MarketName) -> OrderShelf:
        return self.accounts.by_id[account_id].shelves[market]

    def _visible(self, order: SimOrder | None) -> SimOrder | None:
        return None if order is None or order.visible_from_ns > self._now_ns else order

    def _chosen(self, orders: Iterable[SimOrder], symbol: Symbol | None) -> list[SimOrder]:
        now_ns = self._now_ns
        return [
            order
            for order in orders
            if (symbol is None or order.symbol == symbol) and order.visible_from_ns <= now_ns
        ]

    def _at(self, now_ns: int) -> int:
        """Time of the venue; it never goes back."""
        self._now_ns = max(self._now_ns, now_ns)
        return self._now_ns

    def _emit(self, event: ExchangeEvent) -> None:
        self.telling = True
        try:
            for listener in self._listeners:
                listener(event)
        finally:
            self.telling = False


def make_exchange(
    venue: str,
    books: Books,
    gates: Mapping[MarketName, MarketGate],
    seed: int,
    rules: VenueRules | None = None,
) -> SimExchange:
    """The exchange of a venue with its demo account; `books` and `gates` are those of its markets."""
    rules = rules or RULES[venue]
    balances = demo_balances(books, rules.one_wallet)
    return SimExchange(books, rules, gates, demo_account(venue, seed).keys, balances)
