"""What Binance promises and demands, as constants; each names the exchange's page it comes from.

`exchangeInfo.rateLimits` is the authority on limits; these are its documented values. This module never
opens a connection and knows nothing of the account.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.wire.market_spec import (
    HOUR,
    MINUTE,
    SECOND,
    Endpoints,
    Heartbeat,
    MarketSpec,
    RestDepth,
    Route,
    SessionSpec,
    SnapshotSource,
    StreamSpec,
)

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

SPOT: Final = MarketSpec(
    market=MarketName("binance.spot"),
    contract=ContractKind.SPOT,
    live=SPOT_LIVE,
    testnet=SPOT_TESTNET,
    data_only=SPOT_DATA_ONLY,
    # Permission sets are the longest field, of which we read nothing. One unknown symbol among those asked
    # for refuses the whole request (HTTP 400, code -1121).
    instruments_path="/api/v3/exchangeInfo?showPermissionSets=false",
    symbols_parameter="&symbols=",
    session=SessionSpec(
        # https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
        # Symbols are lower case in stream names, the rest is case sensitive.
        streams=(
            StreamSpec(Kind.DEPTH, "{lower}@depth@100ms", Route.BOOK, MINUTE, 15 * SECOND),
            StreamSpec(Kind.TICKER, "{lower}@bookTicker", Route.BOOK, MINUTE, 15 * SECOND),
            StreamSpec(Kind.TRADE, "{lower}@trade", Route.TRADE, 10 * MINUTE, MINUTE),
        ),
        book_path="/ws",
        trade_path="/ws",
        heartbeat=Heartbeat.WEBSOCKET_PING,
        snapshots=SnapshotSource.REST,
        rest_depth=RestDepth(
            # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
            path="/api/v3/depth?symbol={symbol}&limit={levels}",
            levels_max=5000,
            levels_default=1000,  # weight 50: sixty books a minute at half of the budget, 5000 give twelve
            weights=((100, 5), (500, 25), (1000, 50), (5000, 250)),
            # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
            weight_per_minute_max=6000,
        ),
        connection_age_ns_max=24 * HOUR,
        shutdown_notice_ns=10 * MINUTE,
        streams_per_connection_max=1024,
        streams_per_message_max=1024,
        messages_per_s_max=5,
        connects_max=300,
        connects_window_ns=5 * MINUTE,
    ),
    # https://www.binance.com/en/fee/trading (base tier; the account's own rates replace it)
    default_fees=Fees(maker_e8=100_000, taker_e8=100_000),
)

USDM: Final = MarketSpec(
    market=MarketName("binance.usdm"),
    contract=ContractKind.PERPETUAL,
    live=USDM_LIVE,
    testnet=USDM_TESTNET,
    instruments_path="/fapi/v1/exchangeInfo",
    session=SessionSpec(
        # https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
        streams=(
            StreamSpec(Kind.DEPTH, "{lower}@depth@100ms", Route.BOOK, MINUTE, 15 * SECOND),
            StreamSpec(Kind.TICKER, "{lower}@bookTicker", Route.BOOK, MINUTE, 15 * SECOND),
            StreamSpec(Kind.AGG_TRADE, "{lower}@aggTrade", Route.TRADE, 10 * MINUTE, MINUTE),
        ),
        book_path="/ws",
        trade_path="/ws",
        heartbeat=Heartbeat.WEBSOCKET_PING,
        snapshots=SnapshotSource.REST,
        rest_depth=RestDepth(
            # https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Order-Book
            path="/fapi/v1/depth?symbol={symbol}&limit={levels}",
            levels_max=1000,
            levels_default=1000,
            weights=((50, 2), (100, 5), (500, 10), (1000, 20)),
            # https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
            weight_per_minute_max=2400,
        ),
        connection_age_ns_max=24 * HOUR,
        shutdown_notice_ns=10 * MINUTE,
        streams_per_connection_max=1024,
        streams_per_message_max=1024,
        messages_per_s_max=10,
        connects_max=300,
        connects_window_ns=5 * MINUTE,
    ),
    # https://www.binance.com/en/fee/futureFee (base tier; the account's own rates replace it)
    default_fees=Fees(maker_e8=20_000, taker_e8=50_000),
)
