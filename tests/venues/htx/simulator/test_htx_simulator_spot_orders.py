"""Orders of simulated HTX spot over REST: what is taken, what is refused and in which words, what is told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.htx_client import trading

ORDERS = "/v1/order/orders"


async def _order(trader, answer, **query):
    assert answer["status"] == "ok", answer
    return (await trader.spot("GET", f"{ORDERS}/{answer['data']}"))["data"]


async def test_a_limit_order_lives_and_is_cancelled(trader):
    price = trader.price("spot", "btcusdt", 0.97)
    placed = await trader.place("buy-limit", "0.01", price, **{"client-order-id": "mine-1"})
    order = await _order(trader, placed)
    assert (order["state"], order["type"], order["client-order-id"]) == ("submitted", "buy-limit", "mine-1")
    assert order["amount"] == "0.010000000000000000"
    assert (Decimal(order["price"]), order["field-amount"]) == (Decimal(price), "0.0")
    (listed,) = (await trader.spot("GET", "/v1/order/openOrders", symbol="btcusdt"))["data"]
    assert (listed["id"], listed["filled-amount"]) == (order["id"], "0.0")
    found = await trader.spot("GET", f"{ORDERS}/getClientOrder", clientOrderId="mine-1")
    assert found["data"]["id"] == order["id"]
    path = f"{ORDERS}/{order['id']}/submitcancel"
    assert (await trader.spot("POST", path, {}))["data"] == str(order["id"])
    assert (await _order(trader, placed))["state"] == "canceled"
    again = await trader.spot("POST", path, {})
    assert (again["err-code"], again["order-state"]) == ("order-orderstate-error", 7)
    assert (await trader.spot("GET", "/v1/order/openOrders"))["data"] == []


async def test_market_orders_are_by_value_when_they_buy(trader):
    bought = await _order(trader, await trader.place("buy-market", "1000"))
    assert (bought["state"], bought["amount"]) == ("filled", "1000.000000000000000000")
    assert 990 < Decimal(bought["field-cash-amount"]) <= 1000
    fees = Decimal(bought["field-amount"]) * Decimal("0.002")
    assert Decimal(bought["field-fees"]) == pytest.approx(fees, abs=Decimal("1e-8"))
    sold = await _order(trader, await trader.place("sell-market", "0.01"))
    assert (sold["state"], Decimal(sold["field-amount"])) == ("filled", Decimal("0.01"))
    matches = (await trader.spot("GET", "/v1/order/matchresults", symbol="btcusdt"))["data"]
    assert {(row["type"], row["fee-currency"]) for row in matches} == {
        ("buy-market", "btc"),
        ("sell-market", "usdt"),
    }
    assert all(row["role"] == "taker" and Decimal(row["filled-fees"]) > 0 for row in matches)
    ids = [row["id"] for row in matches]
    assert ids == sorted(ids, reverse=True)
    own = (await trader.spot("GET", f"{ORDERS}/{sold['id']}/matchresults"))["data"]
    assert sum(Decimal(row["filled-amount"]) for row in own) == Decimal("0.01")


@pytest.mark.parametrize(
    ("kind", "share", "states"),
    [
        ("buy-ioc", 0.97, {"canceled"}),
        ("buy-ioc", 1.01, {"filled"}),
        ("buy-limit-fok", 0.97, {"canceled"}),
        ("sell-limit-fok", 0.99, {"filled"}),
        ("buy-limit-maker", 0.97, {"submitted"}),
        ("buy-limit", 1.01, {"filled"}),
    ],
)
async def test_how_long_orders_live(trader, kind, share, states):
    placed = await trader.place(kind, "0.001", trader.price("spot", "btcusdt", share))
    assert (await _order(trader, placed))["state"] in states


async def test_the_rest_of_a_taker_is_partly_canceled(trader):
    price = trader.price("spot", "btcusdt", 1.0001)
    order = await _order(trader, await trader.place("buy-ioc", "12", price))
    if order["state"] != "canceled":  # nothing stood within the price
        assert order["state"] == "partial-canceled"
        assert 0 < Decimal(order["field-amount"]) < 12


REFUSED = [
    ({"type": "buy-limit-maker", "share": 1.01}, "order-invalid-price"),
    ({"share": 1.3}, "order-limitorder-price-max-error"),
    ({"type": "sell-limit", "share": 0.7}, "order-limitorder-price-min-error"),
    ({"amount": "0.00000001"}, "order-orderamount-precision-error"),
    ({"amount": "0.000001"}, "order-value-min-error"),
    ({"amount": "9000"}, "account-frozen-balance-insufficient-error"),
    ({"price": "50000.001"}, "order-orderprice-precision-error"),
    ({"price": "-1"}, "order-invalid-price"),
    ({"amount": "0"}, "invalid-amount"),
    ({"amount": "many"}, "validation-format-error"),
    ({"amount": "1E+99"}, "validation-format-error"),
    ({"type": "buy-sometimes"}, "invalid-order-type"),
    ({"symbol": "nopeusdt"}, "base-symbol-error"),
    ({"client-order-id": "not valid"}, "invalid-client-order-id"),
    ({"client-order-id": "x" * 65}, "invalid-client-order-id"),
    ({"account-id": 1}, "account-get-accounts-inexistent-error"),
    ({"type": "buy-stop-limit"}, "invalid-stop-price"),
    ({"stop-price": "60000"}, "invalid-stop-price"),
]


async def test_refusals_have_the_venues_codes(trader):
    for change, code in REFUSED:
        fields = {
            "account-id": trader.account_id,
            "symbol": "btcusdt",
            "type": "buy-limit",
            "amount": "0.01",
            "price": trader.price("spot", "btcusdt", change.get("share", 0.97)),
            **{name: value for name, value in change.items() if name != "share"},
        }
        answer = await trader.spot("POST", f"{ORDERS}/place", fields)
        assert (answer["status"], answer["err-code"]) == ("error", code), change
        assert answer["data"] is None
    assert (await trader.spot("GET", "/v1/order/openOrders"))["data"] == []
    small = await trader.place("buy-limit", "0.000001", trader.price("spot", "btcusdt", 0.97))
    assert small["err-msg"] == "Order total cannot be lower than: 5 USDT"
    unknown = await trader.spot("GET", f"{ORDERS}/123456789012345")
    assert unknown["err-code"] == "base-record-invalid"
    assert (await trader.spot("POST", f"{ORDERS}/1/submitcancel", {}))["err-code"] == "base-record-invalid"


@pytest.mark.parametrize(("ids", "code"), [("unique", "invalid-client-order-id"), ("free", None)])
async def test_ids_of_clients(ids, code):
    async with trading(rules={"ids": ids}) as trader:
        price = trader.price("spot", "btcusdt", 0.97)
        await trader.place("buy-limit", "0.01", price, **{"client-order-id": "twice"})
        again = await trader.place("buy-limit", "0.01", price, **{"client-order-id": "twice"})
        assert again.get("err-code") == code


async def test_batches_answer_each_order(trader):
    price = trader.price("spot", "btcusdt", 0.97)
    one = {
        "account-id": trader.account_id,
        "symbol": "btcusdt",
        "type": "buy-limit",
        "amount": "0.01",
        "price": price,
    }
    batch = [{**one, "client-order-id": "a"}, {**one, "client-order-id": "b", "amount": "0.000001"}]
    good, bad = (await trader.spot("POST", "/v1/order/batch-orders", batch))["data"]
    assert good["client-order-id"] == "a"
    assert (bad["client-order-id"], bad["err-code"]) == ("b", "order-value-min-error")
    many = await trader.spot("POST", "/v1/order/batch-orders", [one] * 11)
    assert many["status"] == "error"
    asked = {"order-ids": [str(good["order-id"]), "77"]}
    answer = (await trader.spot("POST", f"{ORDERS}/batchcancel", asked))["data"]
    assert answer["success"] == [str(good["order-id"])]
    assert answer["failed"][0]["err-code"] == "base-not-found"
    again = (await trader.spot("POST", f"{ORDERS}/batchcancel", {"client-order-ids": ["a"]}))["data"]
    assert (again["failed"][0]["err-code"], again["failed"][0]["order-state"]) == (
        "order-orderstate-error",
        7,
    )
    by_client = f"{ORDERS}/submitCancelClientOrder"
    assert (await trader.spot("POST", by_client, {"client-order-id": "a"}))["data"] == 7
    assert (await trader.spot("POST", by_client, {"client-order-id": "nobody"}))["data"] == 0
    await trader.place("buy-limit", "0.01", price, **{"client-order-id": "c"})
    assert (await trader.spot("POST", by_client, {"client-order-id": "c"}))["data"] == 10
    for kind in ("buy-limit", "buy-limit-maker"):
        await trader.place(kind, "0.01", price)
    chosen = {"account-id": trader.account_id, "symbol": "btcusdt,xrpusdt", "types": "buy-limit"}
    open_path = f"{ORDERS}/batchCancelOpenOrders"
    assert (await trader.spot("POST", open_path, chosen))["data"]["success-count"] == 1
    assert (await trader.spot("POST", open_path, {}))["data"] == {
        "success-count": 1,
        "failed-count": 0,
        "next-id": -1,
    }


async def test_a_cancel_may_be_accepted_long_before_it_is_done():
    async with trading(rules={"cancel_ms": 300}) as trader:
        placed = await trader.place("buy-limit", "0.01", trader.price("spot", "btcusdt", 0.97))
        path = f"{ORDERS}/{placed['data']}/submitcancel"
        assert (await trader.spot("POST", path, {}))["status"] == "ok"
        assert (await _order(trader, placed))["state"] == "canceling"
        again = await trader.spot("POST", path, {})
        assert (again["err-code"], again["order-state"]) == ("order-orderstate-error", 10)
        (order,) = trader.simulator.stage.exchange("htx").open_orders(1, "htx.spot")
        await trader.until(lambda: not order.status.open)
        assert (await _order(trader, placed))["state"] == "canceled"


async def test_conditional_orders_wait(trader):
    price = trader.price("spot", "btcusdt", 1.05)
    placed = await trader.place("buy-stop-limit", "0.01", price, **{"stop-price": price, "operator": "gte"})
    order = await _order(trader, placed)
    assert (order["state"], order["operator"], Decimal(order["stop-price"])) == (
        "created",
        "gte",
        Decimal(price),
    )
    await trader.spot("POST", f"{ORDERS}/{placed['data']}/submitcancel", {})
    assert (await _order(trader, placed))["state"] == "canceled"


async def test_accounts_and_money(trader):
    (account,) = (await trader.spot("GET", "/v1/account/accounts"))["data"]
    assert (account["id"], account["type"], account["state"]) == (trader.account_id, "spot", "working")
    path = f"/v1/account/accounts/{account['id']}/balance"

    async def money() -> dict[tuple[str, str], Decimal]:
        rows = (await trader.spot("GET", path))["data"]["list"]
        return {(row["currency"], row["type"]): Decimal(row["balance"]) for row in rows}

    before = await money()
    price = trader.price("spot", "btcusdt", 0.97)
    await trader.place("buy-limit", "0.01", price)
    after = await money()
    assert after["usdt", "frozen"] == Decimal(price) * Decimal("0.01")
    assert before["usdt", "trade"] - after["usdt", "trade"] == after["usdt", "frozen"]
    other = await trader.spot("GET", "/v1/account/accounts/5/balance")
    assert other["err-code"] == "account-get-balance-account-inexistent-error"
    (rates,) = (await trader.spot("GET", "/v2/reference/transact-fee-rate", symbols="btcusdt"))["data"]
    assert (rates["actualMakerRate"], rates["takerFeeRate"]) == ("0.002", "0.002")
    assert (await trader.spot("GET", "/v2/user/uid"))["code"] == 200
    (key,) = (await trader.spot("GET", "/v2/user/api-key"))["data"]
    assert (key["accessKey"], key["permission"]) == (trader.key, "readOnly,trade")


async def test_the_dead_mans_switch_is_armed(trader):
    path = "/v2/algo-orders/cancel-all-after"
    armed = (await trader.spot("POST", path, {"timeout": 10}))["data"]
    assert armed["triggerTime"] - armed["currentTime"] == 10_000
    assert (await trader.spot("POST", path, {"timeout": 0}))["data"]["triggerTime"] == 0
    assert (await trader.spot("POST", path, {"timeout": 4}))["code"] == 2002


async def test_histories(trader):
    for _ in range(3):
        await trader.place("buy-market", "100")
    canceled = await trader.place("buy-limit", "0.01", trader.price("spot", "btcusdt", 0.97))
    await trader.spot("POST", f"{ORDERS}/{canceled['data']}/submitcancel", {})
    filled = await trader.spot("GET", ORDERS, symbol="btcusdt", states="filled", size="2")
    assert len(filled["data"]) == 2
    rest = await trader.spot(
        "GET", ORDERS, symbol="btcusdt", states="filled", **{"from": str(filled["data"][-1]["id"])}
    )
    assert len(rest["data"]) == 2
    both = await trader.spot("GET", ORDERS, symbol="btcusdt", states="filled,canceled")
    assert [row["state"] for row in both["data"]] == ["canceled", "filled", "filled", "filled"]
    assert both["data"][0]["canceled-at"] > 0
    assert len((await trader.spot("GET", "/v1/order/history"))["data"]) == 4
    for query, code in (
        ({"states": "filled"}, "require-symbol"),
        ({"symbol": "btcusdt", "states": "happy"}, "invalid-states"),
        ({"symbol": "nope", "states": "filled"}, "invalid-symbol"),
        ({"symbol": "btcusdt", "states": "filled", "start-time": "soon"}, "validation-format-error"),
    ):
        assert (await trader.spot("GET", ORDERS, **query))["err-code"] == code
