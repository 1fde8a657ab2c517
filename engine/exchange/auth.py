"""Who is asking: signatures over the raw bytes, and the window in which a request is fresh."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from engine.exchange.account import Account
from engine.exchange.errors import Refusal

API_KEY = "X-BAPI-API-KEY"
TIMESTAMP = "X-BAPI-TIMESTAMP"
RECV_WINDOW = "X-BAPI-RECV-WINDOW"
SIGNATURE = "X-BAPI-SIGN"

DEFAULT_RECV_WINDOW_MS = 5000
EXPIRY_SKEW_MS = 1000  # some clients let a stream's auth expire in one second: be patient
MAX_AHEAD_MS = 1000  # a clock faster than this is refused however wide the window


def authenticate(
    accounts: Mapping[str, Account], headers: Mapping[str, str], payload: bytes, now_ms: int
) -> Account:
    """The account that signed a REST request. `payload` is the raw query string or raw body.

    Raises `Refusal`: 10003 unknown key, 10002 not fresh, 10004 wrong signature.
    """
    api_key = headers.get(API_KEY, "")
    account = accounts.get(api_key)
    if account is None:
        raise Refusal(10003, "API key is invalid.", status=401)
    timestamp = headers.get(TIMESTAMP, "")
    window = headers.get(RECV_WINDOW, "")
    check_fresh(timestamp, window, now_ms)
    signed = f"{timestamp}{api_key}{window}".encode() + payload
    if not _matches(account, signed, headers.get(SIGNATURE, "")):
        shown = signed.decode(errors="replace")
        raise Refusal(10004, f"error sign! origin_string[{shown}]")
    return account


def check_fresh(timestamp: str, window: str, now_ms: int) -> None:
    """Refuse a timestamp outside `now - window <= timestamp < now + 1 s` with 10002."""
    try:
        sent_ms, window_ms = int(timestamp), int(window or DEFAULT_RECV_WINDOW_MS)
    except ValueError:
        raise Refusal(10001, "params error: timestamp or recv_window is not a number") from None
    if not now_ms - window_ms <= sent_ms < now_ms + MAX_AHEAD_MS:
        raise Refusal(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{sent_ms}],server_timestamp[{now_ms}],recv_window[{window_ms}]",
        )


def authenticate_stream(
    accounts: Mapping[str, Account], args: list[object], now_ms: int
) -> Account | None:
    """The account of a stream's `auth` request, or None. `args` is key, expiry (ms), signature."""
    if len(args) != 3:
        return None
    api_key, expires, signature = args
    account = accounts.get(str(api_key))
    if (
        account is None
        or not str(expires).isdecimal()
        or int(str(expires)) + EXPIRY_SKEW_MS <= now_ms
    ):
        return None
    signed = f"GET/realtime{expires}".encode()
    return account if _matches(account, signed, str(signature)) else None


def _matches(account: Account, signed: bytes, signature: str) -> bool:
    expected = hmac.digest(account.secret, signed, "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode())
