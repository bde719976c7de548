"""What Bybit's spot market promises and demands, as constants with the pages that they come from.

A stream is called by its topic. There is no private side: the table of capabilities says so.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.wire.capability import Capability, table
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
from trimaran.venues.wire.private_spec import LimitSpec, PrivateSpec, Scope

# https://bybit-exchange.github.io/docs/v5/ws/connect
LIVE: Final = Endpoints("https://api.bybit.com", "wss://stream.bybit.com", "wss://stream.bybit.com")
TESTNET: Final = Endpoints(
    "https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com", "wss://stream-testnet.bybit.com"
)

SESSION: Final = SessionSpec(
    streams=(
        # https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook
        StreamSpec(Kind.DEPTH, "orderbook.200.{symbol}", Route.BOOK, 2 * MINUTE, MINUTE),
        # https://bybit-exchange.github.io/docs/v5/websocket/public/trade
        StreamSpec(Kind.TRADE, "publicTrade.{symbol}", Route.BOOK, 10 * MINUTE, MINUTE),
        # https://bybit-exchange.github.io/docs/v5/websocket/public/ticker
        StreamSpec(Kind.STATS, "tickers.{symbol}", Route.BOOK, 2 * MINUTE, MINUTE),
    ),
    book_path="/v5/public/spot",
    trade_path="/v5/public/spot",
    # https://bybit-exchange.github.io/docs/v5/ws/connect#how-to-send-the-heartbeat-packet
    heartbeat=Heartbeat.TEXT_PING,
    heartbeat_text='{"op":"ping"}',
    snapshots=SnapshotSource.RESUBSCRIBE,
    streams_per_connection_max=300,  # ours
    streams_per_message_max=1,  # ours, of 10: one topic that is refused refuses the whole request
    messages_per_s_max=20,  # ours
    connects_max=50,  # ours, of 500 in 5 minutes
    connects_window_ns=MINUTE,
)
SPOT: Final = MarketSpec(
    market=MarketName("bybit.spot"),
    contract=ContractKind.SPOT,
    live=LIVE,
    testnet=TESTNET,
    # https://bybit-exchange.github.io/docs/v5/market/instrument
    instruments_path="/v5/market/instruments-info?category=spot",
    session=SESSION,
    # https://www.bybit.com/en/help-center/article/Trading-Fee-Structure (the base tier)
    default_fees=Fees(maker_e8=100_000, taker_e8=100_000),
)
SPOT_PRIVATE: Final = PrivateSpec(
    market=SPOT.market,
    live={"rest": LIVE.rest},
    testnet={"rest": TESTNET.rest},
    lines=(),
    # https://bybit-exchange.github.io/docs/v5/rate-limit: 600 requests in 5 s from one address
    limits=(LimitSpec(name="address", scope=Scope.ADDRESS, units=600, window_ns=5 * SECOND, aligned=False),),
    clock_window_ns=5 * SECOND,
    visibility_lag_ns=SECOND,
    request_expiry=False,
)

_C = Capability
_SUPPORTED: Final = {
    _C.KLINES: "",
    _C.TRADES: "",
    _C.TICKERS: "",
    _C.TESTNET: "",
}
_SPOT_HAS_NONE: Final = {
    _C.REDUCE_ONLY: "spot has no positions",
    _C.POSITIONS: "spot has no positions",
    _C.LEVERAGE: "spot is traded without borrowing",
    _C.MARGIN_MODE: "spot is traded without borrowing",
    _C.FUNDING: "spot pays no funding",
    _C.MARK_PRICE: "spot has no mark price",
}
SPOT_CAPABILITIES: Final = table(
    _SUPPORTED,
    {
        **dict.fromkeys(
            set(Capability) - set(_SUPPORTED) - set(_SPOT_HAS_NONE),
            "this example reads Bybit and does not trade there",
        ),
        **_SPOT_HAS_NONE,
    },
)
