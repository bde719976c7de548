"""REST and WebSocket through real proxy programs, with TLS to the venue, and nothing that goes around them.

The programs leave from addresses of their own (127.0.0.2, 127.0.0.3), so the venue sees who came which way.
Where the tests run as root, a client is also put into a network namespace from which only the proxy can be
reached. Debian: `apt-get install tinyproxy-bin microsocks`; without them these tests are skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from tests.support.proxy_client import both
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.message import HttpRequest
from trimaran.venues.wire.rest import RestClient, RestError, RestOptions

USER = "trader"
PASSWORDS = {"http with a password": "s3cret", "socks5": "s3cret:/@"}
SOURCES = {"http": "127.0.0.3", "http with a password": "127.0.0.3", "socks5": "127.0.0.2"}
WAYS = ("http", "http with a password", "socks5")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name} (Debian: apt-get install tinyproxy-bin microsocks)")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxies:
    """Starts proxies that listen on every address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._ports: dict[str, int] = {}

    def url(self, way: str, host: str = "127.0.0.1", password: str = "") -> str:
        if way not in self._ports:
            self._ports[way] = self._start(way)
        secret = password or quote(PASSWORDS.get(way, ""), safe="")
        return f"{way.partition(' ')[0]}://{f'{USER}:{secret}@' if secret else ''}{host}:{self._ports[way]}"

    def log(self) -> str:
        return "".join(path.read_text() for path in self._folder.glob("*.log"))

    def stop(self) -> None:
        for process in self._running:
            process.terminate()
            process.wait(5)

    def _start(self, way: str) -> int:
        port = free_port()
        if way == "socks5":
            options = ["-p", str(port), "-u", USER, "-P", PASSWORDS[way], "-b", SOURCES[way]]
            command = [program("microsocks"), *options]
        else:
            settings = self._folder / f"{port}.conf"
            secret = f"BasicAuth {USER} {PASSWORDS[way]}\n" if way in PASSWORDS else ""
            settings.write_text(f"Port {port}\nBind {SOURCES[way]}\nLogLevel Info\n{secret}")
            command = [program("tinyproxy"), "-d", "-c", str(settings)]
        with (self._folder / f"{port}.log").open("wb") as log:
            self._running.append(subprocess.Popen(command, stdout=log, stderr=log))
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.05):
                return port
            time.sleep(0.02)
        raise AssertionError(f"{way} did not start: {self.log()}")


@pytest.fixture
def proxies(tmp_path: Path) -> Iterator[Proxies]:
    made = Proxies(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(key, certificate) of localhost, self-signed: the test's own authority."""
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "certificate.pem"
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(chain)]
    subprocess.run([program("openssl"), *command.split(), *names], check=True, capture_output=True)
    return key, chain


