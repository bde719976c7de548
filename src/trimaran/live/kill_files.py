"""The files of the kill switch, in a folder of their own, so that it works when nothing else does.

    FOLDER/state       what stands (`kill_image`): written whole, synced, renamed, and the folder synced
    FOLDER/known       says that `state` has existed: without it, a missing `state` would look like a new one
    FOLDER/requests/   any file in it is a request; one that cannot be read, an empty one too, kills all
    FOLDER/answers/    what became of a request, for whoever waits
    FOLDER/lock        held by the process that carries requests out

It fails closed: a state that is missing after it has existed, cut, damaged, or that others could write, is
everything KILLED. `touch FOLDER/requests/now` stops everything; so does any program that can write a file.
A name that begins with a dot is not finished yet.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.domain.decision import KillState
from trimaran.domain.instrument import MarketName
from trimaran.domain.kill import ALL, KillScope
from trimaran.live import kill_image
from trimaran.live.kill_image import KillImage, Move
from trimaran.storage.private_file import FOLDER_MODE, MODE, read_private, write_private

FOLDER: Final = "kill"  # inside of the state folder
REQUEST_BYTES_MAX: Final = 16 * 1024
ANSWERS_KEPT: Final = 32
OWN_S_MAX: Final = 2.0
SOMEBODY: Final = "a request file"
Identity = tuple[int, int, int]  # of a file: inode, time of its last change, size


class KillRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a request file says."""

    action: Literal["kill", "code", "reset"] = (
        "kill"  # `code` changes nothing: what stands, and what lifts it
    )
    scope: str | None = "all"  # None, of a code and a reset: all that stands
    state: Literal["RUNNING", "REDUCE_ONLY", "KILLED"] = "KILLED"
    actor: str = SOMEBODY
    reason: str = ""
    code: str = ""  # of a reset
    local_ns: int = 0  # when it was made

    @property
    def switch(self) -> KillScope | None:
        """The scope. Raises ConfigError."""
        return None if self.scope is None else KillScope.parse(self.scope)

    @property
    def target(self) -> KillState:
        """The state that is wanted."""
        return KillState[self.state]


class CancelRow(msgspec.Struct, frozen=True):
    """How far the cancels of one account came."""

    market: MarketName
    left: int | None  # orders that are still open; None: the venue could not be asked
    proved_ns: int  # local clock, when the venue had none any more; 0: not yet
    text: str = ""


class KillAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request. Times of the local clock; 0: not yet, or never."""

    request: str
    refused: str = ""  # why nothing was done
    scope: str = "all"
    state: str = "KILLED"
    committed_ns: int = 0  # from then on no order leaves
    last_order_ns: int = 0  # the last one of the scope that left before
    kept_ns: int = 0  # the state file is durable
    cancels: tuple[CancelRow, ...] = ()
    standing: tuple[Move, ...] = ()  # the switches that are not RUNNING, after it
    trouble: str = ""  # why they are what they are, where the kill file could not be read
    code: str = ""  # that lifts what was asked about
    offline: bool = False  # no process of the desk runs: it stands for the next one
    done: bool = False


class KillFiles:
    """The folder. Every method may raise OSError unless it says what it does instead."""

    def __init__(self, state_folder: Path) -> None:
        self.folder = state_folder / FOLDER
        self._state = self.folder / "state"
        self._known = self.folder / "known"
        self._requests = self.folder / "requests"
        self._answers = self.folder / "answers"
        self._requests_text = str(self._requests)
        self._owned: int | None = None

    def make(self) -> None:
        """Makes the folders that are not there."""
        for folder in (self._requests, self._answers):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)

    # --- what stands ----------------------------------------------------------------------------------

    def load(self, now_ns: int, existed: bool) -> KillImage:
        """What stands. Never raises: whatever cannot be read is everything KILLED.

        `existed`: the caller knows that this desk has run before (it has a journal), so that a missing folder
        is a loss as well.
        """
        if not os.path.lexists(self._state):
            if existed or os.path.lexists(self._known):
                return kill_image.broken("the kill file is missing, and has existed", b"", now_ns)
            return KillImage()
        data = b""
        try:
            data = read_private(self._state)
            return kill_image.decode(data)
        except (ConfigError, OSError) as error:
            return kill_image.broken(f"the kill file cannot be trusted: {error}", data, now_ns)

    def save(self, image: KillImage) -> None:
        """Replaces what stands, durably. Raises ConfigError or OSError."""
        if image.trouble:
            return  # what lies there stays as it is, for a person to look at, until the reset
        with contextlib.suppress(FileNotFoundError, ConfigError):
            self._set_aside(read_private(self._state), image)
        write_private(self._state, kill_image.encode(image))
        if not self._known.exists():
            write_private(self._known, b"The kill file beside this one has existed.\n")

    def _set_aside(self, data: bytes, image: KillImage) -> None:
        """Keeps a damaged file that a reset is about to replace."""
        try:
            kill_image.decode(data)
        except ConfigError:
            write_private(self.folder / f"damaged.{image.history[-1].local_ns}", data)

    # --- requests -------------------------------------------------------------------------------------

    def requests(self) -> Sequence[str]:
        """The names of finished requests, in their order; two microseconds when there are none."""
        names = os.listdir(self._requests_text)
        return sorted(name for name in names if name[0] != ".") if names else names

    def read_request(self, name: str) -> tuple[KillRequest, Identity]:
        """A request, and which file it was. Never raises: what cannot be read wants everything KILLED."""
        identity = self._identity(name)  # before its bytes: one that is written meanwhile is another one
        return self._read(name), identity

    def remove_request(self, name: str, identity: Identity) -> bool:
        """Removes a request that was carried out; False when another one has taken its name meanwhile."""
        if self._identity(name) != identity:
            return False
        with contextlib.suppress(FileNotFoundError):
            (self._requests / name).unlink()
        return True

    def _read(self, name: str) -> KillRequest:
        try:
            data = self._bytes_of(name)
            if not data.strip():
                return KillRequest(reason="an empty request file")
            request = msgspec.json.decode(data, type=KillRequest)
            if request.switch is None and request.action == "kill":
                raise ConfigError("scope: expected one, found none")
            if request.action == "kill" and request.target is KillState.RUNNING:
                raise ConfigError("state: expected REDUCE_ONLY or KILLED, found RUNNING")
            return request
        except (ConfigError, OSError, msgspec.MsgspecError) as error:
            return KillRequest(scope=ALL.text, reason=kill_image.cut(f"unreadable request file: {error}"))

    def drop(self, name: str, request: KillRequest) -> None:
        """Puts a request there, whole and durable. Raises OSError or ConfigError."""
        self.make()
        write_private(self._requests / name, msgspec.json.encode(request))

    def _identity(self, name: str) -> Identity:
        try:
            found = os.lstat(self._requests / name)
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _bytes_of(self, name: str) -> bytes:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self._requests / name, flags)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError("expected a regular file")
            data = file.read(REQUEST_BYTES_MAX + 1)
        if len(data) > REQUEST_BYTES_MAX:
            raise ConfigError(f"expected at most {REQUEST_BYTES_MAX} bytes")
        return data

    # --- answers --------------------------------------------------------------------------------------

    def answer(self, answer: KillAnswer) -> None:
        """Says what became of a request, so far."""
        path = self._answers / answer.request
        temporary = self._answers / f".{answer.request}"
        temporary.write_bytes(msgspec.json.encode(answer))
        temporary.replace(path)
        names = sorted(self._answers.iterdir(), key=lambda each: each.name)
        for old in names[:-ANSWERS_KEPT]:
            old.unlink(missing_ok=True)

    def read_answer(self, name: str) -> KillAnswer | None:
        """What became of a request; None while nothing is said."""
        try:
            return msgspec.json.decode((self._answers / name).read_bytes(), type=KillAnswer)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    # --- the one who carries out ----------------------------------------------------------------------

    def own(self) -> None:
        """From now on, until `disown`, this process carries requests out. Raises ConfigError."""
        self.make()
        end_s = time.monotonic() + OWN_S_MAX  # a command that writes the state itself is through at once
        while (descriptor := self._lock()) is None:
            if time.monotonic() > end_s:
                raise ConfigError(
                    f"{self.folder}: expected a folder of this desk alone, found another process"
                )
            time.sleep(0.01)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        self._owned = descriptor

    def disown(self) -> None:
        """Somebody else may."""
        if self._owned is not None:
            os.close(self._owned)
            self._owned = None

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """True when no process carries requests out, and then none can meanwhile."""
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = self._lock()
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def owner(self) -> int | None:
        """The process id that carries requests out, as it has said itself; None where none does."""
        with self.alone() as nobody:
            if nobody:
                return None
        text = (self.folder / "lock").read_text("ascii", "replace").strip()
        return int(text) if text.isdecimal() else None

    def _lock(self) -> int | None:
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor
