"""Recorded captures: one frame a line, `<local receive ns> <raw frame>`, gzip or plain.

A capture names neither its market nor its instruments; both are recognised from its first frames, or the
market is given as `binance.usdm:FILE`. It carries no exchange information either, so replayed instruments
stand on the finest grid that Binance prints, 1e-8 for price and size, which holds every frame exactly.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from trimaran.backtest.recorded_tape import recorded_tapes
from trimaran.backtest.tape_line import AnyTape, BrokenLine, TapeError, TapeLine
from trimaran.base.errors import DecodeError
from trimaran.base.json_value import JsonValue, decode_json
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.instrument import Asset, ContractKind, Grid, Instrument, MarketName, Symbol
from trimaran.domain.pair import QUOTES
from trimaran.storage.recording.reader import is_recording
from trimaran.venues.binance import spec
from trimaran.venues.registry import MARKETS as REGISTRY
from trimaran.venues.wire.market_entry import MarketEntry
from trimaran.venues.wire.market_spec import MarketSpec

GRID: Final = Grid(1, -8)
PEEK_LINES: Final = 2_000
MARKETS: Final = {each.market: each for each in (spec.SPOT, spec.USDM)}
GZIP_MAGIC: Final = b"\x1f\x8b"


class Tape(msgspec.Struct, frozen=True):
    """The captures of one market, in the order of their time."""

    market: MarketName
    paths: tuple[Path, ...]
    symbols: tuple[Symbol, ...]

    def lines(self) -> Iterator[TapeLine | BrokenLine]:
        """Every line of every file."""
        for path in self.paths:
            yield from read_lines(path)

    def instruments(self) -> tuple[Instrument, ...]:
        """The tape's symbols on the replay grid, with the market's default fees."""
        market = MARKETS[self.market]
        return tuple(_instrument(market, symbol) for symbol in self.symbols)


def read_lines(path: Path) -> Iterator[TapeLine | BrokenLine]:
    """Reads one capture. A gzip file that is cut off ends in a BrokenLine. Raises TapeError if unreadable."""
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == GZIP_MAGIC
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            number = 0
            try:
                while line := file.readline(FRAME_BYTES_MAX + 32):
                    number += 1
                    if line.strip():
                        yield _parse(path, number, line)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield BrokenLine(path, number + 1, str(error))
    except OSError as error:
        raise TapeError(f"{path}: expected a readable capture, found: {error.strerror or error}") from None


def open_tapes(arguments: Sequence[str], known: Mapping[MarketName, MarketEntry] = REGISTRY) -> list[AnyTape]:
    """Groups `[market:]FILE` arguments into one tape a market; recordings are tapes already.

    Recordings may be of any market that is `known`.
    Raises TapeError, and RecordingError for a segment that is damaged.
    """
    found: dict[MarketName, list[tuple[int, Path, tuple[Symbol, ...]]]] = {}
    tapes: list[AnyTape] = []
    for argument in arguments:
        market, path = _split(argument)
        if path.is_dir() or is_recording(path):
            tapes += recorded_tapes(path, known)
            continue
        first = list(islice((line for line in read_lines(path) if isinstance(line, TapeLine)), PEEK_LINES))
        if not first:
            raise TapeError(f"{path}: expected lines of `<ns> <frame>`, found none")
        events = [event for line in first if (event := _event(line.payload)) is not None]
        names = (event.get("s") for event in events)
        symbols = tuple(dict.fromkeys(Symbol(name) for name in names if isinstance(name, str)))
        if not symbols:
            raise TapeError(f"{path}: expected Binance market data, found no frame with a symbol")
        market = market or _recognise(events)
        found.setdefault(market, []).append((first[0].local_ns, path, symbols))
    tapes += [_tape(market, parts) for market, parts in found.items()]
    markets = [tape.market for tape in tapes]
    if len(set(markets)) < len(markets):
        raise TapeError(f"expected one recording a market, found {', '.join(sorted(markets))}")
    return tapes


def _tape(market: MarketName, parts: list[tuple[int, Path, tuple[Symbol, ...]]]) -> Tape:
    parts.sort(key=lambda part: part[0])
    symbols = dict.fromkeys(symbol for _, _, each in parts for symbol in each)
    return Tape(market, tuple(path for _, path, _ in parts), tuple(symbols))


def _split(argument: str) -> tuple[MarketName | None, Path]:
    head, colon, tail = argument.partition(":")
    if colon and head in MARKETS:
        return MarketName(head), Path(tail)
    return None, Path(argument)


def _parse(path: Path, number: int, line: bytes) -> TapeLine | BrokenLine:
    stamp, blank, payload = line.strip().partition(b" ")
    if not blank or not stamp.isdigit() or len(stamp) > 19:
        return BrokenLine(path, number, line[:60].decode("ascii", "backslashreplace"))
    return TapeLine(int(stamp), payload)


def _event(payload: bytes) -> dict[str, JsonValue] | None:
    try:
        value = decode_json(payload)
    except DecodeError:
        return None
    if isinstance(value, dict) and isinstance(data := value.get("data"), dict):
        return data
    return value if isinstance(value, dict) else None


def _recognise(events: Sequence[dict[str, JsonValue]]) -> MarketName:
    """USD-M depth carries `pu`, and only its bookTicker names its type; spot's have neither."""
    for event in events:
        if "pu" in event or event.get("e") == "bookTicker":
            return spec.USDM.market
        if event.get("e") == "depthUpdate" or ("e" not in event and "B" in event):
            return spec.SPOT.market
    return spec.SPOT.market


def _instrument(market: MarketSpec, symbol: Symbol) -> Instrument:
    quote = next((q for q in QUOTES if symbol.endswith(q) and symbol != q), "")
    return Instrument(
        market=market.market,
        symbol=symbol,
        base=Asset(symbol.removesuffix(quote)),
        quote=Asset(quote or symbol),
        kind=market.contract if quote else ContractKind.SPOT,
        price_grid=GRID,
        size_grid=GRID,
        order_step=1,
        min_notional=Decimal(0),
        fees=market.default_fees,
    )
