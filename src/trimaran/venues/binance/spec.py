"""What Binance promises and demands, as constants; each names the exchange's page it comes from.

A market is described by one frozen `BinanceMarketSpec`; hosts stand apart in `Endpoints`, so that a
simulator, the testnet or a regional mirror replaces the hosts and nothing else. Times are in
nanoseconds. `exchangeInfo.rateLimits` is the authority on limits; these are its documented values.

This module never opens a connection and knows nothing of the account.
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


class Route(enum.Enum):
    """Which base URL carries a stream. Spot has one base; USD-M splits its streams over two."""

    BOOK = "book"
    TRADE = "trade"


class Endpoints(msgspec.Struct, frozen=True):
    """Hosts of one market, without a trailing slash. Replace them to talk to a simulator."""

    rest: str
    book_streams: str
    trade_streams: str

    def streams(self, route: Route) -> str:
        """The WebSocket base URL that carries `route`."""
        return self.book_streams if route is Route.BOOK else self.trade_streams


class StreamSpec(msgspec.Struct, frozen=True):
    """One class of streams: how its name ends, what its frames turn out to be, where it is served."""

    kind: Kind
    suffix: str
    route: Route
    silence_ns_max: int  # ours: one stream that says nothing for so long is worth an alarm
    class_silence_ns_max: int  # ours: and so are all streams of this class on one connection

    def name(self, symbol: Symbol) -> str:
        """The stream's name: symbols are lower case in stream names, the rest is case sensitive."""
        return symbol.lower() + self.suffix


class BinanceMarketSpec(msgspec.Struct, frozen=True):
    """Everything a session, a loader or a simulator must know about one Binance market."""

    market: MarketName
    contract: ContractKind
    live: Endpoints
    testnet: Endpoints
    data_only: Endpoints | None  # hosts that serve market data and nothing else
    streams: tuple[StreamSpec, ...]
    connection_age_ns_max: int
    streams_per_connection_max: int
    messages_per_s_max: int  # client to server; pings and pongs count
    connects_max: int  # attempts per address in `connects_window_ns`
    connects_window_ns: int
    depth_path: str
    depth_limit: int  # levels a side of the deepest snapshot
    depth_levels: int  # ours: levels a side of a snapshot, where nothing else is wanted
    depth_weights: tuple[tuple[int, int], ...]  # (levels at most, weight), ascending
    weight_per_minute_max: int  # per address
    exchange_info_path: str
    exchange_info_filters: bool  # whether it can be asked for some symbols only
    default_fees: Fees

    def depth_weight(self, levels: int) -> int:
        """Request weight of a snapshot of `levels` a side, at most `depth_limit`."""
        assert 0 < levels <= self.depth_limit
        return next(weight for most, weight in self.depth_weights if levels <= most)

    def depth_url(self, endpoints: Endpoints, symbol: Symbol, levels: int) -> str:
        """URL of a book snapshot. Symbols may hold non-ASCII letters, hence the quoting."""
        return f"{endpoints.rest}{self.depth_path}?symbol={quote(symbol)}&limit={levels}"

    def exchange_info_url(self, endpoints: Endpoints, symbols: Sequence[Symbol] = ()) -> str:
        """URL of the list of instruments: of `symbols` where the market can, otherwise of all.

        A market that can refuses the whole request for one unknown symbol (HTTP 400, code -1121).
        The whole list is also asked for when so many symbols would make too long a URL.
        """
        everything = endpoints.rest + self.exchange_info_path
        if not self.exchange_info_filters:
            return everything
        everything += "?showPermissionSets=false"  # the longest field, of which we read nothing
        names = quote(msgspec.json.encode(list(symbols)), safe="")
        some = f"{everything}&symbols={names}"
        return some if symbols and len(some) <= URL_CHARACTERS_MAX else everything


# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/general-api-information
# https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
SPOT_LIVE: Final = Endpoints(
    rest="https://api.binance.com",
    book_streams="wss://stream.binance.com:9443",
    trade_streams="wss://stream.binance.com:9443",
)
# https://developers.binance.com/docs/binance-spot-api-docs/faqs/market_data_only
SPOT_DATA_ONLY: Final = Endpoints(
    rest="https://data-api.binance.vision",
    book_streams="wss://data-stream.binance.vision",
    trade_streams="wss://data-stream.binance.vision",
)
# https://developers.binance.com/docs/binance-spot-api-docs/testnet/web-socket-streams
SPOT_TESTNET: Final = Endpoints(
    rest="https://testnet.binance.vision",
    book_streams="wss://stream.testnet.binance.vision",
    trade_streams="wss://stream.testnet.binance.vision",
)
# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
# https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
# The undecorated base acknowledges a subscription to aggTrade and then stays silent for ever.
USDM_LIVE: Final = Endpoints(
    rest="https://fapi.binance.com",
    book_streams="wss://fstream.binance.com/public",
    trade_streams="wss://fstream.binance.com/market",
)
USDM_TESTNET: Final = Endpoints(
    rest="https://demo-fapi.binance.com",
    book_streams="wss://demo-fstream.binance.com/public",
    trade_streams="wss://demo-fstream.binance.com/market",
)

SPOT: Final = BinanceMarketSpec(
    market=MarketName("binance.spot"),
    contract=ContractKind.SPOT,
    live=SPOT_LIVE,
    testnet=SPOT_TESTNET,
    data_only=SPOT_DATA_ONLY,
    # https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
    streams=(
        StreamSpec(Kind.DEPTH, "@depth@100ms", Route.BOOK, MINUTE, 15 * SECOND),
        StreamSpec(Kind.TICKER, "@bookTicker", Route.BOOK, MINUTE, 15 * SECOND),
        StreamSpec(Kind.TRADE, "@trade", Route.TRADE, 10 * MINUTE, MINUTE),
    ),
    connection_age_ns_max=24 * HOUR,
    streams_per_connection_max=1024,
    messages_per_s_max=5,
    connects_max=300,
    connects_window_ns=5 * MINUTE,
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
    depth_path="/api/v3/depth",
    depth_limit=5000,
    depth_levels=1000,  # weight 50: sixty books a minute at half of the budget, where 5000 give twelve
    depth_weights=((100, 5), (500, 25), (1000, 50), (5000, 250)),
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
    weight_per_minute_max=6000,
    exchange_info_path="/api/v3/exchangeInfo",
    exchange_info_filters=True,
    # https://www.binance.com/en/fee/trading (base tier; the account's own rates replace it)
    default_fees=Fees(maker_e8=100_000, taker_e8=100_000),
)

USDM: Final = BinanceMarketSpec(
    market=MarketName("binance.usdm"),
    contract=ContractKind.PERPETUAL,
    live=USDM_LIVE,
    testnet=USDM_TESTNET,
    data_only=None,
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
    streams=(
        StreamSpec(Kind.DEPTH, "@depth@100ms", Route.BOOK, MINUTE, 15 * SECOND),
        StreamSpec(Kind.TICKER, "@bookTicker", Route.BOOK, MINUTE, 15 * SECOND),
        StreamSpec(Kind.AGG_TRADE, "@aggTrade", Route.TRADE, 10 * MINUTE, MINUTE),
    ),
    connection_age_ns_max=24 * HOUR,
    streams_per_connection_max=1024,
    messages_per_s_max=10,
    connects_max=300,
    connects_window_ns=5 * MINUTE,
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Order-Book
    depth_path="/fapi/v1/depth",
    depth_limit=1000,
    depth_levels=1000,
    depth_weights=((50, 2), (100, 5), (500, 10), (1000, 20)),
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
    weight_per_minute_max=2400,
    exchange_info_path="/fapi/v1/exchangeInfo",
    exchange_info_filters=False,
    # https://www.binance.com/en/fee/futureFee (base tier; the account's own rates replace it)
    default_fees=Fees(maker_e8=20_000, taker_e8=50_000),
)

MARKETS: Final = {spec.market: spec for spec in (SPOT, USDM)}
