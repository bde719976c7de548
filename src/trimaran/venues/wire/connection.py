"""The connection of one slot: between a WebSocket and the feed that runs the session of its slot.

It forwards what comes until it is given up; from then on the session has forgotten its slot.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from trimaran.venues.wire.session_port import Alive, Closed, Opened, Slot
from trimaran.venues.wire.websocket import WebSocket


class ConnectionOwner(Protocol):
    """The feed, as its connections see it."""

    def deliver(self, slot: Slot, payload: memoryview, local_ns: int, /) -> None:
        """One message, borrowed until this returns."""

    def report(self, event: Opened | Closed | Alive, /) -> None:
        """What happened to a connection."""

    def forget(self, slot: Slot, /) -> None:
        """A connection has ended by itself."""


class Connection:
    """One slot's connection: forwards what it brings until it is given up."""

    def __init__(self, owner: ConnectionOwner, slot: Slot) -> None:
        self._opening: asyncio.Task[None] | None = None
        self._owner = owner
        self._slot = slot
        self._socket: WebSocket | None = None
        self._given_up = False

    def opened_by(self, task: asyncio.Task[None]) -> None:
        """The task that opens it, to be cancelled when the connection is given up before."""
        self._opening = task

    def send_text(self, text: str) -> None:
        """Sends one text message on an open connection."""
        assert self._socket is not None
        self._socket.send_text(text)

    def send_ping(self) -> None:
        """Sends one ping on an open connection."""
        assert self._socket is not None
        self._socket.send_ping()

    def give_up(self) -> None:
        """From now on what the connection brings is dropped."""
        self._given_up = True

    async def close(self) -> None:
        """Closes a connection that was given up, or stops opening it."""
        assert self._given_up
        if self._socket is not None:
            await self._socket.close()
        elif self._opening is not None:
            self._opening.cancel()

    def on_opened(self, socket: WebSocket) -> None:
        """See `websocket.MessageHandler`, as the next three."""
        self._socket = socket
        if self._given_up:
            socket.abort()
        else:
            self._owner.report(Opened(self._slot))

    def on_message(self, payload: memoryview, local_ns: int) -> None:
        if not self._given_up:
            self._owner.deliver(self._slot, payload, local_ns)

    def on_alive(self) -> None:
        if not self._given_up:
            self._owner.report(Alive(self._slot))

    def on_closed(self, reason: str) -> None:
        if not self._given_up:
            self._given_up = True
            self._owner.forget(self._slot)
            self._owner.report(Closed(self._slot, reason))
