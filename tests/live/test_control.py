"""The control socket: its user is answered, whatever else comes is refused, and the desk does not notice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from trimaran.base.errors import ConfigError
from trimaran.live import control
from trimaran.live.control import CLIENTS_MAX, ControlServer, reachable
from trimaran.live.control_port import (
    ANSWER_BYTES_MAX,
    REQUEST_BYTES_MAX,
    AskOrders,
    AskPnl,
    AskStatus,
    CancelOne,
    Done,
    Failed,
    Request,
    SetLimits,
    decode_answer,
    encode_line,
)
from trimaran.ops.control_client import NoDesk, RefusedByDesk, ask_desk

NOBODY = 65_534


class Asked:
    """Answers as a desk does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, str]] = []

    async def handle(self, request: Request, actor: str) -> object:
        self.asked.append((request, actor))
        if isinstance(request, AskPnl):
            raise ConfigError("pnl: expected marks, found none")
        if isinstance(request, AskStatus):
            raise AssertionError("a mistake")
        if isinstance(request, CancelOne):
            return "x" * (ANSWER_BYTES_MAX + 1)
        return {"asked": type(request).__name__}


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Asked, Path, ControlServer]]:
    asked, path = Asked(), folder / "state" / "control.sock"
    server = ControlServer(path, asked.handle)
    await server.start()
    try:
        yield asked, path, server
    finally:
        await server.stop()


async def ask(path: Path, request: Request) -> Any:
    return await asyncio.to_thread(ask_desk, path, request)


async def send(path: Path, data: bytes) -> bytes:
    """What comes back for some bytes until the other end hangs up, or a line is there."""
    with reachable(path) as name:
        reader, writer = await asyncio.open_unix_connection(name, limit=1 << 24)
    try:
        with contextlib.suppress(OSError):
            writer.write(data)
            await writer.drain()
            return await reader.readline()
        return b""
    finally:
        writer.close()


async def test_the_user_of_the_desk_is_answered_and_named(tmp_path: Path) -> None:
    async with serving(tmp_path) as (asked, path, _):
        assert await ask(path, AskOrders(ended=True)) == {"asked": "AskOrders"}
        assert asked.asked == [(AskOrders(ended=True), asked.asked[0][1])]
        assert asked.asked[0][1]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


async def test_what_a_desk_refuses_is_said(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path, server):
        with pytest.raises(RefusedByDesk, match="expected marks"):
            await ask(path, AskPnl())
        with pytest.raises(RefusedByDesk, match="a mistake in the desk: AssertionError"):
            await ask(path, AskStatus())
        with pytest.raises(RefusedByDesk, match="answer: expected at most"):
            await ask(path, CancelOne(1))
        assert server.broken == 1
        assert await ask(path, AskOrders()) == {"asked": "AskOrders"}


async def test_several_questions_on_one_connection_are_answered_in_order(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path, _):
        with reachable(path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
        writer.write(encode_line(AskOrders()) + encode_line(AskPnl()) + encode_line(AskOrders()))
        answers = [decode_answer(await reader.readline()) for _ in range(3)]
        assert [type(answer) for answer in answers] == [Done, Failed, Done]
        writer.close()


async def test_where_no_desk_runs_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoDesk, match="expected the socket of a running desk"):
        ask_desk(tmp_path / "none" / "control.sock", AskPnl())
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    with pytest.raises(NoDesk, match="running desk"):
        ask_desk(tmp_path / "s", AskPnl())
    with pytest.raises(ConfigError, match="request: expected at most"):
        ask_desk(tmp_path / "s", SetLimits("x" * REQUEST_BYTES_MAX))


async def test_a_socket_that_was_left_behind_is_replaced_and_a_long_path_is_no_trouble(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 20)
    (folder / "state").mkdir(parents=True)
    with reachable(folder / "state" / "control.sock") as name, socket.socket(socket.AF_UNIX) as left:
        left.bind(name)
    async with serving(folder) as (_, path, _):
        assert len(str(path)) > 107
        assert await ask(path, AskOrders()) == {"asked": "AskOrders"}


