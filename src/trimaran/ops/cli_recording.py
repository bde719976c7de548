"""`trimaran record` and `trimaran recording`: keep what venues say, and look at what was kept."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from trimaran.domain.pair import Pair
from trimaran.live.config import DeskConfig
from trimaran.live.recording import Tap
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.ops.desk_run import DeskRun, run_desk, teller
from trimaran.ops.lifetime import end_when_stdin_closes
from trimaran.ops.options import (
    DESK_SYMBOLS,
    ConfigFile,
    DeskSymbols,
    DeskVenues,
    Environment,
    JsonOut,
    Seconds,
    UntilStdinCloses,
    desk_config,
    split,
)
from trimaran.ops.result_file import result_file
from trimaran.storage.recording.parquet import write_parquet
from trimaran.storage.recording.reader import RecordingReader, SegmentSummary, segments_of
from trimaran.venues.wire.clock import SystemClock

app = typer.Typer(help="Look at recordings.", no_args_is_help=True, pretty_exceptions_enable=False)

Where = Annotated[Path, typer.Argument(help="A segment, or a folder of segments of one market.")]


def record(
    out: Annotated[Path, typer.Option(help="Folder of the recording; each market gets one in it.")],
    config: ConfigFile = None,
    environment: Environment = None,
    venues: DeskVenues = None,
    symbols: DeskSymbols = None,
    seconds: Seconds = None,
    json_file: JsonOut = None,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Record what venues say, byte for byte with nanosecond stamps, and trade nothing."""
    if until_stdin_closes:
        end_when_stdin_closes()
    bases = [Pair.parse(symbol).base for symbol in split(symbols or DESK_SYMBOLS)]
    settings = desk_config(config, environment, venues, symbols, {}, dict.fromkeys(bases, Decimal(1)))
    with result_file(json_file) as file:
        uvloop.run(_record(settings, DeskRun(seconds, False, file), out))


async def _record(config: DeskConfig, run: DeskRun, out: Path) -> None:
    tap = Tap(out, teller())
    runner = DeskRunner(config, SystemClock(), Hot, list, teller(), tap)
    try:
        async with tap:
            await run_desk(runner, run)
    finally:
        for market, row in tap.result().items():
            lost = f", {row['lost']:,} LOST" if row["lost"] else ""
            size = row["written_bytes"] / 2**20
            typer.echo(
                f"{market}: {row['records']:,} records, {size:,.1f} MiB in {row['segments']} segments{lost}"
            )


@app.command("info")
def info(path: Where) -> None:
    """Read a recording whole: what it holds, and whether every byte of it is what was written."""
    reader = RecordingReader(segments_of(path))
    kinds: dict[str, int] = defaultdict(int)
    for record in reader.records():
        kinds[record.kind.name.lower()] += 1
    table = Table(box=None)
    for column in ("segment", "market", "records", "lost", "seconds", "MiB", "packed to", "end"):
        table.add_column(column, justify="left" if column in ("segment", "market", "end") else "right")
    for each in reader.summaries:
        table.add_row(*_row(each))
    console = Console()
    console.print(table)
    console.print(", ".join(f"{count:,} {name}" for name, count in sorted(kinds.items())) or "no records")


@app.command("parquet")
def parquet(
    path: Where, out: Annotated[Path, typer.Option(help="The Parquet file.")] = Path("recording.parquet")
) -> None:
    """Convert a recording to Parquet: one row a record."""
    reader = RecordingReader(segments_of(path))
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading")
        market = segments_market(path)
        rows = write_parquet(
            reader.records(), market, out, lambda count: progress.update(task, description=f"{count:,} rows")
        )
    typer.echo(f"{out}: {rows:,} rows of {market}")


def segments_market(path: Path) -> str:
    """The market of a recording."""
    reader = RecordingReader(segments_of(path)[:1])
    next(reader.records(), None)
    return reader.summaries[0].head.market


def _row(each: SegmentSummary) -> tuple[str, ...]:
    seconds = (each.last_ns - each.first_ns) / 1e9
    packed = each.file_bytes / each.raw_bytes if each.raw_bytes else 1.0
    end = "closed" if each.closed else f"cut off, {each.torn_bytes:,} torn bytes left out"
    return (
        each.path.name,
        each.head.market,
        f"{each.records:,}",
        f"{each.lost:,}",
        f"{seconds:,.1f}",
        f"{each.raw_bytes / 2**20:,.1f}",
        f"{packed:.0%}",
        end,
    )
