"""Row `socket_to_decision`: what our decision adds to a bare round trip over a loopback WebSocket.

A server process sends depth frames one at a time; our process answers some at once and some after the whole
`engine.step`: decoding, sequencing, applying, scanning, and the loop around them. The difference of the
medians is ours; the rest is the kernel and picows.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.conditions import joined
from benchmarks.plan import Plan
from benchmarks.rows import Row, median_of, percentiles_text, ratio
from benchmarks.sides import OURS, Figures, SideProcess, Sides, in_turns
from benchmarks.streams.binance import depth_stream
from benchmarks.streams.capture import write_capture

NAME = "socket_to_decision"
UNIT = "us added, median"
BARE = "bare picows round trip"


def measure(sides: Sides, plan: Plan, folder: Path) -> list[Row]:
    """One row; its ratio is bare / with decision, so one would be free of cost."""
    path = write_capture(folder / "socket.txt", depth_stream(plan.seed, plan.socket_frames))
    server, client = SideProcess(Path(sys.executable), "frame_server.py"), sides.start(OURS)
    try:
        rounds = in_turns([OURS], plan.rounds, lambda _: one_round(server, client, path))[OURS]
    finally:
        client.close()
        server.close()
    bare, decided = median_of(rounds, "p50_bare"), median_of(rounds, "p50")
    conditions = joined(
        f"bare: {percentiles_text(rounds, '_bare')} us",
        f"with decision: {percentiles_text(rounds)} us",
        f"{rounds[0]['counted']} frames each after a warm-up, alternating on one connection, one in flight",
        f"{len(rounds)} rounds, medians; picows and uvloop at both ends, two processes",
        "ours: Loop.push of engine.step",
        sides.about(OURS),
    )
    return [Row(NAME, decided - bare, UNIT, BARE, bare, ratio(bare, decided), conditions)]


def one_round(server: SideProcess, client: SideProcess, path: Path) -> Figures:
    """The server listens, the client connects and answers until the server has had enough."""
    server.tell(path=str(path))
    port = server.answer()["port"]
    client.tell(task="decide", path=str(path), port=port)
    figures = server.answer()
    client.answer()  # the book was live at the end, or this raises
    return figures
