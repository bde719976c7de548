"""A WebSocket client connection over picows: the thin shell between a socket and a frame handler.

The payload of a message is handed over as a memoryview into the receive buffer, in the callback of
the event loop, without a copy and without a task switch. It is released when the handler returns, so
a handler that keeps it gets a ValueError later instead of somebody else's bytes. Fragments are put
together in a buffer of bounded size. Pings are answered here, since only what is seen can be counted.

TLS is verified, always: a context that does not verify is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Final, Protocol

import msgspec
from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSParsedURL,
    WSTransport,
    ws_connect,
)

from trimaran.base.errors import ConfigError, VenueError
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.ports import Clock
from trimaran.venues.wire.dial import check_proxy, dial, without_queries

WHOLE: Final = (WSMsgType.TEXT, WSMsgType.BINARY)  # frames that begin a message, and may be all of it


class MessageHandler(Protocol):
    """Receives what a connection brings; called from the event loop, must not block."""

    def on_opened(self, socket: WebSocket) -> None:
        """The handshake is done; called once, before anything else."""

    def on_message(self, payload: memoryview, local_ns: int) -> None:
        """One whole message. `payload` is borrowed until this returns; `local_ns` is wall time."""

    def on_alive(self) -> None:
        """A ping or a pong came in."""

    def on_closed(self, reason: str) -> None:
        """An opened connection is over; called once, and nothing follows."""


class WebSocketOptions(msgspec.Struct, frozen=True):
    """How connections are made; times in seconds."""

    proxy: str | None = None  # http:// or socks5://, with user and password where it wants them
    ssl_context: ssl.SSLContext | None = None  # None: the system's certificate store
    connect_s_max: float = 10.0  # TCP, TLS and the handshake together
    close_s_max: float = 1.0  # for the peer to answer our close frame
    message_bytes_max: int = FRAME_BYTES_MAX

    def __post_init__(self) -> None:
        check_proxy(self.proxy)
        context = self.ssl_context
        if context is not None and not (context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED):
            raise ConfigError("ssl_context: expected one that verifies certificate and host name")

    def __repr__(self) -> str:
        """Without the password that a proxy may have."""
        return f"WebSocketOptions(proxy={'one' if self.proxy else None})"


class WebSocketCounters(msgspec.Struct):
    """What came over connections; only ever grows."""

    messages: int = 0
    message_bytes: int = 0
    fragments: int = 0
    pings: int = 0
    pongs: int = 0
    protocol_errors: int = 0  # too large, out of place, or with reserved bits


class WebSocket:
    """An open connection."""

    def __init__(self, transport: WSTransport, closed: asyncio.Event, close_s_max: float) -> None:
        self._transport = transport
        self._closed = closed
        self._close_s_max = close_s_max

    def send_text(self, text: str) -> None:
        """Sends one text message; does nothing when the connection is closing."""
        self._transport.send(WSMsgType.TEXT, text)

    @property
    def is_clogged(self) -> bool:
        """Whether something that was sent is still with us, for the peer takes nothing more."""
        transport = self._transport.underlying_transport
        return transport is not None and transport.get_write_buffer_size() > 0

    def send_ping(self) -> None:
        """Sends one ping."""
        self._transport.send_ping()

    def abort(self) -> None:
        """Drops the connection at once; `on_closed` follows."""
        self._transport.disconnect(graceful=False)

    async def close(self) -> None:
        """Says goodbye, waits for the answer for a bounded time, and drops the connection."""
        try:
            self._transport.send_close(WSCloseCode.OK)
            async with asyncio.timeout(self._close_s_max):
                await self._closed.wait()
        except TimeoutError:
            pass
        finally:
            self.abort()


async def open_websocket(
    url: str, handler: MessageHandler, clock: Clock, options: WebSocketOptions, counters: WebSocketCounters
) -> None:
    """Connects; the handler receives the connection. Raises VenueError when no handshake succeeds."""
    listener = _Listener(handler, clock, options, counters)
    dialer = _Dialer(options.proxy)
    try:
        async with asyncio.timeout(options.connect_s_max):
            await ws_connect(
                lambda: listener,
                url,
                ssl_context=options.ssl_context,
                websocket_handshake_timeout=options.connect_s_max,
                enable_auto_pong=False,
                max_frame_size=options.message_bytes_max,
                max_redirects=0,
                socket_factory=dialer.dial,
            )
    except AssertionError:
        raise
    except Exception as error:  # picows passes on the errors of sockets, TLS, URLs and every kind of proxy
        dialer.hang_up()
        found = f"{type(error).__name__}: {without_queries(error)}"
        raise VenueError(f"{without_queries(url)}: expected a WebSocket, found {found}") from None
    except BaseException:
        dialer.hang_up()
        raise
    if not listener.opened:
        where = without_queries(url)
        raise VenueError(f"{where}: expected a WebSocket, found a connection that was dropped")


class _Dialer:
    """Makes the TCP connection and keeps hold of it: an abandoned handshake would leave it open."""

    def __init__(self, proxy: str | None) -> None:
        self._proxy = proxy
        self._socket: socket.socket | None = None

    async def dial(self, url: WSParsedURL) -> socket.socket:
        """A connected socket, through the proxy where there is one."""
        self._socket = await dial(url.host, url.port, self._proxy)
        return self._socket

    def hang_up(self) -> None:
        """Shuts the connection down, whoever owns it by now; its transport then closes it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Listener(WSListener):
    """Turns picows' frames into whole messages."""

    def __init__(
        self, handler: MessageHandler, clock: Clock, options: WebSocketOptions, counters: WebSocketCounters
    ) -> None:
        super().__init__()
        self.opened = False
        self._closed = asyncio.Event()
        self._handler = handler
        self._clock = clock
        self._options = options
        self._bytes_max = options.message_bytes_max
        self._counters = counters
        self._partial: bytearray | None = None
        self._fault = ""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self.opened = True
        self._handler.on_opened(WebSocket(transport, self._closed, self._options.close_s_max))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame. Data first, since nearly every frame is data, and whole messages first of all."""
        local_ns = self._clock.wall_ns()
        if self._fault:
            return
        kind = frame.msg_type
        if kind in WHOLE and frame.fin and self._partial is None and not self._is_odd(frame):
            with frame.get_payload_as_memoryview() as payload:
                self._deliver(payload, local_ns)
        elif kind in WHOLE or kind == WSMsgType.CONTINUATION:
            self._on_data(transport, frame, local_ns)
        elif kind == WSMsgType.PING:
            self._counters.pings += 1
            transport.send_pong(frame.get_payload_as_bytes())
            self._handler.on_alive()
        elif kind == WSMsgType.PONG:
            self._counters.pongs += 1
            self._handler.on_alive()
        else:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone, for whatever reason."""
        self._partial = None
        self._closed.set()
        self._handler.on_closed(self._fault or self._close_reason(transport))

    def _is_odd(self, frame: WSFrame) -> bool:
        """Whether a frame must be refused for itself, whatever came before it."""
        return bool(frame.rsv1 or frame.rsv2 or frame.rsv3) or frame.payload_size > self._bytes_max

    def _on_data(self, transport: WSTransport, frame: WSFrame, local_ns: int) -> None:
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._refuse(transport, WSCloseCode.PROTOCOL_ERROR, "reserved bits: no extension was agreed on")
        elif (frame.msg_type == WSMsgType.CONTINUATION) != (self._partial is not None):
            self._refuse(transport, WSCloseCode.PROTOCOL_ERROR, "a fragment out of place")
        elif frame.payload_size > self._bytes_max:  # picows ends the connection, but may hand the frame on
            self._refuse(transport, WSCloseCode.MESSAGE_TOO_BIG, f"a frame above {self._bytes_max} bytes")
        else:
            self._gather(transport, frame, local_ns)

    def _gather(self, transport: WSTransport, frame: WSFrame, local_ns: int) -> None:
        self._counters.fragments += 1
        if self._partial is None:
            self._partial = bytearray()
        if len(self._partial) + frame.payload_size > self._bytes_max:
            self._refuse(transport, WSCloseCode.MESSAGE_TOO_BIG, f"a message above {self._bytes_max} bytes")
            return
        self._partial += frame.get_payload_as_memoryview()
        if frame.fin:
            whole, self._partial = self._partial, None
            with memoryview(whole) as payload:
                self._deliver(payload, local_ns)

    def _deliver(self, payload: memoryview, local_ns: int) -> None:
        self._counters.messages += 1
        self._counters.message_bytes += len(payload)
        self._handler.on_message(payload, local_ns)

    def _refuse(self, transport: WSTransport, code: WSCloseCode, fault: str) -> None:
        self._counters.protocol_errors += 1
        self._fault = fault
        transport.send_close(code, fault)
        transport.disconnect()

    def _close_reason(self, transport: WSTransport) -> str:
        handshake = transport.close_handshake
        if handshake is None:
            return "dropped without a close frame"
        if handshake.recv is not None and (handshake.sent is None or handshake.recv_then_sent):
            return f"closed by the peer: {handshake.recv.code} {handshake.recv.reason or ''}".rstrip()
        assert handshake.sent is not None
        if handshake.sent.code != WSCloseCode.OK:  # picows itself refused a frame
            self._counters.protocol_errors += 1
        return f"closed by us: {handshake.sent.code} {handshake.sent.reason or ''}".rstrip()
