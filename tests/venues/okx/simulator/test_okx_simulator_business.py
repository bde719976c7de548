"""The business socket of the simulated OKX: bars, single trades, algo orders; and algo orders over REST."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.simulated import Listener, VirtualFeed
from trimaran.venues.okx.simulator.candles import bar_minutes, bar_name

BARS = {"channel": "candle1m", "instId": "BTC-USDT"}
MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("candle1m", "1m"), ("mark-price-candle1H", "1H"), ("index-candle1Dutc", "1Dutc"),
        ("candle1mutc", ""),
        ("candle7m", ""), ("candle", ""), ("trades", ""),
    ],
)  # fmt: skip
def test_names_of_bars(channel, name):
    assert bar_name(channel) == name


def test_lengths_of_bars():
    assert [bar_minutes(name) for name in ("1m", "6H", "6Hutc", "1D", "2D")] == [1, 360, 360, 1440, None]


def test_bars_are_repeated_once_a_second_and_closed_once():
    virtual = VirtualFeed("okx.spot", "BTC-USDT")
    virtual.pass_time(2.0)
    listener = Listener(virtual)
    virtual.feed.candles.join("candle1m", listener, virtual.feed._now)
    virtual.pass_time(130.0, step_ms=50)
    rows = [message["data"][0] for message in listener.messages]
    starts = list(dict.fromkeys(int(row[0]) for row in rows))
    assert len(starts) >= 2
    assert all(start % MINUTE_MS == 0 for start in starts)
    for start in starts[:-1]:
        closed = [row for row in rows if int(row[0]) == start]
        assert [row[8] for row in closed].count("1") == 1
        assert closed[-1][8] == "1"
        (bar,) = [each for each in virtual.book.bars.of(1) if each.start_ns == start * 1_000_000]
        assert [Decimal(each) for each in closed[-1][1:6]] == [
            Decimal(virtual.feed.price(ticks)) for ticks in (bar.open, bar.high, bar.low, bar.close)
        ] + [Decimal(virtual.feed.size(bar.lots))]
    gaps = [later - earlier for earlier, later in zip(listener.times_ms, listener.times_ms[1:], strict=False)]
    assert all(gap == 0 or gap >= 900 for gap in gaps[1:])
    virtual.feed.candles.leave("candle1m", listener)
    heard = len(listener.messages)
    virtual.pass_time(3.0)
    assert len(listener.messages) == heard


async def test_bars_and_single_trades(client):
    await client.traded()
    async with client.ws(client.business) as socket:
        await client.subscribe(
            socket, BARS, {"channel": "trades-all", "instId": "BTC-USDT"},
            {"channel": "mark-price-candle1m", "instId": "BTC-USDT-SWAP"},
            {"channel": "index-candle1m", "instId": "BTC-USDT"},
        )  # fmt: skip
        wanted = {"candle1m": 9, "mark-price-candle1m": 6, "index-candle1m": 6}
        messages = await client.collect_until(
            socket,
            lambda heard: (
                {*wanted, "trades-all"} <= {each["arg"]["channel"] for each in heard if "data" in each}
            ),
        )
    for channel, fields in wanted.items():
        rows = [each["data"][0] for each in messages if "data" in each and each["arg"]["channel"] == channel]
        assert {len(row) for row in rows} == {fields}
        assert {row[-1] for row in rows} <= {"0", "1"}
    trades = [
        each["data"][0] for each in messages if each["arg"]["channel"] == "trades-all" and "data" in each
    ]
    ids = [int(each["tradeId"]) for each in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def trigger(client, side="buy", factor="1.03", **more):
    """A trigger order of the swap."""
    return {
        "instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": side, "ordType": "trigger", "sz": "1",
        "triggerPx": client.price(factor, "BTC-USDT-SWAP"), "orderPx": "-1", **more,
    }  # fmt: skip


async def test_an_algo_order_waits_and_is_cancelled(client):
    async with client.logged_in(client.business) as socket:
        await client.subscribe(socket, {"channel": "orders-algo", "instType": "ANY"})
        row = (await client.act("trade/order-algo", trigger(client, algoClOrdId="t1")))["data"][0]
        assert (row["sCode"], row["algoClOrdId"]) == ("0", "t1")
        pending = (await client.ask("trade/orders-algo-pending?ordType=trigger&instType=SWAP"))["data"]
        assert [(each["algoId"], each["state"], each["ordId"]) for each in pending] == [
            (row["algoId"], "live", "")
        ]
        assert (await client.ask("trade/orders-pending"))["data"] == []
        assert (await client.ask(f"trade/order-algo?algoId={row['algoId']}"))["data"][0]["state"] == "live"
        assert (await client.act("trade/order-algo", trigger(client, algoClOrdId="t1")))["data"][0][
            "sCode"
        ] == "51065"
        cancel = [{"instId": "BTC-USDT-SWAP", "algoId": row["algoId"]}]
        assert (await client.act("trade/cancel-algos", cancel))["code"] == "0"
        assert (await client.act("trade/cancel-algos", cancel))["data"][0]["sCode"] == "51400"
        messages = await client.collect_until(
            socket, lambda heard: sum("data" in each for each in heard) == 2
        )
        states = [each["data"][0]["state"] for each in messages if "data" in each]
        assert states == ["live", "canceled"]
    history = await client.ask("trade/orders-algo-history?ordType=trigger&state=canceled")
    assert [each["algoId"] for each in history["data"]] == [row["algoId"]]
    assert (await client.ask("trade/orders-algo-history?ordType=trigger"))["code"] == "50015"


async def test_an_algo_order_triggers_an_order_of_its_own(client):
    async with client.logged_in(client.business) as algos, client.logged_in() as orders:
        await client.subscribe(algos, {"channel": "orders-algo", "instType": "ANY"})
        await client.subscribe(orders, {"channel": "orders", "instType": "ANY"})
        row = (await client.act("trade/order-algo", trigger(client, factor="1.00002")))["data"][0]
        assert row["sCode"] == "0"
        feed = client.simulator.feed_of("okx.swap", "BTC-USDT-SWAP")
        # a buyer who lifts the last price beyond the trigger
        size = feed.size(sum(lots for _, lots in feed.book.engine.depth(1, 12)))
        await client.place(swap=True, sz=size, px=client.price("1.02", "BTC-USDT-SWAP"), ordType="ioc")
        messages = await client.collect_until(
            algos,
            lambda heard: any(each["data"][0]["state"] == "effective" for each in heard if "data" in each),
        )
        effective = messages[-1]["data"][0]
        assert effective["algoId"] == row["algoId"]
        pushed = await client.collect_until(
            orders,
            lambda heard: any(
                each["data"][0]["ordId"] == effective["ordId"] and each["data"][0]["state"] == "filled"
                for each in heard
                if "data" in each
            ),
        )
    assert pushed[-1]["data"][0]["algoId"] == row["algoId"]
    order = await client.order(effective, "BTC-USDT-SWAP")
    assert (order["state"], order["algoId"], order["ordType"]) == ("filled", row["algoId"], "market")
    history = await client.ask(f"trade/orders-algo-history?ordType=trigger&algoId={row['algoId']}")
    assert [each["state"] for each in history["data"]] == ["effective"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"instId": "NOPE"}, "51001"),
        ({"instId": ""}, "50014"),
        ({"side": "x"}, "51000"),
        ({"ordType": "iceberg"}, "51000"),
        ({"triggerPx": ""}, "50014"),
        ({"orderPx": ""}, "50014"),
        ({"orderPx": "x"}, "51000"),
        ({"sz": ""}, "50014"),
        ({"sz": "0.001"}, "51121"),
        ({"posSide": "long"}, "51000"),
        ({"ordType": "conditional"}, "50014"),
        ({"ordType": "conditional", "slTriggerPx": "1", "tpTriggerPx": "2"}, "51000"),
        ({"ordType": "conditional", "slTriggerPx": "1", "slOrdPx": "-1"}, "51278"),
        ({"ordType": "conditional", "slTriggerPx": "900000", "side": "sell"}, "51280"),
        ({"ordType": "conditional", "tpTriggerPx": "900000"}, "51277"),
        ({"ordType": "conditional", "tpTriggerPx": "1", "side": "sell"}, "51279"),
    ],
)
async def test_refusals_of_algo_orders(client, change, code):
    row = (await client.act("trade/order-algo", trigger(client, **change)))["data"][0]
    assert (row["sCode"], row["algoId"]) == (code, "")


async def test_stop_loss_and_take_profit(client):
    symbol = "BTC-USDT-SWAP"
    stop = trigger(
        client,
        "sell",
        ordType="conditional",
        slTriggerPx=client.price("0.97", symbol),
        slOrdPx="-1",
        triggerPx="",
    )
    profit = trigger(
        client, "sell", ordType="conditional", tpTriggerPx=client.price("1.03", symbol),
        tpOrdPx=client.price("1.02", symbol), tpTriggerPxType="mark",
    )  # fmt: skip
    ids = [(await client.act("trade/order-algo", each))["data"][0]["algoId"] for each in (stop, profit)]
    pending = (await client.ask("trade/orders-algo-pending?ordType=conditional"))["data"]
    assert [each["algoId"] for each in pending] == ids[::-1]
    assert (pending[0]["tpTriggerPx"], pending[0]["tpTriggerPxType"]) == (profit["tpTriggerPx"], "mark")
    assert (pending[1]["slTriggerPx"], pending[1]["slOrdPx"]) == (stop["slTriggerPx"], "-1")
    cancels = [{"instId": symbol, "algoId": each} for each in ids]
    assert (await client.act("trade/cancel-algos", cancels))["code"] == "0"
