"""What simulated HTX swaps push, by the classic contract API and by the newer one.

    orders[_cross].$c         an order with all its figures, and the fill that changed it
    matchOrders[_cross].$c    the same at fills, faster on the venue, without fees
    accounts[_cross].$a, positions[_cross].$c   with the event that changed them; snapshots every five seconds
    trigger_order[_cross].$c  orders that wait, when they are placed, triggered, cancelled
    orders, trade, account, positions           those of `/v5`, with the contract beside the topic

Who listens to one contract gets its topic in small letters; on accounts and positions, who listens to all
gets the bare name.
https://www.htx.com/en-us/opend/newApiPages/?id=8cb89359-77b5-11ed-9966-195a208afe7
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimaran.domain.instrument import Instrument, Symbol
from trimaran.venues.htx.simulator import swap_wire, v5_wire
from trimaran.venues.htx.simulator.calls import encoded
from trimaran.venues.htx.simulator.push_hub import ALL, Push, PushHub, Subscription
from trimaran.venues.htx.simulator.swap_account import SwapAccount
from trimaran.venues.htx.simulator.v5_account import V5Account
from trimaran.venues.sim.exchange_port import Exchange
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.markets import HTX_SWAP
from trimaran.venues.sim.trading import (
    BalanceCause,
    BalanceChanged,
    ExchangeEvent,
    Happening,
    OrderHappened,
    SimFill,
    SimOrder,
)

ORDERS: Final = "orders"
MATCHES: Final = "matchOrders"
ACCOUNTS: Final = "accounts"
POSITIONS: Final = "positions"
TRIGGERS: Final = "trigger_order"
CLASSIC: Final = tuple(
    f"{kind}{end}" for kind in (ORDERS, MATCHES, ACCOUNTS, POSITIONS, TRIGGERS) for end in ("", "_cross")
)
V5_PREFIX: Final = "v5:"
V5: Final = ("orders", "trade", "match_orders", "account", "positions")
USER: Final = 12_345_678
SNAPSHOT_EVERY_MS: Final = 5_000
_BARE: Final = (ACCOUNTS, POSITIONS)
_EVENTS: Final = {
    BalanceCause.ORDER: "order.open",
    BalanceCause.TRADE: "order.match",
    BalanceCause.FUNDING: "settlement",
    BalanceCause.LIQUIDATION: "liquidation",
    BalanceCause.TRANSFER: "transfer",
    BalanceCause.SETTINGS: "switch_lever_rate",
}
_MATCH_LEFT_OUT: Final = ("fee", "fee_asset", "margin_frozen", "profit", "real_profit", "trade_avg_price")
Row = dict[str, Any]


class SwapPushes:
    """Listens to the exchange and says what it hears."""

    def __init__(
        self,
        exchange: Exchange,
        instruments: Mapping[Symbol, Instrument],
        hub: PushHub,
        accounts: Mapping[str, SwapAccount],
        v5: V5Account,
        moment: Callable[[], Moment],
    ) -> None:
        """`accounts` are the queries by margin mode."""
        self._exchange = exchange
        self._instruments = instruments
        self._hub = hub
        self._accounts = accounts
        self._v5 = v5
        self._moment = moment
        self._told_ms = 0

    def heard(self, event: ExchangeEvent) -> None:
        """Says it, if it is about swaps."""
        if isinstance(event, OrderHappened):
            if event.order.market == HTX_SWAP:
                self._order(event)
        elif isinstance(event, BalanceChanged) and event.market == HTX_SWAP:
            name = _EVENTS[event.cause]
            self._say_accounts(event.account_id, name)
            self._say_positions(event.account_id, name, event.positions)

    def pump(self, moment: Moment) -> None:
        """Says from time to time how things are."""
        if moment.server_ms - self._told_ms >= SNAPSHOT_EVERY_MS:
            self._told_ms = moment.server_ms
            for account_id in self._hub.accounts():
                self._say_accounts(account_id, "snapshot")
                self._say_positions(account_id, "snapshot", None)

    def snapshot(self, account_id: int, subscription: Subscription) -> list[bytes]:
        """What a new subscription gets at once."""
        pushes = self._account_pushes(account_id, "snapshot")
        pushes += self._position_pushes(account_id, "snapshot", None)
        return [
            push.render(subscription)
            for push in pushes
            if push.kind == subscription.kind and subscription.symbol in (ALL, push.symbol)
        ]

    def _order(self, event: OrderHappened) -> None:
        order, account_id = event.order, event.order.account_id
        end = "_cross" if swap_wire.mode_of(order) == swap_wire.CROSS else ""
        if order.trigger_ticks and self._hub.wants(account_id, (TRIGGERS + end,)):
            self._say_trigger(event, TRIGGERS + end)
        if swap_wire.waits(order) and event.what is not Happening.TRIGGERED:
            return
        if self._hub.wants(account_id, (ORDERS + end, MATCHES + end)):
            self._say_classic(order, event.fill, end)
        if self._hub.wants(account_id, tuple(V5_PREFIX + name for name in V5)):
            self._say_v5(order, event.fill)

    def _say_trigger(self, event: OrderHappened, kind: str) -> None:
        order = event.order
        if event.what is Happening.TRADE or (order.working_ns and event.what in (Happening.CANCELED,)):
            return
        row = swap_wire.trigger_row(self._instruments[order.symbol], order, self._moment())
        body = {"ts": self._ms(), "event": "order", "data": [row], "uid": _user(order.account_id)}
        self._hub.say(order.account_id, Push(kind, order.symbol, _classic(kind, order.symbol, body)))

    def _say_classic(self, order: SimOrder, fill: SimFill | None, end: str) -> None:
        instrument, moment = self._instruments[order.symbol], self._moment()
        row = swap_wire.order_row(instrument, order, moment)
        trades = [] if fill is None else [swap_wire.trade_row(instrument, fill, moment)]
        head = {"ts": self._ms(), "uid": _user(order.account_id)}
        kind = ORDERS + end
        body = {**head, **row, "trade": trades}
        self._hub.say(order.account_id, Push(kind, order.symbol, _classic(kind, order.symbol, body)))
        if fill is not None:
            kind = MATCHES + end
            short = {name: value for name, value in row.items() if name not in _MATCH_LEFT_OUT}
            trade = {name: value for name, value in trades[0].items() if "fee" not in name}
            body = {**head, **short, "trade": [trade]}
            self._hub.say(order.account_id, Push(kind, order.symbol, _classic(kind, order.symbol, body)))

    def _say_v5(self, order: SimOrder, fill: SimFill | None) -> None:
        instrument, moment = self._instruments[order.symbol], self._moment()
        row = v5_wire.order_row(instrument, order, moment)
        self._say_named(order.account_id, ("orders",), order.symbol, row)
        if fill is not None:
            data = [v5_wire.pushed_fill(instrument, order, fill, moment)]
            self._say_named(order.account_id, ("trade", "match_orders"), order.symbol, data)

    def _say_named(self, account_id: int, topics: tuple[str, ...], symbol: str, data: object) -> None:
        for topic in topics:
            body = {
                "op": "notify",
                "topic": topic,
                "contract_code": symbol,
                "ts": self._ms(),
                "uid": _user(account_id),
                "data": data,
            }
            self._hub.say(account_id, Push(V5_PREFIX + topic, symbol, _whole(body)))

    def _say_accounts(self, account_id: int, event: str) -> None:
        kinds = "accounts", "accounts_cross", f"{V5_PREFIX}account"
        if self._hub.wants(account_id, kinds):
            for push in self._account_pushes(account_id, event):
                self._hub.say(account_id, push)

    def _account_pushes(self, account_id: int, event: str) -> list[Push]:
        margin = self._exchange.margin(account_id, HTX_SWAP)
        head = {"ts": self._ms(), "event": event, "uid": _user(account_id)}
        cross = {**head, "data": [swap_wire.account_row("USDT", margin)]}
        v5 = {
            "op": "notify",
            "topic": "account",
            "contract_code": "",
            **head,
            "data": self._v5.balance_of(account_id),
        }
        kind = f"{ACCOUNTS}_cross"
        pushes = [
            Push(kind, "USDT", _classic(kind, "USDT", cross)),
            Push(f"{V5_PREFIX}account", "", _whole(v5)),
        ]
        if self._hub.wants(account_id, (ACCOUNTS,)):
            for row in self._accounts[swap_wire.ISOLATED].account_rows(account_id):
                code = row["contract_code"]
                pushes.append(Push(ACCOUNTS, code, _classic(ACCOUNTS, code, {**head, "data": [row]})))
        return pushes

    def _say_positions(self, account_id: int, event: str, symbols: tuple[Symbol, ...] | None) -> None:
        kinds = "positions", "positions_cross", f"{V5_PREFIX}positions"
        if symbols != () and self._hub.wants(account_id, kinds):
            for push in self._position_pushes(account_id, event, symbols):
                self._hub.say(account_id, push)

    def _position_pushes(self, account_id: int, event: str, symbols: tuple[Symbol, ...] | None) -> list[Push]:
        """Positions that changed, closed ones with no volume; all that are open without `symbols`."""
        head = {"ts": self._ms(), "event": event, "uid": _user(account_id)}
        pushes = []
        for position in self._exchange.positions(account_id, HTX_SWAP):
            symbol = position.symbol
            if not (position.lots if symbols is None else symbol in symbols):
                continue
            mode = swap_wire.ISOLATED if position.isolated else swap_wire.CROSS
            kind = POSITIONS if position.isolated else f"{POSITIONS}_cross"
            row = self._accounts[mode].position_row(account_id, position)
            pushes.append(Push(kind, symbol, _classic(kind, symbol, {**head, "data": [row]})))
            body = {
                "op": "notify",
                "topic": "positions",
                "contract_code": symbol,
                **head,
                "data": self._v5.position_rows(account_id, symbol, flat=True),
            }
            pushes.append(Push(f"{V5_PREFIX}positions", symbol, _whole(body)))
        return pushes

    def _ms(self) -> int:
        return self._moment().server_ms


def _user(account_id: int) -> str:
    return str(USER + account_id)


def _classic(kind: str, symbol: str, body: Row) -> Callable[[Subscription], bytes]:
    """A push of the classic API: only the topic depends on who listens."""
    rest = encoded(body)[1:]
    bare = kind.removesuffix("_cross") in _BARE
    named = f"{kind}.{symbol.lower()}"

    def render(subscription: Subscription) -> bytes:
        topic = kind if bare and subscription.symbol == ALL else named
        return f'{{"op":"notify","topic":"{topic}",{rest}'.encode()

    return render


def _whole(body: Row) -> Callable[[Subscription], bytes]:
    payload = encoded(body).encode()
    return lambda subscription: payload
