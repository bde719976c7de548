"""The made-up stream must be one that an exchange could have sent, and the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.frames import FRAME_LEVELS, LEVELS, depth_stream, mixed_stream, write_capture
from benchmarks.peer_scripts.measuring import Recording


def replayed(
    payloads: Iterator[bytes],
) -> Iterator[tuple[dict[str, Any], dict[float, float], dict[float, float]]]:
    """Each event with the bids and asks after it."""
    snapshot = msgspec.json.decode(next(payloads))
    bids, asks = ({float(price): float(size) for price, size in snapshot[side]} for side in ("bids", "asks"))
    yield snapshot, bids, asks
    for payload in payloads:
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


def test_depth_frames_follow_each_other_and_never_cross() -> None:
    stream = replayed(depth_stream(7, 800))
    snapshot, bids, asks = next(stream)
    assert (len(bids), len(asks)) == (LEVELS, LEVELS)
    last, tops = snapshot["lastUpdateId"], set()
    for event, bids, asks in stream:
        assert event["U"] == last + 1 <= event["u"]
        assert (len(event["b"]), len(event["a"])) == (FRAME_LEVELS, FRAME_LEVELS)
        assert max(bids) < min(asks)
        last = event["u"]
        tops.add(max(bids))
    assert len(tops) > 5, "expected a market that moves"


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


@pytest.mark.parametrize("stream", [depth_stream, mixed_stream])
def test_the_stream_is_a_function_of_its_seed(stream: Callable[[int, int], Iterator[bytes]]) -> None:
    assert list(stream(3, 50)) == list(stream(3, 50))
    assert list(stream(3, 50)) != list(stream(4, 50))


def test_a_capture_is_read_as_it_was_written(tmp_path: Path) -> None:
    early, *rest = list(depth_stream(1, 3))[::-1]  # the snapshot comes last but one
    snapshot = rest.pop()
    path = write_capture(tmp_path / "capture.txt", iter([early, snapshot, *rest]))
    recording = Recording(str(path), bytes)
    assert [payload for payload, _ in recording.early] == [early]
    assert recording.snapshot == snapshot
    assert [payload for payload, _ in recording.frames] == rest
    assert recording.early[0][1] < recording.snapshot_ns < recording.frames[0][1]
    assert recording.payload_bytes == sum(map(len, rest))
