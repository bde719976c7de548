"""Looks over a machine and a settings file before a desk runs with them: one line a thing, and what to do.

    ok     as it should be
    warn   a desk runs, and something of it will be worse than it could be
    fail   a desk would not start, or must not

Nothing is ordered and nothing is kept: the disk is timed with a file that is removed again.
"""

from __future__ import annotations

import enum
import importlib
import os
import platform
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError, JournalError, TrimaranError, VenueError
from trimaran.domain.instrument import MarketName
from trimaran.domain.ports import Clock
from trimaran.journal.disk import RealDisk
from trimaran.journal.open import verify_journal
from trimaran.live.account import Hosts, Surroundings, gate_of, market_asker
from trimaran.live.key_check import check_key
from trimaran.live.run_config import RunSettings, hosts_of
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.rest import RestClient, RestOptions

PYTHON_MIN: Final = (3, 11)
NATIVE: Final = ("trimaran.native._hot", "trimaran.native._matching")
OFFSET_MS_WARN: Final = 250.0
OFFSET_MS_MAX: Final = 900.0  # a venue refuses what is dated a second ahead
SYNCS: Final = 20
SYNC_MS_WARN: Final = 5.0
FREE_WARN: Final = 2 * 1024**3
FILES_MIN: Final = 1_024
BLOCK: Final = b"\0" * 4096

CredentialsOf = Callable[[MarketName], Credentials]


