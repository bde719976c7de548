"""The account of spot: balances, commission, limits, and what the wallet endpoints say about assets.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints and
https://developers.binance.com/docs/wallet.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Fees
from trimaran.venues.binance.simulator.endpoints import (
    EMPTY_LIST,
    Call,
    Endpoint,
    Security,
    constant,
    weighs,
)
from trimaran.venues.binance.simulator.info import spot_filters
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.spot_text import ZERO, money
from trimaran.venues.sim.numerals import plain, scaled
from trimaran.venues.sim.trading import ApiKey, Permission, SimBalance

_CREATED_MS: Final = 1_700_000_000_000
_NO_FEES: Final = {"maker": ZERO, "taker": ZERO, "buyer": ZERO, "seller": ZERO}


class SpotAccount:
    """The account requests of spot."""

    def __init__(self, accounts: MarketAccounts) -> None:
        self._accounts = accounts

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        read, key, path, wallet = Security.READ, Security.KEY, "/api/v3/", "/sapi/v1/"
        status = constant('{"status":0,"msg":"normal"}')
        return [
            Endpoint("GET", path + "account", self.account, weighs(20), read, ("account.status",)),
            Endpoint(
                "GET", path + "account/commission", self.commission, weighs(20), read, ("account.commission",)
            ),
            Endpoint(
                "GET", path + "rateLimit/order", self.order_counts, weighs(40), read,
                ("account.rateLimits.orders",),
            ),
            Endpoint("GET", path + "myFilters", self.filters, weighs(40), read, ("myFilters",)),
            Endpoint(
                "GET", path + "myPreventedMatches", EMPTY_LIST, weighs(20), read, ("myPreventedMatches",)
            ),
            Endpoint("GET", path + "myAllocations", EMPTY_LIST, weighs(20), read, ("myAllocations",)),
            Endpoint("GET", path + "openOrderList", EMPTY_LIST, weighs(6), read, ("openOrderLists.status",)),
            Endpoint("GET", path + "allOrderList", EMPTY_LIST, weighs(20), read, ("allOrderLists",)),
            Endpoint("GET", wallet + "account/apiRestrictions", self.restrictions, weighs(1), read),
            Endpoint("GET", wallet + "account/status", constant('{"data":"Normal"}'), weighs(1), read),
            Endpoint("GET", wallet + "capital/config/getall", self.coins, weighs(10), read),
            Endpoint("GET", wallet + "asset/tradeFee", self.trade_fees, weighs(1), read),
            Endpoint("POST", wallet + "asset/getUserAsset", self.user_assets, weighs(5), read),
            Endpoint("GET", wallet + "margin/allPairs", EMPTY_LIST, weighs(1), key),
            Endpoint("GET", wallet + "margin/allAssets", EMPTY_LIST, weighs(1), key),
            Endpoint("GET", wallet + "margin/isolated/allPairs", EMPTY_LIST, weighs(10), key),
            Endpoint("GET", wallet + "system/status", status, weighs(1)),
        ]  # fmt: skip

    def account(self, call: Call) -> str:
        """Balances and what the account may do."""
        omit_zero = call.params.flag("omitZeroBalances")
        call.params.done()
        balances = self._balances(call)
        fees = self._accounts.listed()[0].book.listing.instrument.fees
        rows = [
            f'{{"asset":"{balance.asset}","free":"{money(balance.free)}","locked":"{money(balance.locked)}"}}'
            for balance in balances
            if balance.total or not omit_zero
        ]
        rates = msgspec.json.encode(_rates(fees)).decode()
        may_trade = _bool(call.key is not None and Permission.TRADE in call.key.permissions)
        return (
            f'{{"makerCommission":{fees.maker_e8 // 10_000},"takerCommission":{fees.taker_e8 // 10_000},'
            f'"buyerCommission":0,"sellerCommission":0,"commissionRates":{rates},"canTrade":{may_trade},'
            f'"canWithdraw":false,"canDeposit":true,"brokered":false,"requireSelfTradePrevention":false,'
            f'"preventSor":false,"updateTime":{call.server_ms},"accountType":"SPOT","balances":[{",".join(rows)}],'
            f'"permissions":["SPOT"],"uid":{call.account_id}}}'
        )

    def commission(self, call: Call) -> str:
        """Fee rates of a symbol."""
        instrument = self._accounts.feed(call.params).book.listing.instrument
        call.params.done()
        discount = {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB"}
        return _json(
            {
                "symbol": instrument.symbol,
                "standardCommission": _rates(instrument.fees),
                "specialCommission": _NO_FEES,
                "taxCommission": _NO_FEES,
                "discount": {**discount, "discount": "0.25000000"},
            }
        )

    def order_counts(self, call: Call) -> str:
        """How many new orders count against the account now."""
        call.params.done()
        counts = self._accounts.counts(call.account_id)
        used = zip(counts.rates, counts.counts(call.server_ms), strict=True)
        return "[" + ",".join([rate.text(count) for rate, count in used]) + "]"

    def filters(self, call: Call) -> str:
        """The filters that hold for the account at a symbol."""
        book = self._accounts.feed(call.params).book
        call.params.done()
        return _json({"exchangeFilters": [], "symbolFilters": spot_filters(book), "assetFilters": []})

    def restrictions(self, call: Call) -> str:
        """What the key may do."""
        key = call.key
        assert key is not None
        return _json(_restrictions(key))

    def coins(self, call: Call) -> str:
        """Every asset with its networks: one, which takes deposits and gives nothing back."""
        return _json([_coin(balance) for balance in self._balances(call)])

    def trade_fees(self, call: Call) -> str:
        """Fee rates of one symbol, or of all, as fractions."""
        accounts = self._accounts
        feeds = [accounts.feed(call.params)] if call.params.text("symbol") else accounts.listed()
        rows = [feed.book.listing.instrument for feed in feeds]
        return _json(
            [
                {
                    "symbol": row.symbol,
                    "makerCommission": plain(row.fees.maker_e8, -8),
                    "takerCommission": plain(row.fees.taker_e8, -8),
                }
                for row in rows
            ]
        )

    def user_assets(self, call: Call) -> str:
        """Balances above nothing."""
        nothing = {"freeze": "0", "withdrawing": "0", "ipoable": "0", "btcValuation": "0"}
        return _json(
            [
                {"asset": row.asset, "free": money(row.free), "locked": money(row.locked), **nothing}
                for row in self._balances(call)
                if row.total
            ]
        )

    def _balances(self, call: Call) -> list[SimBalance]:
        accounts = self._accounts
        return accounts.exchange.balances(call.account_id, accounts.market)


def _rates(fees: Fees) -> dict[str, str]:
    maker, taker = scaled(fees.maker_e8, 8), scaled(fees.taker_e8, 8)
    return {"maker": maker, "taker": taker, "buyer": ZERO, "seller": ZERO}


def _restrictions(key: ApiKey) -> dict[str, Any]:
    trade = Permission.TRADE in key.permissions
    return {
        "ipRestrict": False,
        "createTime": _CREATED_MS,
        "enableReading": Permission.READ in key.permissions,
        "enableWithdrawals": Permission.WITHDRAW in key.permissions,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": trade,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": trade,
        "enablePortfolioMarginTrading": False,
    }


def _coin(balance: SimBalance) -> dict[str, Any]:
    network = {
        "network": balance.asset,
        "coin": balance.asset,
        "name": balance.asset,
        "isDefault": True,
        "depositEnable": True,
        "withdrawEnable": False,
        "depositDesc": "",
        "withdrawDesc": "Withdrawals are suspended.",
        "withdrawFee": "0.0001",
        "withdrawMin": "0.001",
        "withdrawMax": "1000000",
        "withdrawIntegerMultiple": "0.00000001",
        "depositDust": "0.00000001",
        "minConfirm": 1,
        "unLockConfirm": 1,
        "sameAddress": False,
        "estimatedArrivalTime": 1,
        "busy": False,
        "contractAddress": "",
        "contractAddressUrl": "",
        "addressRegex": "",
        "memoRegex": "",
        "specialTips": "",
        "resetAddressStatus": False,
    }
    nothing = dict.fromkeys(("freeze", "withdrawing", "ipoing", "ipoable", "storage"), "0")
    return {
        "coin": balance.asset,
        "name": balance.asset,
        "depositAllEnable": True,
        "withdrawAllEnable": False,
        "free": money(balance.free),
        "locked": money(balance.locked),
        **nothing,
        "isLegalMoney": False,
        "trading": True,
        "networkList": [network],
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _bool(value: bool) -> str:
    return "true" if value else "false"
