"""What the hot state must do with one book: the tables of both sequencing laws of Binance, for both twins.

Stories are read as `tests/support/hot_rig.py` says. The laws of the other venues stand beside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.hot_rig import ASK, BID, Rig, tell
from trimaran.base.errors import DecodeKind
from trimaran.base.limits import (
    DEPTH_LAG_NS_MAX,
    DUPLICATES_RUN_MAX,
    LEVELS_PER_SIDE_MAX,
    PENDING_DELTAS_MAX,
    PENDING_LEVELS_MAX,
)
from trimaran.domain.answer import NO_BOOK, BookStatus, Flag, Kind, book_of, error_of, flags_of, kind_of
from trimaran.domain.dialect import Dialect

SPOT, USDM = Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM
WAITING = "up syncing; d 5-7 syncing"
LIVE_AT_7 = WAITING + "; s 6 AL live"
SPOT_STORIES: dict[str, str] = {
    "the snapshot lies inside of the first event": LIVE_AT_7,
    "it ends one before the first event": "d 5-7 N syncing; s 4 AL live; d 8-8 A live",
    "it ends with the last dropped event": WAITING + "; s 7 AL live; d 8-9 A live",
    "it is newer than all events": WAITING + "; s 9 AL live; d 8-9 D live; d 9-10 A live",
    "it is too old": WAITING + "; s 3 N syncing; s 4 AL live",
    "it comes before the first event": "up syncing; s 4 AL live; d 5-6 A live",
    "it comes before an event that overlaps": "up syncing; s 4 AL live; d 2-5 A live",
    "it comes before, and there is a gap": "up syncing; s 4 AL live; d 6-6 SN stale",
    "several events wait": WAITING + "; d 8-8 syncing; d 9-11 syncing; s 7 AL live",
    "events that wait have a hole": WAITING + "; d 9-9 syncing; s 4 N stale; s 7 N stale; s 8 AL live",
    "a snapshot nobody asked for": LIVE_AT_7 + "; s 9 D live; d 8-8 A live",
    "a deleted event": LIVE_AT_7 + "; d 9-9 SN stale; d 10-10 stale; s 8 AL live",
    "stale, and the next snapshot is too old": LIVE_AT_7 + "; d 9-9 SN stale; s 7 N stale",
    "a repeated event": LIVE_AT_7 + "; d 5-7 D live; d 8-8 A live; d 7-7 D live",
    "two swapped events": LIVE_AT_7 + "; d 9-9 SN stale; d 8-8 stale; s 8 AL live",
    "overlapping events": LIVE_AT_7 + "; d 7-9 A live; d 3-12 A live; d 13-13 A live",
    "bid meets ask": LIVE_AT_7 + "; x 8-8 ASNX stale; d 9-9 stale; s 8 AL live",
    "bid meets ask, and an older snapshot comes": LIVE_AT_7
    + "; x 8-8 ASNX stale; s 7 N stale; s 8 A syncing",
    "an unreadable frame, and the next event continues": LIVE_AT_7
    + "; cut S suspect; cut suspect; d 8-8 AL live",
    "an unreadable frame was an event": LIVE_AT_7 + "; cut S suspect; d 9-9 N stale; s 8 AL live",
    "suspicion is not settled by old news": LIVE_AT_7
    + "; cut S suspect; d 5-7 D suspect; s 9 D suspect; d 7-8 AL live",
    "an unreadable frame before the snapshot": WAITING + "; cut syncing; s 6 A syncing; d 8-8 AL live",
    "a lost event": LIVE_AT_7 + "; lost SN stale; lost stale; d 9-9 stale; s 8 AL live",
    "a lost event under suspicion": LIVE_AT_7 + "; cut S suspect; lost N stale",
    "a lost event before the snapshot": WAITING
    + "; lost syncing; s 6 A syncing; d 9-9 N syncing; s 8 AL live",
    "a lost event, and a snapshot from before it": LIVE_AT_7 + "; lost SN stale; s 5 N stale; s 7 A syncing",
    "a lost event, and the snapshot lacks it": LIVE_AT_7 + "; lost SN stale; s 7 A syncing; d 9-9 N syncing",
    "a lost event, and the snapshot has it": LIVE_AT_7 + "; lost SN stale; s 8 A syncing; d 9-9 AL live",
    "a lost event, and what follows is in the snapshot": LIVE_AT_7
    + "; lost SN stale; s 9 A syncing; d 9-9 D syncing; d 10-10 AL live",
    "the connection breaks": LIVE_AT_7 + "; down S down; down down; s 8 down; cut down; lost down",
    "and comes back": LIVE_AT_7 + "; down S down; up syncing; d 20-21 syncing; s 20 AL live",
    "and comes back by an event alone": LIVE_AT_7 + "; down S down; d 8-8 N syncing; s 7 AL live",
    "it breaks while events wait": WAITING + "; down down; up syncing; s 4 AL live; d 8-8 SN stale",
    "it breaks while stale": LIVE_AT_7 + "; d 9-9 SN stale; down down",
    "up twice": LIVE_AT_7 + "; up live",
}

CHAIN_WAITING = "up syncing; d 105-107<103 syncing"
CHAINED = CHAIN_WAITING + "; s 106 AL live"
AWAITING = "up syncing; s 100 A syncing"
USDM_STORIES: dict[str, str] = {
    "the snapshot lies inside of the first event": CHAINED,
    "it is the first id of the event": CHAIN_WAITING + "; s 105 AL live; d 120-121<107 A live",
    "it is the last id of the event": CHAIN_WAITING + "; s 107 AL live; d 120-121<107 A live",
    "the event names it as its predecessor": CHAIN_WAITING + "; s 103 AL live",
    "it is too old": CHAIN_WAITING + "; s 102 N syncing; s 104 N syncing; s 105 AL live",
    "it is newer than all events": CHAIN_WAITING + "; s 110 A syncing; d 112-113<110 AL live",
    "it comes first, the chain proves it": AWAITING + "; d 105-107<100 AL live; d 109-109<107 A live",
    "it comes first, the range proves it": AWAITING + "; d 98-101<90 AL live",
    "it comes first, the end proves it": AWAITING + "; d 98-100<90 AL live",
    "it comes first, older events are in it": AWAITING + "; d 95-99<90 D syncing; d 105-105<100 AL live",
    "it comes first, and nothing proves it": AWAITING + "; d 105-107<103 N syncing; s 106 AL live",
    "it comes twice": AWAITING + "; s 110 A syncing; d 112-112<110 AL live",
    "it comes first, and an event is lost": AWAITING + "; lost N stale; d 105-107<103 stale; s 106 AL live",
    "it comes first, and a frame is unreadable": AWAITING + "; cut syncing; d 105-107<100 AL live",
    "it comes first, and the connection breaks": AWAITING + "; down down; up syncing; d 105-107<100 syncing",
    "ids far apart": CHAINED + "; d 900-950<107 A live; d 5000-5000<950 A live",
    "a deleted event": CHAINED + "; d 109-110<108 SN stale; d 112-112<110 stale; s 109 AL live",
    "following ids prove nothing": CHAINED + "; d 108-109<106 SN stale",
    "a repeated event": CHAINED + "; d 105-107<103 D live; d 109-109<107 A live",
    "two swapped events": CHAINED + "; d 112-112<110 SN stale; d 109-110<107 stale; s 110 AL live",
    "overlapping events are no chain": CHAINED + "; d 104-109<103 SN stale",
    "bid meets ask": CHAINED + "; x 109-109<107 ASNX stale; s 109 A syncing; d 111-111<109 AL live",
    "an unreadable frame, and the chain holds": CHAINED + "; cut S suspect; d 109-109<107 AL live",
    "an unreadable frame was an event": CHAINED + "; cut S suspect; d 112-112<109 N stale",
    "the connection breaks": CHAINED + "; down S down; s 109 down; d 109-109<107 N syncing",
    "events that wait have a hole": CHAIN_WAITING + "; d 112-113<110 syncing; s 106 N stale; s 112 AL live",
}


@pytest.mark.parametrize("name", SPOT_STORIES)
def test_spot_sequencing(make_rig: Callable[[Dialect], Rig], name: str) -> None:
    tell(make_rig(SPOT), SPOT_STORIES[name])


@pytest.mark.parametrize("name", USDM_STORIES)
def test_usdm_sequencing(make_rig: Callable[[Dialect], Rig], name: str) -> None:
    tell(make_rig(USDM), USDM_STORIES[name])


def test_counters(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7 + "; d 5-7 D live; d 9-9 SN stale; s 8 AL live; x 10-10 ASNX stale")
    assert rig.hot.counters(rig.book) == (4, 1, 1, 1, 2, 0)
    tell(rig, "s 10 A syncing; d 11-11 AL live; lost SN stale; cut stale")
    assert rig.hot.counters(rig.book) == (5, 1, 2, 1, 3, 0)
    assert rig.hot.frames(rig.market) == 7
    faults = rig.hot.faults(rig.market)
    assert (faults[DecodeKind.MALFORMED], faults[DecodeKind.OFF_GRID], sum(faults)) == (1, 1, 2)


def test_a_venue_that_counts_anew_is_a_gap(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7.replace("5-7", "5-900007").replace("s 6", "s 900006"))
    for number in range(1, DUPLICATES_RUN_MAX + 1):
        assert rig.delta(number, number, [(BID, number)], []) == Flag.DUPLICATE
    tell(rig, "d 300-300 SN stale; s 300 AL live; d 301-301 A live")


def test_tickers_go_on_and_deltas_do_not(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7)
    rig.ticker(8, (BID, 1), (ASK, 1))
    rig.now_ns += DEPTH_LAG_NS_MAX - 1
    assert not rig.ticker(9, (BID, 2), (ASK, 2)) & Flag.WENT_STALE
    assert rig.ticker(10, (BID, 3), (ASK, 3)) & Flag.WENT_STALE
    assert rig.status == BookStatus.SUSPECT
    tell(rig, "d 8-11 AL live")
    rig.now_ns += 2 * DEPTH_LAG_NS_MAX
    assert not rig.ticker(11, (BID, 4), (ASK, 4)) & Flag.WENT_STALE  # the book has it: nothing is missing


def test_a_quote_that_waited_is_as_old_as_it_is(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(USDM)
    tell(
        rig, "up syncing; d 1000-2000<0 syncing; s 1500 AL live; d 2001-2001<2000 A live"
    )  # E is the last id, in ms
    rig.now_ns += 4_999_000_000 - 1  # a tick is to come
    rig.delta(2001, 3000, [(BID, 3000)], [(ASK, 3000)], 2001)  # 0.999 s later by the venue
    assert rig.now_ns - rig.hot.top(rig.book)[6] == 4_000_000_000
    rig.ticker(8000, (BID, 1), (ASK, 1))  # in time again
    assert rig.now_ns - rig.hot.top(rig.book)[6] < 1_000_000


def test_ids_that_begin_anew_take_the_old_ticker_with_them(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7.replace("5-7", "5-900007").replace("s 6", "s 900006"))
    rig.ticker(900_008, (BID + 50, 1), (ASK + 50, 1))
    for number in range(1, DUPLICATES_RUN_MAX + 1):
        rig.delta(number, number, [(BID, number)], [])
    tell(rig, "d 300-300 SN stale; s 300 AL live; d 301-301 A live")
    assert rig.hot.top(rig.book)[:4] == (BID, 301, ASK, 301)
    rig.ticker(302, (BID + 1, 5), (ASK, 6))
    assert rig.hot.top(rig.book)[:4] == (BID + 1, 5, ASK, 6)


def test_ids_that_begin_anew_while_it_waits(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7.replace("5-7", "5-900007").replace("s 6", "s 900006") + "; lost SN stale")
    assert rig.snapshot(900_010, [(BID, 1)], [(ASK, 1)]) == Flag.APPLIED  # and waits for what continues it
    for number in range(1, DUPLICATES_RUN_MAX + 1):
        assert rig.delta(number, number, [], []) == Flag.DUPLICATE
    assert rig.delta(300, 300, [(BID, 300)], []) == Flag.NEED_SNAPSHOT
    tell(rig, "s 300 AL live")


def test_a_late_depth_stream_is_no_live_book(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7)
    for number in range(8, 60):
        rig.ticker(number + 100, (BID, number), (ASK, number))  # a hundred changes ahead of its deltas
        rig.now_ns += 100_000_000
        rig.delta(number, number, [(BID, number)], [(ASK, number)])
    assert rig.status == BookStatus.SUSPECT
    tell(rig, "d 60-200 AL live")


def test_one_book_of_a_market_goes_down(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    other = rig.hot.add_instrument(rig.market, "ETHUSDT", 1, -2, 1, -3, 1, -3, 1, 1, 0)
    tell(rig, LIVE_AT_7)
    assert rig.hot.mark_book_down(other) == 0
    assert rig.status == BookStatus.LIVE
    assert rig.hot.mark_book_down(rig.book) & Flag.WENT_STALE
    assert rig.status == BookStatus.DOWN


def test_a_crossed_snapshot_is_never_live(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    rig.up()
    flags = rig.snapshot(5, [(ASK, 1)], [(BID, 1)])
    assert flags == Flag.APPLIED | Flag.CROSSED | Flag.NEED_SNAPSHOT
    assert rig.status == BookStatus.STALE


@pytest.mark.parametrize("dialect", [SPOT, USDM])
def test_too_many_events_wait(make_rig: Callable[[Dialect], Rig], dialect: Dialect) -> None:
    rig = make_rig(dialect)
    for number in range(1, PENDING_DELTAS_MAX + 1):
        assert rig.delta(number, number, [], [], number - 1) in (0, Flag.NEED_SNAPSHOT if number == 1 else 0)
    last = PENDING_DELTAS_MAX + 1
    assert rig.delta(last, last, [(BID, 9)], [], last - 1) == Flag.NEED_SNAPSHOT
    assert rig.hot.counters(rig.book)[5] == 1
    assert rig.snapshot(5, [], []) == Flag.NEED_SNAPSHOT  # what would have bridged it is forgotten
    assert rig.snapshot(last - 1, [], []) & Flag.WENT_LIVE
    assert (rig.hot.last_id(rig.book), rig.hot.depth(rig.book, 0, 9)) == (last, [(BID, 9)])


def test_too_many_levels_wait(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    side = [(price, 1) for price in range(1, LEVELS_PER_SIDE_MAX + 1)]
    whole = PENDING_LEVELS_MAX // len(side)
    flags = [rig.delta(n, n, side, []) for n in range(1, whole + 2)]
    assert flags == [Flag.NEED_SNAPSHOT, *[0] * (whole - 1), Flag.NEED_SNAPSHOT]
    assert rig.hot.counters(rig.book)[5] == 1


WRONG_SNAPSHOTS = [
    (b"<html>", DecodeKind.MALFORMED),
    (b"[]", DecodeKind.SCHEMA),
    (b'{"lastUpdateId":5,"bids":[]}', DecodeKind.SCHEMA),
    (b'{"lastUpdateId":5,"bids":[],"asks":[["1.001","1"]]}', DecodeKind.OFF_GRID),
    (b'{"code":-1003,"msg":"Too much request weight used"}', DecodeKind.SCHEMA),
]


@pytest.mark.parametrize(("body", "kind"), WRONG_SNAPSHOTS)
def test_a_wrong_snapshot_changes_nothing(
    make_rig: Callable[[Dialect], Rig], body: bytes, kind: DecodeKind
) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7)
    before = rig.hot.state_hash(rig.book)
    answer = rig.hot.on_snapshot(rig.book, body, 1)
    assert (kind_of(answer), error_of(answer), book_of(answer)) == (Kind.ERROR, kind, rig.book)
    assert flags_of(answer) == Flag.NEED_SNAPSHOT
    assert (rig.status, rig.hot.state_hash(rig.book)) == (BookStatus.LIVE, before)


UNKNOWN = DecodeKind.UNKNOWN_SYMBOL
FRAMES = [
    (b'{"e":"kline","s":"BTCUSDT"}', Kind.IGNORED, 0, NO_BOOK, 0, "live"),
    (b'{"result":null,"id":1}', Kind.CONTROL, 0, NO_BOOK, 0, "live"),
    (b'{"e":"trade","E":1,"s":"BTCUSDT","t":5,"p":"1","q":"2","m":true}', Kind.TRADE, 0, 0, 1, "live"),
    (b'{"e":"trade","E":1,"s":"BTCUSDT","t":5}', Kind.ERROR, DecodeKind.SCHEMA, 0, 0, "live"),
    (b'{"e":"trade","s":"NOPE"}', Kind.ERROR, UNKNOWN, NO_BOOK, 0, "live"),
    (b'{"e":"depthUpdate","E":1,"s":"NOPE","U":1,"u":2}', Kind.ERROR, UNKNOWN, NO_BOOK, 0, "live"),
    (b"[]", Kind.ERROR, DecodeKind.SCHEMA, NO_BOOK, Flag.WENT_STALE | Flag.TOP, "suspect"),
    (b"", Kind.ERROR, DecodeKind.MALFORMED, NO_BOOK, Flag.WENT_STALE | Flag.TOP, "suspect"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "kind", "error", "book", "flags", "status"), FRAMES, ids=range(len(FRAMES))
)
def test_other_frames(
    make_rig: Callable[[Dialect], Rig],
    payload: bytes,
    kind: int,
    error: int,
    book: int,
    flags: int,
    status: str,
) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7)
    answer = rig.frame(payload)
    assert (kind_of(answer), error_of(answer), book_of(answer), flags_of(answer)) == (
        kind,
        error,
        book,
        flags,
    )
    assert BookStatus(rig.status).name.lower() == status


def test_suspicion_falls_on_every_book_of_the_market_alone(make_hot: Callable[[], Any]) -> None:
    hot = make_hot()
    markets = [hot.add_market(SPOT), hot.add_market(SPOT)]
    books = [
        hot.add_instrument(market, name, 1, -2, 1, -3, 1, -3, 1, 0, 0)
        for market in markets
        for name in ("A", "B")
    ]
    for market in markets:
        hot.mark_up(market)
    for book in books:
        hot.on_snapshot(book, b'{"lastUpdateId":5,"bids":[["1","1"]],"asks":[["2","1"]]}', 1)
    assert flags_of(hot.on_frame(markets[0], b"{", 2)) & Flag.WENT_STALE
    assert [hot.status(book) for book in books] == [BookStatus.SUSPECT] * 2 + [BookStatus.LIVE] * 2


def test_a_newer_ticker_corrects_the_book(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    assert rig.ticker(3, (1, 1), (2, 2)) == Flag.APPLIED  # nothing is shown before the book is live
    tell(rig, WAITING)
    rig.snapshot(7, [(BID, 5), (BID - 1, 6)], [(ASK, 5), (ASK + 1, 6)])
    assert rig.ticker(6, (1, 1), (2, 2)) == Flag.APPLIED
    assert rig.ticker(5, (1, 1), (2, 2)) == Flag.DUPLICATE
    assert rig.ticker(8, (BID - 1, 9), (ASK, 4)) == Flag.APPLIED | Flag.TOP
    assert rig.hot.top(rig.book)[:4] == (BID - 1, 9, ASK, 4)
    assert rig.hot.ladder(rig.book, 0, 9) == [(BID - 1, 9)]
    assert rig.hot.ladder(rig.book, 1, 9) == [(ASK, 4), (ASK + 1, 6)]
    assert rig.hot.depth(rig.book, 0, 9) == [(BID, 5), (BID - 1, 6)]
    assert rig.delta(8, 8, [(BID, 0)], []) == Flag.APPLIED | Flag.TOP
    assert rig.hot.top(rig.book)[:4] == (BID - 1, 6, ASK, 5)
    assert rig.down() == Flag.WENT_STALE | Flag.TOP
    assert rig.hot.ticker(rig.book)[0] == -1


def test_a_newer_ticker_without_a_side_empties_the_ladder(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(SPOT)
    tell(rig, LIVE_AT_7)
    assert rig.ticker(8, (0, 0), (ASK, 4)) == Flag.APPLIED | Flag.TOP
    assert rig.hot.top(rig.book)[:4] == (0, 0, ASK, 4)
    assert (rig.hot.ladder(rig.book, 0, 9), rig.hot.ladder(rig.book, 1, 9)) == ([], [(ASK, 4)])
