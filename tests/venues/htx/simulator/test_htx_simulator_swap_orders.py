"""Orders, positions and settings of simulated HTX swaps by the classic contract API."""

from __future__ import annotations

import pytest

from tests.support.htx_client import trading

V3 = "/linear-swap-api/v3/swap_cross_"
ISOLATED = "/linear-swap-api/v1/swap_"
CONTRACT = {"contract_code": "BTC-USDT"}


async def _info(trader, answer):
    assert answer["status"] == "ok", answer
    (order,) = (await trader.swap("order_info", {**CONTRACT, "order_id": answer["data"]["order_id_str"]}))[
        "data"
    ]
    return order


async def test_a_limit_order_lives_and_is_cancelled(trader):
    price = trader.price("swap", "BTC-USDT", 0.97)
    placed = await trader.place_swap("limit", 10, "buy", price, client_order_id=77)
    ids = placed["data"]
    assert ids["client_order_id"] == 77
    exact = int(ids["order_id_str"])
    assert ids["order_id"] != exact
    assert abs(ids["order_id"] - exact) <= 50
    order = await _info(trader, placed)
    assert (order["status"], order["volume"], order["order_price_type"]) == (3, 10, "limit")
    assert (order["direction"], order["offset"], order["lever_rate"]) == ("buy", "both", 5)
    assert (order["margin_mode"], order["trade_avg_price"], order["client_order_id"]) == ("cross", None, 77)
    opens = (await trader.swap("openorders", CONTRACT))["data"]
    assert [row["order_id_str"] for row in opens["orders"]] == [ids["order_id_str"]]
    assert (opens["total_size"], opens["current_page"]) == (1, 1)
    by_client = await trader.swap("order_info", {**CONTRACT, "client_order_id": 77})
    assert by_client["data"][0]["order_id_str"] == ids["order_id_str"]
    asked = {**CONTRACT, "order_id": f"{ids['order_id_str']},123"}
    canceled = (await trader.swap("cancel", asked))["data"]
    assert canceled["successes"] == ids["order_id_str"]
    assert [(row["order_id"], row["err_code"]) for row in canceled["errors"]] == [("123", 1061)]
    assert (await _info(trader, placed))["status"] == 7
    again = (await trader.swap("cancel", {**CONTRACT, "client_order_id": "77"}))["data"]
    assert (again["successes"], again["errors"][0]["err_code"]) == ("", 1071)
    assert (await trader.swap("cancelall", CONTRACT))["err_code"] == 1051


@pytest.mark.parametrize(
    ("kind", "share", "status"),
    [
        ("ioc", 0.97, 7), ("ioc", 1.01, 6), ("fok", 0.97, 7), ("post_only", 1.01, 7), ("post_only", 0.97, 3),
        ("market", None, 6), ("opponent", None, 6), ("optimal_5_ioc", None, 6), ("limit", 1.01, 6),
    ],
)  # fmt: skip
async def test_types_of_prices(trader, kind, share, status):
    price = None if share is None else trader.price("swap", "BTC-USDT", share)
    placed = await trader.place_swap(kind, 1, "buy", price)
    order = await _info(trader, placed)
    # The last of some levels may have gone meanwhile; then the order rests, or its rest ends.
    assert order["status"] in ({status, 3, 4} if kind == "opponent" else {status})


REFUSED = [
    ({"contract_code": "NOPE-USDT"}, 1013),
    ({"volume": "many"}, 1030),
    ({"volume": None}, 1030),
    ({"volume": "1.5"}, 1040),
    ({"volume": 0}, 1040),
    ({"direction": "up"}, 1030),
    ({"offset": "ajar"}, 1030),
    ({"order_price_type": "wish"}, 1034),
    ({"price": "50000.01"}, 1038),
    ({"price": None}, 1030),
    ({"share": 1.3}, 1039),
    ({"direction": "sell", "share": 0.7}, 1039),
    ({"volume": 500_000}, 1047),
    ({"lever_rate": 999}, 1037),
    ({"client_order_id": 0}, 1067),
    ({"client_order_id": 2**63}, 1067),
    ({"reduce_only": 1}, 1048),
    ({"offset": "close"}, 1048),
]


async def test_refusals_have_the_venues_numbers(trader):
    for change, code in REFUSED:
        fields = {
            **CONTRACT,
            "volume": 1,
            "direction": "buy",
            "order_price_type": "limit",
            "price": trader.price("swap", "BTC-USDT", change.get("share", 0.97)),
            "lever_rate": 5,
            **{name: value for name, value in change.items() if name != "share"},
        }
        answer = await trader.swap(
            "order", {name: value for name, value in fields.items() if value is not None}
        )
        assert (answer["status"], answer["err_code"]) == ("error", code), (change, answer)
    assert (await trader.swap("openorders", {}))["data"]["orders"] == []
    assert (await trader.swap("order_info", {**CONTRACT, "order_id": "123"}))["err_code"] == 1017
    assert (await trader.swap("cancel", CONTRACT))["err_code"] == 1030
    twice = [await trader.place_swap("limit", 1, "buy", "60000", client_order_id=9) for _ in range(2)]
    assert twice[1].get("err_code") == 1050


