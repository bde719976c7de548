"""Runs every benchmark, prints the table and writes `results.json`: `make bench`.

`--quick` is a short run that only shows that everything works; its figures mean little. `--only` with
`--merge` measures some rows anew and keeps the others as an earlier run has left them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks import (
    capture_replay,
    cpu_per_message,
    desk_60,
    frame_to_book,
    kill_storm,
    ledger_fill,
    memory_per_book,
    order_entry,
    order_life,
    order_round_trip,
    orders_per_second,
    risk_gate,
    scan_update,
    simulated_order,
    simulator_throughput,
    soak,
    socket_at_rate,
    socket_to_decision,
    tick_to_order,
    watch_books,
)
from benchmarks.plan import QUICK, Plan
from benchmarks.rows import Row, Skipped
from benchmarks.sides import SideFailedError, Sides

COLUMNS = 132  # of output that is no terminal
RESULTS = Path(__file__).with_name("results.json")
BENCHMARKS: tuple[tuple[str, Callable[[Sides, Plan, Path], Sequence[Row | Skipped]]], ...] = (
    (frame_to_book.NAME, frame_to_book.measure),
    (capture_replay.NAME, capture_replay.measure),
    (scan_update.NAME, scan_update.measure),
    (ledger_fill.NAME, ledger_fill.measure),
    (risk_gate.NAME, risk_gate.measure),
    (socket_to_decision.NAME, socket_to_decision.measure),
    (socket_at_rate.NAME, socket_at_rate.measure),
    (memory_per_book.NAME, memory_per_book.measure),
    (cpu_per_message.NAME, cpu_per_message.measure),
    (order_life.NAME, order_life.measure),
    (simulated_order.NAME, simulated_order.measure),
    (order_entry.NAME, order_entry.measure),
    (order_round_trip.NAME, order_round_trip.measure),
    (tick_to_order.NAME, tick_to_order.measure),
    (orders_per_second.NAME, orders_per_second.measure),
    (kill_storm.NAME, kill_storm.measure),
    (simulator_throughput.NAME, simulator_throughput.measure),
    (watch_books.NAME, watch_books.measure),
    (desk_60.NAME, desk_60.measure),
    (soak.NAME, soak.measure),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, writes, prints."""
    options = parse(arguments)
    console = Console()
    if not console.is_terminal:
        console.width = COLUMNS
    try:
        lines = measured(QUICK if options.quick else Plan(), options.only, console)
    except SideFailedError as error:
        console.print(f"benchmarks: {error}", style="red")
        return 1
    rows = [line for line in lines if isinstance(line, Row)]
    earlier = kept(options.output, rows) if options.merge else []
    options.output.write_bytes(encoded([*earlier, *rows]))
    console.print(table(rows))
    for number, row in enumerate(rows, start=1):
        console.print(f"{number}. {row.name}: {row.conditions}", highlight=False)
    for line in lines:
        if isinstance(line, Skipped):
            console.print(f"{line.name}: skipped: {line.reason}")
    console.print(f"written: {options.output}")
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.run", description="Trimaran beside its peers, in one run."
    )
    parser.add_argument("--quick", action="store_true", help="a short run; its figures mean little")
    parser.add_argument(
        "--only", action="append", choices=[name for name, _ in BENCHMARKS], help="may repeat"
    )
    parser.add_argument(
        "--merge", action="store_true", help="keep the rows that the output has already and this run does not"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the rows go, as JSON")
    return parser.parse_args(arguments)


def measured(plan: Plan, only: Sequence[str] | None, console: Console) -> list[Row | Skipped]:
    """The lines of all benchmarks, one after another."""
    lines: list[Row | Skipped] = []
    with Sides(plan.rounds) as sides, tempfile.TemporaryDirectory() as folder:
        for name, measure in BENCHMARKS:
            if not only or name in only:
                with console.status(name):
                    lines += measure(sides, plan, Path(folder))
    return lines


def kept(output: Path, rows: Sequence[Row]) -> list[Row]:
    """The rows of an earlier run, as they were, but for those that were measured anew."""
    earlier = msgspec.json.decode(output.read_bytes(), type=list[Row]) if output.exists() else []
    measured_now = {row.name for row in rows}
    return [row for row in earlier if row.name not in measured_now]


def encoded(rows: Sequence[Row]) -> bytes:
    """The rows as indented JSON with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n"


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal; a ratio above one is better for us. The conditions follow, by number."""
    shown = Table(title="Trimaran beside its peers, measured in one run")
    for heading in ("", "row", "ours", "unit", "peer", "peer's", "ratio"):
        number = heading in {"", "ours", "peer's", "ratio"}
        shown.add_column(heading, justify="right" if number else "left", no_wrap=number)
    for place, row in enumerate(rows, start=1):
        shown.add_row(str(place), row.name, figure(row.value), row.unit, *comparison(row))
    return shown


def comparison(row: Row) -> tuple[str, str, str]:
    """The peer's part of a row, or dashes."""
    if row.peer is None or row.peer_value is None or row.ratio is None:
        return "absent", "-", "-"
    return row.peer, figure(row.peer_value), f"{row.ratio:.2f}"


def figure(value: float) -> str:
    """Three significant places below a thousand, whole above."""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
