"""Discrepancies to plant in an account, and what is to be found of each.

A row plants one on the instrument of its own number, and names what is found: what was planted, and what
follows from it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from tests.support.compare_world import BNB, OLD, SECOND, USDT, World, as_report, client_id
from trimaran.domain.account import FillId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, ContractKind, InstrumentKey, Side
from trimaran.domain.orders import OrderState, OrderType
from trimaran.domain.reports import MarginMode
from trimaran.ledger.difference import DifferenceKind
from trimaran.ledger.our_view import Expected

K = DifferenceKind
Plant = Callable[[World, int], object]


def ends(state: OrderState, filled: int = 0) -> Plant:
    def plant(world: World, n: int) -> None:
        report = world.unlisted(n)
        world.ours(n, filled_lots=filled, state=OrderState.PARTIALLY_FILLED if filled else OrderState.ACKED)
        world.ended.append(msgspec.structs.replace(report, state=state, filled_lots=filled))

    return plant


def _filled_at_venue(world: World, n: int) -> None:
    """Nobody told us of 20 lots: neither of the order's word nor of the fill."""
    world.theirs(n, filled_lots=20, state=OrderState.PARTIALLY_FILLED)


def missing_fill(world: World, n: int) -> None:
    """The order has filled 10 lots, and money has moved: all of it is the one missing fill."""
    fill = msgspec.structs.replace(world.fill(n, f"new{n}"), client_order_id=client_id(n + 1))
    world.their_fills.append(as_report(fill))
    world.theirs(n, filled_lots=10, state=OrderState.PARTIALLY_FILLED)
    world.move(world.asset(n), "1")
    world.move(USDT, "-100.1")


def _foreign_fill(world: World, n: int) -> None:
    fill = world.fill(n, f"new{n}")
    world.their_fills.append(as_report(fill, client_order_id=None))
    world.move(world.asset(n), "1")
    world.move(USDT, "-100.1")


def _other_fee(world: World, n: int) -> None:
    world.their_fill(n, fee=Decimal("0.05"))
    world.move(USDT, "0.05")


def discount(world: World, n: int) -> None:
    world.their_fill(n, fee=Decimal("0.0002"), fee_asset=BNB)
    world.move(USDT, "0.1")
    world.move(BNB, "-0.0002")


def _other_side(world: World, n: int) -> None:
    world.their_fill(n, side=Side.SELL)


def _forgotten_fill(world: World, n: int) -> None:
    world.their_fills.append(as_report(world.fill(n, "old", OLD - SECOND)))
    world.more.setdefault("remembered_ns", {})[world.key(n)] = OLD  # type: ignore[index]


def _denied(world: World, n: int) -> None:
    world.their_fill(n, fill_id=FillId(f"f{n}"), instrument_key=world.key(n), venue_ns=0)
    hidden = world.their_fills[n]
    world.their_fills[n] = msgspec.structs.replace(hidden, instrument_key=world.key(0), fill_id=FillId("f0"),
        client_order_id=client_id(501), venue_ns=OLD)  # fmt: skip


def _unknown_asset(world: World, n: int) -> None:
    asset = Asset(f"AIRDROP{n}")
    world.their_balances[asset] = world.balance(asset, Decimal(3))


def _inconsistent(world: World, n: int) -> None:
    row = world.their_balances[world.asset(n)]
    world.their_balances[world.asset(n)] = msgspec.structs.replace(row, free=Decimal(10**6))


def _twice(world: World, n: int) -> None:
    world.extra_balances.append(world.balance(world.asset(n), Decimal(777)))


def _hide_order(world: World, n: int) -> None:
    world.unlisted(n)


def _new_order(**changes: object) -> Plant:
    def plant(world: World, n: int) -> None:
        identity = changes.get("identity", client_id(700 + n))
        assert identity is None or isinstance(identity, int)
        known = ClientOrderId(identity) if identity is not None else None
        world.open_orders.append(world.report(n, known, venue_order_id=f"x{n}"))

    return plant


def _doubled(world: World, n: int) -> None:
    world.open_orders.append(world.report(n, client_id(n + 1), venue_order_id=f"second{n}"))


def _other_instrument(world: World, n: int) -> None:
    world.theirs(n, instrument_key=world.key(0))


def _waits(world: World, n: int) -> None:
    order = world.orders[client_id(n + 1)].order
    stop = msgspec.structs.replace(order, order_type=OrderType.STOP_LIMIT, trigger_ticks=95)
    world.ours(n, order=stop)
    world.theirs(n, order_type=OrderType.STOP_LIMIT, trigger_ticks=96)


def _unlisted_order(world: World, n: int) -> None:
    key = InstrumentKey(f"{world.market}:GONE")
    world.open_orders.append(world.report(n, client_id(900), venue_order_id=f"x{n}", instrument_key=key))


