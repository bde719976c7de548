"""What a ledger remembers is bounded, and its image is all of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.errors import GridError
from trimaran.domain.account import (
    AccountEvent,
    Adjusted,
    AdjustmentId,
    Fill,
    FundingId,
    FundingPaid,
    InterestId,
    InterestPaid,
    PositionAdjusted,
    Transfer,
)
from trimaran.domain.facts import EventTooOld, FillBooked, FillRepeated
from trimaran.domain.instrument import Asset, ContractKind, Grid, Instrument, InstrumentKey, MarketName
from trimaran.ledger import identities
from trimaran.ledger.identities import MEMORY_NS, SPAN_NS, Identities, pack, unpack
from trimaran.ledger.image import LedgerImage
from trimaran.ledger.ledger import Ledger

Instruments = dict[InstrumentKey, Instrument]
HOUR_NS = 3_600_000_000_000
KEYS = ("spot:BTCUSDT", "spot:ETHBTC", "usdm:BTCUSDT")


def random_events(rng: random.Random, make_fill: Callable[..., Fill], count: int) -> list[AccountEvent]:
    """Money events over some days, late and repeated ones among them."""
    events: list[AccountEvent] = []
    for _ in range(count):
        number = str(rng.randrange(30))
        at_ns = (1 + int(number) * 7 % 40) * HOUR_NS  # one event has one time, whoever tells it
        amount, key = Decimal(rng.randrange(-99, 99)) / 8, InstrumentKey(rng.choice(KEYS))
        fill = make_fill(number, key, rng.choice(["BUY", "SELL"]), 100, rng.randrange(1, 5), amount, "BNB")
        market, usdt = MarketName(rng.choice(["spot", "usdm"])), Asset("USDT")
        events.append(
            rng.choice([
                msgspec.structs.replace(fill, venue_ns=at_ns),
                msgspec.structs.replace(fill, venue_ns=at_ns),
                Transfer(number, market, usdt, amount, at_ns, at_ns),
                FundingPaid(FundingId(number), InstrumentKey("usdm:BTCUSDT"), usdt, amount, at_ns, at_ns),
                InterestPaid(InterestId(number), market, usdt, amount, at_ns, at_ns),
                Adjusted(AdjustmentId(number), market, usdt, amount, "seen", at_ns, at_ns),
                PositionAdjusted(AdjustmentId(number), key, -3, Decimal("9.7"), "", at_ns, at_ns),
            ])
        )  # fmt: skip
    return events


@settings(max_examples=120, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_what_is_restored_is_the_same_and_goes_on_the_same(
    instruments: Instruments, make_fill: Callable[..., Fill], rng: random.Random
) -> None:
    ledger = Ledger(instruments)
    for event in random_events(rng, make_fill, rng.randrange(40)):
        ledger.apply(event)
    image = msgspec.msgpack.decode(msgspec.msgpack.encode(ledger.image()), type=LedgerImage)
    assert image == ledger.image()
    other = Ledger(instruments)
    other.restore(image)
    assert other.state_hash() == ledger.state_hash()
    for event in random_events(rng, make_fill, 40):
        assert other.apply(event) == ledger.apply(event)
        assert other.exposure_base(Asset("BTC")) == ledger.exposure_base(Asset("BTC"))
    assert other.state_hash() == ledger.state_hash()
    assert {k: v for k, v in other.balances.items() if v} == {k: v for k, v in ledger.balances.items() if v}
    assert all(other.moved_ns(each) == ledger.moved_ns(each) for each in ledger.balances)


def test_only_an_empty_ledger_is_restored(ledger: Ledger, make_fill: Callable[..., Fill]) -> None:
    ledger.apply(make_fill("1", "spot:BTCUSDT", "BUY", 100, 1))
    with pytest.raises(AssertionError):
        ledger.restore(ledger.image())


@settings(max_examples=60, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_no_fill_is_booked_twice_whatever_was_forgotten(
    instruments: Instruments, make_fill: Callable[..., Fill], rng: random.Random
) -> None:
    ledger, booked = Ledger(instruments), set()
    fills = [event for event in random_events(rng, make_fill, 150) if isinstance(event, Fill)]
    for fill in [*fills, *rng.sample(fills, len(fills) // 2)]:
        (fact, *_) = ledger.apply(fill)
        identity = (fill.instrument_key, fill.side, fill.fill_id)
        if isinstance(fact, FillBooked):
            assert identity not in booked
            booked.add(identity)
        elif isinstance(fact, EventTooOld):
            assert fill.venue_ns < fact.remembered_ns == ledger.remembered_ns(fill.instrument_key)
        else:
            assert isinstance(fact, FillRepeated)
            assert identity in booked


def test_a_day_is_remembered_and_no_more() -> None:
    memory = Identities()
    for number in range(3 * MEMORY_NS // SPAN_NS):
        memory.add(str(number), pack(1, 1), number * SPAN_NS)
        assert len(memory) <= MEMORY_NS // SPAN_NS + 1
    newest_ns = number * SPAN_NS
    assert memory.since_ns == newest_ns - MEMORY_NS + SPAN_NS
    assert memory.find(str(number - MEMORY_NS // SPAN_NS)) is not None
    assert memory.find(str(number - MEMORY_NS // SPAN_NS - 1)) is None


def test_a_storm_is_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "IDENTITIES_MAX", 1_000)
    memory = Identities()
    for number in range(10_000):
        memory.add(str(number), pack(1, 1), 1 + number * SPAN_NS // 100)
        assert len(memory) <= 1_000 + 100
    assert memory.since_ns > 0
    assert memory.find("9999") is not None


def test_the_newest_span_is_kept_however_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "IDENTITIES_MAX", 10)
    memory = Identities()
    for number in range(100):
        memory.add(str(number), pack(1, 1), 5)
    assert (len(memory), memory.since_ns) == (100, 0)
    memory.add("next", pack(1, 1), 5 + SPAN_NS)
    assert (len(memory), memory.since_ns) == (1, SPAN_NS)


@settings(max_examples=120, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_a_full_memory_is_restored_whole(rng: random.Random) -> None:
    before = identities.IDENTITIES_MAX
    identities.IDENTITIES_MAX = 10
    try:
        memory, other = Identities(), Identities()
        for number in range(rng.randrange(60)):
            memory.add(str(number), pack(1, 1), max(memory.since_ns, rng.randrange(8) * SPAN_NS))
        other.restore(memory.image())
        assert (other.known, other.image()) == (memory.known, memory.image())
        for number in range(100, 160):
            at_ns = max(memory.since_ns, rng.randrange(12) * SPAN_NS)
            memory.add(str(number), pack(1, 1), at_ns)
            other.add(str(number), pack(1, 1), at_ns)
        assert other.image() == memory.image()
    finally:
        identities.IDENTITIES_MAX = before


@given(st.integers(1, 2**50), st.integers(1, 2**62))
def test_terms_are_packed_without_loss(price_ticks: int, lots: int) -> None:
    assert unpack(pack(price_ticks, lots)) == (price_ticks, lots)


def test_a_changed_grid_is_taken_whole_or_not_at_all(
    instruments: Instruments, make_fill: Callable[..., Fill]
) -> None:
    ledger = Ledger(instruments)
    ledger.apply(make_fill("1", "usdm:BTCUSDT", "BUY", 100, 15))
    before = ledger.state_hash()
    spot, swap = instruments[InstrumentKey("spot:BTCUSDT")], instruments[InstrumentKey("usdm:BTCUSDT")]
    finer = msgspec.structs.replace(spot, size_grid=Grid(1, -3))
    coarser = msgspec.structs.replace(swap, size_grid=Grid(1, 0))
    with pytest.raises(GridError, match="multiples of 1 BTC, found 15 lots"):
        ledger.list_instruments([finer, coarser])
    assert ledger.instruments[finer.key] == spot
    assert ledger.state_hash() == before


def test_an_instrument_with_a_position_stays_what_it_is(
    instruments: Instruments, make_fill: Callable[..., Fill]
) -> None:
    ledger = Ledger(instruments)
    swap = instruments[InstrumentKey("usdm:BTCUSDT")]
    other = msgspec.structs.replace(swap, quote=Asset("USDC"))
    ledger.list_instruments([other])
    ledger.list_instruments([swap])
    ledger.apply(make_fill("1", "usdm:BTCUSDT", "BUY", 100, 15))
    for changed in (other, msgspec.structs.replace(swap, kind=ContractKind.SPOT)):
        with pytest.raises(GridError, match="while there is a position"):
            ledger.list_instruments([changed])


def test_a_time_of_the_far_future_makes_nothing_that_follows_too_old(
    ledger: Ledger, make_fill: Callable[..., Fill]
) -> None:
    start_ns, minute_ns = 1_000 * HOUR_NS, HOUR_NS // 60
    for number in range(100):
        at_ns = start_ns + number * minute_ns
        told_ns = at_ns + 9_000 * HOUR_NS if number == 50 else at_ns
        fill = make_fill(str(number), "spot:BTCUSDT", "BUY", 100, 1)
        (fact, *_) = ledger.apply(msgspec.structs.replace(fill, venue_ns=told_ns, local_ns=at_ns))
        assert isinstance(fact, FillBooked), number
