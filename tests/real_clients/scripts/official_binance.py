"""The venue's own libraries against the simulated Binance: binance-connector and binance-sdk-spot.

    python official_binance.py '<the JSON line of trimaran simulate>'

Prints one line of JSON: what worked, with a word about it, and what did not. The second library checks every
answer against its models. Nothing but addresses and keys is given to them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sys
import threading

from binance.spot import Spot as Connector
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot as Sdk
from outcome import finish

SYMBOL = "BTCUSDT"
SECONDS_MAX = 10
PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")


class Run:
    """Steps with their outcomes."""

    def __init__(self) -> None:
        self.worked = {}
        self.failed = {}

    def step(self, name, work):
        """Something that must not raise."""
        try:
            found = work()
        except Exception as error:
            self.failed[name] = f"{type(error).__name__}: {str(error)[:300]}"
            return None
        self.worked[name] = str(found)[:60]
        return found

    async def wait(self, name, work):
        """The same for a coroutine."""
        try:
            found = await asyncio.wait_for(work, SECONDS_MAX)
            data = found.data() if hasattr(found, "data") else found
            if isinstance(data, dict) and "error" in data:
                raise RuntimeError(data["error"])
        except Exception as error:
            self.failed[name] = f"{type(error).__name__}: {str(error)[:300]}"
            return None
        self.worked[name] = str(data)[:60]
        return data


def connector_rest(run, urls, account):
    """binance-connector over REST."""
    client = Connector(account["key"], account["secret"], base_url=urls["rest"])
    step = run.step
    step("ping", client.ping)
    step("time", client.time)
    step("exchange_info", lambda: len(client.exchange_info()["symbols"]))
    depth = step("depth", lambda: client.depth(SYMBOL, limit=5))
    for name in (
        "trades",
        "historical_trades",
        "agg_trades",
        "avg_price",
        "ticker_24hr",
        "ticker_price",
        "book_ticker",
    ):
        step(name, lambda name=name: getattr(client, name)(SYMBOL))
    step("klines", lambda: client.klines(SYMBOL, "1m")[0])
    step("ui_klines", lambda: client.ui_klines(SYMBOL, "1m")[0])
    step("account", lambda: client.account(omitZeroBalances="true")["balances"])
    step("query_commission_rates", lambda: client.query_commission_rates(SYMBOL))
    step("get_order_rate_limit", client.get_order_rate_limit)
    if depth is None:
        return
    low = f"{float(depth['bids'][0][0]) * 0.97:.2f}"
    limit = {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": low,
    }
    step("new_order_test", lambda: client.new_order_test(**limit))
    order = step("new_order", lambda: client.new_order(**limit))
    if order:
        step("get_order", lambda: client.get_order(SYMBOL, orderId=order["orderId"])["status"])
        step("get_open_orders", lambda: len(client.get_open_orders(SYMBOL)))
        replaced = step(
            "cancel_and_replace",
            lambda: client.cancel_and_replace(
                cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=order["orderId"], **limit
            ),
        )
        number = replaced["newOrderResponse"]["orderId"] if replaced else order["orderId"]
        step("cancel_order", lambda: client.cancel_order(SYMBOL, orderId=number)["status"])
    step("new_order market", lambda: client.new_order(SYMBOL, "BUY", "MARKET", quantity="0.01")["status"])
    step("new_order again", lambda: client.new_order(**limit)["status"])
    step("cancel_open_orders", lambda: len(client.cancel_open_orders(SYMBOL)))
    step("get_orders", lambda: len(client.get_orders(SYMBOL)))
    step("my_trades", lambda: client.my_trades(SYMBOL)[0]["price"])


def connector_sockets(run, urls, account):
    """binance-connector over sockets."""
    heard, event = [], threading.Event()

    def hear(_, message):
        heard.append(json.loads(message))
        event.set()

    def ask(name, work):
        event.clear()
        work()
        assert event.wait(SECONDS_MAX), f"{name}: no answer"
        answer = heard[-1]
        assert answer.get("status", 200) == 200, answer
        return answer.get("result", answer)

    api = SpotWebsocketAPIClient(urls["ws_api"], account["key"], account["secret"], on_message=hear)
    try:
        for name, work in (
            ("ping_connectivity", api.ping_connectivity),
            ("order_book", lambda: api.order_book(SYMBOL, limit=5)),
            ("account", api.account),
            ("new_order", lambda: api.new_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.01)),
            ("my_trades", lambda: api.my_trades(symbol=SYMBOL)),
        ):
            run.step(f"ws_api {name}", lambda name=name, work=work: ask(name, work))
    finally:
        api.stop()
    heard.clear()
    streams = SpotWebsocketStreamClient(urls["ws"], on_message=hear)
    try:
        run.step("stream agg_trade", lambda: ask("agg_trade", lambda: streams.agg_trade(SYMBOL.lower())))
        run.step(
            "stream mini_ticker", lambda: ask("mini_ticker", lambda: streams.mini_ticker(SYMBOL.lower()))
        )
    finally:
        streams.stop()


def sdk_rest(run, urls, account):
    """binance-sdk-spot over REST: every answer goes through a model."""
    client = Sdk(
        config_rest_api=ConfigurationRestAPI(
            api_key=account["key"], api_secret=account["secret"], base_path=urls["rest"]
        )
    ).rest_api
    step = run.step
    step("exchange_info", lambda: len(client.exchange_info().data().symbols))
    depth = step("depth", lambda: client.depth(SYMBOL, limit=5).data())
    step("ticker24hr", lambda: client.ticker24hr(symbol=SYMBOL).data())
    step("klines", lambda: client.klines(SYMBOL, "1m").data()[0])
    step("get_account", lambda: client.get_account().data().balances)
    step("account_commission", lambda: client.account_commission(SYMBOL).data())
    step("rate_limit_order", lambda: client.rate_limit_order().data())
    step("my_filters", lambda: client.my_filters(SYMBOL).data())
    if depth is None:
        return
    low = round(float(depth.bids[0][0]) * 0.97, 2)
    limit = {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "quantity": 0.01,
        "price": low,
    }
    order = step("new_order", lambda: client.new_order(**limit).data())
    if order:
        step("get_order", lambda: client.get_order(SYMBOL, order_id=order.order_id).data().status)
        step(
            "order_amend_keep_priority",
            lambda: client.order_amend_keep_priority(SYMBOL, 0.005, order_id=order.order_id).data(),
        )
        step("delete_order", lambda: client.delete_order(SYMBOL, order_id=order.order_id).data().status)
    step("new_order market", lambda: client.new_order(SYMBOL, "BUY", "MARKET", quantity=0.01).data().fills)
    step("all_orders", lambda: len(client.all_orders(SYMBOL).data()))
    step("my_trades", lambda: client.my_trades(SYMBOL).data()[0])


async def sdk_sockets(run, urls, account, streams_url):
    """binance-sdk-spot over sockets, with a session of an Ed25519 key."""
    seed = bytes.fromhex(account["ed25519_seed"])
    pem = base64.b64encode(PKCS8_ED25519 + seed).decode()
    client = Sdk(
        config_ws_api=ConfigurationWebSocketAPI(
            api_key=account["ed25519_key"],
            private_key=f"-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----",
            stream_url=urls["ws_api"],
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=streams_url),
    )
    connection = await client.websocket_api.create_connection()
    try:
        await run.wait("ping", connection.ping())
        depth = await run.wait("depth", connection.depth(SYMBOL, limit=5))
        await run.wait("session_logon", connection.session_logon())
        await run.wait("session_status", connection.session_status())
        await run.wait("account_status", connection.account_status())
        low = round(float(depth.result.bids[0][0]) * 0.97, 2)
        order = await run.wait(
            "order_place",
            connection.order_place(SYMBOL, "BUY", "LIMIT", time_in_force="GTC", price=low, quantity=0.01),
        )
        if order is not None:
            number = order.result.order_id
            await run.wait("order_status", connection.order_status(SYMBOL, order_id=number))
            await run.wait("order_cancel", connection.order_cancel(SYMBOL, order_id=number))
        await run.wait("user_data_stream_subscribe", user_data(connection))
        await run.wait("session_logout", connection.session_logout())
    finally:
        await connection.close_connection(close_session=True)
    streams = await client.websocket_streams.create_connection()
    try:
        await run.wait("trade stream", first_of(await streams.trade(SYMBOL.lower())))
        await run.wait(
            "partial_book_depth stream", first_of(await streams.partial_book_depth(SYMBOL.lower(), 5))
        )
    finally:
        await streams.close_connection(close_session=True)


async def user_data(connection):
    """An execution report through the model of the library."""
    subscribed = await connection.user_data_stream_subscribe()
    heard = asyncio.get_running_loop().create_future()
    stream = subscribed.stream

    def hear(message):
        if not heard.done():
            heard.set_result(message)

    stream.on("message", hear)
    await connection.order_place(SYMBOL, "BUY", "MARKET", quantity=0.01)
    return await asyncio.wait_for(heard, 5)


async def first_of(stream):
    """The first message of a stream."""
    heard = asyncio.get_running_loop().create_future()

    def hear(message):
        if not heard.done():
            heard.set_result(message)

    stream.on("message", hear)
    return await asyncio.wait_for(heard, 5)


def main():
    logging.disable(logging.CRITICAL)
    line = json.loads(sys.argv[1])
    urls, account = line["venues"]["binance"]["spot"], line["accounts"]["binance"]
    worked, failed = [], {}
    for name, work in (
        ("connector_rest", lambda run: connector_rest(run, urls, account)),
        ("connector_sockets", lambda run: connector_sockets(run, urls, account)),
        ("sdk_rest", lambda run: sdk_rest(run, urls, account)),
        ("sdk_sockets", lambda run: asyncio.run(sdk_sockets(run, urls, account, urls["ws"]))),
    ):
        run = Run()
        run.step(name, lambda run=run, work=work: work(run))
        worked += [f"{name}.{step}" for step in run.worked]
        failed |= {f"{name}.{step}": why for step, why in run.failed.items()}
    return finish("binance-connector and binance-sdk-spot", worked, failed)


if __name__ == "__main__":
    sys.exit(main())
