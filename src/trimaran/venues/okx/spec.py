"""What OKX promises and demands, as constants; each names the exchange's page it comes from.

A public stream is called `channel:instId`. Both markets are one account with one wallet, and share its
private budgets: a budget that the venue counts instrument by instrument is charged as `place:BTC-USDT`. This
module never opens a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.okx.signing import ED25519_REASON
from trimaran.venues.wire.capability import Capability, table
from trimaran.venues.wire.lines import LineSpec
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
from trimaran.venues.wire.private_spec import DeadManSpec, LimitSpec, PrivateSpec, Scope

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

# --- private ------------------------------------------------------------------------------------------

# https://www.okx.com/docs-v5/en/#overview-websocket-connect: text pings, closed after 30 s of silence, three
# attempts a second from one address; 480 logins and subscriptions an hour, of which a line needs four.
PRIVATE_LINE: Final = LineSpec(
    name="private",
    base="ws_private",
    path="/ws/v5/private",
    pushes=True,
    takes_orders=True,
    heartbeat=Heartbeat.TEXT_PING,
    heartbeat_text="ping",
    shutdown_notice_ns=MINUTE,
    messages_per_s_max=100,  # ours
    connects_max=3,
    connects_window_ns=SECOND,
)
# https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-ws-algo-orders-channel: what waits for a
# trigger is pushed on a connection of its own.
ALGO_LINE: Final = replace(
    PRIVATE_LINE, name="algo", base="ws_business", path="/ws/v5/business", takes_orders=False
)
PRIVATE_LIVE: Final = {
    "rest": LIVE.rest,
    "ws_private": "wss://ws.okx.com:8443",
    "ws_business": "wss://ws.okx.com:8443",
}
PRIVATE_DEMO: Final = {
    "rest": DEMO.rest,
    "ws_private": "wss://wspap.okx.com:8443",
    "ws_business": "wss://wspap.okx.com:8443",
}

_ACCOUNT, _ADDRESS = Scope.ACCOUNT, Scope.ADDRESS


def _limit(
    name: str,
    units: int,
    scope: Scope,
    reserved: int = 0,
    per_symbol: bool = False,
    window_ns: int = 2 * SECOND,
) -> LimitSpec:
    """A budget in seconds that slide, as all of OKX's do."""
    return LimitSpec(
        name=name,
        scope=scope,
        units=units,
        window_ns=window_ns,
        aligned=False,
        reserved=reserved,
        per_symbol=per_symbol,
    )


# Each endpoint's page names its own limit; requests over WebSocket count together with those over REST.
# https://www.okx.com/docs-v5/en/#overview-rate-limits
LIMITS: Final = (
    _limit("place", 60, _ACCOUNT, reserved=6, per_symbol=True),
    _limit("amend", 60, _ACCOUNT, per_symbol=True),
    _limit("cancel", 60, _ACCOUNT, per_symbol=True),
    _limit("cancel-batch", 300, _ACCOUNT, per_symbol=True),  # orders
    # https://www.okx.com/docs-v5/en/#overview-rate-limits-sub-account-rate-limit (new orders and amendments)
    _limit("orders", 1_000, _ACCOUNT, reserved=100),
    _limit("query", 60, _ACCOUNT, per_symbol=True),
    _limit("pending", 60, _ACCOUNT),
    _limit("history", 40, _ACCOUNT),
    _limit("fills", 60, _ACCOUNT),
    _limit("algo-place", 20, _ACCOUNT, per_symbol=True),
    _limit("algo-cancel", 20, _ACCOUNT, per_symbol=True),
    _limit("algo-query", 20, _ACCOUNT),
    _limit("algo-pending", 20, _ACCOUNT),
    _limit("dead-man", 1, _ACCOUNT, window_ns=SECOND),
    _limit("balance", 10, _ACCOUNT),
    _limit("positions", 10, _ACCOUNT),
    _limit("config", 5, _ACCOUNT),
    _limit("fees", 5, _ACCOUNT),
    _limit("leverage", 20, _ACCOUNT),
    _limit("time", 10, _ADDRESS),
    _limit("candles", 40, _ADDRESS),
    _limit("history-candles", 20, _ADDRESS),
    _limit("trades", 100, _ADDRESS),
    _limit("tickers", 20, _ADDRESS),
    _limit("funding", 10, _ADDRESS),
)

