"""Accounts of a simulated venue: keys, wallets, and the orders and fills that are remembered.

Memory is bounded: of each account and market `ENDED_KEPT` ended orders and as many fills are kept, oldest
go first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from trimaran.domain.instrument import MarketName, Symbol
from trimaran.venues.sim.exchange_port import ENDED_KEPT
from trimaran.venues.sim.trading import ApiKey, Refusal, SimFill, SimOrder, Why
from trimaran.venues.sim.wallets import Wallet


class OrderShelf:
    """The orders of one account in one market."""

    __slots__ = ("by_client", "by_id", "ended", "fills", "open", "open_counts")

    def __init__(self) -> None:
        self.open: dict[int, SimOrder] = {}  # oldest first
        self.ended: deque[SimOrder] = deque()
        self.by_id: dict[int, SimOrder] = {}
        self.by_client: dict[str, SimOrder] = {}  # the newest of each id
        self.fills: deque[SimFill] = deque(maxlen=ENDED_KEPT)
        self.open_counts: dict[Symbol, int] = {}

    def open_order(self, order: SimOrder) -> None:
        """Remembers a new order."""
        self.open[order.order_id] = self.by_id[order.order_id] = order
        if order.client_id:
            self.by_client[order.client_id] = order
        self.open_counts[order.symbol] = self.open_counts.get(order.symbol, 0) + 1

    def rename(self, order: SimOrder, client_id: str) -> None:
        """Gives an order another client id, by which it is found from now on."""
        if self.by_client.get(order.client_id) is order:
            del self.by_client[order.client_id]
        order.client_id = client_id
        self.by_client[client_id] = order

    def end_order(self, order: SimOrder) -> None:
        """An order has ended; the oldest one beyond the bound is forgotten."""
        del self.open[order.order_id]
        self.open_counts[order.symbol] -= 1
        self.ended.append(order)
        if len(self.ended) > ENDED_KEPT:
            gone = self.ended.popleft()
            del self.by_id[gone.order_id]
            if self.by_client.get(gone.client_id) is gone:
                del self.by_client[gone.client_id]


class Account:
    """One account of a venue. Markets may share a wallet."""

    __slots__ = ("account_id", "own_wallets", "shelves", "wallets")

    def __init__(self, account_id: int, markets: Sequence[MarketName], one_wallet: bool) -> None:
        self.account_id = account_id
        shared = Wallet()
        self.wallets = {market: shared if one_wallet else Wallet() for market in markets}
        self.own_wallets = tuple({id(wallet): wallet for wallet in self.wallets.values()}.values())
        self.shelves = {market: OrderShelf() for market in markets}


class Accounts:
    """All accounts of a venue and their keys."""

    def __init__(self, markets: Sequence[MarketName], one_wallet: bool) -> None:
        self._markets = tuple(markets)
        self._one_wallet = one_wallet
        self._keys: dict[str, ApiKey] = {}
        self.by_id: dict[int, Account] = {}

    def key(self, name: str) -> ApiKey | None:
        """The key of that name."""
        return self._keys.get(name)

    def keys(self) -> list[ApiKey]:
        """Every key, in the order of their making."""
        return list(self._keys.values())

    def revoke(self, name: str) -> None:
        """The key is no more."""
        self._keys.pop(name, None)

    def open(self, account_id: int, keys: Sequence[ApiKey]) -> Account:
        """A new account; its keys must say its id."""
        assert account_id not in self.by_id, account_id
        account = self.by_id[account_id] = Account(account_id, self._markets, self._one_wallet)
        for key in keys:
            assert key.account_id == account_id, key.account_id
            assert key.key not in self._keys, account_id
            self._keys[key.key] = key
        return account


def order_refusal(account_id: int, order: SimOrder) -> Refusal | None:
    """Why an account can do nothing with an order: it is of another one, or has ended."""
    if order.account_id != account_id:
        return Refusal(Why.NO_SUCH_ORDER)
    return None if order.status.open else Refusal(Why.ORDER_ENDED, "", order)
