"""What one connection was asked for, and what it has answered. Sans-I/O.

    unsent --budgets--> unanswered --accepted--> subscribed --resubscribe--> unsent (unsubscribe)
       ^                    |  |            |                                   |
       +----- back-off -----+  +------------|-- unsubscribed, or refused: ------+--> unsent (subscribe)
       |      refused                       |   it was not there
       +----- back-off ---------------------+
              ended by the venue

A request is answered as a whole, or stream by stream; what is refused is sent again after a growing
back-off while the others keep running: one bad stream must not take a market down. Where the venue does
not say which stream of a request it refuses, the request is cut in halves from the second refusal on.
A refusal for the rate holds every request of the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from trimaran.domain.ports import Rng
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.dialogue import Accepted, Dialogue, Operation, Refused, Reply, Unsubscribed
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.market_spec import HOUR, SECOND, SessionSpec
from trimaran.venues.wire.session_port import (
    Action,
    SendText,
    SessionCounters,
    Slot,
    SubscriptionRefused,
)

MESSAGE_RESERVE: Final = 2  # of the message rate, for a pong and for the heartbeat's ping
NEVER: Final = 0


class Stream(msgspec.Struct, frozen=True):
    """A stream to subscribe to; `key` is the packed answer of its frames, without the flags."""

    name: str
    key: int


class _Request(msgspec.Struct):
    """Streams of one message. `at_ns`: not to be sent before, then when it was sent."""

    operation: Operation
    streams: tuple[Stream, ...]
    at_ns: int = 0
    refusals: int = 0


def parts_of(streams: Sequence[Stream], size: int) -> list[tuple[Stream, ...]]:
    """`streams`, in their order, in parts of at most `size`."""
    return [tuple(streams[at : at + size]) for at in range(0, len(streams), size)]


class Requests:
    """The subscriptions of one connection."""

    def __init__(
        self,
        slot: Slot,
        streams: Sequence[Stream],
        streams_per_message: int,
        backoff: Backoff,
        spec: SessionSpec,
        dialogue: Dialogue,
        rng: Rng,
        counters: SessionCounters,
    ) -> None:
        self._size = min(streams_per_message, spec.streams_per_message_max)
        per_hour = spec.requests_per_hour_max
        self.sent_ns = NEVER  # any text
        self._slot = slot
        self._backoff = backoff
        self._dialogue = dialogue
        self._rng = rng
        self._counters = counters
        self._messages = WindowBudget(spec.messages_per_s_max - MESSAGE_RESERVE, SECOND)
        self._hourly = WindowBudget(per_hour, HOUR) if per_hour else None
        self._snapshots = WindowBudget(1, spec.snapshot_every_ns) if spec.snapshot_every_ns else None
        self._unsent = [_Request(Operation.SUBSCRIBE, part) for part in parts_of(streams, self._size)]
        self._unanswered: dict[int, _Request] = {}
        self._asked: dict[int, Stream] = {}  # snapshots on their way
        self._streams = {stream.name: stream for stream in streams}
        self._subscribed: dict[str, int] = {}  # name -> since (ns)
        self._ended: dict[str, int] = {}  # name -> how often the venue ended it soon after it began
        self._alarmed: set[str] = set()  # refused, and told
        self._next_id = 1
        self._hold_until_ns = 0
        self._slow_downs = 0

    @property
    def settled(self) -> bool:
        """Every request was answered at least once, be it with a refusal."""
        return not self._unanswered and all(request.refusals > 0 for request in self._unsent)

    def subscribed_ns(self, stream: Stream) -> int | None:
        """Since when a stream is subscribed; None when it is not, be it refused or on its way."""
        return self._subscribed.get(stream.name)

    def oldest_ns(self, now_ns: int) -> int:
        """When the oldest request was sent that is not answered yet; now, when there is none."""
        return min((request.at_ns for request in self._unanswered.values()), default=now_ns)

    def send(self, now_ns: int) -> list[Action]:
        """The requests that are due, as far as the budgets go."""
        actions: list[Action] = []
        if now_ns < self._hold_until_ns:
            return actions
        self._merge()
        for request in [each for each in self._unsent if each.at_ns <= now_ns]:
            if not self._may_send(request, now_ns):
                continue
            self._unsent.remove(request)
            request.at_ns = now_ns
            self._unanswered[self._next_id] = request
            actions.append(self._text(request.operation, request.streams, now_ns))
        return actions

    def replied(self, reply: Reply, now_ns: int) -> list[Action]:
        """The venue answered a request, or a part of it; what follows from it is sent at once."""
        request = self._settle(reply)
        if isinstance(reply, Refused):
            return self._refused(reply, request, now_ns)
        if request is None:
            self._accepted_late(reply, now_ns)
            return []
        self._slow_downs = 0
        if request.operation is Operation.UNSUBSCRIBE:
            self._unsent.append(_Request(Operation.SUBSCRIBE, request.streams))
            return self.send(now_ns)
        if isinstance(reply, Unsubscribed):  # asked for, and ended at once
            self._send_later(request.streams, request.refusals, now_ns)
            return []
        self._accept(request.streams, now_ns)
        return []

    def ended(self, reply: Unsubscribed, now_ns: int) -> tuple[Stream, bool] | None:
        """The stream whose subscription the venue has ended unasked, if it is one, and whether that is news.

        It will be asked for again. The pauses before that grow while its subscriptions do not last.
        """
        began_ns = None if reply.stream is None else self._subscribed.pop(reply.stream, None)
        if reply.stream is None or began_ns is None:
            return None
        lasted = now_ns - began_ns >= self._backoff.cap_ns
        count = 0 if lasted else self._ended.get(reply.stream, 0)
        self._ended[reply.stream] = count + 1
        self._counters.subscriptions_ended += 1
        stream = self._streams[reply.stream]
        self._send_later((stream,), count, now_ns)
        return stream, count == 0

    def resubscribe(self, stream: Stream, now_ns: int) -> list[Action] | None:
        """Ends a subscription and begins it anew; None when that cannot be begun now."""
        if stream.name not in self._subscribed or now_ns < self._hold_until_ns or self.spent(now_ns):
            return None
        del self._subscribed[stream.name]
        self._unsent.append(_Request(Operation.UNSUBSCRIBE, (stream,)))
        return self.send(now_ns)

    def ask(self, stream: Stream, now_ns: int) -> list[Action] | None:
        """Asks for a whole book; None when that cannot be done now."""
        if stream.name not in self._subscribed or now_ns < self._hold_until_ns:
            return None
        if self._snapshots is not None and not self._snapshots.take(1, now_ns):
            return None
        if not self._messages.take(1, now_ns):
            return None
        self._asked = {request_id: each for request_id, each in self._asked.items() if each != stream}
        self._asked[self._next_id] = stream
        return [self._text(Operation.SNAPSHOT, (stream,), now_ns)]

    def asked(self, reply: Reply, now_ns: int) -> Stream | None:
        """The stream whose book was asked for by the request that is answered here, if it is one."""
        stream = None if reply.request_id is None else self._asked.pop(reply.request_id, None)
        if stream is not None and isinstance(reply, Refused) and reply.slow_down:
            self._slow_down(now_ns)
        return stream

    def spent(self, now_ns: int) -> bool:
        """Whether the hour has no room for another resubscription and all that is under way."""
        if self._hourly is None:
            return False
        under_way = sum(each.operation is Operation.UNSUBSCRIBE for each in self._unanswered.values())
        waiting = sum(1 + (each.operation is Operation.UNSUBSCRIBE) for each in self._unsent)
        return self._hourly.room(now_ns) < 2 + under_way + waiting

    def _merge(self) -> None:
        """Puts what waits to be sent for the first time into as few messages as the venue allows."""
        fresh = [request for request in self._unsent if not request.refusals]
        if len(fresh) < 2 or self._size == 1:
            return
        self._unsent = [request for request in self._unsent if request.refusals]
        for operation in Operation:
            streams = [stream for each in fresh if each.operation is operation for stream in each.streams]
            self._unsent += [_Request(operation, part) for part in parts_of(streams, self._size)]

    def _may_send(self, request: _Request, now_ns: int) -> bool:
        if self._hourly is None:
            return self._messages.take(1, now_ns)
        # What is refused again and again must leave room for books that need a new subscription.
        kept = self._hourly.limit // 2 if request.refusals else 0
        if self._hourly.room(now_ns) <= kept or not self._messages.take(1, now_ns):
            return False
        return self._hourly.take(1, now_ns)

    def _text(self, operation: Operation, streams: Sequence[Stream], now_ns: int) -> SendText:
        names = [stream.name for stream in streams]
        text = self._dialogue.write(operation, self._next_id, names)
        self._next_id += 1
        self.sent_ns = now_ns
        return SendText(self._slot, text)

    def _settle(self, reply: Reply) -> _Request | None:
        """Takes the streams that `reply` is about out of what is unanswered; None when there are none."""
        request_id = reply.request_id
        if reply.stream is not None and request_id not in self._unanswered:
            holders = (
                held
                for held, each in self._unanswered.items()
                if reply.stream in [stream.name for stream in each.streams]
            )
            request_id = next(holders, None)
        if request_id is None and isinstance(reply, Refused) and reply.slow_down:
            request_id = max(self._unanswered, default=None)  # it was the last one that was too much
        request = None if request_id is None else self._unanswered.get(request_id)
        if request is None or request_id is None:
            return None
        about = tuple(stream for stream in request.streams if reply.stream in (None, stream.name))
        if not about and isinstance(reply, Refused):  # it names a stream, but not as we do
            about = request.streams
        request.streams = tuple(stream for stream in request.streams if stream not in about)
        if not request.streams:
            del self._unanswered[request_id]
        return _Request(request.operation, about, 0, request.refusals) if about else None

    def _accept(self, streams: Sequence[Stream], now_ns: int) -> None:
        for stream in streams:
            self._subscribed[stream.name] = now_ns
            self._alarmed.discard(stream.name)

    def _send_later(self, streams: tuple[Stream, ...], refusals: int, now_ns: int) -> None:
        at_ns = now_ns + self._backoff.delay_ns(refusals, self._rng)
        self._unsent.append(_Request(Operation.SUBSCRIBE, streams, at_ns, refusals + 1))

    def _accepted_late(self, reply: Reply, now_ns: int) -> None:
        """A stream of a request that was refused as a whole: it is not to be asked for again."""
        if not isinstance(reply, Accepted) or reply.stream is None:
            return
        for request in self._unsent:
            late = tuple(stream for stream in request.streams if stream.name == reply.stream)
            if late and request.refusals and request.operation is Operation.SUBSCRIBE:
                request.streams = tuple(stream for stream in request.streams if stream not in late)
                self._accept(late, now_ns)
        self._unsent = [request for request in self._unsent if request.streams]

    def _refused(self, refused: Refused, request: _Request | None, now_ns: int) -> list[Action]:
        self._counters.subscriptions_refused += 1
        told = refused.slow_down and self._slow_downs > 0
        if refused.slow_down:
            self._slow_down(now_ns)
        if request is None:
            return [] if told else [SubscriptionRefused(self._slot, refused.code, refused.text, ())]
        if request.operation is Operation.UNSUBSCRIBE and not refused.slow_down:  # it was not there
            self._unsent.append(_Request(Operation.SUBSCRIBE, request.streams))
            return self.send(now_ns)
        names = tuple(stream.name for stream in request.streams)
        if not refused.slow_down:
            told = self._alarmed.issuperset(names)
            self._alarmed |= set(names)
        at_ns = now_ns + self._backoff.delay_ns(request.refusals, self._rng)
        for part in self._parts(refused, request):
            self._unsent.append(_Request(request.operation, part, at_ns, request.refusals + 1))
        return [] if told else [SubscriptionRefused(self._slot, refused.code, refused.text, names)]

    def _parts(self, refused: Refused, request: _Request) -> list[tuple[Stream, ...]]:
        """How to send a refused request again: in halves when nobody says which stream is at fault."""
        half = len(request.streams) // 2
        if refused.slow_down or request.refusals == 0 or half == 0:
            return [request.streams]
        return [request.streams[:half], request.streams[half:]]

    def _slow_down(self, now_ns: int) -> None:
        pause_ns = self._backoff.base_ns + self._backoff.delay_ns(self._slow_downs, self._rng)
        self._hold_until_ns = max(self._hold_until_ns, now_ns + pause_ns)
        self._slow_downs += 1
