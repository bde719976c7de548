"""Asks a running desk over its control socket, for the commands of people; waits no longer than a bound."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Final

from trimaran.base.errors import ConfigError
from trimaran.live.control import ANSWERED_S_MAX, reachable
from trimaran.live.control_port import (
    ANSWER_BYTES_MAX,
    REQUEST_BYTES_MAX,
    Failed,
    Request,
    decode_answer,
    encode_line,
)

WAIT_S_MAX: Final = ANSWERED_S_MAX + 15.0
CHUNK: Final = 65_536


class NoDesk(ConfigError):
    """No desk answers there."""


class RefusedByDesk(ConfigError):
    """The desk said why it does not do that."""


def ask_desk(path: Path, request: Request) -> Any:
    """The value that a desk answers with. Raises NoDesk or RefusedByDesk."""
    line = encode_line(request)
    if len(line) > REQUEST_BYTES_MAX:
        raise ConfigError(f"request: expected at most {REQUEST_BYTES_MAX} bytes, found {len(line)}")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
            connected.settimeout(WAIT_S_MAX)
            with reachable(path) as name:
                connected.connect(name)
            connected.sendall(line)
            answer = decode_answer(_line_of(connected, path))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NoDesk(
            f"{path}: expected the socket of a running desk, found none; start one with `trimaran run`"
        ) from None
    except OSError as error:
        raise NoDesk(f"{path}: expected a desk that answers, found: {error.strerror or error}") from None
    if isinstance(answer, Failed):
        raise RefusedByDesk(answer.error)
    return answer.value


def _line_of(connected: socket.socket, path: Path) -> bytes:
    received = bytearray()
    while b"\n" not in received:
        chunk = connected.recv(CHUNK)
        if not chunk:
            raise NoDesk(f"{path}: expected an answer, found that the desk hung up")
        received += chunk
        if len(received) > ANSWER_BYTES_MAX + CHUNK:
            raise NoDesk(f"{path}: expected an answer of at most {ANSWER_BYTES_MAX} bytes, found more")
    return bytes(received).partition(b"\n")[0]
