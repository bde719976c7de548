"""The account of USD-M: balances, positions, leverage, margin modes, fees, income, and the listen key.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api. One-way mode only, one
margin asset; funding and commissions are told by `income`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from trimaran.domain.instrument import Symbol
from trimaran.venues.binance.simulator.endpoints import Call, Endpoint, Security, constant, weighs
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.refusals import ApiError, bad, refused
from trimaran.venues.binance.simulator.usdm_income import Incomes
from trimaran.venues.binance.simulator.usdm_text import money, signed
from trimaran.venues.sim.numerals import scaled
from trimaran.venues.sim.trading import MarginView, Permission, SimPosition

ASSET: Final = "USDT"
LEVERAGE_MAX: Final = 125
NOTIONAL_MAX: Final = 100_000_000
_SUCCESS: Final = '{"code":200,"msg":"success"}'
_ZERO: Final = Decimal(0)


class UsdmAccount:
    """The account requests of USD-M."""

    def __init__(self, accounts: MarketAccounts, incomes: Incomes) -> None:
        self._accounts = accounts
        self._incomes = incomes

    def endpoints(self) -> list[Endpoint]:
        """Every request with its path, its names, its weight."""
        read, trade, v1, v2, v3 = Security.READ, Security.TRADE, "/fapi/v1/", "/fapi/v2/", "/fapi/v3/"
        balance, account = ("account.balance", "v2/account.balance"), ("account.status", "v2/account.status")
        position = ("account.position", "v2/account.position")
        multi = constant('{"multiAssetsMargin":false}')
        return [
            Endpoint("GET", v2 + "balance", self.balance, weighs(5), read, balance),
            Endpoint("GET", v3 + "balance", self.balance, weighs(5), read),
            Endpoint("GET", v2 + "account", self.account, weighs(5), read),
            Endpoint("GET", v3 + "account", self.account, weighs(5), read, account),
            Endpoint("GET", v2 + "positionRisk", self.all_positions, weighs(5), read),
            Endpoint("GET", v3 + "positionRisk", self.positions, weighs(5), read, position),
            Endpoint("POST", v1 + "leverage", self.set_leverage, weighs(1), trade),
            Endpoint("POST", v1 + "marginType", self.set_margin_type, weighs(1), trade),
            Endpoint("GET", v1 + "positionSide/dual", self.position_mode, weighs(30), read),
            Endpoint("POST", v1 + "positionSide/dual", self.set_position_mode, weighs(1), trade),
            Endpoint("GET", v1 + "multiAssetsMargin", multi, weighs(30), read),
            Endpoint("GET", v1 + "leverageBracket", self.brackets, weighs(1), read),
            Endpoint("GET", v1 + "commissionRate", self.commission, weighs(20), read),
            Endpoint("GET", v1 + "symbolConfig", self.symbol_config, weighs(5), read),
            Endpoint("GET", v1 + "accountConfig", self.account_config, weighs(5), read),
            Endpoint("GET", v1 + "rateLimit/order", self.order_limits, weighs(1), read),
            Endpoint("GET", v1 + "income", self.income, weighs(30), read),
        ]

    def balance(self, call: Call) -> str:
        """The wallet, asset by asset."""
        return _json([self._balance(call, *row) for row in self._wallets(call)])

    def account(self, call: Call) -> str:
        """The wallet with its margin, and the positions."""
        view = self._view(call)
        positions = [self._account_position(row) for row in self._held(call)]
        assets = [self._asset(call, *row) for row in self._wallets(call)]
        return _json(
            {
                "feeTier": 0,
                "canTrade": call.key is not None and Permission.TRADE in call.key.permissions,
                "canDeposit": True,
                "canWithdraw": False,
                "multiAssetsMargin": False,
                "updateTime": 0,
                "totalInitialMargin": money(view.position_margin + view.order_margin),
                "totalMaintMargin": money(view.maintenance_margin),
                "totalWalletBalance": money(view.wallet),
                "totalUnrealizedProfit": money(view.unrealised),
                "totalMarginBalance": money(view.equity),
                "totalPositionInitialMargin": money(view.position_margin),
                "totalOpenOrderInitialMargin": money(view.order_margin),
                "totalCrossWalletBalance": money(view.cross_wallet),
                "totalCrossUnPnl": money(view.cross_unrealised),
                "availableBalance": money(view.available),
                "maxWithdrawAmount": money(view.available),
                "assets": assets,
                "positions": positions,
            }
        )

    def positions(self, call: Call) -> str:
        """Positions that are not flat."""
        symbol = self._asked(call)
        rows = [row for row in self._held(call) if symbol in (None, row.symbol)]
        return _json([self._risk(call, row) for row in rows])

    def all_positions(self, call: Call) -> str:
        """Every symbol, flat ones included, as the second version answers."""
        symbol, held = self._asked(call), {row.symbol: row for row in self._held(call)}
        listed = [feed.book.listing.instrument.symbol for feed in self._accounts.listed()]
        rows = []
        for each in listed:
            if symbol in (None, each):
                position = held.get(each) or self._flat(call, each)
                rows.append(
                    {
                        **self._risk(call, position),
                        "leverage": str(position.leverage),
                        "maxNotionalValue": str(NOTIONAL_MAX),
                        "marginType": "isolated" if position.isolated else "cross",
                        "isAutoAddMargin": "false",
                    }
                )
        return _json(rows)

    def set_leverage(self, call: Call) -> str:
        """Leverage of a symbol, 1 to 125."""
        accounts, params = self._accounts, call.params
        symbol = accounts.feed(params).book.listing.instrument.symbol
        params.need("leverage")
        leverage = params.integer("leverage")
        if not 1 <= leverage <= LEVERAGE_MAX:
            raise bad(-4028, f"Leverage {leverage} is not valid")
        refusal = accounts.exchange.set_leverage(
            call.account_id, accounts.market, symbol, leverage, call.now_ns
        )
        if refusal is not None:
            raise refused(refusal, False)
        return _json({"leverage": leverage, "maxNotionalValue": str(NOTIONAL_MAX), "symbol": symbol})

    def set_margin_type(self, call: Call) -> str:
        """Isolated or crossed."""
        accounts, params = self._accounts, call.params
        symbol = accounts.feed(params).book.listing.instrument.symbol
        name = params.need("marginType")
        if name not in ("ISOLATED", "CROSSED"):
            raise bad(-1130, "Data sent for parameter 'marginType' is not valid.")
        isolated = name == "ISOLATED"
        refusal = accounts.exchange.set_isolated(
            call.account_id, accounts.market, symbol, isolated, call.now_ns
        )
        if refusal is not None:
            raise self._margin_type_refused(call, symbol, isolated)
        return _SUCCESS

    def position_mode(self, call: Call) -> str:
        """One-way."""
        return '{"dualSidePosition":false}'

    def set_position_mode(self, call: Call) -> str:
        """One-way is the only mode that there is here."""
        call.params.need("dualSidePosition")
        if call.params.flag("dualSidePosition"):
            raise bad(-4084, "Method is not allowed currently. Upcoming soon.")
        raise bad(-4059, "No need to change position side.")

    def brackets(self, call: Call) -> str:
        """One bracket a symbol."""
        symbol = self._asked(call)
        bracket = {
            "bracket": 1,
            "initialLeverage": LEVERAGE_MAX,
            "notionalCap": NOTIONAL_MAX,
            "notionalFloor": 0,
            "maintMarginRatio": 0.005,
            "cum": 0.0,
        }
        listed = [feed.book.listing.instrument.symbol for feed in self._accounts.listed()]
        rows = [
            {"symbol": each, "notionalCoef": 1.0, "brackets": [bracket]}
            for each in listed
            if symbol in (None, each)
        ]
        return _json(rows)

    def commission(self, call: Call) -> str:
        """Fee rates of a symbol."""
        instrument = self._accounts.feed(call.params).book.listing.instrument
        maker, taker = instrument.fees.maker_e8, instrument.fees.taker_e8
        return _json(
            {
                "symbol": instrument.symbol,
                "makerCommissionRate": scaled(maker // 100, 6),
                "takerCommissionRate": scaled(taker // 100, 6),
                "rpiCommissionRate": "0.000000",
            }
        )

    def symbol_config(self, call: Call) -> str:
        """Leverage and margin mode, symbol by symbol."""
        accounts, symbol = self._accounts, self._asked(call)
        rows = []
        for each in [feed.book.listing.instrument.symbol for feed in accounts.listed()]:
            if symbol in (None, each):
                leverage, isolated = accounts.exchange.leverage(call.account_id, accounts.market, each)
                rows.append(
                    {
                        "symbol": each,
                        "marginType": "ISOLATED" if isolated else "CROSSED",
                        "isAutoAddMargin": False,
                        "leverage": leverage,
                        "maxNotionalValue": str(NOTIONAL_MAX),
                    }
                )
        return _json(rows)

    def account_config(self, call: Call) -> str:
        """What the account may do, and its modes."""
        return _json(
            {
                "feeTier": 0,
                "canTrade": call.key is not None and Permission.TRADE in call.key.permissions,
                "canDeposit": True,
                "canWithdraw": False,
                "dualSidePosition": False,
                "updateTime": 0,
                "multiAssetsMargin": False,
                "tradeGroupId": -1,
            }
        )

    def order_limits(self, call: Call) -> str:
        """The limits of new orders."""
        return "[" + ",".join([rate.text() for rate in self._accounts.counts(call.account_id).rates]) + "]"

    def income(self, call: Call) -> str:
        """Realised profit, commission and funding, oldest first."""
        return self._incomes.answer(call, self._asked(call))

    def _asked(self, call: Call) -> Symbol | None:
        if not call.params.text("symbol"):
            return None
        return self._accounts.feed(call.params).book.listing.instrument.symbol

    def _view(self, call: Call) -> MarginView:
        return self._accounts.exchange.margin(call.account_id, self._accounts.market)

    def _wallets(self, call: Call) -> list[tuple[str, MarginView | None, Decimal]]:
        """Every asset; the margin asset with its margin."""
        balances = self._accounts.exchange.balances(call.account_id, self._accounts.market)
        rows: list[tuple[str, MarginView | None, Decimal]] = [
            (row.asset, None, row.total) for row in balances if row.asset != ASSET
        ]
        view = self._view(call)
        return [(ASSET, view, view.wallet), *rows]

    def _balance(self, call: Call, asset: str, view: MarginView | None, total: Decimal) -> dict[str, Any]:
        available = total if view is None else view.available
        return {
            "accountAlias": f"SgsR{call.account_id:012d}",
            "asset": asset,
            "balance": money(total),
            "crossWalletBalance": money(total if view is None else view.cross_wallet),
            "crossUnPnl": money(_ZERO if view is None else view.cross_unrealised),
            "availableBalance": money(available),
            "maxWithdrawAmount": money(available),
            "marginAvailable": view is not None,
            "updateTime": call.server_ms,
        }

    def _asset(self, call: Call, asset: str, view: MarginView | None, total: Decimal) -> dict[str, Any]:
        zero = MarginView(
            wallet=total, unrealised=_ZERO, equity=total, cross_wallet=total, cross_unrealised=_ZERO,
            locked=_ZERO, position_margin=_ZERO, order_margin=_ZERO,
            maintenance_margin=_ZERO, available=total,
        )  # fmt: skip
        found = view or zero
        return {
            "asset": asset,
            "walletBalance": money(total),
            "unrealizedProfit": money(found.unrealised),
            "marginBalance": money(found.equity),
            "maintMargin": money(found.maintenance_margin),
            "initialMargin": money(found.position_margin + found.order_margin),
            "positionInitialMargin": money(found.position_margin),
            "openOrderInitialMargin": money(found.order_margin),
            "crossWalletBalance": money(found.cross_wallet),
            "crossUnPnl": money(found.cross_unrealised),
            "availableBalance": money(found.available),
            "maxWithdrawAmount": money(found.available),
            "marginAvailable": view is not None,
            "updateTime": call.server_ms,
        }

    def _held(self, call: Call) -> list[SimPosition]:
        accounts = self._accounts
        return [row for row in accounts.exchange.positions(call.account_id, accounts.market) if row.lots]

    def _flat(self, call: Call, symbol: Symbol) -> SimPosition:
        accounts = self._accounts
        leverage, isolated = accounts.exchange.leverage(call.account_id, accounts.market, symbol)
        return SimPosition(
            market=accounts.market, symbol=symbol, lots=0, entry_price=_ZERO,
            mark_price=accounts.exchange.mark_price(accounts.market, symbol), unrealised=_ZERO,
            realised=_ZERO, initial_margin=_ZERO, maintenance_margin=_ZERO, leverage=leverage,
            isolated=isolated, isolated_margin=_ZERO, liquidation_price=None, updated_ns=0,
        )  # fmt: skip

    def _account_position(self, row: SimPosition) -> dict[str, Any]:
        text = self._accounts.feeds[row.symbol.lower()].text
        return {
            "symbol": row.symbol,
            "positionSide": "BOTH",
            "positionAmt": signed(text, row.lots),
            "unrealizedProfit": money(row.unrealised),
            "isolatedMargin": money(row.isolated_margin),
            "notional": self._notional(row),
            "isolatedWallet": money(row.isolated_margin),
            "initialMargin": money(row.initial_margin),
            "maintMargin": money(row.maintenance_margin),
            "updateTime": text.venue_ms(row.updated_ns) if row.updated_ns else 0,
        }

    def _risk(self, call: Call, row: SimPosition) -> dict[str, Any]:
        text = self._accounts.feeds[row.symbol.lower()].text
        return {
            "symbol": row.symbol,
            "positionSide": "BOTH",
            "positionAmt": signed(text, row.lots),
            "entryPrice": str(row.entry_price),
            "breakEvenPrice": str(row.entry_price),
            "markPrice": money(row.mark_price),
            "unRealizedProfit": money(row.unrealised),
            "liquidationPrice": "0" if row.liquidation_price is None else money(row.liquidation_price),
            "isolatedMargin": money(row.isolated_margin),
            "notional": self._notional(row),
            "marginAsset": ASSET,
            "isolatedWallet": money(row.isolated_margin),
            "initialMargin": money(row.initial_margin),
            "maintMargin": money(row.maintenance_margin),
            "positionInitialMargin": money(row.initial_margin),
            "openOrderInitialMargin": "0",
            "adl": 2,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": text.venue_ms(row.updated_ns) if row.updated_ns else 0,
        }

    def _notional(self, row: SimPosition) -> str:
        instrument = self._accounts.feeds[row.symbol.lower()].book.listing.instrument
        size = instrument.size(abs(row.lots)) * (1 if row.lots >= 0 else -1)
        return money(size * row.mark_price)

    def _margin_type_refused(self, call: Call, symbol: Symbol, isolated: bool) -> ApiError:
        accounts = self._accounts
        if accounts.exchange.leverage(call.account_id, accounts.market, symbol)[1] == isolated:
            return bad(-4046, "No need to change margin type.")
        if any(row.symbol == symbol for row in self._held(call)):
            return bad(-4048, "Margin type cannot be changed if there exists position.")
        return bad(-4047, "Margin type cannot be changed if there exists open orders.")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
