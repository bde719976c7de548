"""Rows `tick_to_order`: from a frame on the desk's socket to the order on its way, risk and journal on.

    frame -> decode, apply, scan -> strategy -> risk -> record -> written (fast) or synced (durable) -> send

A scripted venue in another process sends a ticker that makes a pair of books pay, one at a time; the desk
is all of `trimaran run`, with a strategy that answers with one IOC order. Two figures: in the desk, from the
stamp of the frame to the return of the call that sends the order, and between them, from the frame's
departure to the order's arrival as the venue sees it. Beside `fast` there is a client that echoes every
frame; beside `durable` a bare write with fdatasync of the same disk, and the `fast` figure, together.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.desks import DURABLE, FAST, SCRIPTED, Scripted, scripted_venue, sound, trading_desk
from benchmarks.order_entry import own_version
from benchmarks.plan import Plan
from benchmarks.rows import Row, lower_is_better, median_of, percentiles_text, ratio
from benchmarks.sides import Figures, Sides, in_turns
from benchmarks.simulated import simulator

NAME = "tick_to_order"
UNIT = "us, median"
ECHO, SYNC = "bare picows echo", "bare write and fdatasync, and ours with fast"
PAUSE_S = 0.0005  # between two frames
ORDER_BYTES = 250
SYNCS_SHARE = 4  # of the ticks


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row a durability in the desk, and one from socket to socket."""
    numbers = itertools.count()
    with simulator(("binance",), ("BTC",)) as behind, scripted_venue(behind.told) as venue:
        figures = in_turns(
            (FAST, DURABLE),
            plan.order_rounds,
            lambda name: turn(plan, venue, folder / f"{NAME}-{next(numbers)}", name),
            warm_up=0,  # each fresh desk warms up itself
        )
    return rows_of(sides, figures[FAST], figures[DURABLE])


def turn(plan: Plan, venue: Scripted, folder: Path, durability: str) -> Figures:
    """A fresh desk, what is bare, and the ticks."""
    count = plan.ticks
    warm_up = count // 5
    with trading_desk(folder, venue.addresses, SCRIPTED, durability) as desk:
        desk.ask(task="echoing", url=f"{venue.ws}/echo", size=ORDER_BYTES)
        echo = venue.process.ask(task="echoes", count=count, pause_s=PAUSE_S, warm_up=warm_up)
        desk.ask(task="echoed")
        sync = desk.ask(task="syncs", folder=str(folder), count=count // SYNCS_SHARE)
        desk.ask(task="begin")
        arrived = venue.process.ask(task="ticks", count=count, pause_s=PAUSE_S, warm_up=warm_up)
        left = sound(desk.ask(task="departed", skip=warm_up))
    named = (("", left), ("_arrived", arrived), ("_echo", echo), ("_sync", sync))
    return {f"{rank}{what}": each[rank] for what, each in named for rank in ("p50", "p99", "p99.9")}


def rows_of(sides: Sides, fast: list[Figures], durable: list[Figures]) -> list[Row]:
    """Medians of the rounds."""
    value, arrived = median_of(fast, "p50"), median_of(fast, "p50_arrived")
    echo, sync = median_of(fast, "p50_echo"), median_of(durable, "p50_sync")
    echoed = f"bare echo: {percentiles_text(fast, '_echo')} us"
    shape = (
        f"one frame in flight, {PAUSE_S * 1e3:g} ms between two; two live books, one IOC order each; the "
        "venue polls for the answer, so that waking it costs nobody"
    )
    how = f"{len(fast)} interleaved rounds of fresh desks, medians; uvloop, gc as in a live run"
    about = f"{own_version(sides)}: RunDesk; the venue is scripted, in another process, on loopback"
    synced = f"bare write and fdatasync: {percentiles_text(durable, '_sync')} us"
    rows = [
        Row(
            f"{NAME} fast",
            value,
            UNIT,
            ECHO,
            echo,
            ratio(echo, value),
            joined(
                f"stamp of the frame to the return of send: {percentiles_text(fast)} us",
                echoed,
                shape,
                how,
                about,
            ),
        ),
        Row(
            f"{NAME} fast, socket to socket",
            arrived,
            UNIT,
            ECHO,
            echo,
            ratio(echo, arrived),
            joined(
                f"frame sent to order received: {percentiles_text(fast, '_arrived')} us",
                echoed,
                shape,
                how,
                about,
            ),
        ),
    ]
    value, bound = median_of(durable, "p50"), sync + median_of(fast, "p50")
    told = (
        f"stamp of the frame to the return of send: {percentiles_text(durable)} us",
        f"frame sent to order received: {percentiles_text(durable, '_arrived')} us",
    )
    return [
        *rows,
        lower_is_better(
            f"{NAME} durable", value, UNIT, SYNC, bound, joined(*told, synced, shape, how, about)
        ),
    ]
