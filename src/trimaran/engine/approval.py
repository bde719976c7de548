"""Stage 6 of the step: what risk is told, and its answer for the orders of one decision."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from trimaran.base.errors import ConfigError
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved, Refused
from trimaran.domain.kill import market_in
from trimaran.domain.orders import OrderRequest
from trimaran.engine.desk import Desk
from trimaran.engine.orders import OrderEntry
from trimaran.engine.quotes import marks_of, quote_of
from trimaran.risk.image import EquityMark, OpenOrder, RiskImage
from trimaran.risk.limits import LimitsBook
from trimaran.risk.limits_file import read_limits


def judge(
    desk: Desk, orders: Sequence[OrderRequest], instead_of: ClientOrderId | None = None
) -> tuple[Approved, ...] | Refused:
    """All of the orders together, or the first refusal.

    `instead_of` names an order that is open and counted, and that the one in `orders` replaces: an earlier
    attempt that is proved absent, or the same order with other terms.
    """
    risk = desk.risk
    risk.set_takes_risk(desk.takes_risk)
    for order in orders:
        key = order.instrument_key
        risk.set_ready(market_in(key), desk.not_ready(key) is None)
        risk.set_frozen(key, desk.frozen_by(key) is not None)
    quotes = [quote_of(desk, order.instrument_key) for order in orders]
    if instead_of is not None and instead_of == orders[0].client_order_id:
        return risk.judge_amend(orders[0], quotes[0], desk.now_ns)
    return risk.judge(orders, quotes, desk.now_ns, instead_of)


def tick(desk: Desk) -> None:
    """Risk hears what things are worth now."""
    desk.risk.on_tick(desk.now_ns, marks_of(desk))


def rebuild(desk: Desk) -> None:
    """Risk begins anew from what is durable: after a recovery, and after instruments were listed anew."""
    durable, orders = desk.durable, desk.durable.orders
    if durable.limits is not None:
        desk.risk.set_limits(_read(desk, durable.limits.text))
    desk.risk.rebuild(
        RiskImage(
            open_orders=[_still(each) for each in durable.working.values()],
            recent=[each.order for each in durable.orders.values()],
            messages=[(at_ns, orders[each].order) for at_ns, each in durable.messages if each in orders],
            balances=durable.ledger.balances,
            positions={key: (each.lots, each.cost) for key, each in durable.ledger.positions.items()},
            kills=durable.kill.states,
            frozen=[key for key in desk.books if desk.frozen_by(key) is not None],
            ready=[name for name in desk.markets if desk.readiness.missing(name) is None],
            takes_risk=desk.takes_risk,
            traded={
                (strategy, key): each.lots
                for strategy, by_key in durable.trades.traded.items()
                for key, each in by_key.items()
            },
            equities={
                scope: EquityMark(each.day, each.day_start, each.peak, each.equity)
                for scope, each in durable.equities.items()
            },
        )
    )


def limits_of(desk: Desk, text: str) -> LimitsBook:
    """The limits of a text, if they may follow those in force. Raises ConfigError."""
    book = _read(desk, text)
    before = desk.durable.limits
    if before is not None and book.version <= before.version and book.digest != before.digest:
        raise ConfigError(f"limits.version: expected more than {before.version}, found {book.version}")
    return book


def _still(entry: OrderEntry) -> OpenOrder:
    if entry.ending is not None:
        return OpenOrder(replace(entry.order, lots=entry.ending.filled_lots), entry.filled_lots)
    asked = None if entry.amendment is None else entry.amendment.order
    return OpenOrder(entry.order, entry.filled_lots, asked)


def _read(desk: Desk, text: str) -> LimitsBook:
    book = read_limits(text)
    book.check(desk.instruments.values(), [strategy.name for strategy in desk.strategies])
    return book
