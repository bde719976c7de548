"""Private pushes of the simulated HTX: from what happens to an account to those who listen to it.

A push is written when it happens, for orders are read live, and sent when the running request has had its
answer. Without anybody who listens nothing is written. The gate's faults act on each push of an account.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol

import msgspec

from trimaran.domain.instrument import MarketName
from trimaran.venues.sim.gate import Gate

ALL = "*"


class Subscription(msgspec.Struct, frozen=True):
    """What a connection listens to. `topic` is as it asked, `symbol` is "*" for all."""

    topic: str
    kind: str
    symbol: str
    mode: str = ""


class Push(msgspec.Struct, frozen=True):
    """Something to say. `modes` empty: whatever the mode; `render` writes it for a subscription."""

    kind: str
    symbol: str
    render: Callable[[Subscription], bytes]
    modes: tuple[str, ...] = ()


class Listening(Protocol):
    """A connection as the hub sees it."""

    def subscriptions(self) -> Collection[Subscription]:
        """What it listens to now."""

    def push(self, payload: bytes) -> None:
        """Sends in the connection's framing."""


class PushHub:
    """Those who listen to the accounts of one market."""

    def __init__(
        self,
        market: MarketName,
        gate: Gate,
        soon: Callable[[Callable[[], None]], Any],
        later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        """`soon` calls back when the running request is answered, `later` after some seconds."""
        self._market = market
        self._gate = gate
        self._soon = soon
        self._later = later
        self._listening: dict[int, dict[Listening, None]] = {}
        self._waiting: list[tuple[int, Push]] = []

    def join(self, account_id: int, connection: Listening) -> None:
        """The connection speaks for an account from now on."""
        self._listening.setdefault(account_id, {})[connection] = None

    def leave(self, account_id: int, connection: Listening) -> None:
        """It is gone."""
        listening = self._listening.get(account_id)
        if listening is not None:
            listening.pop(connection, None)
            if not listening:
                del self._listening[account_id]

    def wants(self, account_id: int, kinds: tuple[str, ...]) -> bool:
        """Whether anybody listens to one of these kinds of an account."""
        return any(
            subscription.kind in kinds
            for connection in self._listening.get(account_id, ())
            for subscription in connection.subscriptions()
        )

    def accounts(self) -> list[int]:
        """The accounts that somebody listens to."""
        return list(self._listening)

    def say(self, account_id: int, push: Push) -> None:
        """Sends as soon as the running request is answered."""
        if not self._waiting:
            self._soon(self._flush)
        self._waiting.append((account_id, push))

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for account_id, push in waiting:
            for sent, delay_s in self._gate.pushes(self._market, account_id, push):
                if delay_s:
                    self._later(delay_s, lambda late=sent, to=account_id: self._send(to, late))  # type: ignore[misc]
                else:
                    self._send(account_id, sent)

    def _send(self, account_id: int, push: Push) -> None:
        for connection in tuple(self._listening.get(account_id, ())):
            for subscription in tuple(connection.subscriptions()):  # sending may end a connection
                if (
                    subscription.kind == push.kind
                    and (subscription.symbol in (ALL, push.symbol))
                    and (not push.modes or subscription.mode in push.modes)
                ):
                    connection.push(push.render(subscription))