SPOT: dict[str, tuple[Plant, set[DifferenceKind]]] = {
    "cancelled by hand": (ends(OrderState.CANCELED), {K.ORDER_CANCELED}),
    "expired": (ends(OrderState.EXPIRED), {K.ORDER_EXPIRED}),
    "filled, and the fills are known": (ends(OrderState.FILLED, 50), {K.ORDER_FILLED}),
    "refused after all": (ends(OrderState.REJECTED), {K.ORDER_REJECTED}),
    "not listed, and nobody says why": (_hide_order, {K.ORDER_MISSING}),
    "ended for us, open there": (
        lambda w, n: w.ours(n, state=OrderState.CANCELED),
        {K.ORDER_REVIVED},
    ),
    "never placed for us, cancelled there": (
        lambda w, n: (ends(OrderState.CANCELED)(w, n), w.ours(n, state=OrderState.NOT_PLACED)),
        {K.ORDER_PLACED},
    ),
    "sent, the answer was lost": (lambda w, n: w.ours(n, state=OrderState.UNKNOWN), {K.ORDER_SENT}),
    "sending, and nobody answered": (lambda w, n: w.ours(n, state=OrderState.SENDING), {K.ORDER_SENT}),
    "ours by its id, and forgotten": (_new_order(), {K.ORDER_UNTRACKED}),
    "ours, of an earlier owner": (
        _new_order(identity=client_id(5, epoch=6)),
        {K.ORDER_UNTRACKED},
    ),
    "of a later owner": (_new_order(identity=client_id(1, epoch=8)), {K.ORDER_OTHER_EPOCH}),
    "of an id that was never given out": (_new_order(identity=client_id(1_001)), {K.ORDER_OTHER_EPOCH}),
    "of another shard": (_new_order(identity=client_id(1, shard=3)), {K.ORDER_OTHER_SHARD}),
    "of another region": (_new_order(identity=client_id(1, region=2)), {K.ORDER_OTHER_REGION}),
    "placed by hand": (_new_order(identity=None), {K.ORDER_FOREIGN}),
    "on an unknown instrument": (_unlisted_order, {K.ORDER_UNLISTED}),
    "two orders, one id": (_doubled, {K.ORDER_DOUBLED}),
    "on another instrument": (_other_instrument, {K.ORDER_INSTRUMENT}),
    "on the other side": (lambda w, n: w.theirs(n, side=Side.SELL), {K.ORDER_SIDE}),
    "another venue id": (lambda w, n: w.theirs(n, venue_order_id="other"), {K.ORDER_VENUE_ID}),
    "another price": (lambda w, n: w.theirs(n, price_ticks=91), {K.ORDER_PRICE}),
    "another trigger": (_waits, {K.ORDER_TRIGGER}),
    "another size": (lambda w, n: w.theirs(n, lots=60), {K.ORDER_LOTS}),
    "more filled than the fills tell": (_filled_at_venue, {K.ORDER_FILLED_MORE}),
    "less filled than our fills": (
        lambda w, n: w.ours(n, filled_lots=5, state=OrderState.PARTIALLY_FILLED),
        {K.ORDER_FILLED_LESS},
    ),
    "filled beyond its size": (
        lambda w, n: (w.theirs(n, filled_lots=60), w.ours(n, filled_lots=50)),
        {K.ORDER_OVERFILLED},
    ),
    "made before it was asked for": (
        lambda w, n: w.theirs(n, created_ns=OLD - 3_600 * SECOND),
        {K.ORDER_TIME},
    ),
    "a fill that nobody told": (missing_fill, {K.FILL_MISSING}),
    "a fill of somebody else's order": (_foreign_fill, {K.FILL_FOREIGN}),
    "a fill that the venue does not have": (_denied, {K.FILL_DENIED}),
    "a fill older than memory": (_forgotten_fill, {K.FILL_FORGOTTEN}),
    "one fill, told twice otherwise": (
        lambda w, n: w.their_fills.append(as_report(w.fill(n, f"f{n}"), lots=11)),
        {K.FILL_AMBIGUOUS},
    ),
    "a fill on an unknown instrument": (
        lambda w, n: w.their_fills.append(
            as_report(w.fill(n, "far"), instrument_key=InstrumentKey(f"{w.market}:GONE"))
        ),
        {K.FILL_UNLISTED},
    ),
    "a fill at another price": (lambda w, n: w.their_fill(n, price_ticks=101), {K.FILL_PRICE}),
    "a fill of another size": (lambda w, n: w.their_fill(n, lots=12), {K.FILL_LOTS}),
    "a fill on the other side": (_other_side, {K.FILL_SIDE}),
    "another fee": (_other_fee, {K.FILL_FEE}),
    "a fee in another asset": (discount, {K.FILL_FEE_ASSET}),
    "a fill of another order": (
        lambda w, n: w.their_fill(n, client_order_id=client_id(n + 1)),
        {K.FILL_ORDER},
    ),
}  # fmt: skip
WALLET: dict[str, tuple[Plant, set[DifferenceKind]]] = {
    "a fill at another time": (lambda w, n: w.their_fill(n, venue_ns=OLD + 300 * SECOND), {K.FILL_TIME}),
    "money came by hand": (lambda w, n: w.move(w.asset(n), "5"), {K.BALANCE_HIGHER}),
    "a fee discount came late": (lambda w, n: w.move(w.asset(n), "0.00000001"), {K.BALANCE_HIGHER}),
    "interest went": (lambda w, n: w.move(w.asset(n), "-0.5"), {K.BALANCE_LOWER}),
    "an asset that nobody knows": (_unknown_asset, {K.BALANCE_UNKNOWN}),
    "an asset is gone from the list": (
        lambda w, n: w.their_balances.pop(w.asset(n)),
        {K.BALANCE_GONE},
    ),
    "an asset is zero": (
        lambda w, n: w.their_balances.update({w.asset(n): w.balance(w.asset(n), Decimal(0))}),
        {K.BALANCE_GONE},
    ),
    "free is more than the total": (_inconsistent, {K.BALANCE_INCONSISTENT}),
    "one asset in two rows": (_twice, {K.BALANCE_REPEATED}),
}  # fmt: skip


