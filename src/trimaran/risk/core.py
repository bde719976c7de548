"""The port of the core of risk: what both twins take, and what the rules read.

The native one (`native/include/trimaran/risk.hpp`) judges by itself and says the number of the rule that
refuses; the plain one (`twin.py`) asks the rules of `rules/`. Both give the same view, so that the same rule
can say in words what the native one has found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class RiskView(Protocol):
    """What the rules read. Lots and attos; a missing number is INFINITE, or says that it is missing."""

    def kill(self, kind: int, index: int, /) -> int:
        """The state of a switch, by the numbers of `KillState`."""

    def ready(self, account: int, /) -> bool:
        """Whether an account is reconciled."""

    def takes_risk(self) -> bool:
        """Whether the journal has room for new intents."""

    def frozen(self, instrument: int, /) -> bool:
        """Whether something contradictory was heard of an instrument."""

    def position(self, instrument: int, /) -> int:
        """Signed lots."""

    def open_lots(self, instrument: int, side: int, /) -> int:
        """What orders of one side may still fill."""

    def strategy_lots(self, strategy: int, instrument: int, /) -> int:
        """Signed lots that a strategy has traded and not given back."""

    def strategy_open(self, strategy: int, instrument: int, side: int, /) -> int:
        """What a strategy's orders of one side may still fill."""

    def open_count(self, kind: int, index: int, /) -> int:
        """Open orders of a scope, or of an instrument."""

    def nth_order_ns(self, kind: int, index: int, count: int, /) -> int:
        """When the `count`-th latest order was made; NONSENSE when there were not so many."""

    def nth_message_ns(self, kind: int, index: int, count: int, /) -> int:
        """The same of orders and amendments."""

    def sequence_open(self, sequence: int, /) -> bool:
        """Whether an attempt of this sequence is open."""

    def last_attempt(self, sequence: int, /) -> int:
        """The latest client order id of a sequence that is remembered; 0: none."""

    def wish_ns(
        self, instrument: int, strategy: int, side: int, price_ticks: int, lots: int, sequence: int, /
    ) -> int:
        """When an equal order of another sequence was last made; NONSENSE: never."""

    def crossing(self, instrument: int, side: int, price_ticks: int, /) -> int:
        """The price of a resting order of ours that an order would meet; 0: none."""

    def exposure(self, asset: int, side: int, /) -> int:
        """Exposure towards a side, rounded up."""

    def open_base(self, asset: int, side: int, /) -> int:
        """Base asset that orders of a side may still fill, over all instruments."""

    def mark(self, instrument: int, /) -> tuple[int, int]:
        """(bid, ask) in ticks that value a position; zeros: none."""

    def rate(self, asset: int, /) -> int:
        """What an asset is worth in the asset of the limits, in 1e-9; 0: unknown."""

    def exposure_beside(self, kind: int, index: int, instrument: int, strategy: int, /) -> int:
        """The exposure of a scope without that of one instrument (and, of a strategy, its own there)."""

    def equity(self, kind: int, index: int, /) -> tuple[bool, int, int, int]:
        """(known, equity, at the day's start, at its highest)."""

    def wallet(self, account: int, asset: int, /) -> int:
        """What an account holds, rounded down."""

    def taken(self, account: int, asset: int, /) -> tuple[int, int, int]:
        """(needed by open orders, held by positions as margin, lost by positions)."""

    def gross_beside(self, account: int, asset: int, instrument: int, /) -> int:
        """The value of an account's perpetuals without that of one instrument."""


class RiskCore(RiskView, Protocol):
    """State and judgement. Setting up and limiting take the fields of the structs in `tables.py`."""

    def add_venue(self) -> int: ...
    def add_account(self, venue: int, /) -> int: ...
    def add_strategy(self) -> int: ...
    def add_asset(self) -> int: ...
    @property
    def add_instrument(self) -> Callable[..., int]: ...
    @property
    def limit_instrument(self) -> Callable[..., None]: ...
    @property
    def limit_scope(self) -> Callable[..., None]: ...
    def limit_asset(self, asset: int, exposure_max: int, /) -> None: ...
    def set_kill(self, kind: int, index: int, state: int, /) -> None: ...
    def set_ready(self, account: int, ready: bool, /) -> None: ...
    def set_takes_risk(self, takes_risk: bool, /) -> None: ...
    def set_frozen(self, instrument: int, frozen: bool, /) -> None: ...
    def set_wallet(self, account: int, asset: int, amount: int, /) -> None: ...
    def set_exposure(self, asset: int, low: int, high: int, /) -> None: ...
    def set_position(self, instrument: int, lots: int, cost_low: int, cost_high: int, /) -> None: ...
    def set_mark(self, instrument: int, bid_ticks: int, ask_ticks: int, /) -> None: ...
    def set_rate(self, asset: int, rate_e9: int, /) -> None: ...
    def set_strategy_lots(self, strategy: int, instrument: int, lots: int, /) -> None: ...

    def set_equity(self, kind: int, index: int, equity: int, day: int, /) -> None:
        """A mark of equity on a UTC day; a new day begins with the last mark before it."""

    def clear_equity(self, kind: int, index: int, /) -> None:
        """The equity of now is not known."""

    def restore_equity(self, kind: int, index: int, day: int, day_start: int, peak: int, /) -> None:
        """What was known before this process began."""

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
        /,
    ) -> None:
        """An order that may fill `lots` from now on; a tentative one until `release`."""

    def amend(self, client_order_id: int, price_ticks: int, lots: int, /) -> None:
        """Other terms are under way: from now on the worst of both counts."""

    def settle(self, client_order_id: int, price_ticks: int, lots: int, /) -> None:
        """These are the terms."""

    def fill(self, client_order_id: int, lots: int, /) -> None:
        """So many lots cannot fill any more."""

    def end(self, client_order_id: int, /) -> None:
        """The order cannot fill any more; unknown ones are passed over."""

    def lift(self, client_order_id: int, /) -> None:
        """Takes an open order out of the sums, while its amendment is judged."""

    def lower(self, client_order_id: int, /) -> None:
        """Puts it back."""

    def release(self) -> None:
        """Ends the tentative orders."""

    def count_order(
        self,
        instrument: int,
        strategy: int,
        client_order_id: int,
        side: int,
        price_ticks: int,
        lots: int,
        created_ns: int,
        /,
    ) -> None:
        """An order was made: for rates and repeats."""

    def count_message(self, instrument: int, strategy: int, local_ns: int, /) -> None:
        """Something else was sent to a venue: for its rate."""

    def forget(self, before_ns: int, /) -> None:
        """Drops the memory of ids and wishes that were made before."""

    @property
    def judge(self) -> Callable[..., int]:
        """The number of the first rule that an order breaks, by the fields of `Ask`; 0: none."""
