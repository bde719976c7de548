"""Who the simulated HTX believes: signatures byte by byte, times, permissions, on REST and on sockets."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.support.htx_client import trading
from tests.support.simulated import close_code
from trimaran.venues.htx.simulator.auth import (
    REST_NAMES,
    SOCKET_NAMES,
    Denied,
    check,
    first_lines,
    read_query,
)
from trimaran.venues.sim.trading import ApiKey

KEY = "e2xxxxxx-99xxxxxx-84xxxxxx-7xxxx"
HMAC_KEY = ApiKey(KEY, "b0xxxxxx-c6xxxxxx-94xxxxxx-dxxxx", "", frozenset(), 1)
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
ED25519_KEY = ApiKey(KEY, "", "", frozenset(), 1, PUBLIC)
SIGNED = f"AccessKeyId={KEY}&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2017-05-11T15%3A19%3A30"
AT_MS = int(datetime(2017, 5, 11, 15, 19, 30, tzinfo=UTC).timestamp() * 1000)
SOCKET_AT_MS = int(datetime(2019, 12, 5, 11, 53, 3, tzinfo=UTC).timestamp() * 1000)
SPOT_HOST, SWAP_HOST = "api.huobi.pro", "api.hbdm.com"

REST_VECTORS = [
    (
        "GET",
        SPOT_HOST,
        "/v1/order/orders",
        "&order-id=1234567890",
        "Nmd8AU8uAe0mkFpxNbiava0aeZzBEtYjCdie1ZYZjoM=",
    ),
    ("POST", SPOT_HOST, "/v1/order/orders/place", "", "5NjPB1wj1lHSZO0PkwvX5X7fuOi2DHrI8Y/jS1nbDvQ="),
    ("GET", SPOT_HOST, "/v1/account/accounts", "", "mo1l8CzSb+GRNh/gw7e6jgbfixbzfyo4ZuUuSVzvcDM="),
    ("GET", SWAP_HOST, "/linear-swap-notification", "", "WLpG1n56qazU7hqanW5gj9hH5s/rXdgifOG828c6VuU="),
    (
        "POST",
        SWAP_HOST,
        "/linear-swap-api/v1/swap_cross_order",
        "",
        "6LkhKn9NNX4vJxzfZMB6xldfTGF0arEPYu2ehFyipbA=",
    ),
]


@pytest.mark.parametrize(("method", "host", "path", "more", "signature"), REST_VECTORS)
def test_vectors_of_rest(method, host, path, more, signature):
    escaped = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    query = read_query(f"{SIGNED}{more}&Signature={escaped}")
    assert query is not None
    lines = first_lines(method, ["other", host], path)
    assert check(query, REST_NAMES, lines, lambda name: HMAC_KEY, AT_MS) is HMAC_KEY
    for index in range(len(signature) - 1):
        changed = signature[:index] + ("A" if signature[index] != "A" else "B") + signature[index + 1 :]
        answer = check({**query, "Signature": changed}, REST_NAMES, lines, lambda name: HMAC_KEY, AT_MS)
        assert answer is Denied.SIGNATURE


@pytest.mark.parametrize(
    ("path", "signature"),
    [
        ("/ws/v2", "gypOfnSbahkIDriQuSPn8fgXRmVcRdAwWsSm+awdz+I="),
        ("/ws/trade", "EheJG8WLXi2rMH4j2RdFICnW1LAuXXD+4lt8AX5QwZc="),
    ],
)
def test_vectors_of_sockets(path, signature):
    values = {
        "accessKey": KEY,
        "signatureMethod": "HmacSHA256",
        "signatureVersion": "2.1",
        "timestamp": "2019-12-05T11:53:03",
        "signature": signature,
    }
    lines = first_lines("GET", [SPOT_HOST], path)
    assert check(values, SOCKET_NAMES, lines, lambda name: HMAC_KEY, SOCKET_AT_MS) is HMAC_KEY


def test_vector_of_ed25519():
    signature = "jF+2xJk1xvcEHlX/JCx9x8DjI0BE/+1B2SIldQG/v9U/M5mECJSN/yyC7gVus8Pah6Rq1vfr/7QsCpwF/6zoBg=="
    query = read_query(SIGNED.replace("HmacSHA256", "Ed25519"))
    assert query is not None
    lines = first_lines("GET", [SPOT_HOST], "/v1/account/accounts")
    whole = {**query, "Signature": signature}
    assert check(whole, REST_NAMES, lines, lambda name: ED25519_KEY, AT_MS) is ED25519_KEY
    # The last character carries bits that no byte has: the same bytes in another spelling.
    for changed in ("A" + signature[1:], signature.replace("Bg==", "Bh=="), "no base64", "é"):
        assert check({**whole, "Signature": changed}, REST_NAMES, lines, lambda name: ED25519_KEY, AT_MS) is (
            Denied.SIGNATURE
        )
    assert check(whole, REST_NAMES, lines, lambda name: HMAC_KEY, AT_MS) is Denied.SIGNATURE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"AccessKeyId": None}, Denied.MISSING),
        ({"Signature": None}, Denied.MISSING),
        ({"Timestamp": None}, Denied.MISSING),
        ({"SignatureMethod": "HmacSHA1"}, Denied.METHOD),
        ({"SignatureVersion": "1"}, Denied.VERSION),
        ({"AccessKeyId": "nobody"}, Denied.KEY),
        ({"Timestamp": "2017-05-11 15:19:30"}, Denied.TIME),
        ({"Timestamp": "2017-02-31T15:19:30"}, Denied.TIME),
        ({"order-id": "1"}, Denied.SIGNATURE),
    ],
)
def test_what_is_wrong_is_said(change, expected):
    query = read_query(f"{SIGNED}&Signature=mo1l8CzSb%2BGRNh%2Fgw7e6jgbfixbzfyo4ZuUuSVzvcDM%3D")
    assert query is not None
    changed = {name: value for name, value in {**query, **change}.items() if value is not None}
    lines = first_lines("GET", [SPOT_HOST], "/v1/account/accounts")
    known = {KEY: HMAC_KEY}.get
    assert check(changed, REST_NAMES, lines, known, AT_MS) is expected
    assert check(query, REST_NAMES, lines, known, AT_MS + 300_000) is HMAC_KEY
    assert check(query, REST_NAMES, lines, known, AT_MS + 300_001) is Denied.TIME
    assert check(query, REST_NAMES, lines, known, AT_MS - 300_001) is Denied.TIME


@pytest.mark.parametrize("raw", ["a=1&a=2", "a=%FF"])
def test_a_query_that_means_two_things_is_none(raw):
    assert read_query(raw) is None


def _flip(url: str, pattern: str) -> str:
    """The URL with one character of what matches changed."""
    found = re.search(pattern, url)
    assert found is not None
    at = found.end() - 1
    return url[:at] + ("a" if url[at] != "a" else "b") + url[at + 1 :]


MUTATIONS = [
    (r"&Signature=.", "Verification failure"),
    (r"AccessKeyId=[0-9a-f]{8}", "Incorrect Access key"),
    (r"Timestamp=\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d", "Invalid submission time"),
    (r"symbol=btcusd", "Verification failure"),
]


async def test_one_byte_is_enough_on_rest(trader):
    orders = ("spot", "GET", "/v1/order/openOrders")
    for pattern, words in MUTATIONS:
        _, body, _ = await trader.call(
            *orders, query={"symbol": "btcusdt"}, mutate=lambda url, p=pattern: _flip(url, p)
        )
        assert body["err-code"] == "api-signature-not-valid"
        assert words in body["err-msg"]
    for path, codes in (
        ("/linear-swap-api/v1/swap_cross_account_info", ("err_code", 403)),
        ("/v5/account/balance", ("code", 1003)),
    ):
        method = "GET" if path.startswith("/v5") else "POST"
        _, body, _ = await trader.call("swap", method, path, mutate=lambda url: _flip(url, MUTATIONS[0][0]))
        assert body[codes[0]] == codes[1]
    _, body, _ = await trader.call(*orders, shift_s=-400)
    assert body["err-code"] == "api-signature-not-valid"
    bare = await trader.fetch(trader.base("htx.spot", "rest") + "/v1/account/accounts")
    assert bare[1]["err-code"] == "login-required"
    assert (await trader.spot("GET", "/v1/account/accounts"))["status"] == "ok"


async def test_keys_may_what_they_may(trader):
    trader.key, trader.secret = trader.keys.read_only.key, trader.keys.read_only.secret
    assert (await trader.spot("GET", "/v1/account/accounts"))["status"] == "ok"
    refused = await trader.place("buy-limit", "0.01", "50000")
    assert refused["err-code"] == "api-signature-not-valid"
    assert "no permission" in refused["err-msg"]
    assert (await trader.place_swap("limit", 1, "buy", 50000))["err_code"] == 403
    trader.key, trader.secret = trader.keys.ed25519.key, ""
    assert (await trader.spot("GET", "/v1/account/accounts"))["status"] == "ok"
    assert (await trader.swap("account_info", {}))["status"] == "ok"


@pytest.mark.parametrize("path", ["/ws/v2", "/ws/trade"])
async def test_logins_of_spot(path):
    async with trading() as trader, trader.ws(trader.base("htx.spot", "ws_private") + path) as socket:
        await socket.send_json({"action": "sub", "ch": "orders#*"})
        code = (await trader.receive(socket))["code"]
        assert code == (2002 if path == "/ws/v2" else 2001)  # nothing is subscribed on the socket for orders
        good = trader.spot_login(path)
        for name in ("signature", "timestamp", "accessKey"):
            value = good["params"][name]
            params = {**good["params"], name: value[:-2] + ("x" if value[-2] != "x" else "y") + value[-1]}
            await socket.send_json({**good, "params": params})
            answer = await trader.receive(socket)
            assert (answer["code"], answer["ch"], answer["message"]) == (2002, "auth", "auth.fail")
        await socket.send_json(trader.spot_login(path, shift_s=-400))
        assert (await trader.receive(socket))["code"] == 2002
        await socket.send_json(good)
        assert await trader.receive(socket) == {"action": "req", "code": 200, "ch": "auth", "data": {}}


@pytest.mark.parametrize("path", ["/linear-swap-notification", "/linear-swap-trade", "/ws/v5/notification"])
async def test_logins_of_swaps(path):
    async with trading() as trader, trader.ws(trader.base("htx.swap", "ws_private") + path) as socket:
        good = trader.swap_login(path)
        signature = good["Signature"]
        wrong = {**good, "Signature": ("x" if signature[0] != "x" else "y") + signature[1:]}
        for message, code in ((wrong, 2003), ({"op": "auth"}, 2002), (trader.swap_login(path, 400), 2003)):
            await socket.send_json(message)
            assert (await trader.receive(socket))["err-code"] == code
        await socket.send_json(good)
        answer = await trader.receive(socket)
        assert (answer["op"], answer["type"], answer["err-code"], answer["cid"]) == ("auth", "api", 0, "a")
        assert answer["data"]["user-id"].isdigit()


async def test_a_key_that_is_revoked_is_unknown_and_its_sockets_are_closed(trader):
    async with trader.line("spot", "/ws/v2") as spot, trader.line("swap", "/linear-swap-trade") as swap:
        await trader.post(f"/revoke-key?venue=htx&key={trader.key}")
        for line in (spot, swap):
            assert await close_code(line.socket) is not None
    assert (await trader.spot("GET", "/v1/account/accounts"))["err-code"] == "api-signature-not-valid"
    assert (await trader.swap("account_info", {}))["err_code"] == 403
