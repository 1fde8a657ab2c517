"""Disconnect-cancel-all: the venue cancels our orders when nobody of us has listened for a while.

Not every account has it. Where the configuration asks for it and the venue refuses, there is no
start: a protection that is believed in and does not exist is worse than none. What is set is read
back, at first when it has had the time to take effect.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from engine.clock import Clock
from engine.core.status import DcpStatus
from engine.core.types import Category
from engine.venues.errors import VenueRefused

EFFECTIVE_AFTER_S = 10.0
"""How long the venue takes to put a new window into effect."""
READ_EVERY_S = 60.0


class Venue(Protocol):
    """What protection needs of a venue's client."""

    async def protect(self, category: Category, window_s: int) -> None: ...

    async def protection_s(self, category: Category) -> int: ...


class DisconnectProtection:
    """One account's window. `status` is the newest that is known of it."""

    def __init__(self, venue: Venue, clock: Clock, category: Category, window_s: int) -> None:
        self.status = DcpStatus(wanted_s=window_s)
        self._venue = venue
        self._clock = clock
        self._category = category
        self._begun = asyncio.Event()

    async def begin(self) -> None:
        """Set the window.

        Raises VenueRefused where the account has no such thing, TimeoutError or ConnectionError
        where the venue did not say.
        """
        await self._venue.protect(self._category, self.status.wanted_s)
        self._begun.set()

    async def keep_reading(self) -> None:
        """Read the window back for ever, from when it was set."""
        await self._begun.wait()
        await self._clock.sleep(EFFECTIVE_AFTER_S)
        while True:
            await self._read()
            await self._clock.sleep(READ_EVERY_S)

    async def _read(self) -> None:
        wanted_s, now_ns = self.status.wanted_s, self._clock.now_ns()
        try:
            set_s = await self._venue.protection_s(self._category)
        except (TimeoutError, ConnectionError, VenueRefused) as error:
            self.status = DcpStatus(wanted_s=wanted_s, read_ts=now_ns, error=str(error))
        else:
            self.status = DcpStatus(wanted_s=wanted_s, set_s=set_s, read_ts=now_ns)
