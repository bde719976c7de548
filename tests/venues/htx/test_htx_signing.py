"""Signatures agree with independent computations, whatever the key, the host and the transport."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.htx_account import KEY, STAMP
from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.venues.htx.signing import Place, Signer, signed_query, spot_login, swap_login, utc_text
from trimaran.venues.wire.credentials import Credentials
from trimaran.venues.wire.message import Stamp

SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"  # RFC 8032, test 1
LINE_STAMP = Stamp(1575546783_999_999_999)  # 2019-12-05T11:53:03
SIGNER = Signer(KEY)


@pytest.mark.parametrize(
    ("method", "url", "parameters", "expected"),
    [
        (
            "GET",
            "https://api.huobi.pro/v1/order/orders",
            {"order-id": "1234567890"},
            "Nmd8AU8uAe0mkFpxNbiava0aeZzBEtYjCdie1ZYZjoM=",
        ),
        (
            "POST",
            "https://api.huobi.pro/v1/order/orders/place",
            {},
            "5NjPB1wj1lHSZO0PkwvX5X7fuOi2DHrI8Y/jS1nbDvQ=",
        ),
        (
            "GET",
            "https://api.huobi.pro/v1/account/accounts",
            {},
            "mo1l8CzSb+GRNh/gw7e6jgbfixbzfyo4ZuUuSVzvcDM=",
        ),
        (
            "POST",
            "https://api.hbdm.com/linear-swap-api/v1/swap_cross_order",
            {},
            "6LkhKn9NNX4vJxzfZMB6xldfTGF0arEPYu2ehFyipbA=",
        ),
    ],
)
def test_rest(method: str, url: str, parameters: dict[str, str], expected: str) -> None:
    query = signed_query(SIGNER, method, Place.of(url), parameters, STAMP)
    assert parse_qs(query)["Signature"] == [expected]
    assert query.rpartition("&")[2].startswith("Signature="), "the signature is last, and percent-encoded"
    assert "+" not in query


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://api.huobi.pro/ws/v2", "gypOfnSbahkIDriQuSPn8fgXRmVcRdAwWsSm+awdz+I="),
        ("wss://api.huobi.pro/ws/trade", "EheJG8WLXi2rMH4j2RdFICnW1LAuXXD+4lt8AX5QwZc="),
    ],
)
def test_lines_of_spot(url: str, expected: str) -> None:
    login = spot_login(SIGNER, Place.of(url), LINE_STAMP)
    assert login == {
        "authType": "api",
        "accessKey": KEY.key,
        "signatureMethod": "HmacSHA256",
        "signatureVersion": "2.1",
        "timestamp": "2019-12-05T11:53:03",
        "signature": expected,
    }


def test_lines_of_swaps() -> None:
    login = swap_login(SIGNER, Place.of("wss://api.hbdm.com/linear-swap-notification"), STAMP)
    assert login["Signature"] == "WLpG1n56qazU7hqanW5gj9hH5s/rXdgifOG828c6VuU="
    assert (login["SignatureVersion"], login["Timestamp"]) == ("2", "2017-05-11T15:19:30")


def _pem() -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("secret", [SEED, SEED.upper() + "\n", _pem()])
def test_ed25519(secret: str) -> None:
    signer = Signer(Credentials(KEY.key, Secret(secret), kind=KeyKind.ED25519))
    place = Place.of("https://api.huobi.pro/v1/account/accounts")
    query = parse_qs(signed_query(signer, "GET", place, {}, STAMP))
    assert query["SignatureMethod"] == ["Ed25519"]
    expected = "jF+2xJk1xvcEHlX/JCx9x8DjI0BE/+1B2SIldQG/v9U/M5mECJSN/yyC7gVus8Pah6Rq1vfr/7QsCpwF/6zoBg=="
    assert query["Signature"] == [expected]


def test_a_key_of_another_kind_is_refused_and_not_shown() -> None:
    curve = generate_private_key(SECP256R1())
    other = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for secret in ("", "not a key", "zz" * 32, other):
        with pytest.raises(ConfigError, match="expected an Ed25519 private key") as caught:
            Signer(Credentials("key", Secret(secret), kind=KeyKind.ED25519))
        assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://API-AWS.huobi.pro/v1/order", "api-aws.huobi.pro", "/v1/order"),
        ("https://api.hbdm.com:443/x", "api.hbdm.com", "/x"),
        ("http://127.0.0.1:8123/x", "127.0.0.1:8123", "/x"),
        ("ws://localhost:8123/spot/ws/v2", "localhost:8123", "/spot/ws/v2"),
    ],
)
def test_the_host_is_the_one_in_use(url: str, host: str, path: str) -> None:
    assert Place.of(url) == Place(host, path)


def test_values_are_percent_encoded() -> None:
    query = signed_query(SIGNER, "GET", Place("h", "/p"), {"symbols": "btc usdt,a/b+c:é", "a": "1"}, STAMP)
    assert "a=1&symbols=btc%20usdt%2Ca%2Fb%2Bc%3A%C3%A9&Signature=" in query
    assert query.index("Timestamp=") < query.index("a=1"), "capitals come before small letters"


def test_seconds_of_utc() -> None:
    assert utc_text(Stamp(0)) == "1970-01-01T00:00:00"
    assert utc_text(Stamp(1_709_251_199_999_000_000)) == "2024-02-29T23:59:59"
