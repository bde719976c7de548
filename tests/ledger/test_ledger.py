"""The ledger: facts, refusals, hashes, and its PnL against a short function over the raw fills."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.errors import VenueError
from trimaran.domain.account import (
    Fill,
    FillId,
    FundingId,
    FundingPaid,
    Liquidity,
    OrderAcked,
    Transfer,
    TransferId,
    VenueOrderId,
)
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.facts import BalanceChanged, FillBooked, FillRepeated, PositionChanged
from trimaran.domain.instrument import Asset, Instrument, InstrumentKey, MarketName, Side
from trimaran.ledger.double_entry import Account, Accounts, entries_of
from trimaran.ledger.ledger import Ledger
from trimaran.ledger.pnl import Marks, Pnl, Unmarked

Instruments = dict[InstrumentKey, Instrument]
Event = Fill | Transfer | FundingPaid
SPOT, CROSS, PERPETUAL = (
    InstrumentKey("spot:BTCUSDT"),
    InstrumentKey("spot:ETHBTC"),
    InstrumentKey("usdm:BTCUSDT"),
)
BTC, ETH, USDT, BNB = Asset("BTC"), Asset("ETH"), Asset("USDT"), Asset("BNB")
MARKET_OF = {SPOT: MarketName("spot"), CROSS: MarketName("spot"), PERPETUAL: MarketName("usdm")}
PAIR = {SPOT: (BTC, USDT), CROSS: (ETH, BTC), PERPETUAL: (BTC, USDT)}

amounts = st.integers(-(10**9), 10**9).map(lambda number: Decimal(number).scaleb(-8))
fills = st.builds(
    Fill,
    fill_id=st.integers(1, 40).map(lambda number: FillId(str(number))),
    client_order_id=st.just(ClientOrderId(16)),
    instrument_key=st.sampled_from(list(PAIR)),
    side=st.sampled_from(Side),
    price_ticks=st.integers(1, 10**6),
    lots=st.integers(1, 50),
    liquidity=st.sampled_from(Liquidity),
    fee=amounts,
    fee_asset=st.sampled_from((BTC, USDT, BNB)),
    venue_ns=st.just(1),
    local_ns=st.just(2),
)
transfers = st.builds(
    Transfer,
    transfer_id=st.integers(1, 9).map(lambda number: TransferId(str(number))),
    market=st.sampled_from([MarketName("spot"), MarketName("usdm")]),
    asset=st.sampled_from((BTC, USDT, BNB)),
    amount=amounts,
    venue_ns=st.just(1),
    local_ns=st.just(2),
)
fundings = st.builds(
    FundingPaid,
    funding_id=st.integers(1, 9).map(lambda number: FundingId(str(number))),
    instrument_key=st.just(PERPETUAL),
    asset=st.just(USDT),
    amount=amounts,
    venue_ns=st.just(1),
    local_ns=st.just(2),
)
histories = st.lists(st.one_of(fills, fills, fills, transfers, fundings), max_size=40)
marks_of = st.builds(
    lambda btc, eth, bnb, perpetual: Marks(USDT, {BTC: btc, ETH: eth, BNB: bnb}, {PERPETUAL: perpetual}),
    *(st.integers(1, 10**9).map(lambda number: Decimal(number).scaleb(-3)) for _ in range(4)),
)


@settings(max_examples=150, deadline=None)
@given(history=histories, marks=marks_of)
def test_the_total_is_what_a_short_function_says(
    instruments: Instruments, history: list[Event], marks: Marks
) -> None:
    ledger = Ledger(instruments)
    for event in history:
        ledger.apply(event)
    ledger.check()
    pnl = ledger.pnl(marks)
    assert isinstance(pnl, Pnl)
    assert Fraction(pnl.total) == profit_of(history, marks)
    assert pnl.total == pnl.realised + pnl.unrealised - pnl.fees - pnl.funding


def profit_of(history: list[Event], marks: Marks) -> Fraction:
    """Every trade is a swap of base for quote, worth what the marks say; nothing else earns or costs."""
    total, seen = Fraction(0), set()
    for event in history:
        if isinstance(event, Transfer):
            continue
        identity = (
            (event.instrument_key, event.side, event.fill_id) if isinstance(event, Fill) else event.funding_id
        )
        if identity in seen:
            continue
        seen.add(identity)
        if isinstance(event, FundingPaid):
            total -= Fraction(event.amount) * _mark(marks, event.asset)
            continue
        base, quote = PAIR[event.instrument_key]
        mark = _mark(marks, base)
        if event.instrument_key == PERPETUAL:
            mark = Fraction(marks.perpetuals[PERPETUAL])
        size = Fraction(event.lots, 10) * (1 if event.side is Side.BUY else -1)
        total += size * mark - size * event.price_ticks * _mark(marks, quote)
        total -= Fraction(event.fee) * _mark(marks, event.fee_asset)
    return total


def _mark(marks: Marks, asset: Asset) -> Fraction:
    return Fraction(1) if asset == marks.quote else Fraction(marks.assets[asset])


@settings(max_examples=60, deadline=None)
@given(history=histories)
def test_hearing_everything_twice_changes_nothing(instruments: Instruments, history: list[Event]) -> None:
    once, twice = Ledger(instruments), Ledger(instruments)
    for event in history:
        once.apply(event)
    for event in [*history, *history]:
        twice.apply(event)
    assert twice.state_hash() == once.state_hash()
    assert dict(twice.balances) == dict(once.balances)


@settings(max_examples=60, deadline=None)
@given(history=histories)
def test_facts_tell_every_change(instruments: Instruments, history: list[Event]) -> None:
    ledger = Ledger(instruments)
    balances: dict[tuple[MarketName, Asset], Decimal] = {}
    lots: dict[InstrumentKey, int] = {}
    for event in history:
        for fact in ledger.apply(event):
            if isinstance(fact, BalanceChanged):
                assert balances.get((fact.market, fact.asset), 0) == fact.before
                balances[fact.market, fact.asset] = fact.after
            elif isinstance(fact, PositionChanged):
                assert lots.get(fact.instrument_key, 0) == fact.before_lots
                lots[fact.instrument_key] = fact.after_lots
    assert {key: value for key, value in balances.items() if value} == {
        key: value for key, value in ledger.balances.items() if value
    }
    assert lots == {key: position.lots for key, position in ledger.positions.items()}


def test_the_facts_of_a_fill(ledger: Ledger, make_fill: Callable[..., Fill]) -> None:
    fill = make_fill("1", "spot:BTCUSDT", "BUY", 100, 20, "0.002", "BTC")
    spot = MarketName("spot")
    assert ledger.apply(fill) == (
        FillBooked(fill, Decimal(0)),
        BalanceChanged(spot, BTC, Decimal(0), Decimal("1.998"), 2),
        BalanceChanged(spot, USDT, Decimal(0), Decimal(-200), 2),
        PositionChanged(SPOT, 0, 20, Decimal(0), Decimal(200), 2),
    )
    assert ledger.apply(fill) == (FillRepeated(fill, conflict=False),)
    other = make_fill("1", "spot:BTCUSDT", "BUY", 101, 20, "0.002", "BTC")
    assert ledger.apply(other) == (FillRepeated(other, conflict=True),)


def test_events_without_money(ledger: Ledger) -> None:
    before = ledger.state_hash()
    assert ledger.apply(OrderAcked(ClientOrderId(16), VenueOrderId("1"), 1, 2)) == ()
    assert ledger.state_hash() == before


def test_an_unknown_instrument_is_refused_and_leaves_no_trace(
    ledger: Ledger, make_fill: Callable[..., Fill]
) -> None:
    before = ledger.state_hash()
    with pytest.raises(VenueError, match="spot:DOGEUSDT"):
        ledger.apply(make_fill("1", "spot:DOGEUSDT", "BUY", 100, 20))
    assert ledger.state_hash() == before


def test_a_missing_mark_is_named(ledger: Ledger, make_fill: Callable[..., Fill]) -> None:
    ledger.apply(make_fill("1", "usdm:BTCUSDT", "BUY", 100, 20, "0.1", "BNB"))
    assert ledger.pnl(Marks(USDT, {}, {})) == Unmarked(("BNB", "usdm:BTCUSDT"))


def test_a_rise_of_the_opening_balance_is_no_profit(
    ledger: Ledger, make_transfer: Callable[..., Transfer]
) -> None:
    ledger.apply(make_transfer("a", "spot", "BTC", 5))
    pnl = ledger.pnl(Marks(USDT, {BTC: Decimal(99_999)}, {}))
    assert pnl == Pnl(USDT, Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def test_pnl_in_parts(
    ledger: Ledger, make_fill: Callable[..., Fill], make_transfer: Callable[..., Transfer]
) -> None:
    ledger.apply(make_transfer("a", "spot", "USDT", 1_000))
    ledger.apply(make_fill("1", "spot:BTCUSDT", "BUY", 100, 20, "0.1", "BTC"))
    ledger.apply(make_fill("2", "spot:BTCUSDT", "SELL", 110, 10, "1", "USDT"))
    ledger.apply(FundingPaid(FundingId("f"), PERPETUAL, USDT, Decimal("0.5"), 1, 2))
    pnl = ledger.pnl(Marks(USDT, {BTC: Decimal(120)}, {}))
    # realised 110 - 100; unrealised 120 - 100; fees 0.1 BTC at 120, and 1
    assert pnl == Pnl(USDT, Decimal(10), Decimal(20), Decimal(13), Decimal("0.5"), Decimal("16.5"))


def test_exposure_nets_spot_and_perpetual_and_leaves_the_opening_out(
    ledger: Ledger, make_fill: Callable[..., Fill], make_transfer: Callable[..., Transfer]
) -> None:
    ledger.apply(make_transfer("a", "spot", "BTC", 7))
    assert ledger.exposure_base(BTC) == 0
    ledger.apply(make_fill("1", "spot:BTCUSDT", "BUY", 100, 20, "0.002", "BTC"))
    ledger.apply(make_fill("2", "usdm:BTCUSDT", "SELL", 100, 20))
    assert ledger.exposure_base(BTC) == Decimal("-0.002")


def test_the_hash_sees_every_part(
    instruments: Instruments, make_fill: Callable[..., Fill], make_transfer: Callable[..., Transfer]
) -> None:
    histories: list[list[Event]] = [
        [],
        [make_transfer("a", "spot", "USDT", 1)],
        [make_transfer("b", "spot", "USDT", 1)],
        [make_transfer("a", "usdm", "USDT", 1)],
        [make_transfer("a", "spot", "USDT", 0)],
        [make_fill("1", "spot:BTCUSDT", "BUY", 1, 1)],
        [make_fill("2", "spot:BTCUSDT", "BUY", 1, 1)],
        [make_fill("1", "usdm:BTCUSDT", "BUY", 1, 1)],
    ]
    hashes = set()
    for history in histories:
        ledger = Ledger(instruments)
        for event in history:
            ledger.apply(event)
        hashes.add(ledger.state_hash())
    assert len(hashes) == len(histories)


def test_the_hash_is_of_the_image(
    ledger: Ledger, make_fill: Callable[..., Fill], make_transfer: Callable[..., Transfer]
) -> None:
    ledger.apply(make_transfer("a", "spot", "USDT", "1000.00"))
    ledger.apply(make_fill("1", "spot:BTCUSDT", "BUY", 100, 20, "0.002", "BTC"))
    image = ledger.image()
    assert [(each.account.value, each.asset, str(each.amount)) for each in image.totals] == [
        ("fees", "BTC", "0.002"),
        ("trades", "BTC", "-2"),
        ("trades", "USDT", "200"),
        ("transfers", "USDT", "-1000"),
        ("wallet", "BTC", "1.998"),
        ("wallet", "USDT", "800"),
    ]
    (book,) = image.books
    assert (book.key, book.lots, str(book.cost), book.realised) == (SPOT, 20, "200", Decimal(0))
    assert book.fills.spans == ((0, (("B1", 100, 20),)),)
    assert [names for _, names in image.payments[0].payments.spans] == [(("transfer|a", 0, 0),)]
    assert ledger.state_hash() == _hash(msgspec.msgpack.encode(image))


def _hash(data: bytes) -> int:
    return int(blake2b(data, digest_size=8).hexdigest(), 16)


def test_every_leg_is_two_entries_and_no_booking_is_without_a_reason() -> None:
    accounts, spot = Accounts(), MarketName("spot")
    legs = ((Account.TRADES, USDT, Decimal(5)), (Account.FEES, USDT, Decimal("-0.1")))
    assert accounts.book(spot, legs, 7) == [(USDT, Decimal(0), Decimal("4.9"))]
    assert entries_of(legs) == (
        (Account.WALLET, USDT, Decimal(5)),
        (Account.TRADES, USDT, Decimal(-5)),
        (Account.WALLET, USDT, Decimal("-0.1")),
        (Account.FEES, USDT, Decimal("0.1")),
    )
    accounts.check()
    for wrong in ((Account.WALLET, USDT, Decimal(1)), (Account.FEES, USDT, Decimal("NaN"))):
        with pytest.raises(AssertionError):
            accounts.book(spot, [wrong], 7)
    accounts.load(Account.WALLET, (spot, BTC), Decimal(1))
    with pytest.raises(AssertionError):
        accounts.check()
