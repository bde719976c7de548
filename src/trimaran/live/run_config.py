"""The settings of `trimaran run`: one TOML file, read as a whole or not at all.

Its sections are in `run_sections.py`. Decimals are text or TOML numbers, read exactly. Paths are relative to
the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import MarketName
from trimaran.domain.pair import Pair
from trimaran.live.run_sections import (
    DeadManSettings,
    DeskSettings,
    JournalSettings,
    KeySettings,
    MarketSettings,
    RecordSettings,
    RiskSettings,
    SimulatorSettings,
    StatusSettings,
    StrategySettings,
)
from trimaran.live.settings import Finding, WrongSettings, joined, key, read_struct
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.dial import check_proxy
from trimaran.venues.wire.market_entry import Bases

SIMULATOR: Final = "simulator"
SECOND: Final = 1_000_000_000
FILE_BYTES_MAX: Final = 1_000_000
SOCKET: Final = "control.sock"


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; see the sections."""

    desk: DeskSettings
    markets: Mapping[str, MarketSettings]
    risk: RiskSettings
    strategies: StrategySettings = StrategySettings()
    keys: KeySettings = KeySettings()
    simulator: SimulatorSettings = SimulatorSettings()
    journal: JournalSettings = JournalSettings()
    proxies: Annotated[
        Mapping[str, str],
        key(
            "`[proxies]`: venue to the proxy that everything of it goes through",
            expected="http://[user:password@]host:port or socks5://... for each venue",
            secret=True,
        ),
    ] = {}
    dead_man: DeadManSettings = DeadManSettings()
    record: RecordSettings = RecordSettings()
    status: StatusSettings = StatusSettings()

    def __repr__(self) -> str:
        """Without proxies, which may have passwords."""
        return f"RunConfig(markets={list(self.markets)}, symbols={list(self.desk.symbols)})"

    def wanted(self) -> tuple[Pair, ...]:
        """The pairs, without repeats."""
        return tuple(dict.fromkeys(Pair.parse(symbol) for symbol in self.desk.symbols))

    def problems(self) -> Iterator[Finding]:
        """What is wrong with it beyond the form of each key."""
        for number, symbol in enumerate(self.desk.symbols):
            try:
                Pair.parse(symbol)
            except ConfigError:
                yield Finding(f"desk.symbols[{number}]", "a pair, as BTC-USDT", repr(symbol[:40]))
        if not self.markets:
            yield Finding("markets", f"some of {', '.join(MARKETS)}", "none")
        for name, market in self.markets.items():
            yield from self._market_problems(joined("markets", name), name, market)
        yield from self._dead_man_problems()
        venues = {name.partition(".")[0] for name in self.markets}
        for venue, proxy in self.proxies.items():
            if venue not in venues:
                expected = f"venues of the markets ({', '.join(sorted(venues))})"
                yield Finding(joined("proxies", venue), expected, "another one")
            try:
                check_proxy(proxy)
            except ConfigError:
                expected = "http://[user:password@]host:port or socks5://..."
                yield Finding(joined("proxies", venue), expected, "another form")

    def _dead_man_problems(self) -> Iterator[Finding]:
        after_ns = self.dead_man.after_s * SECOND
        for name in self.markets if after_ns else ():
            spec = MARKETS[MarketName(name)].private.spec.dead_man if name in MARKETS else None
            if spec is None:
                continue
            most_ns = spec.timeout_ns_max or after_ns
            if not spec.timeout_ns_min <= after_ns <= most_ns:
                bounds = f"{spec.timeout_ns_min // SECOND} to {most_ns // SECOND} for {name}"
                yield Finding("dead_man.after_s", f"0, or {bounds}", str(self.dead_man.after_s))

    def _market_problems(self, at: str, name: str, market: MarketSettings) -> Iterator[Finding]:
        if name not in MARKETS:
            yield Finding(at, f"one of {', '.join(MARKETS)}", "another market")
            return
        simulated = market.hosts == SIMULATOR
        if simulated and not self.simulator.file:
            yield Finding("simulator.file", f"a file, for {name} has hosts = {SIMULATOR!r}", "none")
        if not market.key and not simulated:
            yield Finding(f"{at}.key", "the name of a key", "none")
        if not simulated:
            hosts = market.hosts
            try:
                MARKETS[MarketName(name)].open(hosts)
                MARKETS[MarketName(name)].private.bases(hosts)
            except ConfigError as error:
                text = str(error).removeprefix(f"{name}: expected ")
                expected, _, found = text.partition(", found ")
                yield Finding(f"{at}.hosts", expected, found)


class RunSettings(msgspec.Struct, frozen=True):
    """A config with the folder that its paths are relative to."""

    config: RunConfig
    folder: Path

    def path(self, text: str) -> Path:
        """A path of the settings."""
        return self.folder / Path(text).expanduser()

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.path(self.config.desk.state)

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.state / SOCKET

    @property
    def journal(self) -> Path:
        """The folder of the journal."""
        return self.state / "journal"


class SimulatorLine(msgspec.Struct, frozen=True):
    """The line of `trimaran simulate`, as far as a desk needs it."""

    venues: Mapping[str, Mapping[str, Mapping[str, str]]]
    accounts: Mapping[str, Mapping[str, Any]] = {}


def parse_run_config(text: bytes, where: str = "config") -> RunConfig:
    """A config from TOML. Raises WrongSettings with everything that is wrong with it."""
    if len(text) > FILE_BYTES_MAX:
        raise WrongSettings(where, [Finding("file", f"at most {FILE_BYTES_MAX} bytes", "more")])
    try:
        table = tomllib.loads(text.decode("utf-8"), parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongSettings(where, [Finding("file", "TOML", str(error))]) from None
    findings: list[Finding] = []
    config = read_struct(RunConfig, table, "", findings)
    if config is not None:
        findings += config.problems()
    if config is None or findings:
        raise WrongSettings(where, findings)
    return config


def read_run_config(path: Path) -> RunSettings:
    """The settings of a file. Raises WrongSettings."""
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        found = error.strerror or "something else"
        raise WrongSettings(str(path), [Finding("file", "a file that can be read", found)]) from None
    return RunSettings(parse_run_config(text, str(path)), path.resolve().parent)


def read_simulator_line(path: Path) -> SimulatorLine:
    """What `trimaran simulate` printed. Raises ConfigError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SimulatorLine)
    except OSError as error:
        raise ConfigError(
            f"simulator.file: expected a file that can be read, found {path}: {error.strerror}"
        ) from None
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"simulator.file: expected the line of a simulator in {path}, found: {error}"
        ) from None


def hosts_of(settings: RunSettings) -> Mapping[MarketName, Bases | str]:
    """Where each market is; the simulator's addresses read from its file. Raises ConfigError."""
    hosts: dict[MarketName, Bases | str] = {}
    config = settings.config
    simulated = any(market.hosts == SIMULATOR for market in config.markets.values())
    line = read_simulator_line(settings.path(config.simulator.file)) if simulated else None
    for name, market in config.markets.items():
        if market.hosts != SIMULATOR:
            hosts[MarketName(name)] = market.hosts
            continue
        assert line is not None
        venue, _, kind = name.partition(".")
        found = line.venues.get(venue, {}).get(kind)
        if found is None:
            raise ConfigError(
                f"markets.{name}.hosts: expected a simulator with this market, found none in its file"
            )
        hosts[MarketName(name)] = found
    return hosts
