"""Exactly once: however the projector stops and starts, its tables are those of one that never stopped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, insert, select

from tests.support.projected import contents, write_journal
from tests.support.record_story import story
from trimaran.base.errors import JournalError
from trimaran.domain.orders import TRANSITIONS, OrderState
from trimaran.domain.records import JournalRecord
from trimaran.journal.recover import Entry
from trimaran.live.projector import run_projector
from trimaran.storage.projection import projector as module
from trimaran.storage.projection.database import open_database
from trimaran.storage.projection.projector import Projector, clear
from trimaran.storage.projection.row import Move
from trimaran.storage.projection.statements import write
from trimaran.storage.projection.tables import FILLS, ORDERS, POSTINGS, PROJECTED


class Given:
    """Port `Source` over records in memory. The checksum of a record is its number times seven."""

    def __init__(self, records: Sequence[JournalRecord], after: int, checksum: int) -> None:
        assert checksum == 7 * after
        self._records = records
        self._after = after

    def read(self, count_max: int, /) -> list[Entry]:
        found = self._records[self._after : self._after + count_max]
        entries = [Entry(self._after + n, record, 7 * (self._after + n)) for n, record in enumerate(found, 1)]
        self._after += len(entries)
        return entries

    def close(self) -> None:
        pass


def whole(records: Sequence[JournalRecord]) -> dict[str, list[object]]:
    """The tables of a projector that takes everything at once."""
    engine = open_database("sqlite://")
    projector = Projector(engine, lambda after, checksum: Given(records, after, checksum))
    while projector.step(10**9):
        pass
    projector.close()
    found = contents(engine)
    engine.dispose()
    return found


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32), st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.booleans()), max_size=12)
)
def test_however_it_stops_and_starts_the_tables_are_the_same(
    seed: int, stops: list[tuple[int, bool, bool]]
) -> None:
    records = story(seed, 160)
    engine = open_database("sqlite://")

    def start() -> Projector:
        return Projector(engine, lambda after, checksum: Given(records, after, checksum))

    projector = start()
    for count, stopped, tidily in stops:
        projector.step(count)
        if stopped:
            if tidily:
                projector.close()
            projector = start()
    while projector.step(50):
        pass
    assert contents(engine) == whole(records)
    engine.dispose()


def test_its_memory_is_kept_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IMAGE_RECORDS", 60)
    records = story(3, 200)
    engine = open_database("sqlite://")
    asked: list[int] = []

    def source(after: int, checksum: int) -> Given:
        asked.append(after)
        return Given(records, after, checksum)

    projector = Projector(engine, source)
    for _ in range(3):
        projector.step(40)
    assert projector.sequence == 120
    projector = Projector(engine, source)
    assert asked == [0, 80]
    while projector.step(1000):
        pass
    assert contents(engine) == whole(records)
    engine.dispose()


def test_a_failed_transaction_leaves_nothing_and_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    records = story(4, 100)
    engine = open_database("sqlite://")
    projector = Projector(engine, lambda after, checksum: Given(records, after, checksum))
    projector.step(50)
    before = contents(engine)

    def broken(*_: object) -> None:
        write(*_)  # type: ignore[arg-type]
        raise RuntimeError("the machine stops here")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write", broken)
        with pytest.raises(RuntimeError):
            projector.step(50)
    projector.close()
    assert contents(engine) == before
    projector = Projector(engine, lambda after, checksum: Given(records, after, checksum))
    while projector.step(1000):
        pass
    assert contents(engine) == whole(records)
    engine.dispose()


def test_two_projectors_of_one_database_are_found_out() -> None:
    records = story(5, 100)
    engine = open_database("sqlite://")
    first = Projector(engine, lambda after, checksum: Given(records, after, checksum))
    second = Projector(engine, lambda after, checksum: Given(records, after, checksum))
    first.step(10)
    with pytest.raises(JournalError, match="another projector"):
        second.step(50)
    engine.dispose()


def test_a_gap_in_the_records_is_refused() -> None:
    engine = open_database("sqlite://")
    projector = Projector(engine, lambda after, checksum: Given(story(1, 20), after + 1, 7 * (after + 1)))
    with pytest.raises(JournalError, match="expected record 1, found 2"):
        projector.step()
    engine.dispose()


def test_clear_begins_anew() -> None:
    records = story(6, 100)
    engine = open_database("sqlite://")
    for _ in range(2):
        projector = Projector(engine, lambda after, checksum: Given(records, after, checksum))
        while projector.step(1000):
            pass
        projector.close()
        assert contents(engine) == whole(records)
        clear(engine)
    engine.dispose()


@pytest.mark.parametrize("state", list(OrderState), ids=lambda state: state.name.lower())
def test_orders_move_as_the_state_table_says(state: OrderState) -> None:
    engine = open_database("sqlite://")
    for number, (event, after) in enumerate(TRANSITIONS[state].items(), 1):
        if event.name in ("CLAIM", "ABANDON", "PARTIAL_FILL"):
            continue
        with engine.begin() as connection:
            values: dict[str, object] = {column.name: 1 for column in ORDERS.columns}
            values |= dict.fromkeys(("price", "size"), Decimal(1)) | dict.fromkeys(
                ("reduce_only", "adopted"), True
            )
            words = dict.fromkeys(
                ("intent_id", "strategy", "instrument_key", "side", "order_type", "tif"), "x"
            )
            fixed = {
                "client_order_id": number,
                "state": state.name.lower(),
                "reason": "",
                "venue_order_id": "v",
            }
            connection.execute(insert(ORDERS).values({**values, **words, "group_id": "g", **fixed}))
            moved = {"key": number, "at_ns": 2, "new_reason": "r", "new_venue_order_id": "v"}
            write(connection, [Move(event.name, moved)])
            found = select(ORDERS.c.state).where(ORDERS.c.client_order_id == number)
            assert connection.execute(found).scalar_one() == after.name.lower()
    engine.dispose()


def test_it_follows_a_real_journal_and_says_where_it_ends(tmp_path: Path) -> None:
    records = story(8, 500)
    folder, url = tmp_path / "journal", f"sqlite:///{tmp_path / 'desk.db'}"
    stop = threading.Event()
    write_journal(folder, records[:200])
    assert run_projector(folder, url, stop, once=True, niceness=0) == 200
    write_journal(folder, records[200:])
    assert run_projector(folder, url, stop, once=True, niceness=0) == 500
    engine = create_engine(url)
    assert without_checksums(engine) == drop_checksums(whole(records))
    engine.dispose()
    assert run_projector(folder, url, stop, once=True, niceness=0, rebuild=True) == 500


def test_another_journal_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    stop = threading.Event()
    write_journal(tmp_path / "one", story(8, 100))
    write_journal(tmp_path / "two", story(9, 200))
    run_projector(tmp_path / "one", url, stop, once=True, niceness=0)
    with pytest.raises(JournalError, match="another journal"):
        run_projector(tmp_path / "two", url, stop, once=True, niceness=0)


def without_checksums(engine: Engine) -> dict[str, list[object]]:
    return drop_checksums(contents(engine))


def drop_checksums(found: dict[str, list[object]]) -> dict[str, list[object]]:
    """The one thing that depends on how the records lie in files."""
    return {name: rows for name, rows in found.items() if name != PROJECTED.name}


def test_the_tables_of_a_story_are_not_empty() -> None:
    found = whole(story(1, 600))
    assert all(found.values()), {name: len(rows) for name, rows in found.items()}
    assert len(found[FILLS.name]) < len(found[POSTINGS.name])
