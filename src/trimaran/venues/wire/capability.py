"""What a market can and cannot do: one table a market, from which `docs/venues.md` is generated.

What is missing has a reason. Asking for it gives `Unsupported`, a value and no exception, before a byte
leaves.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec


class Capability(enum.Enum):
    """Something that a desk may want of a market. The value is its name for people."""

    LIMIT = "limit"
    MARKET = "market"
    IOC = "immediate or cancel"
    FOK = "fill or kill"
    POST_ONLY = "post only"
    REDUCE_ONLY = "reduce only"
    STOP = "stop"
    TAKE_PROFIT = "take profit"
    ICEBERG = "iceberg, native"
    SELF_TRADE = "self-trade prevention, chosen per order"
    AMEND_SIZE = "amend size"
    AMEND_PRICE = "amend price"
    CANCEL_ALL = "cancel all"
    QUERY_BY_CLIENT_ID = "query by client id"
    ORDER_HISTORY = "order history"
    FILL_HISTORY = "fill history"
    DEAD_MAN = "dead-man switch"
    REQUEST_EXPIRY = "request expiry"
    UNIQUE_CLIENT_ID = "unique client ids"
    ORDERS_OVER_WEBSOCKET = "orders over WebSocket"
    PRIVATE_STREAM = "private stream"
    POSITIONS = "positions"
    LEVERAGE = "set leverage"
    MARGIN_MODE = "set margin mode"
    ACCOUNT_FEES = "fees of the account"
    KEY_PERMISSIONS = "read the permissions of a key"
    HMAC = "HMAC keys"
    ED25519 = "Ed25519 keys"
    KLINES = "klines"
    TRADES = "recent trades"
    TICKERS = "tickers"
    FUNDING = "funding rates"
    MARK_PRICE = "mark price"
    TESTNET = "testnet"


class Supported(msgspec.Struct, frozen=True):
    """It is there; `note` says how, where that matters."""

    note: str = ""


class Unsupported(msgspec.Struct, frozen=True):
    """It is not there, and why."""

    capability: Capability
    reason: str


Capabilities = Mapping[Capability, Supported | Unsupported]


def table(supported: Mapping[Capability, str], missing: Mapping[Capability, str]) -> Capabilities:
    """The table of a market. Each capability stands in exactly one of the two; a bug otherwise."""
    both = set(supported) & set(missing)
    neither = set(Capability) - set(supported) - set(missing)
    assert not both, both
    assert not neither, neither
    rows: dict[Capability, Supported | Unsupported] = {}
    for capability in Capability:
        if capability in supported:
            rows[capability] = Supported(supported[capability])
        else:
            rows[capability] = Unsupported(capability, missing[capability])
    return rows
