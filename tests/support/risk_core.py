"""Both twins of the core, side by side: the same small world, the same updates, the same questions."""

from __future__ import annotations

from typing import Any

from trimaran.native._risk import RiskCore as NativeCore
from trimaran.risk.core import RiskCore
from trimaran.risk.tables import Bounds, ScopeBounds
from trimaran.risk.twin import TwinCore

NOW_NS = 1_700_000_000_000_000_000
ATTO = 10**18
CORES = {"native": NativeCore, "twin": TwinCore}

# Two venues, three accounts, assets USDT BTC ETH, two strategies, four instruments.
ACCOUNTS = ((0, 0), (0, 1), (1, 2))
USDT, BTC, ETH = 0, 1, 2
SPOT, PERPETUAL, ETHER, FAR = range(4)
BOUNDS = Bounds(
    tick_lots_max=10**9,
    lots_max=10**6,
    quote_age_ns_max=10**9,
    collar_bps_max=500,
    position_lots_max=2 * 10**6,
    leverage_max=5,
    open_orders_max=20,
    rate_orders_max=50,
    rate_window_ns=10**9,
    duplicate_window_ns=0,
    restriction=0,
)
ASK: dict[str, Any] = {
    "instrument": SPOT,
    "strategy": 0,
    "client_order_id": 16,
    "prior_sequence": 0,
    "side": 0,
    "price_ticks": 5_000,
    "lots": 100,
    "filled_lots": 0,
    "held_price_ticks": 0,
    "held_lots": 0,
    "reduce_only": 0,
    "order_type": 0,
    "tif": 0,
    "trigger_ticks": 0,
    "display_lots": 0,
    "created_ns": NOW_NS,
    "status": 2,
    "bid_ticks": 4_999,
    "ask_ticks": 5_001,
    "quote_ns": NOW_NS,
    "fair_numerator": 5_000,
    "fair_denominator": 1,
    "now_ns": NOW_NS,
    "amend": 0,
}


def fields(struct: Any) -> tuple[Any, ...]:
    """A struct's fields, in their order."""
    return tuple(getattr(struct, name) for name in struct.__struct_fields__)


def furnish(core: RiskCore) -> RiskCore:
    """A world in which a plain order passes."""
    for _ in range(2):
        core.add_venue()
    for venue, _ in ACCOUNTS:
        core.add_account(venue)
    for _ in range(3):
        core.add_asset()
    for _ in range(2):
        core.add_strategy()
    # One lot is 0.00001 base; a tick is 0.1 quote. The far one has grids that need fractions of attos.
    size, value = 10**13, 10**12
    core.add_instrument(0, 0, BTC, USDT, False, 1, 1, size, 1, value, 1, 100_000, 5 * 10**4)
    core.add_instrument(1, 1, BTC, USDT, True, 1, 1, size, 1, value, 1, 50_000, 5 * 10**4)
    core.add_instrument(0, 0, ETH, BTC, False, 10, 20, size, 1, value, 3, 0, 0)
    core.add_instrument(2, 1, ETH, USDT, True, 1, 1, 10, 7, 1, 1_000, 20_000, 0)
    for instrument in range(4):
        core.limit_instrument(instrument, *fields(BOUNDS))
    for asset in range(3):
        core.limit_asset(asset, 20 * ATTO)
    core.set_rate(USDT, 10**9)
    for account in range(3):
        core.set_ready(account, True)
        for asset in range(3):
            core.set_wallet(account, asset, 10_000 * ATTO)
    for instrument in range(4):
        core.set_mark(instrument, 4_999, 5_001)
    return core


def ask(**changes: Any) -> tuple[Any, ...]:
    """A question, by position."""
    assert set(changes) <= set(ASK), changes
    return tuple((ASK | changes).values())


def limit(core: RiskCore, instrument: int = SPOT, **changes: Any) -> None:
    """Other limits of an instrument."""
    core.limit_instrument(instrument, *fields(Bounds(**(as_dict(BOUNDS) | changes))))


def limit_scope(core: RiskCore, kind: int, index: int = 0, **changes: Any) -> None:
    """The limits of a scope."""
    core.limit_scope(kind, index, *fields(ScopeBounds(**changes)))


def as_dict(struct: Any) -> dict[str, Any]:
    return dict(zip(struct.__struct_fields__, fields(struct), strict=True))


def view(core: RiskCore) -> list[Any]:
    """Everything that the rules read."""
    seen: list[Any] = [core.takes_risk()]
    for instrument in range(4):
        seen += [core.frozen(instrument), core.position(instrument), core.mark(instrument)]
        seen += [core.open_count(4, instrument), *(core.open_lots(instrument, side) for side in (0, 1))]
        seen += [core.nth_order_ns(4, instrument, n) for n in (1, 3)]
        seen += [core.crossing(instrument, side, price) for side in (0, 1) for price in (4_990, 5_000, 5_010)]
        for strategy in range(2):
            seen.append(core.strategy_lots(strategy, instrument))
            seen += [core.strategy_open(strategy, instrument, side) for side in (0, 1)]
            for kind, index in ((0, 0), (1, 0), (2, 1), (3, strategy)):
                seen.append(core.exposure_beside(kind, index, instrument, strategy))
        seen += [core.gross_beside(account, asset, instrument) for account in range(3) for asset in range(3)]
    for account in range(3):
        seen.append(core.ready(account))
        for asset in range(3):
            seen += [core.wallet(account, asset), core.taken(account, asset)]
    for asset in range(3):
        seen += [core.rate(asset), *(core.exposure(asset, side) for side in (0, 1))]
        seen += [core.open_base(asset, side) for side in (0, 1)]
    for kind, count in ((0, 1), (1, 2), (2, 3), (3, 2)):
        for index in range(count):
            seen += [core.kill(kind, index), core.open_count(kind, index), core.equity(kind, index)]
            seen += [core.nth_order_ns(kind, index, n) for n in (1, 2, 4)]
            seen += [core.nth_message_ns(kind, index, n) for n in (1, 2, 4)]
    seen += [core.sequence_open(n) for n in range(12)] + [core.last_attempt(n) for n in range(12)]
    return seen
