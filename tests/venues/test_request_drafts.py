"""A draft says what a request costs, without being signed: the governor must not see a difference."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.base.errors import ConfigError
from trimaran.base.secret import Secret
from trimaran.domain.account import VenueOrderId
from trimaran.domain.client_id import ClientIdCounter, ClientOrderId
from trimaran.domain.decision import Approved
from trimaran.domain.instrument import ContractKind, Instrument, MarketName, Side
from trimaran.domain.orders import (
    IntentId,
    OrderRequest,
    OrderType,
    SelfTrade,
    StrategyName,
    TimeInForce,
)
from trimaran.domain.pair import Pair
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asker import shape_of
from trimaran.venues.wire.asks import (
    AmendOrder,
    Ask,
    Balances,
    CancelOrder,
    OrderRef,
    PlaceOrder,
    ServerTime,
)
from trimaran.venues.wire.capability import Unsupported
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup, MarketDialect
from trimaran.venues.wire.message import DRAFT, HttpRequest, Stamp

NOW = Stamp(1_750_000_000_000_000_000)
KEY = "the-key"


def like(market: MarketName) -> Instrument:
    """BTC-USDT there."""
    entry = MARKETS[market]
    spot = entry.spec.contract is ContractKind.SPOT
    known = SPOT if spot else replace(PERPETUAL, contract_size=Decimal(1))
    return replace(known, market=market, symbol=entry.spell(Pair.parse("BTC-USDT")))


def made(market: MarketName, with_key: bool = True) -> tuple[MarketDialect, tuple[Ask[object], ...]]:
    entry = MARKETS[market]
    symbol = entry.spell(Pair.parse("BTC-USDT"))
    setup = AccountSetup(
        rest="http://venue.test",
        instruments={symbol: like(market)},
        credentials=Credentials(KEY, Secret("the-secret"), Secret("words")) if with_key else None,
        account_id="7",
    )
    client_order_id, _ = ClientIdCounter(0, 0, 1).take()
    asks = (ServerTime(), Balances(), CancelOrder(OrderRef(symbol, client_order_id)))
    return entry.private.make_dialect(setup), asks


@pytest.mark.parametrize("market", MARKETS)
def test_a_draft_costs_what_the_request_does_and_carries_no_key(market: MarketName) -> None:
    dialect, asks = made(market)
    for ask in asks:
        draft, request = dialect.write(ask, DRAFT), dialect.write(ask, NOW)
        assert isinstance(draft, HttpRequest)
        assert isinstance(request, HttpRequest)
        assert (draft.charges, draft.urgent, draft.method) == (
            request.charges,
            request.urgent,
            request.method,
        )
        assert request.url.startswith(draft.url)
        assert KEY not in f"{draft.url} {draft.headers}"


@pytest.mark.parametrize("market", MARKETS)
def test_a_draft_that_would_have_to_be_signed_needs_the_key(market: MarketName) -> None:
    dialect, (public, private, _) = made(market, with_key=False)
    assert isinstance(dialect.write(public, DRAFT), HttpRequest)
    with pytest.raises(ConfigError):
        dialect.write(private, DRAFT)


def variants(market: MarketName) -> list[PlaceOrder | AmendOrder | CancelOrder]:
    """Orders, amendments and cancels of one instrument that differ in everything that may be told of them."""
    symbol = MARKETS[market].spell(Pair.parse("BTC-USDT"))
    asks: list[PlaceOrder | AmendOrder | CancelOrder] = []
    number = 1 << 40
    for kind, tif, reduce_only, side, lots, extra in product(
        OrderType, TimeInForce, (False, True), Side, (10, 4000), ({}, {"self_trade": SelfTrade.CANCEL_TAKER})
    ):
        number += 16
        order = OrderRequest(
            IntentId(str(number)), ClientOrderId(number), like(market).key, side, 5000 + lots, lots, tif,
            StrategyName("s"), None, reduce_only, 1, kind, 4900 if kind.is_triggered else 0, **extra,
        )  # fmt: skip
        asks += [PlaceOrder(Approved(order)), AmendOrder(Approved(order))]
        asks.append(AmendOrder(Approved(order), VenueOrderId(str(number))))
        for theirs in (None, str(number), f"algo:{number}"):
            venue_order_id = None if theirs is None else VenueOrderId(theirs)
            asks += [
                CancelOrder(OrderRef(symbol, ClientOrderId(number), venue_order_id, triggered))
                for triggered in (False, True)
            ]
    return asks


@pytest.mark.parametrize("market", MARKETS)
def test_what_order_requests_cost_depends_on_their_shape_alone(market: MarketName) -> None:
    """The quick way remembers costs by shape: one that hid a difference would break the venue's limits."""
    dialect, _ = made(market)
    seen: dict[object, object] = {}
    for ask in variants(market):
        draft = dialect.write(ask, DRAFT)
        if isinstance(draft, Unsupported):
            continue  # what cannot be written does not leave
        cost = (draft.charges, draft.urgent, draft.url.partition("/")[2].partition("/")[0])
        assert seen.setdefault((type(ask), shape_of(ask)), cost) == cost, ask
    assert len(seen) >= 4
