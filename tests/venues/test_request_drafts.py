"""A draft says what a request costs, without being signed: the governor must not see a difference."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.support.instruments import PERPETUAL, SPOT
from trimaran.base.errors import ConfigError
from trimaran.base.secret import Secret
from trimaran.domain.client_id import ClientIdCounter
from trimaran.domain.instrument import ContractKind, MarketName
from trimaran.domain.pair import Pair
from trimaran.venues.registry import MARKETS
from trimaran.venues.wire.asks import Ask, Balances, CancelOrder, OrderRef, ServerTime
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.dialect import AccountSetup, MarketDialect
from trimaran.venues.wire.message import DRAFT, HttpRequest, Stamp

NOW = Stamp(1_750_000_000_000_000_000)
KEY = "the-key"


def made(market: MarketName, with_key: bool = True) -> tuple[MarketDialect, tuple[Ask[object], ...]]:
    entry = MARKETS[market]
    symbol = entry.spell(Pair.parse("BTC-USDT"))
    like = SPOT if entry.spec.contract is ContractKind.SPOT else replace(PERPETUAL, contract_size=Decimal(1))
    setup = AccountSetup(
        rest="http://venue.test",
        instruments={symbol: replace(like, market=market, symbol=symbol)},
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