async def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match="expected a socket to listen on"):
        await ControlServer(tmp_path / "state" / "s", Asked().handle).start()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "s").write_text("mine")
    with pytest.raises(ConfigError, match="expected a socket to listen on"):
        await ControlServer(tmp_path / "folder" / "s", Asked().handle).start()
    assert (tmp_path / "folder" / "s").read_text() == "mine"


@pytest.mark.parametrize("seed", range(4))
async def test_garbage_is_refused_and_nothing_is_asked_of_the_desk(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    good = encode_line(SetLimits('{"a": 1}'))[:-1]
    lines = [b"", b"null", b"[]", b"{}", b'{"ask": 1}', b'{"ask": "withdraw"}', b'{"ask": "orders", "x": 1}',
             b'{"ask": "cancel", "client_order_id": "1"}', b'{"ask": "cancel", "client_order_id": 1e999}',
             b'{"ask":"set_limits","text":"\xff"}', b"[" * 100_000, b"GET / HTTP/1.1\r"]  # fmt: skip
    for _ in range(40):
        damaged = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        lines += [
            bytes(damaged).replace(b"\n", b""),
            rng.randbytes(rng.randrange(1, 300)).replace(b"\n", b""),
        ]
    async with serving(tmp_path) as (asked, path, _):
        for line in lines:
            answer = decode_answer(await send(path, line + b"\n"))
            assert isinstance(answer, Failed) or asked.asked.pop()[0].__class__ is SetLimits
        assert not asked.asked
        assert await ask(path, AskOrders()) == {"asked": "AskOrders"}


async def test_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with serving(tmp_path) as (asked, path, server):
        answer = await send(path, b"x" * (REQUEST_BYTES_MAX + 70_000))
        assert not answer or isinstance(decode_answer(answer), Failed)
        assert server.refused == 1
        assert not asked.asked


async def test_clients_beyond_the_bound_and_slow_ones_are_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ASKED_S_MAX", 0.3)
    async with serving(tmp_path) as (_, path, server):
        with reachable(path) as name:
            idle = [await asyncio.open_unix_connection(name) for _ in range(CLIENTS_MAX)]
        idle[0][1].write(b'{"ask": ')  # and no more
        with pytest.raises(RefusedByDesk, match="more than 16 clients"):
            await ask(path, AskOrders())
        ends = await asyncio.gather(*(reader.read() for reader, _ in idle), return_exceptions=True)
        assert all(end == b"" or isinstance(end, ConnectionError) for end in ends)
        assert await ask(path, AskOrders()) == {"asked": "AskOrders"}
        assert server.refused == 1
        for _, writer in idle:
            writer.close()


async def test_who_takes_no_answers_is_hung_up_on_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ASKED_S_MAX", 0.3)
    async with serving(tmp_path) as (asked, path, _):
        with reachable(path) as name:
            deaf = socket.socket(socket.AF_UNIX)
            deaf.connect(name)
        deaf.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                deaf.send(encode_line(AskOrders()) * 100)
        assert await ask(path, AskOrders()) == {"asked": "AskOrders"}
        await asyncio.sleep(0.5)
        assert await ask(path, AskOrders()) == {"asked": "AskOrders"}
        assert len(asked.asked) < 300  # a question every few milliseconds at most
        deaf.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_even_where_the_files_would_let_him(tmp_path: Path) -> None:
    async with serving(tmp_path) as (asked, path, _):
        path.chmod(0o666)
        path.parent.chmod(0o755)
        heard, told = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connected:
                os.chdir(path.parent)
                os.setuid(NOBODY)
                connected.connect(path.name)
                os.write(told, connected.recv(1000))
            os._exit(0)
        os.close(told)
        answer = await asyncio.to_thread(os.read, heard, 1000)
        await asyncio.to_thread(os.waitpid, child, 0)
        os.close(heard)
        assert "another user" in str(decode_answer(answer))
        assert not asked.asked
