"""What HTX promises and demands, as constants; each names the exchange's page it comes from.

Public channels only. A stream is a topic, as the venue spells it. HTX has no public test network. This
module never opens a connection and knows nothing of the account.
"""

from __future__ import annotations

from typing import Final

from trimaran.domain.answer import Kind
from trimaran.domain.instrument import ContractKind, Fees, MarketName
from trimaran.venues.wire.market_spec import (
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
