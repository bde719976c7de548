r"""Records what the markets of a desk say, on the way into it.

    socket -> tap -> sink of the desk
               \-> RecordingWriter of the market (memory, then a thread of its own)

The tap keeps every frame, every snapshot, every loss of a feed and the list of instruments, so that a replay
rebuilds the books as the desk had them. A disk that fails ends the recording, never the desk; it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import MarketName, Symbol
from trimaran.storage.recording.segment import Head, Kind, RecordingError
from trimaran.storage.recording.writer import RecordingWriter, WriterOptions
from trimaran.venues.wire.session_port import FrameSink

FLUSH_S: Final = 0.5  # a killed process loses at most what came since, and what is being synced


class Tap:
    """The recordings of one desk. Use as a context manager around its run, inside a running loop."""

    def __init__(
        self, folder: Path, tell: Callable[[str], None], options: WriterOptions | None = None
    ) -> None:
        """A folder for each market is made below `folder` when the market opens."""
        self._folder = folder
        self._tell = tell
        self._options = options
        self._writers: dict[MarketName, RecordingWriter] = {}
        self._told: set[MarketName] = set()
        self._flusher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Tap:
        self._flusher = asyncio.get_running_loop().create_task(self._flush())
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._flusher is not None
        self._flusher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._flusher
        for market, writer in self._writers.items():
            try:
                await asyncio.to_thread(writer.close)
            except RecordingError as error:
                self._failed(market, error)

    def open(self, market: MarketName, symbols: Sequence[Symbol], body: bytes, now_ns: int) -> None:
        """Begins the recording of a market with its list of instruments. Raises RecordingError."""
        head = Head(market, 0, now_ns, tuple(symbols))
        writer = RecordingWriter(self._folder / market, head, self._options)
        writer.append(Kind.INSTRUMENTS, now_ns, body)
        self._writers[market] = writer

    def sink(self, market: MarketName, sink: FrameSink, wall_ns: Callable[[], int]) -> FrameSink:
        """The sink of a market with the recording in front of it."""
        return TappedSink(self._writers[market], sink, wall_ns)

    def result(self) -> dict[str, Any]:
        """The counters of every market, and why a recording ended where it did."""
        return {
            market: {
                **msgspec.structs.asdict(writer.counters),
                "failure": None if writer.failure is None else str(writer.failure),
            }
            for market, writer in self._writers.items()
        }

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            for market, writer in self._writers.items():
                writer.tick()
                if writer.failure is not None:
                    self._failed(market, writer.failure)

    def _failed(self, market: MarketName, error: RecordingError) -> None:
        if market not in self._told:
            self._told.add(market)
            self._tell(f"{market}: the recording ended: {error}")


class TappedSink:
    """Keeps, then passes on."""

    def __init__(self, writer: RecordingWriter, sink: FrameSink, wall_ns: Callable[[], int]) -> None:
        self._append = writer.append
        self._sink = sink
        self._wall_ns = wall_ns

    def on_frame(self, payload: memoryview, local_ns: int) -> int:
        """One frame, borrowed for the length of the call."""
        self._append(Kind.FRAME, local_ns, payload)
        return self._sink.on_frame(payload, local_ns)

    def on_snapshot(self, symbol: str, payload: bytes, local_ns: int) -> int:
        """One REST snapshot."""
        self._append(Kind.SNAPSHOT, local_ns, payload, symbol)
        return self._sink.on_snapshot(symbol, payload, local_ns)

    def on_down(self, reason: str, symbols: Sequence[Symbol]) -> None:
        """The feed of the books of `symbols` is lost; of all books when none is named."""
        now_ns = self._wall_ns()
        for symbol in symbols or ("",):
            self._append(Kind.DOWN, now_ns, reason.encode(), symbol)
        self._sink.on_down(reason, symbols)
