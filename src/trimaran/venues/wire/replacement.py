"""When one connection may take over from another that still works. Pure questions; the session acts.

Make before break: the old one goes when the new one delivers every book, each by itself, and every other
class of stream. What is silent on both is not waited for beyond some patience: perhaps nothing happens there.
A book whose subscription was refused on the new one is not delivered, whatever came before; one that was
refused on both is nobody's loss.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import Symbol
from trimaran.venues.wire.link import Link
from trimaran.venues.wire.market_spec import SessionSpec
from trimaran.venues.wire.requests import Stream


def outlived(link: Link, spec: SessionSpec, age_margin_ns: int, now_ns: int) -> str:
    """Why a connection must be replaced though it works; "" when it need not."""
    age_ns_max = spec.connection_age_ns_max - age_margin_ns
    if link.opened_ns and spec.connection_age_ns_max and now_ns - link.opened_ns >= age_ns_max:
        return "age"
    return "its requests are used up" if link.requests.spent(now_ns) else ""


def undelivered(fed: Mapping[Symbol, Stream], standby: Link | None) -> list[Symbol]:
    """The books of `fed` that are left without a feed when `standby` is all that remains."""
    return [symbol for symbol, stream in fed.items() if standby is None or not standby.delivers(stream)]


def confirmed(old: Link, new: Link, patience_ns: int, now_ns: int) -> bool:
    """Whether `new` delivers all that `old` does."""
    if not (new.opened_ns and new.requests.settled):
        return False
    held = [stream for stream in new.streams if old.holds(stream) or new.holds(stream)]
    missing = {_duty(stream) for stream in held} - {_duty(stream) for stream in held if new.delivers(stream)}
    if not missing or now_ns - new.opened_ns < patience_ns:
        return not missing
    # What spoke on the old one before the new one listened could not be heard there.
    heard = {_duty(stream) for stream in old.streams if old.word_ns(stream) >= new.settled_ns}
    # A book that the new one was refused would be nobody's, however quiet it is.
    refused = {stream.key for stream in held if _is_book(stream) and not new.holds(stream)}
    return not missing & (heard | refused)


def _duty(stream: Stream) -> int:
    """What must be delivered: each book by its key, of everything else the class alone by its kind."""
    return stream.key if _is_book(stream) else stream.key & 0xF


def _is_book(stream: Stream) -> bool:
    return stream.key & 0xF == Kind.DEPTH
