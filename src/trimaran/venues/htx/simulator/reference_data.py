"""Instrument lists and reference data of the simulated HTX in the other spellings that clients ask for.

Spot has its symbols in three generations of names and its currencies in two. Coin-margined contracts are
not simulated; their lists hold one contract each that does not trade, for clients take an empty list for a
failure.
https://www.htx.com/en-us/opend/newApiPages/?id=7ec4f85c-7773-11ed-9966-0242ac110003
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.venues.htx.simulator.answers import Feeds, Query, decimals_of
from trimaran.venues.htx.simulator.streams import HtxFeed

AMOUNT_MAX: Final = "10000000"
VALUE_MAX: Final = "1000000"
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
Row = Mapping[str, Any]


def spot_reference(feeds: Feeds, server_ms: Callable[[], int]) -> dict[str, Callable[[Query], str]]:
    """The endpoints of spot."""

    def listed(row: Callable[[HtxFeed], Row]) -> list[Row]:
        return [row(feed) for feed in feeds.values() if feed.listed]

    def answer(rows: object) -> str:
        return _encoder.encode({"status": "ok", "data": rows, "ts": str(server_ms()), "full": 1}).decode()

    def answer_v2(rows: object) -> str:
        return _encoder.encode({"code": 200, "data": rows}).decode()

    def currencies() -> list[str]:
        instruments = [feed.book.listing.instrument for feed in feeds.values()]
        return list(dict.fromkeys(["usdt", *(each.base.lower() for each in instruments)]))

    return {
        "/v1/common/symbols": lambda query: answer(listed(_legacy_symbol)),
        "/v1/settings/common/symbols": lambda query: answer(listed(_settings_symbol)),
        "/v2/settings/common/symbols": lambda query: answer(listed(_settings_symbol)),
        "/v1/common/currencys": lambda query: answer(currencies()),
        "/v2/reference/currencies": lambda query: answer_v2(
            [_currency(name) for name in currencies() if query.get("currency", name) == name]
        ),
    }


def coin_margined_lists(server_ms: Callable[[], int]) -> dict[str, Callable[[Query], str]]:
    """Lists of contracts that are not simulated."""
    common = {"symbol": "BTC", "contract_size": 100, "price_tick": Decimal("0.1"), "contract_status": 0}
    swap = {
        **common,
        "contract_code": "BTC-USD",
        "delivery_time": "",
        "create_date": "20200325",
        "settlement_date": "1730000000000",
    }
    future = {
        **common,
        "contract_code": "BTC301227",
        "contract_type": "quarter",
        "delivery_date": "20301227",
        "delivery_time": "1924588800000",
        "create_date": "20300628",
        "settlement_time": "1924588800000",
    }

    def answer(row: Row) -> Callable[[Query], str]:
        return lambda query: _encoder.encode({"status": "ok", "data": [row], "ts": server_ms()}).decode()

    return {
        "/swap-api/v1/swap_contract_info": answer(swap),
        "/api/v1/contract_contract_info": answer(future),
        "/heartbeat/": lambda query: _encoder.encode(
            {"status": "ok", "data": _BEATS, "ts": server_ms()}
        ).decode(),
    }


_BEATS: Final = {
    name: 1 for market in ("", "swap_", "option_", "linear_swap_") for name in (f"{market}heartbeat",)
} | {f"{market}estimated_recovery_time": None for market in ("", "swap_", "option_", "linear_swap_")}


def _legacy_symbol(feed: HtxFeed) -> Row:
    book = feed.book
    instrument, least = book.listing.instrument, book.smallest()
    return {
        "base-currency": instrument.base.lower(),
        "quote-currency": instrument.quote.lower(),
        "price-precision": decimals_of(book.tick()),
        "amount-precision": decimals_of(book.lot()),
        "symbol-partition": "main",
        "symbol": instrument.symbol,
        "state": "online" if book.rules.trading else "suspend",
        "value-precision": 8,
        "min-order-amt": least,
        "max-order-amt": Decimal(AMOUNT_MAX),
        "min-order-value": instrument.min_notional,
        "limit-order-min-order-amt": least,
        "limit-order-max-order-amt": Decimal(AMOUNT_MAX),
        "limit-order-max-buy-amt": Decimal(AMOUNT_MAX),
        "limit-order-max-sell-amt": Decimal(AMOUNT_MAX),
        "buy-limit-must-less-than": Decimal("1.1"),
        "sell-limit-must-greater-than": Decimal("0.9"),
        "sell-market-min-order-amt": least,
        "sell-market-max-order-amt": Decimal(AMOUNT_MAX),
        "buy-market-max-order-value": Decimal(VALUE_MAX),
        "api-trading": "enabled" if book.rules.trading else "disabled",
        "tags": "",
    }


def _settings_symbol(feed: HtxFeed) -> Row:
    book = feed.book
    instrument = book.listing.instrument
    base, quote = instrument.base.lower(), instrument.quote.lower()
    return {
        "dn": f"{instrument.base}/{instrument.quote}",
        "sc": instrument.symbol,
        "bc": base,
        "bcdn": instrument.base,
        "qc": quote,
        "qcdn": instrument.quote,
        "state": "online" if book.rules.trading else "suspend",
        "te": book.rules.trading,
        "toa": 1514779200000,
        "tpp": decimals_of(book.tick()),
        "tap": decimals_of(book.lot()),
        "ttp": 8,
        "fp": 8,
        "whe": False,
        "cd": False,
        "sp": "main",
        "w": 1_000_000,
        "lr": None,
        "smlr": None,
        "flr": None,
        "wr": None,
        "d": None,
        "elr": None,
        "p": [],
        "tags": "",
    }


def _currency(name: str) -> Row:
    chain = {
        "chain": f"{name}1" if name != "usdt" else "trc20usdt",
        "displayName": name.upper() if name != "usdt" else "TRC20",
        "isDynamic": False,
        "numOfConfirmations": 1,
        "numOfFastConfirmations": 1,
        "depositStatus": "allowed",
        "minDepositAmt": "0.001",
        "withdrawStatus": "allowed",
        "minWithdrawAmt": "0.001",
        "withdrawPrecision": 8,
        "maxWithdrawAmt": "1000000.00000000",
        "withdrawQuotaPerDay": "1000000.00000000",
        "withdrawQuotaPerYear": None,
        "withdrawQuotaTotal": None,
        "withdrawFeeType": "fixed",
        "transactFeeWithdraw": "0.001",
        "addrWithTag": False,
        "addrDepositTag": False,
    }
    return {"currency": name, "assetType": 1, "chains": [chain], "instStatus": "normal"}
