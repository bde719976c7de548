"""The WebSocket shell against a scripted server on loopback."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import traceback

import pytest
from picows import WSCloseCode, WSMsgType

from trimaran.base.errors import ConfigError, VenueError
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.websocket import WebSocketCounters, WebSocketOptions, open_websocket

CLOCK = SystemClock()


class Recorder:
    """Keeps copies of what a connection brings, and the borrowed views, to see them fail."""

    def __init__(self) -> None:
        self.socket = None
        self.messages: list[bytes] = []
        self.stamps: list[int] = []
        self.views: list[memoryview] = []
        self.alive = 0
        self.closed: list[str] = []

    def on_opened(self, socket):
        self.socket = socket

    def on_message(self, payload, local_ns):
        self.messages.append(bytes(payload))
        self.views.append(payload)
        self.stamps.append(local_ns)

    def on_alive(self):
        self.alive += 1

    def on_closed(self, reason):
        self.closed.append(reason)


@pytest.fixture
async def pair(venue, until):
    """(server's end, recorder, counters) of an open connection with small limits."""
    recorder, counters = Recorder(), WebSocketCounters()
    options = WebSocketOptions(message_bytes_max=1000, close_s_max=0.2)
    await open_websocket(venue.ws_url + "/ws", recorder, CLOCK, options, counters)
    yield venue.peers[0], recorder, counters
    await recorder.socket.close()
    await until(lambda: recorder.closed)


async def test_messages_are_borrowed_and_stamped(pair, until):
    peer, recorder, counters = pair
    before_ns = CLOCK.wall_ns()
    peer.say('{"a":1}')
    peer.say(b"\x00\x01", WSMsgType.BINARY)
    peer.say("")
    await until(lambda: len(recorder.messages) == 3)
    assert recorder.messages == [b'{"a":1}', b"\x00\x01", b""]
    assert before_ns <= recorder.stamps[0] <= recorder.stamps[2] <= CLOCK.wall_ns()
    assert (counters.messages, counters.message_bytes) == (3, 9)
    for view in recorder.views:
        with pytest.raises(ValueError, match="released"):
            bytes(view)


async def test_pings_are_answered_with_their_payload(pair, until):
    peer, recorder, counters = pair
    peer.say(b"1700", WSMsgType.PING)
    await until(lambda: peer.pongs == [b"1700"])
    recorder.socket.send_ping()
    await until(lambda: counters.pongs == 1)
    assert (recorder.alive, counters.pings) == (2, 1)


async def test_fragments_are_put_together_around_control_frames(pair, until):
    peer, recorder, counters = pair
    peer.say("{", fin=False)
    peer.say('"a":', WSMsgType.CONTINUATION, fin=False)
    peer.say(b"", WSMsgType.PING)
    peer.say("1}", WSMsgType.CONTINUATION)
    peer.say("{}")
    await until(lambda: len(recorder.messages) == 2)
    assert recorder.messages == [b'{"a":1}', b"{}"]
    assert (counters.fragments, counters.messages) == (3, 2)


@pytest.mark.parametrize(
    "frames",
    [
        [(b"x" * 1001, WSMsgType.TEXT, {})],
        [(b"x" * 500_000, WSMsgType.TEXT, {})],
        [(b"x" * 900, WSMsgType.TEXT, {"fin": False}), (b"x" * 101, WSMsgType.CONTINUATION, {})],
        [(b"x", WSMsgType.CONTINUATION, {})],
        [(b"x", WSMsgType.TEXT, {"fin": False}), (b"x", WSMsgType.TEXT, {})],
        [(b"x", WSMsgType.TEXT, {"rsv1": True})],
    ],
    ids=["oversize", "huge", "oversize in fragments", "stray continuation", "interleaved", "reserved bit"],
)
async def test_a_breach_of_the_protocol_ends_the_connection(pair, until, frames):
    peer, recorder, counters = pair
    for payload, kind, bits in frames:
        peer.say(payload, kind, **bits)
    await until(lambda: recorder.closed)
    assert recorder.messages == []
    assert counters.protocol_errors == 1
    await until(peer.closed.is_set)


async def test_a_fragmented_message_of_exactly_the_limit_is_taken(pair, until):
    peer, recorder, _ = pair
    peer.say(b"x" * 999, fin=False)
    peer.say(b"y", WSMsgType.CONTINUATION)
    await until(lambda: recorder.messages)
    assert len(recorder.messages[0]) == 1000


async def test_the_reason_of_a_close_is_told(pair, until):
    peer, recorder, _ = pair
    peer.transport.send_close(WSCloseCode.GOING_AWAY, "restart")
    await until(lambda: recorder.closed)
    assert recorder.closed == ["closed by the peer: 1001 restart"]


async def test_a_drop_is_told(pair, until):
    peer, recorder, _ = pair
    peer.drop()
    await until(lambda: recorder.closed)
    assert recorder.closed == ["dropped without a close frame"]


async def test_closing_does_not_wait_for_a_peer_that_is_gone(pair):
    peer, recorder, _ = pair
    peer.answers_close = False
    await recorder.socket.close()
    recorder.socket.send_text("ignored")
    await asyncio.sleep(0.05)
    assert len(recorder.closed) == 1


# Opening


async def open_it(url, **options):
    await open_websocket(url, Recorder(), SystemClock(), WebSocketOptions(**options), WebSocketCounters())


async def test_html_instead_of_a_websocket(venue):
    venue.refuses_with = b"<html>Forbidden</html>"
    with pytest.raises(VenueError, match="expected a WebSocket"):
        await open_it(venue.ws_url)
    with pytest.raises(VenueError, match="expected a WebSocket"):
        await open_it(venue.rest_url.replace("http", "ws"))


async def test_nobody_listens(venue):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(VenueError, match="ConnectionRefusedError"):
            await open_it(f"ws://127.0.0.1:{unused.getsockname()[1]}")
    with pytest.raises(VenueError, match="expected a WebSocket"):
        await open_it("http://127.0.0.1")


async def test_a_server_that_never_answers_the_handshake(venue):
    ended = asyncio.Event()

    async def stay_silent(reader, writer):
        while await reader.read(1000):
            pass
        ended.set()
        writer.close()

    server = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with pytest.raises(VenueError, match="TimeoutError"):
        await open_it(url, connect_s_max=0.1)
    await asyncio.wait_for(ended.wait(), 2)  # the socket was not left open
    ended.clear()
    task = asyncio.create_task(open_it(url))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 2)
    server.close()
    await server.wait_closed()


