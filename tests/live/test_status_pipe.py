"""A reader that does not read must not stop the desk, nor see half a line."""

from __future__ import annotations

import json
import os
import pty

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


def test_a_reader_that_has_gone_is_known() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    pipe = StatusPipe(writer)
    pipe.write({"number": 1})
    assert pipe.gone
    pipe.write({"number": 2})
    os.close(writer)


def test_a_full_disk_is_counted() -> None:
    writer = os.open("/dev/full", os.O_WRONLY)
    pipe = StatusPipe(writer)
    for number in range(3):
        pipe.write({"number": number})
    os.close(writer)
    assert pipe.errors >= 3
    assert not pipe.gone


def test_a_closed_descriptor_is_counted() -> None:
    reader, writer = os.pipe()
    pipe = StatusPipe(writer)
    os.close(reader)
    os.close(writer)
    pipe.say("nobody")
    assert pipe.errors == 1


def test_a_terminal_stays_as_it_was() -> None:
    master, terminal = pty.openpty()
    pipe = StatusPipe(terminal)
    pipe.say("a line")
    assert os.get_blocking(terminal)
    assert os.read(master, 100) == b"a line\r\n"
    os.close(master)
    os.close(terminal)


def test_a_terminal_that_nobody_reads_loses_lines() -> None:
    master, terminal = pty.openpty()
    pipe = StatusPipe(terminal)
    for _ in range(200):
        pipe.say("x" * 500)
    assert pipe.dropped > 0
    os.close(master)
    os.close(terminal)
