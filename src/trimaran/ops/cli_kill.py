"""`trimaran kill`: stops a desk, from any terminal of its user, whatever else still works.

A request file is written first: it is read before any further order leaves, also by a process that hangs now
and goes on later, and by the next one. Where the file cannot be written whole, an empty one is tried, which
kills all, and then a signal. The rest is waiting for what the desk says of it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from trimaran.base.errors import ConfigError
from trimaran.domain.kill import KillScope
from trimaran.live.kill_files import CancelRow, KillAnswer, KillFiles, KillRequest
from trimaran.live.kill_image import CODE_WINDOW_NS, Move
from trimaran.live.kill_offline import carry_out, has_run
from trimaran.ops.run_options import RUN_FILE, RunFile, State, state_of

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
LOOK_S: Final = 0.02


def kill(
    config: RunFile = RUN_FILE,
    state: State = None,
    scope: Annotated[
        str | None, typer.Option(help="all, venue:NAME, account:MARKET or strategy:NAME.", show_default="all")
    ] = None,
    reason: Annotated[str, typer.Option(help="For the record.")] = "",
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Let orders through that make a position smaller.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Print what stands, and change nothing.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Print what stands and the code that lifts it; or lift it.")
    ] = False,
    confirm: Annotated[str | None, typer.Option(help="With --reset: the code that it printed.")] = None,
    wait: Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait for the desk.")] = 15.0,
) -> None:
    """Stop orders at once and cancel what is open: of everything, or of one venue, account or strategy."""
    if confirm is not None and not reset:
        raise ConfigError("confirm: expected it with --reset, found it alone")
    folder = _folder(config, state)
    if scope is not None:
        KillScope.parse(scope)
    request = KillRequest(
        action="code" if status or (reset and confirm is None) else "reset" if reset else "kill",
        scope=scope if scope is not None or reset or status else "all",
        state="REDUCE_ONLY" if reduce_only else "RUNNING" if reset or status else "KILLED",
        actor=who(),
        reason=reason,
        code=confirm or "",
        local_ns=time.time_ns(),
    )
    raise typer.Exit(send(KillFiles(folder), folder, request, wait, show_code=not status, say=typer.echo))


def send(
    files: KillFiles,
    state: Path,
    request: KillRequest,
    wait_s: float,
    *,
    show_code: bool,
    say: Callable[[str], None],
) -> int:
    """Puts a request there, waits, and says what became of it; the exit status."""
    name = f"{request.local_ns:020d}.{secrets.token_hex(4)}"
    with files.alone() as nobody:
        if nobody:  # no process: it stands for the next one
            answer = carry_out(files, name, request, time.time_ns(), has_run(state))
            return _say_end(answer, request, show_code, say)
    if request.action == "kill":
        _drop_at_any_price(files, name, request, say)
    else:
        files.drop(name, request)
    told: KillAnswer | None = None
    end_s = time.monotonic() + wait_s
    while told is None or not told.done:
        answer_now = files.read_answer(name)
        if answer_now is not None and answer_now != told:
            _say_progress(told, answer_now, request, say)
            told = answer_now
        elif time.monotonic() > end_s:
            return _say_silence(told, wait_s, say)
        else:
            time.sleep(LOOK_S)
    return _say_end(told, request, show_code, say)


def _folder(config: Path, state: Path | None) -> Path:
    try:
        folder = state_of(config, state)
    except ConfigError as error:
        raise ConfigError(
            f"{error}\n(nothing was stopped: name the state folder itself with --state)"
        ) from None
    if not folder.is_dir():
        raise ConfigError(f"{folder}: expected the state folder of a desk, found none; nothing was stopped")
    return folder


def who() -> str:
    """Who asks, for the record: the user, and whom they were before `sudo`."""
    user = str(os.getuid())
    with contextlib.suppress(KeyError):
        user = pwd.getpwuid(os.getuid()).pw_name
    before = os.environ.get("SUDO_USER")
    return f"{user} (sudo by {before})" if before else user


def _drop_at_any_price(files: KillFiles, name: str, request: KillRequest, say: Callable[[str], None]) -> None:
    try:
        files.drop(name, request)
        return
    except (ConfigError, OSError) as error:
        say(f"the request cannot be written: {error}")
    try:
        (files.folder / "requests" / name).touch()
        say("an empty request is there instead: it kills ALL")
    except OSError as error:
        process = files.owner()
        if process is None:
            raise ConfigError(f"kill: nothing could be written, and no process is known: {error}") from None
        os.kill(process, signal.SIGUSR1)
        say(f"SIGUSR1 was sent to process {process} instead: it kills ALL")


def _say_progress(
    before: KillAnswer | None, now: KillAnswer, request: KillRequest, say: Callable[[str], None]
) -> None:
    if request.action != "kill" or now.refused:
        return
    if before is None:
        after_ms = (now.committed_ns - request.local_ns) / MS
        last = f"the last one left {(now.committed_ns - now.last_order_ns) / MS:,.1f} ms before that"
        say(
            f"{now.scope} is {now.state}: no order leaves since {after_ms:,.1f} ms after the request; "
            + (last if now.last_order_ns else "none has left before")
        )
    known = {row.market: row for row in before.cancels} if before is not None else {}
    for row in now.cancels:
        if row.proved_ns and not (row.market in known and known[row.market].proved_ns):
            after_ms = (row.proved_ns - now.committed_ns) / MS
            say(f"{row.market}: nothing is open, proved {after_ms:,.1f} ms after the stop")
    if now.kept_ns and not (before is not None and before.kept_ns):
        say("it is written: it stands after a restart")


def _say_end(answer: KillAnswer, request: KillRequest, show_code: bool, say: Callable[[str], None]) -> int:
    if answer.refused:
        say(f"REFUSED: {answer.refused}")
        return 1
    if answer.offline:
        say("no process of this desk runs: nothing can leave")
    if request.action == "kill":
        if answer.offline:
            say(f"{answer.scope} is {answer.state} for the next one, which will cancel what it finds open")
        open_ones = [row for row in answer.cancels if not row.proved_ns]
        for row in open_ones:
            say(_unproved(row))
        return 1 if open_ones else 0
    if answer.trouble:
        say(f"everything is KILLED: {answer.trouble}")
    if not answer.standing:
        say("no switch stands: orders may leave")
    for move in answer.standing:
        say(_standing(move))
    if request.action == "code" and show_code and answer.standing:
        seconds = CODE_WINDOW_NS // SECOND
        say(
            f"to set {answer.scope} to {answer.state}, repeat this command with --confirm {answer.code} "
            f"(good for {seconds} to {2 * seconds} s, while nothing changes)"
        )
    return 0


def _say_silence(told: KillAnswer | None, wait_s: float, say: Callable[[str], None]) -> int:
    if told is None:
        say(
            f"NO ANSWER within {wait_s:g} s: the process holds its folder and does not answer (stopped?). "
            "The request lies there, and is read before any further order leaves; orders that are open "
            "at the venues are not cancelled until then"
        )
    else:
        for row in told.cancels:
            if not row.proved_ns:
                say(_unproved(row))
        if not told.kept_ns:
            say("NOT WRITTEN yet: it stands in memory, and the request file for the next process")
    return 1


def _unproved(row: CancelRow) -> str:
    left = "how many orders are open is not known" if row.left is None else f"{row.left} orders are open"
    return f"{row.market}: NOT PROVED: {left}{': ' if row.text else ''}{row.text}"


def _standing(move: Move) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(move.local_ns // SECOND))
    reason = move.reason or "no reason given"
    return f"{move.scope.text}: {move.after.name} since {at} UTC, by {move.actor}: {reason}"
