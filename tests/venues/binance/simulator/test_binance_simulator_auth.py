"""Who asks the simulated Binance: keys, signatures of both transports, clocks, permissions."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from trimaran.venues.binance.simulator.auth import (
    check_params_signature,
    check_rest_signature,
    check_time,
    rest_params,
)
from trimaran.venues.binance.simulator.refusals import ApiError
from trimaran.venues.sim.trading import ApiKey, Permission

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
HMAC = ApiKey(KEY, SECRET, "", frozenset(Permission), 1)
RFC_8032 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
ED25519 = ApiKey(KEY, "", "", frozenset(Permission), 1, RFC_8032)
ORDER = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC"
REST = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
FULL_WIDTH = "".join(f"%EF%BC%9{digit}" for digit in range(1, 7))


@pytest.mark.parametrize(
    ("query", "body", "signature"),
    [
        (f"{ORDER}&{REST}", "", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (ORDER, REST, "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"),
        (
            f"{ORDER}&{REST}".replace("LTCBTC", FULL_WIDTH),
            "",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
)
def test_published_signatures_of_rest(query: str, body: str, signature: str) -> None:
    for written in (signature, signature.upper()):
        tail = f"&signature={written}"
        check_rest_signature(HMAC, *((query, body + tail) if body else (query + tail, "")))
    with pytest.raises(ApiError, match="-1022"):
        check_rest_signature(HMAC, query.replace("BUY", "bUY") + f"&signature={signature}", body)
    with pytest.raises(ApiError, match="-1102"):
        check_rest_signature(HMAC, query, body)


def test_published_signature_of_ed25519() -> None:
    query = (
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2&timestamp=1668481559918"
        "&recvWindow=5000"
    )
    signature = "XtZirsmmi0noRzUfkqktvkVfxpkq/WtbLg2UOL3QGYdUBZVlqOBEMuEVw8zioY93N54NcKj9UuAXQEa9zgTDBg=="
    check_rest_signature(ED25519, f"{query}&signature={quote(signature, safe='')}", "")
    for wrong in (signature.lower(), signature[:-4] + "AA==", "A" * 88):
        with pytest.raises(ApiError, match="-1022"):
            check_rest_signature(ED25519, f"{query}&signature={quote(wrong, safe='')}", "")


@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            {
                "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
                "quantity": "0.01000000", "price": "52000.00", "recvWindow": "100",
                "timestamp": "1645423376532",
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            {
                "symbol": "１２３４５６", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
                "quantity": "1.00000000", "price": "0.10000000", "recvWindow": "5000",
                "timestamp": "1645423376532",
            },
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
        ({"timestamp": "1747385641636"}, "681110a6057ad58657af22f5640fab9dd17418834cdfccdc81be8b0f7b2cde3e"),
    ],
)  # fmt: skip
def test_published_signatures_of_the_websocket_api(params: dict[str, str], signature: str) -> None:
    check_params_signature(HMAC, {"apiKey": KEY, **params, "signature": signature})
    with pytest.raises(ApiError, match="-1022"):
        check_params_signature(HMAC, {"apiKey": KEY, **params, "extra": "1", "signature": signature})


@pytest.mark.parametrize(
    ("sent", "window", "code"),
    [
        ("100000", None, 0),
        ("95000", None, 0),
        ("94999", None, -1021),
        ("100999", None, 0),
        ("101000", None, -1021),
        ("40000", "60000", 0),
        ("99000", "999.999", -1021),
        ("99001", "999.999", 0),
        ("100000", "60001", -1131),
        ("100000", "600000", -1131),
        ("100000", "5000.1234", -1102),
        ("now", None, -1102),
        ("", None, -1102),
    ],
)
def test_a_request_counts_for_a_while(sent: str, window: str | None, code: int) -> None:
    params = {"timestamp": sent} | ({} if window is None else {"recvWindow": window})
    if code == 0:
        check_time(params, 100_000)
    else:
        with pytest.raises(ApiError, match=str(code)):
            check_time(params, 100_000)


def test_a_timestamp_may_be_in_microseconds() -> None:
    check_time({"timestamp": "1747385641636123"}, 1747385641636)
    with pytest.raises(ApiError, match="-1021"):
        check_time({"timestamp": "1747385641636123"}, 1747385641636 + 5_001)


def test_the_query_wins_and_doubles_are_refused() -> None:
    assert rest_params("a=1&b=2", "b=3&c=") == {"a": "1", "b": "2", "c": ""}
    with pytest.raises(ApiError, match="-1101"):
        rest_params("a=1&a=1", "")


async def test_one_wrong_byte_anywhere_is_refused(trader: Any) -> None:
    """Each byte of the signature, of the key and of the payload counts."""
    query = urlencode({"symbol": "BTCUSDT", "timestamp": int(time.time() * 1000)})
    signature = trader.trading.sign(query)
    key = trader.trading.key
    path = "/api/v3/openOrders"
    assert (await trader.raw("GET", f"{path}?{query}&signature={signature}", key))[0] == 200
    for index in range(0, 64, 7):
        wrong = signature[:index] + ("0" if signature[index] != "0" else "1") + signature[index + 1 :]
        status, body = await trader.raw("GET", f"{path}?{query}&signature={wrong}", key)
        assert (status, body["code"]) == (400, -1022)
        assert body["msg"] == "Signature for this request is not valid."
    for index in range(0, len(key), 5):
        wrong = key[:index] + ("0" if key[index] != "0" else "1") + key[index + 1 :]
        status, body = await trader.raw("GET", f"{path}?{query}&signature={signature}", wrong)
        assert (status, body["code"]) == (401, -2015)
    for wrong in (query.replace("BTC", "ETH"), query[:-1] + str((int(query[-1]) + 1) % 10), "a=b&" + query):
        status, body = await trader.raw("GET", f"{path}?{wrong}&signature={signature}", key)
        assert (status, body["code"]) == (400, -1022)


def changed(text: str, index: int) -> str:
    """The text with another letter at a place."""
    letter = "B" if text[index] != "B" else "C"
    return text[:index] + letter + text[index + 1 :]


@pytest.mark.parametrize("market", ["spot", "usdm"])
async def test_one_wrong_byte_anywhere_is_refused_by_the_websocket_api(trader: Any, market: str) -> None:
    """Orders, sessions and subscriptions, each with its last letter, its first, and its numbers changed."""
    order = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
        "price": trader.far(f"binance.{market}"),
    }  # fmt: skip
    requests = [("order.place", order), ("session.logon", {})]
    if market == "spot":
        requests.append(("userDataStream.subscribe.signature", {}))
    async with trader.ws(trader.spot_api if market == "spot" else trader.usdm_api) as socket:
        for method, params in requests:
            signed = trader.signed_params(trader.ed25519, **params)
            signature, stamp = signed["signature"], signed["timestamp"]
            # Of the letter before the padding only two bits count: any other spelling of them is refused too.
            for wrong in (
                {"signature": changed(signature, 0)},
                {"signature": changed(signature, len(signature) - 3)},
                {"timestamp": stamp + 1},
                *({name: value + "0"} for name, value in params.items() if name in ("quantity", "price")),
            ):
                answer = await trader.ask(socket, method, **{**signed, **wrong})
                assert (answer["status"], answer["error"]["code"]) == (400, -1022), (method, wrong)
            assert (await trader.ask(socket, method, **signed))["status"] == 200, method


BROUGHT: list[tuple[dict[str, Any], int, int]] = [
    ({"key": ""}, 401, -2014),
    ({"key": "short"}, 401, -2014),
    ({"key": "x" * 64}, 401, -2015),
    ({"signature": ""}, 400, -1102),
    ({"signature": "&signature=zz"}, 400, -1100),
    ({"late_ms": 6_000}, 400, -1021),
    ({"late_ms": -1_500}, 400, -1021),
]


@pytest.mark.parametrize("path", ["/api/v3/account", "/fapi/v3/account"])
async def test_what_a_request_must_bring(trader: Any, path: str) -> None:
    for change, status, code in BROUGHT:
        query = urlencode({"timestamp": int(time.time() * 1000) - change.get("late_ms", 0)})
        tail = change.get("signature", f"&signature={trader.trading.sign(query)}")
        answer = await trader.raw("GET", f"{path}?{query}{tail}", change.get("key", trader.trading.key))
        assert (change, answer[0], answer[1]["code"]) == (change, status, code)


async def test_permissions_and_kinds_of_keys(trader: Any) -> None:
    """A key that may only read reads; Ed25519 signs like HMAC; a form body counts as the query does."""
    for signer in (trader.read_only, trader.ed25519):
        status, account = await trader.signed("GET", "/api/v3/account", signer)
        assert status == 200
        assert account["canTrade"] is (signer is trader.ed25519)
    order = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
        "price": trader.far("binance.spot"),
    }  # fmt: skip
    status, body = await trader.signed("POST", "/api/v3/order", trader.read_only, **order)
    assert (status, body["code"]) == (401, -2015)
    query = urlencode(order)
    form = urlencode({"timestamp": int(time.time() * 1000)})
    form += "&signature=" + trader.trading.sign(query + form)
    status, body = await trader.raw("POST", f"/api/v3/order?{query}", trader.trading.key, form)
    assert status == 200, body


async def test_the_clock_of_the_server_can_be_another_one(trading: Any) -> None:
    async with trading(clock_offset_ms=10_000) as trader:
        status, body = await trader.signed("GET", "/api/v3/account")
        assert (status, body["code"]) == (400, -1021)
        ahead = int(time.time() * 1000) + 10_000
        assert (await trader.signed("GET", "/api/v3/account", timestamp=ahead))[0] == 200
