"""What accounts are told: events of the simulated exchange in the words of the user data streams.

    spot    executionReport, outboundAccountPosition, balanceUpdate
            (https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream)
    USD-M   ORDER_TRADE_UPDATE, TRADE_LITE, ACCOUNT_UPDATE, ALGO_UPDATE, ACCOUNT_CONFIG_UPDATE
            (https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams)

Texts are made when something happens and sent later, by `take`: so that whoever answers a request decides
whether the answer or the news comes first. Nothing is written for accounts that nobody listens to.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from trimaran.domain.instrument import Symbol
from trimaran.venues.binance.simulator import spot_text, usdm_text
from trimaran.venues.binance.simulator.market_accounts import BEFORE_ID, MarketAccounts
from trimaran.venues.binance.simulator.spot_text import ORDER_TYPE, STP, TIF
from trimaran.venues.binance.simulator.usdm_income import Incomes
from trimaran.venues.sim.trading import (
    BalanceCause,
    BalanceChanged,
    EndReason,
    ExchangeEvent,
    FundingCharged,
    Happening,
    OrderHappened,
    SimOrder,
    Status,
)
from trimaran.venues.sim.wallets import MARGIN_ASSET

_EXECUTIONS: Final = {
    Happening.ACCEPTED: "NEW",
    Happening.TRIGGERED: "NEW",
    Happening.TRADE: "TRADE",
    Happening.CANCELED: "CANCELED",
    Happening.EXPIRED: "EXPIRED",
    Happening.REJECTED: "REJECTED",
}
_REASONS: Final = {
    BalanceCause.TRADE: "ORDER",
    BalanceCause.LIQUIDATION: "ORDER",
    BalanceCause.FUNDING: "FUNDING_FEE",
    BalanceCause.TRANSFER: "DEPOSIT",
}
LIQUIDATION: Final = "LIQUIDATION"  # the type of orders that the venue makes
MARGIN_CALL_RATIO: Final = Decimal("0.7")  # of the maintenance margin to the equity
_ENDED: Final = frozenset((Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REJECTED))


class Push(msgspec.Struct, frozen=True, gc=False):
    """One event for the listeners of an account."""

    account_id: int
    event: str  # its name
    text: str


class Listener(Protocol):
    """Who listens to an account."""

    def push(self, push: Push) -> None:
        """Sends an event in the connection's framing."""


