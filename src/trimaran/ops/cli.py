"""The `trimaran` command: the one place where everything is put together."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from trimaran.backtest.replay import Replay, ReplayReport
from trimaran.backtest.run import ReplayOptions, prepare
from trimaran.base.errors import TrimaranError
from trimaran.live.config import DeskConfig
from trimaran.live.runner import DeskRunner
from trimaran.native._hot import Hot
from trimaran.ops import (
    cli_config,
    cli_desk,
    cli_doctor,
    cli_journal,
    cli_keys,
    cli_kill,
    cli_recording,
    cli_run,
)
from trimaran.ops.demo import DemoOptions, run_demo
from trimaran.ops.desk_run import DeskRun, run_desk, teller
from trimaran.ops.lifetime import end_when_stdin_closes
from trimaran.ops.options import (
    ConfigFile,
    DeskSymbols,
    DeskVenues,
    Environment,
    JsonOut,
    Rate,
    Seconds,
    Seed,
    Symbols,
    UntilStdinCloses,
    Venues,
    desk_config,
    split,
)
from trimaran.ops.result_file import result_file
from trimaran.ops.simulation import with_habits
from trimaran.strategies.catalogue import STRATEGIES
from trimaran.strategies.port import Strategy
from trimaran.venues.simulators import SimulatorOptions, serve
from trimaran.venues.wire.clock import SystemClock

app = typer.Typer(
    help="Trimaran: quantitative trading for crypto markets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
DEMO_SYMBOLS: Final = "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT"
SIMULATED_VENUES: Final = ",".join(SimulatorOptions().venues)
SIMULATED_SYMBOLS: Final = ",".join(SimulatorOptions().symbols)
DESK_INVENTORY: Final = {"BTC": Decimal("0.5"), "ETH": Decimal(10)}
DESK_EXPOSURES: Final = {"BTC": Decimal(1), "ETH": Decimal(20)}
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_config.app, name="config")
app.add_typer(cli_journal.app, name="journal")
app.add_typer(cli_recording.app, name="recording")
app.command("doctor")(cli_doctor.examine)
app.command()(cli_run.run)
app.command()(cli_kill.kill)
cli_desk.register(app)
app.command()(cli_recording.record)


@app.command()
def demo(
    seconds: Seconds = None,
    json_file: JsonOut = None,
    headless: Annotated[bool, typer.Option("--headless", help="Plain lines instead of a screen.")] = False,
    venues: Venues = SIMULATED_VENUES,
    symbols: Symbols = DEMO_SYMBOLS,
    seed: Seed = 1,
    rate: Rate = 1.0,
) -> None:
    """Run simulated exchanges and a desk that trades on them, and watch them."""
    options = DemoOptions(split(venues), split(symbols), seed, rate, seconds, json_file, headless)
    raise typer.Exit(run_demo(options))


@app.command()
def desk(
    config: ConfigFile = None,
    environment: Environment = None,
    venues: DeskVenues = None,
    symbols: DeskSymbols = None,
    seconds: Seconds = None,
    json_file: JsonOut = None,
    status: Annotated[bool, typer.Option("--status", help="Print a JSON status 4 times a second.")] = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run a desk on real market data, with paper money."""
    if until_stdin_closes:
        end_when_stdin_closes()
    settings = desk_config(config, environment, venues, symbols, DESK_INVENTORY, DESK_EXPOSURES)
    with result_file(json_file) as out:
        uvloop.run(_desk(settings, DeskRun(seconds, status, out)))


@app.command()
def simulate(
    venues: Venues = SIMULATED_VENUES,
    port_base: Annotated[int, typer.Option(min=0, max=65_000, help="First port; 0: any free ports.")] = 0,
    seed: Seed = 1,
    symbols: Symbols = SIMULATED_SYMBOLS,
    rate: Rate = 1.0,
    seconds: Seconds = None,
    limits: Annotated[str, typer.Option(help="The venues' limits of requests: venue or off.")] = "venue",
    faults: Annotated[Path | None, typer.Option(help="Faults from the start, JSON.")] = None,
    htx_ids: Annotated[str, typer.Option(help="HTX's client order ids: unique or free.")] = "free",
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Serve simulated venues on this machine; prints one JSON line with addresses and keys when ready."""
    if until_stdin_closes:
        end_when_stdin_closes()
    options = SimulatorOptions(
        seed=seed,
        venues=split(venues),
        symbols=split(symbols),
        rate=rate,
        port_base=port_base,
        seconds=seconds,
    )
    uvloop.run(serve(with_habits(options, limits, faults, htx_ids)))


@app.command()
def replay(
    files: Annotated[list[str], typer.Argument(help="Captures: FILE or MARKET:FILE, as binance.usdm:x.gz.")],
    json_file: JsonOut = None,
    twin: Annotated[bool, typer.Option("--twin", help="Use the plain Python core (slow).")] = False,
    trade: Annotated[bool, typer.Option("--trade", help="Let the strategies trade on paper.")] = False,
) -> None:
    """Push recorded captures through the same engine as live, and check the books against the tape."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with (
        result_file(json_file) as out,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("reading")
        run: Replay = prepare(
            ReplayOptions(files=tuple(files), twin=twin, trade=trade),
            lambda count: progress.update(task, description=f"{count:,} frames"),
        )
        report = run.run()
        if out is not None:
            out.write(report)
    _print_replay(report)


def main() -> None:
    """Entry point: errors of the outside world are one line, not a traceback."""
    try:
        app()
    except TrimaranError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"trimaran: {error}", style="red", highlight=False, markup=False)
        sys.exit(2)


async def _desk(config: DeskConfig, run: DeskRun) -> None:
    await run_desk(DeskRunner(config, SystemClock(), Hot, _strategies, teller()), run)


def _strategies() -> list[Strategy]:
    return [make() for make in STRATEGIES.values()]


def _print_replay(report: ReplayReport) -> None:
    table = Table(box=None)
    for name in ("market", "frames", "book", "gaps", "crossings", "top equal", "clock offset", "errors"):
        table.add_column(name, justify="left" if name in ("market", "book") else "right")
    for name, row in report.markets.items():
        offset = "" if row.clock_offset_ms is None else f"{row.clock_offset_ms:,.1f} ms"
        errors = sum(row.errors.values()) + row.broken_lines
        cells = (f"{row.frames:,}", row.book, str(row.gaps), str(row.crossings))
        table.add_row(name, *cells, f"{row.top_equal:,} of {row.top_checked:,}", offset, str(errors))
    console = Console()
    console.print(table)
    if report.edge.states and report.edge.sell_spot_mean_bps is not None:
        console.print(
            f"edge before fees: {report.edge.states:,} states, buying spot gained in "
            f"{report.edge.buy_spot_positive:,}; selling spot {report.edge.sell_spot_mean_bps:.3f} bps "
            f"on average, {report.edge.sell_spot_max_bps:.3f} at most",
            highlight=False,
        )


if __name__ == "__main__":
    main()
