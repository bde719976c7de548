"""One connection to Binance: opening, subscribing in batches, heartbeat, silence. Sans-I/O.

    WAITING --due--> OPENING --opened--> SUBSCRIBING --all batches settled--> READY
       (every state --lost--> forgotten; the session opens another link)

Heartbeat: a connection on which no frame of any kind has come for `quiet_ns` is pinged; when nothing
comes for another `pong_ns` it is half open and given up. The two together stay below ten seconds.
A connection that answers pings but sends no deltas for `stall_ns_max` is given up as well, also when it has
never sent any since it was ready.
A refused batch is sent again after a back-off while the others keep running: one bad stream must not
take a market down. A batch that is never answered gives the connection up.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.domain.answer import Kind
from trimaran.domain.ports import Rng
from trimaran.venues.binance.control import Accepted, Refused, subscribe_text
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.session_port import (
    Action,
    NoData,
    SendPing,
    SendText,
    SessionCounters,
    Slot,
    SubscriptionRefused,
)

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
HALF_OPEN_NS_MAX: Final = 10 * SECOND
MESSAGE_RESERVE: Final = 2  # of the message rate, for a pong and for the heartbeat's ping
NEVER: Final = 0
STREAM_MASK: Final = ~0xFFF0  # of a packed answer: kind and book, without the flags


class LinkConfig(msgspec.Struct, frozen=True):
    """How a connection is looked after; all times in nanoseconds."""

    streams_per_message: int = 50  # a SUBSCRIBE of some 1.3 kB
    reply_ns_max: int = 10 * SECOND
    quiet_ns: int = 4 * SECOND
    pong_ns: int = 4 * SECOND
    scan_every_ns: int = SECOND  # how often silent streams are looked for
    stall_ns_max: int = 30 * SECOND  # no deltas of any book for so long, though pings are answered
    resubscribe: Backoff = Backoff(base_ns=SECOND, cap_ns=60 * SECOND)

    def __post_init__(self) -> None:
        assert self.quiet_ns + self.pong_ns + 2 * 250 * MS <= HALF_OPEN_NS_MAX


class Stream(msgspec.Struct, frozen=True):
    """A stream to subscribe to; `key` is the packed answer of its frames, without the flags."""

    name: str
    key: int


class Watch(msgspec.Struct, frozen=True):
    """Raises an alarm when none of `keys` has spoken for `silence_ns_max`."""

    name: str
    keys: tuple[int, ...]
    silence_ns_max: int


class LinkState(enum.Enum):
    """Life of a link."""

    WAITING = "waiting"
    OPENING = "opening"
    SUBSCRIBING = "subscribing"
    READY = "ready"


class _Batch(msgspec.Struct):
    """Streams of one SUBSCRIBE message. `at_ns`: not to be sent before, then when it was sent."""

    streams: tuple[Stream, ...]
    at_ns: int = 0
    refusals: int = 0


class Link:
    """State of one connection. The session owns it and forgets it as soon as it is lost."""

    def __init__(
        self,
        slot: Slot,
        streams: Sequence[Stream],
        watches: Sequence[Watch],
        due_ns: int,
        messages_per_s_max: int,
        config: LinkConfig,
        rng: Rng,
        counters: SessionCounters,
    ) -> None:
        size = config.streams_per_message
        self.slot = slot
        self.state = LinkState.WAITING
        self.due_ns = due_ns
        self.opened_ns = NEVER
        self.ready_ns = NEVER
        self.heard_ns = NEVER  # any frame
        self.spoken_ns: dict[int, int] = {}  # stream key -> last frame; written by the session, per frame
        self._watches = tuple(watches)
        self._kinds = {stream.key & 0xF for stream in streams}
        self._config = config
        self._rng = rng
        self._counters = counters
        self._messages = WindowBudget(messages_per_s_max - MESSAGE_RESERVE, SECOND)
        self._unsent = [_Batch(tuple(streams[at : at + size])) for at in range(0, len(streams), size)]
        self._unanswered: dict[int, _Batch] = {}
        self._next_id = 1
        self._pinged_ns = NEVER
        self._scan_ns = NEVER
        self._silent: set[str] = set()

    def opened(self, now_ns: int) -> list[Action]:
        """The handshake is done: the first subscriptions go out."""
        assert self.state is LinkState.OPENING
        self.state = LinkState.SUBSCRIBING
        self.opened_ns = self.heard_ns = self._scan_ns = now_ns
        return self._subscribe(now_ns)

    def replied(self, reply: Accepted | Refused, now_ns: int) -> list[Action]:
        """The venue answered a request."""
        request_id = reply.request_id
        batch = None if request_id is None else self._unanswered.pop(request_id, None)
        actions: list[Action] = []
        if isinstance(reply, Refused):
            self._counters.subscriptions_refused += 1
            names = tuple(stream.name for stream in batch.streams) if batch else ()
            actions.append(SubscriptionRefused(self.slot, reply.code, reply.text, names))
            if batch is not None:
                batch.at_ns = now_ns + self._config.resubscribe.delay_ns(batch.refusals, self._rng)
                batch.refusals += 1
                self._unsent.append(batch)
        elif not self._unsent and not self._unanswered and self.state is LinkState.SUBSCRIBING:
            self.state = LinkState.READY
            self.ready_ns = now_ns
        return actions

    def on_tick(self, now_ns: int) -> tuple[list[Action], str]:
        """Actions that are due, and why the connection must be given up ("" when it need not)."""
        if self.state in (LinkState.WAITING, LinkState.OPENING):
            return [], ""
        alarms, fault = self._scan(now_ns), self._fault(now_ns)
        if fault:
            return alarms, fault
        return alarms + self._subscribe(now_ns) + self._heartbeat(now_ns), ""

    @property
    def settled(self) -> bool:
        """Every batch was answered at least once, be it with a refusal."""
        return not self._unanswered and all(batch.refusals > 0 for batch in self._unsent)

    @property
    def kinds(self) -> set[int]:
        """The kinds of frames that it is to deliver."""
        return self._kinds

    def kinds_spoken(self) -> set[int]:
        """The kinds of frames that this connection has delivered."""
        return {key & 0xF for key in self.spoken_ns}

    def kinds_spoken_since(self, since_ns: int) -> set[int]:
        """The kinds of frames that this connection has delivered at or after `since_ns`."""
        return {key & 0xF for key, spoken_ns in self.spoken_ns.items() if spoken_ns >= since_ns}

    def _subscribe(self, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        for batch in [batch for batch in self._unsent if batch.at_ns <= now_ns]:
            if not self._messages.take(1, now_ns):
                break
            self._unsent.remove(batch)
            batch.at_ns = now_ns
            self._unanswered[self._next_id] = batch
            names = [stream.name for stream in batch.streams]
            actions.append(SendText(self.slot, subscribe_text(self._next_id, names)))
            self._next_id += 1
        return actions

    def _fault(self, now_ns: int) -> str:
        if self._pinged_ns > self.heard_ns and now_ns - self._pinged_ns >= self._config.pong_ns:
            self._counters.half_open += 1
            return "half open: no frame after a ping"
        oldest_ns = min((batch.at_ns for batch in self._unanswered.values()), default=now_ns)
        if now_ns - oldest_ns >= self._config.reply_ns_max:
            self._counters.subscriptions_unanswered += 1
            return "a subscription was not answered"
        if now_ns == self._scan_ns and self._stalled(now_ns):
            self._counters.half_open += 1
            return "no book data, though pings are answered"
        return ""

    def _stalled(self, now_ns: int) -> bool:
        """No delta of any book for too long, on a connection that is there to bring them."""
        if Kind.DEPTH not in self._kinds:
            return False
        last_ns = max(
            (at_ns for key, at_ns in self.spoken_ns.items() if key & 0xF == Kind.DEPTH), default=self.ready_ns
        )
        return last_ns != NEVER and now_ns - last_ns >= self._config.stall_ns_max

    def _heartbeat(self, now_ns: int) -> list[Action]:
        quiet = now_ns - self.heard_ns >= self._config.quiet_ns
        if not quiet or self._pinged_ns > self.heard_ns:
            return []
        self._pinged_ns = now_ns
        return [SendPing(self.slot)]

    def _scan(self, now_ns: int) -> list[Action]:
        """Alarms for streams that have just become silent; silence ends with the next frame."""
        if now_ns - self._scan_ns < self._config.scan_every_ns:
            return []
        self._scan_ns = now_ns
        actions: list[Action] = []
        for watch in self._watches:
            silent_ns = now_ns - max(self.spoken_ns.get(key, self.opened_ns) for key in watch.keys)
            if silent_ns < watch.silence_ns_max:
                self._silent.discard(watch.name)
            elif watch.name not in self._silent:
                self._silent.add(watch.name)
                self._counters.no_data_alarms += 1
                actions.append(NoData(watch.name, silent_ns))
        return actions
