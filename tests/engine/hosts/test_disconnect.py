"""Disconnect-cancel-all is set once, read back for ever, and never believed in without that."""

from __future__ import annotations

import asyncio

import pytest

from engine.clock import NS, SimClock, run_simulated
from engine.core.status import DcpStatus
from engine.core.types import Category
from engine.hosts.disconnect import DisconnectProtection
from engine.venues.errors import VenueRefused

T0 = 1_700_000_000 * NS


class Venue:
    """Remembers what it was asked, and says what a test has it say."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Category, int]] = []
        self.refusal: Exception | None = None

    async def protect(self, category: Category, window_s: int) -> None:
        self.asked.append((category, window_s))
        if self.refusal is not None:
            raise self.refusal

    async def protection_s(self, category: Category) -> int:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_window_is_set_and_read_back_when_it_can_have_taken_effect() -> None:
    clock, venue = SimClock(T0), Venue(10, ConnectionError("cut"), 0)
    protection = DisconnectProtection(venue, clock, Category.LINEAR, 10)
    seen: list[tuple[DcpStatus, bool]] = []

    async def scenario() -> None:
        await protection.begin()
        reading = asyncio.create_task(protection.keep_reading())
        for after_s in (9.9, 0.2, 60, 60):
            await clock.sleep(after_s)
            seen.append((protection.status, protection.status.holds))
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    run_simulated(clock, scenario())
    assert venue.asked == [(Category.LINEAR, 10)]
    assert seen == [
        (DcpStatus(wanted_s=10), False),
        (DcpStatus(wanted_s=10, set_s=10, read_ts=T0 + 10 * NS), True),
        (DcpStatus(wanted_s=10, read_ts=T0 + 70 * NS, error="cut"), False),
        (DcpStatus(wanted_s=10, read_ts=T0 + 130 * NS), False),
    ]


def test_a_venue_that_refuses_is_heard() -> None:
    clock, venue = SimClock(T0), Venue()
    venue.refusal = VenueRefused("10005 not for you")
    protection = DisconnectProtection(venue, clock, Category.SPOT, 10)
    with pytest.raises(VenueRefused, match="not for you"):
        run_simulated(clock, protection.begin())


def test_what_was_not_asked_for_does_not_hold() -> None:
    assert not DcpStatus().holds
