"""Recordings as tapes: frames, snapshots and losses in the order in which the recorder heard them.

A recording carries the venue's own list of instruments, so its books stand on the venue's grids, with the
fees of the base tier, as they did live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from trimaran.backtest.tape_line import TapeDown, TapeError, TapeLine, TapeSnapshot
from trimaran.domain.instrument import Instrument, MarketName, Symbol
from trimaran.storage.recording.reader import RecordingReader, read_head, segments_of
from trimaran.storage.recording.segment import Head, Kind, Record
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.instrument_list import FeeTable
from trimaran.venues.wire.market_entry import MarketEntry


class RecordedTape(msgspec.Struct, frozen=True):
    """The segments of one market, in the order of their time."""

    market: MarketName
    paths: tuple[Path, ...]
    symbols: tuple[Symbol, ...]
    entry: MarketEntry

    def lines(self) -> Iterator[TapeLine | TapeSnapshot | TapeDown]:
        """Everything that moved the books. Raises RecordingError for a damaged segment."""
        started_ns = 0
        for path in self.paths:
            head = read_head(path)
            if started_ns not in (0, head.started_ns):
                yield TapeDown(head.started_ns, Symbol(""), "another recording begins")
            started_ns = head.started_ns
            for record in RecordingReader((path,)).records():
                line = _line(record)
                if line is not None:
                    yield line

    def instruments(self) -> tuple[Instrument, ...]:
        """The recorded symbols as the venue listed them. Raises TapeError where no list was recorded."""
        for record in RecordingReader(self.paths).records():
            if record.kind is Kind.INSTRUMENTS:
                fees = FeeTable(self.entry.spec.default_fees)
                return self.entry.read_instruments(record.payload, self.entry.spec, fees, self.symbols)
        raise TapeError(f"{self.paths[0]}: expected a list of instruments, found none")


def recorded_tapes(path: Path, known: Mapping[MarketName, MarketEntry] = MARKETS) -> list[RecordedTape]:
    """The tapes of a segment, of a folder of segments, or of a folder of such folders, of markets that are
    known. Raises TapeError."""
    folders = [path] if not path.is_dir() or any(path.glob("*.rec")) else sorted(path.iterdir())
    tapes = []
    for folder in folders:
        segments = segments_of(folder)
        heads = [read_head(segment) for segment in segments]
        tapes.append(_tape(segments, heads, known))
    if not tapes:
        raise TapeError(f"{path}: expected recordings, found none")
    return tapes


def _tape(
    segments: tuple[Path, ...], heads: list[Head], known: Mapping[MarketName, MarketEntry]
) -> RecordedTape:
    markets = {head.market for head in heads}
    entry = known.get(MarketName(heads[0].market))
    if len(markets) > 1 or entry is None:
        raise TapeError(
            f"{segments[0]}: expected one market that is known, found {', '.join(sorted(markets))}"
        )
    symbols = dict.fromkeys(Symbol(symbol) for head in heads for symbol in head.symbols)
    return RecordedTape(entry.name, segments, tuple(symbols), entry)


def _line(record: Record) -> TapeLine | TapeSnapshot | TapeDown | None:
    if record.kind is Kind.FRAME:
        return TapeLine(record.local_ns, record.payload)
    if record.kind is Kind.SNAPSHOT:
        return TapeSnapshot(record.local_ns, Symbol(record.symbol), record.payload)
    if record.kind is Kind.DOWN:
        return TapeDown(record.local_ns, Symbol(record.symbol), record.payload.decode("utf-8", "replace"))
    if record.kind is Kind.LOST:  # frames are missing here, of any book
        return TapeDown(record.local_ns, Symbol(""), "the recorder lost records")
    return None
