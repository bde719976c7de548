"""What the command `simulate` reads from its options and files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.venues.htx.simulator.venue import HtxRules
from trimaran.venues.sim.faults import FaultPlan
from trimaran.venues.simulators import SimulatorOptions

LIMITS: Final = {"venue": True, "off": False}


def with_habits(
    options: SimulatorOptions, limits: str, faults: Path | None, htx_ids: str
) -> SimulatorOptions:
    """Options with what the venues enforce and do wrong. Raises ConfigError."""
    if limits not in LIMITS:
        raise ConfigError(f"limits: expected one of {', '.join(LIMITS)}, found {limits!r}")
    return msgspec.structs.replace(
        options,
        limits=LIMITS[limits],
        faults=FaultPlan() if faults is None else read_faults(faults),
        htx=HtxRules(ids=htx_ids),
    )


def read_faults(path: Path) -> FaultPlan:
    """A plan of faults as `POST /admin/faults` takes it. Raises ConfigError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=FaultPlan)
    except OSError as error:
        raise ConfigError(
            f"faults: expected a file that can be read, found {path} ({error.strerror})"
        ) from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"faults: {path}: {error}") from None
