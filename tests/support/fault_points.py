"""Named points of the life of an order, of a journal and of a start, at which a real process ends or halts.

    FAIL_AT=point[:nth[:action]]    action: `exit` (at once, as SIGKILL does), or `stop` (as SIGSTOP does)

Some points are in the code of the desk; the others are put around it from outside, in the test's process
alone. All go through `trimaran.base.buggify`. At a point where everything that was applied is written too,
the state hash is told. Segments that the journal retires are kept in the folder ARCHIVE, so that a judge can
read everything.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from trimaran.base.buggify import point, set_hook
from trimaran.domain.account import AmendRefused, Fill, OrderAcked, OrderAmended, OrderDone, ProbeAbsent
from trimaran.domain.events import AccountSnapshot
from trimaran.domain.records import AmendOpened, CancelOpened, GroupOpened, Heard, OrderReissued
from trimaran.engine.durable import Durable
from trimaran.engine.loop import Loop
from trimaran.journal import journal as journal_module
from trimaran.journal.disk import RealDisk, RealFile
from trimaran.journal.frame import SUFFIX
from trimaran.journal.journal import Journal
from trimaran.live.run_journal import RunJournal
from trimaran.venues.wire.line_feed import LineFeed
from trimaran.venues.wire.rest import RestClient

EXITED: Final = 86
ORDER_POINTS: Final = (
    "intent.before_append",
    "intent.after_append",
    "intent.after_write",
    "order.before_send",
    "order.signed",
    "order.sent",
    "order.after_send",
    "answer.before_step",
    "answer.after_step",
    "fill.before_record",
    "fill.after_append",
    "done.after_append",
    "cancel.after_append",
    "cancel.before_send",
    "cancel.after_send",
)
DISK_POINTS: Final = (
    "write.before",
    "write.half",
    "write.after",
    "sync.before",
    "sync.after",
    "segment.before_open",
    "segment.after_open",
    "segment.rotated",
    "snapshot.half",
    "snapshot.written",
    "snapshot.retired",
)
START_POINTS: Final = (
    "replay.middle",
    "begin.before",
    "begin.after",
    "reconcile.before",
    "reconcile.middle",
    "reconcile.after",
)
AMEND_POINTS: Final = ("amend.after_append", "amend.before_send", "amend.after_send", "amend.answered")
RESOLVER_POINTS: Final = ("probe.before_send", "probe.between_proofs")
# Where nothing that was applied waits to be written, in the thread of the event loop.
WRITTEN: Final = frozenset(
    (
        "intent.after_write",
        "order.before_send",
        "order.signed",
        "order.sent",
        "order.after_send",
        "answer.before_step",
        "answer.after_step",
        "fill.before_record",
        "begin.after",
        "reconcile.before",
        "reconcile.after",
        "amend.before_send",
        "amend.after_send",
        "probe.before_send",
        "probe.between_proofs",
    )
)
APPENDED: Final = {
    GroupOpened: "intent",
    OrderReissued: "intent",
    AmendOpened: "amend",
    CancelOpened: "cancel",
}
HEARD: Final = {Fill: "fill", OrderDone: "done"}


class Ending:
    """What happens at which point. `desk` is set once there is one."""

    def __init__(self, text: str) -> None:
        name, _, rest = text.partition(":")
        nth, _, action = rest.partition(":")
        self.desk: Any = None
        self._name, self._nth, self._action = name, int(nth or 1), action or "exit"
        self._counts: Counter[str] = Counter()

    def __call__(self, name: str) -> None:
        self._counts[name] += 1
        if name != self._name or self._counts[name] != self._nth:
            return
        if self._action == "stop":
            tell(f"halts {name}")
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        state = "-"
        if (
            name in WRITTEN and not self.desk.journal.journal._pending
        ):  # a cancel does not wait for its record
            state = f"{self.desk.desk.durable.state_hash():016x}"
        tell(f"died {name} {state}")
        os._exit(EXITED)


def tell(line: str) -> None:
    """One line for the test."""
    os.write(1, f"{line}\n".encode())


def install(ending: Ending) -> None:
    """Puts the points into the classes of the desk."""
    set_hook(ending)
    _records()
    _disk()
    _loop()
    _wire()


def _around(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    setattr(owner, name, make(getattr(owner, name)))


def _records() -> None:
    begun = [False]

    def append(real: Any) -> Any:
        def marked(self: Any, record: Any, /) -> None:
            name = APPENDED.get(type(record)) or (
                HEARD.get(type(record.event), "") if type(record) is Heard else ""
            )
            if name:
                point(f"{name}.before_append")
            real(self, record)
            if name:
                point(f"{name}.after_append")
            if reconciling[0]:
                point("reconcile.middle")

        return marked

    def write(real: Any) -> Any:
        def marked(self: Any) -> None:
            pending = bool(self._pending)
            real(self)
            if pending and not self._pending and self._started:
                point("intent.after_write")

        return marked

    def begin(real: Any) -> Any:
        def marked(self: Any, records: Any) -> None:
            point("begin.before")
            real(self, records)
            begun[0] = True
            point("begin.after")

        return marked

    def apply(real: Any) -> Any:
        def marked(self: Any, record: Any) -> Any:
            found = real(self, record)
            if not begun[0]:
                point("replay.middle")
            return found

        return marked

    _around(RunJournal, "append", append)
    _around(RunJournal, "begin", begin)
    _around(Journal, "_write", write)
    _around(Durable, "apply", apply)


def _disk() -> None:
    real_write, real_sync = RealFile.write, RealFile.sync
    real_open, real_replace = RealDisk.open, RealDisk.replace
    real_retire = journal_module.retire

    def write(self: RealFile, offset: int, data: bytes, /) -> None:
        point("write.before")
        if half.wanted():
            real_write(self, offset, data[: len(data) // 2])
            point("write.half")
        real_write(self, offset, data)
        point("write.after")

    def sync(self: RealFile) -> None:
        point("sync.before")
        real_sync(self)
        point("sync.after")

    def open_(self: RealDisk, name: str, size: int, /) -> RealFile:
        point("segment.before_open")
        file = real_open(self, name, size)
        point("segment.after_open")
        return file

    def replace(self: RealDisk, name: str, content: bytes, /) -> None:
        (self.folder / f"{name}.half").write_bytes(content[: len(content) // 2])
        point("snapshot.half")
        real_replace(self, name, content)
        point("snapshot.written")

    def retire(disk: RealDisk, *arguments: Any) -> int:
        before = {name: disk.read(name) for name in disk.names() if name.endswith(SUFFIX)}
        oldest = real_retire(disk, *arguments)
        archive = Path(os.environ["ARCHIVE"])
        archive.mkdir(exist_ok=True)
        for name in before.keys() - set(disk.names()):
            (archive / name).write_bytes(before[name])
        point("snapshot.retired")
        return oldest

    RealFile.write = write  # type: ignore[method-assign]
    RealFile.sync = sync  # type: ignore[method-assign]
    RealDisk.open = open_  # type: ignore[method-assign]
    RealDisk.replace = replace  # type: ignore[method-assign]
    journal_module.retire = retire  # type: ignore[attr-defined]


class _Half:
    """Whether half of a write is to be written first."""

    wanted: Callable[[], bool] = staticmethod(lambda: os.environ.get("FAIL_AT", "").startswith("write.half"))


half = _Half()
reconciling = [False]


def _loop() -> None:
    def push(real: Any) -> Any:
        def marked(self: Any, event: Any) -> int:
            kind = type(event)
            if kind is OrderAcked:
                point("answer.before_step")
            elif kind is Fill:
                point("fill.before_record")
            elif kind is AccountSnapshot:
                point("reconcile.before")
                reconciling[0] = True
            found: int = real(self, event)
            if kind is OrderAcked:
                point("answer.after_step")
            elif kind is ProbeAbsent:
                point("probe.between_proofs")
            elif kind in (OrderAmended, AmendRefused):
                point("amend.answered")
            elif kind is AccountSnapshot:
                reconciling[0] = False
                point("reconcile.after")
            return found

        return marked

    _around(Loop, "push", push)


def _wire() -> None:
    def send_order(real: Any) -> Any:
        def marked(self: Any, text: str, request_id: int) -> bool:
            point("order.signed")
            left: bool = real(self, text, request_id)
            point("order.sent")
            return left

        return marked

    def send(real: Any) -> Any:
        async def marked(self: Any, request: Any, *arguments: Any, **more: Any) -> Any:
            posts = request.method == "POST"
            if posts:
                point("order.signed")
            reply = await real(self, request, *arguments, **more)
            if posts:
                point("order.sent")
            return reply

        return marked

    _around(LineFeed, "send_order", send_order)
    _around(RestClient, "send", send)
