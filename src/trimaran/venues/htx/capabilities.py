"""What HTX can and cannot do, spot and USDT swaps, each with its reason.

Sources: https://huobiapi.github.io/docs/spot/v1/en/ and https://huobiapi.github.io/docs/usdt_swap/v1/en/
"""

from __future__ import annotations

from typing import Final

from trimaran.venues.wire.capability import Capabilities, Capability, table

_C = Capability
_NO_AMEND: Final = "HTX amends no orders: cancel, and place another one"
_NO_EXPIRY: Final = "HTX takes a signature for five minutes and knows no deadline of a request"
_NO_ICEBERG: Final = "HTX has no iceberg orders"
_NO_TRIGGERS: Final = "trigger orders carry no client id: one whose answer was lost could not be found again"
_NO_TESTNET: Final = "HTX has closed its public test network"

SPOT_CAPABILITIES: Final[Capabilities] = table(
    {
        _C.LIMIT: "",
        _C.MARKET: "buys are sent as IOC at the worst price, for HTX takes market buys by value",
        _C.IOC: "",
        _C.FOK: "",
        _C.POST_ONLY: "one that would take is refused",
        _C.STOP: "with a limit price, resting or fill or kill",
        _C.TAKE_PROFIT: "with a limit price, resting or fill or kill",
        _C.CANCEL_ALL: "at most 100 orders at once; what is left over is told",
        _C.QUERY_BY_CLIENT_ID: "for 8 hours after it was placed, 2 after it ended without a fill",
        _C.ORDER_HISTORY: "in windows of 48 hours",
        _C.FILL_HISTORY: "in windows of 48 hours; of one order by the venue's id",
        _C.DEAD_MAN: "of the whole account, from 5 seconds on, at most 500 orders",
        _C.ORDERS_OVER_WEBSOCKET: "",
        _C.PRIVATE_STREAM: "fills and their fees come apart from what becomes of orders",
        _C.ACCOUNT_FEES: "",
        _C.KEY_PERMISSIONS: "the user's id is asked for first",
        _C.HMAC: "",
        _C.ED25519: "",
        _C.KLINES: "the newest 2,000; days begin at 16:00 UTC",
        _C.TRADES: "",
        _C.TICKERS: "",
    },
    {
        _C.REDUCE_ONLY: "a spot account has no positions",
        _C.ICEBERG: _NO_ICEBERG,
        _C.SELF_TRADE: "HTX spot takes only on or off, and does not say whose order it cancels",
        _C.AMEND_SIZE: _NO_AMEND,
        _C.AMEND_PRICE: _NO_AMEND,
        _C.REQUEST_EXPIRY: _NO_EXPIRY,
        _C.UNIQUE_CLIENT_ID: "HTX promises to refuse a client id again for a day only",
        _C.POSITIONS: "a spot account has none",
        _C.LEVERAGE: "a spot account has none",
        _C.MARGIN_MODE: "a spot account has none",
        _C.FUNDING: "spot has no funding",
        _C.MARK_PRICE: "spot has no mark price",
        _C.TESTNET: _NO_TESTNET,
    },
)

SWAP_CAPABILITIES: Final[Capabilities] = table(
    {
        _C.LIMIT: "",
        _C.MARKET: "",
        _C.IOC: "",
        _C.FOK: "",
        _C.POST_ONLY: "one that would take is taken, and cancelled at once",
        _C.REDUCE_ONLY: "in one-way mode, in which the account must be",
        _C.SELF_TRADE: "the taker is cancelled, which is the default",
        _C.CANCEL_ALL: "of one contract at a time",
        _C.QUERY_BY_CLIENT_ID: "for 8 hours after it was placed, 2 after it was cancelled",
        _C.ORDER_HISTORY: "in windows of 48 hours",
        _C.FILL_HISTORY: "in windows of 48 hours; of one order by the venue's id, its first 50",
        _C.DEAD_MAN: "of the whole account, from 5 seconds on",
        _C.ORDERS_OVER_WEBSOCKET: "",
        _C.PRIVATE_STREAM: "",
        _C.POSITIONS: "of the cross account, in one-way mode",
        _C.LEVERAGE: "of the cross account, while no order is open; once in 3 seconds",
        _C.ACCOUNT_FEES: "",
        _C.HMAC: "",
        _C.ED25519: "",
        _C.KLINES: "volumes count both sides; days begin at 16:00 UTC",
        _C.TRADES: "sizes count both sides",
        _C.TICKERS: "volumes count both sides",
        _C.FUNDING: "without mark and index, which HTX tells elsewhere",
    },
    {
        _C.STOP: _NO_TRIGGERS,
        _C.TAKE_PROFIT: _NO_TRIGGERS,
        _C.ICEBERG: _NO_ICEBERG,
        _C.AMEND_SIZE: _NO_AMEND,
        _C.AMEND_PRICE: _NO_AMEND,
        _C.REQUEST_EXPIRY: _NO_EXPIRY,
        _C.UNIQUE_CLIENT_ID: "HTX keeps a client id for 8 hours only",
        _C.MARGIN_MODE: "an order says by its endpoint which account it is for; the cross one is traded",
        _C.KEY_PERMISSIONS: "the host of swaps does not tell them; ask htx.spot with the same key",
        _C.MARK_PRICE: "HTX tells it only as bars of its own",
        _C.TESTNET: _NO_TESTNET,
    },
)
