"""Orders by both ways in turn: every second one at once (`send_now`), the others patiently (`place`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from trimaran.domain.account import (
    AmendLost,
    AmendRefused,
    Fill,
    OrderAcked,
    OrderAmended,
    OrderDone,
    OrderLost,
    OrderRejected,
)
from trimaran.domain.decision import Approved
from trimaran.venues.wire.account_client import AccountClient

OUTCOMES = (OrderAcked, OrderRejected, OrderLost)
TOLD = (*OUTCOMES, Fill, OrderDone, OrderAmended, AmendRefused, AmendLost)
SECONDS_MAX = 20


class EitherWay:
    """Places orders of one client, which tells what happens into `heard`."""

    def __init__(self, client: AccountClient, heard: list[Any]) -> None:
        self.quick = 0  # orders that went at once
        self.patient = 0
        self._client = client
        self._heard = heard
        self._turn = 0

    async def place(self, order: Approved) -> Sequence[Any]:
        """The outcome of an order, and what else was told of it."""
        self._turn += 1
        before, number = len(self._heard), order.order.client_order_id
        if self._turn % 2 == 0 or not self._client.send_now(order):
            self.patient += 1
            return await self._client.place(order)
        self.quick += 1
        async with asyncio.timeout(SECONDS_MAX):
            while self._client.quick.under_way or not self._told(before, number, OUTCOMES):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        return self._told(before, number, TOLD)

    def _told(self, before: int, number: int, kinds: tuple[type, ...]) -> list[Any]:
        since = self._heard[before:]
        return [event for event in since if isinstance(event, kinds) and event.client_order_id == number]
