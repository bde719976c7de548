"""Signatures of Binance: the examples of its documentation, and others computed from RFC 8032's key."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.binance_account import ED25519, HMAC, KEY, SEED
from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.venues.binance.signing import query_text, signed_query, signer_of, sorted_text
from trimaran.venues.wire.credentials import Credentials

PEM = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED)).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
OTHER_PEM = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

LIMIT = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
REST_VECTORS = [
    (f"symbol=LTCBTC&{LIMIT}", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
    (
        f"symbol=LTCBTC&{LIMIT}".replace("GTC&", "GTC"),  # query and body are joined by nothing
        "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
    ),
    (
        f"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&{LIMIT}",
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
]
USDM_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
USDM_TEXT = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
    "&timestamp=1591702613943"
)
LINE_ORDER = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01000000",
    "price": "52000.00", "recvWindow": 100, "timestamp": 1645423376532, "apiKey": KEY,
}  # fmt: skip
LINE_VECTORS = [
    (LINE_ORDER, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
    (
        LINE_ORDER | {
            "symbol": "１２３４５６", "side": "BUY", "price": "0.10000000", "quantity": "1.00000000",
            "recvWindow": 5000,
        },
        "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
    ),
    (
        {"timestamp": 1747385641636, "apiKey": KEY},
        "681110a6057ad58657af22f5640fab9dd17418834cdfccdc81be8b0f7b2cde3e",
    ),
]  # fmt: skip
ED25519_VECTORS = [
    (
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2&timestamp=1668481559918"
        "&recvWindow=5000",
        "XtZirsmmi0noRzUfkqktvkVfxpkq/WtbLg2UOL3QGYdUBZVlqOBEMuEVw8zioY93N54NcKj9UuAXQEa9zgTDBg==",
    ),
    (
        f"apiKey={KEY}&timestamp=1649729878532",
        "763GJeFgG09B/06V/dq24cLu6f0R57whgDMyOCubDex4CTTElmDgPSIQqLdOsvW5TBxyaaFotVCI8tUmQMChAA==",
    ),
]


@pytest.mark.parametrize(("text", "signature"), REST_VECTORS)
def test_rest_signatures_are_those_of_the_documentation(text: str, signature: str) -> None:
    assert signer_of(HMAC).sign(text.encode()) == signature


def test_usdm_signs_alike() -> None:
    signer = signer_of(Credentials(KEY, Secret(USDM_SECRET)))
    expected = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
    assert signer.sign(USDM_TEXT.encode()) == expected


@pytest.mark.parametrize(("parameters", "signature"), LINE_VECTORS)
def test_lines_sign_sorted_raw_text(parameters: dict[str, str | int], signature: str) -> None:
    assert signer_of(HMAC).sign(sorted_text(parameters).encode()) == signature


@pytest.mark.parametrize("secret", [SEED, SEED.upper(), f" {SEED}\n", PEM.decode()])
@pytest.mark.parametrize(("text", "signature"), ED25519_VECTORS)
def test_ed25519_signatures_come_from_a_seed_or_a_pem(secret: str, text: str, signature: str) -> None:
    signer = signer_of(Credentials(KEY, Secret(secret), kind=KeyKind.ED25519))
    assert signer.sign(text.encode()) == signature


def test_a_query_ends_with_its_signature_percent_encoded() -> None:
    text, signature = ED25519_VECTORS[0]
    pairs = [tuple(pair.split("=")) for pair in text.split("&")]
    query = signed_query([(name, value) for name, value in pairs], signer_of(ED25519))
    head, _, tail = query.rpartition("&")
    assert head == text
    assert tail.startswith("signature=")
    assert not set(tail.removeprefix("signature=")) & set("+/=")
    assert unquote(tail) == f"signature={signature}"


def test_values_are_percent_encoded_before_they_are_signed() -> None:
    assert query_text([("symbol", "１２３"), ("symbols", '["A","B"]')]) == (
        "symbol=%EF%BC%91%EF%BC%92%EF%BC%93&symbols=%5B%22A%22%2C%22B%22%5D"
    )


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(KEY, Secret("")),
        Credentials("", Secret("text")),
        Credentials(KEY, Secret("not a key"), kind=KeyKind.ED25519),
        Credentials(KEY, Secret("zz" * 32), kind=KeyKind.ED25519),
        Credentials(KEY, Secret(SEED[:-2]), kind=KeyKind.ED25519),
        Credentials(KEY, Secret(PEM.decode()[:60]), kind=KeyKind.ED25519),
        Credentials(KEY, Secret(OTHER_PEM.decode()), kind=KeyKind.ED25519),
    ],
)
def test_an_unusable_key_is_refused_and_not_shown(credentials: Credentials) -> None:
    with pytest.raises(ConfigError) as caught:
        signer_of(credentials)
    secret = credentials.secret.reveal()
    assert not secret or secret not in str(caught.value)
