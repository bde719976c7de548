"""The life of orders on a simulated venue: from the numbers of a new one to its end.

    place     filters -> client id -> money -> engine -> settlement -> events
    the crowd meets an order of an account -> `met` -> settlement -> events

Money is checked before the engine is asked and locked for what rests after it; what the engine does not
refuse cannot be refused any more.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from trimaran.venues.sim.accounts import Account, Accounts, OrderShelf
from trimaran.venues.sim.codes import OrderKind, Outcome, SelfTrade
from trimaran.venues.sim.depth_walk import walk
from trimaran.venues.sim.filters import (
    MARKET_TYPES,
    TRIGGERED,
    Numbers,
    band_refusal,
    limits_refusal,
    lots_of,
    numbers_of,
    price_of,
)
from trimaran.venues.sim.matching import Execution, Submitted
from trimaran.venues.sim.settlement import Settlement
from trimaran.venues.sim.tradable import MARKET_BUY_TICKS, MARKET_SELL_TICKS, Tradable
from trimaran.venues.sim.trading import (
    BUY,
    BalanceCause,
    ClientIds,
    EndReason,
    ExchangeEvent,
    Happening,
    OrderHappened,
    OrderSpec,
    Refusal,
    SimOrder,
    Status,
    Tif,
    VenueRules,
    Why,
)

FIRST_ORDER_ID: Final = 4_000_000_000
DAY_NS: Final = 86_400_000_000_000
_KINDS: Final = {
    Tif.GTC: OrderKind.LIMIT,
    Tif.IOC: OrderKind.IOC,
    Tif.FOK: OrderKind.FOK,
    Tif.POST_ONLY: OrderKind.POST_ONLY,
}
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


class OrderDesk:
    """Every order of a venue."""

    def __init__(
        self,
        accounts: Accounts,
        rules: VenueRules,
        settlement: Settlement,
        emit: Callable[[ExchangeEvent], None],
    ) -> None:
        self.rules = rules
        self._accounts = accounts
        self._settlement = settlement
        self._emit = emit
        self._last_order_id = FIRST_ORDER_ID

    # new orders

    def place(self, account: Account, tradable: Tradable, spec: OrderSpec, now_ns: int) -> SimOrder | Refusal:
        """Checks, matches, rests."""
        numbers = numbers_of(tradable, spec, self.rules)
        if isinstance(numbers, Refusal):
            return numbers
        shelf = account.shelves[tradable.market]
        refusal = self._shelf_refusal(shelf, spec, now_ns)
        if refusal is not None:
            return refusal
        order = self._new_order(account, spec, numbers, now_ns)
        if spec.type in TRIGGERED:
            shelf.open_order(order)
            order.status = Status.WAITING
            self.tell(Happening.ACCEPTED, order, now_ns)
            return order
        refused = self._work(account, tradable, order, now_ns, new=True)
        self._settlement.flush(now_ns)
        return refused or order

    def _shelf_refusal(self, shelf: OrderShelf, spec: OrderSpec, now_ns: int) -> Refusal | None:
        if shelf.open_counts.get(spec.symbol, 0) >= self.rules.open_orders_max:
            return Refusal(Why.TOO_MANY_ORDERS, str(self.rules.open_orders_max))
        earlier = shelf.by_client.get(spec.client_id) if spec.client_id else None
        if earlier is None or self.rules.client_ids is ClientIds.FREE:
            return None
        young = self.rules.client_ids is ClientIds.UNIQUE_DAY and earlier.created_ns > now_ns - DAY_NS
        return Refusal(Why.DUPLICATE_ID, "", earlier) if young or earlier.status.open else None

    def _new_order(self, account: Account, spec: OrderSpec, numbers: Numbers, now_ns: int) -> SimOrder:
        self._last_order_id += 1
        order = SimOrder(self._last_order_id, account.account_id, spec.market, spec.symbol)
        order.client_id = spec.client_id
        order.side = spec.side
        order.type = spec.type
        order.tif = spec.tif
        order.price_ticks = numbers.price_ticks
        order.trigger_ticks = numbers.trigger_ticks
        order.lots = numbers.lots
        order.display_lots = numbers.display_lots
        order.quote_left = spec.quote_size
        order.reduce_only = spec.reduce_only
        order.self_trade = spec.self_trade
        order.extra = spec.extra
        order.created_ns = order.updated_ns = now_ns
        return order

    def _work(
        self, account: Account, tradable: Tradable, order: SimOrder, now_ns: int, new: bool
    ) -> Refusal | None:
        """Sends what is left of an order to the engine and does what follows.

        A refusal is only for an order that is new or waits for its trigger; nothing was done then.
        """
        lots = order.lots - order.filled_lots
        by_value = order.quote_left is not None
        limit = order.price_ticks
        if by_value:
            lots, limit = self._by_value(account, tradable, order)
            if lots == 0:
                return Refusal(Why.NOTIONAL_TOO_SMALL)
        if order.reduce_only and tradable.perpetual:
            lots = min(lots, reducible_lots(account, tradable, order.side))
            if lots <= 0:
                return Refusal(Why.REDUCE_ONLY)
        elif order.reduce_only:
            return Refusal(Why.UNSUPPORTED)
        refusal = self._money_refusal(account, tradable, order, lots)
        if refusal is not None:
            return refusal
        kind, limit = _kind_of(order, by_value, limit)
        first_trade_id = tradable.book.next_trade_id
        engine_id, answer = tradable.book.submit(
            now_ns, account.account_id, order.side, limit, lots, kind, order.self_trade
        )
        outcome = answer[0]
        if outcome < 0:
            return Refusal(Why.ENGINE_REFUSED, Outcome(outcome).name)
        if outcome in _UNMATCHED and new and self._refuses(tradable, outcome):
            return Refusal(Why.WOULD_TAKE if outcome == Outcome.WOULD_CROSS else Why.FOK_MISSED)
        if new:
            account.shelves[tradable.market].open_order(order)
            self.tell(Happening.ACCEPTED, order, now_ns)
        order.working_ns = order.working_ns or now_ns
        self._settle(account, tradable, order, answer, first_trade_id, now_ns)
        self._finish(account, tradable, order, answer, engine_id, now_ns)
        return None

    def _refuses(self, tradable: Tradable, outcome: int) -> bool:
        """Whether the venue refuses what the engine did not match; others accept it and end it."""
        rules = self.rules
        markets = rules.post_only_rejects if outcome == Outcome.WOULD_CROSS else rules.fok_rejects
        return tradable.market in markets

    def _by_value(self, account: Account, tradable: Tradable, order: SimOrder) -> tuple[int, int]:
        """The lots that the rest of an order by value is good for, and the worst price among them."""
        assert order.quote_left is not None
        own = self._own_lots(account, tradable, order)
        walked = walk(tradable, order.side, 0, _units(order.quote_left), own)
        step = tradable.lots_step
        return walked.lots - walked.lots % step, walked.worst_ticks

    def _own_lots(self, account: Account, tradable: Tradable, order: SimOrder) -> dict[int, int]:
        """Lots on the other side that self-trade prevention would take away instead of trading."""
        own: dict[int, int] = {}
        if order.self_trade == SelfTrade.EXPIRE_MAKER:
            for each in tradable.resting.values():
                if each.account_id == account.account_id and each.side != order.side:
                    own[each.resting_ticks] = own.get(each.resting_ticks, 0) + each.resting_lots
        return own

    def _money_refusal(
        self, account: Account, tradable: Tradable, order: SimOrder, lots: int
    ) -> Refusal | None:
        """Whether the wallet cannot carry `lots` of the order."""
        wallet = account.wallets[tradable.market]
        price_ticks = order.price_ticks
        if price_ticks == 0 and (tradable.perpetual or order.side == BUY):
            walked = walk(tradable, order.side, lots, None, self._own_lots(account, tradable, order))
            if walked.lots == 0:
                return None  # it ends without a trade
            if not tradable.perpetual:
                needed = tradable.value(walked.ticks_lots)
                return None if needed <= wallet.free(tradable.quote) else Refusal(Why.NO_FUNDS)
            price_ticks = walked.worst_ticks
        if tradable.perpetual:
            if order.reduce_only:
                return None
            position = wallet.position(tradable)
            needed = position.order_margin(order.side, price_ticks, lots) - position.order_margin()
            return None if needed <= max(0, wallet.margin_available()) else Refusal(Why.NO_MARGIN)
        if order.side == BUY:
            needed = price_ticks * lots * tradable.value_unit
            return None if needed <= wallet.free(tradable.quote) else Refusal(Why.NO_FUNDS)
        return None if lots * tradable.size_unit <= wallet.free(tradable.base) else Refusal(Why.NO_FUNDS)

    # what the engine did

    def _settle(
        self,
        account: Account,
        tradable: Tradable,
        order: SimOrder,
        answer: Submitted,
        first_trade_id: int,
        now_ns: int,
    ) -> None:
        """Books the executions of an order that takes, and those of the makers that are accounts."""
        by_value = order.quote_left is not None
        for index, (maker_id, owner, price_ticks, lots) in enumerate(answer[3]):
            trade_id = first_trade_id + index
            fill = self._settlement.fill(account, tradable, order, price_ticks, lots, False, trade_id, now_ns)
            if by_value and order.quote_left is not None:
                order.quote_left -= tradable.book.listing.instrument.notional(price_ticks, lots)
            if by_value and answer[0] == Outcome.FILLED and index == len(answer[3]) - 1:
                order.lots = order.filled_lots
            if order.filled_lots == order.lots:
                self._filled(account, order)
            self._emit(OrderHappened(Happening.TRADE, order, fill, now_ns))
            if owner:
                self._maker_fill(tradable, maker_id, price_ticks, lots, trade_id, now_ns)
        for maker_id, _, _, _ in answer[4]:
            maker = tradable.resting[maker_id]
            self._end_resting(tradable, maker, EndReason.SELF_TRADE, now_ns)

    def _finish(
        self,
        account: Account,
        tradable: Tradable,
        order: SimOrder,
        answer: Submitted,
        engine_id: int,
        now_ns: int,
    ) -> None:
        """Ends or rests what the executions have left of an order."""
        outcome, _, resting = answer[:3]
        if not order.status.open:
            return
        if outcome == Outcome.RESTING:
            order.engine_id = engine_id
            order.resting_ticks = order.price_ticks
            tradable.resting[engine_id] = order
            self._settlement.rest(account, tradable, order, resting)
            asset = tradable.quote if tradable.perpetual or order.side == BUY else tradable.base
            self._settlement.touch(account, tradable, BalanceCause.ORDER, (asset,))
            return
        self.end(account, tradable, order, _reason_of(order, outcome), now_ns)

    def met(self, tradable: Tradable, now_ns: int, first_trade_id: int, executions: list[Execution]) -> None:
        """The crowd took orders of accounts."""
        for index, (maker_id, owner, price_ticks, lots) in enumerate(executions):
            if owner:
                self._maker_fill(tradable, maker_id, price_ticks, lots, first_trade_id + index, now_ns)
        self._settlement.flush(now_ns)

    def _maker_fill(
        self, tradable: Tradable, engine_id: int, price_ticks: int, lots: int, trade_id: int, now_ns: int
    ) -> None:
        order = tradable.resting[engine_id]
        account = self._accounts.by_id[order.account_id]
        self._settlement.rest(account, tradable, order, -lots)
        fill = self._settlement.fill(account, tradable, order, price_ticks, lots, True, trade_id, now_ns)
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
        self.end(self._accounts.by_id[order.account_id], tradable, order, reason, now_ns)

    def _end_resting(self, tradable: Tradable, order: SimOrder, reason: EndReason, now_ns: int) -> None:
        """Ends an order that the engine has let go already."""
        self._unrest(tradable, order)
        self.end(self._accounts.by_id[order.account_id], tradable, order, reason, now_ns)

    def _unrest(self, tradable: Tradable, order: SimOrder) -> None:
        account = self._accounts.by_id[order.account_id]
        self._settlement.rest(account, tradable, order, -order.resting_lots)
        del tradable.resting[order.engine_id]
        order.engine_id = 0
        asset = tradable.quote if tradable.perpetual or order.side == BUY else tradable.base
        self._settlement.touch(account, tradable, BalanceCause.ORDER, (asset,))

    # changes

    def amend(
        self, account: Account, tradable: Tradable, order: SimOrder, price: Decimal | None,
        size: Decimal | None, now_ns: int,
    ) -> SimOrder | Refusal:  # fmt: skip
        """Changes price and size; see the port."""
        price_ticks, lots = order.price_ticks, order.lots
        if price is not None:
            ticks = price_of(tradable, price)
            if isinstance(ticks, Refusal):
                return ticks
            price_ticks = ticks
        if size is not None:
            wanted = lots_of(tradable, size)
            if isinstance(wanted, Refusal):
                return wanted
            lots = wanted
        refusal = self._amend_refusal(account, tradable, order, price_ticks, lots)
        if refusal is not None:
            return refusal
        self._amend(account, tradable, order, price_ticks, lots, now_ns)
        self._settlement.flush(now_ns)
        return order

    def _amend_refusal(
        self, account: Account, tradable: Tradable, order: SimOrder, price_ticks: int, lots: int
    ) -> Refusal | None:
        if (price_ticks, lots) == (order.price_ticks, order.lots):
            return Refusal(Why.NOTHING_TO_CHANGE, "", order)
        if order.type in MARKET_TYPES and price_ticks:
            return Refusal(Why.UNSUPPORTED, "", order)
        if lots <= order.filled_lots:
            return None
        refusal = limits_refusal(tradable, price_ticks, lots, order.reduce_only)
        refusal = refusal or band_refusal(tradable, order.side, price_ticks, self.rules)
        if refusal is not None or order.status is Status.WAITING:
            return refusal
        bid, _, ask, _ = tradable.book.best
        crosses = bool(ask) and price_ticks >= ask if order.side == BUY else bool(bid) and price_ticks <= bid
        if order.tif is Tif.POST_ONLY and crosses:
            return Refusal(Why.WOULD_TAKE, "", order)
        return self._amend_money_refusal(account, tradable, order, price_ticks, lots)

    def _amend_money_refusal(
        self, account: Account, tradable: Tradable, order: SimOrder, price_ticks: int, lots: int
    ) -> Refusal | None:
        """The money that the order binds now counts as free."""
        bound, kept = order.resting_lots, order.price_ticks
        self._settlement.rest(account, tradable, order, -bound)
        order.price_ticks = price_ticks
        refusal = self._money_refusal(account, tradable, order, lots - order.filled_lots)
        order.price_ticks = kept
        self._settlement.rest(account, tradable, order, bound)
        return refusal

    def _amend(
        self, account: Account, tradable: Tradable, order: SimOrder, price_ticks: int, lots: int, now_ns: int
    ) -> None:
        order.amend_count += 1
        order.updated_ns = now_ns
        if lots <= order.filled_lots:
            self.cancel(tradable, order, EndReason.AMENDED_AWAY, now_ns)
            return
        if order.status is Status.WAITING:
            order.price_ticks, order.lots = price_ticks, lots
            self.tell(Happening.AMENDED, order, now_ns)
            return
        fewer = order.lots - lots
        if price_ticks == order.price_ticks and 0 < fewer < order.resting_lots:
            left = tradable.book.reduce(now_ns, order.engine_id, fewer)
            assert left == order.resting_lots - fewer, left
            order.lots = lots
            self._settlement.rest(account, tradable, order, -fewer)
            asset = tradable.quote if tradable.perpetual or order.side == BUY else tradable.base
            self._settlement.touch(account, tradable, BalanceCause.ORDER, (asset,))
            self.tell(Happening.AMENDED, order, now_ns)
            return
        self.withdraw(tradable, order, now_ns)
        order.price_ticks, order.lots = price_ticks, lots
        self.tell(Happening.AMENDED, order, now_ns)
        refusal = self._work(account, tradable, order, now_ns, new=False)
        if refusal is not None:
            self.end(account, tradable, order, EndReason.TRIGGER_FAILED, now_ns)

    def tell(self, what: Happening, order: SimOrder, now_ns: int) -> None:
        """Tells that an order changed."""
        self._emit(OrderHappened(what, order, None, now_ns))


def reducible_lots(account: Account, tradable: Tradable, side: int) -> int:
    """Lots that an order of that side could close."""
    held = account.wallets[tradable.market].position(tradable).lots
    return max(0, -held if side == BUY else held)


def _kind_of(order: SimOrder, by_value: bool, limit_ticks: int) -> tuple[OrderKind, int]:
    """How the engine is asked, and with which limit."""
    if by_value:
        return OrderKind.IOC, limit_ticks
    if order.price_ticks:
        return _KINDS[order.tif], limit_ticks
    if order.tif is Tif.FOK:
        return OrderKind.FOK, MARKET_BUY_TICKS if order.side == BUY else MARKET_SELL_TICKS
    return OrderKind.MARKET, 0


def _reason_of(order: SimOrder, outcome: int) -> EndReason:
    """Why an order ended that did not rest."""
    if outcome == Outcome.SELF_TRADED:
        return EndReason.SELF_TRADE
    if outcome == Outcome.KILLED:
        return EndReason.FOK_MISSED
    if outcome == Outcome.WOULD_CROSS:
        return EndReason.POST_ONLY_WOULD_TAKE
    if outcome == Outcome.FILLED:
        return EndReason.REDUCE_ONLY  # the engine was given no more than the position
    return EndReason.IOC_REMAINDER if order.price_ticks else EndReason.NO_LIQUIDITY


def _units(amount: Decimal) -> int:
    return int(amount.scaleb(18))
