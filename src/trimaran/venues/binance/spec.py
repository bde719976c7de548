"""What Binance promises and demands, as constants; each names the exchange's page it comes from.

`exchangeInfo.rateLimits` is the authority on limits; these are its documented values. This module never
opens a connection. The private side follows the public one: hosts, lines, budgets, and what each market
can do.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.wire.capability import Capabilities, Capability, table
from trimaran.venues.wire.lines import LineSpec
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
from trimaran.venues.wire.private_spec import DeadManSpec, LimitSpec, PrivateSpec, Scope

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

# --- the private side ---------------------------------------------------------------------------------

SPOT_WEIGHT: Final = "spot_weight"
SPOT_ORDERS: Final = ("spot_orders_10s", "spot_orders_1d")
SAPI_WEIGHT: Final = "sapi_weight"
USDM_WEIGHT: Final = "usdm_weight"
USDM_ORDERS: Final = ("usdm_orders_10s", "usdm_orders_1m")

_WEIGHT_HEADER: Final = "x-mbx-used-weight-1m"
_RESERVED_WEIGHT: Final = 200  # ours: two hundred cancels a minute, whatever else was asked


def _limit(name: str, scope: Scope, units: int, window_ns: int, header: str, reserved: int = 0) -> LimitSpec:
    return LimitSpec(
        name=name,
        scope=scope,
        units=units,
        window_ns=window_ns,
        aligned=True,
        reserved=reserved,
        used_header=header,
    )


SPOT_PRIVATE: Final = PrivateSpec(
    market=MarketName("binance.spot"),
    # https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/general-api-information
    live={"rest": SPOT_LIVE.rest, "ws_api": "wss://ws-api.binance.com:443/ws-api/v3"},
    testnet={"rest": SPOT_TESTNET.rest, "ws_api": "wss://ws-api.testnet.binance.vision/ws-api/v3"},
    lines=(
        LineSpec(
            name="private",
            base="ws_api",
            path="",  # the base URL of the WebSocket API is all of it
            pushes=True,
            takes_orders=True,
            heartbeat=Heartbeat.WEBSOCKET_PING,
            connection_age_ns_max=24 * HOUR,
            shutdown_notice_ns=10 * MINUTE,
            connects_max=300,
            connects_window_ns=5 * MINUTE,
        ),
    ),
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
    # Orders: accounts have 50 to 100 in ten seconds and 160,000 to 200,000 a day; the least is taken. The
    # third limit, 61,000 requests in 5 minutes, is out of reach: each of ours costs one of 6,000 a minute.
    limits=(
        _limit(SPOT_WEIGHT, Scope.ADDRESS, 6000, MINUTE, _WEIGHT_HEADER, _RESERVED_WEIGHT),
        _limit(SPOT_ORDERS[0], Scope.ACCOUNT, 50, 10 * SECOND, "x-mbx-order-count-10s"),
        _limit(SPOT_ORDERS[1], Scope.ACCOUNT, 160_000, 24 * HOUR, "x-mbx-order-count-1d"),
        # https://developers.binance.com/docs/wallet/introduction
        _limit(SAPI_WEIGHT, Scope.ADDRESS, 12_000, MINUTE, "x-sapi-used-ip-weight-1m"),
    ),
    clock_window_ns=SECOND,  # a timestamp may be 1 s ahead, and `recvWindow` behind
    visibility_lag_ns=SECOND,  # code -2013 for an order that was just accepted has been seen
    request_expiry=True,
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints (myTrades)
    history_window_ns=24 * HOUR,
)

USDM_PRIVATE: Final = PrivateSpec(
    market=MarketName("binance.usdm"),
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-api-general-info
    live={
        "rest": USDM_LIVE.rest,
        "ws_private": "wss://fstream.binance.com/private",
        "ws_api": "wss://ws-fapi.binance.com/ws-fapi/v1",
    },
    testnet={
        "rest": USDM_TESTNET.rest,
        "ws_private": "wss://demo-fstream.binance.com/private",
        "ws_api": "wss://testnet.binancefuture.com/ws-fapi/v1",
    },
    lines=(
        # https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
        LineSpec(
            name="private",
            base="ws_private",
            path="/ws?listenKey={token}",
            pushes=True,
            takes_orders=False,
            needs_token=True,
            token_keep_ns=30 * MINUTE,  # it lives for 60
            heartbeat=Heartbeat.WEBSOCKET_PING,
            connection_age_ns_max=24 * HOUR,
            shutdown_notice_ns=10 * MINUTE,
            messages_per_s_max=10,
            connects_max=300,
            connects_window_ns=5 * MINUTE,
        ),
        LineSpec(
            name="orders",
            base="ws_api",
            path="",
            pushes=False,
            takes_orders=True,
            heartbeat=Heartbeat.WEBSOCKET_PING,
            connection_age_ns_max=24 * HOUR,
            shutdown_notice_ns=10 * MINUTE,
            connects_max=300,
            connects_window_ns=5 * MINUTE,
        ),
    ),
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
    limits=(
        _limit(USDM_WEIGHT, Scope.ADDRESS, 2400, MINUTE, _WEIGHT_HEADER, _RESERVED_WEIGHT),
        _limit(USDM_ORDERS[0], Scope.ACCOUNT, 300, 10 * SECOND, "x-mbx-order-count-10s"),
        _limit(USDM_ORDERS[1], Scope.ACCOUNT, 1200, MINUTE, "x-mbx-order-count-1m"),
    ),
    clock_window_ns=SECOND,
    visibility_lag_ns=SECOND,
    request_expiry=True,
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Account-Trade-List
    history_window_ns=7 * 24 * HOUR,
    triggers_apart=True,
    # https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Auto-Cancel-All-Open-Orders
    # Each arming has a weight of 10, for each instrument with open orders: hence a minute, not half of one.
    dead_man=DeadManSpec(per_symbol=True, timeout_ns=MINUTE, timeout_ns_min=SECOND, timeout_ns_max=0),
)

_C = Capability
_BOTH: Final = {
    _C.LIMIT: "",
    _C.MARKET: "size in base asset",
    _C.IOC: "the rest expires",
    _C.FOK: "",
    _C.SELF_TRADE: "EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH",
    _C.QUERY_BY_CLIENT_ID: "for a moment after placement it may not be found",
    _C.ORDER_HISTORY: "",
    _C.FILL_HISTORY: "of one order by the venue's order id",
    _C.REQUEST_EXPIRY: "recvWindow, checked again before matching",
    _C.ORDERS_OVER_WEBSOCKET: "",
    _C.PRIVATE_STREAM: "",
    _C.HMAC: "",
    _C.ED25519: "order lines log in once, and requests need no signature",
    _C.KLINES: "",
    _C.TRADES: "",
    _C.TICKERS: "",
    _C.TESTNET: "",
}
SPOT_CAPABILITIES: Final[Capabilities] = table(
    _BOTH
    | {
        _C.POST_ONLY: "LIMIT_MAKER: refused when it would take",
        _C.STOP: "STOP_LOSS, STOP_LOSS_LIMIT",
        _C.TAKE_PROFIT: "TAKE_PROFIT, TAKE_PROFIT_LIMIT",
        _C.ICEBERG: "of limit orders that are good till cancelled",
        _C.AMEND_SIZE: "smaller only; keeps its place",
        _C.CANCEL_ALL: "of one instrument",
        _C.UNIQUE_CLIENT_ID: "among open orders",
        _C.ACCOUNT_FEES: "the discount for paying in BNB is not counted",
        _C.KEY_PERMISSIONS: "on the testnet only whether the account may trade",
    },
    {
        _C.REDUCE_ONLY: "a spot account has no positions",
        _C.AMEND_PRICE: "cancel and place anew: keepPriority only takes a smaller size",
        _C.DEAD_MAN: "spot has no such switch",
        _C.POSITIONS: "spot has balances",
        _C.LEVERAGE: "spot has no leverage",
        _C.MARGIN_MODE: "spot has no margin",
        _C.FUNDING: "spot pays no funding",
        _C.MARK_PRICE: "spot has no mark price",
    },
)
USDM_CAPABILITIES: Final[Capabilities] = table(
    _BOTH
    | {
        _C.POST_ONLY: "GTX: refused when it would take",
        _C.REDUCE_ONLY: "",
        _C.STOP: "in the service of conditional orders",
        _C.TAKE_PROFIT: "in the service of conditional orders",
        _C.AMEND_SIZE: "of limit orders; loses its place",
        _C.AMEND_PRICE: "of limit orders; loses its place",
        _C.CANCEL_ALL: "of one instrument; over REST",
        _C.DEAD_MAN: "countdownCancelAll, one an instrument",
        _C.UNIQUE_CLIENT_ID: "among open orders",
        _C.POSITIONS: "one-way mode",
        _C.LEVERAGE: "",
        _C.MARGIN_MODE: "",
        _C.ACCOUNT_FEES: "",
        _C.KEY_PERMISSIONS: "only whether the account may trade",
        _C.FUNDING: "",
        _C.MARK_PRICE: "",
    },
    {_C.ICEBERG: "USD-M has no iceberg orders"},
)
