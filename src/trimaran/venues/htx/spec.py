"""What HTX promises and demands, as constants; each names the exchange's page it comes from.

A stream is a topic, as the venue spells it. HTX has no public test network. This module never opens a
connection.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.wire.lines import LineSpec
from trimaran.venues.wire.market_spec import (
    HOUR,
    MINUTE,
    MS,
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

# https://huobiapi.github.io/docs/spot/v1/en/#access-urls
SPOT_LIVE: Final = Endpoints(
    rest="https://api.huobi.pro",
    book_streams="wss://api.huobi.pro",
    trade_streams="wss://api.huobi.pro",
)
# https://huobiapi.github.io/docs/usdt_swap/v1/en/#address
SWAP_LIVE: Final = Endpoints(
    rest="https://api.hbdm.com",
    book_streams="wss://api.hbdm.com",
    trade_streams="wss://api.hbdm.com",
)

SPOT: Final = MarketSpec(
    market=MarketName("htx.spot"),
    contract=ContractKind.SPOT,
    live=SPOT_LIVE,
    # https://huobiapi.github.io/docs/spot/v1/en/#get-market-symbols-setting
    instruments_path="/v1/settings/common/market-symbols",
    session=SessionSpec(
        # https://huobiapi.github.io/docs/spot/v1/en/#market-by-price-incremental-update
        # https://huobiapi.github.io/docs/spot/v1/en/#best-bid-offer and #trade-detail
        # Books speak ten times a second, also when nothing has changed.
        streams=(
            StreamSpec(
                Kind.DEPTH, "market.{symbol}.mbp.150", Route.BOOK, MINUTE, 15 * SECOND, dead_ns=10 * SECOND
            ),
            StreamSpec(Kind.TICKER, "market.{symbol}.bbo", Route.TRADE, 2 * MINUTE, 30 * SECOND),
            StreamSpec(Kind.TRADE, "market.{symbol}.trade.detail", Route.TRADE, 10 * MINUTE, MINUTE),
        ),
        book_path="/feed",
        trade_path="/ws",
        # https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data
        heartbeat=Heartbeat.SERVER_PING,
        snapshots=SnapshotSource.REQUEST,
        snapshot_every_ns=100 * MS,
        streams_per_connection_max=200,  # ours
        books_per_connection_max=30,  # ours
        streams_per_message_max=1,
        messages_per_s_max=20,  # ours
        connects_max=5,  # ours
        connects_window_ns=SECOND,
    ),
    # https://www.htx.com/en-us/fee/ (base tier; the account's own rates replace it)
    default_fees=Fees(maker_e8=200_000, taker_e8=200_000),
)

SWAP: Final = MarketSpec(
    market=MarketName("htx.swap"),
    contract=ContractKind.PERPETUAL,
    live=SWAP_LIVE,
    # https://huobiapi.github.io/docs/usdt_swap/v1/en/#general-query-swap-info
    instruments_path="/linear-swap-api/v1/swap_contract_info",
    session=SessionSpec(
        # https://huobiapi.github.io/docs/usdt_swap/v1/en/#general-subscribe-incremental-market-depth-data
        streams=(
            StreamSpec(
                Kind.DEPTH, "market.{symbol}.depth.size_150.high_freq", Route.BOOK, MINUTE, 15 * SECOND
            ),
            StreamSpec(Kind.TICKER, "market.{symbol}.bbo", Route.BOOK, MINUTE, 15 * SECOND),
            StreamSpec(Kind.TRADE, "market.{symbol}.trade.detail", Route.BOOK, 10 * MINUTE, MINUTE),
        ),
        book_path="/linear-swap-ws",
        trade_path="/linear-swap-ws",
        # https://huobiapi.github.io/docs/usdt_swap/v1/en/#websocket-heartbeat-and-authentication-interface
        heartbeat=Heartbeat.SERVER_PING,
        snapshots=SnapshotSource.RESUBSCRIBE,
        streams_per_connection_max=200,  # ours
        books_per_connection_max=30,  # ours
        streams_per_message_max=1,
        messages_per_s_max=20,  # ours
        connects_max=5,  # ours
        connects_window_ns=SECOND,
    ),
    # https://www.htx.com/en-us/fee/ (base tier; the account's own rates replace it)
    default_fees=Fees(maker_e8=20_000, taker_e8=50_000),
)


def _per_user(name: str, units: int, window_ns: int, reserved: int = 0, header: str = "") -> LimitSpec:
    """A budget of the user; HTX does not say where its windows begin, so none is taken for granted."""
    return LimitSpec(
        name=name,
        scope=Scope.ACCOUNT,
        units=units,
        window_ns=window_ns,
        aligned=False,
        reserved=reserved,
        left_header=header,
    )


def _per_address(name: str, units: int, window_ns: int) -> LimitSpec:
    return LimitSpec(name=name, scope=Scope.ADDRESS, units=units, window_ns=window_ns, aligned=False)


# https://www.htx.com/en-us/opend/newApiPages/ ("Rate Limit" of each page): one per endpoint and user.
SPOT_LEFT: Final = "x-hb-ratelimit-requests-remain"
SPOT_LIMITS: Final = (
    _per_user("spot.place", 100, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.cancel", 100, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.cancel_by_client_id", 100, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.cancel_all", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.query", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.query_by_client_id", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.open_orders", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.history", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.fills", 20, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.order_fills", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.account", 100, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.balance", 100, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.fees", 50, 2 * SECOND, header=SPOT_LEFT),
    _per_user("spot.user", 20, 2 * SECOND),  # ours: nothing is documented
    _per_user("spot.dead_man", 20, 2 * SECOND),  # ours: nothing is documented
    _per_address("spot.market", 4_000, 5 * MINUTE),
)
# https://huobiapi.github.io/docs/usdt_swap/v1/en/#api-rate-limit-illustration
SWAP_LEFT: Final = "ratelimit-remaining"
SWAP_LIMITS: Final = (
    _per_user("swap.trade", 72, 3 * SECOND, reserved=12, header=SWAP_LEFT),
    _per_user("swap.read", 72, 3 * SECOND, header=SWAP_LEFT),
    _per_user("swap.leverage", 1, 3 * SECOND),
    _per_address("swap.public", 240, 3 * SECOND),
    _per_address("swap.market", 800, SECOND),
)

# Ours: HTX allows 50 requests in a second on a line of spot and 40 on one of swaps, and ten and thirty lines.
_LINE_MESSAGES_PER_S: Final = 20


def _line(name: str, path: str, server_ping_ns: int, compressed: bool = False) -> LineSpec:
    """One line of a market: what pushes takes no orders here, and the other way round."""
    pushes = name == "private"
    return LineSpec(
        name=name,
        base="ws_private" if pushes else "ws_api",
        path=path,
        pushes=pushes,
        takes_orders=not pushes,
        compressed=compressed,
        heartbeat=Heartbeat.SERVER_PING,
        server_ping_ns=server_ping_ns,
        messages_per_s_max=_LINE_MESSAGES_PER_S,
        connects_max=5,  # ours
        connects_window_ns=SECOND,
    )


# https://huobiapi.github.io/docs/spot/v1/en/#dead-man-s-switch
# https://www.htx.com/en-us/opend/newApiPages/?id=10000068-77b7-11ed-9966-0242ac110003
DEAD_MAN: Final = DeadManSpec(
    per_symbol=False, timeout_ns=30 * SECOND, timeout_ns_min=5 * SECOND, timeout_ns_max=0
)

SPOT_PRIVATE: Final = PrivateSpec(
    market=SPOT.market,
    live={
        "rest": "https://api.huobi.pro",
        "ws_private": "wss://api.huobi.pro",
        "ws_api": "wss://api.huobi.pro",
    },
    testnet=None,
    lines=(
        # https://huobiapi.github.io/docs/spot/v1/en/#websocket-account-and-order
        _line("private", "/ws/v2", 20 * SECOND),
        _line("orders", "/ws/trade", 20 * SECOND),
    ),
    limits=SPOT_LIMITS,
    clock_window_ns=5 * MINUTE,
    visibility_lag_ns=SECOND,
    request_expiry=False,
    fills_newest=True,
    history_window_ns=48 * HOUR,
    dead_man=DEAD_MAN,
)

SWAP_PRIVATE: Final = PrivateSpec(
    market=SWAP.market,
    live={
        "rest": "https://api.hbdm.com",
        "ws_private": "wss://api.hbdm.com",
        "ws_api": "wss://api.hbdm.com",
    },
    testnet=None,
    lines=(
        # https://huobiapi.github.io/docs/usdt_swap/v1/en/#websocket-heartbeat-and-authentication-interface
        _line("private", "/linear-swap-notification", 5 * SECOND, compressed=True),
        _line("orders", "/linear-swap-trade", 5 * SECOND, compressed=True),
    ),
    limits=SWAP_LIMITS,
    clock_window_ns=5 * MINUTE,
    visibility_lag_ns=SECOND,
    request_expiry=False,
    open_page=50,
    fills_newest=True,
    history_window_ns=48 * HOUR,
    dead_man=DEAD_MAN,
)
