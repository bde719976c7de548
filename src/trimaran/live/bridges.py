"""Markets behind the bridge, in the settings of a desk: `{"kraken.spot": {"python": "..."}}`.

They are in no registry: the settings name an exchange of ccxt, and an interpreter that has ccxt. A desk reads
them like any other market, on the slow path; recordings leave them out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.instrument import ContractKind
from trimaran.domain.ports import Rng
from trimaran.venues.bridge.entry import Bridge, bridge_entry, opened
from trimaran.venues.bridge.spec import BridgeMarket

KINDS: Final = {"spot": ContractKind.SPOT, "swap": ContractKind.PERPETUAL}
DEPTH_MAX: Final = 400


class BridgeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an exchange of ccxt is reached."""

    python: str  # an interpreter that has ccxt
    config: Mapping[str, Any] = {}  # of ccxt's client
    urls: Mapping[str, Any] = {}  # in the place of ccxt's, by path: `api.rest`
    sandbox: bool = False
    depth: int = 50  # levels a side


def bridge_market(name: str, config: BridgeConfig) -> BridgeMarket:
    """The market `<exchange>.spot` or `<exchange>.swap`. Raises ConfigError."""
    exchange, _, kind = name.partition(".")
    if kind not in KINDS:
        raise ConfigError(
            f"bridges: expected an exchange with .spot or .swap, as kraken.spot, found {name!r}"
        )
    if not 1 <= config.depth <= DEPTH_MAX:
        raise ConfigError(f"bridges.{name}.depth: expected 1..{DEPTH_MAX}, found {config.depth}")
    market = bridge_entry(
        exchange, KINDS[kind], config=config.config, urls=config.urls, sandbox=config.sandbox
    )
    return msgspec.structs.replace(market, depth=config.depth)


def open_bridge(name: str, config: BridgeConfig, rng: Rng) -> contextlib.AbstractAsyncContextManager[Bridge]:
    """A child that is up, without credentials, for the time of a block. Raises ConfigError, RestError."""
    return opened(bridge_market(name, config), Path(config.python), None, rng)
