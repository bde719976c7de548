"""What OKX promises and demands, as constants; each names the exchange's page it comes from.

Public channels only. A stream is called `channel:instId`. This module never opens a connection and knows
nothing of the account.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.wire.market_spec import (
    MINUTE,
    SECOND,
    Endpoints,
    Heartbeat,
    MarketSpec,
    Route,
    SessionSpec,
    SnapshotSource,
    StreamSpec,
)

# https://www.okx.com/docs-v5/en/#overview-production-trading-services
LIVE: Final = Endpoints(
    rest="https://www.okx.com",
    book_streams="wss://ws.okx.com:8443",
    trade_streams="wss://ws.okx.com:8443",
)
# https://www.okx.com/docs-v5/en/#overview-demo-trading-services (the list of instruments is the live one)
DEMO: Final = Endpoints(
    rest="https://www.okx.com",
    book_streams="wss://wspap.okx.com:8443",
    trade_streams="wss://wspap.okx.com:8443",
)

# https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
# A book in which nothing changes repeats its id after about a minute.
SPOT_STREAMS: Final = (
    StreamSpec(Kind.DEPTH, "books:{symbol}", Route.BOOK, 2 * MINUTE, 75 * SECOND, dead_ns=75 * SECOND),
    StreamSpec(Kind.TICKER, "bbo-tbt:{symbol}", Route.BOOK, 2 * MINUTE, 75 * SECOND),
    StreamSpec(Kind.TRADE, "trades:{symbol}", Route.TRADE, 10 * MINUTE, MINUTE),
)
# https://www.okx.com/docs-v5/en/#public-data-websocket-mark-price-channel (at least every 10 s)
# https://www.okx.com/docs-v5/en/#public-data-websocket-funding-rate-channel (every 30 to 90 s)
SWAP_STREAMS: Final = (
    *SPOT_STREAMS,
    StreamSpec(Kind.MARK, "mark-price:{symbol}", Route.TRADE, MINUTE, 30 * SECOND),
    StreamSpec(Kind.FUNDING, "funding-rate:{symbol}", Route.TRADE, 5 * MINUTE, 3 * MINUTE),
)

SESSION: Final = SessionSpec(
    streams=SPOT_STREAMS,
    book_path="/ws/v5/public",
    trade_path="/ws/v5/public",
    # https://www.okx.com/docs-v5/en/#overview-websocket-connect
    heartbeat=Heartbeat.TEXT_PING,
    heartbeat_text="ping",
    snapshots=SnapshotSource.RESUBSCRIBE,
    # https://www.okx.com/docs-v5/en/#overview-websocket-notification
    shutdown_notice_ns=MINUTE,
    books_quiet_ns_max=75 * SECOND,
    streams_per_connection_max=200,  # ours
    books_per_connection_max=29,  # recommended: below 30 depth channels
    streams_per_message_max=100,  # ours
    # https://www.okx.com/docs-v5/en/#overview-websocket-subscribe
    request_bytes_max=64 * 1024,
    messages_per_s_max=10,  # ours
    # https://www.okx.com/docs-v5/en/#overview-websocket-connect
    requests_per_hour_max=480,
    connects_max=3,
    connects_window_ns=SECOND,
    connects_sessions=2,  # spot and swaps, from one address
)

SPOT: Final = MarketSpec(
    market=MarketName("okx.spot"),
    contract=ContractKind.SPOT,
    live=LIVE,
    testnet=DEMO,
    # https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments
    instruments_path="/api/v5/public/instruments?instType=SPOT",
    session=SESSION,
    # https://www.okx.com/fees (Lv 1; the account's own rates replace it)
    default_fees=Fees(maker_e8=80_000, taker_e8=100_000),
)

SWAP: Final = MarketSpec(
    market=MarketName("okx.swap"),
    contract=ContractKind.PERPETUAL,
    live=LIVE,
    testnet=DEMO,
    instruments_path="/api/v5/public/instruments?instType=SWAP",
    session=replace(SESSION, streams=SWAP_STREAMS),
    # https://www.okx.com/fees (Lv 1; the account's own rates replace it)
    default_fees=Fees(maker_e8=20_000, taker_e8=50_000),
)
