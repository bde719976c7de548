"""Keeps the journal of a desk as tables: a program of its own, beside the desk or by hand.

trimaran journal project STATE
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated, Final

import typer
from sqlalchemy.exc import SQLAlchemyError

from trimaran.base.errors import TrimaranError
from trimaran.live.projector import run_projector
from trimaran.ops.cli_journal import Folder, journal_in
from trimaran.ops.lifetime import end_when_stdin_closes, ending_signals
from trimaran.ops.options import UntilStdinCloses

TABLES: Final = "tables.sqlite"
NICENESS: Final = 19


def project(
    folder: Folder,
    database: Annotated[
        str | None,
        typer.Option(help="Address of the database.", show_default="tables.sqlite beside the journal"),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the tables have all that is there.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Empty the tables first.")] = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Keep the journal as tables (SQLite) for queries, at the lowest priority, until it is told to end."""
    journal, told = journal_in(folder), threading.Event()
    for number in ending_signals():
        signal.signal(number, lambda *_: told.set())
    if until_stdin_closes:
        end_when_stdin_closes()
    url = database or f"sqlite:///{journal.parent / TABLES}"
    run_projector(journal, url, told, rebuild=rebuild, once=once, niceness=NICENESS)


def main() -> None:
    """Entry point: errors of the outside world are one line."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(project)
    try:
        app(prog_name="trimaran journal project")
    except (TrimaranError, SQLAlchemyError, OSError) as error:
        typer.echo(f"trimaran: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
