"""One connection to a venue: opening, subscribing, heartbeat, silence. Sans-I/O.

    WAITING --due--> OPENING --opened--> OPEN
       (every state --lost--> forgotten; the session opens another link)

Heartbeat: see `heartbeat.py`. A connection that answers pings but sends no deltas for `stall_ns_max` is given
up as well, also when it has never sent any since its subscriptions were answered. So is one that never
answers a request.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.domain.answer import Kind
from trimaran.domain.ports import Rng
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.dialogue import Dialogue, Reply
from trimaran.venues.wire.heartbeat import Pulse, PulseTimes
from trimaran.venues.wire.market_spec import MS, SECOND, SessionSpec
from trimaran.venues.wire.requests import NEVER, Requests, Stream
from trimaran.venues.wire.session_port import Action, NoData, SendText, SessionCounters, Slot

STREAM_MASK: Final = ~0xFFF0  # of a packed answer: kind and book, without the flags


class LinkConfig(msgspec.Struct, frozen=True):
    """How a connection is looked after; all times in nanoseconds."""

    streams_per_message: int = 50  # at most; a request of some 1.3 to 3 kB
    reply_ns_max: int = 10 * SECOND
    quiet_ns: int = 4 * SECOND
    pong_ns: int = 4 * SECOND
    listen_ns_max: int = 9_500 * MS  # without any frame, where only the venue pings
    text_ping_every_ns: int = 20 * SECOND  # also while frames come: some venues close what never speaks
    scan_every_ns: int = SECOND  # how often silent streams are looked for
    stall_ns_max: int = 30 * SECOND  # no deltas of any book for so long, though pings are answered
    resubscribe: Backoff = Backoff(base_ns=SECOND, cap_ns=60 * SECOND)

    @property
    def pulse(self) -> PulseTimes:
        """The times of the heartbeat."""
        return PulseTimes(self.quiet_ns, self.pong_ns, self.listen_ns_max, self.text_ping_every_ns)


class Watch(msgspec.Struct, frozen=True):
    """Raises an alarm when none of `keys` has spoken for `silence_ns_max`."""

    name: str
    keys: tuple[int, ...]
    silence_ns_max: int


class LinkState(enum.Enum):
    """Life of a link."""

    WAITING = "waiting"
    OPENING = "opening"
    OPEN = "open"


class Link:
    """State of one connection. The session owns it and forgets it as soon as it is lost."""

    def __init__(
        self,
        slot: Slot,
        streams: Sequence[Stream],
        watches: Sequence[Watch],
        due_ns: int,
        config: LinkConfig,
        spec: SessionSpec,
        dialogue: Dialogue,
        rng: Rng,
        counters: SessionCounters,
    ) -> None:
        per_message, backoff = config.streams_per_message, config.resubscribe
        self.slot = slot
        self.state = LinkState.WAITING
        self.due_ns = due_ns
        self.opened_ns = NEVER
        self.settled_ns = NEVER  # every subscription was answered
        self.pulse = Pulse(spec.heartbeat, spec.heartbeat_text, config.pulse)
        self.spoken_ns: dict[int, int] = {}  # stream key -> last frame; written by the session, per frame
        self.whole_ns: dict[int, int] = {}  # of streams that begin with a whole book: its last one
        self.streams = tuple(streams)
        self.requests = Requests(slot, streams, per_message, backoff, spec, dialogue, rng, counters)
        self._watches = tuple(watches)
        self._feeds_books = any(stream.key & 0xF == Kind.DEPTH for stream in streams)
        self._config = config
        self._stall_ns_max = max(config.stall_ns_max, spec.books_quiet_ns_max)
        self._counters = counters
        self._scan_ns = NEVER
        self._silent: set[str] = set()

    def opened(self, now_ns: int) -> list[Action]:
        """The handshake is done: the first subscriptions go out."""
        assert self.state is LinkState.OPENING
        self.state = LinkState.OPEN
        self.opened_ns = self.pulse.heard_ns = self._scan_ns = now_ns
        self.requests.sent_ns = now_ns
        return self.requests.send(now_ns)

    def replied(self, reply: Reply, now_ns: int) -> list[Action]:
        """The venue answered a request."""
        actions = self.requests.replied(reply, now_ns)
        if self.settled_ns == NEVER and self.requests.settled:
            self.settled_ns = now_ns
        return actions

    def on_tick(self, now_ns: int) -> tuple[list[Action], str]:
        """Actions that are due, and why the connection must be given up ("" when it need not)."""
        if self.state is not LinkState.OPEN:
            return [], ""
        alarms, fault = self._scan(now_ns), self._fault(now_ns)
        if fault:
            return alarms, fault
        return alarms + self.requests.send(now_ns) + self._ping(now_ns), ""

    def word_ns(self, stream: Stream) -> int:
        """When a stream last brought anything, a whole book too; `NEVER` when it has not."""
        return max(self.spoken_ns.get(stream.key, NEVER), self.whole_ns.get(stream.key, NEVER))

    def holds(self, stream: Stream) -> bool:
        """Whether a stream is subscribed here."""
        return self.requests.subscribed_ns(stream) is not None

    def delivers(self, stream: Stream) -> bool:
        """Whether a stream is subscribed here and has spoken."""
        return self.holds(stream) and self.word_ns(stream) != NEVER

    def _fault(self, now_ns: int) -> str:
        half_open = self.pulse.half_open(now_ns)
        if half_open:
            self._counters.half_open += 1
            return half_open
        if now_ns - self.requests.oldest_ns(now_ns) >= self._config.reply_ns_max:
            self._counters.subscriptions_unanswered += 1
            return "a subscription was not answered"
        if now_ns == self._scan_ns and self._stalled(now_ns):
            self._counters.half_open += 1
            return "no book data, though pings are answered"
        return ""

    def _stalled(self, now_ns: int) -> bool:
        """No delta of any book for too long, on a connection that is there to bring them."""
        if not self._feeds_books:
            return False
        spoken = (at_ns for key, at_ns in self.spoken_ns.items() if key & 0xF == Kind.DEPTH)
        last_ns = max(spoken, default=self.settled_ns)
        return last_ns != NEVER and now_ns - last_ns >= self._stall_ns_max

    def _ping(self, now_ns: int) -> list[Action]:
        ping = self.pulse.due(self.slot, self.requests.sent_ns, now_ns)
        if isinstance(ping, SendText):
            self.requests.sent_ns = now_ns
        return [] if ping is None else [ping]

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
