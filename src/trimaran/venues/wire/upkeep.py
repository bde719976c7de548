"""What an account asks over REST to keep its lines and its clock: tokens, and the venue's time."""

from __future__ import annotations

import asyncio
from typing import Final

from trimaran.venues.wire.asks import StreamToken
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.client_port import ClockFailed
from trimaran.venues.wire.fault import VenueFault
from trimaran.venues.wire.line_port import (
    AskForTime,
    AskForToken,
    LineEvent,
    TimeKnown,
    TokenFailed,
    TokenGot,
)
from trimaran.venues.wire.shared import Shared

SECOND: Final = 1_000_000_000


class Upkeep:
    """The questions of the lines and of the clock of one account."""

    def __init__(self, shared: Shared) -> None:
        self._asker = shared.asker
        self._options = shared.options
        self._clock = shared.clock
        self._tell = shared.tell

    async def answer(self, question: AskForToken | AskForTime) -> LineEvent:
        """What a line asks for."""
        if isinstance(question, AskForTime):
            await self.sync_clock()
            return TimeKnown()
        action = question.action
        try:
            token = await self._asker.ask(StreamToken(action, question.token), self._options.ask)
        except VenueFault as error:
            return TokenFailed(action, f"the token: {error}", error.fault)
        if isinstance(token, Unsupported):
            return TokenFailed(action, token.reason)
        return TokenGot(action, token)

    async def keep_clock(self) -> None:
        """Asks for the time now and then, and earlier when the bound has grown too wide; for ever."""
        asked_ns = self._clock.monotonic_ns()
        while True:
            await asyncio.sleep(min(1.0, self._options.clock_every_s))
            now_ns = self._clock.monotonic_ns()
            due = now_ns - asked_ns >= self._options.clock_every_s * SECOND
            if due or self._asker.venue_clock.stale(now_ns, self._options.clock_error_ns_max):
                await self.sync_clock()
                asked_ns = self._clock.monotonic_ns()

    async def sync_clock(self) -> None:
        """Learns the venue's time; what fails is told."""
        try:
            await self._asker.sync_clock()
        except VenueFault as error:
            self._tell([ClockFailed(error.fault)])
