"""Disconnection protection: cancels an account's orders when nobody of it listens any more.

It watches the private streams that subscribed to a `dcp` topic. When the last of them is gone and
none has come back within the window, the orders of that product end with `CancelByDCP`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.exchange.account import Account, MarketKey
from engine.exchange.matching import Market
from engine.exchange.orders import BY_CUT_OFF
from engine.exchange.player import Clock, Timer

SECOND_NS = 1_000_000_000
TOPICS = {"linear": "dcp.future", "spot": "dcp.spot", "option": "dcp.option"}
PRODUCTS = {"linear": "DERIVATIVES", "spot": "SPOT", "option": "OPTIONS"}

Key = tuple[str, str]
"""API key and category."""


class DeadMan:
    """The windows that accounts have set, and the ones that are running out."""

    def __init__(
        self, markets: Mapping[MarketKey, Market], clock: Clock, flush: Callable[[], None]
    ) -> None:
        self._markets = markets
        self._clock = clock
        self._flush = flush
        self._windows: dict[Key, int] = {}
        self._listened: set[Key] = set()
        self._timers: dict[Key, Timer] = {}

    def set(self, account: Account, category: str, window_s: int) -> None:
        """Protect an account's orders of one category."""
        self._windows[account.api_key, category] = window_s

    def shown(self, account: Account) -> list[dict[str, str]]:
        """As account/query-dcp-info tells it."""
        return [
            {"product": PRODUCTS[category], "dcpStatus": "ON", "timeWindow": str(window_s)}
            for (api_key, category), window_s in self._windows.items()
            if api_key == account.api_key
        ]

    def note_topics(self, account: Account) -> None:
        """What the account's streams listen to has changed."""
        for category, topic in TOPICS.items():
            key = (account.api_key, category)
            if topic in account.topics:
                self._listened.add(key)
                if (timer := self._timers.pop(key, None)) is not None:
                    timer.cancel()
            elif key in self._listened:
                self._listened.remove(key)
                self._wait(account, category, key)

    def _wait(self, account: Account, category: str, key: Key) -> None:
        window_s = self._windows.get(key)
        if window_s is None:
            return

        def fire() -> None:
            del self._timers[key]
            for order in account.open_orders(category):
                self._markets[order.instrument.key].cancel(order, BY_CUT_OFF)
            self._flush()

        self._timers[key] = self._clock.call_at(self._clock.now_ns() + window_s * SECOND_NS, fire)
