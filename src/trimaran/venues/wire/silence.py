"""Streams of books that say nothing although their venue promises that they speak: down, and subscribed anew.

A venue that repeats itself when nothing changes (`StreamSpec.dead_ns`) cannot be silent: such a stream is
broken, while the connection and the other books on it may be well. Its book is marked down as soon as nothing
has come for `dead_ns`, a whole book included, which is as good as a delta until then. Its subscription is
ended and begun anew when no delta has come for `dead_ns`; again after twice that, then four times, up to
`DOUBLINGS_MAX` doublings, so that a stream that stays dead is not asked for all day. A delta ends it.

What waits for a subscription that was refused or is on its way is not silent: that has timers of its own.
The alarm is that of the stream's `Watch`. Pure questions and one act, on the state of a shard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trimaran.domain.instrument import Symbol
from trimaran.venues.wire.requests import NEVER
from trimaran.venues.wire.session_port import Action
from trimaran.venues.wire.shards import Shard, Silence

DOUBLINGS_MAX: Final = 4


def silent_books(shard: Shard, now_ns: int) -> Iterator[tuple[Symbol, int]]:
    """The books that have just become silent, each once until it has spoken again, and for how long."""
    for symbol, stream in shard.fed.items() if shard.dead_ns else ():
        since_ns = _subscribed_ns(shard, symbol)
        if since_ns == NEVER:
            continue
        word_ns = max(link.word_ns(stream) for link in shard.links)
        silent_ns = now_ns - max(since_ns, word_ns)
        silence = shard.silences.get(symbol)
        if silent_ns < shard.dead_ns or (silence is not None and word_ns < silence.marked_ns):
            continue
        if silence is None:
            shard.silences[symbol] = Silence(now_ns)
        else:
            silence.marked_ns = now_ns
        yield symbol, silent_ns


def resubscribe_silent(shard: Shard, now_ns: int) -> list[Action]:
    """Begins the subscriptions anew that are due for it, as far as the venue's limits go."""
    actions: list[Action] = []
    for symbol, silence in list(shard.silences.items()):
        stream = shard.fed[symbol]
        delta_ns = max(link.spoken_ns.get(stream.key, NEVER) for link in shard.links)
        if delta_ns > max(silence.marked_ns, silence.resubscribed_ns):
            del shard.silences[symbol]
            continue
        since_ns = _subscribed_ns(shard, symbol)
        pause_ns = shard.dead_ns << min(silence.resubscriptions, DOUBLINGS_MAX)
        if since_ns == NEVER or now_ns - max(since_ns, delta_ns) < pause_ns:
            continue
        assert shard.active is not None
        sent = shard.active.requests.resubscribe(stream, now_ns)
        if sent is not None:
            silence.resubscribed_ns = now_ns
            silence.resubscriptions += 1
            actions += sent
    return actions


def _subscribed_ns(shard: Shard, symbol: Symbol) -> int:
    """Since when the active connection carries the book; `NEVER` when it does not now."""
    assert shard.active is not None
    since_ns = shard.active.requests.subscribed_ns(shard.fed[symbol])
    return NEVER if since_ns is None else since_ns
