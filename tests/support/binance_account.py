"""An account at Binance for tests: keys of the documentation, instruments, orders, dialects and lines."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.base.secret import KeyKind, Secret
from trimaran.domain.client_id import ClientIdParts, ClientOrderId, encode_client_id, pack_client_id
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import Asset, Grid, Instrument, InstrumentKey, Side, Symbol
from trimaran.domain.orders import IntentId, OrderRequest, StrategyName, TimeInForce
from trimaran.venues.binance.dialect import BinanceDialect, spot_dialect, usdm_dialect
from trimaran.venues.binance.private import BinanceLine, spot_line, usdm_line
from trimaran.venues.binance.spec import SPOT_PRIVATE, USDM_PRIVATE
from trimaran.venues.wire.asks import OrderRef
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup
from trimaran.venues.wire.message import HttpReply, HttpRequest, Stamp

# The key of the official examples, and RFC 8032's first one; both are public.
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
HMAC = Credentials(KEY, Secret(SECRET))
ED25519 = Credentials(KEY, Secret(SEED), kind=KeyKind.ED25519)

STAMP = Stamp(1_700_000_000_123_456_789)
NOW_NS = 1_700_000_000_200_000_000
OURS: ClientOrderId = pack_client_id(ClientIdParts(1, 2, 3, 4))
OURS_TEXT = encode_client_id(OURS)


def instrument(like: Instrument, symbol: str, base: str, quote: str, tick: int, lot: int) -> Instrument:
    """An instrument whose tick and lot are 10**tick and 10**lot."""
    return replace(
        like,
        symbol=Symbol(symbol),
        base=Asset(base),
        quote=Asset(quote),
        price_grid=Grid(1, tick),
        size_grid=Grid(1, lot),
    )


SPOTS = {SPOT.symbol: SPOT}
PERPETUALS = {PERPETUAL.symbol: PERPETUAL}


Instruments = Mapping[Symbol, Instrument]


def setup(
    market: str = "spot", credentials: Credentials | None = HMAC, instruments: Instruments | None = None
) -> AccountSetup:
    """What a dialect of a market is made of."""
    spec, usual = (SPOT_PRIVATE, SPOTS) if market == "spot" else (USDM_PRIVATE, PERPETUALS)
    return AccountSetup(spec.live["rest"], instruments or usual, credentials)


def dialect(
    market: str = "spot", credentials: Credentials | None = HMAC, instruments: Instruments | None = None
) -> BinanceDialect:
    """A market's dialect."""
    make = spot_dialect if market == "spot" else usdm_dialect
    return make(setup(market, credentials, instruments))


def line(
    market: str = "spot",
    name: str = "private",
    credentials: Credentials = HMAC,
    instruments: Instruments | None = None,
) -> BinanceLine:
    """A line of a market."""
    spec, make = (SPOT_PRIVATE, spot_line) if market == "spot" else (USDM_PRIVATE, usdm_line)
    found = next(one for one in spec.lines if one.name == name)
    return make(found, setup(market, credentials, instruments))


def approved(market: str = "spot", **changes: Any) -> Approved:
    """An order as the gate would let it pass; by default a limit order to buy 0.01 at 50000."""
    usual = SPOT if market == "spot" else PERPETUAL
    given: dict[str, Any] = {
        "intent_id": IntentId("intent"),
        "client_order_id": OURS,
        "instrument_key": usual.key,
        "side": Side.BUY,
        "price_ticks": usual.price_grid.steps(Decimal(50_000)),
        "lots": usual.size_grid.steps(Decimal("0.01")),
        "tif": TimeInForce.GTC,
        "strategy": StrategyName("test"),
        "group": None,
        "reduce_only": False,
        "created_ns": 1,
    }
    return Approved(OrderRequest(**{**given, **changes}))


def approved_in(one: Instrument, **changes: Any) -> Approved:
    """An order for another instrument."""
    return approved(instrument_key=InstrumentKey(one.key), **changes)


def ref(symbol: str = "BTCUSDT", number: str | None = None, triggered: bool = False) -> OrderRef:
    """Our order, or the venue's `number`."""
    return OrderRef(Symbol(symbol), OURS if number is None else None, number, triggered)  # type: ignore[arg-type]


def ok(body: object) -> HttpReply:
    """A reply of status 200."""
    return HttpReply(200, body if isinstance(body, bytes) else msgspec.json.encode(body))


def error(code: int, text: str, status: int = 400, **headers: str) -> HttpReply:
    """An error of the venue."""
    return HttpReply(status, msgspec.json.encode({"code": code, "msg": text}), headers)


def query_of(request: object) -> dict[str, str]:
    """The parameters of a request, as they stand in its URL; the signature must be the last one."""
    assert isinstance(request, HttpRequest), request
    _, _, query = request.url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    assert len({name for name, _, _ in pairs}) == len(pairs), "a parameter stands twice"
    return {name: value for name, _, value in pairs}
