"""The REST shell against a scripted server on loopback."""

from __future__ import annotations

import asyncio

import pytest

from trimaran.venues.wire.clock import SystemClock
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


async def test_a_proxy_is_used(venue, clock):
    async with RestClient(clock, RestOptions(proxy=venue.rest_url)) as client:
        await client.get("http://api.venue.test/ping")
    assert venue.rest_targets in (["http://api.venue.test/ping"], ["/ping"])
