"""`trimaran doctor`: whether this machine and these settings are fit to run a desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console
from rich.text import Text

from trimaran.base.errors import TrimaranError
from trimaran.live import doctor
from trimaran.live.config_check import check_settings
from trimaran.live.doctor import Line, Verdict
from trimaran.live.run_config import RunSettings, read_run_config
from trimaran.live.run_credentials import credentials_of
from trimaran.ops.run_options import RUN_FILE, AsJson, keys_of, print_json
from trimaran.venues.wire.clock import SystemClock

STYLE: Final = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


def examine(
    config: Annotated[Path, typer.Option("--config", help="Settings of the desk, TOML.")] = RUN_FILE,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no venue.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look over this machine and a settings file: one line a thing, and what to do about it."""
    lines = [*doctor.machine(), *_of_settings(config, offline)]
    if as_json:
        print_json(lines)
    else:
        console = Console(soft_wrap=True)
        for line in lines:
            advice = f"; {line.advice}" if line.advice else ""
            verdict = (f"{line.verdict.value:<5}", STYLE[line.verdict])
            console.print(Text.assemble(verdict, f"{line.what}: {line.found}{advice}"))
    raise typer.Exit(1 if any(line.verdict is Verdict.FAIL for line in lines) else 0)


def _of_settings(config: Path, offline: bool) -> list[Line]:
    try:
        settings = read_run_config(config)
        store = keys_of(settings)
        findings = list(check_settings(settings, store))
    except TrimaranError as error:
        return [doctor.failed(error)]
    lines = [Line("settings", Verdict.FAIL, str(each), "see `trimaran config check`") for each in findings]
    if not findings:
        lines = [Line("settings", Verdict.OK, str(config))]
    lines += [*doctor.disk(settings), *doctor.journal(settings)]
    return lines if offline else lines + _venues(settings)


def _venues(settings: RunSettings) -> list[Line]:
    credentials = credentials_of(settings, keys_of(settings))
    return uvloop.run(doctor.venues(settings, credentials, SystemClock()))
