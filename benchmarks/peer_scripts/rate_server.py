"""The other end of the benchmark at a fixed rate: prepared frames on several WebSocket connections.

As cheap as it can be, since it shares the machine with what it measures: one thread, blocking sockets, frames
with their WebSocket headers in memory. It sleeps until the next frame is due and stamps it before sending it.
The connection whose path is `/<market>` gets the frames of that market.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import json
import os
import socket
import sys
import time
from array import array
from collections.abc import Sequence

from measuring import Line, Reply, lines_of, percentile, settle

HANDSHAKE_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT, BINARY, CLOSE = 0x81, 0x82, 0x88  # first byte of a whole message
TIMER_SLACK = 29  # PR_SET_TIMERSLACK of prctl(2)
SPIN_NS = 15_000  # a sleep shorter than this is not worth it
SECONDS_BEFORE = 0.2  # between the last handshake and the first frame


def main() -> None:
    """One measurement a line of standard input; answers the port, then the figures."""
    replies = os.dup(1)
    sys.stdout = sys.stderr
    ctypes.CDLL(None).prctl(TIMER_SLACK, 1, 0, 0, 0)  # sleeps end when they should, not 50 us later
    for line in sys.stdin:
        figures = serve(replies, **json.loads(line))
        os.write(replies, json.dumps(figures).encode() + b"\n")


def serve(replies: int, capture: str, rate: int, connections: int, output: str) -> Reply:
    """Sends all frames of the capture to as many clients; the times go to `output`."""
    frames = [line for line in lines_of(capture) if line.what == "frame"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.write(replies, json.dumps({"port": listener.getsockname()[1]}).encode() + b"\n")
        sockets = dict(accepted(listener) for _ in range(connections))
    packets = [(sockets[frame.market], packet(frame)) for frame in frames]
    frame_bytes = sum(len(frame.raw) for frame in frames) / len(frames)
    del frames
    settle()
    time.sleep(SECONDS_BEFORE)
    sent = send_all(packets, rate)
    for each in sockets.values():
        each.sendall(bytes((CLOSE, 2)) + (1000).to_bytes(2, "big"))
    with open(output, "wb") as file:
        sent.tofile(file)
    for each in sockets.values():
        while each.recv(4_096):  # the client closes
            pass
        each.close()
    late = [stamp - sent[0] - int(number * 1e9 / rate) for number, stamp in enumerate(sent)]
    reached = (len(sent) - 1) * 1e9 / (sent[-1] - sent[0])
    return {"rate": reached, "frame_bytes": frame_bytes, "late_p99": percentile(sorted(late), 99) / 1e3}


def send_all(packets: Sequence[tuple[socket.socket, bytes]], rate: int) -> array[int]:
    """When each was sent, in ns of the monotonic clock. What is late goes out at once."""
    sent = array("q", bytes(8 * len(packets)))
    clock, sleep = time.perf_counter_ns, time.sleep
    step_ns = 1_000_000_000 / rate
    began_ns = clock()
    for number, (connection, data) in enumerate(packets):
        due_ns = began_ns + int(number * step_ns)
        while (wait_ns := due_ns - clock()) > 0:
            if wait_ns > SPIN_NS:
                sleep((wait_ns - SPIN_NS) / 1e9)
        sent[number] = clock()
        connection.sendall(data)
    return sent


def packet(line: Line) -> bytes:
    """A frame under its WebSocket header; JSON as text, gzip as binary."""
    size = len(line.raw)
    kind = TEXT if line.raw.startswith(b"{") else BINARY
    if size < 126:
        header = bytes((kind, size))
    elif size < 65_536:
        header = bytes((kind, 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((kind, 127)) + size.to_bytes(8, "big")
    return header + line.raw


def accepted(listener: socket.socket) -> tuple[str, socket.socket]:
    """The next client: the market it asks for, and its connection after the handshake."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4_096)
    first, *headers = request.decode("ascii").split("\r\n")
    named = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in headers)}
    digest = hashlib.sha1(named["sec-websocket-key"].encode() + HANDSHAKE_MAGIC).digest()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )
    return first.split(" ")[1].strip("/"), connection


if __name__ == "__main__":
    main()
