"""Signatures against the venue's published vectors."""

from __future__ import annotations

import base64
import json
import sys

import pytest

from engine.secret import Secret
from engine.venues.bybit.signing import PEM, Signer

_SIGNER = Signer(Secret("KEY"), Secret("SECRET"), 5000)


def test_a_query_is_signed_as_it_is_sent() -> None:
    headers = _SIGNER.headers(
        1700000000000, b"category=linear&symbol=BTCUSDT&cursor=page_args%3D2%26"
    )
    assert headers == {
        "X-BAPI-API-KEY": "KEY",
        "X-BAPI-TIMESTAMP": "1700000000000",
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": "ed4e0081e9528413be725ef9dcbe9779f7f0e0f26405511873480810e3edb009",
    }


def test_a_body_is_signed_as_it_is_sent() -> None:
    body = (
        b'{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit",'
        b'"qty":"0.01","price":"50000"}'
    )
    signature = _SIGNER.headers(1700000000000, body)["X-BAPI-SIGN"]
    assert signature == "c3e083501c737328504032fd67c9d31e36f87404ec957413a3552319ff9caa8b"


def test_a_login_is_signed_over_its_expiry() -> None:
    assert json.loads(_SIGNER.login(1700000010000)) == {
        "op": "auth",
        "args": [
            "KEY",
            1700000010000,
            "cb44b8afa4be2e39c6d1726de8c45cf0cf4f7098a3ae18721aa65e1ddba1fc7e",
        ],
    }


def test_neither_secret_nor_key_shows_in_the_repr() -> None:
    assert repr(Signer(Secret("ABCDEFGH"), Secret("SECRET"), 5000)) == "Signer(***)"


def test_what_is_signed_shows_neither_key_nor_signature_where_variables_are_printed() -> None:
    signer = Signer(Secret("ABCDEFGH"), Secret("SECRET"), 5000)
    headers, login = signer.headers(1, b"x=1"), signer.login(2)
    assert (repr(headers), repr([login])) == ("{***}", "[b'***']")
    assert headers["X-BAPI-API-KEY"] == "ABCDEFGH"
    assert b"ABCDEFGH" in login


def test_a_text_of_the_venue_that_repeats_the_key_is_shown_without_it() -> None:
    signer = Signer(Secret("ABCDEFGH"), Secret("SECRET"), 5000)
    told = "error sign! origin_string[1700ABCDEFGH5000x=1]"
    assert signer.hide(told) == "error sign! origin_string[1700***5000x=1]"
    assert signer.hide_in(told.encode()) == b"error sign! origin_string[1700***5000x=1]"
    other = b'{"retCode":0}'
    assert signer.hide_in(other) is other


def test_an_rsa_key_signs_so_that_its_public_half_verifies() -> None:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = Signer(Secret("KEY"), Secret(pem.decode()), 5000)
    signature = signer.headers(1700000000000, b"category=linear")["X-BAPI-SIGN"]
    private.public_key().verify(
        base64.b64decode(signature, validate=True),
        b"1700000000000KEY5000category=linear",
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


def test_an_rsa_key_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(ValueError, match=r"pip install 'tradedeck\[rsa\]'"):
        Signer(Secret("KEY"), Secret(f"{PEM} PRIVATE KEY-----"), 5000)


def test_a_broken_rsa_key_is_refused_without_showing_it() -> None:
    pytest.importorskip("cryptography")
    with pytest.raises(ValueError, match="no private key in PEM form") as refusal:
        Signer(Secret("KEY"), Secret(f"{PEM} PRIVATE KEY-----\nCANARY"), 5000)
    assert "CANARY" not in str(refusal.value)
    assert refusal.value.__suppress_context__