class Venue:
    """Echoes over TLS, and remembers from where it was reached."""

    def __init__(self) -> None:
        self.peers: list[str] = []

    async def start(self, certificate: tuple[Path, Path]) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[1], certificate[0])
        application = web.Application()
        application.router.add_get("/ws", self._echo)
        application.router.add_route("*", "/x", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        self.authority = f"localhost:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.peers.append(request.transport.get_extra_info("peername")[0])
        return web.Response(body=f"{request.method} {request.path_qs}".encode())

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        self.peers.append(request.transport.get_extra_info("peername")[0])
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for message in answer:
            await answer.send_str(message.data)
        return answer


@pytest.fixture
async def tls_venue(certificate):
    made = Venue()
    await made.start(certificate)
    yield made
    await made.stop()


@pytest.fixture
def trusting(certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[1])


async def test_without_a_proxy_the_venue_sees_us(tls_venue, trusting):
    assert await both(tls_venue.authority, None, trusting) == ["POST /x?a=%2B", "hello"]
    assert tls_venue.peers == ["127.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize("way", WAYS)
async def test_through_a_proxy_the_venue_sees_the_proxy_alone(tls_venue, trusting, proxies, way):
    assert await both(tls_venue.authority, proxies.url(way), trusting) == ["POST /x?a=%2B", "hello"]
    assert tls_venue.peers == [SOURCES[way]] * 2
    assert "localhost" in proxies.log(), "the name went to the proxy as it is"


@pytest.mark.parametrize("way", WAYS)
async def test_no_name_is_looked_up_and_nobody_else_is_dialled(
    tls_venue, trusting, proxies, way, monkeypatch
):
    url, loop = proxies.url(way), asyncio.get_running_loop()
    looked_up: list[str] = []
    dialled: list[tuple[str, int]] = []
    look_up, connect = loop.getaddrinfo, loop.sock_connect

    async def watched_look_up(host: str, *more: object, **options: object) -> object:
        looked_up.append(host)
        return await look_up(host, *more, **options)

    async def watched_connect(sock: socket.socket, address: tuple[str, int]) -> None:
        dialled.append(address)
        await connect(sock, address)

    monkeypatch.setattr(loop, "getaddrinfo", watched_look_up)
    monkeypatch.setattr(loop, "sock_connect", watched_connect)
    await both(tls_venue.authority, url, trusting)
    port = int(url.rpartition(":")[2])
    assert set(looked_up) <= {"127.0.0.1"}
    assert dialled == [("127.0.0.1", port)] * 2


@pytest.mark.parametrize("way", ["http with a password", "socks5"])
async def test_a_wrong_password_is_an_error_that_shows_none(tls_venue, trusting, proxies, way):
    for outcome in await both(tls_venue.authority, proxies.url(way, password="hunter2"), trusting):
        assert outcome.startswith("failed: ")
        assert "hunter2" not in outcome
    assert tls_venue.peers == []


@pytest.mark.parametrize("way", WAYS)
async def test_certificates_are_verified_through_the_proxy(tls_venue, proxies, way):
    for outcome in await both(tls_venue.authority, proxies.url(way), None):
        assert "CERTIFICATE_VERIFY_FAILED" in outcome
    assert tls_venue.peers == []


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_when_the_proxy_is_gone_nothing_goes_straight(tls_venue, trusting, scheme):
    url = f"{scheme}://127.0.0.1:{free_port()}"
    for outcome in await both(tls_venue.authority, url, trusting):
        assert outcome.startswith("failed: ")
    assert tls_venue.peers == []


@pytest.mark.parametrize("way", WAYS)
async def test_an_order_that_the_proxy_did_not_let_pass_has_not_left(trusting, proxies, way):
    options = RestOptions(proxy=proxies.url(way), ssl_context=trusting, total_s_max=3.0)
    async with RestClient(SystemClock(), options) as client:
        with pytest.raises(RestError) as caught:
            await client.send(HttpRequest("POST", f"https://localhost:{free_port()}/order"))
    assert not caught.value.may_have_left


async def test_connections_through_a_proxy_are_kept(tls_venue, trusting, proxies):
    options = RestOptions(proxy=proxies.url("socks5"), ssl_context=trusting)
    async with RestClient(SystemClock(), options) as client:
        for _ in range(5):
            await client.send(HttpRequest("GET", f"https://{tls_venue.authority}/x"))
    assert len(tls_venue.peers) == 5
    assert proxies.log().count("connected to") == 1


# A network from which only the proxy can be reached


@pytest.fixture
def isolated() -> Iterator[tuple[str, Callable[[list[str]], list[str]]]]:
    """(address of the proxy, command in the namespace) of a namespace with one cable to this machine."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2 to make a network namespace")
    name, host_end, far_end = f"trimaran{os.getpid()}", f"ta{os.getpid()}", f"tb{os.getpid()}"
    network = f"10.{os.getpid() // 200 % 200 + 10}.{os.getpid() % 200 + 10}"
    steps = [
        f"ip netns add {name}",
        f"ip link add {host_end} type veth peer name {far_end} netns {name}",
        f"ip address add {network}.1/30 dev {host_end}",
        f"ip link set {host_end} up",
        f"ip -n {name} address add {network}.2/30 dev {far_end}",
        f"ip -n {name} link set {far_end} up",
        f"ip -n {name} link set lo up",
    ]
    try:
        for step in steps:
            made = subprocess.run(step.split(), capture_output=True, check=False)
            if made.returncode:
                pytest.skip(f"no network namespace to be had: {step}: {made.stderr.decode().strip()}")
        yield f"{network}.1", lambda command: ["ip", "netns", "exec", name, *command]
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", host_end], capture_output=True, check=False)


async def test_a_client_that_can_reach_nothing_but_the_proxy(tls_venue, certificate, proxies, isolated):
    address, inside = isolated

    async def run(url: str) -> list[str]:
        script = [sys.executable, "-m", "tests.support.proxy_client"]
        command = inside([*script, tls_venue.authority, str(certificate[1]), url])
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        return json.loads(output)

    for outcome in await run(""):
        assert outcome.startswith("failed: ")
    assert tls_venue.peers == []
    for way in WAYS:
        assert await run(proxies.url(way, host=address)) == ["POST /x?a=%2B", "hello"]
    assert set(tls_venue.peers) == set(SOURCES.values())
