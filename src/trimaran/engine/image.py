"""The durable state as one value: what a snapshot of the journal keeps, and what the state hash is of.

Everything is in one order, whatever dictionaries and hash seeds did: equal states have equal images. The hash
leaves out time, and what is only remembered in order to be forgotten.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

import msgspec

from trimaran.base.errors import JournalError
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId, last_id_of
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import Instrument, InstrumentKey, MarketName
from trimaran.domain.kill import KillScope
from trimaran.domain.orders import TERMINAL, GroupId, StrategyName
from trimaran.domain.records import EquityMarked, LimitsSet
from trimaran.engine.durable_state import DurableState
from trimaran.engine.groups import GroupEntry
from trimaran.engine.orders import OrderEntry
from trimaran.engine.trades import PaidImage, TradedImage
from trimaran.ledger.image import LedgerImage


class DurableImage(msgspec.Struct, frozen=True):
    """All of `Durable`."""

    counter: ClientIdCounter
    instruments: tuple[Instrument, ...]
    orders: tuple[OrderEntry, ...]
    groups: tuple[tuple[GroupId, GroupEntry], ...]
    groups_closed: int
    owed: tuple[tuple[StrategyName, InstrumentKey, Decimal], ...]
    kill: tuple[tuple[KillScope, KillState], ...]
    limits: LimitsSet | None
    frozen: tuple[tuple[InstrumentKey, str], ...]
    markets: tuple[MarketName, ...]
    ledger: LedgerImage
    now_ns: int = 0
    ended: tuple[tuple[int, ClientOrderId], ...] = ()
    traded: tuple[TradedImage, ...] = ()
    paid: tuple[PaidImage, ...] = ()
    equities: tuple[EquityMarked, ...] = ()
    messages: tuple[tuple[int, ClientOrderId], ...] = ()
    strays: tuple[tuple[ClientOrderId, int], ...] = ()
    opened: tuple[tuple[MarketName, int], ...] = ()


def image(durable: DurableState) -> DurableImage:
    """The image of a state. It shares nothing that changes with it."""
    groups = durable.groups
    traded, paid = durable.trades.images()
    owed = [(name, key, size) for name, sizes in groups.owed.items() for key, size in sizes.items()]
    return DurableImage(
        counter=durable.counter,
        instruments=tuple(sorted(durable.instruments.values(), key=lambda each: each.key)),
        orders=tuple([_copied(durable.orders[each]) for each in sorted(durable.orders)]),
        groups=tuple([(group, _group(groups.open[group])) for group in sorted(groups.open)]),
        groups_closed=groups.closed,
        owed=tuple(sorted(owed)),
        kill=tuple(sorted(durable.kill.states.items(), key=lambda each: each[0].text)),
        limits=durable.limits,
        frozen=tuple(sorted(durable.frozen.items())),
        markets=tuple(sorted(durable.markets)),
        ledger=durable.ledger.image(),
        now_ns=durable.now_ns,
        ended=tuple(durable.ended),
        traded=traded,
        paid=paid,
        equities=tuple(sorted(durable.equities.values(), key=lambda each: each.scope.text)),
        messages=tuple(durable.messages),
        strays=tuple(durable.book.strays.items()),
        opened=tuple(sorted(durable.opened.items())),
    )


def restore(durable: DurableState, told: DurableImage) -> None:
    """Makes an empty state what an image says. Raises VenueError where the ledger's image does not fit."""
    assert not durable.orders, "restored into a state that has orders"
    durable.last_id = last_id_of(told.counter)
    durable.instruments.update({each.key: each for each in told.instruments})
    durable.ledger.list_instruments(told.instruments)
    durable.ledger.restore(told.ledger)
    for entry in told.orders:
        if entry.state in TERMINAL:
            durable.orders[entry.order.client_order_id] = _copied(entry)
        else:
            durable.book.add(_copied(entry))
    groups = durable.groups
    groups.open = {group: _group(entry) for group, entry in told.groups}
    groups.closed = told.groups_closed
    for strategy, key, size in told.owed:
        groups.owe(strategy, key, size)
    durable.kill.states = dict(told.kill)
    durable.limits = told.limits
    durable.frozen = dict(told.frozen)
    durable.markets = set(told.markets)
    durable.now_ns = told.now_ns
    durable.ended.extend(told.ended)
    durable.trades.restore(told.traded, told.paid)
    durable.equities = {each.scope: each for each in told.equities}
    durable.messages.extend(told.messages)
    durable.book.strays.update(told.strays)
    durable.opened.update(told.opened)


def state_hash(durable: DurableState) -> int:
    """64 bits that are equal for equal states. Made on demand: nothing on the way of an order pays for it."""
    return hash_of(image(durable))


def hash_of(told: DurableImage) -> int:
    """The hash of the state that an image was made of."""
    told = msgspec.structs.replace(told, now_ns=0, ended=(), messages=())
    digest = hashlib.blake2b(msgspec.msgpack.encode(told), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _copied(entry: OrderEntry) -> OrderEntry:
    return msgspec.structs.replace(entry)


def _group(entry: GroupEntry) -> GroupEntry:
    return GroupEntry(entry.strategy, entry.purpose, list(entry.orders))


def encode(told: DurableImage) -> bytes:
    """The bytes of an image, as a snapshot of the journal keeps them."""
    return msgspec.msgpack.encode(told)


def decode(content: bytes) -> DurableImage:
    """The image of its bytes. Raises JournalError when they are none."""
    try:
        return msgspec.msgpack.decode(content, type=DurableImage)
    except msgspec.MsgspecError as error:
        raise JournalError(f"snapshot: expected an image of the durable state, found: {error}") from None