async def test_a_position_is_opened_and_closed(trader):
    assert (await trader.place_swap("market", 10, "buy"))["status"] == "ok"
    (position,) = (await trader.swap("position_info", CONTRACT))["data"]
    assert (position["volume"], position["direction"], position["lever_rate"]) == (10, "buy", 5)
    assert position["position_mode"] == "single_side"
    account = (await trader.swap("account_position_info", {}))["data"]
    assert [row["volume"] for row in account["positions"]] == [10]
    assert account["margin_position"] == position["position_margin"] > 0
    busy = await trader.place_swap("market", 1, "buy", lever_rate=7)
    assert busy["err_code"] == 1045
    closed = await trader.swap("lightning_close_position", {**CONTRACT, "volume": 10, "direction": "sell"})
    order = await _info(trader, closed)
    assert (order["status"], order["reduce_only"]) == (6, 1)
    assert order["fee"] < 0  # paid
    assert (await trader.swap("position_info", CONTRACT))["data"] == []
    detail = (await trader.swap("order_detail", {**CONTRACT, "order_id": order["order_id_str"]}))["data"]
    trade = detail["trades"][0]
    assert trade["id"] == f"{trade['trade_id']}-{order['order_id_str']}-1"
    assert trade["trade_fee"] < 0
    assert trade["role"] == "taker"
    exact = (await trader.swap(f"{V3}matchresults_exact", {"contract": "BTC-USDT", "trade_type": 0}))["data"]
    assert sum(row["trade_volume"] for row in exact["trades"]) == 20
    assert exact["next_id"] is None
    newest = await trader.swap(f"{V3}matchresults", {"contract": "BTC-USDT", "trade_type": 0, "page_size": 1})
    assert (newest["code"], len(newest["data"])) == (200, 1)
    older = {
        "contract": "BTC-USDT",
        "trade_type": 0,
        "from_id": newest["data"][0]["query_id"],
        "direct": "next",
    }
    assert all(
        row["query_id"] < newest["data"][0]["query_id"]
        for row in (await trader.swap(f"{V3}matchresults", older))["data"]
    )
    page = (await trader.swap("matchresults", {**CONTRACT, "trade_type": 0, "create_date": 7}))["data"]
    assert page["total_size"] == len(exact["trades"])
    history = (await trader.swap(f"{V3}hisorders", {"contract": "BTC-USDT", "status": "6", "type": 1}))[
        "data"
    ]
    assert [row["status"] for row in history] == [6, 6]
    assert history[0]["create_date"] >= history[1]["create_date"]
    assert isinstance(history[0]["order_price_type"], int)
    assert (await trader.swap("hisorders", {**CONTRACT, "trade_type": 0, "type": 1, "status": "7"}))["data"][
        "orders"
    ] == []


async def test_batches_answer_each_order(trader):
    price = trader.price("swap", "BTC-USDT", 0.97)
    one = {
        **CONTRACT,
        "volume": 1,
        "direction": "buy",
        "order_price_type": "limit",
        "price": price,
        "lever_rate": 5,
    }
    answer = await trader.swap("batchorder", {"orders_data": [one, {**one, "volume": 500_000}, one]})
    assert [row["index"] for row in answer["data"]["success"]] == [1, 3]
    assert [(row["index"], row["err_code"]) for row in answer["data"]["errors"]] == [(2, 1047)]
    everything = (await trader.swap("cancelall", CONTRACT))["data"]
    assert len(everything["successes"].split(",")) == 2
    assert (await trader.swap("batchorder", {"orders_data": []}))["err_code"] == 1030


async def test_a_cancel_is_of_a_contract_a_margin_mode_and_a_kind(trader):
    price = trader.price("swap", "BTC-USDT", 0.97)
    number = (await trader.place_swap("limit", 1, "buy", price))["data"]["order_id_str"]
    for path, contract in (
        ("cancel", "XRP-USDT"),
        (f"{ISOLATED}cancel", "BTC-USDT"),
        ("trigger_cancel", "BTC-USDT"),
    ):
        refused = (await trader.swap(path, {"contract_code": contract, "order_id": number}))["data"]
        assert (refused["successes"], refused["errors"][0]["err_code"]) == ("", 1061), path
    assert (await trader.swap("cancel", {**CONTRACT, "order_id": number}))["data"]["successes"] == number


