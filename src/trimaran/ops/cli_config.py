"""`trimaran config`: try a settings file out, explain its keys, print one to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimaran.live.config_check import check_settings
from trimaran.live.run_config import read_run_config
from trimaran.live.run_reference import example_file, explained
from trimaran.live.settings import Finding, WrongSettings
from trimaran.ops.run_options import RUN_FILE, AsJson, keys_of, print_json

app = typer.Typer(help="Settings of `trimaran run`.", no_args_is_help=True, pretty_exceptions_enable=False)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="Settings of a desk, TOML.")] = RUN_FILE,
    as_json: AsJson = False,
) -> None:
    """Read a settings file and everything that it names; tell all that is wrong. Nothing is started."""
    findings = _findings_of(file)
    if as_json:
        print_json({"file": str(file), "findings": findings})
    else:
        for finding in findings:
            typer.echo(f"{file}: {finding}", err=True)
        typer.echo(f"{file}: {f'{len(findings)} findings' if findings else 'fit to run with'}")
    raise typer.Exit(1 if findings else 0)


@app.command("explain")
def explain(
    key: Annotated[str, typer.Argument(help="A key or a section, as journal or desk.symbols.")] = "",
) -> None:
    """Say what a key means, what may stand there, and what it is otherwise."""
    typer.echo(explained(key))


@app.command("example")
def example() -> None:
    """Print a settings file that works with the simulators, every key with its meaning."""
    typer.echo(example_file(), nl=False)


def _findings_of(file: Path) -> list[Finding]:
    try:
        settings = read_run_config(file)
    except WrongSettings as error:
        return list(error.findings)
    return list(check_settings(settings, keys_of(settings)))
