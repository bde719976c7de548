"""A proxy (HTTP CONNECT) in threads of the test, that turns slow, deaf, dead or a liar while a desk uses it.

pass    every byte goes through           late    what the desk says arrives `HELD_S` later
deaf    what the venue says is swallowed   slow    what the venue says arrives `HELD_S` later
cut     a connection ends as soon as something has gone through it to the venue
dead    everything ends, and nothing is taken
lies    answers of REST are pages about something else, with status 200
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Final

HELD_S: Final = 2.0
MODES: Final = ("deaf", "cut", "late", "slow", "lies", "dead")
HEAD_BYTES_MAX: Final = 16_384
PAGE: Final = b"<html>Please pay for your internet access</html>"
LIE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


class FaultProxy:
    """`mode` may be set at any time. `count` is of the connections that were made."""

    def __init__(self) -> None:
        self.mode = "pass"
        self.count = 0
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open = True
        self._spawn(self._accept)

    @property
    def url(self) -> str:
        """For the settings."""
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def turn(self, mode: str) -> None:
        """Another mode; those that end connections end those that are there."""
        self.mode = mode
        if mode == "dead":
            self._hang_up()

    def close(self) -> None:
        """Ends everything."""
        self._open = False
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._hang_up()
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _hang_up(self) -> None:
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self._spawn(self._serve, near)

    def _serve(self, near: socket.socket) -> None:
        self._sockets.add(near)
        far: socket.socket | None = None
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                data = near.recv(4096)
                if not data or len(head) > HEAD_BYTES_MAX or self.mode == "dead":
                    return
                head += data
            host, _, port = head.split(b" ")[1].decode().partition(":")
            far = socket.create_connection((host, int(port)), 5)
            far.settimeout(None)
            self._sockets.add(far)
            self.count += 1
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._back, args=(far, near), daemon=True)
            back.start()
            self._there(near, far)
            back.join(10)
        except OSError:
            pass
        finally:
            for each in (near, far):
                if each is not None:
                    self._sockets.discard(each)
                    each.close()

    def _there(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(1 << 16):
                if self.mode == "late":
                    time.sleep(HELD_S)
                far.sendall(data)
                if self.mode == "cut":
                    break
        _end(near, far)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(1 << 16):
                if self.mode == "deaf":
                    continue
                if self.mode == "slow":
                    time.sleep(HELD_S)
                if self.mode == "lies" and data.startswith(b"HTTP/1.1 ") and b" 101 " not in data[:20]:
                    near.sendall(LIE)
                    break
                near.sendall(data)
        _end(near, far)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
