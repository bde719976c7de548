"""Private trading on the simulated venues: the records, and the port between a protocol and its books.

    protocol (REST, WebSocket) -> OrderSpec -> Exchange -> books            (place, amend, cancel, query)
    books, crowd, triggers, funding, liquidation -> ExchangeEvent -> protocol (pushes)

`Exchange` (port in `exchange_port.py`, built by `exchange.py`) is one venue: accounts, wallets, orders,
positions. It knows no wire: ids that a venue spells, error codes and field names are the protocol's. It is
synchronous and pure: time is an argument, events go to the listeners in their order before the call returns.
Prices are ticks, sizes lots, money exact decimals, times simulated nanoseconds since the epoch
(`Stage.trading_ns`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Asset, MarketName, Symbol

BUY: Final = 0
SELL: Final = 1


class Permission(enum.Enum):
    """What a key may do."""

    READ = "read"
    TRADE = "trade"
    WITHDRAW = "withdraw"


class ApiKey(msgspec.Struct, frozen=True):
    """A key of an account. `secret` signs with HMAC; `public_key` (raw 32 bytes, hex) is that of Ed25519."""

    key: str
    secret: str
    passphrase: str
    permissions: frozenset[Permission]
    account_id: int
    public_key: str = ""


class OrderTypeSim(enum.Enum):
    """How an order begins to trade."""

    LIMIT = "limit"
    MARKET = "market"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TAKE_PROFIT_LIMIT = "take_profit_limit"


class Tif(enum.Enum):
    """How long it lives."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class Status(enum.Enum):
    """Where an order is in its life."""

    WAITING = "waiting"  # for its trigger
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"  # remainder of IOC and market, missed FOK, self-trade prevention
    REJECTED = "rejected"  # after it was accepted: a trigger that could not be placed

    @property
    def open(self) -> bool:
        """Whether it may still trade."""
        return self in (Status.WAITING, Status.NEW, Status.PARTIALLY_FILLED)


class EndReason(enum.Enum):
    """Why an order ended otherwise than by being filled."""

    NONE = "none"
    BY_USER = "by user"
    IOC_REMAINDER = "ioc remainder"
    FOK_MISSED = "fok missed"
    NO_LIQUIDITY = "no liquidity"  # remainder of a market order
    POST_ONLY_WOULD_TAKE = "post only would take"  # where the venue accepts and then cancels
    SELF_TRADE = "self trade"
    REDUCE_ONLY = "reduce only"  # its position has become smaller than it
    DEAD_MAN = "dead man"
    LIQUIDATION = "liquidation"
    DELISTED = "delisted"
    TRIGGER_FAILED = "trigger failed"
    AMENDED_AWAY = "amended below its fills"


class Why(enum.Enum):
    """Why a request was refused. The protocol has the venue's code and words for each."""

    NO_SUCH_INSTRUMENT = "no such instrument"
    HALTED = "trading is halted"
    BAD_TICK = "price is off the tick"
    BAD_PRICE = "price is not positive or too large"
    PRICE_BAND_HIGH = "price is too far above the reference"
    PRICE_BAND_LOW = "price is too far below the reference"
    BAD_STEP = "size is off the lot"
    TOO_SMALL = "size is below the smallest order"
    TOO_LARGE = "size is above the largest order"
    NOTIONAL_TOO_SMALL = "value is below the smallest order"
    NO_FUNDS = "balance is not enough"
    NO_MARGIN = "margin is not enough"
    DUPLICATE_ID = "client order id is taken"
    WOULD_TAKE = "post-only order would take"
    FOK_MISSED = "fill-or-kill cannot be filled"
    REDUCE_ONLY = "reduce-only would enlarge the position"
    WOULD_TRIGGER = "trigger would be reached at once"
    TOO_MANY_ORDERS = "too many open orders"
    UNSUPPORTED = "combination is not supported"
    NO_SUCH_ORDER = "no such order"
    ORDER_ENDED = "order has ended"
    NOTHING_TO_CHANGE = "order is so already"
    SIZE_INCREASE = "size may only be made smaller here"
    HAS_POSITION = "not while a position or an order is open"
    LEVERAGE_RANGE = "leverage is out of range"
    ENGINE_REFUSED = "the matching engine refused"


class Refusal(msgspec.Struct, frozen=True):
    """A request that changed nothing. `limit` is what was expected, as text, where there is a number."""

    why: Why
    limit: str = ""
    order: SimOrder | None = None  # the order it was about, where there is one


class OrderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A new order. What is no number at all was refused by the protocol before."""

    market: MarketName
    symbol: Symbol
    side: int  # BUY or SELL
    type: OrderTypeSim
    tif: Tif = Tif.GTC
    price: Decimal | None = None  # None for market types
    size: Decimal | None = None  # in the unit of the instrument's lots (base asset, or contracts)
    quote_size: Decimal | None = None  # a market order by value, instead of `size`
    trigger_price: Decimal | None = None
    trigger_by_mark: bool = False  # or by the last trade
    display_size: Decimal | None = None  # iceberg
    reduce_only: bool = False
    client_id: str = ""
    self_trade: int = 0  # `codes.SelfTrade`; the protocol fills in its venue's default
    extra: dict[str, Any] = {}  # what the protocol wants to find again (tdMode, lever_rate, tag, ...)


class SimOrder:
    """An order of an account. Read it; only the exchange changes it."""

    __slots__ = (
        "account_id", "amend_count", "client_id", "created_ns", "display_lots", "end_reason", "engine_id",
        "extra", "fees", "filled_lots", "filled_value", "fills", "last_fill", "lots", "market", "order_id",
        "price_ticks", "quote_left", "realised", "reduce_only", "resting_lots", "resting_ticks", "self_trade",
        "side", "status", "symbol", "tif", "trigger_by_mark", "trigger_ticks", "type", "updated_ns",
        "visible_from_ns", "working_ns",
    )  # fmt: skip

    def __init__(self, order_id: int, account_id: int, market: MarketName, symbol: Symbol) -> None:
        self.order_id = order_id  # unique within the venue
        self.account_id = account_id
        self.market = market
        self.symbol = symbol
        self.client_id = ""
        self.side = BUY
        self.type = OrderTypeSim.LIMIT
        self.tif = Tif.GTC
        self.price_ticks = 0  # 0: a market type
        self.trigger_ticks = 0
        self.trigger_by_mark = False
        self.lots = 0  # 0: by value, until it has ended
        self.quote_left: Decimal | None = None  # of an order by value
        self.display_lots = 0
        self.reduce_only = False
        self.self_trade = 0
        self.status = Status.NEW
        self.end_reason = EndReason.NONE
        self.filled_lots = 0
        self.filled_value = 0  # sum of price_ticks * lots
        self.fees: dict[Asset, Decimal] = {}  # paid so far, positive is paid
        self.realised = Decimal(0)  # profit of a perpetual's fills
        self.fills: list[SimFill] = []
        self.last_fill: SimFill | None = None
        self.engine_id = 0  # of the part that rests; 0: nothing rests
        self.resting_lots = 0  # in the engine, hidden ones included
        self.resting_ticks = 0  # the price they rest at
        self.amend_count = 0
        self.created_ns = self.updated_ns = self.working_ns = 0
        self.visible_from_ns = 0  # queries find it from then on: the fault "accepted but not yet queryable"
        self.extra: dict[str, Any] = {}


class SimFill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of an account's order."""

    trade_id: int  # of the book, as the public trades have it
    execution_id: int  # unique within the venue
    order_id: int
    account_id: int
    market: MarketName
    symbol: Symbol
    side: int
    price_ticks: int
    lots: int
    maker: bool
    fee: Decimal  # positive is paid
    fee_asset: Asset
    realised: Decimal  # profit of a perpetual, before the fee
    time_ns: int
    number: int = 1  # which fill of its order it is


class SimBalance(msgspec.Struct, frozen=True):
    """One asset of a wallet. total = free + locked; for a wallet with positions see `MarginView`."""

    asset: Asset
    total: Decimal
    free: Decimal
    locked: Decimal


class SimPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual position in one-way mode."""

    market: MarketName
    symbol: Symbol
    lots: int  # signed
    entry_price: Decimal
    mark_price: Decimal
    unrealised: Decimal
    realised: Decimal  # since it was opened
    initial_margin: Decimal
    maintenance_margin: Decimal
    leverage: int
    isolated: bool
    isolated_margin: Decimal  # 0 in cross mode
    liquidation_price: Decimal | None
    updated_ns: int


class MarginView(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet that secures positions, in its margin asset (USDT)."""

    wallet: Decimal
    unrealised: Decimal
    equity: Decimal
    cross_wallet: Decimal  # without the margin of isolated positions
    cross_unrealised: Decimal
    locked: Decimal  # by spot orders, where the wallet serves spot too
    position_margin: Decimal
    order_margin: Decimal
    maintenance_margin: Decimal
    available: Decimal


class Happening(enum.Enum):
    """What happened to an order."""

    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    TRADE = "trade"
    AMENDED = "amended"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class OrderHappened(msgspec.Struct, frozen=True):
    """An order changed. The order is the live object: read it now. `request_id` is the id of a cancel."""

    what: Happening
    order: SimOrder
    fill: SimFill | None
    time_ns: int


class BalanceCause(enum.Enum):
    """Why a wallet changed."""

    ORDER = "order"  # placed, cancelled, expired: locked money moved
    TRADE = "trade"
    FUNDING = "funding"
    LIQUIDATION = "liquidation"
    TRANSFER = "transfer"
    SETTINGS = "settings"  # leverage, margin mode


class BalanceChanged(msgspec.Struct, frozen=True):
    """Assets of a wallet, and positions, that may have changed in one operation."""

    account_id: int
    market: MarketName  # where it happened; markets that share a wallet share the assets
    cause: BalanceCause
    assets: tuple[Asset, ...]
    positions: tuple[Symbol, ...]
    change: Decimal  # of the margin asset by FUNDING or TRANSFER
    time_ns: int


class FundingCharged(msgspec.Struct, frozen=True):
    """A position paid (amount above 0) or received funding."""

    account_id: int
    market: MarketName
    symbol: Symbol
    amount: Decimal
    rate: Decimal
    time_ns: int


ExchangeEvent = OrderHappened | BalanceChanged | FundingCharged
Listener = Callable[[ExchangeEvent], None]


class VenueRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one venue differs from another where it matters to matching and money."""

    one_wallet: bool  # spot and perpetuals of an account share it (OKX)
    post_only_rejects: tuple[MarketName, ...]  # refused; elsewhere accepted and cancelled (EXPIRED/CANCELED)
    fok_rejects: tuple[MarketName, ...]  # a missed FOK is refused; elsewhere accepted and expired
    client_ids: ClientIds
    ends_as_canceled: bool  # remainders of IOC, FOK, STP end as CANCELED (OKX, HTX), not EXPIRED (Binance)
    band: Decimal = Decimal("0.10")  # limit prices so far from the reference are refused; 0: none
    open_orders_max: int = 200  # per instrument
    fee_quantum: int = 1  # fees are cut to a multiple of it, in 1e-18


class ClientIds(enum.Enum):
    """What client order ids must be."""

    UNIQUE_OPEN = "unique among open orders"
    UNIQUE_DAY = "unique within 24 hours"
    FREE = "not checked"
