"""The account of the simulated OKX: one wallet, positions, settings, the dead-man switch, limits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trimaran.venues.okx.simulator.limits import Limits

SWAP = "BTC-USDT-SWAP"


def detail(answer, asset):
    return next(each for each in answer["data"][0]["details"] if each["ccy"] == asset)


async def test_spot_and_swaps_share_one_wallet(client):
    before = await client.ask("account/balance")
    assert Decimal(detail(before, "USDT")["availBal"]) == 1_000_000
    price = client.price("0.95")
    await client.place(px=price, sz="1")
    locked = detail(await client.ask("account/balance?ccy=USDT,BTC"), "USDT")
    assert Decimal(locked["ordFrozen"]) == Decimal(price)
    await client.place(swap=True, ordType="market", sz="100")
    held = await client.ask("account/balance?ccy=USDT")
    (position,) = (await client.ask("account/positions?instType=SWAP"))["data"]
    usdt = detail(held, "USDT")
    assert Decimal(position["imr"]) > 0
    assert usdt["ordFrozen"] == locked["ordFrozen"]  # what a position binds is frozen by no order
    assert Decimal(usdt["availEq"]) < 1_000_000 - Decimal(locked["ordFrozen"])
    assert Decimal(usdt["eq"]) - Decimal(usdt["upl"]) == Decimal(usdt["cashBal"])
    assert [each["ccy"] for each in held["data"][0]["details"]] == ["USDT"]
    assert (await client.ask("account/positions?instType=MARGIN"))["data"] == []
    assert position["pos"] == "100"
    assert abs(Decimal(position["notionalUsd"]) - Decimal(position["markPx"])) < 1  # a hundred times 0.01 BTC


async def test_a_position_is_opened_turned_and_closed(client):
    await client.place(swap=True, ordType="market", sz="3")
    await client.place(swap=True, ordType="market", side="sell", sz="5")
    (position,) = (await client.ask("account/positions"))["data"]
    assert (position["pos"], position["posSide"], position["instId"]) == ("-2", "net", SWAP)
    row = await client.place(swap=True, ordType="market", side="buy", sz="9", reduceOnly="true")
    order = await client.order(row, SWAP)
    assert (order["accFillSz"], order["state"], order["reduceOnly"]) == ("2", "canceled", "true")
    assert (await client.ask("account/positions"))["data"] == []
    (closed,) = (await client.ask(f"account/positions?instId={SWAP}"))["data"]
    assert (closed["pos"], closed["avgPx"]) == ("0", "")
    answer = await client.act("trade/close-position", {"instId": SWAP, "mgnMode": "cross"})
    assert answer["code"] == "51023"
    await client.place(swap=True, ordType="market", sz="2")
    await client.place(swap=True, px=client.price("1.05", SWAP), side="sell")
    closing = {"instId": SWAP, "mgnMode": "cross", "autoCxl": True}
    assert (await client.act("trade/close-position", closing))["code"] == "0"
    assert (await client.ask("account/positions"))["data"] == []
    assert (await client.ask("trade/orders-pending"))["data"] == []
    bills = (await client.ask("account/bills?type=2"))["data"]
    assert len(bills) >= 5
    assert {each["instType"] for each in bills} == {"SWAP"}


async def test_leverage_and_margin_modes(client):
    setting = {"instId": SWAP, "lever": "7", "mgnMode": "cross"}
    answer = await client.act("account/set-leverage", setting)
    assert answer["data"] == [{"instId": SWAP, "lever": "7", "mgnMode": "cross", "posSide": "net"}]
    shown = (await client.ask(f"account/leverage-info?instId={SWAP}&mgnMode=cross"))["data"][0]
    assert shown["lever"] == "7"
    for change, code in (
        ({"lever": "126"}, "59102"), ({"lever": "0"}, "59102"), ({"lever": "x"}, "51000"),
        ({"mgnMode": "some"}, "51000"), ({"instId": "BTC-USDT"}, "51015"), ({"instId": "NOPE"}, "51001"),
        ({"instId": ""}, "50014"),
    ):  # fmt: skip
        assert (await client.act("account/set-leverage", {**setting, **change}))["code"] == code, change
    row = await client.place(swap=True, px=client.price("0.95", SWAP), tdMode="isolated")
    order = await client.order(row, SWAP)
    assert (order["tdMode"], order["lever"]) == ("isolated", "7")
    # the exchange has one margin mode for each instrument; another one has to wait
    assert (await client.place(swap=True, px=client.price("0.95", SWAP)))["sCode"] == "51000"


async def test_settings_and_rates(client):
    config = (await client.ask("account/config"))["data"][0]
    assert (config["posMode"], config["acctLv"], config["perm"]) == ("net_mode", "2", "read_only,trade")
    assert (await client.act("account/set-position-mode", {"posMode": "net_mode"}))["code"] == "0"
    assert (await client.act("account/set-position-mode", {"posMode": "long_short_mode"}))["code"] == "59000"
    assert (await client.act("account/set-position-mode", {"posMode": "x"}))["code"] == "51000"
    spot = (await client.ask("account/trade-fee?instType=SPOT&instId=BTC-USDT"))["data"][0]
    assert (spot["maker"], spot["taker"]) == ("-0.0008", "-0.001")
    swap = (await client.ask("account/trade-fee?instType=SWAP&uly=BTC-USDT"))["data"][0]
    assert (swap["makerU"], swap["takerU"]) == ("-0.0002", "-0.0005")
    sizes = (await client.ask(f"account/max-size?instId={SWAP}&tdMode=cross"))["data"][0]
    # 20 times a million at 617 USDT a contract
    assert 25_000 < Decimal(sizes["maxBuy"]) < 40_000
    assert (await client.ask("asset/balances"))["data"] == []
    assert {"USDT", "BTC"} <= {each["ccy"] for each in (await client.ask("asset/currencies"))["data"]}
    assert (await client.act("trade/mass-cancel", {"instType": "OPTION"}))["code"] == "51411"


async def test_the_dead_man_switch(okx):
    async with okx(rate_limits=False) as client:
        for seconds in ("9", "121", "x", ""):
            assert (await client.act("trade/cancel-all-after", {"timeOut": seconds}))["code"] == "51000"
        spot = await client.place(px=client.price("0.95"))
        swap = await client.place(swap=True, px=client.price("0.95", SWAP))
        armed = (await client.act("trade/cancel-all-after", {"timeOut": "10"}))["data"][0]
        assert 9_000 < int(armed["triggerTime"]) - int(armed["ts"]) <= 10_000
        stage = client.simulator.stage
        client.exchange.turn(stage.trading_ns() + 11_000_000_000)  # as if eleven seconds had gone by
        for row, symbol in ((spot, "BTC-USDT"), (swap, SWAP)):
            order = await client.order(row, symbol)
            assert (order["state"], order["cancelSource"]) == ("canceled", "20")
        again = await client.place(px=client.price("0.95"))
        await client.act("trade/cancel-all-after", {"timeOut": 120})
        off = (await client.act("trade/cancel-all-after", {"timeOut": 0}))["data"][0]
        assert off["triggerTime"] == "0"
        client.exchange.turn(stage.trading_ns() + 130_000_000_000)
        assert (await client.order(again))["state"] == "live"


async def test_funding_is_billed(client):
    await client.place(swap=True, ordType="market", sz="100")
    async with client.logged_in() as socket:
        await client.subscribe(socket, {"channel": "balance_and_position"})
        await client.post("/fund?venue=okx")
        messages = await client.collect_until(
            socket,
            lambda heard: any(
                each["data"][0]["eventType"] == "funding_fee" for each in heard if "data" in each
            ),
        )
    assert messages[-1]["data"][0]["balData"][0]["ccy"] == "USDT"
    (bill,) = (await client.ask("account/bills?type=8"))["data"]
    assert (bill["instId"], bill["type"]) == (SWAP, "8")


async def test_a_delisted_instrument_takes_no_orders(client):
    row = await client.place(px=client.price("0.95"))
    await client.post("/delist?market=okx.spot&symbol=BTC-USDT")
    assert (await client.place(px="60000"))["sCode"] == "51001"
    history = (await client.ask("trade/orders-history?instType=SPOT"))["data"]
    assert [(each["ordId"], each["state"], each["cancelSource"]) for each in history] == [
        (row["ordId"], "canceled", "0")
    ]


def test_windows_slide():
    limits = Limits(True)
    assert [limits.take(("a",), 3, now) for now in (0.0, 0.5, 1.0, 1.5)] == [True, True, True, False]
    assert limits.take(("b",), 3, 1.5)
    assert [limits.take(("a",), 3, now) for now in (2.1, 2.2, 2.6)] == [True, False, True]
    assert not limits.take(("c",), 3, 0.0, 4)
    assert limits.take(("c",), 3, 0.0, 3)
    assert Limits(False).take(("a",), 0, 0.0)


@pytest.mark.parametrize("limited", [True, False])
async def test_orders_of_an_instrument_are_limited(okx, limited):
    async with okx(rate_limits=limited) as client, client.logged_in() as socket:
        order = {"instId": "BTC-USDT", "ordId": "1"}
        codes = [(await client.operate(socket, "cancel-order", order))["code"] for _ in range(61)]
        assert codes == ["1"] * 60 + (["50011"] if limited else ["1"])
        other = {"instId": "BTC-USDT-SWAP", "ordId": "1"}
        assert (await client.operate(socket, "cancel-order", other))["code"] == "1"
        answer = await client.act("trade/cancel-order", order)  # REST and sockets share the window
        assert answer["code"] == ("50011" if limited else "1")


async def test_an_account_sends_a_thousand_orders_in_two_seconds(client):
    async with client.logged_in() as socket:
        refused = {"instId": "BTC-USDT", "side": "x"}
        codes = []
        for number in range(51):
            batch = [
                {**refused, "instId": ("BTC-USDT", "XRP-USDT", "BTC-USDT-SWAP", "XRP-USDT-SWAP")[number % 4]}
            ]
            codes.append((await client.operate(socket, "batch-orders", *(batch * 20)))["code"])
        assert codes == ["1"] * 50 + ["50061"]


async def test_private_paths_have_limits(client):
    codes = [(await client.ask("account/config"))["code"] for _ in range(6)]
    assert codes == ["0"] * 5 + ["50011"]
