"""One connection of the simulated network: two directions of bytes, two ends, and what can go wrong.

Each direction keeps its bytes in order, as TCP does. What can happen, by the plan in force when it happens:

    latency, jitter     of every segment; a segment may arrive in two parts
    stall               a direction delivers nothing for some time, then everything
    vanish              from now on everything of a direction, its end too, is lost (half-open)
    reset               both ends are told; the receiver may have got a part of what was on the way
    refused             nobody answers a connect: refused at once, or only a timeout
    no name             looking a name up fails
    late close          the end of a connection is seen much later

`SimSocket` stands for a socket that has no descriptor: it knows to which connection it belongs.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
import random
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from simulation.process import Process, current

Address: TypeAlias = tuple[str, int]


class NetworkFaults(msgspec.Struct, frozen=True):
    """What goes wrong from now on. Probabilities are of each segment, connect or close; times in seconds."""

    latency_s: float = 0.0005
    jitter_s: float = 0.0005
    split: float = 0.0
    stall: float = 0.0
    stall_s: float = 1.0
    vanish: float = 0.0
    reset: float = 0.0
    refuse: float = 0.0
    unanswered: float = 0.0
    no_name: float = 0.0
    late_close: float = 0.0
    late_close_s: float = 5.0


CALM: Final = NetworkFaults()


Tap: TypeAlias = Callable[[Process, bytes], None]


class Wires(Protocol):
    """What a connection needs to know of its network."""

    loop: Any
    rng: random.Random
    calm: NetworkFaults
    faults: NetworkFaults
    counts: Counter[str]
    closed: bool
    tap: Tap | None
    ends: dict[End, None]


class SimSocket(socket.socket):
    """A socket without a descriptor; `link` is its connection once it has one."""

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        """Asks the operating system for nothing."""
        self.link: End | None = None
        self._name: Address = ("0.0.0.0", 0)
        self._peer: Address | None = None

    def named(self, name: Address, peer: Address | None, link: End | None = None) -> SimSocket:
        """The same with addresses."""
        self._name, self._peer, self.link = name, peer, link
        return self

    @property
    def family(self) -> socket.AddressFamily:
        """Always that of IPv4."""
        return socket.AF_INET

    @property
    def type(self) -> socket.SocketKind:
        """Always a stream."""
        return socket.SOCK_STREAM

    @property
    def proto(self) -> int:
        """Always TCP."""
        return socket.IPPROTO_TCP

    def __repr__(self) -> str:
        return f"SimSocket({self._name}, {self._peer})"

    def __enter__(self) -> SimSocket:
        return self

    def fileno(self) -> int:
        """None: a native write to it fails, and goes through the transport then."""
        return -1

    def setblocking(self, flag: bool, /) -> None:
        """It never blocks."""

    def setsockopt(self, *_: Any) -> None:
        """Options change nothing."""

    def getsockopt(self, *_: Any) -> Any:
        """Options are 0."""
        return 0

    def getsockname(self) -> Any:
        """Its own address."""
        return self._name

    def getpeername(self) -> Any:
        """That of the other end. Raises OSError while there is none."""
        if self._peer is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self._peer

    def shutdown(self, how: int, /) -> None:
        """Ends the connection for both, when the transport sees it. Raises OSError while there is none."""
        if self.link is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        self.link.close_soon()

    def close(self) -> None:
        """A connection that no transport has taken over ends."""
        if self.link is not None and self.link.protocol is None:
            self.link.abort()


class Direction:
    """Bytes on their way from one end to the other, in their order."""

    def __init__(self, network: Wires, receiver: End) -> None:
        self.vanished = False
        self._network = network
        self._receiver = receiver
        self._queue: deque[tuple[float, bytes | None]] = deque()  # None: the end of the stream
        self._last_s = 0.0
        self._stalled_until_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def send(self, data: bytes | None) -> None:
        """Takes bytes, or the end of the stream."""
        network, plan = self._network, self._network.faults
        if self.vanished or network.closed:
            return
        rng, now_s = network.rng, network.loop.time()
        due_s = now_s + plan.latency_s + plan.jitter_s * rng.random()
        if plan is not network.calm:
            if plan.vanish and rng.random() < plan.vanish:
                network.counts["vanish"] += 1
                self.vanished = True
                if rng.random() < 0.5:
                    self._receiver.outgoing.vanished = True
                return
            if plan.stall and rng.random() < plan.stall:
                network.counts["stall"] += 1
                self._stalled_until_s = now_s + plan.stall_s * rng.random()
            if data is None and plan.late_close and rng.random() < plan.late_close:
                network.counts["late_close"] += 1
                due_s += plan.late_close_s * rng.random()
            if data is not None and plan.reset and rng.random() < plan.reset:
                network.counts["reset"] += 1
                self._put(due_s, data[: rng.randrange(len(data))] if len(data) > 1 else b"")
                self._receiver.peer.reset_both(due_s)
                return
            if data is not None and len(data) > 1 and plan.split and rng.random() < plan.split:
                network.counts["split"] += 1
                cut = rng.randrange(1, len(data))
                self._put(due_s, data[:cut])
                data, due_s = data[cut:], due_s + plan.jitter_s * rng.random()
        self._put(due_s, data)

    def resume(self) -> None:
        """The receiver reads again."""
        if self._queue:
            self._arm()

    def last_words(self) -> float:
        """The sender is gone: what it has handed over arrives, or a part of it; when the last of it does."""
        network = self._network
        self.vanished = True
        if self._queue and network.rng.random() < 0.5:
            for _ in range(network.rng.randrange(len(self._queue) + 1)):
                self._queue.pop()
        now_s: float = network.loop.time()
        return max(now_s, self._queue[-1][0]) if self._queue else now_s

    def _put(self, due_s: float, data: bytes | None) -> None:
        self._last_s = due_s = max(due_s, self._last_s, self._stalled_until_s)
        self._queue.append((due_s, data))
        if self._timer is None:
            self._arm()

    def _arm(self) -> None:
        self._timer = self._network.loop.call_at(
            self._queue[0][0], self._arrive, context=self._receiver.context
        )

    def _arrive(self) -> None:
        self._timer = None
        if not self._queue:
            return
        receiver, now_s = self._receiver, self._network.loop.time()
        parts: list[bytes] = []
        ended = False
        if receiver.reading:
            while self._queue and self._queue[0][0] <= now_s + 1e-9 and not ended:
                data = self._queue.popleft()[1]
                if data is None:
                    ended = True
                else:
                    parts.append(data)
            if self._queue and not ended and self._timer is None:
                self._arm()
        if parts:
            receiver.receive(parts[0] if len(parts) == 1 else b"".join(parts))
        if ended:
            receiver.ended()


class End(asyncio.Transport):
    """One end of a connection: a transport, as protocols know it."""

    def __init__(self, network: Wires, number: int, name: Address, peer_name: Address) -> None:
        super().__init__()
        self.number = number
        self.process: Process = current()
        self.context = contextvars.copy_context()
        self.protocol: asyncio.BaseProtocol | None = None
        self.peer: End
        self.outgoing: Direction
        self.reading = True
        self._network = network
        self._closing = False
        self._lost = False
        self._early: list[bytes] = []  # what arrives before there is a protocol
        self._socket = SimSocket().named(name, peer_name, self)
        self._extra = {"socket": self._socket, "sockname": name, "peername": peer_name}

    # --- what arrives ---------------------------------------------------------------------------------------

    def adopt(self, protocol: asyncio.BaseProtocol) -> None:
        """The protocol takes the connection over, and is told so."""
        self.protocol = protocol
        protocol.connection_made(self)
        early, self._early = self._early, []
        for data in early:
            self.receive(data)

    def receive(self, data: bytes) -> None:
        """Bytes for the protocol."""
        protocol = self.protocol
        if self._lost or self._closing:
            return
        self._network.loop.note(self.number, len(data))
        if protocol is None:
            self._early.append(data)
        elif isinstance(protocol, asyncio.BufferedProtocol):
            position = 0
            while position < len(data) and not self._lost:
                buffer = protocol.get_buffer(-1)
                size = min(len(buffer), len(data) - position)  # type: ignore[arg-type]
                buffer[:size] = data[position : position + size]  # type: ignore[index]
                position += size
                protocol.buffer_updated(size)
        else:
            protocol.data_received(data)  # type: ignore[attr-defined]

    def ended(self) -> None:
        """The peer will send nothing more."""
        if self._lost or self._closing:
            return
        self._network.loop.note(self.number, -1)
        keep_open = (
            self.protocol.eof_received()
            if isinstance(self.protocol, asyncio.Protocol | asyncio.BufferedProtocol)
            else False
        )
        if not keep_open:
            self.close()

    def lose(self, error: Exception | None) -> None:
        """The connection is no more."""
        if self._lost:
            return
        self._lost = self._closing = True
        self._network.loop.note(self.number, -2)
        self._network.ends.pop(self, None)
        if self.protocol is not None:
            self.protocol.connection_lost(error)

    def reset_both(self, due_s: float) -> None:
        """Both ends are told of a reset."""
        for end in (self, self.peer):
            self._network.loop.call_at(due_s, end.lose, _reset(), context=end.context)
        self.outgoing.vanished = self.peer.outgoing.vanished = True

    # --- asyncio.Transport ----------------------------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Socket and addresses."""
        return self._extra.get(name, default)

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._closing

    def write(self, data: Any) -> None:
        """Sends bytes."""
        if self._closing or self._lost or not current().alive or not data:
            return
        sent = bytes(data)
        if self._network.tap is not None:
            self._network.tap(current(), sent)
        self.outgoing.send(sent)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Sends bytes that belong together."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Says that nothing more will be sent, and hangs up."""
        if self._closing or not current().alive:
            return
        self._closing = True
        self.outgoing.send(None)
        self._network.loop.call_soon(self.lose, None, context=self.context)

    def close_soon(self) -> None:
        """The socket was shut down under the transport, which sees it in its next callback."""
        if current().alive:
            self._network.loop.call_soon(self.close, context=self.context)

    def abort(self) -> None:
        """Hangs up at once; the peer sees a reset."""
        if self._lost or not current().alive:
            return
        self._closing = True
        self.die(told=True)
        self._network.loop.call_soon(self.lose, None, context=self.context)

    def die(self, told: bool) -> None:
        """Its process is gone; where it is told, the peer sees a reset behind what was on its way."""
        network, peer = self._network, self.peer
        reaches = not self.outgoing.vanished and not network.closed
        last_s = self.outgoing.last_words()
        if told and reaches:
            due_s = max(network.loop.time() + network.faults.latency_s, last_s)
            network.loop.call_at(due_s + 1e-9, peer.lose, _reset(), context=peer.context)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Another protocol from now on."""
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who is told."""
        assert self.protocol is not None
        return self.protocol

    def is_reading(self) -> bool:
        """Whether the protocol wants bytes."""
        return self.reading and not self._closing

    def pause_reading(self) -> None:
        """The protocol wants no more until it says so."""
        self.reading = False

    def resume_reading(self) -> None:
        """It wants them again."""
        if not self.reading:
            self.reading = True
            self.peer.outgoing.resume()

    def get_write_buffer_size(self) -> int:
        """Nothing is kept here."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no limit."""

    def can_write_eof(self) -> bool:
        """No half-closed connections."""
        return False


def _reset() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
