"""The life of orders on a simulated venue: from the numbers of a new one to its end.

    place     filters -> client id -> money -> engine -> settlement -> events
    the crowd meets an order of an account -> `met` -> settlement -> events

Money is checked before the engine is asked and locked for what rests after it; what the engine does not
refuse cannot be refused any more. Changes of an order are in `amendments.py`, waiting ones in `triggers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.accounts import Account, Accounts, OrderShelf
from trimaran.venues.sim.codes import OrderKind, Outcome, SelfTrade
from trimaran.venues.sim.filters import Numbers, numbers_of
from trimaran.venues.sim.gate import MarketGate
from trimaran.venues.sim.matching import Execution, Submitted
from trimaran.venues.sim.order_money import Wanted, money_refusal, reducible_lots, takes_now, wanted_of
from trimaran.venues.sim.settlement import Settlement
from trimaran.venues.sim.tradable import Tradable
from trimaran.venues.sim.trading import (
    BUY,
    ClientIds,
    EndReason,
    ExchangeEvent,
    Happening,
    OrderHappened,
    OrderSpec,
    Refusal,
    SimOrder,
    Status,
    VenueRules,
    Why,
)
from trimaran.venues.sim.units import WIDE

FIRST_ORDER_ID: Final = 4_000_000_000
OUTSIDE: Final = 0  # the trade id of what is no public trade
DAY_NS: Final = 86_400_000_000_000
_BY_VENUE: Final = frozenset(
    (
        EndReason.IOC_REMAINDER,
        EndReason.FOK_MISSED,
        EndReason.NO_LIQUIDITY,
        EndReason.POST_ONLY_WOULD_TAKE,
        EndReason.SELF_TRADE,
        EndReason.REDUCE_ONLY,
    )
)
_UNMATCHED: Final = (Outcome.KILLED, Outcome.WOULD_CROSS)
_CUTTABLE: Final = (OrderKind.LIMIT, OrderKind.IOC, OrderKind.MARKET)


class OrderDesk:
    """Every order of a venue."""

    def __init__(
        self,
        accounts: Accounts,
        rules: VenueRules,
        gates: Mapping[MarketName, MarketGate],
        settlement: Settlement,
        emit: Callable[[ExchangeEvent], None],
    ) -> None:
        self.accounts = accounts
        self.rules = rules
        self.settlement = settlement
        self._gates = gates
        self._emit = emit
        self._last_order_id = FIRST_ORDER_ID

    def orders_made(self) -> int:
        """How many orders there have been."""
        return self._last_order_id - FIRST_ORDER_ID

    # new orders

    def new(self, account: Account, spec: OrderSpec, numbers: Numbers, now_ns: int) -> SimOrder:
        """The record of an order that nobody has heard of yet."""
        self._last_order_id += 1
        order = SimOrder(self._last_order_id, account.account_id, spec.market, spec.symbol)
        order.client_id = spec.client_id
        order.side = spec.side
        order.type = spec.type
        order.tif = spec.tif
        order.price_ticks = numbers.price_ticks
        order.trigger_ticks = numbers.trigger_ticks
        order.trigger_by_mark = spec.trigger_by_mark
        order.lots = numbers.lots
        order.display_lots = numbers.display_lots
        order.quote_left = spec.quote_size
        order.reduce_only = spec.reduce_only
        order.self_trade = spec.self_trade
        order.extra = spec.extra
        order.created_ns = order.updated_ns = now_ns
        order.visible_from_ns = now_ns + self._gates[spec.market].hides_ns()
        return order

    def check(self, account: Account, tradable: Tradable, spec: OrderSpec, now_ns: int) -> Numbers | Refusal:
        """Everything that is checked before money."""
        numbers = numbers_of(tradable, spec, self.rules)
        if isinstance(numbers, Refusal):
            return numbers
        return self._shelf_refusal(account.shelves[tradable.market], spec, now_ns) or numbers

    def _shelf_refusal(self, shelf: OrderShelf, spec: OrderSpec, now_ns: int) -> Refusal | None:
        if shelf.open_counts.get(spec.symbol, 0) >= self.rules.open_orders_max:
            return Refusal(Why.TOO_MANY_ORDERS, str(self.rules.open_orders_max))
        earlier = shelf.by_client.get(spec.client_id) if spec.client_id else None
        if earlier is None or self.rules.client_ids is ClientIds.FREE:
            return None
        young = self.rules.client_ids is ClientIds.UNIQUE_DAY and earlier.created_ns > now_ns - DAY_NS
        return Refusal(Why.DUPLICATE_ID, "", earlier) if young or earlier.status.open else None

    def work(
        self, account: Account, tradable: Tradable, order: SimOrder, now_ns: int, new: bool
    ) -> Refusal | None:
        """Sends what is left of an order to the engine and does what follows.

        When it is refused nothing was done; an order that is not new is still open then.
        """
        wanted = wanted_of(account, tradable, order)
        refusal = (
            wanted if isinstance(wanted, Refusal) else money_refusal(account, tradable, order, wanted.lots)
        )
        if isinstance(wanted, Refusal) or refusal is not None:
            return refusal
        sent = self._send(account, tradable, order, wanted, now_ns)
        outcome = sent.answer[0]
        if outcome < 0:
            return Refusal(Why.ENGINE_REFUSED, Outcome(outcome).name)
        if new and outcome in _UNMATCHED and self._refuses(tradable, outcome):
            return Refusal(Why.WOULD_TAKE if outcome == Outcome.WOULD_CROSS else Why.FOK_MISSED)
        if new:
            account.shelves[tradable.market].open_order(order)
            self.tell(Happening.ACCEPTED, order, now_ns)
        order.working_ns = order.working_ns or now_ns
        self._settle(account, tradable, order, sent, now_ns)
        if order.status.open:
            self._finish(account, tradable, order, sent, now_ns)
        return None

    def _send(
        self, account: Account, tradable: Tradable, order: SimOrder, wanted: Wanted, now_ns: int
    ) -> _Sent:
        """Asks the engine. The fault of partial fills makes it a smaller question."""
        kind, lots = wanted.kind, wanted.lots
        gate = self._gates[tradable.market]
        cut = False
        if (
            gate.plan.partial
            and kind in _CUTTABLE
            and order.quote_left is None
            and takes_now(tradable, order)
        ):
            lots = gate.takes(lots)
            cut = lots < wanted.lots
            kind = OrderKind.IOC if cut and kind is OrderKind.LIMIT else kind
        if lots == 0:
            return _Sent(0, (int(Outcome.EXPIRED), 0, 0, [], []), 0, False, wanted)
        display = min(order.display_lots, lots) if kind in (OrderKind.LIMIT, OrderKind.POST_ONLY) else 0
        first_trade_id = tradable.book.next_trade_id
        engine_id, answer = tradable.book.submit(
            now_ns, account.account_id, order.side, wanted.limit_ticks, lots, kind, order.self_trade, display
        )
        return _Sent(engine_id, answer, first_trade_id, cut, wanted)

    def _refuses(self, tradable: Tradable, outcome: int) -> bool:
        """Whether the venue refuses what the engine did not match; others accept it and end it."""
        rules = self.rules
        markets = rules.post_only_rejects if outcome == Outcome.WOULD_CROSS else rules.fok_rejects
        return tradable.market in markets

    def force(
        self, account: Account, tradable: Tradable, spec: OrderSpec, lots: int, limit_ticks: int, now_ns: int
    ) -> SimOrder:
        """The venue's own order in the name of an account; asks nobody, and stays open for its rest."""
        order = self.new(account, spec, Numbers(0, lots, 0, 0, 0), now_ns)
        account.shelves[tradable.market].open_order(order)
        self.tell(Happening.ACCEPTED, order, now_ns)
        first_trade_id = tradable.book.next_trade_id
        engine_id, answer = tradable.book.submit(
            now_ns, account.account_id, order.side, limit_ticks, lots, OrderKind.IOC, SelfTrade.EXPIRE_MAKER
        )
        wanted = Wanted(lots, OrderKind.IOC, limit_ticks, True)
        self._settle(
            account, tradable, order, _Sent(engine_id, answer, first_trade_id, False, wanted), now_ns
        )
        return order

    def fill_outside(
        self, account: Account, tradable: Tradable, order: SimOrder, ticks: int, lots: int, now_ns: int
    ) -> None:
        """The venue itself is the counterpart: no public trade, no fee."""
        fill = self.settlement.fill(account, tradable, order, ticks, lots, False, OUTSIDE, now_ns)
        self._filled(account, order)
        self._emit(OrderHappened(Happening.TRADE, order, fill, now_ns))

    # what the engine did

    def _settle(
        self, account: Account, tradable: Tradable, order: SimOrder, sent: _Sent, now_ns: int
    ) -> None:
        """Books the executions of an order that takes, and those of the makers that are accounts."""
        executions, trade_id = sent.answer[3], sent.first_trade_id
        for maker_id, owner, price_ticks, lots in executions:
            fill = self.settlement.fill(account, tradable, order, price_ticks, lots, False, trade_id, now_ns)
            if order.quote_left is not None:
                paid = tradable.book.listing.instrument.notional(price_ticks, lots)
                order.quote_left = WIDE.subtract(order.quote_left, paid)
                if sent.wanted.complete and order.filled_lots == sent.wanted.lots:
                    order.lots = order.filled_lots
            if order.filled_lots == order.lots:
                self._filled(account, order)
            self._emit(OrderHappened(Happening.TRADE, order, fill, now_ns))
            if owner:
                self._maker_fill(tradable, maker_id, price_ticks, lots, trade_id, now_ns)
            trade_id += 1
        for maker_id, _, _, _ in sent.answer[4]:
            maker = tradable.resting[maker_id]
            self._unrest(tradable, maker)
            self.end(self.accounts.by_id[maker.account_id], tradable, maker, EndReason.SELF_TRADE, now_ns)

    def _finish(
        self, account: Account, tradable: Tradable, order: SimOrder, sent: _Sent, now_ns: int
    ) -> None:
        """Ends or rests what the executions have left of an order."""
        outcome, _, resting = sent.answer[:3]
        if outcome == Outcome.RESTING:
            self._rest(account, tradable, order, sent.engine_id, order.price_ticks, resting)
        elif sent.cut and sent.wanted.kind is OrderKind.LIMIT and outcome != Outcome.SELF_TRADED:
            self._rest_of_cut(account, tradable, order, sent, now_ns)
        else:
            self.end(account, tradable, order, _reason_of(order, outcome, sent.cut), now_ns)

    def _rest_of_cut(
        self, account: Account, tradable: Tradable, order: SimOrder, sent: _Sent, now_ns: int
    ) -> None:
        """Lets the rest of a forced partial fill rest where it takes nothing."""
        lots = sent.wanted.lots - sent.answer[1]
        best = tradable.book.best[2 if order.side == BUY else 0]
        ticks = order.price_ticks
        if best:
            ticks = min(ticks, best - 1) if order.side == BUY else max(ticks, best + 1)
        outcome, engine_id = int(Outcome.BAD_PRICE), 0
        if ticks > 0:
            engine_id, answer = tradable.book.submit(
                now_ns, account.account_id, order.side, ticks, lots, OrderKind.POST_ONLY
            )
            outcome = answer[0]
        if outcome == Outcome.RESTING:
            self._rest(account, tradable, order, engine_id, ticks, lots)
        else:
            self.end(account, tradable, order, EndReason.NO_LIQUIDITY, now_ns)

    def _rest(
        self, account: Account, tradable: Tradable, order: SimOrder, engine_id: int, ticks: int, lots: int
    ) -> None:
        order.engine_id = engine_id
        order.resting_ticks = ticks
        tradable.resting[engine_id] = order
        self.settlement.rest(account, tradable, order, lots)

    def met(self, tradable: Tradable, now_ns: int, first_trade_id: int, executions: list[Execution]) -> None:
        """The crowd took orders of accounts."""
        for index, (maker_id, owner, price_ticks, lots) in enumerate(executions):
            if owner:
                self._maker_fill(tradable, maker_id, price_ticks, lots, first_trade_id + index, now_ns)
        self.conclude(now_ns)

    def _maker_fill(
        self, tradable: Tradable, engine_id: int, price_ticks: int, lots: int, trade_id: int, now_ns: int
    ) -> None:
        order = tradable.resting[engine_id]
        account = self.accounts.by_id[order.account_id]
        self.settlement.rest(account, tradable, order, -lots)
        fill = self.settlement.fill(account, tradable, order, price_ticks, lots, True, trade_id, now_ns)
        if order.resting_lots == 0:
            del tradable.resting[engine_id]
            order.engine_id = 0
        if order.filled_lots == order.lots:
            self._filled(account, order)
        self._emit(OrderHappened(Happening.TRADE, order, fill, now_ns))
        if order.status.open and order.resting_lots == 0:
            self.end(account, tradable, order, EndReason.REDUCE_ONLY, now_ns)

    def _filled(self, account: Account, order: SimOrder) -> None:
        order.status = Status.FILLED
        account.shelves[order.market].end_order(order)

    def conclude(self, now_ns: int) -> None:
        """The end of every operation: reduce-only orders fit their positions again, wallets are told."""
        for account, tradable in self.settlement.take_moved():
            self._trim(account, tradable, now_ns)
        self.settlement.flush(now_ns)

    def _trim(self, account: Account, tradable: Tradable, now_ns: int) -> None:
        """Reduce-only orders never exceed what they can close."""
        for order in account.wallets[tradable.market].position(tradable).reducing():
            most = reducible_lots(account, tradable, order.side)
            excess = order.resting_lots - most
            if most == 0:
                self.cancel(tradable, order, EndReason.REDUCE_ONLY, now_ns)
            elif excess > 0:
                left = tradable.book.reduce(now_ns, order.engine_id, excess)
                assert left == most, (left, most)
                self.settlement.rest(account, tradable, order, -excess)

    # ends

    def end(
        self, account: Account, tradable: Tradable, order: SimOrder, reason: EndReason, now_ns: int
    ) -> None:
        """Ends an open order of which nothing rests any more."""
        by_venue = reason in _BY_VENUE and not self.rules.ends_as_canceled
        what = Happening.EXPIRED if by_venue else Happening.CANCELED
        order.status = Status.EXPIRED if by_venue else Status.CANCELED
        if reason is EndReason.TRIGGER_FAILED:
            order.status, what = Status.REJECTED, Happening.REJECTED
        if order.lots == 0:
            order.lots = order.filled_lots
        order.end_reason = reason
        order.updated_ns = now_ns
        tradable.waiting.pop(order.order_id, None)
        account.shelves[order.market].end_order(order)
        self.tell(what, order, now_ns)

    def withdraw(self, tradable: Tradable, order: SimOrder, now_ns: int) -> None:
        """Takes what rests of an order out of the engine and unlocks its money."""
        if order.engine_id:
            left = tradable.book.cancel(now_ns, order.engine_id)
            assert left == order.resting_lots, (left, order.resting_lots)
            self._unrest(tradable, order)

    def cancel(self, tradable: Tradable, order: SimOrder, reason: EndReason, now_ns: int) -> None:
        """Ends an open order."""
        self.withdraw(tradable, order, now_ns)
        self.end(self.accounts.by_id[order.account_id], tradable, order, reason, now_ns)

    def _unrest(self, tradable: Tradable, order: SimOrder) -> None:
        account = self.accounts.by_id[order.account_id]
        self.settlement.rest(account, tradable, order, -order.resting_lots)
        del tradable.resting[order.engine_id]
        order.engine_id = 0

    def tell(self, what: Happening, order: SimOrder, now_ns: int) -> None:
        """Tells that an order changed."""
        self._emit(OrderHappened(what, order, None, now_ns))


class _Sent(msgspec.Struct, frozen=True):
    """The engine's answer to it. `cut`: the fault of partial fills made it smaller."""

    engine_id: int
    answer: Submitted
    first_trade_id: int
    cut: bool
    wanted: Wanted


def _reason_of(order: SimOrder, outcome: int, cut: bool) -> EndReason:
    """Why an order ended that did not rest."""
    if outcome == Outcome.SELF_TRADED:
        return EndReason.SELF_TRADE
    if outcome == Outcome.KILLED:
        return EndReason.FOK_MISSED
    if outcome == Outcome.WOULD_CROSS:
        return EndReason.POST_ONLY_WOULD_TAKE
    if outcome == Outcome.FILLED and order.reduce_only and not cut:
        return EndReason.REDUCE_ONLY  # the engine was given no more than the position
    return EndReason.IOC_REMAINDER if order.price_ticks else EndReason.NO_LIQUIDITY
