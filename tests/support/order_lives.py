"""The life of every order of a test in the state table of the domain, fed with what a client tells.

A move that the table does not have is kept, and fails the test at its end.
"""

from __future__ import annotations

from trimaran.base.errors import IllegalTransition
from trimaran.domain.account import Fill, OrderAcked, OrderAmended, OrderDone, OrderLost, OrderRejected
from trimaran.domain.client_id import ClientOrderId, encode_client_id, encode_client_id_decimal
from trimaran.domain.decision import Approved
from trimaran.domain.orders import TERMINAL, OrderEvent, OrderState, advance, end_event, fill_event


class OrderLives:
    """States by client order id; fills in the order of their telling."""

    def __init__(self) -> None:
        self.states: dict[ClientOrderId, OrderState] = {}
        self.fills: list[Fill] = []
        self.ends: dict[ClientOrderId, OrderDone] = {}
        self.illegal: list[str] = []
        self._lots: dict[ClientOrderId, int] = {}
        self._filled: dict[ClientOrderId, int] = {}
        self._acks: dict[ClientOrderId, int] = {}

    def send(self, order: Approved) -> None:
        """An order is claimed, and sent next."""
        key = order.order.client_order_id
        assert key not in self.states, "an order is sent once"
        self.states[key] = advance(OrderState.NEW, OrderEvent.CLAIM)
        self._lots[key], self._filled[key] = order.order.lots, 0

    def amend(self, order: Approved) -> None:
        """A larger size counts from the request on, for fills may come before its answer."""
        key = order.order.client_order_id
        self._lots[key] = max(self._lots[key], order.order.lots)

    def hear(self, event: object) -> None:
        """One event of a client."""
        match event:
            case OrderAcked(client_order_id):
                self._acks[client_order_id] = self._acks.get(client_order_id, 0) + 1
                self._move(client_order_id, OrderEvent.ACK)
            case OrderRejected(client_order_id):
                self._move(client_order_id, OrderEvent.REJECT)
            case OrderLost(client_order_id):
                self._move(client_order_id, OrderEvent.LOSE)
            case OrderDone(client_order_id, state):
                if client_order_id in self.ends:
                    self.illegal.append(f"{client_order_id}: ended twice")
                self.ends[client_order_id] = event
                self._move(client_order_id, end_event(state))
            case OrderAmended(client_order_id, _, lots):
                self._lots[client_order_id] = lots
            case Fill():
                self._fill(event)

    def state(self, order: Approved) -> OrderState:
        """Where an order is."""
        return self.states[order.order.client_order_id]

    def is_over(self, order: Approved) -> bool:
        """Whether it has ended."""
        return self.state(order) in TERMINAL

    def filled(self, order: Approved) -> int:
        """Lots that fills have told."""
        return self._filled[order.order.client_order_id]

    def texts(self, order: Approved) -> tuple[str, str]:
        """The client id as venues with texts have it, and as those with numbers do."""
        key = order.order.client_order_id
        return encode_client_id(key), encode_client_id_decimal(key)

    def check(self) -> None:
        """Nothing was illegal, no fill and no ack came twice."""
        assert self.illegal == []
        told = [(fill.fill_id, fill.side, fill.instrument_key) for fill in self.fills]
        assert len(set(told)) == len(told)
        assert set(self._acks.values()) <= {1}

    def _fill(self, fill: Fill) -> None:
        key = fill.client_order_id
        self.fills.append(fill)
        self._filled[key] = self._filled.get(key, 0) + fill.lots
        try:
            event = fill_event(self._filled[key], self._lots.get(key, 0))
        except IllegalTransition as error:
            self.illegal.append(f"{key}: {error}")
            return
        self._move(key, event)

    def _move(self, key: ClientOrderId, event: OrderEvent) -> None:
        if key not in self.states:
            self.illegal.append(f"{key}: {event.name} of an order that was never sent")
            return
        try:
            self.states[key] = advance(self.states[key], event)
        except IllegalTransition as error:
            self.illegal.append(f"{key}: {error}")
