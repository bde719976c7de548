"""How lists of simulated HTX swaps are asked for, and how pages of them are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

PAGE_MAX: Final = 50
Row = dict[str, Any]


class Wanted(msgspec.Struct, frozen=True):
    """A list: of a contract, of a time, of a page. Older endpoints say `contract_code`, newer `contract`."""

    contract_code: str = ""
    contract: str = ""
    pair: str = ""
    order_id: str | int = ""
    client_order_id: str | int = ""
    status: str | int = ""
    trade_type: int = 0
    type: int = 1
    start_time: int = 0
    end_time: int = 2**62
    page_index: int = 1
    page_size: int = 20
    direct: str = "prev"
    from_id: int | None = None

    @property
    def code(self) -> str:
        """The contract, by whatever name."""
        return self.contract_code or self.contract or self.pair

    @property
    def size(self) -> int:
        """Rows of a page."""
        return max(1, min(self.page_size, PAGE_MAX))


def paged(rows: Sequence[Row], asked: Wanted, name: str = "orders") -> Row:
    """One page of rows."""
    size, index = asked.size, max(1, asked.page_index)
    pages = -(-len(rows) // size)
    return {
        name: list(rows[(index - 1) * size : index * size]),
        "total_page": pages,
        "current_page": index,
        "total_size": len(rows),
    }


def after(rows: Sequence[Row], asked: Wanted, key: str) -> list[Row]:
    """Rows from an id on: older ones (`next`), or newer ones (`prev`); the newest without an id."""
    if asked.from_id is None:
        return list(rows[: asked.size])
    if asked.direct == "next":
        return [row for row in rows if row[key] < asked.from_id][: asked.size]
    return [row for row in rows if row[key] > asked.from_id][-asked.size :]
