"""One market of the simulated Binance with all its parts: books, accounts, requests, user data."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from trimaran.domain.instrument import MarketName
from trimaran.venues.binance.simulator.endpoints import Endpoint
from trimaran.venues.binance.simulator.limits import Weights
from trimaran.venues.binance.simulator.listen_keys import ListenKeys
from trimaran.venues.binance.simulator.market_accounts import MarketAccounts
from trimaran.venues.binance.simulator.public import PublicMarket
from trimaran.venues.binance.simulator.rest import RestMarket
from trimaran.venues.binance.simulator.spot_account import SpotAccount
from trimaran.venues.binance.simulator.spot_trading import SpotTrading
from trimaran.venues.binance.simulator.streams import MarketFeed
from trimaran.venues.binance.simulator.tickers import Tickers
from trimaran.venues.binance.simulator.usdm_account import UsdmAccount
from trimaran.venues.binance.simulator.usdm_algo import UsdmAlgo
from trimaran.venues.binance.simulator.usdm_income import Incomes
from trimaran.venues.binance.simulator.usdm_trading import UsdmTrading
from trimaran.venues.binance.simulator.user_data import UserData
from trimaran.venues.binance.simulator.ws_api import WsApi
from trimaran.venues.sim.feed import Moment
from trimaran.venues.sim.server_stage import Stage

VENUE: Final = "binance"
LOOK_EVERY_MS: Final = 100  # at margins, and at orders that are good till a date


class BinanceMarket:
    """Spot, or USD-M."""

    def __init__(
        self, market: MarketName, stage: Stage, feed: MarketFeed, weights: tuple[int, bool], counted: bool,
        listen_key_ms: int,
    ) -> None:  # fmt: skip
        """`weights` are the limit a minute and whether it is enforced; `counted` says it for new orders."""
        self.feed = feed
        exchange = stage.exchange(VENUE)
        self.accounts = MarketAccounts(market, exchange, feed.feeds, counted)
        self._stage = stage
        self._looks_ms = 0
        raw_limit = 300_000 if self.accounts.spot else 0
        self._weights = Weights(*weights, raw_limit)
        incomes = Incomes()
        self.user_data = UserData(self.accounts, stage.server_ms, incomes, feed.tell)
        exchange.listen(self.user_data.listen)
        self.listen_keys = ListenKeys(self.user_data, listen_key_ms)
        self._trading = UsdmTrading(self.accounts)
        public = PublicMarket(self.accounts, self._weights, stage.faults[market]).endpoints()
        self._endpoints = [*public, *Tickers(self.accounts).endpoints(), *self._private(incomes)]
        self.api = WsApi(self.accounts, self._weights, self.user_data, self._endpoints, self.flush)

    def routes(self) -> list[web.RouteDef]:
        """REST."""
        return RestMarket(self.accounts, self._weights, self._stage, self.flush).routes(self._endpoints)

    def pump(self, moment: Moment) -> None:
        """Sends everything that is due."""
        self.feed.pump(moment)
        self.listen_keys.expire(moment.server_ms)
        if not self.accounts.spot and moment.server_ms >= self._looks_ms:
            self._looks_ms = moment.server_ms + LOOK_EVERY_MS
            self._trading.expire(moment.server_ms, self._stage.trading_ns())
            self.user_data.warn()
        self.flush()

    def flush(self) -> None:
        """Tells the accounts what has happened to them."""
        gate, market = self._stage.gate, self.accounts.market
        for push in self.user_data.take():
            for sent, delay_s in gate.pushes(market, push.account_id, push):
                if delay_s > 0:
                    asyncio.get_running_loop().call_later(delay_s, self.user_data.send, sent)
                else:
                    self.user_data.send(sent)

    def _private(self, incomes: Incomes) -> list[Endpoint]:
        accounts = self.accounts
        if accounts.spot:
            return [*SpotTrading(accounts).endpoints(), *SpotAccount(accounts).endpoints()]
        return [
            *self._trading.endpoints(),
            *UsdmAlgo(accounts).endpoints(),
            *UsdmAccount(accounts, incomes).endpoints(),
            *self.listen_keys.endpoints(),
        ]
