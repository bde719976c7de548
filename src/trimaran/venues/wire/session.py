"""A market's data as a pure state machine: which connections to hold, what to say on them.

    streams -> shards (one URL, as much as the venue allows) -> links (one connection each)

A shard has one active link. Before a connection reaches its age limit, or when the server announces
its shutdown, a standby link is opened beside it; both feed the books, which ignore what they already
have; when the standby delivers every book and every other class of stream the old link is closed. The books
never notice. Only those that lose the last link that delivers them are marked down, or whose stream is dead
(`venues.wire.silence`), and no others.

One class for every venue: what differs is a frozen `SessionSpec` of numbers, and the wording, which a
`Dialogue` knows. Sans-I/O: see `venues.wire.session_port`. This module never parses market data, never
touches a book and never decides that a book is good: the answers of the hot state do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from trimaran.domain.answer import Flag, Kind
from trimaran.domain.instrument import Symbol
from trimaran.domain.ports import Rng
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.dialogue import (
    Accepted,
    Dialogue,
    Ping,
    Pong,
    Refused,
    Reply,
    Shutdown,
    Unsubscribed,
)
from trimaran.venues.wire.limiter import WindowBudget
from trimaran.venues.wire.link import STREAM_MASK, Link, LinkConfig, LinkState
from trimaran.venues.wire.market_spec import (
    MINUTE,
    MS,
    SECOND,
    Endpoints,
    SessionSpec,
    SnapshotSource,
)
from trimaran.venues.wire.replacement import confirmed, outlived, undelivered
from trimaran.venues.wire.requests import Stream
from trimaran.venues.wire.session_port import (
    Action,
    Actions,
    Alive,
    Close,
    Closed,
    ConnectionLost,
    ControlFrame,
    Event,
    MarkDown,
    Open,
    Opened,
    SendText,
    SessionCounters,
    Slot,
    SnapshotApplied,
    SnapshotFailed,
    SubscriptionEnded,
    Switched,
)
from trimaran.venues.wire.shards import Shard, plan_shards
from trimaran.venues.wire.silence import resubscribe_silent, silent_books
from trimaran.venues.wire.snapshots import RestSnapshots, SnapshotDesk

NEED_SNAPSHOT_BIT: Final = int(Flag.NEED_SNAPSHOT) << 8
NOTHING: Final[tuple[Action, ...]] = ()


class SessionConfig(msgspec.Struct, frozen=True):
    """How a session behaves; all times in nanoseconds. The defaults suit the live exchange."""

    link: LinkConfig = LinkConfig()
    streams_per_connection: int = 0  # 0: what the market allows
    reconnect: Backoff = Backoff(base_ns=500 * MS, cap_ns=30 * SECOND)
    stable_ns: int = MINUTE  # a connection that lasted so long resets the back-off
    connects_share: float = 0.8  # of the venue's limit on attempts; other processes share the address
    age_margin_ns: int = 10 * MINUTE  # so much before the venue's limit a connection is replaced
    switch_patience_ns: int = MINUTE  # then a class that is silent on both links is not waited for
    switch_ns_max: int = 3 * MINUTE  # then the replacement is given up and another one is tried
    snapshot_levels: int = 0  # a side, over REST; 0: the market's default, deep enough and cheap to ask for
    snapshot_weight_share: float = 0.5  # of the venue's request weight
    snapshot_answer_ns_max: int = 3 * SECOND  # in the stream; over REST the shell reports a failure
    snapshot_retry: Backoff = Backoff(base_ns=200 * MS, cap_ns=20 * SECOND)


class VenueSession:
    """Market data of one market for some symbols. Implements `MarketSession`.

    `books` maps the book indices of the sink's answers to symbols; by default the position in `symbols`.
    """

    def __init__(
        self,
        spec: SessionSpec,
        dialogue: Dialogue,
        endpoints: Endpoints,
        symbols: Sequence[Symbol],
        rng: Rng,
        config: SessionConfig,
        *,
        books: Mapping[int, Symbol] | None = None,
    ) -> None:
        assert symbols, "a session without symbols"
        assert not spec.connection_age_ns_max or config.age_margin_ns < spec.connection_age_ns_max
        self.counters = SessionCounters()
        self._spec = spec
        self._dialogue = dialogue
        self._config = config
        self._rng = rng
        self._books = dict(books) if books is not None else dict(enumerate(symbols))
        assert set(self._books.values()) == set(symbols), "every symbol has a book, and every book a symbol"
        limit = config.streams_per_connection or spec.streams_per_connection_max
        self._shards = plan_shards(spec, endpoints, self._books, limit)
        self._feeding = {symbol: shard for shard in self._shards for symbol in shard.fed}
        self._links: dict[Slot, tuple[Link, Shard]] = {}
        self._next_slot = 1
        connects = max(1, int(spec.connects_max * config.connects_share / spec.connects_sessions))
        self._connects = WindowBudget(connects, spec.connects_window_ns)
        levels, share = config.snapshot_levels, config.snapshot_weight_share
        self._rest = RestSnapshots(spec.rest_depth, endpoints, levels, share) if spec.rest_depth else None
        answer_ns_max = 0 if self._rest is not None else config.snapshot_answer_ns_max
        self._snapshots = SnapshotDesk(self._ask, answer_ns_max, config.snapshot_retry, rng, self.counters)

    def start(self, now_ns: int) -> Actions:
        """Opens one connection a shard."""
        for shard in self._shards:
            shard.active = self._new_link(shard, now_ns)
        return self.on_tick(now_ns)

    def on_answer(self, slot: Slot, answer: int, now_ns: int) -> Actions:
        """Notes that a stream has spoken, and asks for a snapshot where the books need one."""
        known = self._links.get(slot)
        if known is None:
            return NOTHING
        link = known[0]
        link.pulse.heard_ns = now_ns
        kind = answer & 0xF
        if kind == Kind.ERROR:
            self.counters.decode_errors += 1  # it may still ask for a snapshot, below
        elif kind == Kind.SNAPSHOT:
            return self._on_snapshot(link, answer, now_ns)
        else:
            link.spoken_ns[answer & STREAM_MASK] = now_ns
        if not answer & NEED_SNAPSHOT_BIT:
            return NOTHING
        symbol = self._books.get(answer >> 16)
        return NOTHING if symbol is None else self._snapshots.need(symbol, now_ns)

    def on_event(self, event: Event, now_ns: int) -> Actions:
        """Dispatches; events of slots that were given up are ignored."""
        match event:
            case SnapshotApplied(symbol, answer):
                return self._snapshots.applied(symbol, answer, now_ns)
            case SnapshotFailed(symbol, reason, retry_after_ns):
                return self._snapshots.failed(symbol, reason, retry_after_ns, now_ns)
        known = self._links.get(event.slot)
        if known is None:
            return NOTHING
        link, shard = known
        match event:
            case Opened():
                return link.opened(now_ns)
            case Closed(_, reason):
                return self._lost(link, shard, reason, now_ns)
            case Alive():
                link.pulse.alive(now_ns)
                return NOTHING
            case ControlFrame(_, payload):
                return self._on_control(link, shard, payload, now_ns)

    def on_tick(self, now_ns: int) -> Actions:
        """Runs every timer: connections that are due, heartbeats, planned switches, snapshots."""
        actions: list[Action] = []
        for link, shard in list(self._links.values()):
            self._open_if_due(link, shard, now_ns, actions)
            due, fault = link.on_tick(now_ns)
            actions += due
            if fault:
                actions.append(Close(link.slot, fault))
                actions += self._lost(link, shard, fault, now_ns)
        for shard in self._shards:
            actions += self._switch(shard, now_ns)
            actions += self._heal_silence(shard, now_ns)
        actions += self._snapshots.on_tick(now_ns)
        return actions

    def _new_link(self, shard: Shard, due_ns: int) -> Link:
        slot = Slot(self._next_slot)
        self._next_slot += 1
        link = Link(
            slot,
            shard.streams,
            shard.watches,
            due_ns,
            self._config.link,
            self._spec,
            self._dialogue,
            self._rng,
            self.counters,
        )
        self._links[slot] = (link, shard)
        return link

    def _new_link_after_backoff(self, shard: Shard, now_ns: int) -> Link:
        delay_ns = self._config.reconnect.delay_ns(shard.attempts, self._rng)
        shard.attempts += 1
        self.counters.reconnects += 1
        return self._new_link(shard, now_ns + delay_ns)

    def _open_if_due(self, link: Link, shard: Shard, now_ns: int, actions: list[Action]) -> None:
        if link.state is not LinkState.WAITING or link.due_ns > now_ns:
            return
        if self._connects.take(1, now_ns):
            link.state = LinkState.OPENING
            self.counters.opens += 1
            actions.append(Open(link.slot, shard.url))

    def _lost(self, link: Link, shard: Shard, reason: str, now_ns: int) -> list[Action]:
        """Forgets a link and replaces it; marks its books down when nothing feeds them any more."""
        lost = ConnectionLost(link.slot, reason)
        del self._links[link.slot]
        if link.opened_ns and now_ns - link.opened_ns >= self._config.stable_ns:
            shard.attempts = 0
        if link is shard.standby:
            self.counters.switches_failed += 1
            shard.standby = self._new_link_after_backoff(shard, now_ns)
            return [lost]
        assert link is shard.active
        standby, shard.standby = shard.standby, None
        shard.active = standby if standby is not None else self._new_link_after_backoff(shard, now_ns)
        orphans = undelivered(shard.fed, standby)
        return [*self._books_down(reason, orphans), lost] if orphans and link.opened_ns else [lost]

    def _books_down(self, reason: str, symbols: Sequence[Symbol]) -> list[Action]:
        """Nothing feeds these books any more; when something does again they will ask for what they need."""
        self._snapshots.reset(symbols)
        everything = len(symbols) == len(self._books)
        return [MarkDown(reason, () if everything else tuple(symbols))]

    def _heal_silence(self, shard: Shard, now_ns: int) -> list[Action]:
        """Marks books down whose streams say nothing although they should, and subscribes these anew."""
        actions: list[Action] = []
        for symbol, silent_ns in silent_books(shard, now_ns):
            self.counters.books_silent += 1
            reason = f"no data on {shard.fed[symbol].name} for {silent_ns / SECOND:.0f} s"
            actions += self._books_down(reason, [symbol])
        return actions + resubscribe_silent(shard, now_ns)

    def _on_snapshot(self, link: Link, answer: int, now_ns: int) -> Actions:
        """A whole book came in the stream. One that was asked for says nothing about the stream itself."""
        if self._spec.snapshots is not SnapshotSource.REQUEST:
            link.whole_ns[answer & STREAM_MASK & ~0xF | Kind.DEPTH] = now_ns
        symbol = self._books.get(answer >> 16)
        if symbol is None:
            return NOTHING
        return [*self._snapshots.came(symbol, answer, now_ns), *self._snapshots.on_tick(now_ns)]

    def _ask(self, symbol: Symbol, now_ns: int) -> Actions | None:
        """Asks for a whole book in the venue's way; None when that cannot be done now."""
        if self._rest is not None:
            return self._rest.fetch(symbol, now_ns)
        shard = self._feeding[symbol]
        for link in (shard.active, shard.standby):
            if link is None:
                continue
            if self._spec.snapshots is SnapshotSource.REQUEST:
                asked = link.requests.ask(shard.fed[symbol], now_ns)
            else:
                asked = link.requests.resubscribe(shard.fed[symbol], now_ns)
            if asked is not None:
                return asked
        return None

    def _on_control(self, link: Link, shard: Shard, payload: bytes, now_ns: int) -> Actions:
        link.pulse.heard_ns = now_ns
        match self._dialogue.read(payload):
            case (Accepted() | Refused() | Unsubscribed()) as reply:
                return self._on_reply(link, shard, reply, now_ns)
            case Ping(reply_text):
                self.counters.pings_answered += 1
                return [SendText(link.slot, reply_text)]
            case Pong():
                return NOTHING
            case Shutdown():
                return self._on_shutdown(link, shard, now_ns)
            case _:
                self.counters.control_unknown += 1
                return NOTHING

    def _on_reply(self, link: Link, shard: Shard, reply: Reply, now_ns: int) -> Actions:
        ended = link.requests.ended(reply, now_ns) if isinstance(reply, Unsubscribed) else None
        if ended is not None:
            return self._on_ended(link, shard, *ended)
        stream = link.requests.asked(reply, now_ns)
        if stream is None:
            return link.replied(reply, now_ns)
        symbol = self._books[stream.key >> 16]
        reason = f"{reply.code}: {reply.text}" if isinstance(reply, Refused) else "an answer without a book"
        return self._snapshots.failed(symbol, reason, 0, now_ns)

    def _on_ended(self, link: Link, shard: Shard, stream: Stream, news: bool) -> Actions:
        """The venue ended a subscription by itself, as OKX does when an instrument goes."""
        alarm = [SubscriptionEnded(link.slot, stream.name)] if news else []
        symbol, other = self._books[stream.key >> 16], shard.other(link)
        if shard.fed.get(symbol) != stream or (other is not None and other.delivers(stream)):
            return alarm
        return [*self._books_down(f"the venue ended {stream.name}", [symbol]), *alarm]

    def _on_shutdown(self, link: Link, shard: Shard, now_ns: int) -> Actions:
        if link is shard.standby:  # of no use as a replacement: take another one
            reason = "the server of the replacement shuts down"
            return [Close(link.slot, reason), *self._lost(link, shard, reason, now_ns)]
        return NOTHING if shard.standby is not None else self._begin_switch(shard, "server shutdown", now_ns)

    def _begin_switch(self, shard: Shard, reason: str, now_ns: int) -> list[Action]:
        """Opens a standby, at once unless this shard has been reconnecting of late."""
        shard.switch_reason = reason
        backoff, attempts = self._config.reconnect, shard.attempts
        delay_ns = backoff.delay_ns(attempts - 1, self._rng) if attempts else 0
        shard.standby = self._new_link(shard, now_ns + delay_ns)
        actions: list[Action] = []
        self._open_if_due(shard.standby, shard, now_ns, actions)
        return actions

    def _switch(self, shard: Shard, now_ns: int) -> list[Action]:
        """Begins a planned replacement, completes it, or gives it up."""
        old, new = shard.active, shard.standby
        assert old is not None
        if new is None:
            reason = outlived(old, self._spec, self._config.age_margin_ns, now_ns)
            return self._begin_switch(shard, reason, now_ns) if reason else []
        patience_ns = min(self._config.switch_patience_ns, self._spec.shutdown_notice_ns // 3)
        if confirmed(old, new, patience_ns, now_ns):
            del self._links[old.slot]
            shard.active, shard.standby = new, None
            self.counters.switches += 1
            return [
                Close(old.slot, f"replaced: {shard.switch_reason}"),
                Switched(old.slot, new.slot, shard.switch_reason),
            ]
        if new.opened_ns and now_ns - new.opened_ns >= self._config.switch_ns_max:
            reason = "the replacement does not deliver"
            return [Close(new.slot, reason), *self._lost(new, shard, reason, now_ns)]
        return []
