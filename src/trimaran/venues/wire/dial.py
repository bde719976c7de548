"""Connected sockets, straight or through a proxy: the one way in which anything of a venue's side dials.

Through a proxy only the proxy's own name is looked up here. The venue's name goes to the proxy as it is, in
a CONNECT (RFC 9110, section 9.3.6) or in a SOCKS 5 request with a domain name (RFC 1928, section 4), so no
question of DNS and no packet goes around it. When the proxy refuses or is gone, there is no connection:
nothing falls back to a direct one. TLS begins behind it, with the venue itself; the proxy sees host and port.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from python_socks import ProxyError, ProxyType, parse_proxy_url
from python_socks.async_.asyncio import Proxy

from trimaran.base.errors import ConfigError

SCHEMES: Final = ("http", "socks5", "socks5h")
_QUERY: Final = re.compile(r"\?[^\s'\"]*")
DIAL_S_MAX: Final = 60.0  # of the library; callers have shorter deadlines of their own


def check_proxy(url: str | None) -> None:
    """Raises ConfigError for an address that cannot be used; its text does not show a password."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in SCHEMES and parts.hostname and parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            "proxy: expected http://[user:password@]host:port or socks5://..., found another form"
        )


def without_queries(text: object) -> str:
    """A text without the queries of the URLs in it, which carry keys, signatures and tokens."""
    return _QUERY.sub("", str(text))


async def dial(host: str, port: int, proxy: str | None) -> socket.socket:
    """A connected socket without delay for small messages.

    Raises OSError when nobody is reached or the proxy refuses; its text does not show a password.
    """
    dialed = await _dial_straight(host, port) if proxy is None else await _dial_through(proxy, host, port)
    dialed.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return dialed


async def _dial_straight(host: str, port: int) -> socket.socket:
    """Tries the host's addresses in turn."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        dialed = socket.socket(family, kind, protocol)
        try:
            dialed.setblocking(False)
            await loop.sock_connect(dialed, address)
        except OSError as error:
            dialed.close()
            failure = error
        except BaseException:
            dialed.close()
            raise
        else:
            return dialed
    raise failure


async def _dial_through(url: str, host: str, port: int) -> socket.socket:
    kind, proxy_host, proxy_port, user, password = parse_proxy_url(url.replace("socks5h://", "socks5://", 1))
    proxy = Proxy(kind, proxy_host, proxy_port, user or None, password or None, rdns=_rdns(kind))
    try:
        return await proxy.connect(host, port, timeout=DIAL_S_MAX)
    except ProxyError as error:
        raise ConnectionError(
            f"the proxy {proxy_host}:{proxy_port} refused {host}:{port}: {error}"
        ) from error


def _rdns(kind: ProxyType) -> bool | None:
    """Names are resolved by the proxy; with CONNECT they always are."""
    return True if kind is ProxyType.SOCKS5 else None
