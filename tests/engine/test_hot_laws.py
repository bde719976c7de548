"""What the hot state must do with one book of OKX or HTX: the tables of both laws, for both twins.

Stories are read as `tests/support/hot_rig.py` says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.hot_rig import ASK, BID, Rig, tell
from trimaran.base.limits import DUPLICATES_RUN_MAX, RECENT_LINKS
from trimaran.domain.answer import BookStatus, Flag
from trimaran.domain.dialect import Dialect

OKX, HTX_SPOT, HTX_SWAP = Dialect.OKX, Dialect.HTX_SPOT, Dialect.HTX_SWAP
AT_10 = "up syncing; s 10 AL live"
OKX_STORIES: dict[str, str] = {
    "the chain of the documentation": AT_10
    + "; d 15<10 A live; k 15 A live; d 3<15 A live; d 5<3 A live; s 9 A live; d 12<9 A live",
    "nobody said that the connection is up": "s 10 AL live; d 15<10 A live",
    "an event comes before the snapshot": "up syncing; d 15<10 N stale; d 16<15 stale; s 20 AL live",
    "and nobody said that the connection is up": "d 15<10 N stale; d 16<15 stale; s 16 AL live; "
    "d 20<16 A live",
    "a lost event": AT_10 + "; d 20<15 SN stale; d 22<20 stale; s 30 AL live; d 31<30 A live",
    "a lost keep-alive": AT_10 + "; d 15<10 A live; d 20<15 A live",
    "a lost reset": AT_10 + "; d 15<10 A live; d 5<3 SN stale; d 7<5 stale; s 7 AL live; d 8<7 A live",
    "a lost reset, and what follows has the old ids": AT_10 + "; d 15<10 A live; d 15<3 SN stale",
    "two resets": AT_10 + "; d 3<10 A live; d 8<3 A live; d 2<8 A live; d 9<2 A live",
    "a repeated event": AT_10 + "; d 15<10 A live; d 15<10 D live; d 17<15 A live; d 15<10 D live",
    "a repeated reset": AT_10 + "; d 3<10 A live; d 3<10 D live; d 5<3 A live; d 3<10 D live; d 6<5 A live",
    "a repeated keep-alive": AT_10 + "; k 10 A live; k 10 A live; d 15<10 A live; k 10 D live",
    "an old event that nobody saw": AT_10 + "; d 9<8 SN stale",
    "two swapped events": AT_10 + "; d 20<15 SN stale; d 15<10 stale; s 20 AL live",
    "a newer snapshot of another connection": AT_10 + "; s 15 A live; d 15<10 D live; d 20<15 A live",
    "and several events lie before it": AT_10
    + "; s 20 A live; d 15<10 D live; d 20<15 D live; d 20<15 D live; d 25<20 A live",
    "and one of them was lost": AT_10 + "; s 20 A live; d 20<15 D live; d 30<25 SN stale",
    "and the other connection stands elsewhere": AT_10 + "; s 12 A live; d 15<10 SN stale; s 20 AL live",
    "a snapshot that the book was at": AT_10 + "; d 15<10 A live; d 20<15 A live; s 15 D live; s 10 D live",
    "a snapshot that it never was at": AT_10 + "; d 15<10 A live; s 12 SD suspect; d 20<15 AL live",
    "and its stream goes on": AT_10 + "; d 15<10 A live; s 12 SD suspect; d 14<12 N stale; s 14 AL live",
    "a snapshot that it was at, under suspicion": AT_10
    + "; d 15<10 A live; cut S suspect; s 10 D suspect; d 20<15 AL live",
    "the way of a snapshot, and its connection is gone": AT_10
    + "; s 5000 A live; d 11<10 D live; d 12<11 D live; d 13<12 D live; d 14<13 D live; d 15<14 D live; "
    "d 16<15 D live; d 17<16 D live; d 18<17 D live; d 19<18 SN stale; s 19 AL live",
    "the way of a snapshot ends with a reset": AT_10
    + "; s 20 A live; d 3<20 A live; d 15<10 SN stale; s 4 AL live; d 12<11 SN stale",
    "the way of a snapshot ends with its connection": AT_10
    + "; s 20 A live; down S down; s 4 AL live; d 15<10 SN stale",
    "a snapshot that counts anew": AT_10 + "; d 20<15 SN stale; s 3 AL live; d 5<3 A live",
    "what the book took before the snapshot": AT_10
    + "; d 15<10 A live; d 20<18 SN stale; s 30 AL live; d 15<10 D live; d 20<18 D live; d 35<30 A live",
    "bid meets ask": AT_10 + "; x 15<10 ASNX stale; d 17<15 stale; s 20 AL live",
    "a frame that cannot be read, and the chain holds": AT_10
    + "; cut S suspect; cut suspect; d 15<10 AL live",
    "and nothing was new": AT_10 + "; cut S suspect; k 10 AL live",
    "it was an event": AT_10 + "; cut S suspect; d 20<15 N stale; cut stale; s 20 AL live",
    "suspicion is not settled by a repeat": AT_10
    + "; d 15<10 A live; cut S suspect; d 15<10 D suspect; d 16<15 AL live",
    "suspicion is settled by a snapshot": AT_10 + "; cut S suspect; s 20 AL live; d 21<20 A live",
    "a lost event that names its book": AT_10 + "; lost SN stale; lost stale; d 15<10 stale; s 15 AL live",
    "the same under suspicion": AT_10 + "; cut S suspect; lost N stale",
    "the same before the snapshot": "up syncing; lost N stale; s 15 AL live",
    "the snapshot cannot be read": "up syncing; lost-s N stale; d 15<10 stale; s 20 AL live",
    "and nobody said that the connection is up, again": "lost-s N stale; lost-s stale; s 20 AL live",
    "the healing snapshot cannot be read": AT_10 + "; d 20<15 SN stale; lost-s stale; s 20 AL live",
    "a snapshot that is not needed cannot be read": AT_10 + "; lost-s SN stale; s 20 AL live",
    "a frame cannot be read before the snapshot": "up syncing; cut syncing; d 15<10 N stale",
    "the connection breaks": AT_10
    + "; down S down; cut down; down down; up syncing; s 4 AL live; d 9<4 A live",
    "it breaks while stale": AT_10 + "; d 20<15 SN stale; down down; s 30 AL live",
    "up twice": AT_10 + "; up live",
}  # fmt: skip

SWAP_STORIES: dict[str, str] = {
    "versions rise by one": AT_10 + "; d 11 A live; d 12 A live; d 11 D live; d 13 A live",
    "a hole": AT_10 + "; d 12 SN stale; d 13 stale; s 13 AL live; d 14 A live",
    "two swapped events": AT_10 + "; d 12 SN stale; d 11 stale; s 13 AL live",
    "a second connection counts for itself": AT_10 + "; d 11 A live; s 500 A live; d 501 A live; d 12 D live",
    "a new subscription counts anew": AT_10
    + "; d 11 A live; d 13 SN stale; s 8 AL live; d 9 A live; d 11 SN stale",
    "a new connection begins low": AT_10 + "; down S down; s 1 AL live; d 2 A live",
    "bid meets ask": AT_10 + "; x 11 ASNX stale; s 12 AL live",
    "a frame that cannot be read": AT_10 + "; cut S suspect; d 11 AL live; cut S suspect; d 13 N stale",
    "a lost event": AT_10 + "; lost SN stale; d 11 stale; s 11 AL live",
}

WAITING = "up syncing; d 10<5 syncing"
LINKED = WAITING + "; s 5 AL live"
SPOT_STORIES: dict[str, str] = {
    "the reply lies inside of the first event": WAITING + "; s 7 N syncing; s 5 AL live; d 12<10 A live",
    "it is what the first event follows": WAITING + "; s 5 AL live; d 12<10 A live",
    "it is older": WAITING + "; s 4 N syncing; s 5 AL live",
    "it ends with the last event": WAITING + "; s 10 AL live; d 12<10 A live",
    "it is newer than all events": WAITING + "; s 12 A syncing; d 12<10 D syncing; d 15<12 AL live",
    "it is newer, and lies inside of the next event": WAITING
    + "; s 11 A syncing; d 12<10 N syncing; s 12 AL live; d 15<12 A live",
    "it is newer, and an event is lost": WAITING
    + "; s 11 A syncing; d 14<12 N syncing; s 13 N syncing; s 14 AL live",
    "a reply without events": "up syncing; s 10 A syncing; d 12<10 AL live",
    "a reply while down": "s 10 down; d 12<10 N syncing; s 11 N syncing; s 10 AL live",
    "a reply nobody asked for": LINKED + "; s 12 D live; d 12<10 A live",
    "several events wait": WAITING + "; d 12<10 syncing; d 15<12 syncing; s 10 AL live",
    "events that wait repeat": WAITING + "; d 12<10 syncing; d 10<5 syncing; d 15<12 syncing; s 5 AL live",
    "events that wait have a hole": WAITING + "; d 15<12 syncing; s 5 N stale; s 11 N stale; s 12 AL live",
    "events that wait say nothing new": "up syncing; k 10 syncing; k 10 syncing; "
    "d 12<10 syncing; s 9 N syncing; "
    "s 10 AL live",
    "nothing is new": LINKED + "; k 10 A live; k 10 A live; d 12<10 A live; k 10 D live",
    "a lost event": LINKED + "; d 15<12 SN stale; d 17<15 stale; s 11 N stale; s 12 AL live",
    "a repeated event": LINKED + "; d 10<5 D live; d 12<10 A live; d 10<5 D live",
    "two swapped events": LINKED + "; d 15<12 SN stale; d 12<10 stale; s 14 N stale; s 12 AL live",
    "events that overlap are no chain": LINKED + "; d 12<9 SN stale; s 10 N stale; s 12 AL live",
    "bid meets ask": LINKED + "; x 12<10 ASNX stale; s 12 A syncing; k 12 AL live",
    "a frame that cannot be read, and nothing is new": LINKED + "; cut S suspect; k 10 AL live",
    "and the chain holds": LINKED + "; cut S suspect; d 12<10 AL live",
    "it was an event": LINKED + "; cut S suspect; d 15<12 N stale; s 12 AL live",
    "a lost event that names its book": LINKED + "; lost SN stale; s 9 N stale; s 10 A syncing; k 10 AL live",
    "and the reply has it": LINKED + "; lost SN stale; s 12 A syncing; d 12<10 D syncing; d 15<12 AL live",
    "and the reply lacks it": LINKED + "; lost SN stale; s 10 A syncing; d 15<12 N syncing; s 12 AL live",
    "the reply cannot be read": WAITING + "; lost-s syncing; s 7 N syncing; s 5 A syncing; k 10 AL live",
    "the connection breaks": LINKED + "; down S down; s 10 down; d 3<2 N syncing; s 2 AL live",
}  # fmt: skip


@pytest.mark.parametrize("name", OKX_STORIES)
def test_okx(make_rig: Callable[[Dialect], Rig], name: str) -> None:
    tell(make_rig(OKX), OKX_STORIES[name])


@pytest.mark.parametrize("name", SWAP_STORIES)
def test_htx_swap(make_rig: Callable[[Dialect], Rig], name: str) -> None:
    tell(make_rig(HTX_SWAP), SWAP_STORIES[name])


@pytest.mark.parametrize("name", SPOT_STORIES)
def test_htx_spot(make_rig: Callable[[Dialect], Rig], name: str) -> None:
    tell(make_rig(HTX_SPOT), SPOT_STORIES[name])


def test_a_repeat_is_known_for_a_while(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(OKX)
    tell(rig, AT_10 + "; d 11<10 A live")
    for last in range(12, 11 + RECENT_LINKS):
        rig.delta(last, last, [(BID, last)], [(ASK, last)], last - 1)
    tell(rig, "d 11<10 D live; k 74 A live; d 11<10 SN stale")
    assert rig.hot.counters(rig.book) == (RECENT_LINKS + 3, 1, 1, 0, 1, 0)


def test_a_stream_without_ids(make_rig: Callable[[Dialect], Rig]) -> None:
    """Recordings from before 2023: every link is that of one id to itself."""
    rig = make_rig(OKX)
    assert rig.snapshot(0, [(BID, 5)], [(ASK, 5)]) & Flag.WENT_LIVE
    for size in (1, 2, 3):
        assert rig.delta(0, 0, [(BID, size)], [], 0) == Flag.APPLIED | Flag.TOP
    assert rig.hot.depth(rig.book, 0, 9) == [(BID, 3)]


@pytest.mark.parametrize("dialect", [OKX, HTX_SPOT, HTX_SWAP])
def test_a_crossed_snapshot_is_never_live(make_rig: Callable[[Dialect], Rig], dialect: Dialect) -> None:
    """As in an auction before the opening."""
    rig = make_rig(dialect)
    rig.up()
    rig.announce(5)
    assert rig.snapshot(5, [(ASK, 1)], [(BID, 1)]) == Flag.APPLIED | Flag.CROSSED | Flag.NEED_SNAPSHOT
    assert rig.status == BookStatus.STALE


def test_htx_spot_counts_anew(make_rig: Callable[[Dialect], Rig]) -> None:
    rig = make_rig(HTX_SPOT)
    tell(rig, "up syncing; k 900010 syncing; s 900010 AL live; d 900012<900010 A live")
    for number in range(1, DUPLICATES_RUN_MAX + 1):
        assert rig.delta(number, number, [(BID, number)], [], number - 1) == Flag.DUPLICATE
    tell(rig, "d 300<299 SN stale; s 299 AL live; d 301<300 A live")
