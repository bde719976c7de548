"""Cancels every open order of an instrument, whoever placed it, and proves it by asking.

    one request where the venue has one -> what is still open, asked anew -> one by one -> asked anew

A venue's yes to such a request is not believed: some take a hundred orders at once, some cancel later, some
keep orders that wait for a trigger apart. What is open at the end is the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from trimaran.domain.instrument import Symbol
from trimaran.domain.reports import OrderReport
from trimaran.venues.wire.asker import Asker
from trimaran.venues.wire.asks import CancelAll, OrderRef
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.patience import Patience

ROUNDS: Final = 4
AT_ONCE: Final = 20  # cancels under way; the governor holds back what the venue has no room for

ListOpen = Callable[[Symbol], Awaitable[Sequence[OrderReport]]]
Cancel = Callable[[OrderRef], Awaitable[object]]


async def clear(
    symbol: Symbol,
    asker: Asker,
    patience: Patience,
    list_open: ListOpen,
    cancel: Cancel,
    triggers_apart: bool,
    pause_s: float,
) -> Sequence[OrderReport]:
    """The orders that are still open after all; none when all are gone. `pause_s`: until a cancel is seen.

    Raises VenueFault when it cannot be asked what is open.
    """
    for triggered in (False, True) if triggers_apart else (False,):
        try:
            await asker.ask(CancelAll(symbol, triggered), patience)
        except VenueFault:
            continue  # what it left open is cancelled one by one
    for _ in range(ROUNDS):
        await asyncio.sleep(pause_s)
        left = await list_open(symbol)
        if not left:
            return ()
        for start in range(0, len(left), AT_ONCE):
            some = left[start : start + AT_ONCE]
            await asyncio.gather(*(cancel(_ref(symbol, report)) for report in some))
    await asyncio.sleep(pause_s)
    return await list_open(symbol)


def _ref(symbol: Symbol, report: OrderReport) -> OrderRef:
    waits = report.order_type.is_triggered
    return OrderRef(symbol, report.client_order_id, report.venue_order_id, waits)
