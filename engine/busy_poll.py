"""Busy polling: an event loop that does not go to sleep between orders that come in a rush.

A loop that sleeps is woken late, and its core has gone cold: at 1,000 orders a second everything
that an order needs takes half as long again. Looking for work without a pause takes a whole core,
so it is done only while requests follow each other so closely that there is hardly a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

RUSH_NS = 2_000_000
"""Requests that are closer together are a rush: more than 500 a second."""


class BusyPoll:
    """Keeps the event loop of whoever calls `sent` awake in a rush, and for `RUSH_NS` after it.

    `read_ns` is a clock that never stands still.
    """

    def __init__(self, read_ns: Callable[[], int]) -> None:
        self._read_ns = read_ns
        self._sent_ns = read_ns() - RUSH_NS
        self._is_awake = False

    def sent(self) -> None:
        """Note that a request leaves."""
        before_ns, self._sent_ns = self._sent_ns, self._read_ns()
        if not self._is_awake and self._sent_ns - before_ns < RUSH_NS:
            self._stay_awake(asyncio.get_running_loop())

    def _stay_awake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop come back at once: it looks at its sockets then, and does not wait."""
        self._is_awake = self._read_ns() - self._sent_ns < RUSH_NS
        if self._is_awake:
            loop.call_soon(self._stay_awake, loop)
