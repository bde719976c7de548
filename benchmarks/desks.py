"""Desks that trade, as processes of the benchmarks, and the scripted venue that answers them at once."""

from __future__ import annotations

import contextlib
import copy
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.sides import Figures, SideFailedError, SideProcess

PYTHON = Path(sys.executable)
SCRIPTED = ("binance.spot", "binance.usdm")  # the markets of the scripted venue
TRADED = "binance.usdm"  # where orders go there
FAST, DURABLE = "fast", "durable"


class Scripted(msgspec.Struct, frozen=True):
    """A scripted venue: its process, where it is, and the addresses that a desk is given."""

    process: SideProcess
    ws: str
    addresses: Mapping[str, Any]


@contextlib.contextmanager
def scripted_venue(told: Mapping[str, Any]) -> Iterator[Scripted]:
    """A venue before the simulator whose addresses are `told`: books and orders are its own."""
    process = SideProcess(PYTHON, "scripted_venue.py")
    try:
        simulator = told["venues"]["binance"]["usdm"]["rest"]
        ports = process.ask(task="serve", simulator=simulator)
        yield Scripted(process, ports["ws"], _addresses(told, ports))
    finally:
        process.close()


@contextlib.contextmanager
def trading_desk(
    folder: Path,
    addresses: Mapping[str, Any],
    markets: Sequence[str],
    durability: str,
    assets: Sequence[str] = ("BTC",),
    orders_on: Sequence[str] = (TRADED,),
    options: str = "",
) -> Iterator[SideProcess]:
    """A desk in a process of its own, with a state of its own in `folder`; ready to trade."""
    process = SideProcess(PYTHON, "trading_desk.py")
    try:
        process.ask(
            task="open",
            folder=str(folder),
            addresses=addresses,
            markets=markets,
            assets=assets,
            durability=durability,
            orders_on=orders_on,
            options=options,
        )
        yield process
        process.ask(task="close")
    finally:
        process.close()
        shutil.rmtree(folder, ignore_errors=True)


def sound(figures: Figures) -> Figures:
    """The figures of a desk of which no order was refused, or dropped. Raises SideFailedError."""
    if figures["refused"] or figures["dropped"]:
        raise SideFailedError(f"expected that every order leaves, found {figures}")
    return figures


def _addresses(told: Mapping[str, Any], ports: Mapping[str, str]) -> Mapping[str, Any]:
    """Those of a simulator, with books and the order line of the perpetual at the scripted venue."""
    changed: dict[str, Any] = copy.deepcopy(dict(told))
    spot, usdm = (changed["venues"]["binance"][kind] for kind in ("spot", "usdm"))
    spot["rest"] = usdm["rest"] = ports["rest"]
    spot["ws"] = f"{ports['ws']}/spot"
    usdm["ws_public"] = f"{ports['ws']}/usdm/public"
    usdm["ws_market"] = f"{ports['ws']}/usdm/market"
    usdm["ws_api"] = f"{ports['ws']}/orders"
    return changed
