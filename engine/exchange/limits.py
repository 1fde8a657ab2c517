"""The venue's rate limits: so many requests of a kind a second, counted for each account."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from engine.exchange.account import Account
from engine.exchange.errors import Refusal

WINDOW_MS = 1000
IP_REQUESTS = 600  # over `IP_WINDOW_MS`, all accounts together; more is a ban
IP_WINDOW_MS = 5000
BAN_MS = 600_000
UNLIMITED = "1000000"  # what X-Bapi-Limit says while the venue's rate limits are off

TOO_MANY = "Too many visits!"
BANNED = "access too frequent"

QUERIES = {"linear": 50, "spot": 50}
SETTINGS = {"linear": 10, "spot": 10}
RARE = {"linear": 5, "spot": 5}

# Path -> requests (on batches: orders) a second, by category.
PER_SECOND: Mapping[str, Mapping[str, int]] = {
    "/v5/order/create": {"linear": 10, "spot": 20},
    "/v5/order/amend": {"linear": 10, "spot": 10},
    "/v5/order/cancel": {"linear": 10, "spot": 20},
    "/v5/order/cancel-all": {"linear": 10, "spot": 20},
    "/v5/order/create-batch": {"linear": 10, "spot": 20},
    "/v5/order/amend-batch": {"linear": 10, "spot": 20},
    "/v5/order/cancel-batch": {"linear": 10, "spot": 20},
    "/v5/order/realtime": QUERIES,
    "/v5/order/history": QUERIES,
    "/v5/execution/list": QUERIES,
    "/v5/position/list": QUERIES,
    "/v5/account/wallet-balance": QUERIES,
    "/v5/account/info": QUERIES,
    "/v5/position/set-leverage": SETTINGS,
    "/v5/position/switch-mode": SETTINGS,
    "/v5/order/disconnected-cancel-all": RARE,
    "/v5/account/fee-rate": RARE,
    "/v5/account/query-dcp-info": RARE,
    "/v5/asset/coin/query-info": RARE,
}


class Limits(Protocol):
    """What counts requests."""

    def check_ip(self) -> None:
        """Count a request of any kind. Raises `Refusal` with HTTP status 403 in a ban."""
        ...

    def take(self, account: Account, path: str, category: str) -> None:
        """Count one request, or one order of a batch. Raises `Refusal` 10006 over the limit."""
        ...

    def headers(self, account: Account) -> Mapping[str, str]:
        """The X-Bapi headers after the account's last request."""
        ...


class NoLimits:
    """Everything goes; the headers say so."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns

    def check_ip(self) -> None:
        """Nobody is banned."""

    def take(self, account: Account, path: str, category: str) -> None:
        """Nothing is counted."""

    def headers(self, account: Account) -> Mapping[str, str]:
        """A limit that is never reached."""
        return _headers(UNLIMITED, UNLIMITED, self._now_ns() // 1_000_000)


class VenueLimits:
    """The venue's default tier, in windows that roll."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._windows: dict[tuple[str, str, str], deque[int]] = {}
        self._headers: dict[str, Mapping[str, str]] = {}
        self._ip: deque[int] = deque()
        self._banned_until_ms = 0

    def check_ip(self) -> None:
        """Count a request of any kind. Raises `Refusal` with HTTP status 403 in a ban."""
        now_ms = self._now_ns() // 1_000_000
        _forget(self._ip, now_ms - IP_WINDOW_MS)
        self._ip.append(now_ms)
        if len(self._ip) > IP_REQUESTS and now_ms >= self._banned_until_ms:
            self._banned_until_ms = now_ms + BAN_MS
        if now_ms < self._banned_until_ms:
            raise Refusal(10006, BANNED, status=403)

    def take(self, account: Account, path: str, category: str) -> None:
        """Count one request, or one order of a batch. Raises `Refusal` 10006 over the limit."""
        now_ms = self._now_ns() // 1_000_000
        limits = PER_SECOND.get(path, SETTINGS)
        most = limits.get(category) or max(limits.values())
        window = self._windows.setdefault((account.api_key, path, category), deque())
        _forget(window, now_ms - WINDOW_MS)
        is_over = len(window) >= most
        if not is_over:
            window.append(now_ms)
        # Clients sleep until the reset time, and fail where it has passed when they read it.
        reset_ms = window[0] + WINDOW_MS + 1 if is_over else now_ms
        self._headers[account.api_key] = _headers(
            str(most), str(most - len(window)), max(reset_ms, now_ms + 100) if is_over else reset_ms
        )
        if is_over:
            raise Refusal(10006, TOO_MANY)

    def headers(self, account: Account) -> Mapping[str, str]:
        """The X-Bapi headers after the account's last request."""
        return self._headers.get(account.api_key, {})


def _forget(window: deque[int], before_ms: int) -> None:
    while window and window[0] <= before_ms:
        window.popleft()


def _headers(limit: str, left: str, reset_ms: int) -> Mapping[str, str]:
    return {
        "Content-Type": "application/json",
        "X-Bapi-Limit": limit,
        "X-Bapi-Limit-Status": left,
        "X-Bapi-Limit-Reset-Timestamp": str(reset_ms),
    }
