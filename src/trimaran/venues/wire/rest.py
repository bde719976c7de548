"""REST over aiohttp: GET with a deadline, a bounded body, and one typed error for all that goes wrong.

    VenueError
    +- RestError    not a 2xx answer with a JSON body

A venue's order to stop (HTTP 429 and 418, with Retry-After) is obeyed here for the whole host: until
it has passed, requests fail at once and nothing is sent, because insisting earns a longer ban.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from trimaran.base.errors import ConfigError, VenueError
from trimaran.base.limits import FRAME_BYTES_MAX
from trimaran.domain.ports import Clock

SECOND: Final = 1_000_000_000
STOP_STATUSES: Final = (418, 429)
STOP_NS_DEFAULT: Final = 60 * SECOND  # an order to stop that does not say for how long
STOP_NS_MAX: Final = 3 * 24 * 3600 * SECOND  # the longest ban that a venue documents
HEAD_BYTES: Final = 120  # of a refused body, shown in the error


class RestError(VenueError):
    """A request without a usable answer. `status` is 0 when there was none at all.

    `retry_after_ns` is above 0 when the venue ordered to stop; `head` holds the body's first bytes.
    """

    def __init__(self, text: str, status: int = 0, retry_after_ns: int = 0, head: bytes = b"") -> None:
        super().__init__(f"{text}, found HTTP {status} {head!r}" if status else text)
        self.status = status
        self.retry_after_ns = retry_after_ns
        self.head = head


class RestOptions(msgspec.Struct, frozen=True):
    """How requests are made; times in seconds."""

    proxy: str | None = None  # http:// or https://
    ssl_context: ssl.SSLContext | None = None  # None: the system's certificate store
    total_s_max: float = 10.0
    body_bytes_max: int = FRAME_BYTES_MAX
    connections_max: int = 16

    def __post_init__(self) -> None:
        context = self.ssl_context
        if context is not None and not (context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED):
            raise ConfigError("ssl_context: expected one that verifies certificate and host name")


class RestReply(msgspec.Struct, frozen=True):
    """A 2xx answer whose body begins like JSON. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RestClient:
    """Use as an async context manager; closing it closes its connections."""

    def __init__(self, clock: Clock, options: RestOptions) -> None:
        self._clock = clock
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        self._stopped_until_ns: dict[str, int] = {}  # host -> monotonic time

    async def __aenter__(self) -> Self:
        verify = self._options.ssl_context if self._options.ssl_context is not None else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._options.connections_max, ssl=verify),
            timeout=aiohttp.ClientTimeout(total=self._options.total_s_max),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()
        self._session = None

    async def get(self, url: str, body_bytes_max: int = 0) -> RestReply:
        """The answer to GET `url` (already percent-encoded). Raises RestError.

        `body_bytes_max` replaces the limit of the options for a body that is known to be larger.
        """
        assert self._session is not None, "used outside of its context"
        host = urlsplit(url).netloc
        self._refuse_while_stopped(host)
        try:
            async with self._session.get(url, proxy=self._options.proxy, allow_redirects=False) as response:
                body = await self._read(response, url, body_bytes_max or self._options.body_bytes_max)
                self._check(response, body, host)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return RestReply(response.status, headers, body)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            text = f"GET {url}: expected an answer, found {type(error).__name__}: {error}"
            raise RestError(text) from error

    def _refuse_while_stopped(self, host: str) -> None:
        left_ns = self._stopped_until_ns.get(host, 0) - self._clock.monotonic_ns()
        if left_ns > 0:
            raise RestError(f"{host} ordered to stop: {left_ns / SECOND:.0f} s left", retry_after_ns=left_ns)

    async def _read(self, response: aiohttp.ClientResponse, url: str, bytes_max: int) -> bytes:
        """The body, as far as the limit: a refused status is still refused for what it is."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > bytes_max:
                text = f"GET {url}: expected at most {bytes_max} bytes"
                raise RestError(text, response.status, head=bytes(body[:HEAD_BYTES]))
        return bytes(body)

    def _check(self, response: aiohttp.ClientResponse, body: bytes, host: str) -> None:
        status, head = response.status, body[:HEAD_BYTES]
        if status in STOP_STATUSES:
            stop_ns = _retry_after_ns(response.headers.get("Retry-After", ""))
            self._stopped_until_ns[host] = self._clock.monotonic_ns() + stop_ns
            raise RestError(f"GET {response.url}: expected 2xx", status, stop_ns, head)
        if not 200 <= status < 300:
            raise RestError(f"GET {response.url}: expected 2xx", status, head=head)
        if body.lstrip()[:1] not in (b"{", b"["):
            raise RestError(f"GET {response.url}: expected JSON", status, head=head)


def _retry_after_ns(text: str) -> int:
    """Seconds of a Retry-After header; the default where it is missing, a date or nonsense."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return STOP_NS_DEFAULT
    return min(max(int(text) * SECOND, SECOND), STOP_NS_MAX)
