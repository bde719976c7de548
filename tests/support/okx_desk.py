"""A desk on OKX for tests: instruments as the venue lists them, a key, and both halves of the adapter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from trimaran.base.secret import Secret
from trimaran.domain.client_id import ClientIdParts, ClientOrderId, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Asset, ContractKind, Grid, Instrument, Side, Symbol
from trimaran.domain.orders import IntentId, OrderRequest, OrderType, StrategyName, TimeInForce
from trimaran.venues.okx.dialect import OkxDialect
from trimaran.venues.okx.private import OkxLine
from trimaran.venues.okx.spec import PRIVATE_LINE, SPOT, SWAP
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.lines import LineSpec
from trimaran.venues.wire.market_spec import MarketSpec
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

SECRET = "22582BD0CFF14C41EDBF1AB98506286D"
CREDENTIALS = Credentials("0fd0-key", Secret(SECRET), Secret("a passphrase"))
STAMP = Stamp(1_607_418_537_715_000_000)  # 2020-12-08T09:08:57.715Z
LOCAL_NS = 7
CLIENT_ID = pack_client_id(ClientIdParts(region=1, shard=2, epoch=3, sequence=4))
CLIENT_TEXT = "082001G000020"


def instrument(spec: MarketSpec, base: str, quote: str, tick: Grid, size: Grid, **other: Any) -> Instrument:
    swap = spec.contract is ContractKind.PERPETUAL
    return Instrument(
        market=spec.market,
        symbol=Symbol(f"{base}-{quote}-SWAP" if swap else f"{base}-{quote}"),
        base=Asset(base),
        quote=Asset(quote),
        kind=spec.contract,
        price_grid=tick,
        size_grid=size,
        order_step=other.get("order_step", 1),
        min_notional=Decimal(0),
        fees=spec.default_fees,
        contract_size=other.get("contract_size", Decimal(1)),
    )


BTC = instrument(SPOT, "BTC", "USDT", Grid(1, -1), Grid(1, -8))
ETH = instrument(SPOT, "ETH", "USDT", Grid(1, -2), Grid(1, -8), order_step=100)
ETH_BTC = instrument(SPOT, "ETH", "BTC", Grid(1, -5), Grid(1, -8), order_step=100)
BTC_SWAP = instrument(
    SWAP, "BTC", "USDT", Grid(1, -1), Grid(1, -6), order_step=10_000, contract_size=Decimal("0.01")
)
SPOT_INSTRUMENTS = {each.symbol: each for each in (BTC, ETH, ETH_BTC)}
SWAP_INSTRUMENTS = {BTC_SWAP.symbol: BTC_SWAP}
CODES = {BTC.symbol: 10459, BTC_SWAP.symbol: 10461}


def setup_of(spec: MarketSpec, **changes: Any) -> AccountSetup:
    given = {
        "rest": "https://www.okx.com",
        "instruments": SPOT_INSTRUMENTS if spec is SPOT else SWAP_INSTRUMENTS,
        "credentials": CREDENTIALS,
        "symbol_codes": CODES,
    }
    return AccountSetup(**{**given, **changes})


def dialect(spec: MarketSpec = SPOT, **changes: Any) -> OkxDialect:
    return OkxDialect(spec, setup_of(spec, **changes))


def line(spec: MarketSpec = SPOT, of: LineSpec = PRIVATE_LINE, **changes: Any) -> OkxLine:
    return OkxLine(spec, setup_of(spec, **changes), of)


def approved(of: Instrument = BTC, **changes: Any) -> Approved:
    given = {
        "intent_id": IntentId("i"),
        "client_order_id": ClientOrderId(CLIENT_ID),
        "instrument_key": of.key,
        "side": Side.BUY,
        "price_ticks": 604_005,
        "lots": 1_500_000,
        "tif": TimeInForce.GTC,
        "strategy": StrategyName("s"),
        "group": None,
        "reduce_only": False,
        "created_ns": 0,
        "order_type": OrderType.LIMIT,
    }
    return Approved(OrderRequest(**{**given, **changes}))


def reply(*rows: object, code: str = "0", text: str = "", status: int = 200) -> HttpReply:
    return HttpReply(status, msgspec.json.encode({"code": code, "msg": text, "data": rows}))


def content(request: object) -> Any:
    assert isinstance(request, HttpRequest), request
    return msgspec.json.decode(request.body)


def target(request: object) -> tuple[str, str]:
    assert isinstance(request, HttpRequest), request
    return request.method, request.url.removeprefix("https://www.okx.com")