class UserData:
    """The events of one market and who listens to them."""

    def __init__(
        self,
        accounts: MarketAccounts,
        server_ms: Callable[[], int],
        incomes: Incomes,
        tell_all: Callable[[str, str, str], None],
    ) -> None:
        """`tell_all` publishes a payload: the kind of its stream, the symbol, the text."""
        self._tell_all = tell_all
        self._accounts = accounts
        self._server_ms = server_ms
        self._incomes = incomes
        self._listeners: dict[int, list[Listener]] = {}
        self._pending: list[Push] = []
        self._warned: set[int] = set()
        self._modes: dict[tuple[int, Symbol], bool] = {}  # whether the margin is isolated

    def join(self, account_id: int, listener: Listener) -> None:
        """Listens to an account from now on."""
        self._listeners.setdefault(account_id, []).append(listener)

    def leave(self, account_id: int, listener: Listener) -> None:
        """Listens no more."""
        found = self._listeners.get(account_id, [])
        if listener in found:
            found.remove(listener)
        if not found:
            self._listeners.pop(account_id, None)

    def take(self) -> list[Push]:
        """What has been written and not been sent yet."""
        pending, self._pending = self._pending, []
        return pending

    def send(self, push: Push) -> None:
        """To everybody who listens to its account now."""
        for listener in tuple(self._listeners.get(push.account_id, ())):
            listener.push(push)

    def warn(self) -> None:
        """Tells accounts whose positions are near their end, once until they are safe again. USD-M only."""
        accounts = self._accounts
        for account_id in self._listeners:
            view = accounts.exchange.margin(account_id, accounts.market)
            near = view.maintenance_margin > 0 and view.maintenance_margin >= view.equity * MARGIN_CALL_RATIO
            if near and account_id not in self._warned:
                rows = [
                    (accounts.feeds[row.symbol.lower()].text, row)
                    for row in accounts.exchange.positions(account_id, accounts.market)
                    if row.lots
                ]
                text = usdm_text.margin_call(self._server_ms(), view, rows)
                self._pending.append(Push(account_id, "MARGIN_CALL", text))
                self._warned.add(account_id)
            elif not near:
                self._warned.discard(account_id)

    def listen(self, event: ExchangeEvent) -> None:
        """Takes an event of the exchange."""
        if isinstance(event, OrderHappened):
            order = event.order
            if order.market == self._accounts.market:
                if ORDER_TYPE not in order.extra:
                    self._name(order, event.time_ns)
                self._count(event)
                if order.account_id in self._listeners:
                    (self._spot_order if self._accounts.spot else self._usdm_order)(event)
        elif event.market == self._accounts.market:
            if isinstance(event, FundingCharged):
                self._incomes.funding(event, self._venue_ms(event.symbol, event.time_ns))
            elif event.account_id in self._listeners:
                (self._spot_balance if self._accounts.spot else self._usdm_balance)(event)

    def _name(self, order: SimOrder, time_ns: int) -> None:
        """An order that the venue itself has made, to close a position."""
        venue_ms = self._venue_ms(order.symbol, time_ns)
        order.extra = {**order.extra, ORDER_TYPE: LIQUIDATION, TIF: "IOC", STP: "NONE"}
        self._accounts.exchange.rename(order, f"autoclose-{venue_ms}{order.order_id % 1_000_000:06d}")

    def _count(self, event: OrderHappened) -> None:
        """Fills give back to the count of new orders, and make income."""
        fill, order = event.fill, event.order
        if fill is None:
            return
        if self._accounts.spot:
            if len(order.fills) == 1:
                self._accounts.counts(order.account_id).credit(self._server_ms(), fill.maker)
            return
        time_ms = self._venue_ms(order.symbol, fill.time_ns)
        self._incomes.fill(fill, time_ms)
        if order.extra[ORDER_TYPE] == LIQUIDATION:
            text = usdm_text.force_order(
                self._accounts.text_of(order), order, fill, time_ms, self._server_ms()
            )
            self._tell_all("forceOrder", order.symbol, text)

    def _spot_order(self, event: OrderHappened) -> None:
        order, accounts = event.order, self._accounts
        text = accounts.text_of(order)
        before = ""
        if event.what is Happening.AMENDED:
            execution, before = "REPLACED", str(order.extra.get(BEFORE_ID, ""))
        elif order.end_reason is EndReason.SELF_TRADE:
            execution = "TRADE_PREVENTION"
        else:
            execution = _EXECUTIONS[event.what]
        times_ms = self._server_ms(), text.venue_ms(event.time_ns)
        report = spot_text.report(
            text, order, execution, event.fill, times_ms, accounts.next_execution_id(), before
        )
        self._pending.append(Push(order.account_id, "executionReport", report))

    def _spot_balance(self, event: BalanceChanged) -> None:
        accounts = self._accounts
        now_ms = self._server_ms()
        time_ms = accounts.listed_text().venue_ms(event.time_ns)
        rows = [
            f'{{"a":"{row.asset}","f":"{spot_text.money(row.free)}","l":"{spot_text.money(row.locked)}"}}'
            for row in accounts.exchange.balances(event.account_id, accounts.market, event.assets)
        ]
        if event.cause is BalanceCause.TRANSFER:
            for asset in event.assets:
                self._pending.append(
                    Push(
                        event.account_id,
                        "balanceUpdate",
                        f'{{"e":"balanceUpdate","E":{now_ms},"a":"{asset}","d":"{spot_text.money(event.change)}",'
                        f'"T":{time_ms}}}',
                    )
                )
        text = f'{{"e":"outboundAccountPosition","E":{now_ms},"u":{time_ms},"B":[{",".join(rows)}]}}'
        self._pending.append(Push(event.account_id, "outboundAccountPosition", text))

    def _usdm_order(self, event: OrderHappened) -> None:
        order, what = event.order, event.what
        text = self._accounts.text_of(order)
        times_ms = self._server_ms(), text.venue_ms(event.time_ns)
        is_algo = usdm_text.ALGO in order.extra
        if is_algo and not order.working_ns and what is not Happening.TRIGGERED:
            self._algo(order, usdm_text.algo_status(order), times_ms)
            return
        if is_algo and what is Happening.TRIGGERED:
            self._algo(order, "TRIGGERED", times_ms)
        if event.fill is not None:
            lite = usdm_text.trade_lite(text, order, event.fill, times_ms)
            self._pending.append(Push(order.account_id, "TRADE_LITE", lite))
        execution = "AMENDMENT" if what is Happening.AMENDED else _EXECUTIONS[what]
        if event.fill is not None and event.fill.trade_id == 0:
            execution = "CALCULATED"  # taken over by the venue
        elif what is Happening.CANCELED and usdm_text.TIME_OVER in order.extra:
            execution = "EXPIRED"
        update = usdm_text.order_update(text, order, execution, event.fill, times_ms)
        self._pending.append(Push(order.account_id, "ORDER_TRADE_UPDATE", update))
        if is_algo and order.status in _ENDED:
            self._algo(order, "FINISHED", times_ms)

    def _algo(self, order: SimOrder, state: str, times_ms: tuple[int, int]) -> None:
        text = usdm_text.algo_update(self._accounts.text_of(order), order, state, times_ms)
        self._pending.append(Push(order.account_id, "ALGO_UPDATE", text))

    def _usdm_balance(self, event: BalanceChanged) -> None:
        accounts = self._accounts
        times_ms = self._server_ms(), accounts.listed_text().venue_ms(event.time_ns)
        if event.cause is BalanceCause.SETTINGS:
            for symbol in event.positions:
                self._settings(event.account_id, symbol, times_ms)
            return
        reason = _REASONS.get(event.cause)
        if reason is None:
            return  # what orders bind is not told
        change = event.change if event.cause in (BalanceCause.FUNDING, BalanceCause.TRANSFER) else Decimal(0)
        cross = accounts.exchange.margin(event.account_id, accounts.market).cross_wallet
        balances = [
            (str(row.asset), row.total, cross if row.asset == MARGIN_ASSET else row.total, change)
            for row in accounts.exchange.balances(event.account_id, accounts.market, event.assets)
        ]
        positions = [
            usdm_text.position_update(accounts.feeds[row.symbol.lower()].text, row)
            for row in accounts.exchange.positions(event.account_id, accounts.market)
            if row.symbol in event.positions and (row.isolated or event.cause is not BalanceCause.FUNDING)
        ]
        update = usdm_text.account_update(reason, times_ms, balances, positions)
        self._pending.append(Push(event.account_id, "ACCOUNT_UPDATE", update))

    def _settings(self, account_id: int, symbol: Symbol, times_ms: tuple[int, int]) -> None:
        accounts = self._accounts
        leverage, isolated = accounts.exchange.leverage(account_id, accounts.market, symbol)
        if isolated != self._modes.get((account_id, symbol), False):
            self._modes[account_id, symbol] = isolated
            rows = accounts.exchange.positions(account_id, accounts.market)
            text = accounts.feeds[symbol.lower()].text
            positions = [usdm_text.position_update(text, row) for row in rows if row.symbol == symbol]
            update = usdm_text.account_update("MARGIN_TYPE_CHANGE", times_ms, [], positions)
            self._pending.append(Push(account_id, "ACCOUNT_UPDATE", update))
            return
        config = (
            f'{{"e":"ACCOUNT_CONFIG_UPDATE","E":{times_ms[0]},"T":{times_ms[1]},'
            f'"ac":{{"s":"{symbol}","l":{leverage}}}}}'
        )
        self._pending.append(Push(account_id, "ACCOUNT_CONFIG_UPDATE", config))

    def _venue_ms(self, symbol: Symbol, time_ns: int) -> int:
        return self._accounts.feeds[symbol.lower()].text.venue_ms(time_ns)
