"""What several commands have in common: options with one meaning, and how their text is read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer

from trimaran.base.errors import ConfigError
from trimaran.live.config import DeskConfig, read_config
from trimaran.venues.registry import MARKETS

DESK_SYMBOLS: Final = "BTCUSDT,ETHUSDT"
DESK_ENVIRONMENT: Final = "live"
DESK_VENUES: Final = "binance"

Seconds = Annotated[float | None, typer.Option(min=0, help="End after so many seconds; without it, run on.")]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
Venues = Annotated[str, typer.Option(help="Venues, separated by commas.")]
Symbols = Annotated[str, typer.Option(help="Symbols, separated by commas.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Rate = Annotated[float, typer.Option(min=0.01, max=100, help="Multiplies the event rate of the market.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings of the desk, JSON.")]
Environment = Annotated[
    str | None,
    typer.Option(
        help="live, testnet, or data-only (Binance spot); not with --config.", show_default=DESK_ENVIRONMENT
    ),
]
DeskVenues = Annotated[
    str | None,
    typer.Option(
        "--venues", help="Venues, separated by commas; not with --config.", show_default=DESK_VENUES
    ),
]
DeskSymbols = Annotated[
    str | None,
    typer.Option(
        "--symbols", help="Symbols, separated by commas; not with --config.", show_default=DESK_SYMBOLS
    ),
]
UntilStdinCloses = Annotated[
    bool, typer.Option("--until-stdin-closes", hidden=True, help="End when the standard input does.")
]


def split(text: str) -> tuple[str, ...]:
    """The parts of a list with commas, without blanks and empty ones."""
    return tuple(part for part in (each.strip() for each in text.split(",")) if part)


def markets_of(venues: str) -> tuple[str, ...]:
    """The markets of some venues, in the order of the registry. Raises ConfigError."""
    wanted, known = split(venues), list(dict.fromkeys(name.partition(".")[0] for name in MARKETS))
    if not wanted or not set(wanted) <= set(known):
        raise ConfigError(f"venues: expected some of {', '.join(known)}, found {venues!r}")
    return tuple(name for name in MARKETS if name.partition(".")[0] in wanted)


def desk_config(
    path: Path | None,
    environment: str | None,
    venues: str | None,
    symbols: str | None,
    inventory: Mapping[str, Decimal],
    exposure_max: Mapping[str, Decimal],
) -> DeskConfig:
    """The settings of a desk: of a file, or of options. Raises ConfigError, also where both say the same."""
    if path is None:
        chosen = DESK_ENVIRONMENT if environment is None else environment
        return DeskConfig(
            markets=dict.fromkeys(markets_of(DESK_VENUES if venues is None else venues), chosen),
            symbols=split(DESK_SYMBOLS if symbols is None else symbols),
            inventory=inventory,
            exposure_max=exposure_max,
        )
    for name, value in (("environment", environment), ("venues", venues), ("symbols", symbols)):
        if value is not None:
            raise ConfigError(f"{name}: expected --config or --{name}, found both; the file says it already")
    try:
        return read_config(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"config: expected a readable file, found {path}: {error.strerror}") from None
