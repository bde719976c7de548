"""An HTX account for tests: instruments of both markets, a key, dialects, orders that were approved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec.structs import replace

from trimaran.base.secret import Secret
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Asset, ContractKind, Fees, Grid, Instrument, MarketName, Side, Symbol
from trimaran.domain.orders import IntentId, OrderRequest, OrderType, StrategyName, TimeInForce
from trimaran.venues.htx.dialect import HtxSpotDialect, HtxSwapDialect
from trimaran.venues.wire.asks import Ask, OrderRef
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup, MarketDialect
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

KEY = Credentials("e2xxxxxx-99xxxxxx-84xxxxxx-7xxxx", Secret("b0xxxxxx-c6xxxxxx-94xxxxxx-dxxxx"))
STAMP = Stamp(1494515970_000_000_000)  # 2017-05-11T15:19:30
LOCAL_NS = 7
ACCOUNT_ID = "13496526"
CLIENT_ID = ClientOrderId(3 << 34 | 57 << 4)
CLIENT_TEXT = "000001G0000WG"


def spot(base: str, tick: int, lot: int, digits: int = 8) -> Instrument:
    """`base`/USDT with ticks and order steps of so many decimals."""
    return Instrument(
        market=MarketName("htx.spot"),
        symbol=Symbol(f"{base.lower()}usdt"),
        base=Asset(base),
        quote=Asset("USDT"),
        kind=ContractKind.SPOT,
        price_grid=Grid(1, -tick),
        size_grid=Grid(1, -digits),
        order_step=10 ** (digits - lot),
        min_notional=Decimal(10),
        fees=Fees(200_000, 200_000),
    )


BTC = spot("BTC", 2, 6)
SPOTS = {each.symbol: each for each in (BTC, spot("POLY", 4, 4), spot("ADA", 6, 4), spot("APN", 6, 4))}
SWAP = replace(
    BTC,
    market=MarketName("htx.swap"),
    symbol=Symbol("BTC-USDT"),
    kind=ContractKind.PERPETUAL,
    price_grid=Grid(1, -1),
    size_grid=Grid(1, 0),
    order_step=1,
    min_notional=Decimal(0),
    contract_size=Decimal("0.001"),
    fees=Fees(20_000, 50_000),
)
FUTURE = replace(SWAP, symbol=Symbol("BTC-USDT-211210"))
SWAPS = {each.symbol: each for each in (SWAP, FUTURE)}

SPOT_SETUP = AccountSetup("https://api.huobi.pro", SPOTS, KEY, ACCOUNT_ID, user_id="63628520")
SWAP_SETUP = AccountSetup("https://api.hbdm.com", SWAPS, KEY, leverage={SWAP.symbol: 5})
SPOT_DIALECT: MarketDialect = HtxSpotDialect(SPOT_SETUP)
SWAP_DIALECT: MarketDialect = HtxSwapDialect(SWAP_SETUP)

OURS = OrderRef(BTC.symbol, CLIENT_ID)
THEIRS = OrderRef(BTC.symbol, CLIENT_ID, VenueOrderId("59378"))
SWAP_OURS = OrderRef(SWAP.symbol, CLIENT_ID)
SWAP_THEIRS = OrderRef(SWAP.symbol, CLIENT_ID, VenueOrderId("784017187857760256"))


def approved(instrument: Instrument, **changes: Any) -> Approved:
    """A limit buy of a thousand steps, with `changes`."""
    order = OrderRequest(
        intent_id=IntentId("intent"),
        client_order_id=CLIENT_ID,
        instrument_key=instrument.key,
        side=Side.BUY,
        price_ticks=6_000_050,
        lots=1_000 * instrument.order_step,
        tif=TimeInForce.GTC,
        strategy=StrategyName("test"),
        group=None,
        reduce_only=False,
        created_ns=1,
        order_type=OrderType.LIMIT,
    )
    return Approved(replace(order, **changes))


def written(dialect: MarketDialect, ask: Ask[Any]) -> HttpRequest:
    """The request of an ask that the market offers."""
    request = dialect.write(ask, STAMP)
    assert isinstance(request, HttpRequest), request
    return request


def query_of(request: HttpRequest) -> dict[str, str]:
    """The business parameters of a URL."""
    pairs = parse_qs(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=False)
    signed = ("AccessKeyId", "SignatureMethod", "SignatureVersion", "Timestamp", "Signature")
    return {name: values[0] for name, values in pairs.items() if name not in signed}


def path_of(request: HttpRequest) -> str:
    """The path of a URL."""
    return urlsplit(request.url).path


def body_of(request: HttpRequest) -> Any:
    """The body of a POST, parsed."""
    return msgspec.json.decode(request.body)


def answer(dialect: MarketDialect, ask: Ask[Any], body: Any, status: int = 200, **headers: str) -> Any:
    """What a dialect reads in an answer; `body` is JSON text, or what is to be encoded."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return dialect.read(ask, HttpReply(status, raw, headers), LOCAL_NS)
