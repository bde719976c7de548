"""The REST shell against a scripted server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import traceback
from functools import partial

import pytest

from trimaran.base.errors import ConfigError
from trimaran.venues.wire.clock import SystemClock
from trimaran.venues.wire.message import HttpRequest
from trimaran.venues.wire.rest import RestClient, RestError, RestOptions

SECOND = 1_000_000_000


class MovableClock(SystemClock):
    """The system's clock, moved by hand."""

    ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def rest(venue, clock):
    async with RestClient(clock, RestOptions(total_s_max=0.5, body_bytes_max=1000)) as client:
        yield client


async def test_a_json_answer(venue, rest):
    venue.rest_body = b' {"lastUpdateId":1}'
    venue.rest_headers = {"X-MBX-USED-WEIGHT-1M": "42"}
    reply = await rest.get(venue.rest_url + "/api/v3/depth?symbol=%E5%B8%81USDT&limit=5")
    assert (reply.status, reply.body) == (200, b' {"lastUpdateId":1}')
    assert reply.headers["x-mbx-used-weight-1m"] == "42"
    assert venue.rest_targets == ["/api/v3/depth?symbol=%E5%B8%81USDT&limit=5"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>maintenance</html>"),
        (200, b""),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}'),
        (403, b"<html>Forbidden</html>"),
        (302, b""),
        (503, b"Service Unavailable."),
    ],
)
async def test_anything_else_is_an_error_with_status_and_first_bytes(venue, rest, status, body):
    venue.rest_status, venue.rest_body = status, body
    with pytest.raises(RestError) as caught:
        await rest.get(venue.rest_url)
    assert (caught.value.status, caught.value.head, caught.value.retry_after_ns) == (status, body, 0)
    assert str(status) in str(caught.value)


async def test_a_body_above_the_limit(venue, rest):
    venue.rest_body = b"[" + b" " * 1000
    with pytest.raises(RestError, match="at most 1000 bytes"):
        await rest.get(venue.rest_url)


async def test_a_larger_body_where_it_is_expected(venue, rest):
    venue.rest_body = b"[" + b" " * 1000 + b"]"
    reply = await rest.get(venue.rest_url, 1002)
    assert reply.body == venue.rest_body
    with pytest.raises(RestError, match="at most 1001 bytes"):
        await rest.get(venue.rest_url, 1001)


async def test_a_late_answer(venue, rest):
    venue.rest_delay_s = 1.0
    with pytest.raises(RestError, match="TimeoutError") as caught:
        await rest.get(venue.rest_url)
    assert caught.value.status == 0


async def test_nobody_answers(rest):
    with pytest.raises(RestError, match="expected an answer"):
        await rest.get("http://127.0.0.1:1/")


async def test_a_broken_answer(rest):
    async def break_off(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    with pytest.raises(RestError, match="ClientPayloadError"):
        await rest.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("status", "header", "stop_s"),
    [
        (429, "7", 7),
        (418, "120", 120),
        (429, None, 60),
        (429, "Wed, 21 Oct 2026 07:28:00 GMT", 60),
        (418, "0", 1),
        (429, "1.25", 2),
        (429, "1.x", 60),
        (418, "999999999", 3 * 24 * 3600),
    ],
)
async def test_an_order_to_stop_is_obeyed_for_the_whole_host(venue, rest, clock, status, header, stop_s):
    venue.rest_status = status
    venue.rest_headers = {"Retry-After": header} if header is not None else {}
    with pytest.raises(RestError) as caught:
        await rest.get(venue.rest_url + "/first")
    assert caught.value.retry_after_ns == stop_s * SECOND
    venue.rest_status = 200
    with pytest.raises(RestError, match="ordered to stop") as caught:
        await rest.get(venue.rest_url + "/second")
    assert 0 < caught.value.retry_after_ns <= stop_s * SECOND
    assert venue.rest_targets == ["/first"]
    clock.ahead_ns = stop_s * SECOND
    await rest.get(venue.rest_url + "/third")


