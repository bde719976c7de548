"""`trimaran run`: a desk that trades, with what its settings file says."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import sys
from typing import Annotated, Final

import typer
import uvloop

from trimaran.domain.instrument import MarketName
from trimaran.live.config_check import check_settings
from trimaran.live.run_config import RunSettings, read_run_config
from trimaran.live.run_credentials import credentials_of
from trimaran.live.run_desk import RunDesk
from trimaran.live.settings import WrongSettings
from trimaran.native._hot import Hot
from trimaran.ops.cli_journal import PROJECTOR
from trimaran.ops.desk_run import DeskRun, run_desk, teller
from trimaran.ops.lifetime import end_when_stdin_closes
from trimaran.ops.options import JsonOut, Seconds, UntilStdinCloses
from trimaran.ops.result_file import result_file
from trimaran.ops.run_options import RUN_FILE, RunFile, keys_of
from trimaran.venues.wire.clock import SystemClock

UMASK: Final = 0o077  # what a desk writes is nobody else's


def run(
    config: RunFile = RUN_FILE,
    seconds: Seconds = None,
    json_file: JsonOut = None,
    status: Annotated[bool, typer.Option("--status", help="Print a JSON status while it runs.")] = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run a desk that trades: on simulators, test networks, or for real. See docs/run.md."""
    os.umask(UMASK)
    settings = read_run_config(config)
    store = keys_of(settings)
    findings = list(check_settings(settings, store))
    if findings:
        raise WrongSettings(str(config), findings)
    credentials = credentials_of(settings, store)
    for market in settings.config.markets:
        credentials(MarketName(market))  # a passphrase is asked for now, and not in the middle of the start
    if until_stdin_closes:
        end_when_stdin_closes()
    holder, version = secrets.token_hex(8), importlib.metadata.version("trimaran")
    with result_file(json_file) as out:

        async def trade() -> None:
            desk = RunDesk(
                settings,
                credentials,
                SystemClock(),
                Hot,
                teller(),
                holder=holder,
                version=version,
                projector=_projector(settings),
            )
            await run_desk(desk, DeskRun(seconds, status, out))

        uvloop.run(trade())


def _projector(settings: RunSettings) -> list[str]:
    """The command that keeps tables beside the journal."""
    if not settings.config.journal.projection:
        return []
    return [sys.executable, "-m", PROJECTOR, str(settings.state), "--until-stdin-closes"]
