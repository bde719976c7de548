"""The statements of the projection: every insert, and an update for each move of an order.

Orders move by the table of `domain/orders.py`, written out as CASE; what it does not allow leaves the state
as it is. Nothing here is of one database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Update,
    bindparam,
    case,
    cast,
    exists,
    insert,
    select,
    update,
)

from trimaran.domain.orders import TRANSITIONS, OrderEvent
from trimaran.storage.projection.row import ADOPTED, FILLED, TERMS, Row
from trimaran.storage.projection.row import Insert as Added
from trimaran.storage.projection.tables import METADATA, ORDERS


def _insert_once() -> Insert:
    """An order that may be there."""
    values = [cast(bindparam(column.name, type_=column.type), column.type) for column in ORDERS.columns]
    there = exists().where(ORDERS.c.client_order_id == bindparam("client_order_id"))
    return insert(ORDERS).from_select(list(ORDERS.columns), select(*values).where(~there))


def _inserts() -> dict[str, Insert]:
    inserts = {name: insert(table) for name, table in METADATA.tables.items()}
    return {**inserts, ADOPTED: _insert_once()}


INSERTS: Final[MappingProxyType[str, Insert]] = MappingProxyType(_inserts())


def _after(event: OrderEvent) -> ColumnElement[str]:
    moves = [
        (ORDERS.c.state == before.name.lower(), after[event].name.lower())
        for before, after in TRANSITIONS.items()
        if event in after
    ]
    return case(*moves, else_=ORDERS.c.state)


def _update(**values: object) -> Update:
    columns = {"changed_ns": bindparam("at_ns"), **values}
    return update(ORDERS).where(ORDERS.c.client_order_id == bindparam("key")).values(columns)


def _moves() -> dict[str, Update]:
    total = ORDERS.c.filled_lots + bindparam("more_lots")
    filled = case(
        (total >= ORDERS.c.lots, _after(OrderEvent.FULL_FILL)), else_=_after(OrderEvent.PARTIAL_FILL)
    )
    moves = {
        event.name: _update(state=_after(event), reason=bindparam("new_reason"))
        for event in (
            OrderEvent.REJECT,
            OrderEvent.LOSE,
            OrderEvent.PROVE_ABSENT,
            OrderEvent.FULL_FILL,
            OrderEvent.CANCEL,
            OrderEvent.EXPIRE,
        )
    }
    acked = _update(state=_after(OrderEvent.ACK), venue_order_id=bindparam("new_venue_order_id"))
    moves[OrderEvent.ACK.name] = acked
    moves[FILLED] = _update(state=filled, filled_lots=total)
    moves[TERMS] = _update(price_ticks=bindparam("new_price_ticks"), lots=bindparam("new_lots"))
    return moves


MOVES: Final[MappingProxyType[str, Update]] = MappingProxyType(_moves())


def write(connection: Connection, made: Iterable[Row]) -> None:
    """Writes rows, in few statements: what is added, then the first move of every order, its second..."""
    added: dict[str, list[Mapping[str, object]]] = {}
    rounds: list[dict[str, list[Mapping[str, object]]]] = []
    moved: dict[object, int] = {}
    for row in made:
        if isinstance(row, Added):
            added.setdefault(row.table, []).append(row.values)
            continue
        turn = moved.get(row.values["key"], 0)
        moved[row.values["key"]] = turn + 1
        if turn == len(rounds):
            rounds.append({})
        rounds[turn].setdefault(row.kind, []).append(row.values)
    once = added.pop(ADOPTED, None)  # behind the orders that it may find
    for table, values in (*added.items(), *([(ADOPTED, once)] if once else [])):
        _execute(connection, INSERTS[table], values)
    for each in rounds:
        for kind, values in each.items():
            _execute(connection, MOVES[kind], values)


def _execute(
    connection: Connection, statement: Insert | Update, values: Sequence[Mapping[str, object]]
) -> None:
    connection.execute(statement, list(values))
