"""Every reason of the exchange has a code and words of the venue, for each operation."""

from __future__ import annotations

import pytest

from trimaran.venues.okx.simulator.refusals import (
    amend_refused,
    cancel_refused,
    place_refused,
    would_trigger,
)
from trimaran.venues.sim.trading import BUY, SELL, Refusal, Why

# new order, cancel, amendment
CODES = {
    Why.NO_SUCH_INSTRUMENT: ("51001", "51400", "51001"),
    Why.HALTED: ("51022", "51022", "51022"),
    Why.BAD_TICK: ("51000", "51400", "51000"),
    Why.BAD_PRICE: ("51000", "51400", "51000"),
    Why.PRICE_BAND_HIGH: ("51006", "51400", "51006"),
    Why.PRICE_BAND_LOW: ("51006", "51400", "51006"),
    Why.BAD_STEP: ("51121", "51400", "51121"),
    Why.TOO_SMALL: ("51020", "51400", "51020"),
    Why.TOO_LARGE: ("51005", "51400", "51005"),
    Why.NOTIONAL_TOO_SMALL: ("51020", "51400", "51020"),
    Why.NO_FUNDS: ("51008", "51400", "51502"),
    Why.NO_MARGIN: ("51008", "51400", "51502"),
    Why.DUPLICATE_ID: ("51016", "51400", "51016"),
    Why.WOULD_TAKE: ("51511", "51400", "51511"),
    Why.FOK_MISSED: ("51000", "51400", "51000"),
    Why.REDUCE_ONLY: ("51169", "51400", "51169"),
    Why.WOULD_TRIGGER: ("51000", "51400", "51000"),
    Why.TOO_MANY_ORDERS: ("51174", "51400", "51174"),
    Why.UNSUPPORTED: ("51000", "51400", "51000"),
    Why.NO_SUCH_ORDER: ("51603", "51400", "51503"),
    Why.ORDER_ENDED: ("51603", "51400", "51503"),
    Why.NOTHING_TO_CHANGE: ("51500", "51400", "51500"),
    Why.SIZE_INCREASE: ("51000", "51400", "51000"),
    Why.HAS_POSITION: ("59000", "51400", "59000"),
    Why.LEVERAGE_RANGE: ("59102", "51400", "59102"),
    Why.ENGINE_REFUSED: ("50026", "51400", "50026"),
}


def test_no_reason_is_forgotten():
    assert set(CODES) == set(Why)


@pytest.mark.parametrize("why", Why)
def test_codes(why):
    refusal = Refusal(why, "61000")
    words = (
        place_refused(refusal, "USDT", "BTC-USDT"),
        cancel_refused(refusal),
        amend_refused(refusal, "USDT", "BTC-USDT"),
    )
    assert tuple(each.code for each in words) == CODES[why]
    assert all(each.text and '"' not in each.text for each in words)  # it stands in JSON as it is


def test_words_name_what_was_expected():
    assert "61000" in place_refused(Refusal(Why.PRICE_BAND_HIGH, "61000"), "USDT", "BTC-USDT").text
    assert (
        "BTC-USDT exceed the limit of 200"
        in place_refused(Refusal(Why.TOO_MANY_ORDERS, "200"), "USDT", "BTC-USDT").text
    )
    funds = place_refused(Refusal(Why.NO_FUNDS), "XRP", "XRP-USDT")
    assert (funds.text, funds.sub_code) == ("Order failed. Insufficient XRP balance in account", "1000")


@pytest.mark.parametrize(
    ("stop", "side", "code"),
    [(True, BUY, "51278"), (True, SELL, "51280"), (False, BUY, "51277"), (False, SELL, "51279")],
)
def test_triggers_on_the_wrong_side(stop, side, code):
    assert would_trigger(stop, side).code == code


async def test_a_post_only_order_is_not_amended_into_the_other_side(client):
    row = await client.place(px=client.price("0.98"), ordType="post_only")
    change = {"instId": "BTC-USDT", "ordId": row["ordId"], "newPx": client.price("1.02")}
    assert (await client.act("trade/amend-order", change))["data"][0]["sCode"] == "51511"
    assert (await client.order(row))["state"] == "live"


async def test_open_orders_of_an_instrument_are_bounded(okx):
    async with okx(rate_limits=False) as client, client.logged_in() as socket:
        order = {
            "instId": "XRP-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "10",
            "px": client.price("0.95", "XRP-USDT"),
        }  # fmt: skip
        for _ in range(10):
            answer = await client.operate(socket, "batch-orders", *([order] * 20))
            assert answer["code"] == "0"
        assert (await client.operate(socket, "order", order))["data"][0]["sCode"] == "51174"
