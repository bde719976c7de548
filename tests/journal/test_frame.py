"""The format: what is written is read, what was changed is not, and every kind of record is known."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from tests.support.journal_records import numbered, opened
from trimaran.base.errors import JournalError
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import KillState
from trimaran.domain.facts import Purpose
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
    Symbol,
)
from trimaran.domain.kill import ALL
from trimaran.domain.orders import GroupId, IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.domain.records import (
    AmendOpened,
    CancelOpened,
    Durability,
    EquityMarked,
    FreezeMoved,
    GroupOpened,
    InstrumentsListed,
    JournalRecord,
    KillMoved,
    LimitsSet,
    OrderAdopted,
    OrderReissued,
)
from trimaran.journal.frame import (
    FRAME,
    HEAD,
    Head,
    decode_record,
    encode_record,
    pack_frame,
    pack_head,
    read_frame,
    read_head,
    seed_of,
    segment_name,
    segment_number,
)

KEY = InstrumentKey("toy.spot:BTCUSDT")
ORDER = OrderRequest(
    IntentId("i1"),
    ClientOrderId(2**61 + 5),
    KEY,
    Side.SELL,
    6_000_000,
    1_000,
    TimeInForce.IOC,
    StrategyName("cross_market"),
    GroupId("cross_market-1-1"),
    False,
    1_700_000_000_000_000_000,
)
INSTRUMENT = Instrument(
    market=MarketName("toy.spot"),
    symbol=Symbol("BTCUSDT"),
    base=Asset("BTC"),
    quote=Asset("USDT"),
    kind=ContractKind.SPOT,
    price_grid=Grid.of(Decimal("0.01")),
    size_grid=Grid.of(Decimal("0.00001")),
    order_step=1,
    min_notional=Decimal(5),
    fees=Fees(10, 20),
)
RECORDS: list[JournalRecord] = [
    opened(3),
    InstrumentsListed((INSTRUMENT,), 7),
    GroupOpened(GroupId("g"), StrategyName("s"), Purpose.OPEN, (ORDER, ORDER), Durability.FAST, 1),
    OrderReissued(ORDER, ClientOrderId(4), 8),
    AmendOpened(ORDER, 9),
    CancelOpened(ClientOrderId(5), "wanted", 10),
    numbered(1),
    OrderAdopted(ORDER, VenueOrderId("v1"), 11),
    KillMoved(ALL, KillState.KILLED, "me", "why", 12),
    LimitsSet(2, "ab", "text", "me", 13),
    FreezeMoved(KEY, "contradiction", "engine", 14),
    EquityMarked(ALL, 19_000, Decimal(1), Decimal("2.5"), Decimal(-3), 15),
]


def test_every_kind_of_record_is_here() -> None:
    assert {type(record) for record in RECORDS} == set(get_args(JournalRecord))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_read_as_it_was_written(record: JournalRecord) -> None:
    frame, checksum = pack_frame(seed_of(7), 12, 11, encode_record(record))
    data = b"before" + frame
    found = read_frame(seed_of(7), data, 6)
    assert found is not None
    assert (found.sequence, found.synced, found.checksum, found.end) == (12, 11, checksum, len(data))
    assert decode_record("x", data, found) == record


def test_no_changed_bit_of_a_frame_is_read() -> None:
    frame, _ = pack_frame(seed_of(7), 12, 11, encode_record(numbered(1)))
    for at in range(len(frame)):
        for bit in range(8):
            changed = bytearray(frame)
            changed[at] ^= 1 << bit
            assert read_frame(seed_of(7), bytes(changed), 0) is None, (at, bit)


def test_a_part_of_a_frame_is_none() -> None:
    frame, _ = pack_frame(seed_of(7), 12, 11, encode_record(numbered(1)))
    assert all(read_frame(seed_of(7), frame[:length], 0) is None for length in range(len(frame)))


def test_a_frame_is_valid_in_its_own_segment_only() -> None:
    frame, _ = pack_frame(seed_of(7), 12, 11, encode_record(numbered(1)))
    assert read_frame(seed_of(8), frame, 0) is None


def test_a_note_has_no_payload() -> None:
    frame, _ = pack_frame(seed_of(1), 12, 12, b"")
    found = read_frame(seed_of(1), frame, 0)
    assert found is not None
    assert found.is_note
    assert found.end == FRAME.size


def test_a_head_is_read_as_it_was_written_and_no_changed_bit_of_it_is() -> None:
    head = Head(number=3, first_sequence=100, synced=90, chain=0xDEADBEEF)
    data = pack_head(head)
    assert len(data) == HEAD.size
    assert read_head(3, data) == head
    assert read_head(4, data) is None
    assert read_head(3, data[:-1]) is None
    for at in range(len(data) * 8):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        assert read_head(3, bytes(changed)) is None


def test_a_record_of_a_later_version_is_refused_with_its_place() -> None:
    data, _ = pack_frame(seed_of(1), 12, 11, b"\x81\xa4type\xa6future")
    frame = read_frame(seed_of(1), data, 0)
    assert frame is not None
    with pytest.raises(JournalError, match=r"00000001\.journal: byte 28: record 12: expected a record"):
        decode_record(segment_name(1), data, frame)


def test_names_of_segments() -> None:
    assert segment_name(12) == "00000012.journal"
    assert segment_number("00000012.journal") == 12
    for other in ("12.journal", "0000001x.journal", "00000012", "00000012.journal.half", "-0000012.journal"):
        assert segment_number(other) is None
