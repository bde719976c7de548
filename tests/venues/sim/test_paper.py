"""Paper trading: latency, displayed size, what we took, fees, rejections, and two equal accounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.instruments import SPOT as BASE_SPOT
from trimaran.domain.account import (
    AccountEvent,
    Fill,
    OrderAcked,
    OrderDone,
    OrderRejected,
    Transfer,
    TransferId,
)
from trimaran.domain.answer import BookStatus
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import (
    Asset,
    ContractKind,
    Fees,
    Grid,
    Instrument,
    InstrumentKey,
    MarketName,
    Side,
)
from trimaran.domain.orders import IntentId, OrderRequest, OrderState, StrategyName, TimeInForce
from trimaran.ledger.ledger import Ledger
from trimaran.venues.sim import paper
from trimaran.venues.sim.paper import PaperVenue

SPOT = replace(BASE_SPOT, market=MarketName("spot"), price_grid=Grid(1, -1), size_grid=Grid(1, -2))
PERPETUAL = replace(SPOT, market=MarketName("usdm"), kind=ContractKind.PERPETUAL, fees=Fees(20_000, 50_000))
INSTRUMENTS = {SPOT.key: SPOT, PERPETUAL.key: PERPETUAL}
BTC, USDT = Asset("BTC"), Asset("USDT")
OPENING = {
    (SPOT.market, USDT): Decimal(1_000_000),
    (SPOT.market, BTC): Decimal(1_000),
    (PERPETUAL.market, USDT): Decimal(1_000),
}
LATENCY_NS = 100


class Books:
    """Books that a test writes: sides as lists of (ticks, lots), best first."""

    def __init__(self) -> None:
        self.sides: dict[tuple[InstrumentKey, Side], list[tuple[int, int]]] = {}
        self.live = BookStatus.LIVE

    def depth(self, key: InstrumentKey, side: Side, count: int) -> Sequence[tuple[int, int]]:
        return self.sides.get((key, side), [])[:count]

    def status(self, key: InstrumentKey) -> BookStatus:
        return self.live

    def update_id(self, key: InstrumentKey) -> int:
        return 77


@pytest.fixture
def books() -> Books:
    """Asks 1000 x 10, 1001 x 20, 1003 x 5; bids 999 x 10, 998 x 20, of both instruments."""
    written = Books()
    for key in INSTRUMENTS:
        written.sides[key, Side.SELL] = [(1_000, 10), (1_001, 20), (1_003, 5)]
        written.sides[key, Side.BUY] = [(999, 10), (998, 20)]
    return written


@pytest.fixture
def venue(books: Books) -> PaperVenue:
    """A venue with a full account, 100 ns away."""
    return PaperVenue(INSTRUMENTS, books, LATENCY_NS, OPENING)


def order(number: int = 1, side: Side = Side.BUY, price: int = 1_001, lots: int = 15) -> OrderRequest:
    """An IOC order for spot."""
    return OrderRequest(
        intent_id=IntentId(str(number)),
        client_order_id=ClientOrderId(16 * number),
        instrument_key=SPOT.key,
        side=side,
        price_ticks=price,
        lots=lots,
        tif=TimeInForce.IOC,
        strategy=StrategyName("s"),
        group=None,
        reduce_only=False,
        created_ns=0,
    )


def run(venue: PaperVenue, request: OrderRequest, now_ns: int = 0) -> list[AccountEvent]:
    """Sends one order and hears what became of it."""
    venue.send(Approved(request), now_ns)
    return venue.due(now_ns + LATENCY_NS)


def taken(events: list[AccountEvent]) -> list[tuple[int, int]]:
    """(price_ticks, lots) of the fills."""
    return [(event.price_ticks, event.lots) for event in events if isinstance(event, Fill)]


def test_an_order_walks_the_displayed_levels(venue: PaperVenue) -> None:
    acked, first, second, done = run(venue, order(), 1_000)
    assert isinstance(acked, OrderAcked)
    assert acked.venue_order_id == "paper-1-77"
    assert taken([first, second]) == [(1_000, 10), (1_001, 5)]
    assert done == OrderDone(ClientOrderId(16), OrderState.FILLED, paper.FILLED, 1_100, 1_100)


def test_nothing_happens_before_the_arrival(venue: PaperVenue, books: Books) -> None:
    assert venue.next_due_ns is None
    venue.send(Approved(order()), 1_000)
    assert venue.next_due_ns == 1_100
    assert venue.due(1_099) == []
    books.sides[SPOT.key, Side.SELL] = [(1_001, 1)]  # the book of the arrival counts
    events = venue.due(5_000)
    assert taken(events) == [(1_001, 1)]
    assert (events[0].venue_ns, events[0].local_ns) == (1_100, 5_000)  # type: ignore[union-attr]
    assert venue.next_due_ns is None


def test_orders_arrive_in_the_order_they_were_sent(venue: PaperVenue) -> None:
    venue.send(Approved(order(1, lots=10)), 5)
    venue.send(Approved(order(2, lots=10)), 5)
    events = venue.due(105)
    assert [event.client_order_id for event in events if isinstance(event, OrderDone)] == [16, 32]
    assert taken(events) == [(1_000, 10), (1_001, 10)]


def test_the_remainder_expires(venue: PaperVenue) -> None:
    events = run(venue, order(price=1_002, lots=100))
    assert taken(events) == [(1_000, 10), (1_001, 20)]
    assert events[-1] == OrderDone(ClientOrderId(16), OrderState.EXPIRED, paper.UNFILLED_IOC, 100, 100)


def test_an_order_away_from_the_market_expires_unfilled(venue: PaperVenue) -> None:
    events = run(venue, order(price=999))
    assert [type(event) for event in events] == [OrderAcked, OrderDone]


def test_a_sale_takes_bids_down_to_its_limit(venue: PaperVenue) -> None:
    assert taken(run(venue, order(side=Side.SELL, price=998, lots=12))) == [(999, 10), (998, 2)]
    assert taken(run(venue, order(2, side=Side.SELL, price=999, lots=12))) == []


def test_what_we_took_is_gone_until_the_level_changes(venue: PaperVenue, books: Books) -> None:
    assert taken(run(venue, order(1, lots=4))) == [(1_000, 4)]
    assert taken(run(venue, order(2, lots=8))) == [(1_000, 6), (1_001, 2)]
    assert taken(run(venue, order(3, lots=1, price=1_000))) == []
    books.sides[SPOT.key, Side.SELL][0] = (1_000, 9)  # the market speaks about this level only
    assert taken(run(venue, order(4, lots=30))) == [(1_000, 9), (1_001, 18)]


def test_a_level_that_went_away_and_came_back_is_new(venue: PaperVenue, books: Books) -> None:
    levels = list(books.sides[SPOT.key, Side.SELL])
    run(venue, order(1, lots=10))
    books.sides[SPOT.key, Side.SELL] = levels[1:]
    run(venue, order(2, lots=1))
    books.sides[SPOT.key, Side.SELL] = levels
    assert taken(run(venue, order(3, lots=10))) == [(1_000, 10)]


def test_sides_and_instruments_are_taken_apart(venue: PaperVenue, books: Books) -> None:
    run(venue, order(1, lots=10))
    other = replace(order(2, lots=10), instrument_key=PERPETUAL.key)
    assert taken(run(venue, other)) == [(1_000, 10)]


def test_a_deep_walk_reads_as_far_as_it_needs(venue: PaperVenue, books: Books) -> None:
    books.sides[SPOT.key, Side.SELL] = [(1_000 + step, 1) for step in range(500)]
    assert len(taken(run(venue, order(1, price=1_299, lots=1_000)))) == 300
    assert taken(run(venue, order(2, price=1_301, lots=5))) == [(1_300, 1), (1_301, 1)]


def test_an_order_below_the_smallest_is_rejected_as_a_venue_would(books: Books) -> None:
    picky = replace(SPOT, order_lots_min=5)
    venue = PaperVenue({picky.key: picky}, books, LATENCY_NS, OPENING)
    venue.send(Approved(order(1, lots=4)), 0)
    (rejected,) = venue.due(LATENCY_NS)
    assert isinstance(rejected, OrderRejected)
    assert (rejected.code, rejected.text) == (
        paper.SIZE_TOO_SMALL,
        "size: expected at least 5 lots, found 4",
    )
    venue.send(Approved(order(2, lots=5)), LATENCY_NS)
    assert any(isinstance(each, Fill) for each in venue.due(2 * LATENCY_NS))


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (replace(order(), tif=TimeInForce.GTC), BookStatus.LIVE, paper.UNSUPPORTED),
        (replace(order(), tif=TimeInForce.FOK), BookStatus.LIVE, paper.UNSUPPORTED),
        (replace(order(), tif=TimeInForce.POST_ONLY), BookStatus.LIVE, paper.UNSUPPORTED),
        (replace(order(), instrument_key=InstrumentKey("x:Y")), BookStatus.LIVE, paper.UNKNOWN_INSTRUMENT),
        *((order(), status, paper.BOOK_NOT_LIVE) for status in BookStatus if status is not BookStatus.LIVE),
        (order(lots=10**9), BookStatus.LIVE, paper.INSUFFICIENT_BALANCE),
        (order(side=Side.SELL, lots=100_001), BookStatus.LIVE, paper.INSUFFICIENT_BALANCE),
        (
            replace(order(), instrument_key=PERPETUAL.key, reduce_only=True),
            BookStatus.LIVE,
            paper.REDUCE_ONLY,
        ),
    ],
)
def test_rejections(
    venue: PaperVenue, books: Books, request_: OrderRequest, status: BookStatus, code: str
) -> None:
    books.live = status
    (rejected,) = run(venue, request_)
    assert isinstance(rejected, OrderRejected)
    assert rejected.code == code
    assert venue.account.balances() == OPENING


def test_an_id_is_good_for_one_order(venue: PaperVenue) -> None:
    run(venue, order())
    (rejected,) = run(venue, order())
    assert isinstance(rejected, OrderRejected)
    assert rejected.code == paper.DUPLICATE_ID


def test_only_approved_orders_are_taken(venue: PaperVenue) -> None:
    with pytest.raises(AssertionError):
        venue.send(order(), 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instrument", "side", "price", "fee", "asset"),
    [
        (SPOT, Side.BUY, 1_000, "0.0001", BTC),  # 0.1 BTC received, 10 bps
        (SPOT, Side.SELL, 999, "0.00999", USDT),  # 9.99 USDT received
        (PERPETUAL, Side.BUY, 1_000, "0.005", USDT),  # 10 USDT of notional, 5 bps
        (PERPETUAL, Side.SELL, 999, "0.004995", USDT),
    ],
)
def test_fees(
    venue: PaperVenue, instrument: Instrument, side: Side, price: int, fee: str, asset: Asset
) -> None:
    _, fill, _ = run(venue, replace(order(side=side, price=price, lots=10), instrument_key=instrument.key))
    assert isinstance(fill, Fill)
    assert (fill.fee, fill.fee_asset) == (Decimal(fee), asset)


def test_reduce_only_stops_at_flat(venue: PaperVenue) -> None:
    opening = replace(order(1, lots=7), instrument_key=PERPETUAL.key)
    run(venue, opening)
    closing = replace(order(2, Side.SELL, 998, 12), instrument_key=PERPETUAL.key, reduce_only=True)
    events = run(venue, closing)
    assert taken(events) == [(999, 7)]
    assert isinstance(events[-1], OrderDone)
    assert events[-1].state is OrderState.EXPIRED
    assert venue.account.position_lots(PERPETUAL.key) == 0


levels = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 30)), min_size=1, max_size=6)
trades = st.tuples(
    st.sampled_from([SPOT, PERPETUAL]),
    st.sampled_from(Side),
    st.integers(-30, 30),
    st.integers(1, 60),
    levels,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(trades, max_size=25))
def test_the_ledger_and_the_venue_keep_equal_accounts(
    story: list[tuple[Instrument, Side, int, int, list[tuple[int, int]]]],
) -> None:
    books, ledger = Books(), Ledger(INSTRUMENTS)
    venue = PaperVenue(INSTRUMENTS, books, LATENCY_NS, OPENING)
    for (market, asset), amount in OPENING.items():
        ledger.apply(Transfer(TransferId("opening-" + asset), market, asset, amount, 0, 0))
    for number, (instrument, side, slack, lots, steps) in enumerate(story, 1):
        displayed, ticks = [], 1_000
        for step, size in steps:
            ticks -= side.opposite.sign * step
            displayed.append((ticks, size))
        books.sides[instrument.key, side.opposite] = displayed
        request = replace(order(number, side, 1_000 + slack, lots), instrument_key=instrument.key)
        events = run(venue, request, number * 1_000)
        assert_within(events, request, dict(displayed))
        for event in events:
            ledger.apply(event)
    ledger.check()
    assert dict(ledger.balances) == venue.account.balances()
    position = ledger.positions.get(PERPETUAL.key)
    assert (position.lots if position else 0) == venue.account.position_lots(PERPETUAL.key)


def assert_within(events: list[AccountEvent], request: OrderRequest, displayed: dict[int, int]) -> None:
    """No fill beyond the size, the limit price, or what was displayed; the end says what is left."""
    assert sum(lots for _, lots in taken(events)) <= request.lots
    for ticks, lots in taken(events):
        assert lots <= displayed[ticks]
        assert (ticks - request.price_ticks) * request.side.sign <= 0
    done = events[-1]
    assert isinstance(done, OrderDone)
    complete = sum(lots for _, lots in taken(events)) == request.lots
    assert done.state is (OrderState.FILLED if complete else OrderState.EXPIRED)
