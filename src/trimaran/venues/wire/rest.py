"""REST over aiohttp: requests that leave once, with a deadline, and one typed error for all that goes wrong.

    VenueError
    +- RestError    no answer at all, or, from `get`, not a 2xx answer with a JSON body

A request leaves once or not at all: no redirect is followed, nothing is sent again by itself, and the URL
goes onto the wire as it was signed. `RestError.may_have_left` says whether the venue can have seen any of it:
False is a proof, so an order that failed with it was not placed. Answers may be compressed; their size is
bounded as it is read. Through a proxy (`dial.py`) nothing goes around it.

A ban (HTTP 418) is obeyed here for the whole host, and so is what `get` is told by a 429 with Retry-After:
until it has passed, requests fail at once and nothing is sent, because insisting earns a longer ban. A 429
that does not say for how long makes `get` pause. What a 429 to `send` means is for its caller's governor to
say, who knows what was counted: the venue may mean new orders alone, and cancels must go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from types import SimpleNamespace, TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from trimaran.base.errors import ConfigError, VenueError
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.ports import Clock
from trimaran.venues.wire.dial import check_proxy, dial, without_queries
from trimaran.venues.wire.message import Departs, HttpReply, HttpRequest

SECOND: Final = 1_000_000_000
BANNED: Final = 418
STOP_STATUSES: Final = (BANNED, 429)
STOP_NS_DEFAULT: Final = 60 * SECOND  # an order to stop that does not say for how long
STOP_NS_MAX: Final = 3 * 24 * 3600 * SECOND  # the longest ban that a venue documents
HEAD_BYTES: Final = 120  # of a refused body, shown in the error


class RestError(VenueError):
    """A request without a usable answer. `status` is 0 when there was none at all.

    `may_have_left`: the venue may have seen the request, or part of it. `retry_after_ns` is above 0 when the
    venue ordered to stop; `head` holds the body's first bytes.
    """

    def __init__(
        self,
        text: str,
        status: int = 0,
        retry_after_ns: int = 0,
        head: bytes = b"",
        *,
        may_have_left: bool = True,
    ) -> None:
        super().__init__(f"{text}, found HTTP {status} {head!r}" if status else text)
        self.status = status
        self.retry_after_ns = retry_after_ns
        self.head = head
        self.may_have_left = may_have_left


class RestOptions(msgspec.Struct, frozen=True):
    """How requests are made; times in seconds."""

    proxy: str | None = None  # http:// or socks5://, with user and password where it wants them
    ssl_context: ssl.SSLContext | None = None  # None: the system's certificate store
    total_s_max: float = 10.0
    connect_s_max: float = 5.0  # of that: a free connection, TCP, the proxy, TLS
    body_bytes_max: int = FRAME_BYTES_MAX
    connections_max: int = 16

    def __post_init__(self) -> None:
        check_proxy(self.proxy)
        context = self.ssl_context
        if context is not None and not (context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED):
            raise ConfigError("ssl_context: expected one that verifies certificate and host name")

    def __repr__(self) -> str:
        """Without the password that a proxy may have."""
        return f"RestOptions(proxy={'one' if self.proxy else None})"


class RestClient:
    """Use as an async context manager; closing it closes its connections."""

    def __init__(self, clock: Clock, options: RestOptions) -> None:
        self._clock = clock
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        self._stopped_until_ns: dict[str, int] = {}  # host -> monotonic time
        self._paused_until_ns: dict[str, int] = {}  # the same, for `get` alone

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=_connector(self._options),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_departures()],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()
        self._session = None

    async def send(
        self,
        request: HttpRequest,
        total_s_max: float = 0.0,
        departs: Departs | None = None,
        body_bytes_max: int = 0,
    ) -> HttpReply:
        """The answer of any status. Raises RestError when there is none, or it is too large.

        The two limits replace those of the options. `departs` is called when the request has its connection,
        right before its first byte leaves: what it raises is raised, and nothing has left.
        """
        assert self._session is not None, "used outside of its context"
        host = urlsplit(request.url).netloc
        self._refuse_while(self._stopped_until_ns, host)
        departure = _Departure(departs)
        what = f"{request.method} {request.url.partition('?')[0]}"
        try:
            async with self._session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body or None,
                headers=request.headers,
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
                timeout=self._timeout(total_s_max),
                trace_request_ctx=departure,
            ) as response:
                body = await _read(response, what, body_bytes_max or self._options.body_bytes_max)
                headers = {name.lower(): value for name, value in response.headers.items()}
                reply = HttpReply(response.status, body, headers)
        except (aiohttp.ClientError, OSError, TimeoutError, _SentTwice) as error:
            text = f"{what}: expected an answer, found {type(error).__name__}: {without_queries(error)}"
            raise RestError(text, may_have_left=departure.begun) from None  # its text shows the whole URL
        if reply.status == BANNED:
            self.stop(request.url, stop_ordered_ns(reply))
        return reply

    def stop(self, url: str, stop_ns: int) -> None:
        """Sends nothing to the host of `url` for so long. A shorter stop does not end a longer one."""
        host, until_ns = urlsplit(url).netloc, self._clock.monotonic_ns() + stop_ns
        self._stopped_until_ns[host] = max(until_ns, self._stopped_until_ns.get(host, 0))

    async def get(self, url: str, body_bytes_max: int = 0) -> HttpReply:
        """The 2xx answer with a JSON body to GET `url` (already percent-encoded). Raises RestError.

        `body_bytes_max` replaces the limit of the options for a body that is known to be larger.
        """
        host = urlsplit(url).netloc
        self._refuse_while(self._paused_until_ns, host)
        reply = await self.send(HttpRequest("GET", url), body_bytes_max=body_bytes_max)
        status, head = reply.status, reply.body[:HEAD_BYTES]
        if status in STOP_STATUSES:
            stop_ns = stop_ordered_ns(reply)
            if stop_ns:
                self.stop(url, stop_ns)
            else:
                stop_ns = STOP_NS_DEFAULT
                self._paused_until_ns[host] = self._clock.monotonic_ns() + stop_ns
            raise RestError(f"GET {url}: expected 2xx", status, stop_ns, head)
        if not 200 <= status < 300:
            raise RestError(f"GET {url}: expected 2xx", status, head=head)
        if reply.body.lstrip()[:1] not in (b"{", b"["):
            raise RestError(f"GET {url}: expected JSON", status, head=head)
        return reply

    def _refuse_while(self, until_ns: dict[str, int], host: str) -> None:
        left_ns = until_ns.get(host, 0) - self._clock.monotonic_ns()
        if left_ns > 0:
            text = f"{host} ordered to stop: {left_ns / SECOND:.0f} s left"
            raise RestError(text, retry_after_ns=left_ns, may_have_left=False)

    def _timeout(self, total_s_max: float) -> aiohttp.ClientTimeout:
        total_s = total_s_max or self._options.total_s_max
        return aiohttp.ClientTimeout(total=total_s, connect=min(self._options.connect_s_max, total_s))


def stop_ordered_ns(reply: HttpReply) -> int:
    """For how long an answer orders its host to stop; 0 when it does not say, or does not order it.

    A 418 is a ban, also without a time. https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
    """
    text = reply.headers.get("retry-after", "")
    if reply.status not in STOP_STATUSES or (reply.status != BANNED and not text):
        return 0
    whole, _, fraction = text.partition(".")
    if not (text.isascii() and whole.isdigit() and len(whole) < 10 and (fraction or "0").isdigit()):
        return STOP_NS_DEFAULT  # missing, a date, or nonsense
    return min(max((int(whole) + bool(fraction)) * SECOND, SECOND), STOP_NS_MAX)


async def _read(response: aiohttp.ClientResponse, what: str, bytes_max: int) -> bytes:
    """The body, inflated, as far as the limit: a refused status is still refused for what it is."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > bytes_max:
            text = f"{what}: expected at most {bytes_max} bytes"
            raise RestError(text, response.status, head=bytes(body[:HEAD_BYTES]))
    return bytes(body)


