"""What records become: rows by hand, and books that agree with the ledger for any story."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.record_story import SPOT, SPOT_MARKET, START_NS, SWAP, USDT, story
from trimaran.domain.account import Adjusted, AdjustmentId, Fill, FillId, Liquidity, Transfer, TransferId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.instrument import Asset, MarketName, Side
from trimaran.domain.records import Heard, InstrumentsListed, JournalRecord
from trimaran.ledger.double_entry import Account
from trimaran.ledger.ledger import Ledger
from trimaran.storage.projection.row import FILLED, Insert, Move, Row
from trimaran.storage.projection.rows import Projection, project
from trimaran.storage.projection.tables import METADATA


def fill(number: int, lots: int = 2, side: Side = Side.BUY, at_ns: int = START_NS) -> Heard:
    fee = Decimal("0.12")
    terms = (side, 600_000, lots, Liquidity.MAKER, fee, USDT, at_ns, at_ns)
    return Heard(Fill(FillId(str(number)), ClientOrderId(16), SPOT.key, *terms))


def rows_of(*records: JournalRecord) -> list[Row]:
    return project(enumerate((InstrumentsListed((SPOT, SWAP), 0), *records), 1))[2:]


def inserts(rows: list[Row], table: str) -> list[dict[str, object]]:
    return [dict(row.values) for row in rows if isinstance(row, Insert) and row.table == table]


def test_a_fill_is_a_row_its_postings_and_lots_of_its_order() -> None:
    rows = rows_of(fill(1))
    (row,) = inserts(rows, "fills")
    assert (row["price"], row["size"], row["fee"]) == (Decimal(60_000), Decimal("0.002"), Decimal("0.12"))
    assert (row["side"], row["liquidity"], row["sequence"]) == ("buy", "maker", 2)
    assert [(p["account"], p["asset"], p["amount"]) for p in inserts(rows, "postings")] == [
        ("wallet", "BTC", Decimal("0.002")),
        ("trades", "BTC", Decimal("-0.002")),
        ("wallet", "USDT", Decimal(-120)),
        ("trades", "USDT", Decimal(120)),
        ("wallet", "USDT", Decimal("-0.12")),
        ("fees", "USDT", Decimal("0.12")),
    ]
    (moved,) = [row for row in rows if isinstance(row, Move)]
    assert (moved.kind, moved.values) == (FILLED, {"key": 16, "more_lots": 2, "at_ns": START_NS})


def test_a_fill_that_comes_again_is_no_row() -> None:
    assert len(rows_of(fill(1), fill(1))) == len(rows_of(fill(1)))


def test_a_fill_that_comes_again_with_other_terms_is_a_discrepancy() -> None:
    rows = rows_of(fill(1), fill(1, lots=3))
    (row,) = inserts(rows, "discrepancies")
    assert (row["kind"], row["subject"], row["sequence"]) == ("conflict", SPOT.key, 3)
    assert len(inserts(rows, "fills")) == 1


def test_what_no_event_explains_is_a_payment_and_a_discrepancy() -> None:
    told = (AdjustmentId("a"), SPOT_MARKET, USDT, Decimal("1.5"), "the venue has 11.5, we have 10")
    rows = rows_of(Heard(Adjusted(*told, START_NS, START_NS)))
    assert [row["kind"] for row in inserts(rows, "payments")] == ["adjustment"]
    assert [row["text"] for row in inserts(rows, "discrepancies")] == ["the venue has 11.5, we have 10"]


def test_a_payment_that_comes_again_is_no_row() -> None:
    paid = Heard(Transfer(TransferId("t"), SPOT_MARKET, USDT, Decimal(1), START_NS, START_NS))
    assert len(rows_of(paid, paid)) == len(rows_of(paid)) == 3


@pytest.mark.parametrize("seed", range(5))
def test_every_row_has_every_column_of_its_table(seed: int) -> None:
    for row in project(enumerate(story(seed, 300), 1)):
        if isinstance(row, Insert):
            table = "orders" if row.table == "orders_once" else row.table
            assert set(row.values) == {column.name for column in METADATA.tables[table].columns}


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(3, 200))
def test_postings_sum_to_zero_and_to_the_balances_of_the_ledger(seed: int, count: int) -> None:
    records = story(seed, count)
    ledger = Ledger({})
    for record in records:
        if isinstance(record, InstrumentsListed):
            ledger.list_instruments(record.instruments)
        elif isinstance(record, Heard):
            ledger.apply(record.event)
    totals: dict[tuple[str, MarketName, Asset], Decimal] = {}
    bookings: dict[tuple[object, object], Decimal] = {}
    for row in inserts(project(enumerate(records, 1)), "postings"):
        key = row["account"], row["market"], row["asset"]
        totals[key] = totals.get(key, Decimal(0)) + row["amount"]
        booking = row["sequence"], row["asset"]
        bookings[booking] = bookings.get(booking, Decimal(0)) + row["amount"]
    assert not any(bookings.values())
    for account in Account:
        expected = {holding: amount for holding, amount in ledger.totals(account).items() if amount}
        found = {(m, a): amount for (name, m, a), amount in totals.items() if name == account and amount}
        assert found == expected


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(3, 150), st.integers(0, 150))
def test_a_projection_continues_from_its_image(seed: int, count: int, stop: int) -> None:
    records = list(enumerate(story(seed, count), 1))
    first = Projection()
    rows = [row for sequence, record in records[:stop] for row in first.take(sequence, record)]
    second = Projection(first.image())
    rows += [row for sequence, record in records[stop:] for row in second.take(sequence, record)]
    assert rows == project(records)