def place(world: World, n: int, lots: int, entry: str | None = "100") -> None:
    world.their_positions[world.key(n)] = world.position(n, lots, entry)


def unheld(world: World, n: int) -> None:
    del world.positions[world.key(n)]


def _delist(world: World, n: int) -> None:
    world.more["delisted"] = frozenset({world.key(n), *world.more.get("delisted", ())})  # type: ignore[misc]


def _delisted_order(world: World, n: int) -> None:
    _delist(world, n)
    world.unlisted(n)


def _delisted_position(world: World, n: int) -> None:
    _delist(world, n)
    del world.their_positions[world.key(n)]


def _expects(expected: Expected) -> Plant:
    def plant(world: World, n: int) -> None:
        world.more.setdefault("expected", {})[world.key(n)] = expected  # type: ignore[index]
        row = world.their_positions[world.key(n)]
        world.their_positions[world.key(n)] = msgspec.structs.replace(
            row, leverage=Decimal(20), margin_mode=MarginMode.CROSS
        )

    return plant


def _unlisted_position(world: World, n: int) -> None:
    key = InstrumentKey(f"{world.market}:GONE{n}")
    world.extra_positions.append(msgspec.structs.replace(world.position(n, 5), instrument_key=key))


def _missing_perpetual_fill(world: World, n: int) -> None:
    """10 lots bought at 100 for a short of 30 at 100: nothing realised, the fee is paid."""
    world.their_fills.append(as_report(world.fill(n, f"new{n}")))
    place(world, n, (30 if n % 2 else -30) + 10)
    world.move(USDT, "-0.1")


PERPETUAL: dict[str, tuple[Plant, set[DifferenceKind]]] = {
    "another size": (lambda w, n: place(w, n, 20 if n % 2 else -20), {K.POSITION_LOTS}),
    "a larger size": (lambda w, n: place(w, n, 50 if n % 2 else -50, "110"), {K.POSITION_LOTS}),
    "the other side": (lambda w, n: place(w, n, -10 if n % 2 else 10, "120"), {K.POSITION_SIDE}),
    "a position from nowhere": (unheld, {K.POSITION_UNKNOWN}),
    "a position is gone from the list": (
        lambda w, n: w.their_positions.pop(w.key(n)),
        {K.POSITION_GONE},
    ),
    "a position is closed": (lambda w, n: place(w, n, 0, None), {K.POSITION_GONE}),
    "a delisted position is settled": (_delisted_position, {K.POSITION_DELISTED}),
    "an order to reduce went with its instrument": (_delisted_order, {K.ORDER_DELISTED}),
    "another entry price": (lambda w, n: place(w, n, 30 if n % 2 else -30, "102"), {K.POSITION_ENTRY}),
    "another leverage": (_expects(Expected(leverage=Decimal(5))), {K.POSITION_LEVERAGE}),
    "another margin mode": (
        _expects(Expected(margin_mode=MarginMode.ISOLATED)),
        {K.POSITION_MARGIN_MODE},
    ),
    "a position on an unknown instrument": (_unlisted_position, {K.POSITION_UNLISTED}),
    "one position in two rows": (
        lambda w, n: w.extra_positions.append(w.position(n, 7)),
        {K.POSITION_REPEATED},
    ),
    "a fill explains position and fee": (_missing_perpetual_fill, {K.FILL_MISSING}),
}  # fmt: skip
PLANTS = [
    *((ContractKind.SPOT, name, *row) for name, row in SPOT.items()),
    *((ContractKind.SPOT, name, *row) for name, row in WALLET.items()),
    *((ContractKind.PERPETUAL, name, *row) for name, row in PERPETUAL.items()),
]