class _SentTwice(Exception):
    """aiohttp was about to repeat a request by itself, as it does with GET, PUT and DELETE."""


class _Departure:
    """Whether a request has been given a connection, from which moment bytes of it may leave.

    On the connection it is looked at once more (`departs`): it may have waited for one for long.
    """

    def __init__(self, departs: Departs | None) -> None:
        self.begun = False
        self._departs = departs

    def look(self) -> None:
        """The last look. Raises what it says."""
        if self._departs is not None:
            self._departs()


def _departures() -> aiohttp.TraceConfig:
    """Watches requests on their way to a connection; a second one for the same request is refused."""

    async def got_connection(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        departure = context.trace_request_ctx
        if departure.begun:
            raise _SentTwice("the connection broke under the request")
        departure.begun = True

    async def is_about_to_write(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.look()

    watch = aiohttp.TraceConfig()
    watch.on_connection_create_end.append(got_connection)
    watch.on_connection_reuseconn.append(got_connection)
    watch.on_request_headers_sent.append(is_about_to_write)  # aiohttp says so before it writes them
    return watch


def _connector(options: RestOptions) -> aiohttp.BaseConnector:
    if options.proxy is not None:
        return _ProxyConnector(options.proxy, options.ssl_context, options.connections_max)
    verify = options.ssl_context if options.ssl_context is not None else True
    return aiohttp.TCPConnector(limit=options.connections_max, ssl=verify)


class _ProxyConnector(aiohttp.BaseConnector):
    """Connections that `dial` makes through a proxy. It has no resolver, so no name is looked up for it."""

    def __init__(self, proxy: str, context: ssl.SSLContext | None, connections_max: int) -> None:
        super().__init__(limit=connections_max)
        self._proxy = proxy
        self._context = context if context is not None else ssl.create_default_context()

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: object,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> ResponseHandler:
        host, port = req.url.raw_host, req.port
        assert host is not None
        assert port is not None
        dialed = await dial(host, port, self._proxy)
        try:
            _, protocol = await asyncio.get_running_loop().create_connection(
                self._factory,
                sock=dialed,
                ssl=self._context if req.is_ssl() else None,
                server_hostname=host.rstrip(".") if req.is_ssl() else None,
            )
        except BaseException:
            with contextlib.suppress(OSError):  # whoever owns it by now
                dialed.shutdown(socket.SHUT_RDWR)
            raise
        return protocol
