"""The made-up streams must be such that an exchange could have sent them, and the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks import scan_update, socket_at_rate
from benchmarks.channels import CHANNELS, Channel
from benchmarks.peer_scripts.measuring import Recording, lines_of
from benchmarks.peer_scripts.trimaran_markets import MARKETS, add_book
from benchmarks.streams import binance, htx, okx
from benchmarks.streams.binance import FRAME_LEVELS, LEVELS, depth_stream, mixed_stream
from benchmarks.streams.capture import Stream, write_capture
from benchmarks.streams.market import Levels, differences, short_text
from trimaran.domain.answer import BookStatus, Flag, Kind, flags_of, kind_of
from trimaran.domain.dialect import Dialect
from trimaran.native._hot import Hot

Venue = binance.Spot | okx.Spot | htx.Spot
MAKERS: dict[str, Callable[[int], Venue]] = {
    "binance.spot": binance.Spot,
    "binance.usdm": binance.UsdM,
    "okx.spot": okx.Spot,
    "htx.spot": htx.Spot,
    "htx.swap": htx.Swap,
}
LOTS = {"binance.spot": 1_000}  # of ours in one of the generator's


class Book:
    """A book of ours, fed as the benchmarks feed it."""

    def __init__(self, market: str, early: tuple[bytes, ...], snapshot: bytes) -> None:
        kind = MARKETS[market]
        self.hot = Hot()
        self.market = self.hot.add_market(kind.dialect)
        self.book = add_book(self.hot, self.market, kind, kind.symbol("BTC"), 0)
        self.hot.mark_up(self.market)
        for payload in early:
            self.hot.on_frame(self.market, payload, 0)
        if kind.dialect in (Dialect.BINANCE_SPOT, Dialect.BINANCE_USDM):
            self.hot.on_snapshot(self.book, snapshot, 0)
        else:
            self.hot.on_frame(self.market, snapshot, 0)

    def take(self, payload: bytes, local_ns: int = 1) -> int:
        """One frame."""
        return self.hot.on_frame(self.market, payload, local_ns)

    def assert_whole(self) -> None:
        """Live, no frame refused, none missing, none crossed, none twice."""
        assert self.hot.status(self.book) == BookStatus.LIVE
        assert not any(self.hot.faults(self.market))
        _, duplicates, gaps, crossings, snapshots, _ = self.hot.counters(self.book)
        assert (duplicates, gaps, crossings, snapshots) == (0, 0, 0, 1)


@pytest.mark.parametrize("channel", CHANNELS, ids=[channel.key for channel in CHANNELS])
def test_every_frame_of_a_channel_is_read_and_applied(channel: Channel) -> None:
    stream = channel.stream(7, 400)
    book = Book(channel.market, stream.early, stream.snapshot)
    kinds = {Kind.DEPTH, Kind.TICKER, Kind.TRADE}
    count = 0
    for count, payload in enumerate(stream.frames, start=1):
        answer = book.take(payload, count * channel.step_ns)
        assert kind_of(answer) in kinds
        assert flags_of(answer) & Flag.APPLIED
    assert count >= 400
    book.assert_whole()


@pytest.mark.parametrize("market", MAKERS)
def test_a_book_of_ours_becomes_what_the_venue_tells_of(market: str) -> None:
    venue = MAKERS[market](11)
    early = (venue.depth(),) if market == "htx.spot" else ()
    book = Book(market, early, venue.snapshot())
    tops = set()
    for number in range(1, 600):
        book.take(venue.depth(), number)
        tops.add(book.hot.book_top(book.book)[0])
    book.assert_whole()
    assert len(tops) > 5, "expected a market that moves"
    for side, levels in enumerate((venue.market.bids, venue.market.asks)):
        told = {ticks: lots * LOTS.get(market, 1) for ticks, lots in levels.items()}
        assert dict(book.hot.depth(book.book, side, 5_000)) == told


def test_tickers_and_trades_do_not_disturb_the_ids_of_a_book() -> None:
    for market, make in MAKERS.items():
        venue = make(5)
        early = (venue.depth(),) if market == "htx.spot" else ()
        book = Book(market, early, venue.snapshot())
        for number in range(1, 100):
            for payload in (venue.ticker(), venue.trade(), venue.depth()):
                book.take(payload, number)
        book.assert_whole()
        assert book.hot.last_trade(book.book)[0] == venue.trade_id * (10**7 if market == "htx.swap" else 1)


def test_changes_lead_from_one_side_to_the_other() -> None:
    before: Levels = {10: 1, 11: 2, 12: 3}
    assert differences(before, {10: 1, 11: 5, 9: 4}) == {11: 5, 9: 4, 12: 0}
    assert [short_text(steps, 1) for steps in (618_370, 618_371, 0)] == ["61837", "61837.1", "0"]


def test_binance_depth_frames_follow_each_other_and_never_cross() -> None:
    stream = replayed(depth_stream(7, 800))
    snapshot, bids, asks = next(stream)
    assert (len(bids), len(asks)) == (LEVELS, LEVELS)
    last = snapshot["lastUpdateId"]
    for event, bids, asks in stream:
        assert event["U"] == last + 1 <= event["u"]
        assert (len(event["b"]), len(event["a"])) == (FRAME_LEVELS, FRAME_LEVELS)
        assert max(bids) < min(asks)
        last = event["u"]


def test_tickers_of_the_mix_agree_with_the_book() -> None:
    stream = replayed(mixed_stream(7, 2_000))
    snapshot, _, _ = next(stream)
    last, kinds = snapshot["lastUpdateId"], set()
    for event, bids, asks in stream:
        kinds.add(event.get("e", "bookTicker"))
        if event.get("e") == "depthUpdate":
            assert event["U"] == last + 1
            last = event["u"]
        elif "B" in event:
            assert (float(event["b"]), float(event["a"])) == (max(bids), min(asks))
    assert kinds == {"bookTicker", "trade", "depthUpdate"}


def replayed(stream: Stream) -> Iterator[tuple[dict[str, Any], dict[float, float], dict[float, float]]]:
    """Each Binance event with the bids and asks after it."""
    snapshot = msgspec.json.decode(stream.snapshot)
    bids, asks = ({float(price): float(size) for price, size in snapshot[side]} for side in ("bids", "asks"))
    yield snapshot, bids, asks
    for payload in stream.frames:
        event = msgspec.json.decode(payload)["data"]
        for side, levels in ((bids, event.get("b")), (asks, event.get("a"))):
            if event.get("e") == "depthUpdate":
                change(side, levels)
        yield event, bids, asks


def change(side: dict[float, float], levels: list[tuple[str, str]]) -> None:
    """Applies a frame the slow way."""
    for price, size in levels:
        if float(size):
            side[float(price)] = float(size)
        else:
            side.pop(float(price), None)


@pytest.mark.parametrize("channel", CHANNELS, ids=[channel.key for channel in CHANNELS])
def test_a_stream_is_a_function_of_its_seed(channel: Channel) -> None:
    first, again, other = (list(channel.stream(seed, 30).lines()) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_capture_is_read_as_it_was_written(tmp_path: Path) -> None:
    stream = htx.depth_stream(1, 3)
    frames = list(stream.frames)
    whole = msgspec.structs.replace(stream, frames=frames)
    path = write_capture(tmp_path / "capture.txt", whole, "htx.spot", 5)
    recording = Recording(str(path), bytes)
    assert [payload for payload, _ in recording.early] == list(stream.early)
    assert recording.snapshot[0] == stream.snapshot
    assert [payload for payload, _ in recording.frames] == frames
    assert recording.early[0][1] + 5 == recording.snapshot[1] == recording.frames[0][1] - 5
    assert recording.payload_bytes == sum(map(len, frames))
    assert {line.market for line in lines_of(str(path))} == {"htx.spot"}


def test_a_recorded_capture_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "recorded.txt"
    path.write_bytes(b'1 {"early":1}\n2 {"lastUpdateId":7}\n3 {"a":1}\n')
    recording = Recording(str(path), bytes.decode)
    assert recording.early == [('{"early":1}', 1)]
    assert recording.snapshot == (b'{"lastUpdateId":7}', 2)
    assert recording.frames == [('{"a":1}', 3)]


def test_scan_frames_come_in_pairs_of_the_same_prices() -> None:
    layout = scan_update.Layout(2, scan_update.SPOTS + scan_update.PERPETUALS)
    lines = list(scan_update.lines(layout, 3, 40))
    assert [what for what, *_ in lines].count("snapshot") == 12
    frames = [msgspec.json.decode(payload)["data"] for what, _, payload in lines if what == "frame"]
    assert len(frames) == 80
    for changed, same in zip(frames[::2], frames[1::2], strict=True):
        assert same == changed | {"u": changed["u"] + 1}


def test_the_mix_of_venues_keeps_every_book_whole() -> None:
    lines = list(socket_at_rate.lines(9, 3_000))
    hot, markets = Hot(), {}
    for name in socket_at_rate.SHARES:
        kind = MARKETS[name]
        markets[name] = market = hot.add_market(kind.dialect)
        for group, base in enumerate(socket_at_rate.BASES):
            add_book(hot, market, kind, kind.symbol(base), group)
        hot.mark_up(market)
    books = iter(range(len(socket_at_rate.BASES)))
    for number, (what, name, payload) in enumerate(lines):
        if what == "snapshot" and name == "binance.spot":
            hot.on_snapshot(next(books), payload, number)
        else:
            hot.on_frame(markets[name], payload, number)
    count = len(socket_at_rate.SHARES) * len(socket_at_rate.BASES)
    assert [hot.status(book) for book in range(count)] == [BookStatus.LIVE] * count
    assert not any(sum(hot.faults(market)) for market in markets.values())
    assert all(hot.counters(book)[2] == 0 for book in range(count))