async def test_a_proxy_is_used(venue, until):
    asked = []

    async def proxy(reader, writer):
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(VenueError):
        await open_it("wss://stream.venue.test:9443/ws", proxy=f"http://127.0.0.1:{port}")
    assert asked == [b"CONNECT stream.venue.test:9443 HTTP/1.1\r\n"]
    server.close()
    await server.wait_closed()


async def test_a_proxy_that_does_not_speak_socks(venue):
    async def web_server(reader, writer):
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(web_server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(VenueError, match="expected a WebSocket"):
        await open_it("ws://stream.venue.test/ws", proxy=f"socks5://127.0.0.1:{port}")
    server.close()
    await server.wait_closed()


# TLS


def test_a_context_that_does_not_verify_is_refused():
    context = ssl.create_default_context()
    context.check_hostname = False
    with pytest.raises(ConfigError, match="verifies"):
        WebSocketOptions(ssl_context=context)


@pytest.fixture
def certificate(tmp_path):
    """(key, certificate) files of a self-signed certificate for localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    paths = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(paths[0]), "-out", str(paths[1])]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return paths


async def test_certificates_are_verified(venue, until, certificate):
    key_path, certificate_path = certificate
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate_path, key_path)
    await venue.stop()
    await venue.start(server_side)
    with pytest.raises(VenueError, match="CERTIFICATE_VERIFY_FAILED"):
        await open_it(venue.wss_url)
    trusting = ssl.create_default_context(cafile=certificate_path)
    recorder = Recorder()
    options = WebSocketOptions(ssl_context=trusting)
    await open_websocket(venue.wss_url, recorder, SystemClock(), options, WebSocketCounters())
    venue.peers[-1].say("{}")
    await until(lambda: recorder.messages == [b"{}"])
    await recorder.socket.close()
    await until(lambda: recorder.closed)


@pytest.mark.parametrize("scheme", ["ws", "wsx"])
async def test_the_error_of_a_connection_shows_no_token(scheme):
    """A listen key in the URL opens a private stream for whoever reads the log."""
    url = f"{scheme}://127.0.0.1:1/ws?listenKey={'a' * 9}"
    with pytest.raises(VenueError, match="expected a WebSocket") as caught:
        await open_it(url)
    assert "a" * 9 not in "".join(traceback.format_exception(caught.value))
