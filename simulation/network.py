"""A simulated network: names, listeners and connections (`connection.py`), and the loop's sockets on it."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
import random
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from simulation.connection import CALM, Address, Direction, End, SimSocket, Tap
from simulation.process import Process, current

Info: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, Address]

FIRST_PORT: Final = 20_000
FIRST_CLIENT_PORT: Final = 40_000
CONNECT_TIMEOUT_S: Final = 120.0  # of the operating system


class SimServer(asyncio.AbstractServer):
    """A listener."""

    def __init__(self, network: Network, address: Address, factory: Callable[[], Any]) -> None:
        self.sockets = (SimSocket().named(address, None),)
        self.factory = factory
        self.context = contextvars.copy_context()
        self.process = current()
        self._network = network
        self._address = address

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The only loop."""
        loop: asyncio.AbstractEventLoop = self._network.loop
        return loop

    def is_serving(self) -> bool:
        """Whether it listens."""
        return self._network.servers.get(self._address) is self

    async def start_serving(self) -> None:
        """It does from the start."""

    async def serve_forever(self) -> None:
        """Nobody waits for that."""
        raise NotImplementedError

    def close(self) -> None:
        """Listens no more; connections stay."""
        if self.is_serving() and current().alive:
            del self._network.servers[self._address]

    async def wait_closed(self) -> None:
        """Returns at once."""


class Network:
    """Everything that is connected. `faults` is the plan in force."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.loop: Any = None  # set by the loop
        self.calm = CALM
        self.faults = CALM
        self.servers: dict[Address, SimServer] = {}
        self.ends: dict[End, None] = {}
        self.counts: Counter[str] = Counter()
        self.closed = False
        self.tap: Tap | None = None  # is shown what is written, and by whom
        self._ports = FIRST_PORT
        self._numbers = 0

    def listen(self, host: str, port: int, factory: Callable[[], Any]) -> SimServer:
        """A listener. Raises OSError where the port is taken."""
        if port == 0:
            self._ports += 1
            port = self._ports
        address = ("127.0.0.1", port)
        if address in self.servers:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        server = self.servers[address] = SimServer(self, address, factory)
        return server

    async def connect(self, address: Address) -> End:
        """The client's end of a new connection. Raises OSError."""
        plan, rng = self.faults, self.rng
        await asyncio.sleep(plan.latency_s * 2 + plan.jitter_s * rng.random())
        if plan.unanswered and rng.random() < plan.unanswered:
            self.counts["unanswered"] += 1
            await asyncio.sleep(CONNECT_TIMEOUT_S)
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        server = self.servers.get(("127.0.0.1", address[1]))
        refused = plan.refuse > 0 and rng.random() < plan.refuse
        if server is None or refused or not server.process.alive:
            self.counts["refuse"] += 1
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        self._numbers += 2
        name = ("127.0.0.1", FIRST_CLIENT_PORT + self._numbers // 2)
        near = End(self, self._numbers, name, address)
        far = server.context.run(End, self, self._numbers + 1, address, name)
        near.peer, far.peer = far, near
        near.outgoing, far.outgoing = Direction(self, far), Direction(self, near)
        self.ends[near] = self.ends[far] = None
        self.loop.call_soon(self._accept, server, far, context=far.context)
        return near

    def end_of(self, process: Process, *, told: bool = True) -> None:
        """A process is gone: its peers see resets, or, after a power cut, nothing at all."""
        for end in [end for end in self.ends if end.process is process]:
            end.die(told)
            end.peer.outgoing.vanished = True
            del self.ends[end]
        for address in [key for key, server in self.servers.items() if server.process is process]:
            del self.servers[address]

    def resolve(self, host: str, port: int) -> list[Info]:
        """The address of a name. Raises OSError."""
        if self.faults.no_name and self.rng.random() < self.faults.no_name:
            self.counts["no_name"] += 1
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    def _accept(self, server: SimServer, end: End) -> None:
        if not end.is_closing():
            end.adopt(server.factory())


class Sockets:
    """The part of an event loop that has to do with sockets, on a simulated network."""

    network: Network

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        """Looks a name up."""
        return self.network.resolve(str(host), int(port or 0))

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connects a socket."""
        if sock.link is None:
            end = await self.network.connect(address)
            sock.named(end.get_extra_info("sockname"), address, end)

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str | None = None,
        port: int | None = None,
        *,
        sock: Any = None,
        ssl: Any = None,
        **_: Any,
    ) -> tuple[Any, Any]:
        """A protocol on a connection, new or of a socket that has one."""
        assert not ssl, "the simulated network speaks no TLS"
        if sock is None:
            assert host is not None
            address = self.network.resolve(host, port or 0)[0][4]
            end = await self.network.connect(address)
        else:
            end = sock.link
        protocol = protocol_factory()
        end.adopt(protocol)
        return end, protocol

    async def create_server(
        self, protocol_factory: Callable[[], Any], host: Any = None, port: int | None = None, **_: Any
    ) -> SimServer:
        """A listener."""
        return self.network.listen(str(host), port or 0, protocol_factory)
