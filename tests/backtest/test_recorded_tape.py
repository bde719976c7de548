"""A recording replays to the books that the desk had when it was made, on every market."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.live.test_runner import SYMBOLS, config_of, until, words
from trimaran.backtest.run import ReplayOptions, prepare
from trimaran.backtest.tape import open_tapes
from trimaran.backtest.tape_line import TapeDown, TapeError
from trimaran.live.recording import Tap, TappedSink
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.storage.recording.reader import RecordingReader, segments_of
from trimaran.storage.recording.segment import Head, Kind, RecordingError
from trimaran.storage.recording.writer import RecordingWriter, WriterOptions
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.simulators import SimulatorOptions, simulating
from trimaran.venues.wire.clock import SystemClock


class Witness:
    """Remembers what went past a sink."""

    def __init__(self, sink: Any, heard: list[bytes]) -> None:
        self._sink, self._heard = sink, heard

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        self._heard.append(bytes(payload))
        return self._sink.on_frame(payload, local_ns)  # type: ignore[no-any-return]

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        return self._sink.on_snapshot(symbol, payload, local_ns)  # type: ignore[no-any-return]

    def on_down(self, reason: str, symbols: Any) -> None:
        self._sink.on_down(reason, symbols)


class WitnessedTap(Tap):
    """A tap that is watched from outside."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: dict[str, list[bytes]] = {}

    def sink(self, market: Any, sink: Any, wall_ns: Any) -> Any:
        tapped = super().sink(market, sink, wall_ns)
        assert isinstance(tapped, TappedSink)
        return Witness(tapped, self.heard.setdefault(market, []))


async def record(folder: Path, faults: FaultPlan) -> tuple[dict[str, list[bytes]], dict[str, int]]:
    """Some seconds of all markets: what was heard of each, and the hashes of the books at the end."""
    options = SimulatorOptions(seed=4, symbols=SYMBOLS)
    async with simulating(options) as simulator:
        tap = WitnessedTap(
            folder, lambda line: None, WriterOptions(block_bytes=20_000, segment_bytes_max=100_000)
        )
        runner = DeskRunner(config_of(simulator), SystemClock(), Hot, list, tap=tap)
        async with tap:
            await runner.start()
            try:
                await until(lambda: words(runner) == {"live"})
                simulator.set_faults(faults)
                await asyncio.sleep(1.5)
                simulator.set_faults(FaultPlan())
                await until(lambda: words(runner) == {"live"})
                simulator.set_paused(True)
                await asyncio.sleep(0.4)  # what is on its way arrives
                hot, legs = runner.desk.hot, runner.desk.legs
                hashes = {str(leg.instrument.key): hot.state_hash(book) for book, leg in enumerate(legs)}
                for feed in runner.market_side.feeds:  # the recording ends here, with the books as they are
                    feed._sink = Witness(_Nowhere(), [])  # type: ignore[assignment]
            finally:
                await runner.stop()
        assert {each["lost"] for each in tap.result().values()} == {0}
        return tap.heard, hashes


class _Nowhere:
    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        return 0

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        return 0

    def on_down(self, reason: str, symbols: Any) -> None:
        pass


@pytest.mark.parametrize(
    "faults", [FaultPlan(), FaultPlan(drop=0.02, duplicate=0.02, truncate=0.01)], ids=["calm", "faults"]
)
async def test_a_recording_replays_bit_for_bit(tmp_path: Path, faults: FaultPlan) -> None:
    heard, hashes = await record(tmp_path / "r", faults)
    assert len(heard) == 6
    for market, frames in heard.items():
        records = RecordingReader(segments_of(tmp_path / "r" / market)).records()
        assert [each.payload for each in records if each.kind is Kind.FRAME] == frames
    report = prepare(ReplayOptions(files=(str(tmp_path / "r"),)), lambda count: None).run()
    replayed = {
        f"{market}:{symbol}": int(book.levels_hash, 16)
        for market, row in report.markets.items()
        for symbol, book in row.final.items()
    }
    assert replayed == hashes
    assert {row.book for row in report.markets.values()} <= {"live", "stale", "down"}


def test_two_recordings_in_one_folder_are_two(tmp_path: Path) -> None:
    for started in (10, 20):
        head = Head("okx.spot", 0, started, ("BTC-USDT",))
        writer = RecordingWriter(tmp_path / "okx.spot", head)
        writer.append(Kind.FRAME, started + 1, b"{}")
        writer.append(Kind.LOST, started + 2, b"3")
        writer.close()
    (tape,) = open_tapes((str(tmp_path),))
    downs = [line for line in tape.lines() if isinstance(line, TapeDown)]
    assert [each.reason for each in downs] == [
        "the recorder lost records", "another recording begins", "the recorder lost records",
    ]  # fmt: skip
    with pytest.raises(TapeError, match="instruments"):
        tape.instruments()


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="found none"):
        open_tapes((str(tmp_path),))
    writer = RecordingWriter(tmp_path / "x", Head("kraken.spot", 0, 1))
    writer.close()
    with pytest.raises(TapeError, match=r"kraken\.spot"):
        open_tapes((str(tmp_path / "x"),))
    (path,) = segments_of(tmp_path / "x")
    path.write_bytes(path.read_bytes()[:12])
    with pytest.raises(RecordingError):
        open_tapes((str(path),))
