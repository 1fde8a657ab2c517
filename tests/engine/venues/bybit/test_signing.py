"""Signatures against the venue's published vectors."""

from __future__ import annotations

import json

from engine.venues.bybit.signing import Signer

_SIGNER = Signer("KEY", "SECRET", 5000)


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
    assert repr(Signer("ABCDEFGH", "SECRET", 5000)) == "Signer(ABCD…)"
