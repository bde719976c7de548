"""OKX's signatures: vectors that two other implementations agree on, and what a request carries."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.okx_desk import CREDENTIALS, SECRET, STAMP, approved, dialect, line
from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.venues.okx.signing import deadline_ms, login_text, signature, timestamp
from trimaran.venues.okx.spec import SPOT
from trimaran.venues.wire.asks import Balances, CancelOrder, OrderRef, PlaceOrder, ServerTime
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.message import HttpRequest, Stamp

MOMENT = "2020-12-08T09:08:57.715Z"
ORDER = (
    '{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"b15","side":"buy",'
    '"ordType":"limit","px":"2.15","sz":"2"}'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{MOMENT}GET/api/v5/account/balance?ccy=BTC", "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="),
        (f"{MOMENT}POST/api/v5/trade/order{ORDER}", "dI6rrL9rXW/HdaPKJ/6LC1OgvH4/PYju6R3CqixMTNQ="),
        ("1597026383GET/users/self/verify", "5rVufOua76njaoVHxRy02alnCPNCg+N8eq7t5ZemJZk="),
    ],
)
def test_vectors(text: str, expected: str) -> None:
    assert signature(Secret(SECRET), text) == expected


@pytest.mark.parametrize(
    ("venue_ns", "expected"),
    [
        (STAMP.venue_ns, MOMENT),
        (STAMP.venue_ns + 999_999, MOMENT),
        (1_786_540_436_000_000_000, "2026-08-12T13:13:56.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_timestamps_have_three_digits_and_a_z(venue_ns: int, expected: str) -> None:
    assert timestamp(venue_ns) == expected


def test_a_login_signs_its_seconds() -> None:
    told = msgspec.json.decode(login_text(CREDENTIALS, Stamp(1_597_026_383_085_000_000)))
    assert told == {
        "op": "login",
        "args": [
            {
                "apiKey": CREDENTIALS.key,
                "passphrase": "a passphrase",
                "timestamp": "1597026383",
                "sign": "5rVufOua76njaoVHxRy02alnCPNCg+N8eq7t5ZemJZk=",
            }
        ],
    }


def test_a_request_is_signed_over_what_is_sent() -> None:
    for ask in (PlaceOrder(approved()), Balances()):
        request = dialect().write(ask, STAMP)
        assert isinstance(request, HttpRequest)
        target = request.url.removeprefix("https://www.okx.com")
        signed = f"{MOMENT}{request.method}{target}{request.body.decode()}"
        assert request.headers["OK-ACCESS-SIGN"] == signature(Secret(SECRET), signed)
        assert request.headers["OK-ACCESS-TIMESTAMP"] == MOMENT
        assert request.headers["OK-ACCESS-KEY"] == CREDENTIALS.key
        assert request.headers["OK-ACCESS-PASSPHRASE"] == "a passphrase"
        assert request.headers.get("Content-Type") == ("application/json" if request.body else None)


def test_orders_carry_the_deadline_and_cancels_do_not() -> None:
    placed = dialect().write(PlaceOrder(approved()), STAMP)
    cancelled = dialect().write(CancelOrder(OrderRef(approved().order.instrument_key[9:], 5)), STAMP)
    assert isinstance(placed, HttpRequest)
    assert isinstance(cancelled, HttpRequest)
    assert placed.headers["expTime"] == deadline_ms(STAMP) == "1607418539715"
    assert "expTime" not in cancelled.headers


def test_the_demo_environment_is_named_in_every_request() -> None:
    for ask in (ServerTime(), Balances()):
        live, demo = dialect().write(ask, STAMP), dialect(demo=True).write(ask, STAMP)
        assert isinstance(live, HttpRequest)
        assert isinstance(demo, HttpRequest)
        assert demo.headers["x-simulated-trading"] == "1"
        assert "x-simulated-trading" not in live.headers


def test_public_asks_need_no_key_and_others_do() -> None:
    anonymous = dialect(credentials=None)
    public = anonymous.write(ServerTime(), STAMP)
    assert isinstance(public, HttpRequest)
    assert public.headers == {}
    with pytest.raises(ConfigError, match="/api/v5/account/balance: expected a key, found none"):
        anonymous.write(Balances(), STAMP)


@pytest.mark.parametrize(
    "credentials",
    [Credentials("k", Secret("s")), Credentials("k", Secret("s"), Secret("p"), KeyKind.ED25519)],
)
def test_keys_that_okx_does_not_have_are_refused(credentials: Credentials) -> None:
    with pytest.raises(ConfigError, match="key k: expected"):
        dialect(SPOT, credentials=credentials)
    with pytest.raises(ConfigError, match="key k: expected"):
        line(SPOT, credentials=credentials)


def test_a_request_does_not_show_what_it_signs_with() -> None:
    request = dialect().write(Balances(), STAMP)
    assert "passphrase" not in repr(request)
    assert SECRET not in repr(request) + repr(CREDENTIALS)
