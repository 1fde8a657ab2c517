"""Signatures of Bybit v5 requests, over the very bytes that go over the wire.

A shared secret signs with HMAC-SHA256 in hex, a private RSA key with RSA-SHA256 in base64
(bybit-exchange.github.io/docs/v5/guide#authentication).
"""

from __future__ import annotations

import base64
import hmac
from importlib import import_module
from typing import Any, Protocol, cast

from engine.secret import Secret

PEM = "-----BEGIN"


class Key(Protocol):
    """Signs for one API key, and shows nothing of what it signs with."""

    def sign(self, payload: bytes) -> str: ...


class HmacKey:
    """A secret that the venue knows too."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def sign(self, payload: bytes) -> str:
        """The lowercase hex HMAC-SHA256 of `payload`."""
        return hmac.digest(self._secret.reveal().encode(), payload, "sha256").hex()


class RsaKey:
    """A private key whose public half the venue knows. Needs the package `cryptography`."""

    def __init__(self, pem: Secret) -> None:
        try:
            serialization = cast(Any, import_module("cryptography.hazmat.primitives.serialization"))
            padding = cast(Any, import_module("cryptography.hazmat.primitives.asymmetric.padding"))
            hashes = cast(Any, import_module("cryptography.hazmat.primitives.hashes"))
        except ImportError:
            raise ValueError(
                "an RSA key needs the package cryptography: pip install 'tradedeck[rsa]'"
            ) from None
        try:
            self._key = serialization.load_pem_private_key(pem.reveal().encode(), None)
        except (ValueError, TypeError):
            raise ValueError("the RSA key is no private key in PEM form, unencrypted") from None
        self._scheme = (padding.PKCS1v15(), hashes.SHA256())

    def sign(self, payload: bytes) -> str:
        """The base64 RSA-SHA256 signature (PKCS #1 v1.5) of `payload`."""
        return base64.b64encode(self._key.sign(payload, *self._scheme)).decode()


def signing_key(secret: Secret) -> Key:
    """What `secret` signs with. Raises ValueError, without a word of it, when it cannot be used."""
    return RsaKey(secret) if secret.reveal().startswith(PEM) else HmacKey(secret)


class _Headers(dict[str, str]):
    """Headers that say who asks: whatever prints a frame's variables prints none of them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "{***}"


class _Login(bytes):
    """A login message, hidden likewise."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"


class Signer:
    """Signs for one key. `recv_window_ms` is how long a request stays valid at the venue."""

    def __init__(self, api_key: Secret, api_secret: Secret, recv_window_ms: int) -> None:
        self._key = api_key.reveal()
        self._signing = signing_key(api_secret)
        self.recv_window_ms = recv_window_ms
        self._window = str(recv_window_ms)
        self._middle = f"{self._key}{recv_window_ms}".encode()

    def __repr__(self) -> str:
        return "Signer(***)"

    def hide(self, text: str) -> str:
        """`text` without the key: the venue repeats it where it could not verify a signature."""
        return text.replace(self._key, "***")

    def hide_in(self, body: bytes) -> bytes:
        """The same of an answer; most have nothing to hide and are given back as they are."""
        key = self._key.encode()
        return body.replace(key, b"***") if key in body else body

    def headers(self, timestamp_ms: int, payload: bytes) -> dict[str, str]:
        """Headers of one REST request; `payload` is the raw body, or the raw query of a GET."""
        timestamp = str(timestamp_ms)
        return _Headers(
            {
                "X-BAPI-API-KEY": self._key,
                "X-BAPI-TIMESTAMP": timestamp,
                "X-BAPI-RECV-WINDOW": self._window,
                "X-BAPI-SIGN": self._signing.sign(timestamp.encode() + self._middle + payload),
            }
        )

    def login(self, expires_ms: int) -> bytes:
        """The `auth` message of a private WebSocket, valid until `expires_ms`."""
        return _Login(
            b'{"op":"auth","args":["%s",%d,"%s"]}'
            % (
                self._key.encode(),
                expires_ms,
                self._signing.sign(b"GET/realtime%d" % expires_ms).encode(),
            )
        )
