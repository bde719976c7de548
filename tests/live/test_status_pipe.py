"""A reader that does not read must not stop the desk, nor see half a line."""

from __future__ import annotations

import json
import os

from trimaran.live.status_pipe import StatusPipe


def test_a_slow_reader_loses_statuses_and_never_half_a_line() -> None:
    reader, writer = os.pipe()
    pipe = StatusPipe(writer)
    for number in range(200):
        pipe.write({"number": number, "filler": "x" * 4_000})
    assert pipe.dropped > 0
    received = b""
    os.set_blocking(reader, False)
    for number in range(200, 260):
        while True:
            try:
                received += os.read(reader, 65_536)
            except BlockingIOError:
                break
        pipe.write({"number": number, "filler": ""})
    os.close(writer)
    os.set_blocking(reader, True)
    while chunk := os.read(reader, 65_536):
        received += chunk
    os.close(reader)
    numbers = [json.loads(line)["number"] for line in received.splitlines()]
    assert numbers == sorted(numbers)
    assert numbers[0] == 0
    assert numbers[-1] == 259


def test_a_reader_that_has_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    StatusPipe(writer).write({"number": 1})
    os.close(writer)
