"""What the simulated OKX pushes to accounts: orders, fills, balances, positions, algo orders.

    exchange -> event -> rows of each channel -> those who listen, as far as their arguments ask for it

Rows are written when the event happens, once for all listeners. Account and positions begin with a snapshot
and repeat it every few seconds unless `updateInterval` is 0; orders begin with nothing. While an operation
of a WebSocket runs, pushes are held back, so that its answer goes first; faults of the gate can turn that
around. https://www.okx.com/docs-v5/en/#trading-account-websocket
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import MarketName
from trimaran.venues.okx.simulator.account_text import AccountText
from trimaran.venues.okx.simulator.algo_text import algo_row
from trimaran.venues.okx.simulator.catalogue import Catalogue, Listed
from trimaran.venues.okx.simulator.clocks import Clock
from trimaran.venues.okx.simulator.order_text import fill_push, order_push
from trimaran.venues.okx.simulator.spelling import user_id
from trimaran.venues.sim.channel import Subscriber
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.gate import Gate
from trimaran.venues.sim.markets import OKX_SPOT, OKX_SWAP
from trimaran.venues.sim.trading import (
    BalanceCause,
    BalanceChanged,
    EndReason,
    ExchangeEvent,
    Happening,
    OrderHappened,
    SimOrder,
)
from trimaran.venues.sim.unreadable import UNREADABLE

CHANNELS: Final = frozenset(
    {
        "account",
        "positions",
        "balance_and_position",
        "orders",
        "fills",
        "liquidation-warning",
        "account-greeks",
    }
)
BUSINESS_CHANNELS: Final = frozenset({"orders-algo", "algo-advance"})
TYPED: Final = frozenset({"positions", "orders", "liquidation-warning", "orders-algo", "algo-advance"})
REPEATED: Final = frozenset({"account", "positions"})
CONNECTIONS_MAX: Final = 30  # of an account that listen to one channel
REPEAT_S: Final = 5.0
WARNING_EVERY_S: Final = 1.0
WARNING_RATIO: Final = 3  # margin over maintenance margin
NS: Final = 1_000_000_000
_CAUSES: Final = {
    BalanceCause.TRADE: "filled",
    BalanceCause.FUNDING: "funding_fee",
    BalanceCause.LIQUIDATION: "liquidation",
    BalanceCause.TRANSFER: "transferred",
}

Later = Callable[[float, Callable[[], None]], object]


class Subscription:
    """One channel of one connection, with what its arguments ask for."""

    __slots__ = ("account_id", "assets", "channel", "due_ns", "every_ns", "family", "head", "kind", "name",
                 "subscriber")  # fmt: skip

    def __init__(self, subscriber: Subscriber, account_id: int, argument: dict[str, str]) -> None:
        told = {key: value for key, value in argument.items() if key != "extraParams"}
        arg = msgspec.json.encode({**told, "uid": user_id(account_id)}).decode()
        self.subscriber = subscriber
        self.account_id = account_id
        self.channel = argument["channel"]
        self.head = f'{{"arg":{arg}'
        self.kind = argument.get("instType", "ANY")
        self.name = argument.get("instId", "")
        self.family = argument.get("instFamily", "")
        self.assets = frozenset(argument["ccy"].split(",")) if argument.get("ccy") else None
        self.every_ns = _interval_ns(argument) if self.channel in REPEATED else 0
        self.due_ns = 0

    def wants(self, listed: Listed) -> bool:
        """Whether news of an instrument belong to it."""
        return (
            self.kind in ("ANY", listed.kind)
            and (not self.name or self.name == listed.symbol)
            and (not self.family or self.family == listed.family)
        )


Held = list[tuple[MarketName, Subscription, bytes]]


class PrivateFeed:
    """All private channels."""

    def __init__(
        self,
        catalogue: Catalogue,
        exchange: Exchange,
        clock: Clock,
        account: AccountText,
        gate: Gate,
        later: Later,
    ) -> None:
        """`later` calls something after some seconds."""
        self._catalogue = catalogue
        self._clock = clock
        self._text = account
        self._gate = gate
        self._later = later
        self._by_account: dict[int, list[Subscription]] = {}
        self._trades: dict[int, list[str]] = {}  # of an account since its balance was told last
        self._held: Held | None = None
        self._warned_ns = 0
        exchange.listen(self.happened)

    def join(self, subscriber: Subscriber, account_id: int, argument: dict[str, str]) -> Subscription:
        """Subscribes; news come from now on, the snapshot with `begin`."""
        subscription = Subscription(subscriber, account_id, argument)
        self._by_account.setdefault(account_id, []).append(subscription)
        return subscription

    def begin(self, subscription: Subscription) -> None:
        """Sends the snapshot that a channel begins with, if it has one."""
        now, channel = self._clock.moment(), subscription.channel
        if channel in REPEATED:
            self._repeat(subscription, now)
        elif channel == "balance_and_position":
            data = self._both(subscription.account_id, None, None, "snapshot", "", now)
            self._send(OKX_SPOT, subscription, f'{subscription.head},"data":[{data}]}}')

    def leave(self, subscription: Subscription) -> None:
        """Unsubscribes."""
        subscriptions = self._by_account.get(subscription.account_id, [])
        if subscription in subscriptions:
            subscriptions.remove(subscription)

    def connections(self, account_id: int, channel: str) -> int:
        """How many connections of an account listen to a channel."""
        subscriptions = self._by_account.get(account_id, [])
        return len({id(each.subscriber) for each in subscriptions if each.channel == channel})

    def hold(self) -> None:
        """Keeps pushes back until `take`."""
        self._held = []

    def take(self) -> Held:
        """What was kept back; from now on pushes go out at once again."""
        held, self._held = self._held or [], None
        return held

    def release(self, held: Held) -> None:
        """Sends what was kept back."""
        for market, subscription, payload in held:
            self._push(market, subscription, payload)

    def pump(self, now: Moment) -> None:
        """Repeats snapshots, and warns of positions that are near liquidation."""
        warn = now.wall_ns - self._warned_ns >= WARNING_EVERY_S * NS
        if warn:
            self._warned_ns = now.wall_ns
        for subscriptions in self._by_account.values():
            for each in tuple(subscriptions):
                if each.every_ns and now.wall_ns >= each.due_ns:
                    self._repeat(each, now)
                elif warn and each.channel == "liquidation-warning":
                    rows = self._text.at_risk(each.account_id, WARNING_RATIO, now)
                    if rows:
                        self._send(OKX_SWAP, each, f'{each.head},"data":[{rows}]}}')

    def happened(self, event: ExchangeEvent) -> None:
        """Tells everybody whom an event concerns."""
        if isinstance(event, OrderHappened):
            if event.what is Happening.TRIGGERED:
                event.order.extra["triggered_ns"] = event.time_ns
            subscriptions = self._by_account.get(event.order.account_id)
            if subscriptions:
                self._order_happened(event, subscriptions)
        elif isinstance(event, BalanceChanged):
            subscriptions = self._by_account.get(event.account_id)
            if subscriptions:
                self._balance_changed(event, subscriptions)

    def _order_happened(self, event: OrderHappened, subscriptions: list[Subscription]) -> None:
        order, now = event.order, self._clock.moment()
        listed = self._catalogue.ever(order.symbol)
        placed = "algo" not in order.extra or "triggered_ns" in order.extra
        algo_news = "algo" in order.extra and (
            not placed or event.what is Happening.TRIGGERED or order.end_reason is EndReason.TRIGGER_FAILED
        )
        rows: dict[str, str] = {}
        if event.fill is not None:
            self._trades.setdefault(order.account_id, []).append(
                f'{{"instId":"{order.symbol}","tradeId":"{event.fill.trade_id}"}}'
            )
        for each in subscriptions:
            channel = each.channel
            told = (
                placed if channel == "orders"
                else event.fill is not None if channel == "fills"
                else algo_news and channel == "orders-algo"
            )  # fmt: skip
            if told and each.wants(listed):
                row = rows.get(channel)
                if row is None:
                    row = rows[channel] = _row(channel, listed, order, event, now)
                self._send(order.market, each, f'{each.head},"data":[{row}]}}')

    def _balance_changed(self, event: BalanceChanged, subscriptions: list[Subscription]) -> None:
        now, account_id = self._clock.moment(), event.account_id
        trades = ",".join(self._trades.pop(account_id, ()))
        account = positions = both = ""
        for each in subscriptions:
            if each.channel == "account" and event.assets:
                if each.assets is None:
                    account = account or self._text.balance(account_id, event.assets, now)
                    self._send(event.market, each, _paged(each, "event_update", account))
                elif not each.assets.isdisjoint(event.assets):
                    row = self._text.balance(account_id, each.assets, now)
                    self._send(event.market, each, _paged(each, "event_update", row))
            elif each.channel == "positions" and event.positions:
                wanted = [name for name in event.positions if each.wants(self._catalogue.ever(name))]
                if wanted:
                    positions = self._text.positions(account_id, wanted, now)
                    self._send(event.market, each, _paged(each, "event_update", positions))
            elif each.channel == "balance_and_position" and event.cause in _CAUSES:
                both = both or self._both(
                    account_id, event.assets, event.positions, _CAUSES[event.cause], trades, now
                )
                self._send(event.market, each, f'{each.head},"data":[{both}]}}')

    def _both(self, account_id: int, assets: Any, symbols: Any, cause: str, trades: str, now: Moment) -> str:
        return (
            f'{{"pTime":"{now.server_ms}","eventType":"{cause}",'
            f'"balData":[{self._text.cash(account_id, assets, now)}],'
            f'"posData":[{self._text.positions(account_id, symbols, now, short=True)}],"trades":[{trades}]}}'
        )

    def _repeat(self, each: Subscription, now: Moment) -> None:
        """Sends the whole state."""
        each.due_ns = now.wall_ns + each.every_ns
        if each.channel == "account":
            rows, market = self._text.balance(each.account_id, each.assets, now), OKX_SPOT
        else:
            rows, market = self._text.positions(each.account_id, None, now, wanted=each.wants), OKX_SWAP
        self._send(market, each, _paged(each, "snapshot", rows))

    def _send(self, market: MarketName, subscription: Subscription, payload: str) -> None:
        if self._held is not None:
            self._held.append((market, subscription, payload.encode()))
        else:
            self._push(market, subscription, payload.encode())

    def _push(self, market: MarketName, subscription: Subscription, payload: bytes) -> None:
        letter = (subscription.subscriber, payload)
        for (subscriber, sent), delay_s in self._gate.pushes(market, subscription.account_id, letter):
            if delay_s > 0:
                self._later(delay_s, lambda to=subscriber, what=sent: to.send(what, 1.0))  # type: ignore[misc]
            else:
                subscriber.send(sent, 1.0)


def _row(channel: str, listed: Listed, order: SimOrder, event: OrderHappened, now: Moment) -> str:
    if channel == "orders-algo":
        return algo_row(listed, order, now)
    if channel == "fills":
        assert event.fill is not None
        return fill_push(listed, order, event.fill, now)
    return order_push(listed, order, event.fill, now, "0" if event.what is Happening.AMENDED else "")


def _paged(subscription: Subscription, kind: str, rows: str) -> str:
    return f'{subscription.head},"eventType":"{kind}","curPage":1,"lastPage":true,"data":[{rows}]}}'


def _interval_ns(argument: dict[str, str]) -> int:
    """How often a snapshot is repeated; 0: never."""
    try:
        wish = msgspec.json.decode(argument.get("extraParams", "{}") or "{}", type=dict[str, Any])
    except UNREADABLE:
        wish = {}
    return 0 if str(wish.get("updateInterval", "")) == "0" else int(REPEAT_S * NS)
