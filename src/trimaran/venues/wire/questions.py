"""Answers to what the fold misses: fills, fees and owners, asked for over REST, each once at a time.

A fault is no loss: the fold asks again, or has a deadline of its own.
"""

from __future__ import annotations

from trimaran.domain.instrument import symbol_in
from trimaran.venues.wire.asks import OrderRef, QueryOrder
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import RequestFailed
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.fold_port import FeeMissing, FillsMissing, FoldQuestion
from trimaran.venues.wire.reconciler import Reconciler
from trimaran.venues.wire.shared import Shared
from trimaran.venues.wire.tasks import Tasks


class Questions:
    """The questions of one fold."""

    def __init__(self, shared: Shared, reconciler: Reconciler, tasks: Tasks) -> None:
        self._asker = shared.asker
        self._reconciler = reconciler
        self._patience = shared.options.ask
        self._hear = shared.hear
        self._tell = shared.tell
        self._tasks = tasks
        self._asking: set[object] = set()  # that are under way

    def look_into(self, question: FoldQuestion) -> None:
        """Begins to ask, unless somebody does already."""
        if isinstance(question, FillsMissing):
            about: object = question
        elif isinstance(question, FeeMissing) and question.booked:
            return
        else:  # one answer serves every fill of the order
            report = question.report
            about = (type(question), report.instrument_key, report.venue_order_id)
        if about not in self._asking:
            self._asking.add(about)
            self._tasks.spawn(self._find_out(question, about))

    async def _find_out(self, question: FoldQuestion, about: object) -> None:
        try:
            if isinstance(question, FillsMissing):
                symbol = symbol_in(question.instrument_key)
                ref = OrderRef(symbol, question.client_order_id, question.venue_order_id or None)
                await self._reconciler.fills(symbol, 0, ref)
                return
            report = question.report
            symbol = symbol_in(report.instrument_key)
            ref = OrderRef(symbol, report.client_order_id, report.venue_order_id)
            if isinstance(question, FeeMissing):
                await self._reconciler.fills(symbol, 0, ref)
            else:
                found = await self._asker.ask(QueryOrder(ref), self._patience)
                if not isinstance(found, Unsupported):
                    self._hear(found)
        except VenueFault as error:
            self._tell([RequestFailed("query", None, error.fault)])
        finally:
            self._asking.discard(about)
