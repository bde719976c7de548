"""The demo: simulated exchanges in one process, a desk in another, and this one to watch them.

The desk is `trimaran run`, as it trades live: the same accounts, journal and step, other hosts. It trades
with the demo accounts that the simulator prints, through the venues' private wire, and prints a status four
times a second. At the end it compares its ledger with what the venues say.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.live import Live

from trimaran.base.errors import TrimaranError
from trimaran.ops import view
from trimaran.ops.lifetime import interrupted_by_signals
from trimaran.ops.result_file import result_file
from trimaran.venues.sim.instruments import QUOTE, instruments_of
from trimaran.venues.simulators import SimulatorOptions

EXPOSURES: Final = {
    "BTC": "1.6",
    "ETH": "30",
    "SOL": "600",
    "XRP": "160000",
    "BNB": "160",
    "DOGE": "600000",
    "ADA": "200000",
    "LTC": "1000",
    "AVAX": "4000",
    "LINK": "8000",
}
LIMITS: Final = """\
version = 1
[default]
order_notional_max = 20000
collar_bps_max = 100
quote_age_ms_max = 2000
leverage_max = 5
open_orders_max = 20
rate_orders_max = 100
rate_window_ms = 1000
"""
READY_S_MAX: Final = 60.0
STOP_S_MAX: Final = 10.0
LOG_SHOWN: Final = 8_000  # characters
MODULE: Final = "trimaran.ops.cli"
RESULT: Final = "result.json"


class DemoError(TrimaranError):
    """A process of the demo did not start, or ended by itself."""


class DemoOptions(msgspec.Struct, frozen=True):
    """What `trimaran demo` was asked for."""

    venues: tuple[str, ...]
    symbols: tuple[str, ...]
    seed: int
    rate: float
    seconds: float | None
    json_file: Path | None
    headless: bool


def run_demo(options: DemoOptions) -> int:
    """Runs the demo until it ends or is interrupted. Returns the exit code. Raises DemoError, ConfigError."""
    simulated = SimulatorOptions(venues=options.venues, symbols=options.symbols)
    assets = tuple(dict.fromkeys(listing.instrument.base for listing in instruments_of(simulated.symbols)))
    options = msgspec.structs.replace(options, symbols=tuple(f"{asset}-{QUOTE}" for asset in assets))
    console = Console()
    names = ", ".join(simulated.venues)
    console.print(f"Starting simulated venues ({names}) and a desk that trades there; no account needed.")
    with (
        result_file(options.json_file) as out,
        interrupted_by_signals(),
        tempfile.TemporaryDirectory(prefix="trimaran-demo-") as folder,
    ):
        code = 1
        try:
            code = _run(options, Path(folder), console)
        except KeyboardInterrupt:
            code = 0
        finally:
            if code != 0:
                _show_logs(Path(folder))
        result = _result_in(Path(folder)) if code == 0 else None
        if result is not None:
            _show_differences(result, console)
            if out is not None:
                out.write(result)
                console.print(f"Result: {options.json_file}")
    return code


def _run(options: DemoOptions, folder: Path, console: Console) -> int:
    """Starts both processes, and stops both. An interrupt while they run is the ordinary end."""
    interrupted = False
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(_process(_simulate_command(options), folder / "simulator.log"))
        addresses = _first_line(simulator, "simulator")
        config = _write_settings(options, addresses, folder)
        desk = stack.enter_context(_process(_run_command(options, config), folder / "desk.log"))
        try:
            _watch(desk, simulator, options, console)
        except KeyboardInterrupt:
            interrupted = True
        code = _stop(desk)
    if code < 0:  # ended by a signal: ours, before it could listen, or somebody else's
        return 0 if interrupted else 1
    return code


def _result_in(folder: Path) -> dict[str, Any] | None:
    """What the desk has written; None where it was ended before it had begun."""
    try:
        return dict(json.loads((folder / RESULT).read_bytes()))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _show_differences(result: dict[str, Any], console: Console) -> None:
    """What the desk found when it compared its ledger with the venues, after the last order had ended."""
    found = result["differences"]
    text = "not compared" if found is None else f"{len(found)} differences"
    orders = result["order_counts"]["sent"]
    console.print(f"Ledger against the venues: {text}; {orders} orders, {len(result['fills'])} fills.")
    for row in found or ():
        line = (
            f"  {row['market']} {row['kind']} {row['subject']}: we have {row['ours']}, they {row['theirs']}"
        )
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _show_logs(folder: Path) -> None:
    """What the processes have said before they failed."""
    for log in sorted(folder.glob("*.log")):
        if text := log.read_text(errors="replace")[-LOG_SHOWN:].strip():
            Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def _simulate_command(options: DemoOptions) -> list[str]:
    market = ["--venues", ",".join(options.venues), "--symbols", ",".join(options.symbols)]
    return ["simulate", *market, "--seed", str(options.seed), "--rate", str(options.rate)]


def _run_command(options: DemoOptions, config: Path) -> list[str]:
    command = ["run", "--config", str(config), "--status", "--json", str(config.parent / RESULT)]
    if options.seconds is not None:
        command += ["--seconds", str(options.seconds)]
    return command


def _write_settings(options: DemoOptions, addresses: dict[str, Any], folder: Path) -> Path:
    """The settings of the desk, as a user would write them."""
    markets = [f"{venue}.{kind}" for venue, kinds in addresses["venues"].items() for kind in kinds]
    lines = [
        "[desk]",
        f"symbols = {json.dumps(options.symbols)}",
        'state = "state"',
        f"seed = {options.seed}",
        "[risk]",
        'limits = "limits.toml"',
        "[simulator]",
        'file = "simulator.json"',
        "[journal]",
        "segment_mib = 4",
        "projection = false",
        "[strategies.cross_market]",
        'durability = "fast"',
        *(line for name in markets for line in (f'[markets."{name}"]', 'hosts = "simulator"')),
    ]
    assets = [symbol.partition("-")[0] for symbol in options.symbols]
    exposures = [f"[asset.{asset}]\nexposure_base_max = {EXPOSURES[asset]}" for asset in assets]
    (folder / "simulator.json").write_text(json.dumps(addresses))
    (folder / "limits.toml").write_text("\n".join([LIMITS, *exposures, ""]))
    (folder / "run.toml").write_text("\n".join([*lines, ""]))
    return folder / "run.toml"


@contextlib.contextmanager
def _process(arguments: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is asked to stop, and then made to, when the demo ends.

    Its standard input is a pipe from here: should this process be killed, the kernel closes it, and the child
    ends by itself. Its standard error goes to `log`, because this process draws on the terminal.
    """
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, *arguments, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then stops them in order
        )
    try:
        yield process
    finally:
        _stop(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _stop(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_S_MAX
    while process.poll() is None and time.monotonic() < deadline:
        _drain(process)
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
    return process.wait()


def _drain(process: subprocess.Popen[bytes]) -> None:
    """Reads and forgets, so that a child that still writes can end."""
    assert process.stdout is not None
    if select.select([process.stdout], [], [], 0)[0]:
        os.read(process.stdout.fileno(), 65536)


def _first_line(process: subprocess.Popen[bytes], name: str) -> dict[str, Any]:
    for text in _lines(process, READY_S_MAX):
        return dict(json.loads(text))
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = process.wait(STOP_S_MAX)
        raise DemoError(f"{name}: expected a line of JSON, found it ended with {code}")
    raise DemoError(f"{name}: expected a line of JSON within {READY_S_MAX:.0f} s, found none")


def _lines(process: subprocess.Popen[bytes], timeout_s: float) -> Iterator[bytes]:
    """Lines of a child until it closes its output or says nothing for `timeout_s`."""
    assert process.stdout is not None
    descriptor, rest = process.stdout.fileno(), b""
    while select.select([descriptor], [], [], timeout_s)[0]:
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _watch(
    desk: subprocess.Popen[bytes], simulator: subprocess.Popen[bytes], options: DemoOptions, console: Console
) -> None:
    plain = options.headless or not console.is_terminal
    started_s, rates = time.monotonic(), view.Rates()
    with contextlib.ExitStack() as stack:
        show = _plain(console) if plain else _fullscreen(stack, console)
        for text in _lines(desk, READY_S_MAX):
            status = json.loads(text)
            rates.take(status)
            show(status, rates, time.monotonic() - started_s)
            if simulator.poll() is not None:
                raise DemoError(f"simulator: expected it to run, found it ended with {simulator.returncode}")


Show = Callable[[view.Status, view.Rates, float], None]


def _plain(console: Console) -> Show:
    last_s, told = -1.0, 0

    def show(status: view.Status, rates: view.Rates, elapsed_s: float) -> None:
        nonlocal last_s, told
        if elapsed_s - last_s >= 1.0:
            last_s = elapsed_s
            text = view.line(status, rates, elapsed_s, told)
            told = view.last_number(status)
            console.print(text, soft_wrap=True, highlight=False, markup=False)

    return show


def _fullscreen(stack: contextlib.ExitStack, console: Console) -> Show:
    live = stack.enter_context(Live(console=console, screen=True, auto_refresh=False))

    def show(status: view.Status, rates: view.Rates, elapsed_s: float) -> None:
        live.update(view.screen(status, rates, elapsed_s, *console.size), refresh=True)

    return show
