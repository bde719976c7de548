"""Who may ask the simulated OKX: signatures byte by byte, clocks, keys, permissions; logins of sockets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.simulated import close_code
from trimaran.venues.okx.simulator.auth import authenticated, logged_in, signature
from trimaran.venues.okx.simulator.refusals import OkxError
from trimaran.venues.sim.trading import ApiKey, Permission

SECRET = "22582BD0CFF14C41EDBF1AB98506286D"
STAMP, STAMP_MS = "2020-12-08T09:08:57.715Z", 1_607_418_537_715
KEY = ApiKey("the-key", SECRET, "the words", frozenset(Permission), 1)
BALANCE = "/api/v5/account/balance?ccy=BTC"
ORDER = (
    b'{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"b15","side":"buy","ordType":"limit","px":"2.15",'
    b'"sz":"2"}'
)
ASKED = {
    "OK-ACCESS-KEY": KEY.key,
    "OK-ACCESS-PASSPHRASE": KEY.passphrase,
    "OK-ACCESS-TIMESTAMP": STAMP,
    "OK-ACCESS-SIGN": "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY=",
}
ORDERED = {**ASKED, "OK-ACCESS-SIGN": "dI6rrL9rXW/HdaPKJ/6LC1OgvH4/PYju6R3CqixMTNQ="}
LOGIN = {
    "apiKey": KEY.key,
    "passphrase": KEY.passphrase,
    "timestamp": "1597026383",
    "sign": "5rVufOua76njaoVHxRy02alnCPNCg+N8eq7t5ZemJZk=",
}


def key_of(name):
    return KEY if name == KEY.key else None


def code_of(headers, method="GET", target=BALANCE, body=b"", now_ms=STAMP_MS):
    """The code of the refusal; "" when there is none."""
    try:
        authenticated(key_of, headers, method, target, body, now_ms)
    except OkxError as error:
        return error.code if error.status == 401 else f"status {error.status}"
    return ""


def test_vectors():
    assert code_of(ASKED) == ""
    assert code_of(ORDERED, "POST", "/api/v5/trade/order", ORDER) == ""
    assert logged_in(key_of, LOGIN, 1_597_026_383_000) is KEY
    assert logged_in(key_of, {**LOGIN, "timestamp": 1_597_026_383}, 1_597_026_400_000) is KEY
    assert signature(SECRET, f"{STAMP}GET{BALANCE}".encode()) == ASKED["OK-ACCESS-SIGN"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"OK-ACCESS-KEY": ""}, "50103"),
        ({"OK-ACCESS-PASSPHRASE": ""}, "50104"),
        ({"OK-ACCESS-SIGN": ""}, "50106"),
        ({"OK-ACCESS-TIMESTAMP": ""}, "50107"),
        ({"OK-ACCESS-TIMESTAMP": "1607418537.715"}, "50112"),
        ({"OK-ACCESS-TIMESTAMP": "2020-13-08T09:08:57.715Z"}, "50112"),
        ({"OK-ACCESS-TIMESTAMP": "2020-12-08T09:08:57.715+00:00"}, "50112"),
        ({"OK-ACCESS-TIMESTAMP": "2020-12-08T09:09:27.716Z"}, "50102"),
        ({"OK-ACCESS-TIMESTAMP": "2020-12-08T09:08:27.714Z"}, "50102"),
        ({"OK-ACCESS-KEY": "another"}, "50111"),
        ({"OK-ACCESS-PASSPHRASE": "other words"}, "50105"),
        ({"OK-ACCESS-SIGN": "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zZ="}, "50113"),
    ],
)
def test_headers(changed, code):
    assert code_of({**ASKED, **changed}) == code


@pytest.mark.parametrize(
    ("late_ms", "code"), [(30_000, ""), (30_001, "50102"), (-30_000, ""), (-30_001, "50102")]
)
def test_thirty_seconds(late_ms, code):
    assert code_of(ASKED, now_ms=STAMP_MS + late_ms) == code


def mutated(text, place, byte):
    """The text with one byte changed."""
    raw = bytearray(text.encode())
    raw[place % len(raw)] ^= byte
    return raw.decode(errors="replace")


@given(st.integers(0, 500), st.integers(1, 127))
def test_one_byte_of_what_was_signed_is_enough(place, byte):
    assert code_of({**ASKED, "OK-ACCESS-SIGN": mutated(ASKED["OK-ACCESS-SIGN"], place, byte)}) == "50113"
    assert code_of({**ASKED, "OK-ACCESS-KEY": mutated(KEY.key, place, byte)}) == "50111"
    assert code_of({**ASKED, "OK-ACCESS-PASSPHRASE": mutated(KEY.passphrase, place, byte)}) == "50105"
    assert code_of(ASKED, target=mutated(BALANCE, place, byte)) == "50113"
    body = bytearray(ORDER)
    body[place % len(body)] ^= byte
    assert code_of(ORDERED, "POST", "/api/v5/trade/order", bytes(body)) == "50113"
    assert code_of(ORDERED, "PUT", "/api/v5/trade/order", ORDER) == "50113"
    changed = code_of({**ASKED, "OK-ACCESS-TIMESTAMP": mutated(STAMP, place, byte)})
    assert changed in ("50102", "50112", "50113")


@pytest.mark.parametrize(
    ("argument", "late_ms", "code"),
    [
        ("nonsense", 0, "60009"),
        ({"apiKey": "a"}, 0, "60009"),
        ({**LOGIN, "timestamp": "soon"}, 0, "60004"),
        ({**LOGIN, "timestamp": None}, 0, "60004"),
        ({**LOGIN, "apiKey": ""}, 0, "60005"),
        (LOGIN, 30_001, "60006"),
        (LOGIN, -30_001, "60006"),
        ({**LOGIN, "apiKey": "another"}, 0, "60032"),
        ({**LOGIN, "passphrase": "other words"}, 0, "60024"),
        ({**LOGIN, "sign": LOGIN["sign"][:-2] + "l="}, 0, "60007"),
    ],
)
def test_logins(argument, late_ms, code):
    with pytest.raises(OkxError) as caught:
        logged_in(key_of, argument, 1_597_026_383_000 + late_ms)
    assert caught.value.code == code


async def test_requests_are_refused_as_a_whole(client):
    target = "/api/v5/account/balance"
    right = client.headers("GET", target)
    assert (await client.raw("GET", target, "", right))[0] == 200
    for name in ("OK-ACCESS-SIGN", "OK-ACCESS-KEY", "OK-ACCESS-PASSPHRASE"):
        status, body = await client.raw("GET", target, "", {**right, name: right[name][:-2] + "x="})
        assert (status, body["data"]) == (401, [])
        assert body["code"] in ("50113", "50111", "50105")
    status, body = await client.raw("GET", f"{target}?ccy=BTC", "", right)
    assert (status, body["code"]) == (401, "50113")
    late = client.headers("GET", target, at=time.time() - 31)
    assert (await client.raw("GET", target, "", late))[1]["code"] == "50102"
    assert (await client.raw("GET", target, "", {}))[1]["code"] == "50103"
    spelled = "/api/v5/account/balance?ccy=BTC%2CUSDT"
    assert (await client.raw("GET", spelled, "", client.headers("GET", spelled)))[0] == 200


async def test_a_key_does_what_it_may(client):
    assert (await client.ask("account/balance", key="read_only"))["code"] == "0"
    assert (await client.ask("account/config", key="read_only"))["data"][0]["perm"] == "read_only"
    order = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "100"}
    assert (await client.act("trade/order", order, key="read_only"))["code"] == "50120"
    async with client.logged_in(key="read_only") as socket:
        assert (await client.operate(socket, "order", order))["code"] == "50120"


async def test_bodies(client):
    target = "/api/v5/trade/order"
    for body, code in (
        ("", "50000"),
        ("[" * 50_000, "50002"),
        ("{", "50002"),
        ("[]", "50002"),
        ("7", "50002"),
    ):
        status, answer = await client.raw("POST", target, body, client.headers("POST", target, body))
        assert (status, answer["code"]) == (400, code)
    headers = {**client.headers("POST", target, "{}"), "Content-Type": "text/plain"}
    assert (await client.raw("POST", target, "{}", headers))[1]["code"] == "50006"
    assert (await client.raw("DELETE", target, "", {}))[1]["code"] == "50115"
    assert (await client.raw("GET", "/api/v5/trade/nothing", "", {}))[0] == 404


async def test_a_socket_that_fails_to_log_in_is_closed(client):
    async with client.ws(client.private) as socket:
        await socket.send_json(client.login(sign="nothing"))
        answer = await client.receive(socket)
        assert (answer["event"], answer["code"]) == ("error", "60007")
        assert await close_code(socket) == 4001


async def test_nothing_without_a_login_and_no_second_one(client):
    async with client.ws(client.private) as socket:
        await client.subscribe(socket, {"channel": "orders", "instType": "ANY"}, request_id="q1")
        answer = await client.receive(socket)
        assert (answer["event"], answer["code"], answer["id"]) == ("error", "60011", "q1")
        await socket.send_json({"id": "q2", "op": "order", "args": [{"instId": "BTC-USDT"}]})
        answer = await client.receive(socket)
        assert (answer["event"], answer["code"], answer["id"]) == ("error", "60011", "q2")
    async with client.logged_in() as socket:
        await socket.send_json(client.login())
        assert (await client.receive(socket))["code"] == "60031"
        await socket.send_str("ping")
        assert await client.receive(socket) == "pong"


async def test_a_key_that_is_revoked_is_unknown_and_its_sockets_are_closed(client):
    async with client.logged_in() as mine, client.logged_in(key="read_only") as other:
        await client.post(f"/revoke-key?venue=okx&key={client.account['key']}")
        assert await close_code(mine) == 4007
        await other.send_str("ping")
        assert await client.receive(other) == "pong"
    assert (await client.ask("account/balance"))["code"] == "50111"
    assert (await client.ask("account/balance", key="read_only"))["code"] == "0"
    assert "error" in await client.post(f"/revoke-key?venue=okx&key={client.account['key']}")
