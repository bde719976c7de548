"""The child process of the bridge: real ones, that answer, say nonsense, sleep and die."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from pathlib import Path

import msgspec
import pytest

from tests.support.bridge_room import TOY_CHILD
from trimaran.base.secret import Secret
from trimaran.venues.bridge.messages import BridgeSettings
from trimaran.venues.bridge.process import BridgeProcess, ProcessOptions
from trimaran.venues.wire.backoff import Backoff
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.message import HttpRequest
from trimaran.venues.wire.rest import RestError

QUICK = ProcessOptions(
    ready_s_max=10.0, answer_s_max=10.0, stop_s_max=2.0, again=Backoff(1_000_000, 2_000_000)
)
KEY = Credentials("the-key", Secret("the-secret-text"), Secret("the-passphrase"))


class Hearer:
    """Remembers everything."""

    def __init__(self):
        self.ups, self.downs, self.pushes = 0, [], []

    def on_up(self):
        self.ups += 1

    def on_push(self, line):
        self.pushes.append(line)

    def on_down(self, reason):
        self.downs.append(reason)


@contextlib.asynccontextmanager
async def running(options=QUICK, **config):
    settings = BridgeSettings("toy", config)
    process = BridgeProcess(Path(sys.executable), settings, KEY, random.Random(1), options, TOY_CHILD)
    hearer = Hearer()
    process.listen(hearer)
    try:
        await process.start()
        yield process, hearer
    finally:
        await process.close()


async def test_a_request_and_its_answer():
    async with running() as (process, hearer):
        assert process.ready.has == ("watchOrders", "fetchMyTrades")
        reply = await process.send(HttpRequest("POST", "bridge:echo", body=b'{"a":"0.10"}'))
        assert msgspec.json.decode(reply.body)["result"] == {"a": "0.10"}
        many = await asyncio.gather(*(process.ask("echo", b"%d" % number) for number in range(50)))
        assert [msgspec.json.decode(each)["result"] for each in many] == list(range(50))
        assert hearer.ups == 1
        late = Hearer()
        process.listen(late)
        assert late.ups == 1
        assert hearer.downs == []
    assert len(hearer.downs) == 1  # nothing is watched any more
    assert process.counters.deaths == 0


async def test_secrets_are_in_no_argument_and_no_environment():
    async with running() as (process, _):
        where, names = msgspec.json.decode(await process.ask("seen", b"{}"))["result"]
        assert where == [False, False]
        assert set(names) <= {"PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "LC_CTYPE"}
        assert "the-secret" not in repr(process._settings) + repr(process._credentials)


async def test_an_interrupt_of_the_terminal_is_not_for_the_child():
    async with running() as (process, _):
        assert os.getsid(process._process.pid) != os.getsid(0)


async def test_nonsense_is_counted_and_answers_nobody():
    async with running() as (process, hearer):
        assert msgspec.json.decode(await process.ask("garbage", b"{}"))["result"] == "done"
        assert process.counters.garbage == 6
        assert hearer.pushes == []
        await process.ask("push", b'{"push":"book","symbol":"A","bids":[["1","2"]]}')
        assert [(each.push, each.bids) for each in hearer.pushes] == [("book", [("1", "2")])]


async def test_a_child_that_dies_proves_nothing_and_is_followed_by_another():
    async with running() as (process, hearer):
        waiting = asyncio.create_task(process.ask("silence", b"{}"))
        await asyncio.sleep(0)
        with pytest.raises(RestError) as caught:
            await process.ask("die", b"{}")
        assert caught.value.may_have_left
        with pytest.raises(RestError):
            await waiting
        with pytest.raises(RestError) as caught:
            await process.ask("echo", b"1")
        assert not caught.value.may_have_left
        async with asyncio.timeout(10):
            while hearer.ups < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await process.ask("echo", b"1")).endswith(b'"result": 1}')
        assert process.counters.deaths == 1
        assert len(hearer.downs) == 1
        assert "exit code 9" in hearer.downs[0]
        assert "the-secret" not in hearer.downs[0]
        assert "***" in process.last_words


async def test_an_answer_that_is_too_late():
    async with running() as (process, _):
        with pytest.raises(RestError, match="none in time") as caught:
            await process.ask("silence", b"{}", 0.05)
        assert caught.value.may_have_left


async def test_a_line_without_an_end_ends_the_child():
    async with running() as (process, hearer):
        with pytest.raises(RestError, match="a line without an end"):
            await process.ask("endless", b"{}")
        assert len(hearer.downs) == 1


@pytest.mark.parametrize("mode", ["mute", "fails"])
async def test_a_child_that_never_comes_up(mode):
    options = msgspec.structs.replace(QUICK, ready_s_max=0.6, stop_s_max=0.1)
    with pytest.raises(RestError) as caught:
        async with running(options, mode=mode):
            pass
    assert not caught.value.may_have_left
    assert "the-secret" not in str(caught.value)
    if mode == "fails":
        assert "no route" in str(caught.value)


async def test_an_interpreter_that_is_not_there():
    options = msgspec.structs.replace(QUICK, ready_s_max=0.2)
    process = BridgeProcess(Path("nowhere/python"), BridgeSettings("toy"), None, random.Random(1), options)
    with pytest.raises(RestError, match="nowhere/python"):
        await process.start()


async def test_a_listener_that_fails_is_a_failure():
    class Broken(Hearer):
        def on_push(self, line):
            raise ZeroDivisionError

    async with running() as (process, _):
        process.listen(Broken())
        with pytest.raises(RestError):
            await process.ask("push", b'{"push":"book"}', 1.0)
        with pytest.raises(ZeroDivisionError):
            await process.wait()
