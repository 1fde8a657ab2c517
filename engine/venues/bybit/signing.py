"""Signatures of Bybit v5 requests: HMAC-SHA256 over the very bytes that go over the wire."""

from __future__ import annotations

import hmac


def sign(secret: bytes, payload: bytes) -> str:
    """Return the lowercase hex HMAC-SHA256 of `payload`."""
    return hmac.digest(secret, payload, "sha256").hex()


class Signer:
    """Signs for one key. `recv_window_ms` is how long a request stays valid at the venue."""

    def __init__(self, api_key: str, api_secret: str, recv_window_ms: int) -> None:
        self._key = api_key
        self._secret = api_secret.encode()
        self._window = str(recv_window_ms)
        self._middle = f"{api_key}{recv_window_ms}".encode()

    def __repr__(self) -> str:
        return f"Signer({self._key[:4]}…)"

    def headers(self, timestamp_ms: int, payload: bytes) -> dict[str, str]:
        """Headers of one REST request; `payload` is the raw body, or the raw query of a GET."""
        timestamp = str(timestamp_ms)
        return {
            "X-BAPI-API-KEY": self._key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": self._window,
            "X-BAPI-SIGN": sign(self._secret, timestamp.encode() + self._middle + payload),
        }

    def login(self, expires_ms: int) -> bytes:
        """The `auth` message of a private WebSocket, valid until `expires_ms`."""
        signature = sign(self._secret, b"GET/realtime%d" % expires_ms)
        return b'{"op":"auth","args":["%s",%d,"%s"]}' % (
            self._key.encode(),
            expires_ms,
            signature.encode(),
        )
