"""Start-up is recovery: the snapshot and the records behind it give the state as it was, and a run begins.

    image, records -> recovered -> Durable -> begun(desk, durable, ...) -> the first records of this process

The records of the beginning go to the journal, and are synced, before the desk takes its first event. What
was SENDING or UNKNOWN is resolved, and every account compared, before its market is ready
(`engine/resolver.py`, `engine/readiness.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from trimaran.base.errors import JournalError
from trimaran.domain.client_id import EPOCH_BITS, ClientIdCounter
from trimaran.domain.records import InstrumentsListed, JournalRecord, RunOpened
from trimaran.engine import approval, image
from trimaran.engine.desk import Desk
from trimaran.engine.durable import Durable
from trimaran.engine.image import DurableImage


def recovered(told: DurableImage | None, records: Iterable[JournalRecord]) -> Durable:
    """The durable state that a snapshot and the records behind it give."""
    durable = Durable({}, ClientIdCounter(0, 0, 0))
    if told is not None:
        image.restore(durable, told)
    return followed(durable, records)


def followed(durable: Durable, records: Iterable[JournalRecord]) -> Durable:
    """The same state after some records more."""
    for record in records:
        durable.apply(record)
    return durable


def begun(
    desk: Desk, durable: Durable, holder: str, version: str, now_ns: int
) -> tuple[RunOpened | InstrumentsListed, ...]:
    """Gives a desk its past; the records with which a run begins, in force already.

    The desk was made with the counter of its region and shard. Raises JournalError for a past of another
    shard, or when there is no epoch left.
    """
    mine, before = desk.durable.counter, durable.counter
    if before.epoch and (mine.region, mine.shard) != (before.region, before.shard):
        expected = f"region {mine.region}, shard {mine.shard}"
        raise JournalError(f"journal: expected {expected}, found {before.region} and {before.shard}")
    if before.epoch + 1 >= 1 << EPOCH_BITS:
        raise JournalError(f"journal: expected an epoch below {1 << EPOCH_BITS}, found {before.epoch + 1}")
    begin = before.of_owner(now_ns)
    run = RunOpened(mine.region, mine.shard, begin.epoch, holder, version, now_ns, begin.sequence)
    durable.apply(run)
    desk.adopt(durable)
    known = durable.instruments
    changed = tuple([each for key, each in desk.instruments.items() if known.get(key) != each])
    if not changed:
        approval.rebuild(desk)
        return (run,)
    listed = InstrumentsListed(changed, now_ns)
    durable.apply(listed)
    approval.rebuild(desk)
    return (run, listed)
