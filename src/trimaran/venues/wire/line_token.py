"""The token that opens a private stream, where a venue still has such a thing: got, kept alive, got again.

A failure to keep it is tried again; when the venue says that it does not know the token any more, another one
is asked for, and the session moves to a connection of that one while the old one still speaks.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from trimaran.domain.ports import Rng
from trimaran.venues.wire.asks import TokenAction
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.fault import Effect, FaultKind
from trimaran.venues.wire.line_port import AskForToken, LineAction, TokenFailed, TokenGot
from trimaran.venues.wire.lines import LineSpec
from trimaran.venues.wire.market_spec import MINUTE

HALTING: Final = frozenset({FaultKind.KEY, FaultKind.SIGNATURE, FaultKind.PERMISSION, FaultKind.ACCOUNT})
BUSY: Final = frozenset({
    FaultKind.RATE_LIMITED,
    FaultKind.BANNED,
    FaultKind.OVERLOADED,
    FaultKind.UNAVAILABLE,
    FaultKind.INTERNAL,
    FaultKind.CLOCK,
    FaultKind.EXPIRED,
})  # fmt: skip
KEEP_RETRY_NS: Final = MINUTE


class TokenKeeper:
    """State of a line's token. `token` is empty while there is none."""

    def __init__(self, spec: LineSpec, backoff: Backoff, rng: Rng) -> None:
        self.token = ""
        self._keep_ns = spec.token_keep_ns
        self._backoff = backoff
        self._rng = rng
        self._due_ns = 0  # of what is asked next
        self._asked = False
        self._had_one = False
        self._failures = 0
        self._halted = False

    def url(self, pattern: str) -> str:
        """The URL that the token opens."""
        return pattern.replace("{token}", quote(self.token, safe=""))

    def on_tick(self, now_ns: int) -> list[LineAction]:
        """Asks for a token, or that it be kept, when that is due."""
        if self._asked or self._halted or now_ns < self._due_ns or (self.token and not self._keep_ns):
            return []
        self._asked = True
        return [AskForToken(TokenAction.KEEP if self.token else TokenAction.START, self.token)]

    def got(self, event: TokenGot, now_ns: int) -> bool:
        """The venue gave it, or kept it. True when it is another one than a connection may have been
        opened with."""
        self._asked = False
        self._failures = 0
        if event.action is not TokenAction.START or not event.token:
            self._due_ns = now_ns + (self._keep_ns if self.token else 0)  # it may have been dropped meanwhile
            return False
        self._due_ns = now_ns + self._keep_ns
        renewed = self._had_one
        self.token = event.token
        self._had_one = True
        return renewed

    def failed(self, event: TokenFailed, now_ns: int) -> None:
        """It did not. Key faults end it until `resume`."""
        self._asked = False
        fault = event.fault
        if fault is not None and fault.kind in HALTING:
            self._halted = True
            return
        refused = fault is not None and fault.effect is Effect.REFUSED and fault.kind not in BUSY
        if event.action is TokenAction.KEEP and refused:
            self.drop(now_ns)
            return
        pause_ns = KEEP_RETRY_NS
        if event.action is TokenAction.START:
            pause_ns = self._backoff.delay_ns(self._failures, self._rng)
            self._failures += 1
        self._due_ns = now_ns + max(pause_ns, fault.retry_after_ns if fault is not None else 0)

    def drop(self, now_ns: int) -> None:
        """The token is of no use any more: another one is asked for."""
        self.token = ""
        self._due_ns = now_ns

    def resume(self) -> None:
        """Tries again after a key fault."""
        self._halted = False
