"""What the hot state keeps of OKX and HTX beside continuity: windows, tickers, trades, marks; both twins."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.hot_rig import ASK, BID, SYMBOLS, Rig, tell, text
from trimaran.base.limits import BOOKS_MAX, DEPTH_LAG_NS_MAX, GROUP_BOOKS_MAX, HTX_LEVELS, OKX_LEVELS
from trimaran.domain.answer import BookStatus, Flag, Kind, flags_of, kind_of
from trimaran.domain.dialect import Dialect

OKX, HTX_SPOT, HTX_SWAP = Dialect.OKX, Dialect.HTX_SPOT, Dialect.HTX_SWAP
LEVELS = {OKX: OKX_LEVELS, HTX_SPOT: HTX_LEVELS, HTX_SWAP: HTX_LEVELS}
AT_10 = "up syncing; s 10 AL live"
ANNOUNCED = "up syncing; k 10 syncing; s 10 AL live"
ALL = 10_000
MS = 1_000_000


@pytest.mark.parametrize("dialect", LEVELS)
def test_a_hidden_level_does_not_come_back(make_rig: Callable[[Dialect], Rig], dialect: Dialect) -> None:
    rig, count = make_rig(dialect), LEVELS[dialect]
    bids = [(BID - n, 1) for n in range(count)]
    rig.up()
    rig.announce(10)
    assert rig.snapshot(10, [*bids, (BID - count, 7)], [(ASK, 1)]) & Flag.WENT_LIVE
    assert rig.hot.depth(rig.book, 0, ALL) == bids
    rig.delta(11, 11, [(BID + 1, 2)], [], 10)
    assert rig.hot.depth(rig.book, 0, ALL) == [(BID + 1, 2), *bids[:-1]]
    rig.delta(12, 12, [(BID + 1, 0)], [], 11)  # the venue would tell what comes into its window
    assert rig.hot.depth(rig.book, 0, ALL) == bids[:-1]
    rig.delta(13, 13, [(BID - count, 7)], [], 12)
    assert rig.hot.depth(rig.book, 0, ALL) == [*bids[:-1], (BID - count, 7)]


def test_a_hidden_level_does_not_come_back_among_events_that_wait(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(HTX_SPOT)
    bids = [(BID - n, 1) for n in range(HTX_LEVELS)]
    rig.up()
    rig.delta(11, 11, [(BID + 1, 2)], [], 10)
    rig.delta(12, 12, [(BID + 1, 0)], [], 11)
    assert rig.snapshot(10, bids, [(ASK, 1)]) & Flag.WENT_LIVE
    assert rig.hot.depth(rig.book, 0, ALL) == bids[:-1]


@pytest.mark.parametrize("dialect", LEVELS)
def test_levels_of_no_size_in_a_snapshot_are_none(
    make_rig: Callable[[Dialect], Rig], dialect: Dialect
) -> None:
    rig = make_rig(dialect)
    rig.up()
    rig.announce(10)
    rig.snapshot(10, [(BID, 0), (BID - 1, 3), (BID - 2, 0)], [(ASK, 0), (ASK + 1, 4)])
    assert rig.hot.depth(rig.book, 0, ALL) == [(BID - 1, 3)]
    assert rig.hot.top(rig.book)[:4] == (BID - 1, 3, ASK + 1, 4)


@pytest.mark.parametrize("missing", [b'"bids":[],', b'"bids":null,'])
def test_a_side_may_be_missing_in_an_htx_event(make_rig: Callable[[Dialect], Rig], missing: bytes) -> None:
    rig = make_rig(HTX_SPOT)
    tell(rig, ANNOUNCED)
    frame = rig.frames.delta((12, 12, 10), 12, [], text([(ASK + 1, 5)]))
    for last, change in ((12, missing), (14, b"")):
        frame = rig.frames.delta((last, last, last - 2), last, [], text([(ASK + last, 5)]))
        answer = rig.frame(rig.frames.mangled(frame, lambda t, c=change: t.replace(b'"bids":[],', c)))  # type: ignore[misc]
        assert flags_of(answer) == Flag.APPLIED
    assert rig.hot.depth(rig.book, 0, ALL) == [(BID, 10)]
    assert len(rig.hot.depth(rig.book, 1, ALL)) == 3


def test_okx_a_newer_ticker_corrects_the_book_until_the_ids_begin_anew(
    make_rig: Callable[[Dialect], Rig],
) -> None:
    rig = make_rig(OKX)
    tell(rig, AT_10)
    assert rig.ticker(12, (BID - 1, 9), (ASK, 4)) == Flag.APPLIED | Flag.TOP
    assert rig.hot.top(rig.book)[:4] == (BID - 1, 9, ASK, 4)
    assert rig.ticker(11, (BID, 9), (ASK, 4)) == Flag.DUPLICATE
    rig.delta(15, 15, [(BID, 15)], [(ASK, 15)], 10)
    assert rig.hot.top(rig.book)[:4] == (BID, 15, ASK, 15)
    assert rig.ticker(20, (BID - 2, 1), (ASK, 1)) & Flag.TOP
    assert rig.delta(3, 3, [(BID, 3)], [(ASK, 3)], 15) == Flag.APPLIED | Flag.TOP
    assert rig.hot.ticker(rig.book)[0] == -1
    assert rig.hot.top(rig.book)[:4] == (BID, 3, ASK, 3)
    assert rig.ticker(4, (BID - 3, 2), (ASK, 2)) == Flag.APPLIED | Flag.TOP
    assert rig.ticker(4, (0, 0), (ASK, 2)) == Flag.APPLIED | Flag.TOP
    assert rig.hot.ladder(rig.book, 0, 9) == []


def test_okx_a_ticker_between_a_gap_and_a_snapshot_that_counts_anew(
    make_rig: Callable[[Dialect], Rig],
) -> None:
    rig = make_rig(OKX)
    tell(rig, AT_10 + "; d 20<15 SN stale")
    assert rig.ticker(25, (BID - 1, 9), (ASK, 4)) == Flag.APPLIED
    tell(rig, "s 3 AL live")
    assert rig.hot.top(rig.book)[:4] == (BID, 3, ASK, 3)
    assert rig.ticker(4, (BID - 1, 9), (ASK, 4)) == Flag.APPLIED | Flag.TOP


def test_okx_a_late_ticker_of_the_old_numbering(make_rig: Callable[[Dialect], Rig]) -> None:
    """Over another connection, behind the reset: it must not pin the top."""
    rig = make_rig(OKX)
    tell(rig, "up syncing; s 1000 AL live; d 3<1000 A live")
    assert rig.ticker(1001, (BID + 5, 9), (ASK - 5, 4)) == Flag.DUPLICATE
    assert rig.hot.top(rig.book)[:4] == (BID, 3, ASK, 3)
    assert rig.ticker(4, (BID - 1, 9), (ASK, 4)) == Flag.APPLIED | Flag.TOP
    tell(rig, "d 800<3 A live")  # the new numbering has grown into the old one
    assert rig.ticker(1001, (BID + 5, 9), (ASK - 5, 4)) == Flag.APPLIED | Flag.TOP


def test_what_goes_live_and_stale_within_one_frame_has_done_neither(
    make_rig: Callable[[Dialect], Rig],
) -> None:
    rig = make_rig(OKX)
    tell(rig, AT_10)
    rig.ticker(12, (BID, 1), (ASK, 1))
    tell(rig, "cut S suspect")
    rig.now_ns += DEPTH_LAG_NS_MAX + 1
    assert rig.delta(11, 11, [], [], 10) == Flag.APPLIED
    assert rig.status == BookStatus.SUSPECT


def test_okx_tickers_go_on_and_deltas_do_not(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(OKX)
    tell(rig, AT_10)
    rig.ticker(12, (BID, 1), (ASK, 1))
    rig.now_ns += DEPTH_LAG_NS_MAX
    assert rig.ticker(13, (BID, 2), (ASK, 2)) & Flag.WENT_STALE
    tell(rig, "d 14<10 AL live")


@pytest.mark.parametrize("dialect", [HTX_SPOT, HTX_SWAP])
def test_htx_tickers_never_join(make_rig: Callable[[Dialect], Rig], dialect: Dialect) -> None:
    """Their ids are of another numbering."""
    rig = make_rig(dialect)
    tell(rig, ANNOUNCED if dialect is HTX_SPOT else AT_10)
    assert rig.ticker(99, (BID + 5, 9), (ASK, 4)) == Flag.APPLIED
    rig.now_ns += 2 * DEPTH_LAG_NS_MAX
    assert rig.ticker(100, (BID + 6, 9), (0, 0)) == Flag.APPLIED
    assert rig.hot.ticker(rig.book)[:5] == (100, BID + 6, 9, 0, 0)
    assert rig.hot.top(rig.book)[:4] == (BID, 10, ASK, 10)
    assert rig.hot.ladder(rig.book, 0, 9) == [(BID, 10)]
    assert rig.delta(11, 11, [], [], 10) == Flag.APPLIED


TRADES = [  # (id, ms, whether it is news)
    (5, 100, True), (5, 100, False), (6, 100, True), (5, 100, False), (9, 150, True), (6, 200, True),
    (7, 200, True),
]  # fmt: skip


@pytest.mark.parametrize("dialect", Dialect)
def test_trades_that_are_told_again(make_rig: Callable[[Dialect], Rig], dialect: Dialect) -> None:
    """Every new subscriber to HTX is told the last trade once more, also after a break."""
    rig = make_rig(dialect)
    for trade_id, ms, news in TRADES:
        answer = rig.frame(rig.frames.trade(trade_id, ms, "100.00", "0.005", sold=trade_id % 2 == 1))
        assert (kind_of(answer), flags_of(answer)) == (Kind.TRADE, Flag.APPLIED if news else Flag.DUPLICATE)
        if news:
            told = (trade_id, 10_000, 5, trade_id % 2 == 1, ms * MS, rig.now_ns)
            assert rig.hot.last_trade(rig.book) == told
        rig.up()
        rig.down()


def okx_push(rig: Rig, channel: str, **item: str) -> int:
    symbol = SYMBOLS[OKX]
    frame = {"arg": {"channel": channel, "instId": symbol}, "data": [{"instId": symbol, **item}]}
    return rig.frame(json.dumps(frame).encode())


def test_marks_rates_and_statistics_stand_beside_the_book(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(OKX)
    tell(rig, AT_10)
    before = rig.hot.state_hash(rig.book)
    assert rig.hot.reference(rig.book) == (0,) * 7
    funding = {"fundingRate": "-0.000151531545654987", "fundingTime": "8000"}
    told = [
        okx_push(rig, "mark-price", markPx="100.0051", ts="7000"),
        okx_push(rig, "funding-rate", ts="7001", **funding),
        okx_push(rig, "tickers", last="99.99", ts="7002"),
    ]
    assert [kind_of(answer) for answer in told] == [Kind.MARK, Kind.FUNDING, Kind.STATS]
    assert {flags_of(answer) for answer in told} == {Flag.APPLIED}
    expected = (100_005_100_000_000, 7000 * MS, -151_531_545, 8000, 7001 * MS, 9999, 7002 * MS)
    assert rig.hot.reference(rig.book) == expected
    assert kind_of(okx_push(rig, "mark-price", markPx="", ts="9")) == Kind.ERROR
    assert rig.hot.reference(rig.book) == expected
    assert (rig.hot.state_hash(rig.book), rig.status) == (before, BookStatus.LIVE)


GOOD: dict[str, Any] = {
    "symbol": "NEW", "price_units": 1, "price_exponent": -2, "size_units": 1, "size_exponent": -3,
    "base_units": 1, "base_exponent": -3, "order_step": 1, "group": 0, "taker_fee_e8": 0,
}  # fmt: skip
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"symbol": ""}, "symbol: expected 1..32 bytes"),
    ({"symbol": "é" * 17}, "symbol: expected 1..32 bytes"),
    ({"symbol": "OLD"}, "symbol: is already there"),
    ({"price_units": 0}, "units: expected 1..999999999"),
    ({"size_units": 10**9}, "units: expected 1..999999999"),
    ({"base_units": -1}, "units: expected 1..999999999"),
    ({"price_exponent": -19}, "exponent: expected -18..9"),
    ({"size_exponent": 10}, "exponent: expected -18..9"),
    ({"base_exponent": 10}, "exponent: expected -18..9"),
    ({"order_step": 0}, "order_step: expected 1..10**9"),
    ({"order_step": 10**9 + 1}, "order_step: expected 1..10**9"),
    ({"taker_fee_e8": 5_000_001}, "taker_fee_e8: expected +-5000000"),
    ({"taker_fee_e8": -5_000_001}, "taker_fee_e8: expected +-5000000"),
    ({"group": BOOKS_MAX}, "book: too many"),
    ({"price_exponent": 8}, "group: the grids of its books are more than 9 decimals apart"),
    ({"base_exponent": -13}, "group: the grids of its books are more than 9 decimals apart"),
]


@pytest.mark.parametrize(("wrong", "text"), REFUSED, ids=range(len(REFUSED)))
def test_an_instrument_that_is_refused(make_hot: Callable[[], Any], wrong: dict[str, Any], text: str) -> None:
    hot = make_hot()
    market = hot.add_market(OKX)
    assert hot.add_instrument(market, *{**GOOD, "symbol": "OLD"}.values()) == 0
    with pytest.raises(ValueError) as refused:
        hot.add_instrument(market, *{**GOOD, **wrong}.values())
    assert str(refused.value) == text
    assert hot.add_instrument(market, *GOOD.values()) == 1  # and nothing of it was kept


def test_other_things_that_are_refused(make_hot: Callable[[], Any]) -> None:
    hot = make_hot()
    for dialect in (-1, 5):
        with pytest.raises(ValueError, match="dialect: expected"):
            hot.add_market(dialect)
    with pytest.raises(IndexError, match="market: no such market"):
        hot.add_instrument(0, *GOOD.values())
    market = hot.add_market(HTX_SWAP)
    for number in range(GROUP_BOOKS_MAX):
        hot.add_instrument(market, *{**GOOD, "symbol": f"A{number}"}.values())
    with pytest.raises(ValueError, match="group: too many books"):
        hot.add_instrument(market, *GOOD.values())
    assert hot.add_instrument(market, *{**GOOD, "group": 1}.values()) == GROUP_BOOKS_MAX
