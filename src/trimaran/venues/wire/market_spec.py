"""What a market promises and demands, as numbers: the form that each venue's `spec.py` fills in.

Hosts stand apart in `Endpoints`, so that a simulator, a testnet or a regional mirror replaces the hosts and
nothing else. Times are in nanoseconds. What a session needs is one frozen `SessionSpec`; no venue is
mentioned here, and none needs a line of code of its own where a number will do.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName, Symbol

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
URL_CHARACTERS_MAX: Final = 4_096  # ours: proxies refuse request lines from 8 KiB
STREAM_TEXT_BYTES_MAX: Final = 256  # ours: one stream in the text of a request, with its quotes and braces


class Route(enum.Enum):
    """Which connection carries a stream, where a market splits its streams over two base URLs."""

    BOOK = "book"
    TRADE = "trade"


class Heartbeat(enum.Enum):
    """Who asks whether the connection lives, and how."""

    WEBSOCKET_PING = "we send WebSocket pings"
    TEXT_PING = "we send a text and are answered by one"
    SERVER_PING = "the server asks in its data, we only answer"


class SnapshotSource(enum.Enum):
    """Where a whole book comes from."""

    REST = "a GET beside the stream"
    REQUEST = "a request on the connection that carries the stream"
    RESUBSCRIBE = "the first frame of every subscription"


class Endpoints(msgspec.Struct, frozen=True):
    """Hosts of one market, without a trailing slash. Replace them to talk to a simulator."""

    rest: str
    book_streams: str
    trade_streams: str

    def streams(self, route: Route) -> str:
        """The WebSocket base URL that carries `route`."""
        return self.book_streams if route is Route.BOOK else self.trade_streams


class StreamSpec(msgspec.Struct, frozen=True):
    """One class of streams: how it is called, what its frames turn out to be, where it is served.

    `pattern` holds `{symbol}`, or `{lower}` where the venue wants it in lower case.
    """

    kind: Kind
    pattern: str
    route: Route
    silence_ns_max: int  # ours: one stream that says nothing for so long is worth an alarm
    class_silence_ns_max: int  # ours: and so are all streams of this class on one connection
    dead_ns: int = 0  # the venue promises to speak more often than that, whatever happens; 0: no promise

    def __post_init__(self) -> None:
        assert not self.dead_ns or self.kind == Kind.DEPTH, "only books are subscribed anew when silent"

    def name(self, symbol: Symbol) -> str:
        """The stream's name for one symbol."""
        return self.pattern.format(symbol=symbol, lower=symbol.lower())

    @property
    def label(self) -> str:
        """The name of the whole class, for people."""
        return self.pattern.format(symbol="*", lower="*")


class RestDepth(msgspec.Struct, frozen=True):
    """Book snapshots over REST, and what they cost."""

    path: str  # with {symbol} and {levels}
    levels_max: int  # a side
    levels_default: int  # ours: where nothing else is wanted
    weights: tuple[tuple[int, int], ...]  # (levels at most, weight), ascending
    weight_per_minute_max: int  # per address

    def weight(self, levels: int) -> int:
        """Request weight of a snapshot of `levels` a side, at most `levels_max`."""
        assert 0 < levels <= self.levels_max
        return next(weight for most, weight in self.weights if levels <= most)

    def url(self, endpoints: Endpoints, symbol: Symbol, levels: int) -> str:
        """URL of a book snapshot. Symbols may hold non-ASCII letters, hence the quoting."""
        return endpoints.rest + self.path.format(symbol=quote(symbol), levels=levels)


class SessionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a session must know about a market. 0 stands for a limit that the venue does not have."""

    streams: tuple[StreamSpec, ...]
    book_path: str  # behind the base URL of `Route.BOOK`
    trade_path: str
    heartbeat: Heartbeat
    snapshots: SnapshotSource
    rest_depth: RestDepth | None = None  # of SnapshotSource.REST
    heartbeat_text: str = ""  # of Heartbeat.TEXT_PING
    connection_age_ns_max: int = 0
    shutdown_notice_ns: int = 10 * MINUTE  # from the notice of a shutdown until it comes
    books_quiet_ns_max: int = 0  # so long all books of a connection may say nothing, and nothing is wrong
    streams_per_connection_max: int
    books_per_connection_max: int = 0
    streams_per_message_max: int
    request_bytes_max: int = 0
    messages_per_s_max: int  # client to server; pings and pongs count
    requests_per_hour_max: int = 0  # subscribe and unsubscribe messages of one connection
    snapshot_every_ns: int = 0  # of SnapshotSource.REQUEST: one per connection in so long
    connects_max: int  # attempts per address in `connects_window_ns`
    connects_window_ns: int
    connects_sessions: int = 1  # sessions of ours that share that limit

    def __post_init__(self) -> None:
        assert (self.rest_depth is not None) == (self.snapshots is SnapshotSource.REST)
        assert (self.heartbeat_text != "") == (self.heartbeat is Heartbeat.TEXT_PING)
        needed = self.streams_per_message_max * STREAM_TEXT_BYTES_MAX
        assert not self.request_bytes_max or needed <= self.request_bytes_max

    def path(self, route: Route) -> str:
        """What stands behind the base URL of `route`."""
        return self.book_path if route is Route.BOOK else self.trade_path


class MarketSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One market: its hosts, its list of instruments, its session, and the fees of its base tier."""

    market: MarketName
    contract: ContractKind
    live: Endpoints
    testnet: Endpoints | None = None
    data_only: Endpoints | None = None  # hosts that serve market data and nothing else
    instruments_path: str
    symbols_parameter: str = ""  # of the list of instruments: a JSON array; empty when it cannot be asked
    session: SessionSpec
    default_fees: Fees

    def instruments_url(self, endpoints: Endpoints, symbols: Sequence[Symbol] = ()) -> str:
        """URL of the list of instruments: of `symbols` where the market can, otherwise of all.

        The whole list is also asked for when so many symbols would make too long a URL.
        """
        everything = endpoints.rest + self.instruments_path
        if not self.symbols_parameter or not symbols:
            return everything
        names = quote(msgspec.json.encode(list(symbols)), safe="")
        some = f"{everything}{self.symbols_parameter}{names}"
        return some if len(some) <= URL_CHARACTERS_MAX else everything
