"""Questions and commands to a running desk: orders, positions, balances, pnl, cancels, limits, releases.

Everything goes over the desk's control socket; what a command changes is written down with the user's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from trimaran.live.control_port import (
    AskBalances,
    AskLimits,
    AskOrders,
    AskPnl,
    AskPositions,
    CancelAll,
    CancelOne,
    Reconcile,
    Release,
    SetLimits,
)
from trimaran.live.run_limits import EXAMPLE, read_limits_text
from trimaran.ops.run_options import RUN_FILE, AsJson, RunFile, State, ask, print_json

limits = typer.Typer(help="Limits of risk.", no_args_is_help=True, pretty_exceptions_enable=False)

ORDER_COLUMNS: Final = (
    "id",
    "market",
    "symbol",
    "side",
    "price",
    "size",
    "filled",
    "state",
    "age_s",
    "strategy",
)
POSITION_COLUMNS: Final = (
    "market",
    "symbol",
    "size",
    "average_price",
    "mark",
    "unrealised",
    "liquidation_price",
)
BALANCE_COLUMNS: Final = ("market", "asset", "amount")
DIFFERENCE_COLUMNS: Final = ("market", "kind", "subject", "ours", "theirs", "done")
PNL_ROWS: Final = ("quote", "realised", "unrealised", "fees", "total")
RIGHT: Final = (
    "price",
    "size",
    "filled",
    "age_s",
    "average_price",
    "mark",
    "unrealised",
    "liquidation_price",
    "amount",
    "ours",
    "theirs",
)

Market = Annotated[str | None, typer.Option("--market", help="Only this market, as okx.swap.")]


def orders(
    ended: Annotated[bool, typer.Option("--ended", help="Also those that have ended lately.")] = False,
    config: RunFile = RUN_FILE,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Show the orders of a running desk that are open, or whose fate is not known yet."""
    _show(ask(config, state, AskOrders(ended)), ORDER_COLUMNS, as_json, "no orders")


def positions(config: RunFile = RUN_FILE, state: State = None, as_json: AsJson = False) -> None:
    """Show the positions of a running desk."""
    _show(ask(config, state, AskPositions()), POSITION_COLUMNS, as_json, "no positions")


def balances(config: RunFile = RUN_FILE, state: State = None, as_json: AsJson = False) -> None:
    """Show the balances that the ledger of a running desk has."""
    _show(ask(config, state, AskBalances()), BALANCE_COLUMNS, as_json, "no balances")


def pnl(config: RunFile = RUN_FILE, state: State = None, as_json: AsJson = False) -> None:
    """Show profit and loss of a running desk, at the marks of now."""
    found = ask(config, state, AskPnl())
    if as_json:
        print_json(found)
        return
    for name in PNL_ROWS:
        typer.echo(f"{name:<12}{found[name]:>20}")
    if not found["marks_live"]:
        typer.echo("not every book that gives a mark is live")


def cancel(
    order: Annotated[int, typer.Argument(help="The client order id.")],
    config: RunFile = RUN_FILE,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Cancel one open order of a running desk."""
    found = ask(config, state, CancelOne(order))
    print_json(found) if as_json else typer.echo(f"{order}: cancel asked for")


def cancel_all(
    market: Market = None, config: RunFile = RUN_FILE, state: State = None, as_json: AsJson = False
) -> None:
    """End every open order of the accounts of a running desk, ours or not, and see that it has ended.

    The strategies go on; to stop them as well, there is `trimaran kill`.
    """
    found = ask(config, state, CancelAll(market))
    if as_json:
        print_json(found)
    else:
        for name, row in found.items():
            said = f"{row['left']} orders are still open" if row["left"] else "nothing is open"
            typer.echo(f"{name}: {row['trouble'] or said}")
    raise typer.Exit(1 if any(row["left"] or row["trouble"] for row in found.values()) else 0)


def reconcile(
    market: Market = None, config: RunFile = RUN_FILE, state: State = None, as_json: AsJson = False
) -> None:
    """Compare a running desk with its venues now, and print the differences."""
    found = ask(config, state, Reconcile(market))
    if as_json:
        print_json(found)
    else:
        _show(found["differences"], DIFFERENCE_COLUMNS, False, "no differences")
        for name, row in found["markets"].items():
            typer.echo(f"{name}: {'ready' if row['ready'] else 'not ready: ' + row['text']}")
    ready = all(row["ready"] for row in found["markets"].values())
    raise typer.Exit(0 if ready and not found["differences"] else 1)


def release(
    instrument: Annotated[str, typer.Argument(help="The instrument, as okx.swap:BTC-USDT-SWAP.")],
    config: RunFile = RUN_FILE,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Let a running desk trade again where it found a contradiction. Look into it first."""
    found = ask(config, state, Release(instrument))
    print_json(found) if as_json else typer.echo(f"{instrument}: released")


@limits.command("show")
def show_limits(config: RunFile = RUN_FILE, state: State = None, as_json: AsJson = False) -> None:
    """Print the limits that a running desk has in force, as a file."""
    found = ask(config, state, AskLimits())
    if as_json:
        print_json(found)
    else:
        typer.echo(f"# version {found['version']}, set by {found['actor']}, digest {found['digest']}")
        typer.echo(found["text"], nl=not found["text"].endswith("\n"))


@limits.command("example")
def example_limits() -> None:
    """Print a limits file to begin with."""
    typer.echo(EXAMPLE, nl=False)


@limits.command("set")
def set_limits(
    file: Annotated[Path, typer.Argument(help="A limits file.")],
    config: RunFile = RUN_FILE,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Put the limits of a file in force in a running desk; the whole file, or nothing of it."""
    found = ask(config, state, SetLimits(read_limits_text(file)))
    print_json(found) if as_json else typer.echo(f"version {found['version']} is in force")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (orders, positions, balances, pnl, cancel, reconcile, release):
        app.command()(command)
    app.command("cancel-all")(cancel_all)
    app.add_typer(limits, name="limits")


def _show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool, nothing: str) -> None:
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo(nothing)
        return
    table = Table(box=None)
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right" if name in RIGHT else "left")
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in columns))
    Console().print(table)