class Verdict(enum.Enum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Line(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""  # what to do; empty where nothing is


def machine() -> Iterator[Line]:
    """The interpreter, the native core, the open files limit."""
    found = platform.python_version()
    right = sys.version_info[:2] >= PYTHON_MIN
    yield Line(
        "python",
        Verdict.OK if right else Verdict.FAIL,
        found,
        "" if right else "install Python 3.11 or newer",
    )
    for name in NATIVE:
        try:
            importlib.import_module(name)
            yield Line("native core", Verdict.OK, name)
        except ImportError as error:
            yield Line("native core", Verdict.FAIL, f"{name}: {error}", "build it: make native")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = soft != resource.RLIM_INFINITY and soft < FILES_MIN
    advice = f"raise it: ulimit -n {FILES_MIN} (the hard limit is {hard})" if few else ""
    yield Line("open files", Verdict.WARN if few else Verdict.OK, f"at most {soft}", advice)


def disk(settings: RunSettings) -> Iterator[Line]:
    """The state folder: whose it is, its room, and how long a sync takes there."""
    folder = settings.state
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    found = f"{folder}" if nearest == folder else f"{folder}, which will be made"
    yield Line("state folder", Verdict.OK, found)
    free = shutil.disk_usage(nearest).free
    short = free < FREE_WARN
    advice = "make room: without it no new order is sent" if short else ""
    yield Line("free space", Verdict.WARN if short else Verdict.OK, f"{free / 1024**3:.1f} GiB", advice)
    try:
        times_ms = _sync_times_ms(nearest)
    except OSError as error:
        yield Line(
            "disk sync", Verdict.FAIL, f"{nearest}: {error.strerror}", "use a folder that can be written"
        )
        return
    slow = median(times_ms) > SYNC_MS_WARN
    advice = "`durable` orders wait for it: use a faster disk, or `fast` for IOC orders" if slow else ""
    text = f"p50 {median(times_ms):.2f} ms, longest {max(times_ms):.2f} ms of {SYNCS}"
    yield Line("disk sync", Verdict.WARN if slow else Verdict.OK, text, advice)


def journal(settings: RunSettings) -> Iterator[Line]:
    """The journal, read from its beginning to its end."""
    if not settings.journal.is_dir():
        yield Line("journal", Verdict.OK, "none yet: the first start makes it")
        return
    try:
        found = verify_journal(RealDisk.reading(settings.journal))
    except (JournalError, OSError) as error:
        advice = "do not start; keep a copy of the folder, and see docs/journal.md"
        yield Line("journal", Verdict.FAIL, str(error), advice)
        return
    text = f"records {found.first_sequence}..{found.last_sequence} in {found.segments} segments"
    text += f", {found.snapshots} snapshots{f'; {found.torn}' if found.torn else ''}"
    if found.damaged_snapshots:
        yield Line(
            "journal", Verdict.WARN, f"{text}; {found.damaged_snapshots[0]}", "an older snapshot is used"
        )
        return
    yield Line("journal", Verdict.OK, text)


async def venues(settings: RunSettings, credentials: CredentialsOf, clock: Clock) -> list[Line]:
    """Each venue: reached the way a desk reaches it, its clock, and what its keys may do."""
    try:
        hosts = hosts_of(settings)
    except ConfigError as error:
        return [Line("venues", Verdict.FAIL, str(error), "start the simulator, or correct the file")]
    lines: list[Line] = []
    for venue in dict.fromkeys(name.partition(".")[0] for name in hosts):
        own = {name: each for name, each in hosts.items() if name.startswith(f"{venue}.")}
        proxy = settings.config.proxies.get(venue)
        async with RestClient(clock, RestOptions(proxy=proxy)) as rest:
            lines += [
                await _clock_of(name, own, rest, clock, "through the proxy" if proxy else "") for name in own
            ]
            lines += await _keys_of(venue, own, credentials, rest, clock)
    return lines


async def _clock_of(market: MarketName, hosts: Hosts, rest: RestClient, clock: Clock, way: str) -> Line:
    entry = MARKETS[market]
    around = Surroundings(gate_of(entry.venue), rest, clock, random.Random())
    setup = AccountSetup(rest=entry.private.bases(hosts[market])["rest"], instruments={}, credentials=None)
    asker = market_asker(entry, setup, around)
    try:
        await asker.sync_clock()
    except VenueError as error:
        return Line(
            market, Verdict.FAIL, str(error), "see to the network, the proxy, or the hosts in the file"
        )
    now = asker.venue_clock.at(clock.monotonic_ns())
    offset_ms, bound_ms = (now.venue_ns - clock.wall_ns()) / 1e6, now.error_ns / 1e6
    beyond = max(abs(offset_ms) - bound_ms, 0.0)
    verdict = (
        Verdict.FAIL if beyond > OFFSET_MS_MAX else Verdict.WARN if beyond > OFFSET_MS_WARN else Verdict.OK
    )
    advice = (
        ""
        if verdict is Verdict.OK
        else "let a time service set this machine's clock (chrony, systemd-timesyncd)"
    )
    text = f"reached {way}".strip() + f", its clock {offset_ms:+.1f} ms of ours, give or take {bound_ms:.1f}"
    return Line(market, verdict, text, advice)


async def _keys_of(
    venue: str, hosts: Hosts, credentials: CredentialsOf, rest: RestClient, clock: Clock
) -> list[Line]:
    by_key: dict[str, tuple[Credentials, dict[MarketName, object]]] = {}
    lines: list[Line] = []
    for market in hosts:
        try:
            found = credentials(market)
        except ConfigError as error:
            lines.append(Line(f"key of {market}", Verdict.FAIL, str(error), "see `trimaran keys`"))
            continue
        by_key.setdefault(found.key, (found, {}))[1][market] = hosts[market]
    for key, (found, markets) in by_key.items():
        own: Mapping[MarketName, object] = markets
        checked = await check_key(venue, {name: hosts[name] for name in own}, found, rest, clock)
        what = f"key {key[:6]}... of {', '.join(own)}"
        if checked.refusal:
            lines.append(Line(what, Verdict.FAIL, checked.refusal, "see docs/keys.md"))
        elif checked.permissions is None or checked.permissions.may_withdraw is None:
            text = "trades; the venue does not say whether it may withdraw"
            lines.append(Line(what, Verdict.WARN, text, "see to it on the venue's page of keys"))
        else:
            lines.append(Line(what, Verdict.OK, "reads and trades, may not withdraw"))
    return lines


def _sync_times_ms(folder: Path) -> list[float]:
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, len(BLOCK) * SYNCS)
        os.fsync(file.fileno())
        for number in range(SYNCS):
            began_ns = time.perf_counter_ns()
            os.pwrite(file.fileno(), BLOCK, number * len(BLOCK))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter_ns() - began_ns) / 1e6)
    return times


def failed(error: TrimaranError) -> Line:
    """A line about what cannot be looked at, for it cannot be read."""
    return Line("settings", Verdict.FAIL, str(error), "see `trimaran config check`")
