"""`trimaran journal`: read the record of a desk, and prove that it is whole; also while it is written."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from trimaran.base.errors import ConfigError, JournalError
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import read_journal, verify_journal
from trimaran.ops.run_options import AsJson, print_json

app = typer.Typer(help="Look at journals.", no_args_is_help=True, pretty_exceptions_enable=False)


PROJECTOR: Final = "trimaran.ops.projector"  # a program of its own: nobody else loads a database

Folder = Annotated[Path, typer.Argument(help="The folder of a journal, or the state folder of a desk.")]


@app.command("show")
def show(
    folder: Folder,
    after: Annotated[int | None, typer.Option(min=0, help="Only the records behind this number.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="So many, no more.")] = None,
) -> None:
    """Print the records, one line of JSON each, with their numbers."""
    entries = read_journal(RealDisk.reading(journal_in(folder)), after)
    try:
        for entry in itertools.islice(entries, count):
            sys.stdout.buffer.write(msgspec.json.encode(entry) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stdout = None  # `head` has seen enough; nothing is flushed at the exit


@app.command("verify")
def verify(folder: Folder, as_json: AsJson = False) -> None:
    """Read everything and prove every checksum. What was synced and cannot be read is told with its place."""
    try:
        found = verify_journal(RealDisk.reading(journal_in(folder)))
    except JournalError as error:
        if as_json:
            print_json({"whole": False, "error": str(error)})
        else:
            typer.echo(f"damaged: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print_json({"whole": True, **msgspec.structs.asdict(found)})
        return
    typer.echo(f"whole: records {found.first_sequence}..{found.last_sequence} in {found.segments} segments")
    typer.echo(f"synced up to {found.synced_sequence}; {found.snapshots} snapshots")
    for text in (found.torn, *found.damaged_snapshots):
        if text:
            typer.echo(text)


@app.command("project", context_settings={"ignore_unknown_options": True, "help_option_names": []})
def project(arguments: Annotated[list[str], typer.Argument(help="Those of the projector.")]) -> None:
    """Keep the journal as tables (SQLite) for queries; `--help` tells more."""
    os.execv(sys.executable, [sys.executable, "-m", PROJECTOR, *arguments])


def journal_in(folder: Path) -> Path:
    """The journal that a folder is, or has in it. Raises ConfigError."""
    inner = folder / "journal"
    found = inner if inner.is_dir() else folder
    if not found.is_dir():
        raise ConfigError(f"{folder}: expected the folder of a journal, found none")
    return found
