"""The port of a simulated venue's accounts, as the protocols see it. Records stand in `trading.py`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Protocol

from trimaran.domain.instrument import Asset, MarketName, Symbol
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.trading import (
    ApiKey,
    Listener,
    MarginView,
    OrderSpec,
    Refusal,
    SimBalance,
    SimFill,
    SimOrder,
    SimPosition,
)

DEMO_ACCOUNT_ID: Final = 1
ENDED_KEPT: Final = 10_000  # ended orders of an account and market


class Exchange(Protocol):
    """One venue's accounts over its books, as the protocols see it. `exchange.make_exchange` builds one."""

    @property
    def telling(self) -> bool:
        """Whether a listener is being told of an event: the market stands still then."""

    def listen(self, listener: Listener) -> None:
        """Every event from now on goes to the listener, within the call that causes it."""

    # keys and accounts
    def key(self, key: str) -> ApiKey | None:
        """The key of that name."""

    def add_account(self, keys: Sequence[ApiKey], balances: dict[MarketName, dict[Asset, Decimal]]) -> int:
        """Opens an account; its id. The demo account is there from the start, with id `DEMO_ACCOUNT_ID`."""

    def demo_key(self) -> ApiKey:
        """READ and TRADE of the demo account."""

    # orders
    def place(self, account_id: int, spec: OrderSpec, now_ns: int) -> SimOrder | Refusal:
        """Checks filters, id, funds, margin; locks; matches. Events: ACCEPTED, each TRADE, then the end.

        The answer is the order as it is after matching.
        """

    def unfit(self, spec: OrderSpec) -> Refusal | None:
        """What the filters of the instrument have against an order; id and money are not looked at."""

    def cancel(self, account_id: int, order: SimOrder, now_ns: int) -> SimOrder | Refusal:
        """Cancels an open order: NO_SUCH_ORDER for another account's, ORDER_ENDED for an ended one."""

    def cancel_all(
        self, account_id: int, market: MarketName, symbol: Symbol | None, now_ns: int
    ) -> list[SimOrder]:
        """Cancels every open order, waiting ones included; those that were cancelled."""

    def amend(
        self, account_id: int, order: SimOrder, price: Decimal | None, size: Decimal | None, now_ns: int
    ) -> SimOrder | Refusal:
        """Changes price and total size (None: as it is). A smaller size alone keeps the place in the queue;
        otherwise it is lost, and the order may trade at once. A size of at most what is filled ends it."""

    def rename(self, order: SimOrder, client_id: str) -> Refusal | None:
        """Gives an order another client id; DUPLICATE_ID where an open order has it."""

    def order_by_id(self, account_id: int, market: MarketName, order_id: int) -> SimOrder | None:
        """An order, open or ended; ended ones are kept up to `ENDED_KEPT`."""

    def order_by_client_id(self, account_id: int, market: MarketName, client_id: str) -> SimOrder | None:
        """The newest order with that id."""

    def open_orders(
        self, account_id: int, market: MarketName, symbol: Symbol | None = None
    ) -> list[SimOrder]:
        """Open orders, oldest first, waiting ones included."""

    def ended_orders(
        self, account_id: int, market: MarketName, symbol: Symbol | None = None
    ) -> list[SimOrder]:
        """Ended orders, oldest first."""

    def fills(self, account_id: int, market: MarketName, symbol: Symbol | None = None) -> list[SimFill]:
        """Fills, oldest first."""

    # money
    def balances(
        self, account_id: int, market: MarketName, assets: Sequence[Asset] | None = None
    ) -> list[SimBalance]:
        """Every asset of the wallet that serves the market, or some of them in their order."""

    def positions(self, account_id: int, market: MarketName) -> list[SimPosition]:
        """Open positions, and closed ones whose instrument was traded."""

    def margin(self, account_id: int, market: MarketName) -> MarginView:
        """The wallet as margin."""

    def leverage(self, account_id: int, market: MarketName, symbol: Symbol) -> tuple[int, bool]:
        """Leverage, and whether the margin mode is isolated."""

    def set_leverage(
        self, account_id: int, market: MarketName, symbol: Symbol, leverage: int, now_ns: int
    ) -> Refusal | None:
        """1..125."""

    def set_isolated(
        self, account_id: int, market: MarketName, symbol: Symbol, isolated: bool, now_ns: int
    ) -> Refusal | None:
        """NOTHING_TO_CHANGE when it is so; HAS_POSITION while a position or an order is open."""

    # time
    def arm_dead_man(self, account_id: int, market: MarketName, symbol: Symbol | None, fires_ns: int) -> None:
        """At `fires_ns` all open orders (of the instrument) are cancelled with DEAD_MAN; 0 disarms."""

    def turn(self, now_ns: int) -> None:
        """Triggers, iceberg refreshes, dead-man switches, funding, liquidation: all that time brings."""

    # references
    def book(self, market: MarketName, symbol: Symbol) -> VenueBook | None:
        """The book of an instrument that is listed."""

    def mark_price(self, market: MarketName, symbol: Symbol) -> Decimal:
        """What margin and triggers go by."""
