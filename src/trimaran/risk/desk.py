"""The risk desk: the state that the rules judge by, and the judgement itself.

A judgement changes nothing: the order counts when its record does (`state.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trimaran.domain.client_id import ATTEMPT_BITS, ClientOrderId
from trimaran.domain.decision import Approved, Refused
from trimaran.domain.orders import IntentId, OrderRequest
from trimaran.risk.amount import attos_between
from trimaran.risk.ask import Quote, whole
from trimaran.risk.gate import Case, gate
from trimaran.risk.state import RiskState

NOTHING_HELD: Final = (0, 0, 0)  # filled lots, price in ticks, lots


class RiskDesk(RiskState):
    """See the module."""

    def judge(
        self,
        orders: Sequence[OrderRequest],
        quotes: Sequence[Quote],
        now_ns: int,
        instead_of: ClientOrderId | None = None,
    ) -> tuple[Approved, ...] | Refused:
        """All of the orders together, or the first refusal; `quotes` are those of their instruments.

        `instead_of` names an earlier attempt that is proved absent, and does not count any more.
        """
        self._refresh(orders)
        if instead_of is not None:
            self.core.end(instead_of)
        try:
            seen: dict[IntentId, int] = {}
            cases: list[Case] = []
            for order, quote in zip(orders, quotes, strict=True):
                prior = seen.get(order.intent_id) or self.intents.get(order.intent_id, 0)
                cases.append(self._case(order, quote, now_ns, prior))
                if len(orders) > 1:
                    seen[order.intent_id] = whole(order.client_order_id) >> ATTEMPT_BITS
            return gate(self.core, self.names.tables, cases, self.names.named)
        finally:
            known = None if instead_of is None else self.open_orders.get(instead_of)
            if known is not None:
                self.count(known)

    def judge_amend(self, order: OrderRequest, quote: Quote, now_ns: int) -> tuple[Approved, ...] | Refused:
        """An open order with other terms: the worse of both counts. It is `order` of the same client id."""
        self._refresh((order,))
        client_order_id = order.client_order_id
        known = self.open_orders.get(client_order_id)
        held = NOTHING_HELD  # of an instrument that this desk does not trade: well_formed refuses it
        if known is not None:
            lots = max(known.order.lots, known.asked[1])
            held = (known.filled_lots, known.order.price_ticks, max(lots - known.filled_lots, 0))
        case = self._case(order, quote, now_ns, 0, held, 1)
        self.core.lift(client_order_id)
        try:
            return gate(self.core, self.names.tables, (case,), self.names.named)
        finally:
            self.core.lower(client_order_id)

    def _case(
        self,
        order: OrderRequest,
        quote: Quote,
        now_ns: int,
        prior: int,
        held: tuple[int, int, int] = NOTHING_HELD,
        amend: int = 0,
    ) -> Case:
        filled_lots, held_price_ticks, held_lots = held
        ask = (
            self.names.instrument(order.instrument_key),
            self.names.strategy(order.strategy),
            order.client_order_id,
            prior,
            order.side,
            order.price_ticks,
            order.lots,
            filled_lots,
            held_price_ticks,
            held_lots,
            order.reduce_only,
            order.order_type,
            order.tif,
            order.trigger_ticks,
            order.display_lots,
            order.created_ns,
            quote.status,
            quote.bid_ticks,
            quote.ask_ticks,
            quote.quote_ns,
            quote.fair_numerator,
            quote.fair_denominator,
            now_ns,
            amend,
        )
        return Case(order, ask)

    def _refresh(self, orders: Sequence[OrderRequest]) -> None:
        """Exposures are asked for only where something has changed and somebody looks."""
        if not self.stale:
            return
        for order in orders:
            index = self.names.instrument(order.instrument_key)
            if index < 0:
                continue
            asset = self.instruments[index].base
            if asset in self.stale:
                self.stale.discard(asset)
                self.core.set_exposure(self.names.asset(asset), *attos_between(self.exposure_of(asset)))