SPOT_PRIVATE: Final = PrivateSpec(
    market=SPOT.market,
    live=PRIVATE_LIVE,
    testnet=PRIVATE_DEMO,
    lines=(PRIVATE_LINE, ALGO_LINE),
    limits=LIMITS,
    # https://www.okx.com/docs-v5/en/#overview-rest-authentication-making-requests
    clock_window_ns=30 * SECOND,
    visibility_lag_ns=SECOND,
    request_expiry=True,
    fills_newest=True,
    open_page=100,
    cancels_at_once=20,
    triggers_apart=True,
    # https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-cancel-all-after
    dead_man=DeadManSpec(
        per_symbol=False,
        timeout_ns=30 * SECOND,
        timeout_ns_min=10 * SECOND,
        timeout_ns_max=120 * SECOND,
        shared_by=(SPOT.market, SWAP.market),
        spares_triggers=True,
    ),
)
SWAP_PRIVATE: Final = replace(SPOT_PRIVATE, market=SWAP.market)

_C = Capability
_SUPPORTED: Final[Mapping[Capability, str]] = {
    _C.LIMIT: "",
    _C.MARKET: "sizes of spot buys are in base asset (tgtCcy)",
    _C.IOC: "the remainder ends as canceled, cancelSource 14",
    _C.FOK: "a miss is accepted and then canceled, cancelSource 13",
    _C.POST_ONLY: "one that would take is accepted and then canceled, cancelSource 31",
    _C.STOP: "algo orders of type conditional, by the last price; over REST only",
    _C.TAKE_PROFIT: "algo orders of type conditional, by the last price; over REST only",
    _C.SELF_TRADE: "stpMode; the venue's default cancels the maker; not with algo orders",
    _C.AMEND_SIZE: "down keeps the place in the book; not of algo orders",
    _C.AMEND_PRICE: "loses the place in the book; not of algo orders",
    _C.QUERY_BY_CLIENT_ID: "",
    _C.ORDER_HISTORY: "7 days; orders that were cancelled without fills, 2 hours",
    _C.FILL_HISTORY: "3 days",
    _C.DEAD_MAN: "10 to 120 s, for the whole account, orders that wait for a trigger excepted",
    _C.REQUEST_EXPIRY: "expTime, of orders and amendments; not of algo orders",
    _C.UNIQUE_CLIENT_ID: "while the order is open",
    _C.ORDERS_OVER_WEBSOCKET: "instruments go by their instIdCode",
    _C.PRIVATE_STREAM: "",
    _C.ACCOUNT_FEES: "",
    _C.KEY_PERMISSIONS: "with the addresses that the key is bound to",
    _C.HMAC: "",
    _C.KLINES: "days and weeks begin at 00:00 UTC",
    _C.TRADES: "",
    _C.TICKERS: "",
    _C.TESTNET: "the demo environment: the live REST host with one more header, WebSocket hosts of its own",
}
_MISSING: Final[Mapping[Capability, str]] = {
    _C.ICEBERG: "OKX's iceberg is an algorithm that follows the market, not an order that rests at our price",
    _C.CANCEL_ALL: "mass-cancel is for options: `AccountClient.cancel_all` cancels one by one what is open",
    _C.MARGIN_MODE: "it is said with every order (tdMode): spot goes as cash, swaps go as cross",
    _C.ED25519: ED25519_REASON,
}
SPOT_CAPABILITIES: Final = table(
    _SUPPORTED,
    {
        **_MISSING,
        _C.REDUCE_ONLY: "spot has no positions",
        _C.POSITIONS: "spot has no positions",
        _C.LEVERAGE: "spot is traded without borrowing (tdMode cash)",
        _C.FUNDING: "spot pays no funding",
        _C.MARK_PRICE: "spot has no mark price",
    },
)
SWAP_CAPABILITIES: Final = table(
    {
        **_SUPPORTED,
        _C.REDUCE_ONLY: "",
        _C.POSITIONS: "net mode; sizes are contracts",
        _C.LEVERAGE: "of one instrument and margin mode",
        _C.FUNDING: "the rate that is due next; the mark price is not in the same answer",
        _C.MARK_PRICE: "in the stream mark-price, and with every position",
    },
    _MISSING,
)
