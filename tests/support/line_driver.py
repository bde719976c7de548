"""Runs the session of a private line in virtual time, with a peer that accepts everything, or nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from decimal import Decimal

from trimaran.domain.instrument import Asset, MarketName
from trimaran.domain.reports import BalanceReport
from trimaran.venues.wire.asks import TokenAction
from trimaran.venues.wire.clock_offset import VenueClock
from trimaran.venues.wire.fault import Effect, Fault, FaultKind
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.line_port import (
    AskForToken,
    LineConfig,
    TokenGot,
)
from trimaran.venues.wire.line_session import LineSession
from trimaran.venues.wire.lines import (
    LineMessage,
    LineSpec,
    LoggedIn,
    SubscriptionTaken,
)
from trimaran.venues.wire.market_spec import HOUR, MS, SECOND, Heartbeat
from trimaran.venues.wire.message import Stamp
from trimaran.venues.wire.session_port import Alive, Close, Open, Opened, SendPing, SendText, Slot

EPOCH_NS = 1_780_000_000 * SECOND
TICK_NS = 200 * MS
BALANCE = BalanceReport(
    market=MarketName("x.spot"), asset=Asset("BTC"), total=Decimal(1), free=None, venue_ns=1, local_ns=1
)
SPEC = LineSpec(
    name="private", base="ws_private", path="/ws", pushes=True, takes_orders=True,
    heartbeat=Heartbeat.WEBSOCKET_PING, connection_age_ns_max=24 * HOUR,
)  # fmt: skip


def fault(kind: FaultKind, effect: Effect = Effect.REFUSED, retry_after_ns: int = 0) -> Fault:
    return Fault(kind, effect, "17", "no", retry_after_ns)


class Words:
    """A dialogue: frames are names of messages that the test has prepared."""

    def __init__(self, login: bool = True, names: Sequence[str] = ("orders", "balances")) -> None:
        self.has_login = login
        self.names = names
        self.said: dict[bytes, list[LineMessage]] = {}
        self.stamps: list[Stamp] = []

    def login(self, request_id: int, stamp: Stamp) -> str | None:
        self.stamps.append(stamp)
        return "login" if self.has_login else None

    def subscriptions(self, first_id: int, stamp: Stamp) -> Sequence[tuple[str, str]]:
        return [(name, f"subscribe {name}") for name in self.names]

    def read(self, payload: bytes, local_ns: int) -> Sequence[LineMessage]:
        return self.said.pop(payload)


class Line:
    """Runs a session in virtual time. `good` peers accept every login and subscription at once."""

    def __init__(
        self,
        spec: LineSpec = SPEC,
        words: Words | None = None,
        connects: WindowBudget | None = None,
        **config: object,
    ) -> None:
        self.words = words if words is not None else Words()
        self.clock = VenueClock(0, EPOCH_NS)
        self.clock.add(0, EPOCH_NS, 0)
        self.session = LineSession(
            spec, "wss://venue.test", self.words, self.clock, random.Random(1), LineConfig(**config), connects
        )
        self.now_ns = SECOND
        self.log: list[object] = []
        self.open: dict[Slot, str] = {}
        self.good = True
        self.deaf: set[Slot] = set()  # slots whose pings are not answered
        self.tokens = 0

    def run(self, actions: Sequence[object]) -> None:
        for action in actions:
            self.log.append(action)
            match action:
                case Open(slot, url):
                    self.open[slot] = url
                    if self.good:
                        self.event(Opened(slot))
                case Close(slot):
                    self.open.pop(slot, None)
                case SendText(slot, "login") if self.good:
                    self.say(slot, LoggedIn())
                case SendText(slot, text) if self.good and text.startswith("subscribe "):
                    self.say(slot, SubscriptionTaken(text.removeprefix("subscribe ")))
                case SendPing(slot) if slot not in self.deaf:
                    self.event(Alive(slot))
                case AskForToken(TokenAction.START) if self.good:
                    self.tokens += 1
                    self.event(TokenGot(TokenAction.START, f"token/{self.tokens}"))

    def event(self, event: object) -> None:
        self.run(self.session.on_event(event, self.now_ns))

    def say(self, slot: Slot, *messages: LineMessage) -> None:
        name = b"%d" % len(self.log)
        self.words.said[name] = list(messages)
        self.run(self.session.on_frame(slot, name, EPOCH_NS + self.now_ns, self.now_ns))
        self.words.said.pop(name, None)

    def start(self) -> Line:
        self.run(self.session.start(self.now_ns))
        return self

    def wait(self, wait_ns: int, until: Callable[[], object] | None = None) -> int:
        """Lets time pass; how much it was until the condition held."""
        since_ns = self.now_ns
        while self.now_ns - since_ns < wait_ns and not (until is not None and until()):
            self.now_ns += TICK_NS
            self.run(self.session.on_tick(self.now_ns))
        return self.now_ns - since_ns

    def of(self, *kinds: type) -> list[object]:
        return [action for action in self.log if isinstance(action, kinds)]

    @property
    def slot(self) -> Slot:
        (slot,) = self.open
        return slot
