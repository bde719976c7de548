"""python-okx, the venue's own client, against the simulated OKX: what works, as one line of JSON.

    python official_okx.py '<the line that the simulator prints>'

Runs with any interpreter that has python-okx 0.4; its REST classes get the domain, its WebSocket classes
the URL. Its connector insists on TLS, so that the script opens the sockets for it. The exit code is 1 when
anything failed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import websockets
from okx import Account, MarketData, PublicData, Trade
from okx.websocket.WsPrivateAsync import WsPrivateAsync
from okx.websocket.WsPublicAsync import WsPublicAsync
from outcome import finish

SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
WAIT_S = 10.0


class Desk:
    """The clients, and what was found out."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.urls: dict[str, str] = told["venues"]["okx"]["spot"]
        self.keys: dict[str, Any] = told["accounts"]["okx"]
        named = (self.keys["key"], self.keys["secret"], self.keys["passphrase"])
        options = {"flag": "1", "domain": self.urls["rest"]}
        self.trade = Trade.TradeAPI(*named, **options)
        self.account = Account.AccountAPI(*named, **options)
        self.market = MarketData.MarketAPI(**options)
        self.public = PublicData.PublicAPI(**options)
        self.results: dict[str, str] = {}

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Runs one step; an answer of the venue must have the code 0."""
        try:
            found = work()
            if isinstance(found, dict) and found.get("code") != "0":
                raise AssertionError(found)
        except Exception as error:  # whatever a client can raise is an answer
            self.results[name] = f"{type(error).__name__}: {error}"[:300]
            return None
        self.results[name] = "ok"
        return found

    def price(self, factor: float, symbol: str = SPOT) -> str:
        """A price far from the touch."""
        return f"{float(self.market.get_ticker(symbol)['data'][0]['last']) * factor:.1f}"


def market_data(desk: Desk) -> None:
    """Public REST."""
    market, public = desk.market, desk.public
    for name, work in (
        ("get_tickers", lambda: market.get_tickers("SWAP")),
        ("get_orderbook", lambda: market.get_orderbook(SPOT, "50")),
        ("get_candlesticks", lambda: market.get_candlesticks(SPOT)),
        ("get_trades", lambda: market.get_trades(SPOT)),
        ("get_history_trades", lambda: market.get_history_trades(SPOT)),
        ("get_index_tickers", lambda: market.get_index_tickers(instId=SPOT)),
        ("get_mark_price_candlesticks", lambda: market.get_mark_price_candlesticks(SWAP)),
        ("get_instruments", lambda: public.get_instruments("SPOT")),
        ("get_funding_rate", lambda: public.get_funding_rate(SWAP)),
        ("funding_rate_history", lambda: public.funding_rate_history(SWAP)),
        ("get_open_interest", lambda: public.get_open_interest("SWAP")),
        ("get_price_limit", lambda: public.get_price_limit(SWAP)),
        ("get_system_time", public.get_system_time),
        ("get_mark_price", lambda: public.get_mark_price("SWAP")),
        ("get_position_tiers", lambda: public.get_position_tiers("SWAP", "cross", instFamily="BTC-USDT")),
    ):  # fmt: skip
        desk.step(name, work)


def orders(desk: Desk) -> None:
    """Orders over REST."""
    trade = desk.trade

    def limit() -> Any:
        made = trade.place_order(
            SPOT, "cash", "buy", "limit", "0.01", px=desk.price(0.95), clOrdId="official1"
        )
        order_id = made["data"][0]["ordId"]
        assert trade.get_order(SPOT, order_id)["data"][0]["state"] == "live"
        assert trade.amend_order(SPOT, ordId=order_id, newSz="0.02")["code"] == "0"
        assert [each["ordId"] for each in trade.get_order_list("SPOT")["data"]] == [order_id]
        assert trade.cancel_order(SPOT, clOrdId="official1")["code"] == "0"
        assert trade.cancel_order(SPOT, clOrdId="official1")["data"][0]["sCode"] == "51400"
        return trade.get_orders_history("SPOT")

    def batch() -> Any:
        order = {
            "instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "post_only", "sz": "1",
            "px": desk.price(1.05, SWAP),
        }  # fmt: skip
        made = trade.place_multiple_orders([order, order])
        ids = [{"instId": SWAP, "ordId": each["ordId"]} for each in made["data"]]
        assert trade.amend_multiple_orders([{**each, "newSz": "2"} for each in ids])["code"] == "0"
        return trade.cancel_multiple_orders(ids)

    def market() -> Any:
        assert trade.place_order(SPOT, "cash", "buy", "market", "500")["code"] == "0"
        assert trade.place_order(SWAP, "cross", "buy", "market", "3")["code"] == "0"
        assert desk.account.get_positions("SWAP")["data"][0]["pos"] == "3"
        assert trade.close_positions(SWAP, "cross")["code"] == "0"
        assert len(trade.get_fills("SWAP")["data"]) >= 2
        return trade.get_fills_history("SPOT")

    def algo() -> Any:
        made = trade.place_algo_order(
            SWAP, "cross", "buy", "trigger", "1", triggerPx=desk.price(1.03, SWAP), orderPx="-1"
        )
        number = made["data"][0]["algoId"]
        assert trade.order_algos_list("trigger")["data"][0]["algoId"] == number
        assert trade.get_algo_order_details(number)["data"][0]["state"] == "live"
        assert trade.cancel_algo_order([{"instId": SWAP, "algoId": number}])["code"] == "0"
        return trade.order_algos_history("trigger", "canceled")

    for name, work in (("limit", limit), ("batch", batch), ("market", market), ("algo", algo)):
        desk.step(f"orders_{name}", work)


def account(desk: Desk) -> None:
    """The account over REST."""
    client = desk.account
    for name, work in (
        ("get_account_balance", client.get_account_balance), ("get_positions", client.get_positions),
        ("get_account_config", client.get_account_config), ("get_account_bills", client.get_account_bills),
        ("set_leverage", lambda: client.set_leverage("5", "cross", SWAP)),
        ("get_leverage", lambda: client.get_leverage("cross", instId=SWAP)),
        ("get_fee_rates", lambda: client.get_fee_rates("SPOT", SPOT)),
        ("get_max_order_size", lambda: client.get_max_order_size(SWAP, "cross")),
        ("get_max_avail_size", lambda: client.get_max_avail_size(SPOT, "cash")),
        ("get_instruments", lambda: client.get_instruments("SWAP")),
        ("set_position_mode", lambda: client.set_position_mode("net_mode")),
        ("get_position_risk", client.get_position_risk),
    ):  # fmt: skip
        desk.step(f"account_{name}", work)


async def sockets(desk: Desk) -> None:
    """Public and private channels, and orders over WebSocket."""
    heard: list[dict[str, Any]] = []

    def listen(message: str) -> None:
        heard.append(json.loads(message))

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():  # noqa: ASYNC110 (the callback of the client knows no events)
                await asyncio.sleep(0.02)

    def channels() -> set[str]:
        return {each["arg"]["channel"] for each in heard if "data" in each and "arg" in each}

    async def public() -> None:
        client = WsPublicAsync(desk.urls["ws"] + "/ws/v5/public")
        client.websocket = await websockets.connect(client.url)
        reading = asyncio.create_task(client.consume())
        await client.subscribe([{"channel": each, "instId": SPOT} for each in ("books", "tickers")], listen)
        await until(lambda: {"books", "tickers"} <= channels())
        await client.websocket.close()
        await reading

    async def private() -> None:
        keys = desk.keys
        url = desk.urls["ws_private"] + "/ws/v5/private"
        client = WsPrivateAsync(keys["key"], keys["passphrase"], keys["secret"], url)
        client.websocket = await websockets.connect(url)
        reading = asyncio.create_task(client.consume())
        arguments = [{"channel": "orders", "instType": "ANY"}, {"channel": "account"}]
        await client.subscribe(arguments, listen)  # it logs in, and waits five seconds
        await until(lambda: "account" in channels())
        order = {
            "instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01",
            "px": desk.price(0.95), "clOrdId": "official2",
        }  # fmt: skip
        await client.place_order([order], id="1")
        await until(lambda: "orders" in channels())
        await client.cancel_order([{"instId": SPOT, "clOrdId": "official2"}], id="2")
        await until(
            lambda: {("1", "0"), ("2", "0")} <= {(each.get("id"), each.get("code")) for each in heard}
        )
        await client.websocket.close()
        await reading

    for name, work in (("public", public), ("private", private)):
        try:
            await asyncio.wait_for(work(), 3 * WAIT_S)
        except Exception as error:  # whatever a client can raise is an answer
            desk.results[f"sockets_{name}"] = f"{type(error).__name__}: {error}"[:300]
        else:
            desk.results[f"sockets_{name}"] = "ok"


def main() -> int:
    """Prints what worked."""
    warnings.simplefilter("ignore")
    desk = Desk(json.loads(sys.argv[1]))
    for part in (market_data, orders, account):
        part(desk)
    asyncio.run(sockets(desk))
    failed = {name: how for name, how in desk.results.items() if how != "ok"}
    return finish("python-okx", [name for name in desk.results if name not in failed], failed)


if __name__ == "__main__":
    sys.exit(main())
