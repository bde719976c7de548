"""Binance market data as a pure state machine: which connections to hold, what to say on them.

    streams -> shards (one base URL, at most 1024 streams) -> links (one connection each)

A shard has one active link. Before a connection reaches its age limit, or when the server announces
its shutdown, a standby link is opened beside it; both feed the books, which ignore what they already
have; when the standby delivers every class of stream the old link is closed. The books never notice.
Only when a shard with books loses its last delivering link are its books marked down, and no others.

Sans-I/O: see `venues.wire.session_port`. This module never parses market data, never touches a book
and never decides that a book is good: the answers of the hot state do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from trimaran.domain.answer import Flag, Kind
from trimaran.domain.instrument import Symbol
from trimaran.domain.ports import Rng
from trimaran.venues.binance.control import Accepted, Refused, Shutdown, read_control
from trimaran.venues.binance.link import STREAM_MASK, Link, LinkConfig, LinkState
from trimaran.venues.binance.shards import Shard, plan_shards
from trimaran.venues.binance.spec import HOUR, MINUTE, MS, SECOND, BinanceMarketSpec, Endpoints
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.limiter import WindowBudget
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
    SessionCounters,
    Slot,
    SnapshotApplied,
    SnapshotFailed,
    Switched,
)
from trimaran.venues.wire.snapshots import SnapshotDesk

NEED_SNAPSHOT_BIT: Final = int(Flag.NEED_SNAPSHOT) << 8
NOTHING: Final[tuple[Action, ...]] = ()


class SessionConfig(msgspec.Struct, frozen=True):
    """How a session behaves; all times in nanoseconds. The defaults suit the live exchange."""

    link: LinkConfig = LinkConfig()
    combined: bool = False  # /stream instead of /ws: frames come wrapped with their stream's name
    streams_per_connection: int = 0  # 0: what the market allows
    reconnect: Backoff = Backoff(base_ns=500 * MS, cap_ns=30 * SECOND)
    stable_ns: int = MINUTE  # a connection that lasted so long resets the back-off
    connects_share: float = 0.8  # of the venue's limit on attempts; other processes share the address
    age_ns_max: int = 23 * HOUR + 50 * MINUTE
    switch_patience_ns: int = MINUTE  # then a class that is silent on both links is not waited for
    switch_ns_max: int = 3 * MINUTE  # then the replacement is given up and another one is tried
    snapshot_levels: int = 0  # a side; 0: the market's default, deep enough to bridge and cheap to ask for
    snapshot_weight_share: float = 0.5  # of the venue's request weight
    snapshot_retry: Backoff = Backoff(base_ns=200 * MS, cap_ns=20 * SECOND)


class BinanceSession:
    """Market data of one Binance market for some symbols. Implements `MarketSession`.

    `books` maps the book indices of the sink's answers to symbols; by default the position in
    `symbols`. `endpoints` defaults to the live exchange.
    """

    def __init__(
        self,
        spec: BinanceMarketSpec,
        symbols: Sequence[Symbol],
        rng: Rng,
        config: SessionConfig,
        *,
        endpoints: Endpoints | None = None,
        books: Mapping[int, Symbol] | None = None,
    ) -> None:
        assert symbols, "a session without symbols"
        assert config.age_ns_max < spec.connection_age_ns_max
        self.counters = SessionCounters()
        self._spec = spec
        self._config = config
        self._rng = rng
        self._books = dict(books) if books is not None else dict(enumerate(symbols))
        assert set(self._books.values()) == set(symbols), "every symbol has a book, and every book a symbol"
        hosts = endpoints if endpoints is not None else spec.live
        limit = config.streams_per_connection or spec.streams_per_connection_max
        self._shards = plan_shards(spec, hosts, self._books, limit, "/stream" if config.combined else "/ws")
        self._links: dict[Slot, tuple[Link, Shard]] = {}
        self._next_slot = 1
        connects = max(1, int(spec.connects_max * config.connects_share))
        self._connects = WindowBudget(connects, spec.connects_window_ns)
        levels = config.snapshot_levels or spec.depth_levels
        weight = spec.depth_weight(levels)
        self._snapshots = SnapshotDesk(
            lambda symbol: spec.depth_url(hosts, symbol, levels),
            weight,
            WindowBudget(max(weight, int(spec.weight_per_minute_max * config.snapshot_weight_share)), MINUTE),
            config.snapshot_retry,
            rng,
            self.counters,
        )

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
        link.heard_ns = now_ns
        if answer & 0xF == Kind.ERROR:
            self.counters.decode_errors += 1  # it may still ask for a snapshot, below
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
                link.heard_ns = now_ns
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
            self._spec.messages_per_s_max,
            self._config.link,
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
        delivers = standby is not None and standby.settled and Kind.DEPTH in standby.kinds_spoken()
        if not shard.fed or not link.opened_ns or delivers:
            return [lost]
        self._snapshots.reset(shard.fed)
        alone = len(shard.fed) == len(self._books)
        return [MarkDown(reason, () if alone else shard.fed), lost]

    def _on_control(self, link: Link, shard: Shard, payload: bytes, now_ns: int) -> Actions:
        link.heard_ns = now_ns
        match read_control(payload):
            case (Accepted() | Refused()) as reply:
                return link.replied(reply, now_ns)
            case Shutdown():
                return self._on_shutdown(link, shard, now_ns)
            case _:
                self.counters.control_unknown += 1
                return NOTHING

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
            if old.opened_ns and now_ns - old.opened_ns >= self._config.age_ns_max:
                return self._begin_switch(shard, "age", now_ns)
            return []
        if self._confirmed(old, new, now_ns):
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

    def _confirmed(self, old: Link, new: Link, now_ns: int) -> bool:
        """Whether `new` delivers all that `old` does."""
        if new.state is not LinkState.READY and not (
            new.opened_ns and new.settled and old.state is not LinkState.READY
        ):
            return False
        missing = new.kinds - new.kinds_spoken()
        if not missing:
            return True
        patient = now_ns - new.opened_ns < self._config.switch_patience_ns
        return not patient and not missing & old.kinds_spoken_since(new.opened_ns)