async def test_an_id_may_stand_in_both_lists_of_a_cancel():
    async with trading(rules={"cancel_ms": 300}) as trader:
        placed = await trader.place_swap("limit", 1, "buy", trader.price("swap", "BTC-USDT", 0.97))
        asked = {**CONTRACT, "order_id": placed["data"]["order_id_str"]}
        assert (await trader.swap("cancel", asked))["data"] == {"errors": [], "successes": asked["order_id"]}
        assert (await _info(trader, placed))["status"] == 11
        again = (await trader.swap("cancel", asked))["data"]
        assert again["successes"] == asked["order_id"]
        assert [(row["order_id"], row["err_code"]) for row in again["errors"]] == [(asked["order_id"], 1062)]
        v5 = await trader.v5("POST", "trade/cancel_order", asked)
        assert v5["code"] == 1062
        (order,) = trader.simulator.stage.exchange("htx").open_orders(1, "htx.swap")
        await trader.until(lambda: not order.status.open)
        assert (await _info(trader, placed))["status"] == 7


async def test_trigger_orders_stand_apart(trader):
    price = trader.price("swap", "BTC-USDT", 1.05)
    body = {
        **CONTRACT, "trigger_type": "ge", "trigger_price": price, "order_price": price, "volume": 1,
        "order_price_type": "limit", "direction": "buy", "lever_rate": 5,
    }  # fmt: skip
    placed = (await trader.swap("trigger_order", body))["data"]
    (waiting,) = (await trader.swap("trigger_openorders", CONTRACT))["data"]["orders"]
    assert (waiting["order_id_str"], waiting["status"], waiting["trigger_type"]) == (
        placed["order_id_str"],
        2,
        "ge",
    )
    assert (await trader.swap("openorders", CONTRACT))["data"]["orders"] == []
    canceled = await trader.swap("trigger_cancel", {**CONTRACT, "order_id": placed["order_id_str"]})
    assert canceled["data"]["successes"] == placed["order_id_str"]
    (ended,) = (await trader.swap("trigger_hisorders", CONTRACT))["data"]["orders"]
    assert (ended["status"], ended["relation_order_id"]) == (6, "-1")
    await trader.swap("trigger_order", body)
    assert len((await trader.swap("trigger_cancelall", CONTRACT))["data"]["successes"].split(",")) == 1
    assert (await trader.swap("trigger_order", {**body, "trigger_type": "when"}))["err_code"] == 1030


async def test_settings(trader):
    switched = await trader.swap("switch_lever_rate", {**CONTRACT, "lever_rate": 7})
    assert (switched["data"]["lever_rate"], switched["data"]["margin_mode"]) == (7, "cross")
    assert (await trader.swap("switch_lever_rate", {**CONTRACT, "lever_rate": 900}))["err_code"] == 1037
    (account,) = (await trader.swap("account_info", {"margin_account": "USDT"}))["data"]
    assert account["margin_balance"] == account["withdraw_available"] == 1_000_000
    levers = {row["contract_code"]: row["lever_rate"] for row in account["contract_detail"]}
    assert levers["BTC-USDT"] == 7
    (rates,) = (await trader.swap("available_level_rate", CONTRACT))["data"]
    assert "125" in rates["available_level_rate"].split(",")
    mode = {"margin_account": "USDT", "position_mode": "single_side"}
    assert (await trader.swap("switch_position_mode", mode))["data"]["position_mode"] == "single_side"
    assert (await trader.swap("switch_position_mode", {"position_mode": "dual_side"}))["err_code"] == 1030
    (fee,) = (await trader.swap("/linear-swap-api/v1/swap_fee", CONTRACT))["data"]
    assert (fee["open_maker_fee"], fee["close_taker_fee"]) == ("0.0002", "0.0005")
    armed = await trader.swap("/linear-swap-api/v1/linear-cancel-after", {"on_off": 1, "time_out": 10_000})
    assert armed["code"] == 200
    assert armed["data"]["trigger_time"] - armed["data"]["current_time"] == 10_000
    early = await trader.swap("/linear-swap-api/v1/linear-cancel-after", {"on_off": 1, "time_out": 10})
    assert early["err_code"] == 1030


async def test_isolated_margin_has_the_same_under_other_names(trader):
    body = {**CONTRACT, "volume": 2, "direction": "sell", "order_price_type": "market", "lever_rate": 10}
    assert (await trader.swap(f"{ISOLATED}order", body))["status"] == "ok"
    (position,) = (await trader.swap(f"{ISOLATED}position_info", {}))["data"]
    assert (position["margin_mode"], position["margin_account"]) == ("isolated", "BTC-USDT")
    assert (position["direction"], position["lever_rate"]) == ("sell", 10)
    assert (await trader.swap("position_info", {}))["data"] == []
    accounts = (await trader.swap(f"{ISOLATED}account_info", {}))["data"]
    assert {row["contract_code"] for row in accounts} == {"BTC-USDT", "XRP-USDT"}
    assert (await trader.place_swap("market", 1, "buy", lever_rate=10))["err_code"] == 1045
