"""Ends everything that is open on an account's market, as fast as the venue lets us: for the kill switch.

    one request an instrument that ends all, or batches of what we know, side by side
    -> what is still open, asked anew -> that, side by side -> asked anew: how many are left

Cancels are urgent: they use the share of the limits that is reserved for them. A fault of a cancel is no
reason to stop, for what counts is the venue's answer at the end; a fault of that question is raised. One call
is one round: whoever must be sure calls again while anything was on its way, or is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final

from trimaran.domain.instrument import Symbol, symbol_in
from trimaran.domain.reports import OrderReport
from trimaran.venues.wire.asks import CancelAll, CancelMany, OrderRef
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.fold_port import OpenOrder
from trimaran.venues.wire.order_desk import OrderDesk
from trimaran.venues.wire.patience import Patience
from trimaran.venues.wire.reconciler import Reconciler
from trimaran.venues.wire.shared import Shared

URGENT: Final = Patience(wait_s_max=1.0, answer_s_max=1.5)
AT_ONCE: Final = 200  # requests under way


class Ending:
    """The ends of one account's orders."""

    def __init__(
        self, shared: Shared, reconciler: Reconciler, desk: OrderDesk, symbols: Sequence[Symbol]
    ) -> None:
        self._asker = shared.asker
        self._reconciler = reconciler
        self._desk = desk
        self._fold = shared.fold
        self._symbols = tuple(symbols)
        self._spec = shared.spec
        self._room = asyncio.Semaphore(AT_ONCE)

    async def end_all(self, symbol: Symbol | None = None) -> Sequence[OrderReport]:
        """Asks for the end of everything (of one instrument, or all), ours or not; what is open after that.

        Raises VenueFault when it cannot be asked what is open.
        """
        symbols = self._symbols if symbol is None else (symbol,)
        whole = await asyncio.gather(*(self._end_whole(*each) for each in self._books(symbols)))
        if not all(whole):
            known = [_known(each) for each in self._fold.open_orders()]
            await self.end([ref for ref in known if ref.symbol in symbols])
        left = await self._open(symbol)
        if not left:
            return ()
        await self.end([_ref_of(report) for report in left])
        return await self._open(symbol)

    async def _open(self, symbol: Symbol | None) -> Sequence[OrderReport]:
        if symbol is None:
            return await self._reconciler.open_now()
        return await self._reconciler.open_orders(symbol)

    async def end(self, refs: Sequence[OrderRef]) -> None:
        """Asks for the end of some orders, side by side; faults are told, and stop nothing."""
        size = self._spec.cancels_at_once
        work: list[Awaitable[None]] = []
        for some in _alike(refs).values():
            if size:
                work += [self._many(tuple(some[at : at + size])) for at in range(0, len(some), size)]
            else:
                work += [self._one(ref) for ref in some]
        await asyncio.gather(*work)

    def _books(self, symbols: Sequence[Symbol]) -> list[tuple[Symbol, bool]]:
        """Every instrument, and apart those orders of it that wait for a trigger, where they are."""
        kinds = (False, True) if self._spec.triggers_apart else (False,)
        return [(symbol, triggered) for symbol in symbols for triggered in kinds]

    async def _end_whole(self, symbol: Symbol, triggered: bool) -> bool:
        """One request for all of an instrument; False where the market has none, or it met a fault."""
        try:
            answer = await self._asker.ask(CancelAll(symbol, triggered), URGENT)
        except VenueFault:
            return False
        return not isinstance(answer, Unsupported)

    async def _many(self, refs: tuple[OrderRef, ...]) -> None:
        async with self._room:
            try:
                await self._asker.ask(CancelMany(refs), URGENT)
            except VenueFault:
                return  # some of them had ended, or worse: what is open is asked for

    async def _one(self, ref: OrderRef) -> None:
        async with self._room:
            await self._desk.cancel_urgently(ref, URGENT)


def _alike(refs: Sequence[OrderRef]) -> Mapping[object, list[OrderRef]]:
    """Orders that can stand in one request: of one instrument, and all or none of them wait for a trigger."""
    kinds: dict[object, list[OrderRef]] = {}
    for ref in refs:
        apart = ref.triggered or ":" in (ref.venue_order_id or "")
        kinds.setdefault((ref.symbol, apart), []).append(ref)
    return kinds


def _known(order: OpenOrder) -> OrderRef:
    return OrderRef(symbol_in(order.instrument_key), order.client_order_id, order.venue_order_id)


def _ref_of(report: OrderReport) -> OrderRef:
    waits = report.order_type.is_triggered
    return OrderRef(symbol_in(report.instrument_key), report.client_order_id, report.venue_order_id, waits)
