"""User data subscriptions of one connection to the WebSocket API of spot.

One active subscription an account, 65,535 ids in the life of a connection; the events of each carry its id.
https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/user-data-stream-requests
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trimaran.venues.binance.simulator.refusals import bad
from trimaran.venues.binance.simulator.user_data import Push, UserData

IDS_MAX: Final = 65_535
Send = Callable[[str, str, int | None], None]


class Subscription:
    """One account's events under one id."""

    def __init__(self, number: int, account_id: int, of_session: bool, send: Send) -> None:
        self.number = number
        self.account_id = account_id
        self.of_session = of_session  # it ends with the session
        self._send = send

    def push(self, push: Push) -> None:
        """Sends an event."""
        self._send(push.event, push.text, self.number)


class Subscriptions:
    """Those of one connection."""

    def __init__(self, user_data: UserData, send: Send) -> None:
        """`send` takes the name of an event, its text and the id of the subscription."""
        self._user_data = user_data
        self._send = send
        self._active: dict[int, Subscription] = {}
        self._next = 0

    def add(self, account_id: int, of_session: bool) -> str:
        """A new subscription. Raises -2035 for a second one of an account, -2042 without ids left."""
        if any(each.account_id == account_id for each in self._active.values()):
            raise bad(-2035, "Subscription is already active for this account.")
        if self._next >= IDS_MAX:
            raise bad(-2042, "Subscription ID limit is reached for this connection.")
        subscription = Subscription(self._next, account_id, of_session, self._send)
        self._active[self._next] = subscription
        self._next += 1
        self._user_data.join(account_id, subscription)
        return f'{{"subscriptionId":{subscription.number}}}'

    def remove(self, number: int, now_ms: int) -> str:
        """Ends one, or all of them for -1. Raises -2036 where there is none."""
        chosen = [number] if number >= 0 else list(self._active)
        if not chosen or not set(chosen) <= self._active.keys():
            raise bad(-2036, "User Data Stream subscription is not active.")
        self._end(chosen, now_ms)
        return "{}"

    def leave_session(self, now_ms: int) -> None:
        """The session has logged out."""
        self._end([number for number, each in self._active.items() if each.of_session], now_ms)

    def terminate(self, now_ms: int) -> None:
        """All end without having been asked."""
        self._end(list(self._active), now_ms)

    def clear(self) -> None:
        """The connection is gone: nobody is told."""
        for subscription in self._active.values():
            self._user_data.leave(subscription.account_id, subscription)
        self._active.clear()

    def of_session(self) -> bool:
        """Whether there is one of the session."""
        return any(each.of_session for each in self._active.values())

    def listed(self) -> str:
        """Their ids."""
        return "[" + ",".join([f'{{"subscriptionId":{number}}}' for number in self._active]) + "]"

    def _end(self, numbers: list[int], now_ms: int) -> None:
        for number in numbers:
            subscription = self._active.pop(number)
            self._user_data.leave(subscription.account_id, subscription)
            text = f'{{"e":"eventStreamTerminated","E":{now_ms}}}'
            self._send("eventStreamTerminated", text, number)