@pytest.mark.parametrize(
    "proxy", ["ftp://127.0.0.1:1", "127.0.0.1:8080", "https://p:1", "http://:9", "http://h:x"]
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(proxy):
    with pytest.raises(ConfigError, match="proxy: expected"):
        RestOptions(proxy=proxy)
    with pytest.raises(ConfigError) as caught:
        RestOptions(proxy="https://user:hunter2@127.0.0.1:1")
    assert "hunter2" not in str(caught.value)


# Requests of any kind, written by a dialect


class RawServer:
    """Answers with given bytes and keeps what it was sent; "" closes without an answer."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.requests: list[bytes] = []
        self.delay_s = 0.0
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                self.requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
                await asyncio.sleep(self.delay_s)
                answer = self.answers.pop(0) if self.answers else b""
                writer.write(answer)
                if not answer:
                    break


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def raw():
    server = RawServer()
    server.url = await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_request_leaves_byte_by_byte_as_it_was_signed(raw, rest, method):
    raw.answers = [answer(b'{"code":-2010}', "400 Bad Request", X_Used="3")]
    target = "/api/v3/order?symbol=%E5%B8%81USDT&time=2026-01-01T00%3A00%3A00&a=b+c%2Bd&signature=aA%2B%2f%3D"
    headers = {"X-MBX-APIKEY": "key", "Content-Type": "application/json"}
    body = b'{"a":1}' if method in ("POST", "PUT") else b""
    reply = await rest.send(HttpRequest(method, raw.url + target, headers, body))
    assert (reply.status, reply.body, reply.headers["x-used"]) == (400, b'{"code":-2010}', "3")
    head, _, sent_body = raw.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"{method} {target} HTTP/1.1\r\n".encode())
    assert b"X-MBX-APIKEY: key" in head
    assert sent_body == body


async def test_nothing_is_added_that_a_signature_would_not_cover(raw, rest):
    raw.answers = [answer()]
    await rest.send(HttpRequest("POST", raw.url + "/x"))
    assert b"content-type" not in raw.requests[0].lower()
    assert b"accept-encoding: gzip" in raw.requests[0].lower()


async def test_a_redirect_is_an_answer(raw, rest):
    raw.answers = [answer(b"", "307 Temporary Redirect", Location=raw.url + "/elsewhere")]
    assert (await rest.send(HttpRequest("POST", raw.url + "/order"))).status == 307
    assert len(raw.requests) == 1


async def test_compressed_answers_are_inflated_within_the_limit(raw, rest):
    raw.answers = [
        answer(gzip.compress(b"[" + b" " * 900 + b"]"), Content_Encoding="gzip"),
        answer(gzip.compress(b"[" + b" " * 100_000_000), Content_Encoding="gzip"),
    ]
    assert len((await rest.send(HttpRequest("GET", raw.url + "/x"))).body) == 902
    with pytest.raises(RestError, match="at most 1000 bytes"):
        await rest.send(HttpRequest("GET", raw.url + "/x"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_nothing_is_sent_twice(raw, rest, method):
    """A connection that breaks under a request, also one that was kept alive."""
    raw.answers = [answer()]
    await rest.send(HttpRequest("GET", raw.url + "/first"))
    with pytest.raises(RestError) as caught:
        await rest.send(HttpRequest(method, raw.url + "/order"))
    assert caught.value.may_have_left
    await asyncio.sleep(0.02)
    assert [request.split()[1] for request in raw.requests] == [b"/first", b"/order"]


async def test_it_is_told_whether_anything_may_have_left(raw, clock):
    async with RestClient(clock, RestOptions(total_s_max=0.1, connections_max=1)) as rest:
        with pytest.raises(RestError) as caught:
            await rest.send(HttpRequest("POST", "http://127.0.0.1:1/"))
        assert not caught.value.may_have_left
        with pytest.raises(RestError) as caught:  # TLS to what does not speak it
            await rest.send(HttpRequest("POST", raw.url.replace("http", "https")))
        assert not caught.value.may_have_left
        raw.delay_s = 1.0
        first = asyncio.create_task(rest.send(HttpRequest("POST", raw.url + "/1")))
        await asyncio.sleep(0.01)
        with pytest.raises(RestError) as caught:  # there was no free connection
            await rest.send(HttpRequest("POST", raw.url + "/2"), total_s_max=0.05)
        assert not caught.value.may_have_left
        with pytest.raises(RestError, match="TimeoutError") as caught:
            await first
        assert caught.value.may_have_left


async def test_what_may_not_depart_when_it_has_its_connection_has_not_left(raw, rest):
    class Held(Exception):
        pass

    def held() -> None:
        raise Held

    asked: list[str] = []
    raw.answers = [answer(), answer()]
    for path in ("/new", "/reused"):
        with pytest.raises(Held):
            await rest.send(HttpRequest("POST", raw.url + "/order", body=b"{}"), departs=held)
        request = HttpRequest("POST", raw.url + path, body=b"{}")
        await rest.send(request, departs=partial(asked.append, path))
    assert [request.split()[1] for request in raw.requests] == [b"/new", b"/reused"]
    assert asked == ["/new", "/reused"]


async def test_an_unreadable_answer_may_have_been_an_order(raw, rest):
    for garbage in (
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
        b"\r\n\r\n\r\n",
    ):
        raw.answers = [garbage]
        with pytest.raises(RestError) as caught:
            await rest.send(HttpRequest("POST", raw.url + "/order"))
        assert caught.value.may_have_left


async def test_a_ban_stops_every_request_to_the_host(venue, rest, clock):
    venue.rest_status, venue.rest_headers = 418, {"Retry-After": "7"}
    assert (await rest.send(HttpRequest("GET", venue.rest_url + "/first"))).status == 418
    venue.rest_status = 200
    for asked in (rest.get(venue.rest_url), rest.send(HttpRequest("DELETE", venue.rest_url))):
        with pytest.raises(RestError, match="ordered to stop") as caught:
            await asked
        assert not caught.value.may_have_left
        assert 6 * SECOND < caught.value.retry_after_ns <= 7 * SECOND
    clock.ahead_ns = 7 * SECOND
    await rest.get(venue.rest_url + "/second")
    assert venue.rest_targets == ["/first", "/second"]


async def test_a_429_to_send_stops_nobody_here(venue, rest):
    """It may mean new orders alone: who knows what was counted says so, by `stop`."""
    venue.rest_status, venue.rest_headers = 429, {"Retry-After": "7"}
    for _ in range(2):
        assert (await rest.send(HttpRequest("GET", venue.rest_url))).status == 429
    rest.stop(venue.rest_url + "/x", 7 * SECOND)
    rest.stop(venue.rest_url + "/x", SECOND)
    with pytest.raises(RestError, match="7 s left"):
        await rest.send(HttpRequest("GET", venue.rest_url))


async def test_a_429_without_a_time_is_the_governors_business(venue, rest):
    venue.rest_status = 429
    for _ in range(2):
        assert (await rest.send(HttpRequest("GET", venue.rest_url))).status == 429


def test_requests_and_errors_do_not_show_signatures():
    request = HttpRequest("GET", "http://h/x?signature=abc", {"key": "k"})
    assert repr(request) == "HttpRequest(GET http://h/x)"


async def test_the_error_of_an_answer_shows_no_signature(raw, rest):
    """aiohttp names the whole URL in the error of an answer that is no HTTP, and of a late connection."""
    raw.answers = [b"HTTP/1.1 xyz\r\n\r\n"]
    with pytest.raises(RestError, match="ClientResponseError") as caught:
        await rest.send(HttpRequest("POST", raw.url + "/order?Signature=" + "a" * 9))
    assert "a" * 9 not in "".join(traceback.format_exception(caught.value))
    assert f"POST {raw.url}/order: expected an answer" in str(caught.value)
