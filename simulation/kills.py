"""The kill switch in a story: its folder, what stands when, and whether anything left that may not.

What the desk writes is looked at as it leaves (`Network.tap`), not as the desk counts it: the first bytes
with the id of an order must not come after a kill of its scope, and before the kill is lifted. What was
written before may reach the venue long after.
"""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from simulation.process import Process
from trimaran.domain.decision import KillState
from trimaran.domain.kill import KillScope, scopes_of
from trimaran.domain.orders import StrategyName
from trimaran.live.kill_files import KillFiles, KillRequest
from trimaran.live.kill_switch import KillSwitch
from trimaran.venues.sim.trading import SimOrder

MEMORY: Final = Path("/dev/shm")  # a file system whose syncs cost nothing
IDS: Final = re.compile(rb"[0-9A-Za-z]{13,}")
DATA: Final = frozenset((0x81, 0x82))  # first bytes of whole messages
MASKED: Final = 0x80
_names: Final[dict[KillState, Literal["REDUCE_ONLY", "KILLED"]]] = {
    KillState.REDUCE_ONLY: "REDUCE_ONLY",
    KillState.KILLED: "KILLED",
}
Switches = dict[KillScope, KillState]


class Kills:
    """The folder of the switch, and everything that was written while there was one."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(
            prefix="simulated-kill-", dir=MEMORY if MEMORY.is_dir() else None
        )
        self._number = 0
        self._first: dict[bytes, int] = {}  # when an id was first written
        self._numbers = [0]
        self._stood: list[Switches] = [{}]
        self._requests = 0
        self._owner: KillFiles | None = None

    def files(self) -> KillFiles:
        """For a process that begins: it will own the folder."""
        self._owner = KillFiles(Path(self._place.name))
        self._owner.make()
        return self._owner

    def died(self) -> None:
        """The lock of a dead process is nobody's."""
        if self._owner is not None:
            self._owner.disown()
            self._owner = None

    def close(self) -> None:
        """The story is over."""
        self.died()
        self._place.cleanup()

    def request(self, scope: KillScope, state: KillState) -> None:
        """Anybody can write a request file, also while no process runs."""
        self._requests += 1
        KillFiles(Path(self._place.name)).drop(
            f"{self._requests:04d}", KillRequest(scope=scope.text, state=_names[state], reason="a story")
        )

    # --- what is seen ---------------------------------------------------------------------------------------

    def wrote(self, process: Process, data: bytes) -> None:
        """Bytes leave."""
        if process.name == "venue":
            return
        self._number += 1
        for found in IDS.findall(plain(data)):
            self._first.setdefault(found, self._number)

    def look(self, switch: KillSwitch) -> None:
        """What stands now."""
        image = switch.image
        stands = {move.scope: move.after for move in image.switches}
        if stands != self._stood[-1]:
            self._number += 1
            self._numbers.append(self._number)
            self._stood.append(stands)

    def violations(self, orders: Iterable[tuple[SimOrder, StrategyName]]) -> Iterable[str]:
        """The orders that left while a switch did not let them."""
        for order, strategy in orders:
            at = self._first.get(order.client_id.encode())
            if at is None:
                yield f"KILL: nobody has seen {order.client_id} leave, and the venue has it"
                continue
            stood = self._stood[bisect_right(self._numbers, at) - 1]
            for scope in scopes_of(order.market, strategy):
                state = stood.get(scope, KillState.RUNNING)
                if state is KillState.KILLED or (state is KillState.REDUCE_ONLY and not order.reduce_only):
                    yield f"KILL: {order.client_id} left, and {scope.text} was {state.name}"


def plain(data: bytes) -> bytes:
    """What masked WebSocket messages say; what is none, as it is."""
    if data[0] not in DATA:
        return data
    found, at = [], 0
    while at + 6 <= len(data) and data[at] in DATA and data[at + 1] & MASKED:
        size, start = data[at + 1] & ~MASKED, at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, start = int.from_bytes(data[start : start + width], "big"), start + width
        key, start = data[start : start + 4], start + 4
        masked = data[start : start + size]
        keys = (key * (len(masked) // 4 + 1))[: len(masked)]
        number = int.from_bytes(masked, "big") ^ int.from_bytes(keys, "big")
        found.append(number.to_bytes(len(masked), "big"))
        at = start + size
    return b" ".join(found)
