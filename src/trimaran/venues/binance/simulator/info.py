"""`exchangeInfo` of the simulated Binance: instruments, filters and limits, as both markets write them.

https://developers.binance.com/docs/binance-spot-api-docs/filters
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trimaran.venues.binance.simulator.published import (
    ALGO_ORDERS_MAX,
    ICEBERG_PARTS_MAX,
    LOTS_MAX,
    NOTIONAL_MAX,
    price_max,
)
from trimaran.venues.sim.book import VenueBook
from trimaran.venues.sim.book_rules import TradingState
from trimaran.venues.sim.numerals import Numerals, fixed

Json = dict[str, Any]
SPOT_TYPES: Final = (
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
)  # fmt: skip
_SPOT_STATES: Final = {
    TradingState.TRADING: "TRADING",
    TradingState.CANCEL_ONLY: "CANCEL_ONLY",
    TradingState.HALTED: "HALT",
}
USDM_TYPES: Final = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET")


def exchange_info(
    books: Sequence[VenueBook], spot: bool, server_ms: int, weight_limit: int, permission_sets: bool
) -> Json:
    """The whole answer; USD-M names its base asset list, spot does not, and can leave out permission sets."""
    info: Json = {
        "timezone": "UTC",
        "serverTime": server_ms,
        "rateLimits": _rate_limits(spot, weight_limit),
        "exchangeFilters": [],
    }
    if spot:
        info["symbols"] = [_spot_symbol(book, permission_sets) for book in books]
    else:
        info["futuresType"] = "U_MARGINED"
        info["assets"] = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}]
        info["symbols"] = [_usdm_symbol(book) for book in books]
    return info


def _rate_limits(spot: bool, weight_limit: int) -> list[Json]:
    def limit(kind: str, interval: str, count: int, value: int) -> Json:
        return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": value}

    if not spot:
        return [
            limit("REQUEST_WEIGHT", "MINUTE", 1, weight_limit),
            limit("ORDERS", "MINUTE", 1, 1200),
            limit("ORDERS", "SECOND", 10, 300),
        ]
    return [
        limit("REQUEST_WEIGHT", "MINUTE", 1, weight_limit),
        limit("ORDERS", "SECOND", 10, 100),
        limit("ORDERS", "DAY", 1, 200_000),
        limit("RAW_REQUESTS", "MINUTE", 5, 300_000),
    ]


def spot_filters(book: VenueBook) -> list[Json]:
    """The filters of an instrument of spot."""
    return _filters(book, True)


def _filters(book: VenueBook, spot: bool) -> list[Json]:
    listing, rules = book.listing, book.rules
    instrument = listing.instrument
    price = Numerals(instrument.price_grid, fixed(listing.price_decimals)).text
    size = Numerals(instrument.size_grid, fixed(listing.size_decimals)).text
    lot = {
        "minQty": size(rules.lot_factor),
        "maxQty": size(LOTS_MAX),
        "stepSize": size(rules.lot_factor),
    }
    filters: list[Json] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price(rules.tick_factor),
            "maxPrice": price(price_max(listing)),
            "tickSize": price(rules.tick_factor),
        },
        {"filterType": "LOT_SIZE", **lot},
        {"filterType": "MARKET_LOT_SIZE", **lot},
    ]
    if not spot:
        return [
            *filters,
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": ALGO_ORDERS_MAX[False]},
            {"filterType": "MIN_NOTIONAL", "notional": str(instrument.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.1000",
                "multiplierDown": "0.9000",
                "multiplierDecimal": "4",
            },
        ]
    return [
        *filters,
        {"filterType": "ICEBERG_PARTS", "limit": ICEBERG_PARTS_MAX},
        {
            "filterType": "NOTIONAL",
            "minNotional": f"{instrument.min_notional:.8f}",
            "applyMinToMarket": True,
            "maxNotional": f"{NOTIONAL_MAX:.8f}",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "1.1",
            "bidMultiplierDown": "0.01",
            "askMultiplierUp": "100",
            "askMultiplierDown": "0.9",
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": ALGO_ORDERS_MAX[True]},
    ]


def _spot_symbol(book: VenueBook, permission_sets: bool) -> Json:
    instrument = book.listing.instrument
    flags = {
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
    }
    return {
        "symbol": instrument.symbol,
        "status": _SPOT_STATES[book.rules.state],
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(SPOT_TYPES),
        **flags,
        "filters": _filters(book, True),
        "permissions": [],
        "permissionSets": [["SPOT"]] if permission_sets else [],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _usdm_symbol(book: VenueBook) -> Json:
    listing = book.listing
    instrument = listing.instrument
    return {
        "symbol": instrument.symbol,
        "pair": instrument.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING" if book.rules.trading else "SETTLING",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": listing.price_decimals,
        "quantityPrecision": listing.size_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "filters": _filters(book, False),
        "orderTypes": list(USDM_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }
