"""What the child of the bridge says, as typed records, and what is said to it. Pure.

Numbers are text and "" means that there is none; times are milliseconds of the venue, 0 for none. A line that
is none of these records is garbage: it is counted, and answers nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Levels = list[tuple[str, str]]


class Told(msgspec.Struct, frozen=True):
    """An error of ccxt: its class and the classes above it, and a text without secrets."""

    classes: tuple[str, ...]
    text: str


class Ready(msgspec.Struct, frozen=True):
    """The exchange's markets are loaded; `has` are the abilities that ccxt claims for it."""

    version: str
    has: tuple[str, ...]


class MarketRow(msgspec.Struct, frozen=True):
    """An instrument. An empty `tick` or `lot`: the exchange counts significant digits instead of steps."""

    symbol: str
    base: str
    quote: str
    settle: str
    spot: bool
    swap: bool
    linear: bool
    active: bool
    tick: str
    lot: str
    contract_size: str
    amount_min: str
    cost_min: str
    maker: str
    taker: str


class OrderRow(msgspec.Struct, frozen=True):
    """An order."""

    id: str
    client_id: str
    symbol: str
    status: str
    side: str
    type: str
    tif: str
    post_only: bool
    reduce_only: bool
    price: str
    amount: str
    filled: str
    average: str
    created_ms: int
    ms: int


class TradeRow(msgspec.Struct, frozen=True):
    """A trade; `order`, `role` and the fee are of ours only."""

    id: str
    order: str
    symbol: str
    side: str
    price: str
    amount: str
    role: str
    fee: str
    fee_asset: str
    ms: int


class BalanceRow(msgspec.Struct, frozen=True):
    """One asset."""

    asset: str
    total: str
    free: str


class PositionRow(msgspec.Struct, frozen=True):
    """One position; `contracts` is not negative, `side` is long or short."""

    symbol: str
    side: str
    contracts: str
    entry: str
    mark: str
    liquidation: str
    unrealised: str
    leverage: str
    mode: str
    ms: int


class Line(msgspec.Struct, frozen=True):
    """Any line of the child."""

    id: int = 0
    result: msgspec.Raw = msgspec.Raw(b"")
    error: Told | None = None
    ready: Ready | None = None
    failed: Told | None = None
    push: str = ""  # book, trades, orders, fills, down
    what: str = ""  # of down: which of the others
    symbol: str = ""
    ms: int = 0
    bids: Levels = []
    asks: Levels = []
    rows: msgspec.Raw = msgspec.Raw(b"[]")


class BridgeSettings(msgspec.Struct, frozen=True):
    """Which exchange, and how it is reached. `urls` replaces those of ccxt by path: `api.rest`."""

    exchange: str  # ccxt's id
    config: Mapping[str, Any] = {}  # ccxt's own: options, hostname, timeout
    urls: Mapping[str, Any] = {}
    sandbox: bool = False  # ccxt's testnet
    decimal_ids: bool = False  # the exchange takes integers only as client ids


_LINES: Final = msgspec.json.Decoder(Line)


def read_line(payload: bytes) -> Line | None:
    """A line of the child; None for garbage."""
    try:
        line = _LINES.decode(payload)
    except MALFORMED:
        return None
    known = line.id or line.push or line.ready is not None or line.failed is not None
    return line if known else None


def first_line(settings: BridgeSettings, credentials: Mapping[str, str]) -> bytes:
    """The settings, with secrets in the clear: for the stdin of the child, and nowhere else."""
    message = {**msgspec.structs.asdict(settings), "credentials": credentials}
    return msgspec.json.encode(message) + b"\n"


def request_line(request_id: int, method: str, params: bytes) -> bytes:
    """A request; `params` is a JSON object."""
    return b'{"id":%d,"method":"%s","params":%s}\n' % (request_id, method.encode(), params)
